"""Running: commands run as programs of their own on this machine: what they say as they say it, and their end.

What concerns the machine and not the proxy is done by the commands alone; the interface shows what they say.
"""

import asyncio
import codecs
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

MOST_LINES = 5_000
LONGEST_LINE = 2_000
"""Characters of a line that are kept."""
ASKED_S = 60.0
"""How long a question may take that is asked in between."""

_CHUNK = 65_536
_END_S = 6.0
"""How long a program may take to end after each thing that asks it to."""
_LAST_WORDS_S = 1.0
_ENDED = 130
"""The status of a command that was ended, as a shell has it after Ctrl-C."""


class Spoken(NamedTuple):
    """One line that a command said, and whether it was on standard error."""

    text: str
    complains: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of a question: the exit status, and all that was said."""

    status: int
    out: str
    err: str


@dataclass(slots=True)
class Run:
    """One command: what it said so far, and its exit status once it has ended.

    `typed` goes to its standard input, where nobody else can read it; `held` keeps that open until the end, for
    commands that end with whoever runs them. With `into`, its output goes into a new file in place of lines.
    """

    command: Sequence[str]
    environ: Mapping[str, str]
    typed: str = field(default="", repr=False)
    held: bool = False
    into: Path | None = None
    lines: deque[Spoken] = field(default_factory=lambda: deque(maxlen=MOST_LINES))
    status: int | None = None
    passing: str = ""
    """How far it is, where it says so in a line that it writes again and again."""
    heard: Callable[[], object] | None = None
    """Called when it has said something, or has ended."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    _wants_end: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self) -> None:
        """Have it end, as Ctrl-C does."""
        self._wants_end.set()

    async def go(self) -> None:
        """Run it to its end; whatever ends this ends the program."""
        try:
            await self._go()
        except OSError as error:
            self.say(f"It cannot be run: {error.strerror or error}.", complains=True)
            self.status = 1
        finally:
            if self.status is None:
                self.status = _ENDED
            self.over.set()
            self._tell()

    async def _go(self) -> None:
        if self.into is None:
            await self._run(subprocess.PIPE)
            return
        into = self.into.expanduser()
        try:
            # What is there already is never written over.
            output = os.open(into, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            self.say(f"There is a file {into} already; nothing was written.", complains=True)
            self.status = 1
            return
        except OSError as error:
            self.say(f"{into} cannot be written: {error.strerror}.", complains=True)
            self.status = 1
            return
        try:
            await self._run(output)
        finally:
            os.close(output)
        if self.status:
            into.unlink(missing_ok=True)
        else:
            self.say(f"Written: {into}, {into.stat().st_size:,} bytes.", complains=False)

    async def _run(self, output: int) -> None:
        process = await asyncio.create_subprocess_exec(
            *self.command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.PIPE,
            env=dict(self.environ),
            **_apart(),
        )
        reading = asyncio.gather(self._read(process.stdout, False), self._read(process.stderr, True))
        wanted = asyncio.ensure_future(self._wants_end.wait())
        try:
            await self._type(process)
            await asyncio.wait((reading, wanted), return_when=asyncio.FIRST_COMPLETED)
        finally:
            wanted.cancel()
            self.status = await asyncio.shield(self._ended(process, reading))

    async def _type(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is None:
            return
        with suppress(ConnectionError):
            process.stdin.write(self.typed.encode())
            await process.stdin.drain()
        self.typed = ""
        if not self.held:
            process.stdin.close()

    async def _ended(self, process: asyncio.subprocess.Process, reading: "asyncio.Future[Any]") -> int:
        """Wait until it has ended, and make an end of what does not come to one; its exit status."""
        for each in () if reading.done() else (_interrupt, _terminate, _kill):
            with suppress(ProcessLookupError):
                each(process)
            with suppress(TimeoutError):
                async with asyncio.timeout(_END_S):
                    await process.wait()
                    break
        status = await process.wait()
        with suppress(TimeoutError):
            # What it started may hold its output open.
            async with asyncio.timeout(_LAST_WORDS_S):
                await reading
        if process.stdin is not None:
            process.stdin.close()
        return status if status >= 0 else _ENDED

    async def _read(self, stream: asyncio.StreamReader | None, complains: bool) -> None:
        """Take what comes, a line at a time; what follows a return stands in the place of what came before it."""
        if stream is None:
            return
        decoder, rest = codecs.getincrementaldecoder("utf-8")("replace"), ""
        while chunk := await stream.read(_CHUNK):
            *whole, rest = (rest + decoder.decode(chunk)).split("\n")
            for each in whole:
                self.say(each.rstrip("\r").rpartition("\r")[2], complains=complains)
            rest = rest[-LONGEST_LINE:]
            self.passing = rest.rpartition("\r")[2] if "\r" in rest else ""
            self._tell()
        if rest:
            self.say(rest.rpartition("\r")[2], complains=complains)

    def _tell(self) -> None:
        if self.heard is not None:
            self.heard()

    def say(self, text: str, *, complains: bool) -> None:
        """One line more."""
        self.lines.append(Spoken(text[:LONGEST_LINE], complains))


class Runner:
    """Runs commands for one installation; `config` is the file that was named on the command line, if one was."""

    def __init__(self, config: Path | None, environ: Mapping[str, str]) -> None:
        self._words = [] if config is None else ["--config", str(config.absolute())]
        # Said at once and not when a buffer is full, and in the one encoding that is read here.
        self._environ = {**environ, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}

    def run(self, words: Sequence[str], *, typed: str = "", held: bool = False, into: Path | None = None) -> Run:
        """A command that is yet to go."""
        return Run(self._command(words), self._environ, typed, held, into)

    async def ask(self, words: Sequence[str]) -> Asked:
        """The whole answer of a command that is soon done."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command(words),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(self._environ),
                **_apart(),
            )
        except OSError as error:
            return Asked(1, "", f"It cannot be run: {error.strerror or error}.")
        try:
            async with asyncio.timeout(ASKED_S):
                out, err = await process.communicate()
        except TimeoutError:
            return Asked(1, "", "It does not come to an end.")
        finally:
            if process.returncode is None:
                process.kill()
        return Asked(process.returncode or 0, out.decode(errors="replace"), err.decode(errors="replace"))

    def _command(self, words: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "bursar", *words, *self._words]


def _apart() -> dict[str, Any]:
    """Without a terminal, so that nothing is asked there: it is the one that the interface is drawn on."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


def _interrupt(process: asyncio.subprocess.Process) -> None:
    if sys.platform == "win32":
        process.terminate()
    else:
        process.send_signal(signal.SIGINT)


def _terminate(process: asyncio.subprocess.Process) -> None:
    process.terminate()


def _kill(process: asyncio.subprocess.Process) -> None:
    process.kill()
