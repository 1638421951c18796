"""Key rows: whose calls come in, when they last did, from which program, and what that has cost."""

from collections.abc import Mapping
from dataclasses import dataclass

from bursar.contract.commands import SpendRow
from bursar.contract.events import KeyView
from bursar.domain.account import AccountKind
from bursar.domain.cycle import Every
from bursar_tui.ink import BLANK, Line, Piece, Role, line
from bursar_tui.marks import Mark
from bursar_tui.seen import Seen
from bursar_tui.widgets.banner import wrapped
from bursar_tui.widgets.columns import Column, fitted, row, titles
from bursar_tui.widgets.panel import heading
from bursar_tui.widgets.row_list import ListRow
from bursar_tui.words import amount, balance, counted, span

SOON_MS = 7 * 86_400_000
"""How long before its end it is said that a key ends."""

SPENT_DAYS = 30

KEEPS = "¶"
"""Beside a key of which the prompts and answers are kept."""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key at one instant, with what it spent lately, where that is known, and its own caps in few words."""

    key: KeyView
    spent: SpendRow | None
    now_ms: int
    caps: tuple[str, ...] = ()


def key_rows(seen: Seen, spent: Mapping[str, SpendRow], width: int) -> list[ListRow]:
    """All keys by name, those that are refused last; an order that no call changes."""
    keys = sorted(seen.snapshot.keys.values(), key=lambda key: (key_refused(key, seen.now_ms), key.name))
    if not keys:
        return [ListRow(heading("Keys", (), width)), *(ListRow(each) for each in teach(width))]
    refused = sum(key_refused(key, seen.now_ms) for key in keys)
    words = f"{len(keys) - refused} accepted" + (f", {refused} refused" if refused else "")
    keeping = sum(key.keep_content for key in keys)
    words += f", {KEEPS} {keeping} with content kept" if keeping else ""
    rows = [KeyRow(key, spent.get(key.name), seen.now_ms, caps_of(seen, key)) for key in keys]
    columns = fitted(COLUMNS, width, rows)
    return [
        ListRow(heading("Keys", (Piece(words, Role.MUTED),), width)),
        ListRow(titles(columns)),
        *(ListRow(row(columns, each), each.key.name) for each in rows),
    ]


def caps_of(seen: Seen, key: KeyView) -> tuple[str, ...]:
    """Its own caps: `$5.00/day`, `1.00M tokens/month`, `$20.00 in all`."""
    return tuple(
        amount(account.limit, account.unit) + (" in all" if account.every is Every.TOTAL else f"/{account.every}")
        for account in seen.snapshot.accounts.values()
        if account.kind is AccountKind.CAP and account.scope == f"key {key.name}"
    )


def key_mark(key: KeyView, now_ms: int) -> Mark:
    """Whether its calls are accepted."""
    if key.expires_ms is not None and key.expires_ms <= now_ms:
        return Mark("✗", "expired", Role.BAD)
    if key.disabled:
        return Mark("⊘", "disabled", Role.WARN)
    if key.expires_ms is not None and key.expires_ms - now_ms < SOON_MS:
        return Mark("▲", "ends soon", Role.WARN)
    if key.last_used_ms is None:
        return Mark("○", "unused", Role.MUTED)
    return Mark("●", "in use", Role.GOOD)


def key_refused(key: KeyView, now_ms: int) -> bool:
    """Whether its calls are refused as they come."""
    return key.disabled or (key.expires_ms is not None and key.expires_ms <= now_ms)


def limits_of(key: KeyView) -> list[str]:
    """What it is held to beside money, in few words."""
    parts = [*key.rates]
    if key.parallel is not None:
        parts.append(f"{key.parallel} at once")
    if key.models:
        parts.append(" ".join(key.models))
    if key.networks:
        parts.append("from " + " ".join(key.networks))
    if key.max_tokens is not None:
        parts.append(f"answers to {key.max_tokens:,}")
    return parts


def _state(each: KeyRow, width: int) -> Piece:
    mark = key_mark(each.key, each.now_ms)
    return Piece(f"{mark.glyph} {mark.word}", mark.role)


def _name(each: KeyRow, width: int) -> Piece:
    return Piece(f"{each.key.name} {KEEPS}" if each.key.keep_content else each.key.name)


def _hint(each: KeyRow, width: int) -> Piece:
    return Piece(f"bk-…{each.key.hint}", Role.MUTED)


def _used(each: KeyRow, width: int) -> Piece:
    if each.key.last_used_ms is None:
        return Piece("never", Role.MUTED)
    return Piece(f"{span(each.now_ms - each.key.last_used_ms)} ago", Role.MUTED)


def _program(each: KeyRow, width: int) -> Piece:
    return Piece(each.key.last_client or "·", Role.MUTED if each.key.last_client else Role.FAINT)


def _spent(each: KeyRow, width: int) -> Piece:
    return Piece(balance(each.spent.cost_nano)) if each.spent is not None else Piece("·", Role.FAINT)


def _calls(each: KeyRow, width: int) -> Piece:
    return Piece(f"{each.spent.requests:,}", Role.MUTED) if each.spent is not None else Piece("·", Role.FAINT)


def _project(each: KeyRow, width: int) -> Piece:
    return Piece(each.key.project or "·", Role.MUTED if each.key.project else Role.FAINT)


def _ends(each: KeyRow, width: int) -> Piece:
    if each.key.expires_ms is None:
        return Piece("·", Role.FAINT)
    left_ms = each.key.expires_ms - each.now_ms
    soon = left_ms < SOON_MS
    return Piece(f"in {span(left_ms)}" if left_ms > 0 else "ended", Role.WARN if soon else Role.MUTED)


def _limits(each: KeyRow, width: int) -> Piece:
    parts = [*each.caps, *limits_of(each.key)]
    return Piece(", ".join(parts) or "·", Role.MUTED if parts else Role.FAINT)


COLUMNS = (
    Column("state", 11, _state),
    Column("key", 10, _name, most=24),
    Column("hint", 8, _hint, rank=5),
    Column("used", 10, _used, rank=1),
    Column("program", 12, _program, rank=3, most=20),
    Column("30 days", 8, _spent, rank=2, number=True),
    Column("calls", 6, _calls, rank=8, number=True),
    Column("project", 8, _project, rank=7, most=14),
    Column("ends", 8, _ends, rank=6),
    Column("limits", 10, _limits, rank=4, most=44),
)


def teach(width: int) -> list[Line]:
    """What a key is for."""
    lines = [line(Piece(part, Role.MUTED)) for _, part in wrapped(_WHY, width)]
    return [
        *lines,
        BLANK,
        line(Piece("n", Role.KEY, "screen.issue"), Piece(" issues one", Role.MUTED, "screen.issue")),
        line(Piece("  bursar key issue laptop", Role.ACCENT)),
    ]


_WHY = (
    "No key yet, so no application can call. A key stands for one application or machine: it is shown once, "
    "counted by itself, and can be limited and taken back without touching the others."
)


def days_words(row_of: SpendRow) -> str:
    """`$1.20 in 30 days, 312 calls`."""
    return f"{balance(row_of.cost_nano)} in {SPENT_DAYS} days, {counted(row_of.requests, 'call')}"
