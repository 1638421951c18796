"""The way in at the local door: where it is, and what it means when nobody opens or the answer is no."""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bursar.contract.codec import Mismatch, decode
from bursar.contract.commands import LoopbackDoor, Problem
from bursar.contract.places import Places


class NotRunning(Exception):
    """No proxy answers; the text says how to start one."""

    def __init__(self, message: str = "no proxy is running here; start one with `bursar serve`") -> None:
        super().__init__(message)


class NoAnswer(NotRunning):
    """Something listens, but does not answer in time or hangs up."""

    def __init__(self) -> None:
        super().__init__("a proxy holds the local door but does not answer; look into its log, or end its process")


class CutOff(NotRunning):
    """The proxy went away in the midst of an answer."""

    def __init__(self) -> None:
        super().__init__("the proxy went away before the answer was whole; what it used is in the ledger")


class Refused(Exception):
    """The proxy said no."""

    def __init__(self, problem: Problem, status: int) -> None:
        super().__init__(problem.message)
        self.problem = problem
        self.status = status


@dataclass(frozen=True, slots=True)
class WayIn:
    """How to get in: a Unix socket, or an address with a token."""

    path: Path | None
    url: str
    headers: Mapping[str, str]


def way_in(places: Places) -> WayIn:
    """Raises NotRunning where neither the socket nor the token's file is there, or they are another user's: whoever
    made them before us would be told keys and passphrases."""
    # Every request says that it is no form of a web page, also those without a body.
    headers = {"Host": "bursar", "Content-Type": "application/json"}
    try:
        if hasattr(socket, "AF_UNIX") and places.admin_socket.exists():
            _check_owner(places.admin_socket)
            return WayIn(places.admin_socket, "http://bursar", headers)
        _check_owner(places.admin_token)
        door = decode(places.admin_token.read_bytes(), LoopbackDoor)
        host, _ = address_of(door.url)
    except PermissionError:
        raise NotRunning(f"the proxy of {places.runtime_dir} is another user's") from None
    except (OSError, Mismatch, ValueError):
        raise NotRunning from None
    if host != "127.0.0.1":
        raise NotRunning
    return WayIn(None, door.url, headers | {"Authorization": f"Bearer {door.token}"})


def _check_owner(path: Path) -> None:
    """Raises PermissionError for what is neither this user's nor root's; root goes in at everybody's."""
    if os.name == "posix" and os.geteuid() and path.lstat().st_uid not in (os.geteuid(), 0):
        raise PermissionError


def address_of(url: str) -> tuple[str, int]:
    """The host and the port of a URL. Raises ValueError where the port is none."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 0


def refused(body: bytes, status: int) -> Refused:
    """The refusal in an answer with a status of 400 or more."""
    problem = Problem("unknown", f"the proxy answered {status}")
    with suppress(Mismatch):
        problem = decode(body, Problem)
    return Refused(problem, status)
