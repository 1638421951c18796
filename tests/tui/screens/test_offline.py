"""Offline: what is said without a proxy, how one is started from there, and how the app comes out of it and back."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tui.snapshots import NOW_MS, busy
from tui.stage import Stage, shut, text_of

from bursar.contract.codec import CONTRACT, Mismatch, Numbered, Opening
from bursar.contract.places import places
from bursar.contract.questions import Questions
from bursar.contract.snapshot import Snapshot
from bursar.contract.way_in import NotRunning
from bursar.domain.clock import FixedClock
from bursar_tui.app import BursarApp
from bursar_tui.link import Since, Unattached, door_at, watch_at
from bursar_tui.screens.offline import Offline
from bursar_tui.screens.overview import Overview
from bursar_tui.seen import Tie
from bursar_tui.starting import Starter


class Proxy:
    """What answers each try to attach: a state, a refusal, or (once cut off) the end."""

    def __init__(self) -> None:
        self.answers: list[Snapshot | Exception] = []
        self.tries = 0
        self.cut = asyncio.Event()

    async def watch(self, since: Since | None) -> AsyncGenerator[Opening | Numbered, None]:
        self.tries += 1
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        yield Opening(CONTRACT, answer.run, answer.seq, answer)
        await self.cut.wait()


@asynccontextmanager
async def attached_to(proxy: Proxy, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Stage]:
    clock = FixedClock(NOW_MS)
    app = BursarApp(proxy.watch, shut, "/run/user/1000/bursar/admin.sock", clock)
    async with app.run_test(size=size) as pilot:
        yield Stage(app, pilot, clock, asyncio.Queue())


async def test_without_a_proxy_it_says_what_to_do_and_attaches_once_there_is_one() -> None:
    proxy = Proxy()
    proxy.answers = [Unattached("no proxy is running here; start one with `bursar serve`")]
    async with attached_to(proxy) as stage:
        await stage.until(lambda: isinstance(stage.app.screen, Offline) and proxy.tries >= 2)
        await stage.pilot.pause()
        text = stage.text
        assert "✗ no proxy" in text
        assert "bursar serve" in text
        assert "Looking again in 1 s." in text
        proxy.answers = [busy()]
        await stage.until(lambda: isinstance(stage.app.screen, Overview))
        await stage.until(lambda: "● live" in text_of(stage.app))


async def test_the_picture() -> None:
    proxy = Proxy()
    proxy.answers = [Unattached("no proxy is running here; start one with `bursar serve`")]
    async with attached_to(proxy) as stage:
        await stage.until(lambda: isinstance(stage.app.screen, Offline))
        await stage.until(lambda: "Looking again" in stage.text)
        await stage.comes_to("offline-80x24")
        await stage.pilot.resize_terminal(44, 20)
        await stage.pilot.pause()
        await stage.comes_to("offline-44x20")


async def test_another_contract_is_one_sentence() -> None:
    proxy = Proxy()
    proxy.answers = [Mismatch("the proxy speaks contract 2, this program 1; restart the one that was not updated")]
    async with attached_to(proxy, (120, 30)) as stage:
        await stage.until(lambda: isinstance(stage.app.screen, Offline))
        await stage.until(lambda: "the proxy speaks contract 2, this program 1" in stage.text)


async def test_r_asks_again_at_once() -> None:
    proxy = Proxy()
    proxy.answers = [Unattached("nobody")]
    async with attached_to(proxy) as stage:
        # After six tries the pause is longer than this test waits.
        await stage.until(lambda: proxy.tries >= 6)
        proxy.answers = [busy()]
        tries = proxy.tries
        await stage.press("r")
        await stage.until(lambda: proxy.tries == tries + 1)
        await stage.until(lambda: isinstance(stage.app.screen, Overview))


async def test_a_lost_link_keeps_the_picture_and_says_since_when() -> None:
    proxy = Proxy()
    proxy.answers = [busy(), Unattached("the proxy closed the connection")]
    async with attached_to(proxy) as stage:
        await stage.until(lambda: "● live" in stage.text)
        proxy.cut.set()
        await stage.until(lambda: stage.app.seen.attachment.tie is Tie.LOST)
        stage.clock.turn(12_000)
        stage.app.present()
        await stage.pilot.pause()
        assert isinstance(stage.app.screen, Overview)
        assert "✗ link lost" in stage.text
        assert "Link lost 12 s ago" in stage.text
        assert "laptop-day" in stage.text
        assert "starts it from here" not in stage.text


async def test_where_the_proxy_has_ended_the_banner_says_how_to_start_it_and_no_longer_that_it_is_stopping() -> None:
    proxy, state = Proxy(), busy()
    state.stopping = True
    proxy.answers = [state, Unattached(str(NotRunning()))]
    async with attached_to(proxy) as stage:
        await stage.until(lambda: "The proxy is stopping" in stage.text)
        proxy.cut.set()
        await stage.until(lambda: "^p starts it from here" in " ".join(stage.text.split()))
        assert "The proxy is stopping" not in stage.text


async def test_screens_can_be_changed_while_the_link_is_lost_and_none_while_nothing_is_known() -> None:
    proxy = Proxy()
    proxy.answers = [Unattached("nobody")]
    async with attached_to(proxy) as stage:
        await stage.until(lambda: isinstance(stage.app.screen, Offline))
        await stage.press("2")
        assert isinstance(stage.app.screen, Offline)
        proxy.answers = [busy()]
        await stage.until(lambda: "43 in view" in stage.text)


async def test_the_proxy_is_started_from_here_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with TemporaryDirectory(prefix="bursar-") as folder:
        monkeypatch.setenv("BURSAR_HOME", folder)
        monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
        config = Path(folder) / "config.toml"
        config.write_text("[server]\nport = 0\nnonsense = 1\n")
        where = places()
        starter = Starter(where, None)
        app = BursarApp(watch_at(where), door_at(where), "there", FixedClock(NOW_MS), starter=starter)
        async with app.run_test(size=(100, 30)) as pilot:
            stage = Stage(app, pilot, FixedClock(NOW_MS), asyncio.Queue())
            await stage.until(lambda: isinstance(app.screen, Offline))
            await stage.until(lambda: "starts it here; it goes on when you leave" in stage.text)
            # Why it does not start is said, and it can be tried again.
            await stage.press("s", "s")
            await stage.until(lambda: "It ended at once: " in stage.text)
            assert "nonsense" in stage.text
            config.write_text("[server]\nport = 0\n")
            await stage.press("s")
            await stage.until(lambda: isinstance(app.screen, Overview))
            await stage.until(lambda: "● live" in stage.text)
            await stage.until(lambda: "The proxy was started, process" in stage.text)
        process = starter.process
        assert process is not None
        try:
            # It belongs to no terminal, and the end of the interface is not its own.
            assert os.getsid(process.pid) == process.pid
            assert process.poll() is None
            assert (await asyncio.to_thread(Questions(where).status)).pid == process.pid
            assert (where.log_dir / "serve-output.log").stat().st_mode & 0o077 == 0
            await asyncio.to_thread(Questions(where).stop)
            assert await asyncio.to_thread(process.wait, 20) == 0
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
