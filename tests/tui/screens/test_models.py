"""Models: where each name goes, how its routes are, and why a call last went elsewhere."""

import pytest
from tui.money import wealthy
from tui.snapshots import empty
from tui.stage import compare, staged

from bursar.contract.events import AliasView
from bursar_tui.screens.call import Call
from bursar_tui.screens.models import Models


@pytest.mark.parametrize("size", [(80, 24), (160, 45), (200, 60), (20, 5)])
async def test_all_of_them(size: tuple[int, int]) -> None:
    async with staged(wealthy(), size) as stage:
        await stage.press("6")
        compare(f"models-{size[0]}x{size[1]}", stage.text)


@pytest.mark.parametrize(("name", "downs"), [("chain", 0), ("fallback", 3), ("glob", 4)])
async def test_one_opened(name: str, downs: int) -> None:
    async with staged(wealthy(), (100, 34)) as stage:
        await stage.press("6", *["down"] * downs, "enter")
        compare(f"models-{name}-100x34", stage.text)


async def test_without_any_it_teaches() -> None:
    async with staged(empty()) as stage:
        await stage.press("6")
        compare("models-empty-80x24", stage.text)


async def test_the_last_call_that_went_on_is_opened_and_closed_again() -> None:
    async with staged(wealthy(), (120, 40)) as stage:
        await stage.press("6")
        assert "last fallback" not in stage.text.splitlines()[-1]
        await stage.press("down", "down", "down", "l")
        assert isinstance(stage.app.screen, Call)
        assert "connection refused" in stage.text
        await stage.press("escape")
        assert isinstance(stage.app.screen, Models)


async def test_a_route_to_an_upstream_that_is_not_there_says_so() -> None:
    snapshot = wealthy()
    snapshot.aliases["lost"] = AliasView("lost", ("nowhere/model",))
    async with staged(snapshot, (120, 40)) as stage:
        await stage.press("6", "end")
        assert "✗ none well" in stage.text
        assert "no upstream of this name is configured" in stage.text
