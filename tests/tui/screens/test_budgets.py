"""Budgets: every account at a glance, and every action on one, against a real proxy."""

from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from tui.attached import attached
from tui.money import wealthy
from tui.snapshots import DOLLAR, empty
from tui.stage import Stage, staged

from bursar.domain.account import Account, AccountKind, Need, Unit
from bursar.domain.clock import SystemClock
from bursar.domain.cycle import Every
from bursar.domain.route import Route
from bursar.ledger.changes import place
from bursar.ledger.now import Calendar
from bursar.storage.sqlite.store import SqliteStore
from bursar_tui.screens.budgets import Budgets
from bursar_tui.screens.choice import Choice
from bursar_tui.screens.confirm import Confirm
from bursar_tui.screens.form import Form

CAP = '[caps.daily]\nusd = "5.00"\nevery = "day"\n'
WALLET = '[wallets.main]\nupstream = "main"\ncompare_min = 0\n'
PLAN = '[plans.main]\nupstream = "main"\ntokens = 5000\nevery = "month from 1st"\n'


def budgets(stage: Stage) -> Budgets:
    """The screen."""
    return next(each for each in stage.app.screen_stack if isinstance(each, Budgets))


@pytest.mark.parametrize("size", [(80, 24), (160, 45), (200, 60), (20, 5)])
async def test_all_of_them(size: tuple[int, int]) -> None:
    async with staged(wealthy(), size) as stage:
        await stage.press("3", "down", "down")
        await stage.comes_to(f"budgets-{size[0]}x{size[1]}")


@pytest.mark.parametrize(("name", "downs"), [("doubt", 0), ("cap", 2), ("wallet", 4), ("plan", 5)])
async def test_one_opened(name: str, downs: int) -> None:
    async with staged(wealthy(), (100, 34)) as stage:
        await stage.press("3", *["down"] * downs, "enter")
        await stage.comes_to(f"budgets-{name}-100x34")
        assert budgets(stage).opened
        await stage.press("escape")
        assert not budgets(stage).opened


async def test_without_any_it_teaches() -> None:
    async with staged(empty()) as stage:
        await stage.press("3")
        await stage.comes_to("budgets-empty-80x24")
        await stage.press("r", "p", "s", "u", "enter", "down")
        assert stage.app.screen is budgets(stage)


async def test_the_dialogs() -> None:
    async with staged(wealthy()) as stage:
        await stage.press("3", "r", "down")
        await stage.comes_to("budgets-raise-80x24")
        await stage.press("4")
        await stage.comes_to("budgets-raise-typed-80x24")


async def test_the_help_names_the_commands() -> None:
    async with staged(wealthy(), (80, 40)) as stage:
        await stage.press("3", "question_mark")
        await stage.comes_to("budgets-help-80x40")


async def test_only_what_can_be_done_is_offered() -> None:
    async with staged(wealthy(), (120, 40)) as stage:
        await stage.press("3")
        footers = []
        for _ in range(5):
            footers.append(stage.text.splitlines()[-1])
            await stage.press("down")
        assert "settle or release" in footers[0]
        assert "pay in" in footers[1]
        assert "undo" not in footers[1]
        assert "undo raise" in footers[2]
        assert "pay in" not in footers[2]


async def test_the_cursor_stays_at_its_account_wherever_it_moves() -> None:
    snapshot = wealthy()
    async with staged(snapshot, (120, 40)) as stage:
        await stage.press("3", "end")
        at = budgets(stage).list.cursor_id
        assert at == "overflow:apertis"
        snapshot.standings[at] = snapshot.standings[at].holding(17 * DOLLAR)
        stage.app.present()
        await stage.pilot.pause()
        assert budgets(stage).list.cursor_id == at
        snapshot.accounts.pop(at)
        stage.app.present()
        await stage.pilot.pause()
        assert budgets(stage).list.cursor_id in snapshot.accounts


async def test_a_cap_is_raised_for_an_hour_with_two_keys_and_the_raise_undone_with_one() -> None:
    async with attached(CAP + WALLET) as hands:
        await hands.press("3", "r", "enter")
        await hands.sees("Cap daily has $1.00 more until")
        await hands.until(lambda: hands.snapshot.raises)
        [grant] = hands.snapshot.raises.values()
        assert (grant.amount, grant.account_id) == (DOLLAR, "cap:daily")
        assert grant.until_ms is not None
        assert 3_590_000 <= grant.until_ms - grant.at_ms <= 3_600_000
        assert grant.by
        await hands.sees("raised for")
        assert budgets(hands).list.cursor_id == "cap:daily"
        await hands.press("u")
        await hands.sees("The raise has ended.")
        await hands.until(lambda: not hands.snapshot.raises)
        assert hands.snapshot.standings["cap:daily"].granted == 5 * DOLLAR


async def test_a_raise_as_it_is_typed() -> None:
    async with attached(CAP) as hands:
        await hands.press("3", "r", "4")
        assert isinstance(hands.app.screen, Form)
        await hands.press(*"2.50", "tab", *"soon", "enter")
        await hands.sees("a time is written like 90min, 1h or 2d")
        await hands.press("ctrl+u", *"90min")
        await hands.sees("bursar cap raise daily 2.5usd --for 90min")
        await hands.press("enter")
        await hands.until(lambda: hands.snapshot.raises)
        [grant] = hands.snapshot.raises.values()
        assert grant.amount == 5 * DOLLAR // 2


async def test_of_several_raises_one_is_undone() -> None:
    async with attached(CAP) as hands:
        await hands.press("3", "r", "1")
        await hands.until(lambda: len(hands.app.seen.snapshot.raises) == 1)
        await hands.press("r", "2")
        await hands.until(lambda: len(hands.app.seen.snapshot.raises) == 2)
        await hands.press("u")
        assert isinstance(hands.app.screen, Choice)
        await hands.press("down", "enter")
        await hands.until(lambda: len(hands.snapshot.raises) == 1)


async def test_a_wallet_is_paid_into_corrected_and_compared() -> None:
    async with attached(WALLET) as hands:
        await hands.press("3")
        await hands.sees("empty")
        await hands.press("p", "2")
        await hands.sees("Wallet main has $20.00 now.")
        await hands.press("p", "5", *"7.50", "tab", *"invoice 4711".replace(" ", "_"), "enter")
        await hands.sees("Wallet main has $27.50 now.")
        await hands.press("e", "ctrl+u", *"12.34", "enter")
        await hands.sees("Wallet main has $12.34 now.")
        await hands.press("p", "5", *"1", "enter")
        await hands.sees("A top-up is at least $5.00")
        made = await hands.proxy.daemon.ledger.standings([hands.snapshot.accounts["wallet:main"]])
        assert made["wallet:main"].available == 1_234 * DOLLAR // 100
        await hands.press("v")
        await hands.sees("The vendor of main")
        await hands.until(lambda: "wallet:main" in hands.snapshot.balances)


async def test_a_plan_is_reset_once_that_is_confirmed() -> None:
    async with attached(PLAN) as hands:
        assert (await hands.proxy.chat()).status == 200
        await hands.proxy.settled()
        settled = hands.snapshot.standings["plan:main"].settled
        assert settled
        await hands.press("3", "z")
        assert isinstance(hands.app.screen, Confirm)
        await hands.press("enter")
        assert hands.snapshot.standings["plan:main"].available == 5_000 - settled
        await hands.press("z", "y")
        await hands.sees("Plan main has 5,000 tokens again.")
        assert hands.snapshot.standings["plan:main"].available == 5_000


@pytest.mark.parametrize(("keys", "settled"), [(["down", "enter"], 3 * DOLLAR), (["3"], 0)])
async def test_a_hold_in_doubt_is_settled_or_released(keys: list[str], settled: int) -> None:
    with TemporaryDirectory(prefix="bursar-") as home:
        await left_open(Path(home), 3 * DOLLAR)
        async with attached(CAP, Path(home)) as hands:
            await hands.press("3")
            await hands.sees("1 hold: decide what became of each")
            await hands.press("s", *keys)
            await hands.until(lambda: not hands.snapshot.in_doubt)
            await hands.sees("Hold 1 is settled." if settled else "Hold 1 is released")
            await hands.until(lambda: "In doubt" not in hands.text)
            standing = await hands.proxy.standing("daily")
            assert (standing.held, standing.settled) == (0, settled)


async def test_where_no_proxy_answers_it_says_so() -> None:
    async with staged(wealthy()) as stage:
        await stage.press("3", "r", "enter")
        await stage.until(lambda: "No proxy is running here" in stage.text)


async def left_open(folder: Path, amount: int) -> None:
    """A hold whose process is gone."""
    cap = Account("cap:daily", AccountKind.CAP, "daily", Unit.NANO_DOLLARS, Every.DAY, 5 * DOLLAR)
    store = await SqliteStore.open(folder / "data" / "ledger.sqlite3")
    now = Calendar(ZoneInfo("UTC")).at(SystemClock().now_ms())
    demands = ((Need(cap, amount),),)
    await store.submit(lambda transaction: place(transaction, "x1", Route("main", "small"), demands, now))
    await store.close()
