"""Exposing: a public host held open at the local door, for as long as this object, its process and the proxy live."""

import http.client
import select
from types import TracebackType
from typing import Self

from bursar.contract.codec import Mismatch, decode, encode
from bursar.contract.exposure import Expose, ExposureView
from bursar.contract.places import Places
from bursar.contract.questions import LocalConnection
from bursar.contract.way_in import NoAnswer, NotRunning, refused, way_in

_ANSWER_S = 10.0


class Exposing:
    """Use as `with`: inside it the proxy answers to the host. Raises NotRunning, Refused and Mismatch."""

    view: ExposureView

    def __init__(self, places: Places, command: Expose) -> None:
        self._places = places
        self._command = command
        self._connection: LocalConnection | None = None

    def __enter__(self) -> Self:
        way = way_in(self._places)
        self._connection = LocalConnection(way, _ANSWER_S)
        try:
            self._connection.request("POST", "/exposures", encode(self._command), dict(way.headers))
            response = self._connection.getresponse()
            line = response.readline() if response.status < 300 else response.read()
            if response.status >= 300:
                raise refused(line, response.status)
            self.view = decode(line, ExposureView)
        except (ConnectionRefusedError, FileNotFoundError):
            self._connection.close()
            raise NotRunning from None
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise NoAnswer from None
        except (NotRunning, Mismatch):
            self._connection.close()
            raise
        self._response = response
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._response.close()
            self._connection.close()

    def lasts(self, wait_s: float) -> bool:
        """Whether the proxy still holds it, looked at for at most `wait_s` seconds; its signs of life are read."""
        if self._connection is None or self._connection.sock is None:
            return False
        ready, _, _ = select.select([self._connection.sock], [], [], wait_s)
        if not ready:
            return True
        try:
            return bool(self._response.readline())
        except (OSError, http.client.HTTPException):
            return False
