"""Snapshots made by hand: a proxy at work, as realistic as a screen needs it; the instant is `NOW_MS`."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime
from zoneinfo import ZoneInfo

from bursar import __version__
from bursar.contract.codec import CONTRACT, Numbered, Opening
from bursar.contract.configuration import ConfigurationView
from bursar.contract.events import AliasView, KeyView, UpstreamView
from bursar.contract.snapshot import AttemptView, DoubtView, ExchangeView, Snapshot, Spend
from bursar.domain.account import Account, AccountKind, Standing, Unit
from bursar.domain.cycle import Every, cycle_at
from bursar.domain.exchange import Outcome
from bursar.domain.usage import Quality, Usage

ZONE = ZoneInfo("Europe/Berlin")
NOW_MS = int(datetime(2026, 11, 20, 14, 58, 31, tzinfo=ZONE).timestamp()) * 1000
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
DOLLAR = 1_000_000_000
CENT = DOLLAR // 100


def empty(**changes: object) -> Snapshot:
    """A proxy that has just been started, with a key issued and nothing asked of it."""
    return Snapshot(
        run="r1",
        version=__version__,
        started_ms=NOW_MS - 20 * SECOND,
        public_url="http://127.0.0.1:4141/v1",
        now_ms=NOW_MS,
        zone="Europe/Berlin",
    )


def account(
    name: str, unit: Unit, every: Every, limit: int, kind: AccountKind = AccountKind.CAP, scope: str = "everything"
) -> Account:
    """An account of the configuration."""
    return Account(f"{kind}:{name}", kind, name, unit, every, limit, scope)


def standing(of: Account, settled: int, held: int = 0) -> Standing:
    """How it stands in the cycle of now."""
    return Standing(of.id, cycle_at(of.every, NOW_MS, ZONE), of.limit, of.limit, held, settled)


def attempt(
    upstream: str, model: str, *, started: int, held: int = 0, code: str = "", message: str = ""
) -> AttemptView:
    """A try `started` milliseconds before now."""
    return AttemptView(upstream, model, NOW_MS - started, held, code, message)


def settled(
    upstream: str,
    model: str,
    *,
    started: int,
    usage: Usage,
    cost: int,
    first: int,
    paid: tuple[str, ...],
    held: int = 0,
) -> AttemptView:
    """A try that is on disk."""
    return AttemptView(
        upstream,
        model,
        NOW_MS - started,
        held,
        usage=usage,
        quality=Quality.REPORTED,
        cost_nano=cost,
        paid_by=paid,
        first_ms=first,
    )


def exchange(
    number: int,
    alias: str,
    *,
    ago: int,
    key: str = "laptop",
    project: str = "",
    client: str = "cursor/2.1",
    prompt: int = 1_204,
) -> ExchangeView:
    """A call accepted `ago` milliseconds before now."""
    return ExchangeView(f"01jd{number:010d}", NOW_MS - ago, key, project, client, alias, True, prompt)


def ended(
    view: ExchangeView,
    outcome: Outcome,
    total: int,
    *,
    status: int = 200,
    code: str = "",
    message: str = "",
    finish: str = "stop",
) -> ExchangeView:
    """The same, closed."""
    view.outcome, view.total_ms, view.status, view.code, view.message = outcome, total, status, code, message
    view.finish_reason = finish if outcome is Outcome.COMPLETE else ""
    if view.attempts and view.attempts[-1].quality is not None:
        usage = view.attempts[-1].usage
        view.prompt_tokens, view.completion_tokens = usage.prompt_tokens, usage.completion_tokens
    view.cost_nano, view.held_nano = sum(each.cost_nano for each in view.attempts), 0
    return view


ALL = ("cap:daily", "cap:laptop-day")

LATELY = (
    # alias, upstream, model, key, client, prompt, cached, completion, reasoning, cost in hundredths of a cent
    ("sonnet", "apertis", "claude-sonnet-5", "laptop", "cline/3.40", 48_210, 44_032, 1_862, 0, 702),
    ("fast", "openai", "gpt-5.1-mini", "laptop", "cursor/2.1", 2_310, 0, 412, 0, 14),
    ("fast", "openai", "gpt-5.1-mini", "autocomplete", "continue/1.9", 880, 640, 34, 0, 2),
    ("deep", "openai", "gpt-5.1", "laptop", "codex/0.77", 61_400, 58_112, 3_920, 2_304, 531),
    ("fast", "openai", "gpt-5.1-mini", "autocomplete", "continue/1.9", 912, 768, 21, 0, 1),
    ("local", "ollama", "qwen3-coder:30b", "ci", "python-openai/2.9", 5_120, 0, 688, 0, 0),
    ("sonnet", "apertis", "claude-sonnet-5", "laptop", "cline/3.40", 46_020, 43_264, 940, 0, 398),
    ("fast", "openai", "gpt-5.1-mini", "ci", "python-openai/2.9", 3_004, 1_024, 255, 0, 9),
)


def busy(calls: int = 40) -> Snapshot:
    """A developer's afternoon: three calls in flight, one fallback, a cap that will not last."""
    snapshot = empty()
    snapshot.started_ms = NOW_MS - 3 * DAY
    daily = account("daily", Unit.NANO_DOLLARS, Every.DAY, 10 * DOLLAR)
    laptop = account("laptop-day", Unit.NANO_DOLLARS, Every.DAY, 5 * DOLLAR, scope="key laptop")
    plan = account("apertis", Unit.TOKENS, Every.MONTH, 5_000_000, AccountKind.PLAN, "upstream apertis")
    wallet = account("openai", Unit.NANO_DOLLARS, Every.TOTAL, 25 * DOLLAR, AccountKind.WALLET, "upstream openai")
    ci = account("ci-hour", Unit.REQUESTS, Every.HOUR, 120, scope="key ci")
    for each, used, held in (
        (daily, 488 * CENT, 31 * CENT),
        (laptop, 401 * CENT, 26 * CENT),
        (plan, 3_104_220, 61_500),
        (wallet, 803 * CENT, 14 * CENT),
        (ci, 31, 1),
    ):
        snapshot.accounts[each.id], snapshot.standings[each.id] = each, standing(each, used, held)
    for upstream in (
        UpstreamView("openai", "openai_compatible", "https://api.openai.com/v1", latency_ms=312),
        UpstreamView("apertis", "openai_compatible", "https://api.apertis.ai/v1", latency_ms=548),
        UpstreamView(
            "ollama", "ollama", "http://127.0.0.1:11434", "cooling", "connection refused", NOW_MS + 24 * SECOND
        ),
    ):
        snapshot.upstreams[upstream.name] = upstream
    for alias in (
        AliasView("fast", ("openai/gpt-5.1-mini", "apertis/gpt-5.1-mini"), 25 * CENT, 2 * DOLLAR),
        AliasView("deep", ("openai/gpt-5.1", "apertis/gpt-5.1"), 125 * CENT, 10 * DOLLAR),
        AliasView("sonnet", ("apertis/claude-sonnet-5",), 3 * DOLLAR, 15 * DOLLAR),
        AliasView("local", ("ollama/qwen3-coder:30b", "openai/gpt-5.1-mini"), None, None),
    ):
        snapshot.aliases[alias.name] = alias
    for name in ("laptop", "autocomplete", "ci"):
        snapshot.keys[name] = KeyView(
            name, "a7Qx", "", (), NOW_MS - 9 * DAY, None, False, NOW_MS - 3 * SECOND, "cursor/2.1"
        )
    _past(snapshot, calls)
    _running(snapshot)
    _spend(snapshot)
    return snapshot


def _past(snapshot: Snapshot, calls: int) -> None:
    for number in range(calls):
        alias, upstream, model, key, client, prompt, cached, completion, reasoning, hundredths = LATELY[
            number % len(LATELY)
        ]
        ago = (calls - number) * 23 * SECOND + 4 * SECOND
        view = exchange(
            number, alias, ago=ago, key=key, client=client, prompt=prompt, project="shop" if number % 3 == 0 else ""
        )
        paid = (
            "cap:daily",
            *(("cap:laptop-day",) if key == "laptop" else ()),
            *(("plan:apertis",) if upstream == "apertis" else ("wallet:openai",) if upstream == "openai" else ()),
            *(("cap:ci-hour",) if key == "ci" else ()),
        )
        usage = Usage(prompt, completion, cached, reasoning_tokens=reasoning)
        one = settled(
            upstream,
            model,
            started=ago - 12,
            usage=usage,
            cost=hundredths * CENT // 100 * 13 // 10,
            first=260 + number * 37 % 700,
            paid=paid,
            held=9 * CENT,
        )
        if alias == "local" and number > 8:
            view.attempts.append(
                attempt("ollama", model, started=ago - 5, code="upstream_unreachable", message="connection refused")
            )
            one = settled(
                "openai", "gpt-5.1-mini", started=ago - 31, usage=usage, cost=17 * CENT // 100, first=402, paid=paid
            )
        view.attempts.append(one)
        if number != calls - 2:
            ended(view, Outcome.COMPLETE, 900 + number * 613 % 21_000)
        else:
            view.attempts.clear()
            ended(
                view,
                Outcome.REFUSED,
                3,
                status=402,
                code="budget_exceeded",
                message='Hourly cap "ci-hour" is used up: 120 of 120 requests. It resets at 15:00.',
            )
        if number == calls - 7:
            ended(view, Outcome.LEFT, 2_412)
        if number == calls - 12:
            ended(view, Outcome.CUT, 31_204)
        snapshot.exchanges[view.id] = view


def _running(snapshot: Snapshot) -> None:
    deep = exchange(900, "deep", ago=47 * SECOND, client="codex/0.77", prompt=64_018)
    deep.attempts = [attempt("openai", "gpt-5.1", started=46_900, held=14 * CENT)]
    deep.completion_tokens, deep.cost_nano, deep.held_nano = 2_918, 1_094 * CENT // 100, 1_412 * CENT // 100
    sonnet = exchange(901, "sonnet", ago=9 * SECOND, client="cline/3.40", prompt=51_377, project="shop")
    sonnet.attempts = [attempt("apertis", "claude-sonnet-5", started=8_900, held=11 * CENT)]
    sonnet.completion_tokens, sonnet.cost_nano, sonnet.held_nano = 377, 523 * CENT // 100, 11 * CENT
    local = exchange(902, "local", ago=2_200, key="ci", client="python-openai/2.9", prompt=5_120)
    local.attempts = [
        attempt("ollama", "qwen3-coder:30b", started=2_190, code="upstream_unreachable", message="connection refused"),
        attempt("openai", "gpt-5.1-mini", started=2_100, held=CENT),
    ]
    local.held_nano = CENT // 2
    for view in (deep, sonnet, local):
        snapshot.exchanges[view.id] = view


def _spend(snapshot: Snapshot) -> None:
    now_minute = NOW_MS - NOW_MS % MINUTE
    per_minute = (
        0,
        0,
        1,
        3,
        2,
        0,
        0,
        4,
        6,
        9,
        5,
        3,
        2,
        1,
        0,
        0,
        0,
        0,
        2,
        4,
        7,
        12,
        9,
        6,
        4,
        2,
        3,
        3,
        1,
        0,
        0,
        0,
        0,
        0,
        1,
        2,
        2,
        5,
        8,
        6,
        4,
        3,
        2,
        6,
        9,
        11,
        7,
        4,
        5,
        3,
        2,
        6,
        8,
        9,
        13,
        7,
        4,
        3,
        6,
        5,
    )
    for place, cents in enumerate(per_minute):
        if cents:
            start = now_minute - (len(per_minute) - 1 - place) * MINUTE
            snapshot.minutes.append(Spend(start, start + MINUTE, cents * CENT, cents * 8_000, 1 + cents // 3))
    per_day = (210, 344, 0, 0, 187, 402, 391, 275, 318, 40, 0, 441, 366, 488)
    at_ms = NOW_MS
    days = []
    for cents in reversed(per_day):
        day = cycle_at(Every.DAY, at_ms, ZONE)
        if cents:
            days.append(Spend(day.start_ms, day.end_ms or 0, cents * CENT, cents * 9_000, cents))
        at_ms = day.start_ms - 1
    snapshot.days = days[::-1]


def troubled() -> Snapshot:
    """Everything wrong at once."""
    snapshot = busy()
    problems = (
        "config.toml:14 caps.laptop-day.usd: 'five' is no number of dollars",
        "config.toml:20 unknown key 'rout', did you mean 'routes'?",
    )
    snapshot.configuration = ConfigurationView("before", "now", problems)
    snapshot.in_doubt[7] = DoubtView(
        7,
        "01jd0000000011",
        "openai",
        "gpt-5.1",
        NOW_MS - HOUR,
        (("cap:daily", 12 * CENT), ("wallet:openai", 12 * CENT)),
    )
    snapshot.in_doubt[8] = DoubtView(
        8, "01jd0000000012", "openai", "gpt-5.1", NOW_MS - HOUR, (("cap:daily", 30 * CENT),)
    )
    snapshot.stopping = True
    laptop = snapshot.accounts["cap:laptop-day"]
    snapshot.standings[laptop.id] = standing(laptop, 512 * CENT, 0)
    return snapshot


def watching(snapshot: Snapshot | None, later: "asyncio.Queue[Numbered] | None" = None):  # type: ignore[no-untyped-def]
    """A watch over a proxy that is in this state, and in which happens what is put into `later`."""

    async def watch(since: str | None) -> AsyncGenerator[Opening | Numbered, None]:
        if snapshot is not None:
            yield Opening(CONTRACT, snapshot.run, snapshot.seq, snapshot)
        if later is None:
            await asyncio.Event().wait()
        else:
            while True:
                yield await later.get()

    return watch
