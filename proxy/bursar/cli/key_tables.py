"""Client keys as the commands print them: all in a table, one in full."""

import time
from collections.abc import Mapping, Sequence

import msgspec

from bursar.cli.key_access import SPENT_DAYS
from bursar.cli.output import say, say_json, say_table
from bursar.cli.words import amount_of, instant
from bursar.contract.commands import SpendRow
from bursar.contract.events import KeyView
from bursar.domain.account import Account
from bursar.domain.cycle import Every
from bursar.domain.money import usd
from bursar.domain.rates import rate_of


def say_keys(keys: Sequence[KeyView], caps: Mapping[str, Sequence[Account]], *, as_json: bool) -> None:
    """All of them, with the caps of each."""
    if as_json:
        say_json(keys)
    elif not keys:
        say("There is no key. Issue one: bursar key issue laptop")
    else:
        rows = [_row(key, caps.get(key.name, ())) for key in keys]
        say_table(("key", "ends in", "project", "models", "limits", "issued", "state", "last used"), rows)


def say_key(key: KeyView, caps: Sequence[Account], spent: SpendRow | None, *, as_json: bool) -> None:
    """One, with its caps as they are configured, and what it has used lately, where that is known."""
    if as_json:
        shown = [{"name": cap.name, "unit": cap.unit, "limit": cap.limit, "every": cap.every} for cap in caps]
        say_json({**msgspec.to_builtins(key), "caps": shown})
        return
    rows = [
        ("key", f"{key.name} (ends in {key.hint})"),
        ("state", _state(key)),
        ("issued", instant(key.created_ms)),
        ("last used", _used(key)),
        ("project", key.project or "-"),
        ("models", " ".join(key.models) or "all"),
        ("caps", ", ".join(f"{amount_of(cap.limit, cap.unit)} {_each(cap)}" for cap in caps) or "none"),
        ("rates", ", ".join(rate_of(rate).words for rate in key.rates) or "none"),
        ("at once", "any number" if key.parallel is None else _calls(key.parallel)),
        ("from", " ".join(key.networks) or "anywhere"),
        ("fallback", " ".join(key.fallback) or "as configured"),
        ("longest answer", "as asked for" if key.max_tokens is None else f"{key.max_tokens:,} tokens"),
    ]
    if spent is not None:
        words = f"{usd(spent.cost_nano)} in {SPENT_DAYS} days, {_calls(spent.requests)}"
        rows.insert(4, ("spent", f"{words} (bursar usage --only key={key.name})"))
    kept = "kept for a while: bursar log --id ID --content" if key.keep_content else "not kept"
    rows.append(("content", kept))
    if key.former_until_ms is not None:
        rows.append(("key before", f"accepted until {instant(key.former_until_ms)}"))
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        say(f"{name:<{width}}  {value}")


def _each(cap: Account) -> str:
    return "in all" if cap.every is Every.TOTAL else f"each {cap.every}"


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count:,} calls"


def _row(key: KeyView, caps: Sequence[Account]) -> tuple[str, ...]:
    limits = [f"{amount_of(cap.limit, cap.unit)} {_each(cap)}" for cap in caps]
    limits += [*key.rates, *([f"{key.parallel} at once"] if key.parallel is not None else ())]
    limits += ["keeps content"] if key.keep_content else []
    return (
        key.name,
        f"…{key.hint}",
        key.project or "-",
        " ".join(key.models) or "all",
        ", ".join(limits) or "-",
        instant(key.created_ms),
        _state(key),
        _used(key),
    )


def _state(key: KeyView) -> str:
    if key.disabled:
        return "disabled"
    if key.expires_ms is None:
        return "valid"
    return f"until {instant(key.expires_ms)}" if key.expires_ms > time.time_ns() // 1_000_000 else "expired"


def _used(key: KeyView) -> str:
    return f"{instant(key.last_used_ms)} {key.last_client}".rstrip() if key.last_used_ms is not None else "-"
