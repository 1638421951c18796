"""Errands: what the user asks of the proxy, sent through the local door, and the sentence that comes of each.

Nothing on screen changes because something was asked: it changes when the proxy announces what has happened.
"""

import getpass
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from bursar.contract.accounts import Ask
from bursar.contract.codec import Mismatch
from bursar.contract.commands import (
    ChangeKey,
    HistoryPage,
    IssueKey,
    KeyIssued,
    RotateKey,
    SpendReport,
    UpstreamChecked,
)
from bursar.contract.log_line import Level, LogPage
from bursar.contract.playground import PlaygroundLine, Talk
from bursar.contract.way_in import NotRunning, Refused

T = TypeVar("T")
A = TypeVar("A")


class Door(Protocol):
    """The local door, as far as screens ask anything of it. Every method may raise NotRunning, Refused, Mismatch."""

    async def ask(self, ask: Ask[A]) -> A: ...

    async def spend(
        self, by: str = ..., since_ms: int | None = ..., until_ms: int | None = ..., only: str | None = ...
    ) -> SpendReport: ...

    async def history(self, before: str | None = ..., limit: int = ...) -> HistoryPage: ...

    async def log(self, before: int | None = ..., limit: int = ..., least: Level = ...) -> LogPage: ...

    async def clear_upstream(self, name: str) -> None: ...

    async def check_upstream(self, name: str) -> UpstreamChecked: ...

    async def issue_key(self, command: IssueKey) -> KeyIssued: ...

    async def change_key(self, name: str, command: ChangeKey) -> None: ...

    async def rotate_key(self, name: str, command: RotateKey) -> KeyIssued: ...

    async def disable_key(self, name: str) -> None: ...

    async def enable_key(self, name: str) -> None: ...

    async def revoke_key(self, name: str) -> None: ...

    def talk(self, command: Talk) -> AsyncGenerator[PlaygroundLine, None]: ...


OpenDoor = Callable[[], AbstractAsyncContextManager[Door]]
"""Goes in for one errand."""


@dataclass(frozen=True, slots=True)
class Errand(Generic[T]):
    """One thing to ask: what is being done, how, what to say of the answer, and whether that is good news.

    `then` gets the answer, for what no event tells: the text of a key, a sum that was asked for. Nothing at
    all is told of an errand without words for what is being done: a screen asked it by itself. `failed` gets the
    refusal, or what kept the proxy from answering, for who must keep what was typed.
    """

    doing: str
    work: Callable[[Door], Awaitable[T]]
    said: Callable[[T], str]
    then: Callable[[T], object] | None = None
    well: Callable[[T], bool] | None = None
    failed: Callable[[Exception], object] | None = None


class Turn(Protocol):
    """How an errand stands: a sentence, and whether it went well (None: it is under way)."""

    def __call__(self, sentence: str, *, well: bool | None) -> None: ...


async def run(errand: Errand[T], door: OpenDoor, tell: Turn) -> None:
    """Do it, and tell how it went in a sentence, whatever happens."""
    told = bool(errand.doing)
    if told:
        tell(errand.doing, well=None)
    try:
        async with door() as opened:
            answer = await errand.work(opened)
    except (NotRunning, Refused, Mismatch) as error:
        if told:
            tell(as_sentence(str(error)), well=False)
        if errand.failed is not None:
            errand.failed(error)
        return
    if told:
        tell(errand.said(answer), well=errand.well is None or errand.well(answer))
    if errand.then is not None:
        errand.then(answer)


def whoever() -> str:
    """The user of this terminal, as the system names it: who asks for a grant, in the audit list."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def as_sentence(text: str) -> str:
    """What a refusal says, as a sentence of its own."""
    text = text.rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
