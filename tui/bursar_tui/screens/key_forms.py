"""Key forms: what is typed to issue a client key or to change its limits, as a command of the contract."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from bursar.contract.commands import ChangeKey, IssueKey
from bursar.contract.configuration import Edit
from bursar.contract.events import KeyView
from bursar.domain.account import Account
from bursar_tui.config_commands import command_of
from bursar_tui.key_caps import cap_edits, caps_of_key, read_caps, typed_caps
from bursar_tui.screens.form import Field
from bursar_tui.typed import count, networks, rates, span_ms, words_of

KEEP = "keep"
"""Stands where a key ends at an instant that is to stay."""

_OPTIONS = (
    "--project",
    "--models",
    "--rate",
    "--parallel",
    "--ip",
    "--max-tokens",
    "--fallback",
    "--expires",
    "--keep-content",
)
_YES, _NO = "yes", "no"


class Issuing(NamedTuple):
    """A key to issue, and the edits that give it its caps: those come first, so that it never is without them."""

    command: IssueKey
    caps: tuple[Edit, ...]


class Changing(NamedTuple):
    """What is to be changed of a key, and of its caps."""

    command: ChangeKey
    caps: tuple[Edit, ...]


def issue_fields() -> list[Field]:
    """The name, and every limit, empty."""
    return [Field("name", "", "the machine or the program"), _cap_field(""), *_limit_fields([""] * len(_OPTIONS))]


def change_fields(key: KeyView, accounts: Sequence[Account]) -> list[Field]:
    """Every limit as it is."""
    return [_cap_field(typed_caps(caps_of_key(accounts, key.name))), *_limit_fields(_texts(key))]


def read_issue(now_ms: int, accounts: Sequence[Account], typed: Sequence[str]) -> tuple[Issuing, str]:
    """The command, and the same in a shell. Raises ValueError with a sentence."""
    name, caps, *limits = typed
    if not name:
        raise ValueError("a name, such as that of the machine or the program")
    amounts = read_caps(caps)
    fields = _fields(limits, now_ms)
    options = "".join(f" --cap {amount}" for amount in amounts) + _options(limits, [""] * len(limits))
    edits = cap_edits(name, caps_of_key(accounts, name), amounts, _names(accounts)) if amounts else ()
    return Issuing(IssueKey(name, **fields), edits), f"bursar key issue {name}{options}"


def read_change(
    key: KeyView, now_ms: int, accounts: Sequence[Account], all_typed: Sequence[str]
) -> tuple[Changing, str]:
    """The same for a change, which names only what differs. Raises ValueError where nothing does."""
    caps, *typed = all_typed
    edits = cap_edits(key.name, caps_of_key(accounts, key.name), read_caps(caps), _names(accounts))
    before = _texts(key)
    fields = _fields(typed, now_ms)
    changed = {
        name: value
        for (name, value), text, was in zip(fields.items(), typed, before, strict=True)
        if text != was and text != KEEP and not (name == "keep_content" and value == key.keep_content)
    }
    if not (changed or edits):
        raise ValueError("nothing is changed yet")
    commands = [command_of((edit,)) for edit in edits]
    if changed:
        commands.append(f"bursar key set {key.name}{_options(typed, before)}")
    return Changing(ChangeKey(**changed), edits), " && ".join(commands)


def _names(accounts: Sequence[Account]) -> list[str]:
    return [account.name for account in accounts]


def _cap_field(text: str) -> Field:
    return Field("caps", text, "none; else 5usd/day, 100ktokens/hour")


def _limit_fields(texts: Sequence[str]) -> list[Field]:
    labels = (
        ("project", "its calls count for it"),
        ("models", "all; else names, * fits any"),
        ("rates", "60/min, 100000tok/min"),
        ("calls at once", "no limit"),
        ("may come from", "anywhere; else 10.0.0.0/8"),
        ("tokens in an answer", "no limit"),
        ("tries next", "models, for calls that name none"),
        ("ends in", "never; else 30d, 12h"),
        ("keeps content", "no; yes keeps prompts and answers"),
    )
    return [Field(label, text, example) for (label, example), text in zip(labels, texts, strict=True)]


def _texts(key: KeyView) -> list[str]:
    return [
        key.project,
        " ".join(key.models),
        " ".join(key.rates),
        str(key.parallel or ""),
        " ".join(key.networks),
        str(key.max_tokens or ""),
        " ".join(key.fallback),
        KEEP if key.expires_ms is not None else "",
        _YES if key.keep_content else "",
    ]


def _fields(texts: Sequence[str], now_ms: int) -> dict[str, Any]:
    """What was typed under the names of the commands' fields, in the order of the options."""
    project, models, rate, parallel, ip, longest, fallback, ends, content = texts
    if content.lower() not in ("", _YES, _NO):
        raise ValueError("whether prompts and answers are kept is yes or no")
    never = ends.lower() in ("", "never", KEEP)
    return {
        "project": project,
        "models": words_of(models),
        "rates": rates(rate),
        "parallel": count(parallel) if parallel else None,
        "networks": networks(ip),
        "max_tokens": count(longest) if longest else None,
        "fallback": words_of(fallback),
        "expires_ms": None if never else now_ms + span_ms(ends),
        "keep_content": content.lower() == _YES,
    }


def _options(texts: Sequence[str], before: Sequence[str]) -> str:
    """The options of what differs; what is emptied is lifted."""
    parts = []
    for option, text, was in zip(_OPTIONS, texts, before, strict=True):
        if option == "--keep-content":
            if (text.lower() == _YES) != (was == _YES):
                parts.append(f" {option}" if text.lower() == _YES else " --no-keep-content")
        elif text != was and text != KEEP:
            nothing = "all" if option == "--models" else "''" if option == "--project" else "none"
            words = " ".join(f"'{word}'" if "*" in word else word for word in words_of(text))
            parts.append(f" {option} {words or nothing}")
    return "".join(parts)
