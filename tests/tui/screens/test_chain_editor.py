"""Chains put in order by keys, and aliases made and removed, at a real proxy, whoever else changes them."""

import pytest
from tui.attached import Hands, attached
from tui.hostile import corpus
from tui.screens.test_settings import a_file, content
from tui.snapshots import empty
from tui.stage import staged
from tui.test_hostile import harmless

from bursar_tui.screens.chain_editor import ChainEditor
from bursar_tui.screens.confirm import Confirm
from bursar_tui.screens.models import Models
from bursar_tui.stated import stated

DEEP = '[aliases.deep]   # for long thoughts\nroutes = ["main/a", "main/b", "main/c"]\n'


async def opened(hands: Hands) -> ChainEditor:
    """The editor of the chain of `deep`."""
    await hands.press("6", "down", "m")
    await hands.until(lambda: isinstance(hands.app.screen, ChainEditor))
    screen = hands.app.screen
    assert isinstance(screen, ChainEditor)
    return screen


async def test_routes_are_moved_taken_out_and_added() -> None:
    async with attached(DEEP) as hands:
        screen = await opened(hands)
        assert "nothing is changed yet" in hands.text
        await hands.press("right_square_bracket", "shift+down", "shift+down")
        assert screen.chain == ["main/b", "main/c", "main/a"]
        await hands.press("left_square_bracket", "up", "x")
        assert screen.chain == ["main/a", "main/c"]
        await hands.press("a", *"main", "enter")
        await hands.sees("a route is written upstream/model")
        await hands.press(*"/d", "enter")
        assert screen.chain == ["main/a", "main/d", "main/c"]
        await hands.sees("bursar alias set deep main/a main/d main/c")
        await hands.press("enter")
        await hands.sees("The chain of deep is written and in force.")
        await hands.until(lambda: hands.snapshot.aliases["deep"].routes == ("main/a", "main/d", "main/c"))
        assert "[aliases.deep]   # for long thoughts" in content(hands)


async def test_what_cannot_be_is_said_before_it_is_written() -> None:
    async with attached(DEEP) as hands:
        screen, before = await opened(hands), content(hands)
        await hands.press("a", *"nowhere/x", "enter")
        await hands.sees('names the upstream "nowhere"')
        await hands.press("enter")
        await hands.sees("nothing was changed")
        await hands.press("x", "x", "x", "x", "x")
        assert screen.chain == []
        await hands.sees("an alias has at least one route")
        await hands.press("enter", "up", "down", "left_square_bracket", "escape")
        assert isinstance(hands.app.screen, Models)
        assert content(hands) == before


async def test_of_two_who_order_one_chain_nobody_is_overwritten_unasked() -> None:
    async with attached(DEEP) as hands:
        screen, file = await opened(hands), hands.proxy.places.config_file
        await hands.press("right_square_bracket")
        file.write_text(file.read_text().replace('"main/c"', '"main/z"'))
        await hands.press("enter")
        await hands.sees("main/a, main/b, main/z")
        assert screen.chain == ["main/b", "main/a", "main/c"]
        assert '"main/z"' in content(hands)
        await hands.press("enter")
        await hands.sees("The chain of deep is written and in force.")
        assert '["main/b", "main/a", "main/c"]' in content(hands)


async def test_an_alias_is_made_changed_and_removed() -> None:
    async with attached(DEEP) as hands:
        await hands.press("6", "n")
        await hands.sees("A new alias")
        await hands.press(*"slow", "tab", *"main/x, main/y")
        await hands.sees("bursar alias set slow main/x main/y")
        await hands.press("enter")
        await hands.until(lambda: "slow" in hands.snapshot.aliases)
        await hands.until(lambda: isinstance(hands.app.screen, Models) and hands.app.screen.list.cursor_id == "slow")
        await hands.press("e")
        await hands.sees("[aliases.slow]")
        await hands.press("tab", *"verify", "enter")
        await hands.sees("[aliases.slow] is written and in force.")
        assert content(hands).endswith('continue = "verify"\n')
        await hands.press("x")
        await hands.until(lambda: isinstance(hands.app.screen, Confirm))
        assert "Clients that ask for it are refused." in hands.text
        await hands.press("y")
        await hands.until(lambda: "slow" not in hands.snapshot.aliases)
        assert "slow" not in content(hands)


async def test_an_alias_that_is_gone_by_now_is_said_to_be() -> None:
    async with attached(DEEP) as hands:
        await hands.press("6", "down")
        file = hands.proxy.places.config_file
        file.write_text(file.read_text().partition("[aliases.deep]")[0])
        for key in "mex":
            await hands.press(key)
            await hands.sees("[aliases.deep] is not in the configuration file.")
            hands.app.tell("", well=True)


@pytest.mark.parametrize("size", [(80, 24), (20, 5), (200, 60)])
async def test_hostile_routes_at_every_size(size: tuple[int, int]) -> None:
    names = corpus()[::5]
    text = "[aliases.x]\nroutes = [" + ", ".join(f'"main/{place}"' for place in range(40)) + "]\n"
    async with staged(empty(), size, recorded=True) as stage:
        screen = ChainEditor(stated(a_file(text)), "x")
        screen.chain = list(names)
        stage.app.push_screen(screen)
        await stage.press("right_square_bracket", "down", "K", "J", "x", "a", "escape")
        await stage.pilot.resize_terminal(60, 20)
        await stage.pilot.pause()
        harmless(stage.written)
