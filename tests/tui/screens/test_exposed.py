"""Exposed: said on every screen for as long as the proxy answers to a public host."""

from tui.snapshots import NOW_MS, busy
from tui.stage import staged

from bursar.contract.codec import Numbered
from bursar.contract.events import Exposed, ExposureEnded
from bursar.contract.exposure import ExposureView
from bursar_tui.saying import exposed, opening
from bursar_tui.seen import zone_of
from bursar_tui.tabs import TABS

VIEW = ExposureView("quiet-river-7.trycloudflare.com", ("cursor",), "cloudflared", NOW_MS)


async def test_every_screen_says_that_the_proxy_is_exposed_until_it_is_not() -> None:
    snapshot = busy()
    first = snapshot.seq + 1
    async with staged(snapshot) as stage:
        assert "EXPOSED" not in stage.text
        stage.later.put_nowait(Numbered(first, Exposed(NOW_MS, VIEW)))
        await stage.until(lambda: "EXPOSED" in stage.text)
        for tab in TABS:
            stage.app.action_go(tab.name)
            await stage.pilot.pause()
            assert "▲ EXPOSED" in stage.text.splitlines()[0], tab.name
            assert "https://quiet-river-7.trycloudflare.com" in stage.text, tab.name
        stage.later.put_nowait(Numbered(first + 1, ExposureEnded(NOW_MS, VIEW.host)))
        await stage.until(lambda: "EXPOSED" not in stage.text)


def test_who_attaches_later_is_told_in_words() -> None:
    snapshot = busy()
    snapshot.exposures[VIEW.host] = VIEW
    said = opening(snapshot, NOW_MS, zone_of(snapshot))
    assert exposed(VIEW) in said
    assert exposed(VIEW).startswith("EXPOSED as https://quiet-river-7.trycloudflare.com, through cloudflared:")
