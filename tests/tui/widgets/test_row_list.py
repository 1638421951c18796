"""RowList: the cursor stays at its row, passes over what is no row, and is always in view."""

from tui.money import wealthy
from tui.snapshots import busy
from tui.stage import Stage, staged

from bursar_tui.screens.browser import Browser
from bursar_tui.widgets.row_list import RowList


def list_of(stage: Stage) -> RowList:
    screen = stage.app.screen
    assert isinstance(screen, Browser)
    return screen.list


def ids(stage: Stage) -> list[str]:
    return [row.id for row in list_of(stage)._rows if row.id]


async def test_keys_move_it_over_headings_and_no_further_than_the_ends() -> None:
    async with staged(wealthy(), (120, 40)) as stage:
        await stage.press("3")
        every = ids(stage)
        assert list_of(stage).cursor_id == every[0]
        for keys, place in ((["up"], 0), (["down"], 1), (["j", "k"], 1), (["G"], -1), (["down"], -1), (["home"], 0)):
            await stage.press(*keys)
            assert list_of(stage).cursor_id == every[place], keys


async def test_it_is_always_in_view_and_the_first_heading_comes_back_with_the_first_row() -> None:
    async with staged(wealthy(), (80, 14)) as stage:
        await stage.press("3")
        shown = list_of(stage)
        for key in ["down"] * 9 + ["up"] * 9 + ["end", "pageup", "pagedown", "home"]:
            await stage.press(key)
            place = next(at for at, row in enumerate(shown._rows) if row.id == shown.cursor_id)
            assert 0 <= place - round(shown.scroll_y) < shown.room.height, key
        assert round(shown.scroll_y) == 0


async def test_where_its_row_goes_it_is_at_the_one_that_takes_the_place() -> None:
    snapshot = wealthy()
    async with staged(snapshot, (120, 40)) as stage:
        await stage.press("4", "down")
        assert list_of(stage).cursor_id == "ci"
        del snapshot.keys["ci"]
        stage.app.present()
        assert list_of(stage).cursor_id == "laptop"
        for name in list(snapshot.keys):
            del snapshot.keys[name]
        stage.app.present()
        await stage.pilot.pause()
        assert list_of(stage).cursor_id == ""
        assert "No key yet" in stage.text
        await stage.press("enter", "down", "end", "x", "d")
        assert stage.app.screen is list_of(stage).screen


async def test_a_click_chooses_and_a_second_one_opens() -> None:
    async with staged(busy(), (120, 40)) as stage:
        await stage.press("3")
        shown = list_of(stage)
        place = next(at for at, row in enumerate(shown._rows) if row.id == "wallet:openai")
        await stage.pilot.click(shown, offset=(6, place))
        await stage.pilot.pause()
        assert shown.cursor_id == "wallet:openai"
        await stage.pilot.click(shown, offset=(6, place), times=2)
        await stage.pilot.pause()
        screen = stage.app.screen
        assert isinstance(screen, Browser)
        assert screen.opened


async def test_the_digit_of_the_screen_leads_out_of_what_was_opened() -> None:
    async with staged(wealthy(), (100, 34)) as stage:
        await stage.press("3", "down", "enter")
        screen = stage.app.screen
        assert isinstance(screen, Browser)
        assert screen.opened
        await stage.press("3")
        assert not screen.opened
        assert stage.app.focused is screen.list
