"""Attached: the app on a real proxy in the test's own loop: what is pressed is commanded, what happens is seen."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from fakes.running import Running, running_proxy
from tui.stage import Stage

from bursar.contract.log_line import Level
from bursar.contract.snapshot import Snapshot
from bursar.domain.clock import FixedClock, SystemClock
from bursar.log.process_log import ProcessLog, process_log
from bursar_tui.app import BursarApp
from bursar_tui.link import door_at, watch_at
from bursar_tui.running import Runner


@dataclass
class Hands(Stage):
    """A stage whose proxy is real."""

    proxy: Running

    @property
    def snapshot(self) -> Snapshot:
        """The proxy's own state."""
        return self.proxy.daemon.feed.snapshot

    async def sees(self, text: str) -> None:
        """Wait until some text can be read."""
        pause_s = 0.01
        try:
            async with asyncio.timeout(20):
                while text not in self.text:
                    # To draw the screen takes longer than to look: what is waited for shall have the time.
                    await self.pilot.pause(pause_s)
                    pause_s = min(pause_s * 1.5, 0.1)
        except TimeoutError:
            raise AssertionError(f"{text!r} does not come:\n{self.text}") from None


@asynccontextmanager
async def attached(
    extra: str,
    folder: Path | None = None,
    size: tuple[int, int] = (120, 40),
    *,
    logged: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[Hands]:
    """The app on a proxy with this configuration besides its practice upstream, which logs where it is told to.

    `environ` is what the commands that it runs find in their environment besides.
    """
    with _folder(folder) as home, _log(logged) as log:
        async with running_proxy(home, extra, log=log) as proxy:
            clock = FixedClock(SystemClock().now_ms())
            runner = Runner(None, {**os.environ, **(environ or {}), "BURSAR_HOME": str(home)})
            app = BursarApp(watch_at(proxy.places), door_at(proxy.places), "the test", clock, runner=runner)
            async with app.run_test(size=size) as pilot:
                hands = Hands(app, pilot, clock, asyncio.Queue(), proxy)
                await hands.until(lambda: app.seen.known)
                await pilot.pause()
                yield hands


@contextmanager
def _log(folder: Path | None) -> Iterator[ProcessLog | None]:
    """A log in that folder; none where none is named."""
    if folder is None:
        yield None
        return
    with process_log(folder, level=Level.INFO, size=1_000_000, files=2, terminal=StringIO()) as log:
        yield log


@contextmanager
def _folder(folder: Path | None) -> Iterator[Path]:
    """That folder, or a new one whose name is short enough for a socket."""
    if folder is not None:
        yield folder
        return
    with TemporaryDirectory(prefix="bursar-") as new:
        yield Path(new)
