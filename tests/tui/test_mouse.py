"""Mouse: what is clicked in a dialog does what its key does; and pages of a list, which no other test turns."""

from tui.money import wealthy
from tui.screens.test_settings import a_file
from tui.stage import Stage, staged

from bursar_tui.screens.chain_editor import ChainEditor
from bursar_tui.screens.choice import Choice
from bursar_tui.screens.config_text import ConfigText, Draft
from bursar_tui.screens.form import Form
from bursar_tui.screens.settings import Settings
from bursar_tui.screens.table_form import TableForm, table_form
from bursar_tui.stated import stated


async def click(stage: Stage, text: str) -> None:
    """Click where a text stands, the first time from the top."""
    rows = stage.text.splitlines()
    row = next(place for place, line in enumerate(rows) if text in line)
    await stage.pilot.click(offset=(rows[row].index(text) + 1, row))
    await stage.pilot.pause()


async def test_what_is_clicked_in_a_dialog() -> None:
    async with staged(wealthy(), (100, 34)) as stage:
        await stage.press("3", "down", "down", "r")
        assert isinstance(stage.app.screen, Choice)
        await click(stage, "esc leaves it")
        assert not isinstance(stage.app.screen, Choice)
        await stage.press("r")
        await click(stage, "another amount or time")
        await stage.until(lambda: isinstance(stage.app.screen, Form))
        await click(stage, "enter does it")
        await stage.until(lambda: "No proxy is running here" in stage.text)


async def test_what_is_clicked_where_the_configuration_is_edited() -> None:
    async with staged(wealthy(), (100, 34)) as stage:
        now = stated(a_file('[aliases.deep]\nroutes = ["main/a", "main/b", "main/c"]\n'))
        editor = ChainEditor(now, "deep")
        stage.app.push_screen(editor)
        await stage.pilot.pause()
        await click(stage, "main/c")
        await click(stage, "x takes it out")
        assert editor.chain == ["main/a", "main/b"]
        await click(stage, "esc leaves it")
        form = table_form(now, "aliases")
        stage.app.push_screen(form)
        await stage.press(*"deep")
        await click(stage, "enter writes it")
        assert isinstance(stage.app.screen, TableForm)
        assert "there is [aliases.deep] already" in stage.text
        await click(stage, "esc leaves it")
        stage.app.push_screen(ConfigText(Draft("", "", "e1")))
        await stage.pilot.pause()
        await click(stage, "esc back")
        assert not isinstance(stage.app.screen, ConfigText)


async def test_pages_of_a_list() -> None:
    async with staged(wealthy()) as stage:
        await stage.press("9")
        screen = stage.app.screen
        assert isinstance(screen, Settings)
        screen.take(stated(a_file("")))
        await stage.pilot.pause()
        first = screen.list.cursor_id
        await stage.press("pagedown", "space")
        assert screen.list.cursor_id != first
        await stage.press("pageup", "ctrl+b")
        assert screen.list.cursor_id == first
