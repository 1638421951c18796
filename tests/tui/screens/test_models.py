"""Models: where each name goes, how its routes are, and why a call last went elsewhere."""

import pytest
from msgspec.structs import replace
from tui.money import wealthy
from tui.snapshots import empty
from tui.stage import staged

from bursar.contract.events import AliasView
from bursar.domain.calibration import Calibration, Factor, beginning
from bursar_tui.screens.call import Call
from bursar_tui.screens.models import Models


@pytest.mark.parametrize("size", [(80, 24), (160, 45), (200, 60), (20, 5)])
async def test_all_of_them(size: tuple[int, int]) -> None:
    async with staged(wealthy(), size) as stage:
        await stage.press("6")
        await stage.comes_to(f"models-{size[0]}x{size[1]}")


@pytest.mark.parametrize(("name", "downs"), [("chain", 0), ("fallback", 3), ("glob", 4)])
async def test_one_opened(name: str, downs: int) -> None:
    async with staged(wealthy(), (100, 34)) as stage:
        await stage.press("6", *["down"] * downs, "enter")
        await stage.comes_to(f"models-{name}-100x34")


async def test_without_any_it_teaches() -> None:
    async with staged(empty()) as stage:
        await stage.press("6")
        await stage.comes_to("models-empty-80x24")


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


async def test_what_was_learned_of_counting_is_shown_of_the_routes_of_a_chain_and_of_no_other() -> None:
    snapshot = wealthy()
    alias = next(iter(snapshot.aliases.values()))
    upstream, _, model = alias.routes[0].partition("/")
    view = snapshot.upstreams[upstream]
    routes = tuple(replace(each, family="llama 3") if each.model == model else each for each in view.routes)
    snapshot.upstreams[upstream] = replace(view, routes=routes)
    learned, unknown = Factor(1_183, 1_211, 1_000, 24, 200), beginning(1_100)
    for known in (
        Calibration(upstream, "llama 3", learned, unknown),
        Calibration(upstream, "qwen 3", learned, learned),
    ):
        snapshot.calibrations[known.key] = known
    async with staged(snapshot, (120, 40)) as stage:
        await stage.press("6")
        assert "in × 1.183 ± 2.4 %, out × 1.1" in stage.text
        assert f"{upstream}, llama 3" in stage.text
        assert "qwen 3" not in stage.text
