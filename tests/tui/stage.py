"""Stage: the app before a hand-made snapshot, and the text that can be read on its screen."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rich.cells import cell_len
from textual._compositor import LayoutUpdate
from textual.app import App
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot
from tui.snapshots import NOW_MS, watching

from bursar.contract.codec import Numbered
from bursar.contract.snapshot import Snapshot
from bursar.contract.way_in import NotRunning
from bursar.domain.clock import FixedClock
from bursar_tui.app import BursarApp
from bursar_tui.errands import Door

PICTURES = Path(__file__).parent / "pictures"


class Recording(HeadlessDriver):
    """A driver that is no terminal, but is written to like one."""

    def __init__(
        self, app: App[object], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self.written: list[str] = []

    @property
    def is_headless(self) -> bool:
        """Else nothing would be written."""
        return False

    def write(self, data: str) -> None:
        """Keep what a terminal would get."""
        self.written.append(data)


@dataclass
class Stage:
    """An app in view, the hands on its keys, the clock it looks at, and what will happen at its proxy."""

    app: BursarApp
    pilot: Pilot[None]
    clock: FixedClock
    later: asyncio.Queue[Numbered]

    @property
    def text(self) -> str:
        """What can be read on the screen, a line for each row."""
        return text_of(self.app)

    @property
    def written(self) -> list[str]:
        """What a terminal would have got."""
        assert isinstance(self.app._driver, Recording)
        return self.app._driver.written

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other, and let what follows from them happen."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, wanted: Callable[[], object]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(60):
            while not wanted():
                await self.pilot.pause(0.01)

    async def comes_to(self, name: str) -> None:
        """Wait until the screen looks as the picture does. What is laid out in several turns is not compared half-way.

        With `BURSAR_PICTURES=remake` it becomes the picture once it has been the same for a while.
        """
        if os.environ.get("BURSAR_PICTURES") == "remake":
            before = ""
            while before != self.text:
                before = self.text
                await self.pilot.pause(0.3)
        else:
            file = PICTURES / f"{name}.txt"
            with suppress(TimeoutError):
                await self.until(lambda: self.text == file.read_text("utf-8"))
        compare(name, self.text)


@asynccontextmanager
async def shut() -> AsyncIterator[Door]:
    """A door that nobody opens: what a hand-made proxy is."""
    raise NotRunning
    yield


@asynccontextmanager
async def staged(
    snapshot: Snapshot,
    size: tuple[int, int] = (80, 24),
    *,
    theme: str = "dark",
    native: bool = False,
    recorded: bool = False,
) -> AsyncIterator[Stage]:
    """The app attached to a proxy in this state."""
    clock, later = FixedClock(NOW_MS), asyncio.Queue[Numbered]()
    app = BursarApp(
        watching(snapshot, later), shut, "/run/user/1000/bursar/admin.sock", clock, theme=theme, native=native
    )
    if recorded:
        app.driver_class = Recording
    async with app.run_test(headless=not recorded, size=size) as pilot:
        stage = Stage(app, pilot, clock, later)
        await stage.until(lambda: app.seen.known)
        await pilot.pause()
        yield stage


def text_of(app: BursarApp) -> str:
    """What can be read on the screen of an app, without spaces at the ends of lines."""
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    assert isinstance(update, LayoutUpdate)
    rows = []
    for strips in update.strips:
        row, column = "", 0
        for text, _, control in (segment for strip in strips for segment in strip):
            if control:
                continue
            if text.strip(" "):
                row = row.ljust(column) + text.replace("\xa0", " ")
            column += cell_len(text)
        rows.append(row.rstrip())
    return "\n".join(rows).rstrip() + "\n"


def compare(name: str, text: str) -> None:
    """The text is that of the picture; with `BURSAR_PICTURES=remake` it becomes the picture."""
    file = PICTURES / f"{name}.txt"
    if os.environ.get("BURSAR_PICTURES") == "remake":
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8"), f"{file.name} looks otherwise; BURSAR_PICTURES=remake if it should"
