"""ExchangeDetail: all there is to know about one call."""

from bursar.contract.events import AliasView
from bursar.contract.snapshot import AttemptView, ExchangeView, Snapshot
from bursar.domain.money import TOKENS_PER_PRICE, usd
from bursar.domain.usage import Quality, Usage
from bursar_tui.ink import BLANK, Line, Piece, Role, kept, line, right
from bursar_tui.marks import exchange_mark
from bursar_tui.seen import Seen
from bursar_tui.widgets.banner import wrapped
from bursar_tui.widgets.facts import sentence
from bursar_tui.widgets.panel import Panel, heading
from bursar_tui.words import cost, instant, milliseconds, money, stopwatch, took

LABEL = 11


class ExchangeDetail(Panel):
    """One exchange, from who asked to who paid."""

    def __init__(self, exchange_id: str | None = None, kept: ExchangeView | None = None) -> None:
        super().__init__()
        self.exchange_id = exchange_id
        self.kept = kept
        """The call as the history has it, for when the state has it no more."""

    def picture(self, seen: Seen, width: int, height: int) -> list[Line]:
        """How it stands, who asked, what was used, and each attempt."""
        del height
        if self.exchange_id is None:
            return []
        exchange = seen.snapshot.exchanges.get(self.exchange_id) or self.kept
        if exchange is None:
            return [line(Piece("This call is no longer in view; the history keeps it.", Role.MUTED))]
        lines = [*_title(exchange, seen, width), BLANK, *_asked(exchange, seen), BLANK, *_used(exchange, seen)]
        for number, attempt in enumerate(exchange.attempts, 1):
            lines += [BLANK, *_attempt(exchange, attempt, number, seen, width)]
        return [line(kept(each.pieces, width)) for each in lines]


def _fact(label: str, *pieces: Piece) -> Line:
    return line(Piece(f"{label:<{LABEL}}", Role.MUTED), *pieces)


def _title(exchange: ExchangeView, seen: Seen, width: int) -> list[Line]:
    mark = exchange_mark(exchange)
    ended = exchange.total_ms is not None
    time = took(exchange.total_ms or 0) if ended else stopwatch(seen.now_ms - exchange.opened_ms)
    detail = (
        Piece(f"{mark.glyph} {mark.word}", mark.role),
        Piece(f"  {'after' if ended else 'for'} {time}", Role.MUTED),
    )
    lines = [heading(exchange.alias, detail, width)]
    if exchange.message or exchange.code:
        said = f"{exchange.status} {exchange.code}" if exchange.status else exchange.code
        lines += sentence(exchange.message or said, width, Role.WARN)
        if exchange.message and said:
            lines.append(line(Piece(said, Role.MUTED)))
    return lines


def _asked(exchange: ExchangeView, seen: Seen) -> list[Line]:
    at = instant(exchange.opened_ms, seen.now_ms, seen.zone)
    lines = [
        _fact("asked", Piece(at), Piece("  streamed" if exchange.stream else "  in one piece", Role.MUTED)),
        _fact(
            "by key",
            Piece(exchange.key),
            Piece(f"  project {exchange.project}" if exchange.project else "", Role.MUTED),
        ),
    ]
    if exchange.client:
        lines.append(_fact("program", Piece(exchange.client)))
    lines.append(_fact("id", Piece(exchange.id, Role.MUTED)))
    return lines


def _used(exchange: ExchangeView, seen: Seen) -> list[Line]:
    lines = [
        _fact(
            "tokens",
            Piece(f"{exchange.prompt_tokens:,}"),
            Piece(" in, ", Role.MUTED),
            Piece(f"{exchange.completion_tokens:,}"),
            Piece(" out", Role.MUTED),
        ),
        _fact(
            "cost",
            Piece(money(exchange.cost_nano), Role.STRONG),
            Piece(f"  {money(exchange.held_nano)} held" if exchange.held_nano else "", Role.HELD),
        ),
    ]
    if exchange.finish_reason:
        lines.append(_fact("finished", Piece(exchange.finish_reason)))
    return lines


def _attempt(exchange: ExchangeView, attempt: AttemptView, number: int, seen: Seen, width: int) -> list[Line]:
    """One route: when, what came of it, what was used and who paid."""
    last = attempt is exchange.attempts[-1]
    if attempt.code:
        state = Piece("✗ said no, the next was tried" if not last else "✗ said no", Role.WARN)
    elif attempt.quality is not None:
        state = Piece("✓ settled", Role.GOOD)
    else:
        state = Piece("◐ under way", Role.ACCENT)
    title = f"{number}  {attempt.upstream}/{attempt.model}"
    lines = [heading(title, (state,), width)]
    after_ms = attempt.started_ms - exchange.opened_ms
    lines.append(_fact("   started", Piece(f"{milliseconds(max(0, after_ms))} after the call came in", Role.MUTED)))
    if attempt.code:
        why = "as said above" if attempt.message and attempt.message == exchange.message else attempt.message
        words = f"{why.rstrip('.')} ({attempt.code})" if why else attempt.code
        for first, part in wrapped(words, width - LABEL):
            lines.append(_fact("   because" if first else "", Piece(part)))
    if attempt.held_nano:
        lines.append(_fact("   held", Piece(money(attempt.held_nano), Role.HELD)))
    if attempt.first_ms is not None:
        lines.append(_fact("   first", Piece(f"{milliseconds(attempt.first_ms)} to the first token")))
    if attempt.quality is not None:
        lines += _settled(attempt, seen.snapshot.aliases.get(exchange.alias), seen.snapshot)
    return lines


def _settled(attempt: AttemptView, alias: AliasView | None, snapshot: Snapshot) -> list[Line]:
    usage = attempt.usage
    lines = [_fact("   in", *_tokens(usage.prompt_tokens, _parts_in(usage)))]
    lines.append(_fact("   out", *_tokens(usage.completion_tokens, _parts_out(usage))))
    lines.append(_fact("   known", Piece(_QUALITIES[attempt.quality or Quality.ESTIMATED], Role.MUTED)))
    if not attempt.priced:
        lines.append(_fact("   cost", Piece("no price is known", Role.WARN)))
    else:
        lines.append(
            _fact(
                "   cost",
                Piece(cost(attempt.cost_nano), Role.STRONG),
                Piece(_price(attempt, alias, snapshot), Role.MUTED),
            )
        )
    if attempt.paid_by:
        lines.append(_fact("   paid by", Piece(", ".join(_account(each, snapshot) for each in attempt.paid_by))))
    return lines


def _account(account_id: str, snapshot: Snapshot) -> str:
    account = snapshot.accounts.get(account_id)
    return f"{account.kind} {account.name}" if account is not None else account_id


_QUALITIES = {
    Quality.REPORTED: "reported by the upstream",
    Quality.COUNTED: "counted here",
    Quality.ESTIMATED: "estimated",
}


def _tokens(count: int, parts: str) -> tuple[Piece, ...]:
    return Piece(right(f"{count:,}", 9)), Piece(" tokens", Role.MUTED), Piece(f"  {parts}" if parts else "", Role.MUTED)


def _parts_in(usage: Usage) -> str:
    parts = [
        (usage.cached_tokens, "from the cache"),
        (usage.cache_write_tokens, "written to the cache"),
        (usage.audio_prompt_tokens, "audio"),
    ]
    return ", ".join(f"{count:,} {what}" for count, what in parts if count)


def _parts_out(usage: Usage) -> str:
    parts = [(usage.reasoning_tokens, "reasoning"), (usage.audio_completion_tokens, "audio")]
    return ", ".join(f"{count:,} {what}" for count, what in parts if count)


def _price(attempt: AttemptView, alias: AliasView | None, snapshot: Snapshot) -> str:
    """The route's present price, where it is known; else what a million tokens came to."""
    prices = _listed(attempt, alias, snapshot)
    if prices is not None:
        return f"  at {usd(prices[0])} in, {usd(prices[1])} out a million tokens"
    total = attempt.usage.total_tokens
    if total and attempt.cost_nano:
        return f"  {money(attempt.cost_nano * TOKENS_PER_PRICE // total)} a million tokens on average"
    return ""


def _listed(attempt: AttemptView, alias: AliasView | None, snapshot: Snapshot) -> tuple[int, int] | None:
    upstream = snapshot.upstreams.get(attempt.upstream)
    for route in upstream.routes if upstream is not None else ():
        if route.model == attempt.model and route.input_nano is not None and route.output_nano is not None:
            return route.input_nano, route.output_nano
    first = alias is not None and alias.routes[:1] == (f"{attempt.upstream}/{attempt.model}",)
    if alias is None or not first or alias.input_nano is None or alias.output_nano is None:
        return None
    return alias.input_nano, alias.output_nano
