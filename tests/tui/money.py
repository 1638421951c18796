"""Money: a hand-made proxy with every kind of budget, raised, drifting and in doubt, and upstreams with a history."""

from dataclasses import replace

from msgspec import structs
from tui.snapshots import CENT, DAY, DOLLAR, HOUR, MINUTE, NOW_MS, SECOND, account, busy, standing

from bursar.contract.commands import SpendReport, SpendRow
from bursar.contract.events import AliasView, BalanceView, KeyView, RouteView, UpstreamView
from bursar.contract.snapshot import DoubtView, Snapshot
from bursar.domain.account import Account, AccountKind, Unit
from bursar.domain.cycle import Every
from bursar.domain.grant import Grant, GrantKind
from bursar.domain.plan import PlanState, Term
from bursar.domain.recurrence import Anchor
from bursar.domain.wallet import AutoTopUp, Levels


def wealthy() -> Snapshot:
    """The busy afternoon with all that can be known of money and routes."""
    snapshot = busy()
    _accounts(snapshot)
    _raised(snapshot)
    _upstreams(snapshot)
    _aliases(snapshot)
    _keys(snapshot)
    return snapshot


def _accounts(snapshot: Snapshot) -> None:
    openai = replace(
        snapshot.accounts["wallet:openai"],
        limit=0,
        levels=Levels(),
        auto=AutoTopUp(5 * DOLLAR, 20 * DOLLAR, 100 * DOLLAR),
        link="https://platform.openai.com/settings/billing",
    )
    spare = replace(
        account("spare", Unit.NANO_DOLLARS, Every.TOTAL, 0, AccountKind.WALLET, "upstream apertis"), levels=Levels()
    )
    plan = replace(snapshot.accounts["plan:apertis"], anchor=Anchor(1, "2026-01-12"))
    over = Account(
        "overflow:apertis",
        AccountKind.OVERFLOW,
        "apertis",
        Unit.NANO_DOLLARS,
        Every.MONTH,
        20 * DOLLAR,
        "upstream apertis",
        plan.anchor,
        "plan:apertis",
    )
    old = replace(
        account("old", Unit.REQUESTS, Every.MONTH, 3_000, AccountKind.PLAN, "upstream ollama"),
        term=Term(PlanState.GRACE, NOW_MS + 3 * DAY),
    )
    for each in (openai, spare, plan, over, old):
        snapshot.accounts[each.id] = each
    snapshot.standings[spare.id] = replace(standing(spare, 5_600 * CENT // 10), granted=10 * DOLLAR)
    snapshot.standings[over.id] = standing(over, 310 * CENT)
    snapshot.standings[old.id] = standing(old, 1_204)
    snapshot.balances[openai.id] = BalanceView(
        openai.id, NOW_MS - 12 * MINUTE, 1_541 * CENT, None, 128 * CENT, True, "balance"
    )
    snapshot.balances[spare.id] = BalanceView(spare.id, NOW_MS - 5 * HOUR, problem="the upstream has no such call")
    snapshot.in_doubt[7] = DoubtView(
        7,
        "01jd0000000011",
        "openai",
        "gpt-5.1",
        NOW_MS - HOUR,
        (("cap:daily", 12 * CENT), ("wallet:openai", 12 * CENT)),
    )


def _raised(snapshot: Snapshot) -> None:
    laptop = snapshot.accounts["cap:laptop-day"]
    start_ms = snapshot.standings[laptop.id].cycle.start_ms
    for number, amount, left in ((3, 2 * DOLLAR, 42 * MINUTE), (4, DOLLAR, 95 * MINUTE)):
        snapshot.raises[number] = Grant(
            number,
            GrantKind.RAISE,
            laptop.id,
            start_ms,
            amount,
            NOW_MS - 18 * MINUTE,
            "the release" if number == 3 else "",
            "ana",
            NOW_MS + left,
        )
    snapshot.standings[laptop.id] = replace(snapshot.standings[laptop.id], granted=8 * DOLLAR)


def _upstreams(snapshot: Snapshot) -> None:
    known = snapshot.upstreams
    known["openai"] = structs.replace(
        known["openai"],
        listed=84,
        last_failure="the upstream answered 503",
        last_failure_ms=NOW_MS - 3 * HOUR,
        routes=(
            RouteView(
                "gpt-5.1",
                latency_ms=640,
                window=400_000,
                output_limit=128_000,
                input_nano=125 * CENT,
                output_nano=10 * DOLLAR,
            ),
            RouteView("gpt-5.1-mini", latency_ms=301, window=400_000, input_nano=25 * CENT, output_nano=2 * DOLLAR),
        ),
    )
    known["apertis"] = structs.replace(
        known["apertis"],
        listed=212,
        routes=(
            RouteView(
                "claude-sonnet-5", latency_ms=548, window=1_000_000, input_nano=3 * DOLLAR, output_nano=15 * DOLLAR
            ),
            RouteView(
                "gpt-5.1-mini",
                "cooling",
                "rate_limit_exceeded",
                "asked too often",
                NOW_MS + 41 * SECOND,
                last_failure="asked too often",
                last_failure_ms=NOW_MS - 19 * SECOND,
            ),
            RouteView("gpt-5.1"),
        ),
    )
    known["ollama"] = structs.replace(
        known["ollama"],
        code="upstream_unreachable",
        last_failure="connection refused",
        last_failure_ms=NOW_MS - 2 * SECOND,
        routes=(RouteView("qwen3-coder:30b", window=262_144),),
    )
    known["lmstudio"] = UpstreamView("lmstudio", "openai_compatible", "http://127.0.0.1:1234/v1", listed=3, found=True)


def _aliases(snapshot: Snapshot) -> None:
    windows: dict[str, tuple[int | None, ...]] = {
        "fast": (400_000, None),
        "deep": (400_000, None),
        "sonnet": (1_000_000,),
        "local": (262_144, 400_000),
    }
    for name, each in windows.items():
        snapshot.aliases[name] = structs.replace(snapshot.aliases[name], windows=each)
    snapshot.aliases["gpt-*"] = AliasView("gpt-*", ("openai/gpt-*", "apertis/gpt-*"))


def _keys(snapshot: Snapshot) -> None:
    laptop = snapshot.keys["laptop"]
    snapshot.keys["laptop"] = structs.replace(
        laptop, rates=("60/min", "200000tok/min"), former_until_ms=NOW_MS + 20 * HOUR
    )
    snapshot.keys["ci"] = structs.replace(
        snapshot.keys["ci"],
        hint="Zk81",
        project="website",
        models=("fast", "local"),
        expires_ms=NOW_MS + 21 * DAY,
        parallel=4,
        networks=("10.0.0.0/8",),
        max_tokens=4_000,
        last_used_ms=NOW_MS - 2 * SECOND,
        last_client="python-openai/2.9",
    )
    snapshot.keys["guest"] = KeyView("guest", "9fQe", "", (), NOW_MS - 40 * DAY, NOW_MS - DAY, False)
    snapshot.keys["old-pc"] = KeyView(
        "old-pc", "t0Bx", "", (), NOW_MS - 90 * DAY, None, True, NOW_MS - 12 * DAY, "aider"
    )


def spent() -> SpendReport:
    """What each key has spent, as the local door answers it."""
    rows = (
        SpendRow("laptop", 3_941, 61_204_110, 48_110_400, 1_804_233, 311_092, 38_120_000_000),
        SpendRow("ci", 1_204, 4_100_380, 0, 210_442, 0, 3_470_000_000),
        SpendRow("autocomplete", 18_220, 9_310_007, 6_201_118, 402_771, 0, 1_090_000_000),
    )
    return SpendReport("key", NOW_MS - 30 * DAY, NOW_MS, rows, summed(rows))


def summed(rows: tuple[SpendRow, ...]) -> SpendRow:
    """Their sum."""
    figures = [sum(figure) for figure in zip(*(structs.astuple(row)[1:] for row in rows), strict=True)]
    return SpendRow("", *figures)
