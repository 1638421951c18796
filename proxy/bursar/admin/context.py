"""What a handler of the local door may reach."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from bursar.contract.commands import HistoryPage, SpendReport, Status
from bursar.domain.client_key import ClientKey
from bursar.feed import Feed


class Statement(Protocol):
    """The read side of the ledger."""

    async def spend(self, by: str, since_ms: int | None = None, until_ms: int | None = None) -> SpendReport:
        """What was settled between two instants, by heading. Raises ValueError for a heading that is none."""

    async def history(self, before: str | None = None, limit: int = 50) -> HistoryPage:
        """A page of usage records, newest first. Raises ValueError for a `before` that is none of ours."""


class ClientKeys(Protocol):
    """The keys of client applications."""

    async def issue(
        self, name: str, *, project: str = "", models: tuple[str, ...] = (), expires_ms: int | None = None
    ) -> tuple[ClientKey, str]:
        """A new key and its text, which is kept nowhere."""

    async def revoke(self, name: str) -> None:
        """Accept a key no longer."""

    def list(self) -> Sequence[ClientKey]:
        """All keys."""


@dataclass(frozen=True, slots=True)
class AdminContext:
    """Handed to the local door once.

    `reload` gives the problems that kept the old configuration in force. `heartbeat_s` is how long
    a watch may be silent, `patience_s` how long a watcher may take none of what is written to it.
    """

    feed: Feed
    statement: Statement
    client_keys: ClientKeys
    status: Callable[[], Awaitable[Status]]
    reload: Callable[[], Awaitable[tuple[str, ...]]]
    stop: Callable[[], None]
    heartbeat_s: float = 15.0
    patience_s: float = 10.0


CONTEXT = web.AppKey("context", AdminContext)
