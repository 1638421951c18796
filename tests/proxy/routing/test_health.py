"""What is not well is left alone for a bounded time, comes last, is probed by a real call, and people are told."""

import pytest

from bursar.contract.events import Event, RouteView, UpstreamHealthChanged, UpstreamView
from bursar.domain import refusals as r
from bursar.domain.clock import FixedClock
from bursar.domain.route import Route
from bursar.routing.health import HealthBook

A, A2, B = Route("main", "a"), Route("main", "a2"), Route("spare", "b")
CHAIN = (A, B)


class Bench:
    """A health book with a clock turned by hand, and what it announced."""

    def __init__(self, cool_down_s: float = 300) -> None:
        self.clock, self.told = FixedClock(), list[Event]()
        self.health = HealthBook(self.clock, self.told.append)
        self.take(cool_down_s)

    def take(self, cool_down_s: float = 300, *, keyless: bool = False) -> None:
        views = (
            UpstreamView("main", "openai", "https://a.example", routes=(RouteView("a"), RouteView("a2"))),
            UpstreamView("spare", "openai", "https://b.example", "off" if keyless else "ok", "no key"),
        )
        self.health.take(views, cool_down_s)

    def fails(self, route: Route, refusal: r.Refusal, times: int = 1) -> None:
        for _ in range(times):
            self.health.begin(route)
            self.health.failed(route, refusal)

    def works(self, route: Route) -> None:
        self.health.begin(route)
        self.health.answered(route, 100)
        self.health.completed(route)

    def turn(self, seconds: float) -> None:
        self.clock.turn(round(seconds * 1000))


def overloaded(asked_s: int | None = None) -> r.UpstreamRefusal:
    refusal = r.UpstreamOverloaded("busy")
    refusal.asked_s = asked_s
    return refusal


def slow_down(asked_s: int | None = None) -> r.UpstreamRefusal:
    refusal = r.UpstreamSlowDown("slower")
    refusal.asked_s = asked_s
    return refusal


def test_one_chance_failure_changes_nothing_and_two_in_a_row_do() -> None:
    bench = Bench()
    bench.fails(A, overloaded())
    bench.works(A)
    bench.fails(A, overloaded())
    assert bench.health.order(CHAIN) == CHAIN
    bench.fails(A, overloaded())
    assert bench.health.order(CHAIN) == (B, A)
    assert bench.health.order((A2, B)) == (A2, B)


def test_it_is_probed_once_and_back_as_soon_as_it_answers() -> None:
    bench = Bench()
    bench.fails(A, overloaded(), times=2)
    bench.turn(2)
    assert bench.health.order(CHAIN) == CHAIN
    assert bench.health.begin(A)
    assert bench.health.order(CHAIN) == (B, A), "another call does not probe too"
    bench.health.answered(A, 10)
    assert bench.health.order(CHAIN) == CHAIN


def test_a_probe_whose_client_left_lets_another_one_probe() -> None:
    bench = Bench()
    bench.fails(A, overloaded(), times=2)
    bench.turn(2)
    bench.health.begin(A)
    bench.health.left(A)
    assert bench.health.order(CHAIN) == CHAIN


def test_down_for_a_minute_costs_few_probes_and_recovery_is_noticed_within_30_s() -> None:
    bench, probes, back_s = Bench(), 0, None
    for second in range(120):
        bench.turn(1)
        if bench.health.order(CHAIN)[0] == A:
            if second < 60:
                probes += 1
                bench.fails(A, overloaded(), times=1 if probes > 1 else 2)
            else:
                bench.works(A)
                back_s = second if back_s is None else back_s
    assert probes <= 7
    assert back_s is not None
    assert back_s - 60 <= 30


@pytest.mark.parametrize(("asked_s", "bound_s", "left_alone_s"), [(17, 300, 17), (86_400, 300, 300), (100, 5, 5)])
def test_what_it_asks_for_is_honoured_within_the_bound(asked_s: int, bound_s: float, left_alone_s: int) -> None:
    bench = Bench(bound_s)
    bench.fails(A, slow_down(asked_s))
    bench.turn(left_alone_s - 0.001)
    assert bench.health.order(CHAIN) == (B, A)
    bench.turn(0.001)
    assert bench.health.order(CHAIN) == CHAIN


def test_an_empty_wallet_is_left_until_somebody_says_so() -> None:
    bench = Bench()
    bench.fails(A, r.UpstreamExhausted("empty"))
    bench.turn(100_000)
    assert bench.health.order((A2, B)) == (B, A2), "it is the upstream's, not the route's"
    assert bench.health.view("main").health == "off"
    bench.take()
    assert bench.health.view("main").health == "off", "a reload brings no money"
    assert bench.health.clear("main")
    assert bench.health.order(CHAIN) == CHAIN
    assert not bench.health.clear("nobody")


def test_a_call_with_nowhere_else_to_go_finds_out_that_the_wallet_was_filled() -> None:
    bench = Bench()
    bench.fails(A, r.UpstreamExhausted("empty"))
    bench.works(A2)
    assert bench.health.order(CHAIN) == CHAIN


def test_a_refused_key_is_tried_again_after_a_reload() -> None:
    bench = Bench()
    bench.fails(A, r.UpstreamKeyRefused("who are you"))
    assert bench.health.order(CHAIN) == (B, A)
    bench.take()
    assert bench.health.order(CHAIN) == CHAIN


def test_an_upstream_without_a_key_comes_last_from_the_start() -> None:
    bench = Bench()
    bench.take(keyless=True)
    assert bench.health.order((B, A)) == (A, B)
    assert (bench.health.view("spare").health, bench.health.view("spare").reason) == ("off", "no key")


def test_a_callers_fault_and_a_budget_of_ours_say_nothing_bad_of_it() -> None:
    bench = Bench()
    fault = r.CallerFault("no such field", status=400, code="invalid_request", type="x")
    for refusal in (fault, r.OverBudget("cap"), fault, r.OverBudget("cap")):
        bench.fails(A, refusal)
    assert bench.health.order(CHAIN) == CHAIN


def test_many_routes_that_fail_are_the_upstream() -> None:
    bench = Bench()
    for model in ("x", "y", "z"):
        bench.fails(Route("main", model), overloaded())
    assert bench.health.order(CHAIN) == (B, A)
    assert bench.health.view("main").health == "cooling"


def test_a_chain_is_never_shortened() -> None:
    bench = Bench()
    bench.fails(A, r.UpstreamExhausted("empty"))
    bench.fails(B, slow_down())
    assert bench.health.order(CHAIN) == (B, A), "what will be back by itself before what will not"


def test_people_are_told_what_is_wrong_for_how_long_and_when_it_is_over() -> None:
    bench = Bench()
    bench.fails(A, slow_down(17))
    told = bench.told[-1]
    assert isinstance(told, UpstreamHealthChanged)
    [a, _] = told.upstream.routes
    now_ms = bench.clock.now_ms()
    assert (a.model, a.health, a.code, a.reason) == ("a", "cooling", "rate_limit_exceeded", "slower")
    assert a.until_ms == now_ms + 17_000
    assert told.upstream.health == "ok", "another route of it is well"
    bench.turn(17)
    bench.works(A)
    told = bench.told[-1]
    assert isinstance(told, UpstreamHealthChanged)
    assert told.upstream.routes[0].health == "ok"
    assert (told.upstream.routes[0].last_failure, told.upstream.latency_ms) == ("slower", 100)


def test_names_that_clients_make_up_do_not_fill_the_memory() -> None:
    bench = Bench()
    for number in range(3_000):
        bench.fails(Route("main", f"made-up-{number}"), r.UpstreamUnknownModel("no"))
    assert len(bench.health.view("main").routes) <= 64
    assert len(bench.health._routes) <= 1_000


def test_an_empty_plan_is_tried_again_when_it_starts_afresh_and_a_wallet_when_it_is_filled() -> None:
    bench = Bench()
    reset_ms = bench.clock.now_ms() + 3_600_000
    views = tuple(UpstreamView(name, "openai", "https://a.example") for name in ("main", "spare"))
    bench.health.take(views, 300, resets=lambda upstream: reset_ms if upstream == "main" else None)
    bench.fails(A, r.UpstreamExhausted("empty"))
    assert bench.health.view("main").until_ms == reset_ms
    bench.turn(3_599)
    assert bench.health.order(CHAIN) == (B, A)
    bench.turn(1)
    assert bench.health.order(CHAIN) == CHAIN
    bench.fails(B, r.UpstreamExhausted("empty"))
    bench.works(A)
    assert bench.health.order((B, A)) == (A, B)
    bench.health.refilled("spare")
    assert bench.health.order((B, A)) == (B, A)
    bench.fails(B, r.UpstreamKeyRefused("who"))
    bench.health.refilled("spare")
    assert bench.health.view("spare").health == "off", "money is no key"
