"""OlderCalls: the calls that the state has no more, a page at a time out of the history, the newest first."""

from bursar.contract.commands import AttemptRow, HistoryPage
from bursar.contract.snapshot import AttemptView, ExchangeView, Snapshot
from bursar_tui.filtering import matches

MOST = 20_000
"""How many calls are kept to scroll in; `bursar log` has the others."""


class OlderCalls:
    """What was asked for so far. Once anything was, calls that leave the state stay here, so that none is missing."""

    def __init__(self) -> None:
        self.next: str | None = None
        self.more = True
        """Whether there may be calls older than these."""
        self._calls: list[ExchangeView] = []
        self._known: dict[str, ExchangeView] = {}
        self._live: dict[str, ExchangeView] = {}
        self._begun = False
        self._chosen: tuple[str, list[ExchangeView]] | None = None

    def __len__(self) -> int:
        return len(self._calls)

    def get(self, exchange_id: str) -> ExchangeView | None:
        """The call of this id."""
        return self._known.get(exchange_id)

    def follow(self, snapshot: Snapshot) -> None:
        """Keep what has left the state since it was last looked at."""
        if self._begun:
            left = [
                each for each in self._live.values() if each.id not in snapshot.exchanges and each.outcome is not None
            ]
            if left:
                self._add(left[::-1], first=True)
        self._live = dict(snapshot.exchanges)

    def take(self, page: HistoryPage) -> None:
        """One more page. The attempts of one call may be on two of them."""
        self._begun, self.next = True, page.next
        fresh: list[ExchangeView] = []
        for row in page.rows:
            if row.exchange_id in self._live:
                continue
            known = self._known.get(row.exchange_id)
            if known is None:
                known = self._known[row.exchange_id] = _call_of(row)
                fresh.append(known)
            else:
                _put_before(known, row)
        self._add(fresh)
        self.more = page.next is not None and len(self._calls) < MOST

    def chosen(self, filter_text: str) -> list[ExchangeView]:
        """What a filter leaves of them."""
        if not filter_text.strip():
            return self._calls
        if self._chosen is None or self._chosen[0] != filter_text:
            self._chosen = filter_text, [each for each in self._calls if matches(each, filter_text)]
        return self._chosen[1]

    def _add(self, calls: list[ExchangeView], *, first: bool = False) -> None:
        if calls:
            self._known.update((each.id, each) for each in calls)
            self._calls = calls + self._calls if first else self._calls + calls
            self._chosen = None


def _call_of(row: AttemptRow) -> ExchangeView:
    """A call as its last attempt leaves it."""
    started_ms = row.at_ms - row.total_ms
    call = ExchangeView(
        row.exchange_id,
        started_ms,
        row.key,
        row.project,
        row.client,
        row.alias,
        row.stream,
        row.usage.prompt_tokens or row.prompt_counted,
        outcome=row.outcome,
        status=row.status,
        code=row.refusal,
        finish_reason=row.finish_reason,
        completion_tokens=row.usage.completion_tokens,
    )
    _put_before(call, row)
    return call


def _put_before(call: ExchangeView, row: AttemptRow) -> None:
    """An earlier attempt of the same call."""
    started_ms = row.at_ms - row.total_ms
    ended_ms = call.opened_ms + call.total_ms if call.total_ms is not None else row.at_ms
    call.attempts.insert(
        0,
        AttemptView(
            row.upstream,
            row.model,
            started_ms,
            code=row.refusal,
            usage=row.usage,
            quality=row.quality,
            cost_nano=row.cost_nano,
            priced=row.priced,
            paid_by=row.paid_by,
            first_ms=row.first_ms,
        ),
    )
    call.cost_nano += row.cost_nano
    call.opened_ms = min(call.opened_ms, started_ms)
    call.total_ms = ended_ms - call.opened_ms
