"""AdminClient: the only way in at the local door, for the CLI and the TUI alike."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec

from bursar.contract.accounts import Ask
from bursar.contract.codec import CONTRACT, Mismatch, Numbered, Opening, decode, encode
from bursar.contract.commands import (
    ChangeKey,
    HistoryPage,
    IssueKey,
    KeyIssued,
    Reloaded,
    RotateKey,
    SpendReport,
    Status,
    UpstreamChecked,
)
from bursar.contract.events import KeyView, UpstreamView
from bursar.contract.explained import Explain, Explained
from bursar.contract.log_line import Level, LogPage
from bursar.contract.places import Places
from bursar.contract.playground import Ended, PlaygroundLine, Talk, line_of
from bursar.contract.statements import ExchangeRecord, MonthStatement
from bursar.contract.way_in import CutOff, NoAnswer, NotRunning, Refused, refused, way_in

__all__ = ["AdminClient", "ClientLimits", "NoAnswer", "NotRunning", "Refused"]

T = TypeVar("T")

LONGEST_LINE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """How long to wait, in seconds: for an answer whole, and for the next sign of life in a watch."""

    answer_s: float = 10.0
    silence_s: float = 45.0


class AdminClient:
    """A client of the local door. Use as `async with`; every method may raise NotRunning, Refused and Mismatch."""

    def __init__(self, places: Places, limits: ClientLimits | None = None) -> None:
        self._places = places
        self._limits = limits or ClientLimits()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Find the way in. Raises NotRunning where there is none."""
        way = way_in(self._places)
        # A connection for each request: one kept from before a restart would fail the next command.
        connector: aiohttp.BaseConnector = (
            aiohttp.UnixConnector(str(way.path), force_close=True)
            if way.path is not None
            else aiohttp.TCPConnector(force_close=True)
        )
        self._session = aiohttp.ClientSession(
            way.url,
            connector=connector,
            headers=way.headers,
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def status(self) -> Status:
        """What runs."""
        return await self._ask("GET", "/status", Status)

    async def keys(self) -> tuple[KeyView, ...]:
        """All client keys."""
        return await self._ask("GET", "/keys", tuple[KeyView, ...])

    async def issue_key(self, command: IssueKey) -> KeyIssued:
        """Issue a client key; its text is in the answer and nowhere else."""
        return await self._ask("POST", "/keys", KeyIssued, body=command)

    async def change_key(self, name: str, command: ChangeKey) -> None:
        """Change what a client key is held to; what the command leaves out stays."""
        await self._request("POST", f"/keys/{quote(name, safe='')}", body=command)

    async def rotate_key(self, name: str, command: RotateKey) -> KeyIssued:
        """Another key under the same name; the present one is accepted for a while."""
        return await self._ask("POST", f"/keys/{quote(name, safe='')}/rotate", KeyIssued, body=command)

    async def disable_key(self, name: str) -> None:
        """Have a client key refused until it is enabled."""
        await self._request("POST", f"/keys/{quote(name, safe='')}/disable")

    async def enable_key(self, name: str) -> None:
        """Have a disabled client key accepted again."""
        await self._request("POST", f"/keys/{quote(name, safe='')}/enable")

    async def revoke_key(self, name: str) -> None:
        """Have a client key accepted no longer."""
        await self._request("DELETE", f"/keys/{quote(name, safe='')}")

    async def spend(
        self, by: str = "day", since_ms: int | None = None, until_ms: int | None = None, only: str | None = None
    ) -> SpendReport:
        """What was settled between two instants, by heading; of one model, key or the like alone (`model=NAME`)."""
        query = {"by": by, "since_ms": since_ms, "until_ms": until_ms, "only": only}
        return await self._ask("GET", "/spend", SpendReport, query=query)

    async def history(self, before: str | None = None, limit: int = 50) -> HistoryPage:
        """A page of usage records, newest first."""
        return await self._ask("GET", "/history", HistoryPage, query={"before": before, "limit": limit})

    async def log(
        self, before: int | None = None, limit: int = 50, least: Level = Level.DEBUG, having: str = ""
    ) -> LogPage:
        """A page of the process's own log, newest first."""
        query = {"before": before, "limit": limit, "level": least.value, "having": having}
        return await self._ask("GET", "/log", LogPage, query=query)

    async def exchange(self, exchange_id: str) -> ExchangeRecord:
        """One exchange: its attempts, their prices, who paid."""
        return await self._ask("GET", f"/exchanges/{quote(exchange_id, safe='')}", ExchangeRecord)

    async def statement(self, month: str | None = None) -> MonthStatement:
        """The statement of a month (YYYY-MM), else of the present one."""
        return await self._ask("GET", "/statement", MonthStatement, query={"month": month})

    async def explain(self, command: Explain) -> Explained:
        """What would become of a request; nothing is sent."""
        return await self._ask("POST", "/explain", Explained, body=command)

    async def upstreams(self) -> tuple[UpstreamView, ...]:
        """All upstreams, with their routes and how each is."""
        return await self._ask("GET", "/upstreams", tuple[UpstreamView, ...])

    async def clear_upstream(self, name: str) -> None:
        """Take an upstream and its routes for well again."""
        await self._request("POST", f"/upstreams/{quote(name, safe='')}/clear")

    async def check_upstream(self, name: str) -> UpstreamChecked:
        """Whether an upstream answers and takes its key."""
        return await self._ask("POST", f"/upstreams/{quote(name, safe='')}/check", UpstreamChecked)

    async def ask(self, ask: Ask[T]) -> T:
        """The answer to a question or command about accounts (`contract/accounts.py`, `contract/configuration.py`)."""
        answer = await self._request(
            ask.method, ask.path, query=dict(ask.query), body=ask.body, headers=dict(ask.headers)
        )
        return decode(answer, ask.answer)

    async def reload(self) -> tuple[str, ...]:
        """Put the configuration file in force; the problems that kept the old one in force, if any."""
        return (await self._ask("POST", "/reload", Reloaded)).problems

    async def stop(self) -> None:
        """Have the proxy finish what runs, and end."""
        await self._request("POST", "/stop")

    async def talk(self, command: Talk) -> AsyncGenerator[PlaygroundLine, None]:
        """A call of the owner's own, line by line, `Ended` last; closing the generator cancels the call.

        Raises CutOff where the proxy goes away before the end.
        """
        response = await self._open("POST", "/playground", body=command)
        try:
            async for line in self._lines(response):
                happened = line_of(line)
                yield happened
                if isinstance(happened, Ended):
                    return
            raise CutOff
        finally:
            response.close()

    async def watch(self, since: tuple[str, int] | None = None) -> AsyncGenerator[Opening | Numbered, None]:
        """The opening, then every event as it happens.

        Ends when the proxy ends it, cuts us off or falls silent: attach again, with `since`. Raises
        Mismatch where the proxy speaks another contract. Holds a connection until it is closed
        (`contextlib.aclosing`).
        """
        query = {} if since is None else {"since": f"{since[0]}:{since[1]}"}
        response = await self._open("GET", "/watch", query=query)
        try:
            opened = False
            async for line in self._lines(response):
                if opened:
                    yield decode(line, Numbered)
                else:
                    _check_contract(line)
                    yield decode(line, Opening)
                    opened = True
        finally:
            response.close()

    async def _lines(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        rest = bytearray()
        while True:
            try:
                async with asyncio.timeout(self._limits.silence_s):
                    piece = await response.content.readany()
            except (TimeoutError, aiohttp.ClientError, OSError):
                return
            if not piece:
                return
            rest += piece
            if len(rest) > LONGEST_LINE_BYTES:
                raise Mismatch("the proxy's answer has no end")
            *lines, tail = rest.split(b"\n") if b"\n" in piece else [rest]
            for line in lines:
                if line:
                    yield bytes(line)
            rest = bytearray(tail)

    async def _ask(
        self,
        method: str,
        path: str,
        kind: type[T],
        *,
        query: Mapping[str, object] | None = None,
        body: msgspec.Struct | None = None,
    ) -> T:
        return decode(await self._request(method, path, query=query, body=body), kind)

    async def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: msgspec.Struct | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """The whole answer to a command, in time."""
        try:
            async with asyncio.timeout(self._limits.answer_s):
                response = await self._open(method, path, query=query, body=body, headers=headers)
                try:
                    return await response.read()
                finally:
                    response.close()
        except (TimeoutError, aiohttp.ClientError, OSError):
            raise NoAnswer from None

    async def _open(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: msgspec.Struct | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> aiohttp.ClientResponse:
        """An answer whose body is yet to be read. Raises Refused where it is a no."""
        if self._session is None:
            raise RuntimeError("AdminClient is used as `async with`")
        try:
            async with asyncio.timeout(self._limits.answer_s):
                response = await self._session.request(
                    method,
                    path,
                    params={name: str(value) for name, value in (query or {}).items() if value is not None},
                    data=encode(body) if body is not None else None,
                    headers=headers,
                    allow_redirects=False,
                )
                if not response.ok or response.status >= 300:
                    raise refused(await response.read(), response.status)
        except aiohttp.ClientConnectorError:
            raise NotRunning from None
        except (TimeoutError, aiohttp.ClientError, OSError):
            raise NoAnswer from None
        return response


class _Contract(msgspec.Struct):
    """As much of an opening as every contract has."""

    contract: int


def _check_contract(line: bytes) -> None:
    spoken = decode(line, _Contract).contract
    if spoken != CONTRACT:
        raise Mismatch(
            f"the proxy speaks contract {spoken}, this program {CONTRACT}; restart the one that was not updated"
        )
