"""Settings: each of them seen, changed, taken back, made and removed at a real proxy, whoever else changes the file."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tui.attached import Hands, attached
from tui.hostile import corpus
from tui.money import wealthy
from tui.stage import staged
from tui.test_hostile import harmless

from bursar.config.described import described
from bursar.contract import configuration as door
from bursar.contract.client import AdminClient
from bursar.contract.configuration import ConfigurationFile, FileProblem, Put
from bursar.contract.way_in import NotRunning
from bursar_tui.errands import Door
from bursar_tui.screens.confirm import Confirm
from bursar_tui.screens.settings import AGAIN_MS, Settings
from bursar_tui.screens.table_form import TableForm
from bursar_tui.stated import stated
from bursar_tui.tabs import TABS
from bursar_tui.widgets.lines import strip_of

KEY = next(tab.key for tab in TABS if tab.name == "settings")
CAP = '[caps.daily]   # mine\nusd = "5.00"\nevery = "day"\n'

TEXT = """\
[server]
port = 4242
zone = "Europe/Berlin"

[upstreams.main]
kind = "openai_compatible"
base_url = "https://api.example.com/v1"
secret = "keyring:main"
price_factors = { "gpt-4*" = "0.7", "small" = "0.5" }

[aliases.fast]
routes = ["main/small-model", "main/large-model"]

[caps.daily]
usd = "five"
every = "day"
"""
WRONG = FileProblem(
    'caps.daily.usd must be an amount in US dollars as text, such as "5.00", not "five".',
    "caps.daily.usd",
    15,
    None,
    '"five"',
    'an amount in US dollars as text, such as "5.00"',
)


def a_file(text: str = TEXT, *problems: FileProblem) -> ConfigurationFile:
    """The file as the door would tell of it."""
    return ConfigurationFile("/home/ada/.config/bursar/config.toml", text, "e1", "e1", problems, (), described())


def content(hands: Hands) -> str:
    return hands.proxy.places.config_file.read_text()


async def put_at(hands: Hands, *path: str) -> None:
    """Open the screen and put the cursor on a key or table."""
    from bursar_tui.widgets.setting_rows import row_id

    await hands.press(KEY)
    screen = hands.app.screen
    assert isinstance(screen, Settings)
    await hands.until(lambda: screen.list.has(row_id(path)))
    screen.list.put_at(row_id(path))
    await hands.pilot.pause()


@pytest.mark.parametrize("size", [(80, 24), (160, 45), (200, 60), (20, 5)])
async def test_all_of_them(size: tuple[int, int]) -> None:
    async with staged(wealthy(), size) as stage:
        await stage.press(KEY)
        screen = stage.app.screen
        assert isinstance(screen, Settings)
        screen.take(stated(a_file(TEXT, WRONG)))
        await stage.press("down", "down")
        await stage.comes_to(f"settings-{size[0]}x{size[1]}")


@pytest.mark.parametrize(("name", "ups"), [("table", 4), ("value", 2), ("none", 0)])
async def test_one_opened(name: str, ups: int) -> None:
    async with staged(wealthy(), (100, 34)) as stage:
        await stage.press(KEY)
        screen = stage.app.screen
        assert isinstance(screen, Settings)
        screen.take(stated(a_file(TEXT, WRONG)))
        await stage.press("end", *["up"] * ups, "enter")
        await stage.comes_to(f"settings-{name}-100x34")


async def test_a_setting_is_changed_as_it_is_checked() -> None:
    async with attached(CAP) as hands:
        await put_at(hands, "limits", "stall_s")
        await hands.press("e")
        await hands.sees("How long an answer may be silent")
        await hands.press(*"0")
        await hands.sees("✗ limits.stall_s must be a number of seconds from 1 to 3600, not 0.")
        await hands.press("enter")
        await hands.sees("nothing was changed")
        assert isinstance(hands.app.screen, TableForm)
        await hands.press("ctrl+u", *"90")
        await hands.sees("bursar config set limits.stall_s 90")
        await hands.press("enter")
        await hands.sees("[limits] is written and in force.")
        assert hands.proxy.daemon.in_force.assembly.config.limits.stall_s == 90
        assert "stall_s = 90" in content(hands)
        assert "# mine" in content(hands)
        await put_at(hands, "limits", "stall_s")
        await hands.sees("d default")
        await hands.press("d")
        await hands.sees("limits.stall_s was 90 and is back at its default.")
        assert "stall_s" not in content(hands)


async def test_what_is_read_at_the_start_alone_says_so() -> None:
    async with attached(CAP) as hands:
        await put_at(hands, "server", "max_connections")
        await hands.sees("once the proxy is started again")
        await hands.press("e")
        await hands.sees("How many connections")
        await hands.press(*"64", "enter")
        await hands.sees("[server] is written; it takes effect when the proxy is started again.")


async def test_a_table_is_made_changed_and_removed() -> None:
    async with attached(CAP) as hands:
        await put_at(hands, "caps", "daily")
        await hands.press("n", "1")
        await hands.sees("A new cap")
        await hands.press(*"night", *["tab"] * 5, *"2", *["tab"] * 3, *"hour")
        await hands.sees("bursar cap set night 2usd/hour")
        await hands.press("enter")
        await hands.until(lambda: "cap:night" in hands.snapshot.accounts)
        await hands.until(lambda: isinstance(hands.app.screen, Settings) and hands.app.screen.path == ("caps", "night"))
        await hands.press("e")
        await hands.sees("nothing is changed yet")
        await hands.press(*["tab"] * 4, "ctrl+u", "tab", *"500", "enter")
        await hands.until(lambda: hands.snapshot.accounts["cap:night"].limit == 500)
        assert content(hands).endswith('[caps.night]\nevery = "hour"\ntokens = 500\n')
        await hands.press("x")
        await hands.until(lambda: isinstance(hands.app.screen, Confirm))
        assert "tokens = 500" in hands.text
        await hands.press("enter")
        assert "cap:night" in hands.snapshot.accounts
        await hands.press("x")
        await hands.until(lambda: isinstance(hands.app.screen, Confirm))
        await hands.press("y")
        await hands.sees("[caps.night] is removed.")
        await hands.until(lambda: "cap:night" not in hands.snapshot.accounts)


async def test_a_name_that_is_there_and_none_at_all() -> None:
    async with attached(CAP) as hands:
        await put_at(hands, "caps", "daily")
        await hands.press("n", "1")
        await hands.sees("a name first")
        await hands.press("enter", *"daily")
        await hands.sees("there is [caps.daily] already")
        before = content(hands)
        await hands.press("enter", "ctrl+u", *"bad name", *["tab"] * 5, *"2", *["tab"] * 3, *"day")
        await hands.sees("has a name that cannot be")
        await hands.press("enter")
        await hands.sees("nothing was changed")
        assert content(hands) == before


async def test_of_two_who_change_one_cap_nobody_is_overwritten_unasked(tmp_path: Path) -> None:
    async with attached(CAP) as hands:
        await put_at(hands, "caps", "daily", "usd")
        await hands.press("e")
        await hands.sees("What may be spent")
        await hands.press(*"7.00")
        async with AdminClient(hands.proxy.places) as other:
            etag = (await other.ask(door.configuration())).etag
            await other.ask(door.edit(etag, Put("caps.daily.usd", "6.00"), Put("caps.daily.key", "laptop")))
        await hands.press("enter")
        await hands.sees("usd is now 6.00")
        assert 'usd = "6.00"' in content(hands)
        assert isinstance(hands.app.screen, TableForm)
        await hands.press("enter")
        await hands.sees("[caps.daily] is written and in force.")
        assert hands.snapshot.accounts["cap:daily"].limit == 7_000_000_000
        assert 'key = "laptop"' in content(hands), "what the other changed beside it stays"


async def test_a_table_that_was_removed_meanwhile_is_made_again_only_when_asked() -> None:
    async with attached(CAP) as hands:
        await put_at(hands, "caps", "daily")
        await hands.press("e")
        await hands.sees("nothing is changed yet")
        await hands.press(*["tab"] * 4, "ctrl+u", *"8")
        file = hands.proxy.places.config_file
        file.write_text(file.read_text().partition("[caps.daily]")[0])
        await hands.press("enter")
        await hands.sees("Enter makes it again")
        await hands.press("enter")
        await hands.sees("[caps.daily] is written and in force.")
        assert content(hands).endswith('[caps.daily]\nusd = "8"\nevery = "day"\n')


async def test_a_broken_file_is_seen_with_what_is_wrong_and_mended_in_place() -> None:
    async with attached(CAP) as hands:
        file = hands.proxy.places.config_file
        file.write_text(file.read_text().replace('"5.00"', '"five"'))
        await asyncio.gather(hands.proxy.daemon.in_force.reload())
        await hands.press(KEY)
        await hands.sees("The new configuration is not in force:")
        await hands.sees("1 problem; what was in force before stays")
        await put_at(hands, "caps", "daily", "usd")
        await hands.sees('not "five"')
        await hands.press("e")
        await hands.sees("What may be spent")
        await hands.press(*"5", "enter")
        await hands.sees("[caps.daily] is written and in force.")
        await hands.until(lambda: "not in force:" not in hands.text)


async def test_hostile_names_and_values() -> None:
    names = corpus()[::3]
    import tomli_w

    text = tomli_w.dumps({"caps": {name: {"usd": name, "every": name, name: name} for name in names}, names[0]: {}})
    problems = [FileProblem(name, f"caps.{name}", 3, 4, name, name, name) for name in names]
    async with staged(wealthy(), (100, 34), recorded=True) as stage:
        await stage.press(KEY)
        screen = stage.app.screen
        assert isinstance(screen, Settings)
        screen.take(stated(a_file(text, *problems)))
        await stage.press("end", "enter", "escape", "up", "up")
        for row in [each.id for each in screen.list._rows if each.id][-80:]:
            for each in screen.detail(stage.app.seen, row, 100):
                harmless([segment.text for segment in strip_of(each, 100, screen.list)])
        stage.app.push_screen(TableForm(names[0], stated(a_file(text)), "caps", described()[-40:-30], names[1]))
        await stage.press("tab", "x", "escape")
        for size in ((40, 12), (20, 5), (80, 24)):
            await stage.pilot.resize_terminal(*size)
            await stage.pilot.pause()
        harmless(stage.written)


async def test_a_filter_leaves_what_has_its_words() -> None:
    async with attached(CAP, size=(100, 30)) as hands:
        await hands.press(KEY)
        await hands.sees("[server]")
        await hands.press("slash", *"silent")
        await hands.sees("stall_s")
        assert "[limits]" in hands.text, "the table of what is found stays"
        assert "drain_s" not in hands.text
        await hands.press("ctrl+u", *"caps usd")
        await hands.sees("[caps.daily]" if "[caps.daily]" in CAP else "[caps.")
        assert "stall_s" not in hands.text
        await hands.press("ctrl+u", *"nothing of this")
        await hands.sees("No setting has all of these words")
        await hands.press("escape")
        await hands.sees("stall_s")
        await hands.press("slash", *"stall_s", "enter", "down", "e")
        await hands.sees("How long an answer may be silent")


async def test_a_file_that_could_not_be_read_is_asked_for_again_after_a_while() -> None:
    asked = []

    @asynccontextmanager
    async def door() -> AsyncIterator[Door]:
        asked.append("again")
        raise NotRunning
        yield

    async with staged(wealthy(), (80, 24)) as stage:
        await stage.press(KEY)
        await stage.until(lambda: "not read" in stage.text)
        assert "No proxy is running here" in stage.text
        assert "asked for again" in stage.text
        stage.app._door = door
        stage.app.present()
        await stage.pilot.pause()
        assert asked == []
        stage.clock.turn(AGAIN_MS)
        stage.app.present()
        await stage.until(lambda: asked)


async def test_a_form_speaks_of_what_is_typed_not_of_what_is_written() -> None:
    async with attached(CAP) as hands:
        await put_at(hands, "caps", "daily")
        await hands.press("e")
        await hands.sees("Must be text, such as example.")
