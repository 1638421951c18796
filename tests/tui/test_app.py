"""The app: every key and every click does what the footer, the tabs and the help say."""

import re

import pytest
from textual.command import CommandPalette
from tui.snapshots import SECOND, busy, empty
from tui.stage import Stage, staged

from bursar_tui.app import SLOW_TICKS
from bursar_tui.screens.call import Call
from bursar_tui.screens.calls import Calls
from bursar_tui.screens.choice import Choice
from bursar_tui.screens.help import Help
from bursar_tui.screens.overview import Overview
from bursar_tui.tabs import OFFLINE, TABS
from bursar_tui.widgets.exchange_table import ExchangeTable
from bursar_tui.widgets.filter_line import FilterLine
from bursar_tui.widgets.footer import Footer
from bursar_tui.widgets.header import Header
from bursar_tui.widgets.lines import Lines


def column_of(widget: Lines, text: str) -> int:
    """Where some text stands in the first line of a widget."""
    return widget._drawn[0].text.index(text)


def cursor(stage: Stage) -> int:
    """The row of the cursor."""
    return stage.app.screen.query_one(ExchangeTable)._place


def test_every_tab_has_its_screen() -> None:
    for tab in (*TABS, OFFLINE):
        assert tab.name == tab.open().TAB


async def test_digits_go_to_the_screens() -> None:
    async with staged(busy()) as stage:
        assert isinstance(stage.app.screen, Overview)
        await stage.press("2")
        assert isinstance(stage.app.screen, Calls)
        await stage.press("1")
        assert isinstance(stage.app.screen, Overview)


@pytest.mark.parametrize(
    ("keys", "row"),
    [
        (["down"], 1),
        (["j", "j", "k"], 1),
        (["down", "down", "up"], 1),
        (["up"], 0),
        (["end"], 42),
        (["G", "g"], 0),
        (["end", "home"], 0),
        (["pagedown"], 18),
        (["space", "pageup"], 0),
        (["end", "down"], 42),
    ],
)
async def test_keys_move_the_cursor(keys: list[str], row: int) -> None:
    async with staged(busy()) as stage:
        await stage.press("2", *keys)
        assert cursor(stage) == row


async def test_the_cursor_is_always_in_view() -> None:
    async with staged(busy(), (80, 12)) as stage:
        await stage.press("2")
        table = stage.app.screen.query_one(ExchangeTable)
        for key in ["down"] * 12 + ["end"] + ["up"] * 12 + ["home"]:
            await stage.press(key)
            assert 0 <= table._place - round(table.scroll_y) < table.room.height - 1


async def test_enter_opens_and_escape_closes() -> None:
    async with staged(busy()) as stage:
        for first in ("1", "2"):
            await stage.press(first, "enter")
            assert isinstance(stage.app.screen, Call)
            await stage.press("escape")
            assert not isinstance(stage.app.screen, Call)


async def test_digits_lead_out_of_an_open_call_and_it_is_still_there_afterwards() -> None:
    async with staged(busy()) as stage:
        await stage.press("2", "enter", "1")
        assert isinstance(stage.app.screen, Overview)
        await stage.press("2")
        assert isinstance(stage.app.screen, Call)
        await stage.press("2")
        assert isinstance(stage.app.screen, Calls)


async def test_a_call_opened_on_the_overview_belongs_to_it() -> None:
    async with staged(busy()) as stage:
        await stage.press("enter")
        assert isinstance(stage.app.screen, Call)
        assert stage.app.screen.query_one(Header)._current == "overview"
        await stage.press("1")
        assert isinstance(stage.app.screen, Overview)


@pytest.mark.parametrize("key", ["question_mark", "f1"])
@pytest.mark.parametrize("close", ["escape", "q", "enter", "question_mark"])
async def test_help(key: str, close: str) -> None:
    async with staged(busy(), (90, 40)) as stage:
        await stage.press(key)
        assert isinstance(stage.app.screen, Help)
        if close == "escape":
            await stage.comes_to("help-90x40")
        await stage.press(close)
        assert isinstance(stage.app.screen, Overview)


async def test_help_is_scrolled_where_it_is_longer_than_the_terminal() -> None:
    async with staged(busy()) as stage:
        await stage.press("question_mark")
        assert "available" not in stage.text
        await stage.press("end")
        assert "available" in stage.text


async def test_t_changes_the_theme_and_every_colour_with_it() -> None:
    async with staged(busy()) as stage:
        dark = stage.app.export_screenshot()
        await stage.press("t")
        assert stage.app.theme == "light"
        light = stage.app.export_screenshot()
        assert "#0f1317" in dark
        assert "#0f1317" not in light
        await stage.press("2", "t", "1")
        assert "#fbfaf7" not in stage.app.export_screenshot()


async def test_the_command_palette_leads_everywhere() -> None:
    async with staged(busy()) as stage:
        await stage.press("ctrl+p")
        assert isinstance(stage.app.screen, CommandPalette)
        await stage.press(*"calls")
        await stage.until(lambda: "Go to Calls" in stage.text)
        await stage.press("enter")
        await stage.until(lambda: isinstance(stage.app.screen, Calls))
        titles = [command.title for command in stage.app.get_system_commands()]
        assert titles == [
            *(tab.title for tab in TABS),
            "Connect a program",
            "Service",
            "Doctor",
            "Go back to a backup",
            "Theme",
            "Alerts",
            "Help",
            "Connect again",
            "Quit",
        ]


async def test_the_command_palette_does_what_the_keys_of_the_screen_do() -> None:
    async with staged(busy()) as stage:
        await stage.press("3", "ctrl+p", *"undo a raise")
        assert "Budgets: undo a raise" not in stage.text, "there is none to undo at the cursor"
        await stage.press("escape", "ctrl+p", *"raise a cap")
        await stage.until(lambda: "Budgets: raise a cap for a while" in stage.text)
        assert "bursar cap raise NAME 2usd --for 1h" in stage.text
        await stage.press("enter")
        await stage.until(lambda: isinstance(stage.app.screen, Choice))
        await stage.press("escape", "2", "ctrl+p", *"words in them", "enter")
        await stage.until(lambda: isinstance(stage.app.focused, FilterLine))


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
async def test_quitting(key: str) -> None:
    async with staged(busy()) as stage:
        await stage.press(key)
        assert stage.app.return_code == 0
        assert not stage.app.is_running


async def test_q_is_a_letter_in_the_filter() -> None:
    async with staged(busy()) as stage:
        await stage.press("2", "slash", *"q1?t")
        assert stage.app.screen.query_one(FilterLine).value == "q1?t"
        assert stage.app.is_running


async def test_a_click_on_a_tab() -> None:
    async with staged(busy(), (160, 24)) as stage:
        header = stage.app.screen.query_one(Header)
        await stage.pilot.click(header, offset=(column_of(header, "Calls") + 1, 0))
        await stage.until(lambda: isinstance(stage.app.screen, Calls))


async def test_clicks_on_the_footer() -> None:
    async with staged(busy()) as stage:
        footer = stage.app.screen.query_one(Footer)
        await stage.pilot.click(footer, offset=(column_of(footer, "? help") + 1, 0))
        await stage.until(lambda: isinstance(stage.app.screen, Help))
        await stage.press("escape")
        await stage.pilot.click(footer, offset=(column_of(footer, "open") + 1, 0))
        await stage.until(lambda: isinstance(stage.app.screen, Call))


async def test_a_click_chooses_a_row_and_a_double_click_opens_it() -> None:
    async with staged(busy()) as stage:
        await stage.press("2")
        table = stage.app.screen.query_one(ExchangeTable)
        await stage.pilot.click(table, offset=(10, 4))
        assert cursor(stage) == 3
        await stage.pilot.double_click(table, offset=(10, 4))
        await stage.until(lambda: isinstance(stage.app.screen, Call))


async def test_the_wheel_scrolls_the_list() -> None:
    async with staged(busy()) as stage:
        await stage.press("2")
        table = stage.app.screen.query_one(ExchangeTable)
        table.scroll_down(animate=False)
        table.scroll_down(animate=False)
        await stage.pilot.pause()
        assert table.scroll_y > 0
        assert "state     at" in stage.text
        assert cursor(stage) == 0


async def test_a_click_on_the_last_fallback_opens_it() -> None:
    async with staged(busy()) as stage:
        await stage.pilot.click("Upstreams", offset=(6, 2))
        await stage.until(lambda: isinstance(stage.app.screen, Call))
        assert "connection refused" in stage.text


@pytest.mark.parametrize("keys", [["1"], ["2"], ["2", "enter"]])
async def test_what_happens_while_a_screen_is_taken_down_does_not_matter(keys: list[str]) -> None:
    async with staged(busy()) as stage:
        await stage.press(*keys)
        await stage.app.screen.query("*").remove()
        stage.clock.turn(SECOND)
        stage.app._tick()
        await stage.pilot.pause()
        assert stage.app.is_running


async def test_every_size_there_is_and_back() -> None:
    async with staged(busy()) as stage:
        first = stage.text
        for key in ("1", "2", "enter", "question_mark"):
            await stage.press(key)
            for size in ((20, 5), (200, 60), (1, 1), (40, 12), (300, 90), (80, 24)):
                await stage.pilot.resize_terminal(*size)
                await stage.pilot.pause()
                assert len(stage.text.splitlines()) <= size[1]
        await stage.press("escape", "escape", "1")
        assert stage.text == first


async def test_footers_say_what_can_be_done_here() -> None:
    async with staged(busy(), (120, 30)) as stage:
        own = [" enter open", "d doctor", "b background"]
        assert stage.text.splitlines()[-1].split("   ") == [*own, "^p commands", "? help", "q quit"]
        await stage.press("2")
        assert " / filter " in stage.text.splitlines()[-1]
        await stage.press("enter")
        assert " esc back" in stage.text.splitlines()[-1]


async def test_nothing_is_painted_while_nothing_happens() -> None:
    async with staged(empty(), recorded=True) as stage:
        await stage.pilot.pause(0.1)
        before = len(stage.written)
        for _ in range(4 * SLOW_TICKS):
            stage.clock.turn(SECOND)
            stage.app._tick()
            await stage.pilot.pause()
        assert stage.written[before:] == []


async def test_a_clock_that_moves_paints_little_more_than_itself() -> None:
    snapshot = busy()
    async with staged(snapshot, recorded=True) as stage:
        await stage.pilot.pause(0.1)
        before = len(stage.written)
        stage.clock.turn(SECOND)
        stage.app._tick()
        await stage.pilot.pause(0.1)
        painted = "".join(stage.written[before:])
        assert "48 s" in painted
        assert "laptop-day" not in painted
        assert len(re.sub(r"\x1b\[[0-9;]*[mH]", "", painted)) < 5 * 80


async def test_a_fault_of_ours_tells_no_values(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        secret = "bk-" + "s" * 40
        raise RuntimeError(f"a name \x1b[2J of {len(secret)}")

    async def failing() -> None:
        async with staged(busy()) as stage:
            stage.app.call_later(fail)
            await stage.pilot.pause()

    with pytest.raises(RuntimeError):
        await failing()
    printed = capfd.readouterr().err
    assert "the proxy itself goes on" in printed
    assert "in fail" in printed
    assert "ssss" not in printed
    assert "\x1b[2J" not in printed
