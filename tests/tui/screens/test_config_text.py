"""The file as text: checked while it is edited, saved over nobody's work, and harmless whatever stands in it."""

import pytest
from tui.attached import Hands, attached
from tui.hostile import corpus
from tui.money import wealthy
from tui.screens.test_settings import CAP, KEY, content
from tui.stage import staged
from tui.test_hostile import harmless

from bursar.contract.configuration import FileProblem
from bursar_tui.screens.choice import Choice
from bursar_tui.screens.compared import Compared
from bursar_tui.screens.config_text import ConfigText, Draft
from bursar_tui.screens.confirm import Confirm
from bursar_tui.screens.settings import Settings
from bursar_tui.widgets.toml_text import MOST_PASTED, keeps


async def opened(hands: Hands) -> ConfigText:
    """The text, checked once."""
    await hands.press(KEY)
    await hands.sees("[server]")
    await hands.press("w")
    await hands.sees("✓ nothing wrong with it")
    screen = hands.app.screen
    assert isinstance(screen, ConfigText)
    return screen


async def test_problems_stand_at_their_lines_and_nothing_broken_is_saved() -> None:
    async with attached(CAP) as hands:
        screen, before = await opened(hands), content(hands)
        await hands.press(*"[serve]", "enter")
        await hands.sees("✗ line 1: serve is not a setting")
        assert "[serve]   ✗ serve is not a setting" in hands.text
        assert "▲ not saved" in hands.text
        await hands.press("ctrl+s")
        await hands.sees("Not saved: it has problems.")
        assert content(hands) == before
        await hands.press("ctrl+end", "f8")
        assert screen.text.cursor_location == (0, 0)
        await hands.press("end", "left", "r")
        await hands.until(lambda: screen.text.text.startswith("[server]\n"))
        await hands.sees("cannot declare")
        await hands.press("home", "ctrl+k", "delete")
        await hands.press(*"# a word of mine", "enter")
        await hands.sees("✓ nothing wrong with it")
        await hands.press("ctrl+s")
        await hands.sees("● saved")
        assert content(hands) == "# a word of mine\n" + before
        await hands.until(lambda: hands.snapshot.configuration.etag == screen.draft.etag)


async def test_what_was_not_saved_goes_on_later() -> None:
    async with attached(CAP) as hands:
        await opened(hands)
        await hands.press(*"# half a thought", "escape")
        assert isinstance(hands.app.screen, Settings)
        await hands.sees("unsaved text: w goes on")
        await hands.press("1", KEY, "w")
        await hands.sees("# half a thought")
        assert "half a thought" not in content(hands)


async def test_the_end_of_the_program_is_asked_for_twice_where_something_would_be_lost() -> None:
    async with attached(CAP) as hands:
        await opened(hands)
        await hands.press(*"# half", "escape", "q")
        assert isinstance(hands.app.screen, Confirm)
        assert "What you typed into the configuration is not saved." in hands.text
        await hands.press("escape", "w", "ctrl+s")
        await hands.sees("● saved")
        assert hands.app.unsaved == ""
        await hands.press(*"# more", "ctrl+c")
        assert isinstance(hands.app.screen, Confirm)
        assert hands.app.is_running
        await hands.press("y")
        await hands.until(lambda: not hands.app.is_running)


async def test_somebody_elses_change_is_compared_taken_or_overwritten() -> None:
    async with attached(CAP) as hands:
        screen, file = await opened(hands), hands.proxy.places.config_file
        await hands.press(*"# mine first", "enter")
        file.write_text(file.read_text() + "# theirs\n")
        await hands.press("ctrl+o")
        await hands.until(lambda: isinstance(hands.app.screen, Compared))
        await hands.press("escape", "ctrl+s")
        await hands.until(lambda: isinstance(hands.app.screen, Choice))
        assert "# mine first" not in content(hands)
        await hands.press("1")
        await hands.until(lambda: isinstance(hands.app.screen, Compared))
        assert "+# mine first" in hands.text
        assert "-# theirs" in hands.text
        await hands.press("escape")
        assert hands.app.screen is screen
        await hands.press("ctrl+s")
        await hands.until(lambda: isinstance(hands.app.screen, Choice))
        await hands.press("3")
        assert screen.text.text == content(hands)
        await hands.press("ctrl+z")
        assert screen.text.text.startswith("# mine first")
        await hands.press("ctrl+s")
        await hands.sees("● saved")
        assert content(hands).startswith("# mine first")
        file.write_text(file.read_text() + "# again\n")
        await hands.press(*"#", "ctrl+s")
        await hands.until(lambda: isinstance(hands.app.screen, Choice))
        await hands.press("2")
        await hands.sees("● saved")
        assert content(hands) == screen.text.text


async def test_with_the_proxy_gone_nothing_typed_is_lost() -> None:
    async with staged(wealthy(), (100, 30)) as stage:
        screen = ConfigText(Draft('[server]\nport = "x"\n', "", "e1"))
        stage.app.push_screen(screen)
        await stage.press(*"abc", "ctrl+s")
        await stage.until(lambda: "Not saved: no proxy is running here" in stage.text)
        screen._judge((FileProblem('server.port must be a whole number from 0 to 65535, not "x".', "server.port", 2),))
        await stage.pilot.pause()
        await stage.comes_to("config-text-100x30")
        for size in ((20, 5), (200, 60), (80, 24)):
            await stage.pilot.resize_terminal(*size)
            await stage.pilot.pause()
            assert len(stage.text.splitlines()) <= size[1]
        assert screen.text.text.startswith("abc")


async def test_what_acts_on_a_terminal_is_edited_as_it_is_and_drawn_harmless() -> None:
    text = "".join(f"# {name}\n" for name in corpus() if "\r" not in name and keeps(f"# {name}\n"))
    assert text.count("\n") > 150
    async with staged(wealthy(), (100, 60), recorded=True) as stage:
        screen = ConfigText(Draft(text, text, "e1"))
        stage.app.push_screen(screen)
        await stage.press("right", "right", "right", "down", "pagedown", "pagedown", "pagedown", "end")
        screen._judge(tuple(FileProblem(name, name, place) for place, name in enumerate(corpus(), 1)))
        await stage.press("f8", "pagedown", "pagedown", "up")
        harmless(stage.written)
        assert screen.text.text == text


async def test_nobody_pastes_megabytes() -> None:
    from textual import events

    async with staged(wealthy(), (100, 30)) as stage:
        screen = ConfigText(Draft("", "", ""))
        stage.app.push_screen(screen)
        await stage.pilot.pause()
        stage.app.post_message(events.Paste("x" * (MOST_PASTED + 1)))
        await stage.until(lambda: "Nothing was taken: 1,000,001 characters" in stage.text)
        stage.app.post_message(events.Paste("# fine"))
        await stage.until(lambda: screen.text.text == "# fine")


async def test_a_file_that_would_not_stay_as_it_is_is_left_to_other_editors() -> None:
    async with attached(CAP) as hands:
        file = hands.proxy.places.config_file
        file.write_bytes(file.read_bytes() + "# one\r\n# two\u2028three\n".encode())
        before = file.read_bytes()
        await hands.press(KEY)
        await hands.sees("[server]")
        await hands.press("w")
        await hands.sees("use: bursar config edit")
        assert isinstance(hands.app.screen, Settings)
        assert file.read_bytes() == before


@pytest.mark.parametrize(("theme", "native"), [("dark", False), ("light", False), ("terminal", True)])
async def test_what_is_wrong_is_seen_in_every_theme(theme: str, native: bool) -> None:
    async with staged(wealthy(), (100, 30), theme=theme, native=native) as stage:
        screen = ConfigText(Draft("[server]\nport = true\n", "", "e1"))
        stage.app.push_screen(screen)
        await stage.pilot.pause()
        screen._judge((FileProblem("server.port must be a whole number.", "server.port", 2),))
        await stage.pilot.pause()
        assert "port = true   ✗ server.port must be a whole number." in stage.text
