"""Key forms: what is typed to issue a client key or to change its limits, as a command of the contract."""

from collections.abc import Sequence
from typing import Any

from bursar.contract.commands import ChangeKey, IssueKey
from bursar.contract.events import KeyView
from bursar_tui.screens.form import Field
from bursar_tui.typed import count, networks, rates, span_ms, words_of

KEEP = "keep"
"""Stands where a key ends at an instant that is to stay."""

_OPTIONS = ("--project", "--models", "--rate", "--parallel", "--ip", "--max-tokens", "--fallback", "--expires")


def issue_fields() -> list[Field]:
    """The name, and every limit, empty."""
    return [Field("name", "", "the machine or the program"), *_limit_fields([""] * len(_OPTIONS))]


def change_fields(key: KeyView) -> list[Field]:
    """Every limit as it is."""
    return _limit_fields(_texts(key))


def read_issue(now_ms: int, typed: Sequence[str]) -> tuple[IssueKey, str]:
    """The command, and the same in a shell. Raises ValueError with a sentence."""
    name, *limits = typed
    if not name:
        raise ValueError("a name, such as that of the machine or the program")
    fields = _fields(limits, now_ms)
    return IssueKey(name, **fields), f"bursar key issue {name}{_options(limits, [''] * len(limits))}"


def read_change(key: KeyView, now_ms: int, typed: Sequence[str]) -> tuple[ChangeKey, str]:
    """The same for a change, which names only what differs. Raises ValueError where nothing does."""
    before = _texts(key)
    fields = _fields(typed, now_ms)
    changed = {
        name: value
        for (name, value), text, was in zip(fields.items(), typed, before, strict=True)
        if text != was and text != KEEP
    }
    if not changed:
        raise ValueError("nothing is changed yet")
    return ChangeKey(**changed), f"bursar key set {key.name}{_options(typed, before)}"


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
    ]


def _fields(texts: Sequence[str], now_ms: int) -> dict[str, Any]:
    """What was typed under the names of the commands' fields, in the order of the options."""
    project, models, rate, parallel, ip, longest, fallback, ends = texts
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
    }


def _options(texts: Sequence[str], before: Sequence[str]) -> str:
    """The options of what differs; what is emptied is lifted."""
    parts = []
    for option, text, was in zip(_OPTIONS, texts, before, strict=True):
        if text != was and text != KEEP:
            nothing = "all" if option == "--models" else "''" if option == "--project" else "none"
            words = " ".join(f"'{word}'" if "*" in word else word for word in words_of(text))
            parts.append(f" {option} {words or nothing}")
    return "".join(parts)
