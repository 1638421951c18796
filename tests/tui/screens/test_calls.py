"""Calls: the live list, its filter, and one call opened."""

from functools import partial

import pytest
from fakes.samples import record
from fakes.work import counted_calls
from msgspec import structs
from tui.attached import attached
from tui.snapshots import CENT, NOW_MS, busy, empty
from tui.stage import Stage, staged
from tui.test_older_calls import attempt

from bursar.contract.codec import Numbered
from bursar.contract.commands import HistoryPage
from bursar.contract.events import ExchangeOpened, RouteView
from bursar.contract.snapshot import AttemptView
from bursar.domain.exchange import UsageRecord
from bursar.storage.store import Transaction
from bursar_tui.chain import passed_on
from bursar_tui.screens.call import Call
from bursar_tui.screens.calls import Calls
from bursar_tui.widgets.exchange_table import ExchangeTable
from bursar_tui.widgets.filter_line import FilterLine


def rows_of(stage: Stage) -> list[str]:
    """The rows in view, without the scrollbar."""
    return [line[:78].rstrip() for line in stage.text.splitlines()[4:22]]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (20, 5)])
async def test_the_list(size: tuple[int, int]) -> None:
    async with staged(busy(), size) as stage:
        await stage.press("2", "down", "down", "down")
        await stage.comes_to(f"calls-busy-{size[0]}x{size[1]}")


async def test_without_calls_it_teaches() -> None:
    async with staged(empty()) as stage:
        await stage.press("2")
        await stage.comes_to("calls-empty-80x24")


async def test_why_a_call_was_refused_is_said_to_its_last_word_and_is_no_fallback() -> None:
    snapshot = busy()
    refused = next(each for each in snapshot.exchanges.values() if each.status == 402)
    refused.message = (
        'Daily cap "laptop" cannot bear this call: it needs $0.015222, $0.000059 of $0.02 is left. '
        "It resets at 00:00 (in 28 min). Raise it: bursar cap raise laptop 0.02usd --for 1h"
    )
    for name in ("openai", "apertis"):
        refused.attempts.append(AttemptView(name, "gpt-5.1-mini", NOW_MS, 0, "budget_exceeded", "Overloaded."))
    refused.attempts[-1].message = refused.message
    assert not passed_on(refused)
    async with staged(snapshot) as stage:
        stage.app.push_screen(Call(refused.id, "overview"))
        await stage.pilot.pause()
        said = " ".join(stage.text.split())
        assert refused.message in said
        assert "because Overloaded (budget_exceeded)" in said
        assert "because as said above (budget_exceeded)" in said


@pytest.mark.parametrize(
    ("name", "downs"),
    [("running", 2), ("done", 3), ("refused", 4), ("fallback", 5), ("cut", 14)],
)
async def test_one_call_opened(name: str, downs: int) -> None:
    async with staged(busy(), (100, 34)) as stage:
        await stage.press("2", *["down"] * downs, "enter")
        assert isinstance(stage.app.screen, Call)
        await stage.comes_to(f"call-{name}-100x34")
        await stage.press("escape")
        assert isinstance(stage.app.screen, Calls)


async def test_the_price_is_that_of_the_route_where_it_is_known() -> None:
    snapshot = busy()
    openai = snapshot.upstreams["openai"]
    route = RouteView("gpt-5.1-mini", input_nano=20 * CENT, output_nano=75 * CENT)
    snapshot.upstreams["openai"] = structs.replace(openai, routes=(route,))
    async with staged(snapshot, (100, 34)) as stage:
        await stage.press("2", *["down"] * 5, "enter")
        assert "at $0.20 in, $0.75 out a million tokens" in stage.text


async def test_calls_that_arrive_do_not_push_away_what_is_looked_at() -> None:
    snapshot = busy()
    async with staged(snapshot) as stage:
        await stage.press("2", *["down"] * 25)
        table = stage.app.screen.query_one(ExchangeTable)
        before = rows_of(stage)
        at = table.cursor_id
        for number in range(5):
            opened = ExchangeOpened(NOW_MS + number, f"new{number}", "laptop", "", "aider", "deep", True, 10)
            stage.later.put_nowait(Numbered(snapshot.seq + number + 1, opened))
        await stage.until(lambda: snapshot.seq == 5)
        stage.app.present()
        await stage.pilot.pause()
        assert table.cursor_id == at
        assert rows_of(stage) == before


async def test_what_there_is_to_scroll_grows_with_the_list() -> None:
    snapshot = busy(5)
    async with staged(snapshot, (80, 14)) as stage:
        await stage.press("2")
        table = stage.app.screen.query_one(ExchangeTable)
        for number in range(9):
            opened = ExchangeOpened(NOW_MS + number, f"new{number}", "laptop", "", "aider", "deep", True, 10)
            stage.later.put_nowait(Numbered(number + 1, opened))
            await stage.until(lambda so_far=number: snapshot.seq == so_far + 1)  # type: ignore[misc]
            stage.app.present()
            await stage.pilot.pause()
            assert table.virtual_size.height == len(snapshot.exchanges) + 1
            assert table.show_vertical_scrollbar == (table.virtual_size.height > table.container_size.height)
            if table.show_vertical_scrollbar:
                assert table.vertical_scrollbar.window_virtual_size == table.virtual_size.height
        assert table.show_vertical_scrollbar
        await stage.press("end")
        assert table.cursor_id == next(iter(snapshot.exchanges))
        assert table.max_scroll_y == round(table.scroll_y)


async def test_a_long_call_is_scrolled() -> None:
    async with staged(busy(), (60, 10)) as stage:
        await stage.press("2", "down", "down", "down", "enter")
        assert "paid by" not in stage.text
        await stage.press("end")
        assert "paid by" in stage.text


async def test_a_filter_leaves_what_has_every_word() -> None:
    async with staged(busy()) as stage:
        await stage.press("2", "slash", *"sonnet", "space", *"shop")
        await stage.comes_to("calls-filtered-80x24")
        rows = [line for line in stage.text.splitlines() if "✓ done" in line or "◓ live" in line]
        assert len(rows) == 5
        assert all("sonnet" in row for row in rows)


async def test_enter_goes_to_the_list_and_escape_shows_all_again() -> None:
    async with staged(busy()) as stage:
        await stage.press("2", "slash", *"exceeded", "enter")
        assert isinstance(stage.app.focused, ExchangeTable)
        assert "1 of 43" in stage.text
        await stage.press("enter")
        assert isinstance(stage.app.screen, Call)
        assert "402 budget_exceeded" in stage.text
        await stage.press("escape", "escape")
        assert "43 in view" in stage.text
        assert not stage.app.screen.query_one(FilterLine).display


async def test_a_filter_that_leaves_nothing_says_so() -> None:
    async with staged(busy()) as stage:
        await stage.press("2", "slash", *"zebra")
        assert "No call has zebra in it." in stage.text
        await stage.press("enter", "enter", "down", "end")
        assert "No call has zebra in it." in stage.text


async def test_where_there_is_room_the_call_at_the_cursor_is_beside_the_list() -> None:
    async with staged(busy(), (180, 30)) as stage:
        await stage.press("2", *["down"] * 4)
        assert "402 budget_exceeded" in stage.text
        await stage.press("up")
        assert "402 budget_exceeded" not in stage.text
        assert "settled" in stage.text


def keep(each: UsageRecord, transaction: Transaction) -> None:
    """As the ledger does."""
    transaction.add_record(each)


async def test_calls_that_are_in_view_no_more_come_in_pages() -> None:
    async with attached("") as hands:
        for number in range(3):
            each = record(f"older-{number}", cost_nano=0, at_ms=hands.app.seen.now_ms)
            await hands.proxy.daemon.store.submit(partial(keep, each))
        assert (await hands.proxy.chat()).status == 200
        assert (await hands.proxy.chat()).status == 200
        await hands.proxy.settled()
        await hands.press("2")
        await hands.sees("2 in view")
        await hands.press("end")
        await hands.sees("5, newest first")
        await hands.press("end", "enter")
        await hands.sees("older-0")
        assert isinstance(hands.app.screen, Call)
        await hands.press("escape", "slash", *"older-1", "enter")
        await hands.sees("1 of 5")


async def test_ten_thousand_calls_cost_no_more_than_those_in_view() -> None:
    async with staged(busy(), (120, 40)) as stage:
        await stage.press("2")
        screen = stage.app.screen
        assert isinstance(screen, Calls)
        rows = tuple(attempt(f"older{number:06}", 1, 2_000 + number) for number in range(10_000))
        table, made = screen.query_one(ExchangeTable), list[int]()
        for first, last in ((0, 1_000), (1_000, 10_000)):
            for start in range(first, last, 500):
                screen.older.take(HistoryPage(rows[start : start + 500], str(start)))
            screen.older.more = False
            screen.again()
            await stage.pilot.pause()
            with counted_calls() as calls:
                for key in ("pagedown", "end", "pageup", "home"):
                    await stage.press(*[key] * 2)
            made.append(calls.made)
        assert made[1] < 2 * made[0]
        await stage.press("end")
        assert table.cursor_id == "older009999"
        assert "10,043, newest first" in stage.text
        assert len(table._ended) < 2_000
