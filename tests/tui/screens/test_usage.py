"""Usage: bars by time, shares by heading, compared with before; asked of the proxy, and growing by itself."""

import pytest
from tui.attached import attached
from tui.snapshots import CENT, DAY, NOW_MS, ZONE, busy, empty
from tui.stage import Stage, staged

from bursar.contract.codec import Numbered
from bursar.contract.commands import SpendReport, SpendRow
from bursar.contract.events import AttemptSettled
from bursar.domain.cycle import Every, label_of
from bursar.domain.usage import Quality, Usage
from bursar_tui.deed import quoted
from bursar_tui.screens.usage import Usage as UsageScreen
from bursar_tui.usage_view import Answered, Measured, UsageView, days_sum
from bursar_tui.widgets.columns import fitted
from bursar_tui.widgets.columns import row as cells_of
from bursar_tui.widgets.usage_groups import COLUMNS, shares_of, stacked

MODELS = (
    ("claude-sonnet-5", 61, 312, 48_210, 44_032, 1_862),
    ("gpt-5.1", 22, 96, 61_400, 58_112, 3_920),
    ("gpt-5.1-mini", 11, 1_204, 2_310, 640, 412),
    ("qwen3-coder:30b", 0, 640, 5_120, 0, 688),
    ("=cmd|' /C calc'!A0", 6, 3, 880, 0, 34),
)


def row(
    label: str, cents: int, calls: int = 1, prompt: int = 1_000, cached: int = 0, completion: int = 100
) -> SpendRow:
    return SpendRow(
        label, calls, prompt * calls, cached * calls, completion * calls, completion * calls // 4, cents * CENT
    )


def groups(part: int) -> SpendReport:
    rows = tuple(row(name, cents * part, calls, *tokens) for name, cents, calls, *tokens in MODELS)
    return SpendReport("model", 0, 0, rows, rows[0])


async def to_usage(stage: Stage, *, answered: bool = True) -> UsageScreen:
    """The screen, in view, with sums."""
    stage.app.action_go("usage")
    await stage.pilot.pause()
    screen = stage.app.screen
    assert isinstance(screen, UsageScreen)
    if answered:
        days = tuple(
            row(
                label_of(Every.DAY, NOW_MS - ago * DAY, ZONE),
                40 + ago * 37 % 230,
                30 + ago * 11 % 90,
                9_000,
                7_000,
                800,
            )
            for ago in range(59, -1, -1)
            if ago % 7
        )
        screen._asking = None
        screen.take(
            Answered(
                screen.view.asked(NOW_MS, ZONE),
                SpendReport("day", 0, 0, days, days[0]),
                groups(4),
                groups(3),
                days_sum(stage.app.seen.snapshot),
            )
        )
        await stage.pilot.pause()
    return screen


@pytest.mark.parametrize("size", [(80, 24), (160, 45), (200, 60), (20, 5)])
async def test_the_bars_and_the_shares(size: tuple[int, int]) -> None:
    async with staged(busy(), size) as stage:
        await to_usage(stage)
        await stage.press("left")
        await stage.comes_to(f"usage-{size[0]}x{size[1]}")


async def test_before_the_sums_come_the_days_that_are_known_are_there() -> None:
    async with staged(busy()) as stage:
        await to_usage(stage, answered=False)
        await stage.comes_to("usage-asking-80x24")


async def test_without_any_spend() -> None:
    async with staged(empty()) as stage:
        screen = await to_usage(stage, answered=False)
        nothing = SpendReport("day", 0, 0, (), SpendRow("", 0, 0, 0, 0, 0, 0))
        screen._asking = None
        screen.take(Answered(screen.view.asked(NOW_MS, ZONE), nothing, nothing, nothing, days_sum(empty())))
        await stage.pilot.pause()
        await stage.comes_to("usage-empty-80x24")


@pytest.mark.parametrize("theme", ["light", "terminal"])
async def test_what_is_told_is_told_without_colours(theme: str) -> None:
    async with staged(busy(), (160, 45), theme=theme) as stage:
        await to_usage(stage)
        await stage.press("left")
        await stage.comes_to("usage-160x45")


async def test_keys_turn_what_is_measured_and_by_what() -> None:
    async with staged(busy(), (120, 40)) as stage:
        screen = await to_usage(stage)
        await stage.press("v")
        assert "Usage · tokens" in stage.text
        await stage.press("v")
        assert "Usage · calls" in stage.text
        assert stage.text.index("gpt-5.1-mini") < stage.text.index("claude-sonnet-5")
        await stage.press("v", "a")
        assert "all 30 days" in stage.text
        await stage.press("a", "b")
        assert "Keys" in stage.text
        await stage.press("B", "B")
        assert "Aliases" in stage.text
        await stage.press("w")
        assert "week of 16 Nov, so far" in stage.text
        await stage.press("m")
        assert "November 2026, so far" in stage.text
        await stage.press("left", "left", "right")
        assert "October 2026" in stage.text
        assert screen.view.asked(NOW_MS, ZONE).every is Every.MONTH


async def test_one_row_alone_and_all_again() -> None:
    async with staged(busy(), (120, 40)) as stage:
        screen = await to_usage(stage)
        await stage.press("down", "enter")
        assert screen.view.asked(NOW_MS, ZONE).only == "model=gpt-5.1"
        assert screen.view.by == "key"
        assert "of model=gpt-5.1" in stage.text
        await stage.press("escape")
        assert (screen.view.only, screen.view.by) == (None, "model")


async def test_today_grows_by_what_is_settled() -> None:
    snapshot = busy()
    async with staged(snapshot) as stage:
        screen = await to_usage(stage)
        before = screen.view.rows(snapshot, NOW_MS, ZONE)[-1]
        event = AttemptSettled(NOW_MS, "x", "openai", "gpt", Usage(10, 5), Quality.REPORTED, 3 * CENT, True, (), None)
        stage.later.put_nowait(Numbered(1, event))
        await stage.until(lambda: snapshot.seq == 1)
        after = screen.view.rows(snapshot, NOW_MS, ZONE)[-1]
        assert after.cost_nano - before.cost_nano == 3 * CENT
        assert after.requests - before.requests == 1


async def test_what_is_seen_is_a_command_that_writes_a_table() -> None:
    async with staged(busy(), (120, 40)) as stage:
        await to_usage(stage)
        await stage.press("left", "e")
        assert "no name begins a formula" in stage.text
        await stage.press("down", "enter")
        assert "~/usage-by-model.csv" in stage.text
        assert "bursar usage --by model --since" in stage.text


def test_a_name_is_one_word_for_a_shell() -> None:
    assert quoted("model=gpt-5.1:free") == "model=gpt-5.1:free"
    assert quoted("key=it's $HOME") == "'key=it'\\''s $HOME'"


def test_shares_differ_in_texture_and_fill_the_line() -> None:
    view = UsageView()
    shares = shares_of(view.measured, groups(1).rows, {})
    assert len({share.texture for share in shares}) == len(shares)
    assert len(stacked(shares, 70).text) == 70


async def test_the_sums_are_those_of_the_proxy() -> None:
    async with attached("") as hands:
        assert (await hands.proxy.chat()).status == 200
        await hands.proxy.settled()
        # What it hears of while it asks is in the sums and added to them, until it asks again: this clock stands still.
        await hands.until(lambda: days_sum(hands.app.seen.snapshot).requests == 1)
        hands.app.action_go("usage")
        await hands.sees("practice-small")
        await hands.sees("1 call")
        await hands.press("b")
        await hands.sees("laptop")
        await hands.press("enter")
        await hands.sees("of key=laptop")
        await hands.press("b")
        await hands.sees("main")
        await hands.press("escape", "left")
        await hands.sees("Nothing was used in this time")


def test_small_amounts_have_the_same_number_of_digits() -> None:
    def spent(*nano: int) -> list[str]:
        rows = [SpendRow(str(each), 1, 1, 0, 1, 0, each) for each in nano]
        columns = fitted(COLUMNS, 80)
        return [
            next(word for word in cells_of(columns, share).text.split() if "$" in word)
            for share in shares_of(Measured.SPEND, rows, {})
        ]

    assert spent(80_000_000, 8_600_000) == ["$0.0800", "$0.0086"]
    assert spent(38_120_000_000, 80_000_000) == ["$38.12", "$0.08"]
