"""How requests are sent to upstreams: over kept connections, never redirected, with what fails as a refusal."""

import asyncio
import os
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from yarl import URL

from bursar.domain.refusals import Refusal, UpstreamBroke, UpstreamRefusal, UpstreamUnreachable
from bursar.upstreams.dial import Origin
from bursar.upstreams.pool import KEPT_S, Pool
from bursar.upstreams.wire import Failure, Response, WireFailed

_UNSENDABLE = ("\r", "\n", "\0")


@dataclass(slots=True)
class Delivery:
    """How far one request has come: `begun` once it is being written to a connection."""

    begun: bool = False


@dataclass(frozen=True, slots=True)
class Address:
    """Where requests go and all their headers but the body's length: made once, sent many times."""

    origin: Origin
    head: bytes


def address(method: str, url: URL, headers: Mapping[str, str]) -> Address:
    """The address of all requests with this method, URL and headers. Raises ValueError where HTTP cannot say them."""
    host, port = url.raw_host, url.port
    if host is None or port is None or url.scheme not in ("http", "https"):
        raise ValueError("not an address of an upstream")
    fields = [("Host", url.host_port_subcomponent or host), *headers.items()]
    if any(mark in name or mark in value for name, value in fields for mark in _UNSENDABLE):
        raise ValueError("a header that would be several")
    lines = [f"{method} {url.raw_path_qs} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
    return Address(Origin(url.scheme, host.rstrip("."), port), "\r\n".join(lines).encode())


class Connection:
    """Sends requests to upstreams; what rests is kept for `kept_s`. Made and closed within a running event loop."""

    def __init__(self, *, kept_s: float = KEPT_S) -> None:
        self._pool = Pool(kept_s)

    async def send(
        self, to: Address, body: bytes | None, *, upstream: str, connect_s: float, delivery: Delivery
    ) -> Response:
        """The answer once its headers are there; redirects are not followed. Raises a Refusal.

        A kept connection that fails before any byte of an answer is replaced by a fresh one, once.
        """
        length = b"" if body is None else b"\r\nContent-Length: %d" % len(body)
        head, body = to.head + length + b"\r\n\r\n", body or b""
        kept, replaced = self._pool.kept(to.origin), False
        try:
            if kept is not None:
                delivery.begun = True
                try:
                    return await kept.ask(head, body)
                except WireFailed as failed:
                    if not failed.untouched:
                        raise
                    delivery.begun, replaced = False, True
            async with asyncio.timeout(connect_s):
                fresh = await self._pool.fresh(to.origin)
            delivery.begun = True
            return await fresh.ask(head, body)
        except WireFailed as failed:
            refusal = broken(failed, upstream)
            # It has had its second try.
            refusal.transient = refusal.transient and not replaced
            raise refusal from None
        except OSError as error:
            raise _unreachable(error, upstream) from None

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()


def broken(failed: WireFailed, upstream: str) -> UpstreamRefusal:
    """What it means that a connection failed whoever waited for its answer."""
    match failed.failure:
        case Failure.SILENT:
            return UpstreamBroke(f"Upstream {upstream} closed the connection without an answer.")
        case Failure.CUT:
            return UpstreamBroke(f"Upstream {upstream} ended its answer in the middle.")
        case Failure.MALFORMED:
            return UpstreamBroke(f"What upstream {upstream} sent is not valid HTTP.")


def _unreachable(error: OSError, upstream: str) -> Refusal:
    """What it means that there is no connection. The error's text is never shown: it may hold what was sent."""
    match error:
        case ssl.SSLCertVerificationError():
            return _lasting(f"The certificate of upstream {upstream} is not trusted; check its base_url.")
        case ssl.SSLError():
            return _lasting(f"Upstream {upstream} does not speak TLS at its base_url; is it http, not https?")
        case socket.gaierror():
            return _lasting(f"The host name of upstream {upstream} does not resolve; check its base_url.")
        case TimeoutError():
            return UpstreamUnreachable(f"Upstream {upstream} does not accept a connection in time.")
        case _:
            # What asyncio makes of several addresses has their list in its words, and the reason in its number.
            reason = os.strerror(error.errno).lower() if error.errno is not None else "connection refused"
            return UpstreamUnreachable(f"Upstream {upstream} cannot be reached: {reason}.")


def _lasting(message: str) -> Refusal:
    """What a second try a moment later does not cure."""
    refusal = UpstreamUnreachable(message)
    refusal.transient = False
    return refusal
