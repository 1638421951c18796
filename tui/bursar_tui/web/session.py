"""Session: the interface of one browser tab: a process of its own, and the packets that go in and out of it.

A packet is its kind (`D`: what is drawn or typed, `M`: a JSON object about it), four bytes of length, and so many
bytes; it is the grammar of Textual's `drivers/web_driver.py`.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

_GREETING = b"__GANGLION__\n"
_MOST_BYTES = 16 * 1024 * 1024
_END_S = 2.0
_OF_THE_TERMINAL = ("COLORFGBG", "COLUMNS", "LINES", "TERM_PROGRAM", "TMUX")


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is to be written to the tab's terminal."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Links:
    """An address that the interface asks the browser to open."""

    url: str


class Session:
    """One running interface."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def type(self, data: bytes) -> None:
        """Hand over what was typed; waits while the interface has not read what was typed before."""
        await self._send(b"D", data)

    async def resize(self, size: tuple[int, int]) -> None:
        """The tab has another size."""
        await self._meta({"type": "resize", "width": size[0], "height": size[1]})

    async def _meta(self, about: dict[str, object]) -> None:
        await self._send(b"M", json.dumps(about).encode())

    async def _send(self, kind: bytes, data: bytes) -> None:
        stdin = self._process.stdin
        if stdin is None or stdin.is_closing():
            return
        stdin.write(kind + len(data).to_bytes(4, "big") + data)
        with suppress(ConnectionError):
            await stdin.drain()

    async def packets(self) -> AsyncGenerator[Drawn | Links, None]:
        """What the interface does, until it ends."""
        stdout = self._process.stdout
        if stdout is None:
            return
        with suppress(asyncio.IncompleteReadError):
            if await stdout.readexactly(len(_GREETING)) != _GREETING:
                return
            while True:
                head = await stdout.readexactly(5)
                length = int.from_bytes(head[1:], "big")
                if length > _MOST_BYTES:
                    return
                data = await stdout.readexactly(length)
                if head[:1] == b"D":
                    yield Drawn(data)
                elif head[:1] == b"M" and (url := _link(data)):
                    yield Links(url)

    async def ended_well(self) -> bool:
        """Whether it left as a user leaves; waits for its end, and makes an end of what does not come to one."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        for end in (None, self._process.terminate, self._process.kill):
            with suppress(ProcessLookupError):
                if end is not None:
                    end()
            with suppress(TimeoutError):
                async with asyncio.timeout(_END_S):
                    await self._process.communicate()  # reads on: one that is writing waits for its reader
                    break
        return await self._process.wait() == 0


def _link(data: bytes) -> str:
    about = json.loads(data)
    url = str(about.get("url", "")) if about.get("type") == "open_url" else ""
    return url if url.startswith(("https://", "http://")) else ""


@asynccontextmanager
async def started(
    command: Sequence[str], size: tuple[int, int], environ: Mapping[str, str]
) -> AsyncGenerator[Session, None]:
    """An interface of its own, which has ended when the block ends."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=surroundings(environ, size),
    )
    session = Session(process)
    try:
        yield session
    finally:
        await asyncio.shield(session.ended_well())


def surroundings(environ: Mapping[str, str], size: tuple[int, int]) -> dict[str, str]:
    """The environment of an interface that is drawn in a browser and not in the terminal it was started from."""
    kept = {name: value for name, value in environ.items() if name not in _OF_THE_TERMINAL}
    drawn = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": str(size[0]), "ROWS": str(size[1])}
    return kept | drawn
