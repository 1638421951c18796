"""Exposures: the public hosts that the public door answers to for a while, and whose keys are accepted there."""

import asyncio
import ipaddress
import logging
from dataclasses import replace

from bursar.contract.events import Exposed, ExposureEnded, Publish
from bursar.contract.exposure import Expose, ExposureView
from bursar.contract.shown import shown
from bursar.domain.clock import Clock
from bursar.domain.refusals import InvalidParameter, NameTaken
from bursar.doorkeeper.examine import Hosts, split_host

EDITOR_ORIGIN = "vscode-file://vscode-app"
"""Where Cursor's editor, which is a web page to us, says that it calls from."""
_HTTPS = 443

_log = logging.getLogger(__name__)


def _is_here(name: str) -> bool:
    """Whether a host is this machine in another form: what comes for it could come from a web page (RFC 6761, 6.3)."""
    name = name.strip("[].")
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name.rpartition(".")[2] in ("localhost", "") or name.replace(".", "").isdigit()
    return address.is_loopback or address.is_unspecified


class Exposures:
    """Kept in memory alone: after a restart nobody is let in from outside until somebody asks for it again."""

    def __init__(self, clock: Clock, publish: Publish) -> None:
        self._clock = clock
        self._publish = publish
        self._by_name: dict[str, ExposureView] = {}
        self._closed = asyncio.Event()
        self.live = False
        """Whether anyone outside may come in."""

    def all(self) -> tuple[ExposureView, ...]:
        """Those there are, each once."""
        return tuple(dict.fromkeys(self._by_name.values()))

    def of(self, host: str) -> ExposureView | None:
        """The exposure under whose host a request comes, if it does."""
        return self._by_name.get(host.lower())

    def hosts(self, own: Hosts) -> Hosts:
        """Whom the public door answers to now: `own`, and while anyone is let in from outside, Cursor's editor too."""
        if not self._by_name:
            return own
        return replace(own, names=own.names.union(self._by_name), origins=own.origins | {EDITOR_ORIGIN})

    def begin(self, command: Expose) -> ExposureView:
        """Let calls in under a public host, until `end`. Raises InvalidParameter, and NameTaken where it is already."""
        host = command.host.strip().lower()
        parts = split_host(host)
        if parts is None or _is_here(parts[0]):
            raise InvalidParameter("this is no public host name", param="host")
        if not command.keys:
            raise InvalidParameter("name the client keys that are accepted there", param="keys")
        if host in self._by_name:
            raise NameTaken(f"{host} is exposed already", param="host")
        view = ExposureView(host, command.keys, command.program, self._clock.now_ms())
        # Whoever calls over HTTPS may name its port, and need not.
        for name in (host, *((f"{host}:{_HTTPS}",) if parts[1] is None else ())):
            self._by_name[name] = view
        self.live = True
        _log.warning("EXPOSED: answering to %s (%s) for the keys %s", host, shown(view.program), ", ".join(view.keys))
        self._publish(Exposed(view.since_ms, view))
        return view

    def end(self, view: ExposureView) -> None:
        """Answer to its host no longer."""
        self._by_name = {name: each for name, each in self._by_name.items() if each is not view}
        self.live = bool(self._by_name)
        _log.warning("no longer exposed: %s", view.host)
        self._publish(ExposureEnded(self._clock.now_ms(), view.host))

    def close(self) -> None:
        """End them all: whoever holds one open need not be waited for."""
        self._closed.set()

    async def until_closed(self) -> None:
        """Wait for `close`."""
        await self._closed.wait()
