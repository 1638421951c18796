"""OlderCalls: pages of the history as calls, none twice and none missing, also when calls leave the state meanwhile."""

from tui.snapshots import NOW_MS, SECOND, busy, ended, exchange

from bursar.contract.commands import AttemptRow, HistoryPage
from bursar.domain.exchange import Outcome
from bursar.domain.usage import Quality, Usage
from bursar_tui.older_calls import OlderCalls


def attempt(exchange_id: str, number: int, ago_s: int, *, refusal: str = "", upstream: str = "main") -> AttemptRow:
    outcome = Outcome.REFUSED if refusal else Outcome.COMPLETE
    return AttemptRow(
        exchange_id, number, NOW_MS - ago_s * SECOND, "laptop", "shop", "cline/3.40", "fast", upstream, "small",
        502 if refusal else 200, outcome, Usage(0 if refusal else 100, 20), Quality.REPORTED, 98, 20,
        0 if refusal else 1_000, True, "", ("cap:daily",), 120, 2_000, True, "stop", refusal, (),
    )  # fmt: skip


def test_a_call_whose_attempts_are_on_two_pages_is_one() -> None:
    older = OlderCalls()
    older.take(HistoryPage((attempt("b", 1, 10), attempt("a", 2, 20, upstream="spare")), "7"))
    assert (older.next, older.more) == ("7", True)
    older.take(HistoryPage((attempt("a", 1, 25, refusal="upstream_unreachable"), attempt("z", 1, 60)), None))
    assert [call.id for call in older.chosen("")] == ["b", "a", "z"]
    assert not older.more
    call = older.get("a")
    assert call is not None
    assert [(each.upstream, each.code) for each in call.attempts] == [("main", "upstream_unreachable"), ("spare", "")]
    assert (call.outcome, call.status, call.cost_nano) == (Outcome.COMPLETE, 200, 1_000)
    assert (call.opened_ms, call.total_ms) == (NOW_MS - 27 * SECOND, 7_000)
    assert [call.id for call in older.chosen("SPARE fallback")] == ["a"]


def test_what_is_in_the_state_is_not_taken_twice_and_what_leaves_it_stays() -> None:
    snapshot, older = busy(3), OlderCalls()
    snapshot.exchanges = {each.id: each for each in (ended(exchange(1, "fast", ago=5_000), Outcome.COMPLETE, 900),)}
    older.follow(snapshot)
    (live,) = snapshot.exchanges
    older.take(HistoryPage((attempt(live, 1, 4), attempt("a", 1, 20)), None))
    assert [call.id for call in older.chosen("")] == ["a"]
    snapshot.exchanges = {}
    older.follow(snapshot)
    assert [call.id for call in older.chosen("")] == [live, "a"]
