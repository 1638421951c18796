"""Questions: single questions and commands at the local door, asked without an event loop.

A command that asks the proxy one thing answers in a tenth of a second; the library that a watch
needs (`contract/client.py`) alone would take twice that to load.
"""

import http.client
import socket
from collections.abc import Generator, Mapping
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from bursar.contract.accounts import Ask
from bursar.contract.codec import Mismatch, decode, encode
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
from bursar.contract.places import Places
from bursar.contract.playground import Ended, PlaygroundLine, Talk, line_of
from bursar.contract.statements import ExchangeRecord, MonthStatement
from bursar.contract.version import Identity
from bursar.contract.way_in import CutOff, NoAnswer, NotRunning, Refused, WayIn, address_of, refused, way_in
from bursar.domain.calibration import Calibration

T = TypeVar("T")

SILENCE_S = 45.0
"""How long an answer that comes line by line may be silent; the proxy says every 15 s that it is still here."""


class Questions:
    """Asks the proxy of one installation. Every method may raise NotRunning, Refused and Mismatch.

    `answer_s` is how long each step of an answer may take, in seconds.
    """

    def __init__(self, places: Places, answer_s: float = 10.0) -> None:
        self._places = places
        self._answer_s = answer_s

    def identity(self) -> Identity:
        """Who answers, also where it is a proxy of another version."""
        return self._ask("GET", "/status", Identity)

    def status(self) -> Status:
        """What runs."""
        return self._ask("GET", "/status", Status)

    def keys(self) -> tuple[KeyView, ...]:
        """All client keys."""
        return self._ask("GET", "/keys", tuple[KeyView, ...])

    def issue_key(self, command: IssueKey) -> KeyIssued:
        """Issue a client key; its text is in the answer and nowhere else."""
        return self._ask("POST", "/keys", KeyIssued, body=command)

    def change_key(self, name: str, command: ChangeKey) -> None:
        """Change what a client key is held to; what the command leaves out stays."""
        self._request("POST", f"/keys/{quote(name, safe='')}", body=command)

    def rotate_key(self, name: str, command: RotateKey) -> KeyIssued:
        """Another key under the same name; the present one is accepted for a while."""
        return self._ask("POST", f"/keys/{quote(name, safe='')}/rotate", KeyIssued, body=command)

    def disable_key(self, name: str) -> None:
        """Have a client key refused until it is enabled."""
        self._request("POST", f"/keys/{quote(name, safe='')}/disable")

    def enable_key(self, name: str) -> None:
        """Have a disabled client key accepted again."""
        self._request("POST", f"/keys/{quote(name, safe='')}/enable")

    def revoke_key(self, name: str) -> None:
        """Have a client key accepted no longer."""
        self._request("DELETE", f"/keys/{quote(name, safe='')}")

    def spend(
        self, by: str = "day", since_ms: int | None = None, until_ms: int | None = None, only: str | None = None
    ) -> SpendReport:
        """What was settled between two instants, by heading; of one model, key or the like alone (`model=NAME`)."""
        query = {"by": by, "since_ms": since_ms, "until_ms": until_ms, "only": only}
        return self._ask("GET", "/spend", SpendReport, query=query)

    def history(self, before: str | None = None, limit: int = 50) -> HistoryPage:
        """A page of usage records, newest first."""
        return self._ask("GET", "/history", HistoryPage, query={"before": before, "limit": limit})

    def exchange(self, exchange_id: str) -> ExchangeRecord:
        """One exchange: its attempts, their prices, who paid."""
        return self._ask("GET", f"/exchanges/{quote(exchange_id, safe='')}", ExchangeRecord)

    def statement(self, month: str | None = None) -> MonthStatement:
        """The statement of a month (YYYY-MM), else of the present one."""
        return self._ask("GET", "/statement", MonthStatement, query={"month": month})

    def explain(self, command: Explain) -> Explained:
        """What would become of a request; nothing is sent."""
        return self._ask("POST", "/explain", Explained, body=command)

    def counting(self) -> tuple[Calibration, ...]:
        """By which factors prompts and answers are counted, for each model family at an upstream."""
        return self._ask("GET", "/counting", tuple[Calibration, ...])

    def upstreams(self) -> tuple[UpstreamView, ...]:
        """All upstreams, with their routes and how each is."""
        return self._ask("GET", "/upstreams", tuple[UpstreamView, ...])

    def clear_upstream(self, name: str) -> None:
        """Take an upstream and its routes for well again."""
        self._request("POST", f"/upstreams/{quote(name, safe='')}/clear")

    def check_upstream(self, name: str) -> UpstreamChecked:
        """Whether an upstream answers and takes its key."""
        return self._ask("POST", f"/upstreams/{quote(name, safe='')}/check", UpstreamChecked)

    def ask(self, ask: Ask[T]) -> T:
        """The answer to a question or command about accounts (`contract/accounts.py`, `contract/configuration.py`)."""
        answer = self._request(ask.method, ask.path, query=dict(ask.query), body=ask.body, headers=dict(ask.headers))
        return decode(answer, ask.answer)

    def talk(self, command: Talk) -> Generator[PlaygroundLine, None, None]:
        """A call of the owner's own, line by line, `Ended` last; closing the generator cancels the call.

        Raises CutOff where the proxy goes away before the end.
        """
        way = way_in(self._places)
        connection = LocalConnection(way, SILENCE_S)
        begun = False
        try:
            connection.request("POST", "/playground", encode(command), dict(way.headers))
            response = connection.getresponse()
            if response.status >= 300:
                raise refused(response.read(), response.status)
            while line := response.readline():
                if line == b"\n":
                    continue
                happened, begun = line_of(line), True
                yield happened
                if isinstance(happened, Ended):
                    return
            raise CutOff
        except (ConnectionRefusedError, FileNotFoundError):
            raise NotRunning from None
        except (OSError, http.client.HTTPException):
            raise (CutOff if begun else NoAnswer) from None
        finally:
            connection.close()

    def reload(self) -> tuple[str, ...]:
        """Put the configuration file in force; the problems that kept the old one in force, if any."""
        return self._ask("POST", "/reload", Reloaded).problems

    def stop(self) -> None:
        """Have the proxy finish what runs, and end."""
        self._request("POST", "/stop")

    def _ask(
        self,
        method: str,
        path: str,
        kind: type[T],
        *,
        query: Mapping[str, object] | None = None,
        body: msgspec.Struct | None = None,
    ) -> T:
        return decode(self._request(method, path, query=query, body=body), kind)

    def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: msgspec.Struct | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        way = way_in(self._places)
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        target = f"{path}?{urlencode(asked)}" if asked else path
        connection = LocalConnection(way, self._answer_s)
        try:
            content = encode(body) if body is not None else None
            connection.request(method, target, content, {**way.headers, **(headers or {})})
            response = connection.getresponse()
            answer = response.read()
        except (ConnectionRefusedError, FileNotFoundError):
            # A socket's file outlives a proxy that was killed.
            raise NotRunning from None
        except (OSError, http.client.HTTPException):
            raise NoAnswer from None
        finally:
            connection.close()
        if response.status >= 300:
            raise refused(answer, response.status)
        return answer


class LocalConnection(http.client.HTTPConnection):
    """One connection to the local door."""

    def __init__(self, way: WayIn, answer_s: float) -> None:
        host, port = address_of(way.url)
        super().__init__(host, port or None, timeout=answer_s)
        self._path = way.path

    def connect(self) -> None:
        if self._path is None:
            super().connect()
            return
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def running(places: Places, time_s: float = 1.0) -> bool:
    """Whether a proxy answers at the local door. Blocks for at most about `time_s` seconds."""
    try:
        Questions(places, time_s).status()
    except NotRunning:
        return False
    except (Refused, Mismatch):
        return True  # something answers, if in words that this version does not understand
    return True
