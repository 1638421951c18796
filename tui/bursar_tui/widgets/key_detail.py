"""Key detail: all there is to know about one client key: where it is used, what it is held to, its caps."""

from collections.abc import Iterator, Mapping

from bursar.contract.commands import SpendRow
from bursar.contract.content import KeptContent
from bursar.contract.events import KeyView
from bursar.domain.rates import rate_of
from bursar_tui.budget import budgets
from bursar_tui.ink import BLANK, Line, Piece, Role, line
from bursar_tui.outlook import running_of
from bursar_tui.seen import Seen
from bursar_tui.widgets.accounts import WIDE, middling
from bursar_tui.widgets.budget_rows import budget_line
from bursar_tui.widgets.facts import fact, sentence, told
from bursar_tui.widgets.key_rows import KEEPS, days_words, key_mark
from bursar_tui.widgets.panel import heading
from bursar_tui.words import counted, instant, span, tokens


def key_detail(
    seen: Seen, spent: Mapping[str, SpendRow], name: str, width: int, content: KeptContent | None = None
) -> list[Line]:
    """What is known of the key of this name; nothing where it is gone."""
    key = seen.snapshot.keys.get(name)
    return list(_key(seen, key, spent.get(name), width, content)) if key is not None else []


def _key(seen: Seen, key: KeyView, spent: SpendRow | None, width: int, content: KeptContent | None) -> Iterator[Line]:
    mark = key_mark(key, seen.now_ms)
    yield heading(key.name, (Piece(f"{mark.glyph} {mark.word}", mark.role),), width)
    issued = instant(key.created_ms, seen.now_ms, seen.zone)
    yield line(Piece(f"bk-…{key.hint} · issued {issued}", Role.MUTED))
    yield BLANK
    if key.last_used_ms is None:
        yield fact("last used", Piece("never"))
    else:
        program = f" by {key.last_client}" if key.last_client else ""
        when = instant(key.last_used_ms, seen.now_ms, seen.zone)
        yield fact(
            "last used", Piece(f"{span(seen.now_ms - key.last_used_ms)} ago{program}"), Piece(f"  {when}", Role.MUTED)
        )
    running = sum(call.key == key.name for call in running_of(seen.snapshot))
    if running:
        yield fact("now", Piece(f"{counted(running, 'call')} in flight", Role.ACCENT))
    if spent is not None:
        used = f"  {tokens(spent.prompt_tokens)} tokens in, {tokens(spent.completion_tokens)} out"
        yield fact("spent", Piece(days_words(spent), Role.STRONG), Piece(used, Role.MUTED))
    yield from _held(seen, key, width)
    yield from _kept(key, content, width)
    yield BLANK
    yield line(Piece("Its caps", Role.STRONG))
    caps = [budget for budget in budgets(seen) if budget.outlook.account.scope == f"key {key.name}"]
    for budget in caps:
        if width >= WIDE:
            yield budget_line(seen, budget, min(width, 100))
        else:
            yield from middling(seen, budget.outlook, budget.outlook.account.name, width)
    if not caps:
        yield from sentence("None of its own: what it spends counts for the caps on everything. To give it one:", width)
        yield line(Piece(f"  bursar key set {key.name} --cap 5usd/day", Role.ACCENT))


def _held(seen: Seen, key: KeyView, width: int) -> Iterator[Line]:
    """What it is held to beside money; what it is not held to is not said."""
    if key.project:
        yield fact("project", Piece(key.project))
    yield from told("may use", ", ".join(key.models) if key.models else "every model", width)
    for place, rate in enumerate(key.rates):
        yield fact("" if place else "rates", Piece(_rate(rate)))
    if key.parallel is not None:
        yield fact("at once", Piece(counted(key.parallel, "call")))
    if key.networks:
        yield from told("from", ", ".join(key.networks), width)
    if key.max_tokens is not None:
        yield fact("answers", Piece(f"up to {key.max_tokens:,} tokens"))
    if key.fallback:
        yield from told("then tries", ", ".join(key.fallback), width)
    if key.expires_ms is not None:
        left_ms = key.expires_ms - seen.now_ms
        when = instant(key.expires_ms, seen.now_ms, seen.zone)
        yield fact("ends", Piece(f"in {span(left_ms)}" if left_ms > 0 else "has ended"), Piece(f"  {when}", Role.MUTED))
    if key.former_until_ms is not None and key.former_until_ms > seen.now_ms:
        words = f"accepted for {span(key.former_until_ms - seen.now_ms)} yet"
        yield fact("the former", Piece(words, Role.WARN))


def _kept(key: KeyView, content: KeptContent | None, width: int) -> Iterator[Line]:
    """Whether the prompts and answers of its calls are kept, how much of them is, and what is wrong with that."""
    of_key = next((each for each in content.keys if each.key == key.name), None) if content is not None else None
    there = f"  {_size(of_key.text_bytes + of_key.media_bytes)} on disk" if of_key is not None else ""
    if key.keep_content:
        days = f" for {counted(content.days, 'day')}" if content is not None else ""
        yield fact("content", Piece(f"{KEEPS} prompts and answers are kept{days}", Role.WARN), Piece(there, Role.MUTED))
        if content is not None and content.trouble:
            yield from told("", f"It cannot be kept now: {content.trouble}.", width)
    elif there:
        yield fact("content", Piece("nothing more is kept"), Piece(f"{there} yet; f deletes it", Role.MUTED))


def _size(count: int) -> str:
    return f"{count:,} bytes" if count < 10_000 else f"{count / 1024:,.0f} KiB"


def _rate(text: str) -> str:
    try:
        return rate_of(text).words
    except ValueError:
        return text
