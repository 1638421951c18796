"""Upstreams: how each is and why, at a glance; checked and cleared at a real proxy."""

import pytest
from tui.attached import attached
from tui.money import wealthy
from tui.snapshots import empty
from tui.stage import staged

DOWN = """
[upstreams.down]
kind = "openai_compatible"
base_url = "http://127.0.0.1:9/v1"
[aliases.gone]
routes = ["down/some-model"]
[prices."some-model"]
input = "1.00"
output = "1.00"
[wallets.main]
upstream = "main"
compare_min = 0
"""


@pytest.mark.parametrize("size", [(80, 24), (160, 45), (200, 60), (20, 5)])
async def test_all_of_them(size: tuple[int, int]) -> None:
    async with staged(wealthy(), size) as stage:
        await stage.press("5")
        await stage.comes_to(f"upstreams-{size[0]}x{size[1]}")


@pytest.mark.parametrize(("name", "downs"), [("cooling", 0), ("well", 1), ("partly", 2), ("found", 3)])
async def test_one_opened(name: str, downs: int) -> None:
    async with staged(wealthy(), (100, 34)) as stage:
        await stage.press("5", *["down"] * downs, "enter")
        await stage.comes_to(f"upstreams-{name}-100x34")


async def test_without_any_it_teaches() -> None:
    async with staged(empty()) as stage:
        await stage.press("5")
        await stage.comes_to("upstreams-empty-80x24")
        await stage.press("c", "v", "b", "enter")
        assert "No upstream yet" in stage.text


async def test_what_is_only_found_is_neither_checked_nor_cleared() -> None:
    async with staged(wealthy(), (120, 40)) as stage:
        await stage.press("5", "end")
        footer = stage.text.splitlines()[-1]
        assert "check" not in footer
        assert "clear" not in footer


async def test_the_time_left_is_counted_down() -> None:
    async with staged(wealthy(), (120, 40)) as stage:
        await stage.press("5")
        assert "cooling 24 s" in stage.text
        stage.clock.turn(4_000)
        stage.app.present()
        await stage.pilot.pause()
        assert "cooling 20 s" in stage.text
        stage.clock.turn(60_000)
        stage.app.present()
        await stage.pilot.pause()
        assert "the next call, which tries it" in stage.text


async def test_one_that_answers_is_checked_and_its_vendor_asked() -> None:
    async with attached(DOWN) as hands:
        await hands.press("5", "end", "up")
        await hands.press(*(["down"] if "http://127.0.0.1:9/v1" in hands.text else []))
        await hands.press("v")
        await hands.sees("takes the key and lists")
        await hands.press("b")
        await hands.sees("The vendor of main")
        await hands.until(lambda: "wallet:main" in hands.snapshot.balances)


async def test_one_that_fails_is_seen_to_cool_down_checked_and_cleared() -> None:
    async with attached(DOWN) as hands:
        for _ in range(2):
            assert (await hands.proxy.chat("gone")).status >= 500
        await hands.until(lambda: hands.snapshot.upstreams["down"].health != "ok")
        await hands.press("5")
        await hands.until(lambda: "clear" in hands.text.splitlines()[-1])
        await hands.press("v")
        await hands.sees("down does not answer as it should")
        await hands.press("c")
        await hands.sees("Upstream down is taken for well.")
        down = hands.snapshot.upstreams["down"]
        assert down.health == "ok"
        assert all(route.health == "ok" for route in down.routes)
        await hands.sees("all well")
