"""Overview: what is seen at a glance, at every size."""

import pytest
from tui.snapshots import CENT, NOW_MS, busy, empty, standing, troubled
from tui.stage import Stage, staged

from bursar.contract.codec import Numbered
from bursar.contract.events import (
    AttemptSettled,
    AttemptStarted,
    BalanceCompared,
    BalanceView,
    ExchangeClosed,
    ExchangeOpened,
    ExchangeProgressed,
    StandingsChanged,
    UpstreamHealthChanged,
    UpstreamView,
)
from bursar.contract.snapshot import Snapshot
from bursar.domain.exchange import Outcome
from bursar.domain.usage import Quality, Usage
from bursar_tui.widgets.exchange_table import ExchangeTable


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (60, 20), (80, 16), (40, 12), (20, 5)])
async def test_a_busy_afternoon(size: tuple[int, int]) -> None:
    async with staged(busy(), size) as stage:
        await stage.comes_to(f"overview-busy-{size[0]}x{size[1]}")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_everything_wrong_at_once(size: tuple[int, int]) -> None:
    async with staged(troubled(), size) as stage:
        await stage.comes_to(f"overview-troubled-{size[0]}x{size[1]}")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_before_the_first_call_it_teaches(size: tuple[int, int]) -> None:
    async with staged(empty(), size) as stage:
        await stage.comes_to(f"overview-empty-{size[0]}x{size[1]}")
        assert "http://127.0.0.1:4141/v1" in stage.text
        assert "bursar key issue" in stage.text


@pytest.mark.parametrize(("theme", "native"), [("light", False), ("terminal", True), ("nord", False)])
async def test_every_theme_says_the_same(theme: str, native: bool) -> None:
    async with staged(busy(), theme=theme, native=native) as stage:
        await stage.comes_to("overview-busy-80x24")


async def hear(stage: Stage, snapshot: Snapshot, *events: object) -> None:
    """Let these things happen at the proxy, and wait until they are known."""
    seq = snapshot.seq
    for place, event in enumerate(events, 1):
        stage.later.put_nowait(Numbered(seq + place, event))  # type: ignore[arg-type]
    await stage.until(lambda: snapshot.seq == seq + len(events))
    stage.app.present()
    await stage.pilot.pause()


async def test_a_call_from_its_opening_to_its_end() -> None:
    snapshot = busy(6)
    async with staged(snapshot) as stage:
        now = NOW_MS + 1_000
        await hear(stage, snapshot, ExchangeOpened(now, "new1", "laptop", "", "aider", "deep", True, 1_204))
        assert "4 calls" in stage.text
        assert "○ waiting deep" in stage.text
        await hear(stage, snapshot, AttemptStarted(now, "new1", "openai", "gpt-5.1", 7 * CENT))
        assert "◌ asking  deep" in stage.text
        assert "$0.0700" in stage.text
        await hear(stage, snapshot, ExchangeProgressed(now + 500, "new1", 101, CENT, 6 * CENT))
        assert "live deep openai laptop 1,204 101 $0.0100 $0.0600" in " ".join(stage.text.split())
        settled = AttemptSettled(
            now + 900,
            "new1",
            "openai",
            "gpt-5.1",
            Usage(1_204, 140),
            Quality.REPORTED,
            2 * CENT,
            True,
            ("cap:daily",),
            80,
        )
        closed = ExchangeClosed(now + 900, "new1", Outcome.COMPLETE, 200, "", "", "stop", 900)
        await hear(stage, snapshot, settled, closed)
        assert "✓ done deep openai laptop 1,204 140 $0.0200" in " ".join(stage.text.split())
        assert "3 calls" in stage.text


async def test_a_sign_of_life_turns_the_glyph_and_no_timer_does() -> None:
    snapshot = busy()
    async with staged(snapshot) as stage:
        before = stage.text
        await stage.pilot.pause(0.3)
        assert stage.text == before
        await hear(stage, snapshot, ExchangeProgressed(NOW_MS + 1, "01jd0000000900", 2_919, CENT, CENT))
        row = next(line for line in stage.text.splitlines() if " deep " in line)
        assert row.split()[0] != next(line for line in before.splitlines() if " deep " in line).split()[0]


async def test_an_account_that_is_used_up_comes_first() -> None:
    snapshot = busy()
    async with staged(snapshot) as stage:
        ci = snapshot.accounts["cap:ci-hour"]
        await hear(stage, snapshot, StandingsChanged(NOW_MS + 1, (standing(ci, 120),)))
        lines = stage.text.splitlines()
        first = lines[next(place for place, line in enumerate(lines) if line.startswith(" Budgets")) + 1]
        assert first.startswith(" ✗ ci-hour")
        assert "used up" in first
        assert "✗ now" in stage.text


async def test_a_vendor_that_charges_more_is_an_alarm() -> None:
    snapshot = busy()
    async with staged(snapshot) as stage:
        assert "vendor" not in stage.text
        compared = BalanceView("wallet:openai", NOW_MS, drift_nano=12 * CENT, alarm=True)
        await hear(stage, snapshot, BalanceCompared(NOW_MS + 1, compared))
        assert "▲ Wallet openai: the vendor has charged $0.12 more" in stage.text


async def test_what_merely_runs_on_this_machine_is_no_upstream_of_ours() -> None:
    snapshot = busy()
    async with staged(snapshot) as stage:
        found = UpstreamView("lmstudio", "openai_compatible", "http://127.0.0.1:1234", found=True)
        await hear(stage, snapshot, UpstreamHealthChanged(NOW_MS + 1, found))
        assert "lmstudio" not in stage.text
        assert "2 of 3 well" in stage.text


async def test_ages_move_with_the_clock() -> None:
    async with staged(busy()) as stage:
        assert "47 s" in stage.text
        stage.clock.turn(60_000)
        stage.app.present()
        await stage.pilot.pause()
        assert "1:47" in stage.text


async def test_what_is_settled_after_the_end_is_seen_too() -> None:
    snapshot = busy(6)
    async with staged(snapshot) as stage:
        opened = ExchangeOpened(NOW_MS, "new1", "laptop", "", "aider", "deep", True, 1_204)
        started = AttemptStarted(NOW_MS, "new1", "openai", "gpt-5.1", 7 * CENT)
        left = ExchangeClosed(NOW_MS, "new1", Outcome.LEFT, 200, "", "", "", 900)
        await hear(stage, snapshot, opened, started, left)
        assert "◁ left deep openai laptop 1,204 · · 900 ms" in " ".join(stage.text.split())
        usage = Usage(1_204, 77)
        late = AttemptSettled(NOW_MS, "new1", "openai", "gpt-5.1", usage, Quality.COUNTED, CENT, True, (), 80)
        await hear(stage, snapshot, late)
        assert "◁ left deep openai laptop 1,204 77 $0.0100 900 ms" in " ".join(stage.text.split())


async def test_the_cursor_stays_at_its_call_while_others_arrive() -> None:
    snapshot = busy()
    async with staged(snapshot) as stage:
        await stage.press("down", "down")
        table = stage.app.screen.query_one(ExchangeTable)
        assert table.cursor_id == "01jd0000000900"
        await hear(stage, snapshot, ExchangeOpened(NOW_MS + 1, "new1", "laptop", "", "aider", "deep", True, 10))
        assert table.cursor_id == "01jd0000000900"
        await stage.press("home")
        assert table.cursor_id == "new1"
        await hear(stage, snapshot, ExchangeOpened(NOW_MS + 2, "new2", "laptop", "", "aider", "deep", True, 10))
        assert table.cursor_id == "new2"
