"""The one client session to all upstreams: how a request is sent, and its transport errors as refusals, in one table.

It closes three traps of aiohttp's client (measured with 3.14.5): a malformed chunk leaves a read
waiting for ever; bytes that nobody asked for become the next request's answer; a kept connection
that the server has just closed fails the request that reuses it.
"""

import asyncio
import functools
import io
import ssl
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.helpers import set_exception
from multidict import CIMultiDict
from yarl import URL

from bursar.domain.refusals import Refusal, UpstreamBroke, UpstreamUnreachable

_LARGE = 1 << 20
_KEPT_S = 30.0
_LONGEST_HEADER = 64 * 1024


@dataclass(slots=True)
class Delivery:
    """How far one request has come: `begun` once it is being written to a connection, `reused` if to a kept one."""

    begun: bool = False
    reused: bool = False


_delivery: ContextVar[Delivery] = ContextVar("delivery")


class ExactHandler(ResponseHandler):
    """aiohttp's side of one connection, strict about what belongs to which answer."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._requests = 0
        self._answers = 0

    def set_response_params(self, **params: Any) -> None:
        delivery = _delivery.get(None)
        if delivery is not None:
            delivery.begun, delivery.reused = True, self._requests > 0
        self._requests += 1
        super().set_response_params(**params)

    def feed_data(self, data: Any, size: int = 0) -> None:
        if data[0].code < 200:
            super().feed_data(data, size)
            return
        self._answers += 1
        if self._answers > self._requests:
            self.force_close()
        else:
            super().feed_data(data, size)

    def data_received(self, data: bytes) -> None:
        payload = self._payload
        if data and self._answers >= self._requests and (payload is None or payload.is_eof()):
            # Nobody asked for these bytes: the connection must not be used again.
            self.force_close()
            if self.transport is not None:
                self.transport.close()
            return
        super().data_received(data)
        error = self._exception
        if error is not None and self._payload is not None and not self._payload.is_eof():
            # The parser gave up in the middle of the answer: whoever reads it must learn of it now.
            set_exception(self._payload, aiohttp.ClientPayloadError("malformed framing"), error)


class Connection:
    """Sends requests to upstreams. Must be made and closed within a running event loop."""

    def __init__(self) -> None:
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEPT_S, ttl_dns_cache=60)
        connector._factory = cast(
            "functools.partial[ResponseHandler]", functools.partial(ExactHandler, loop=asyncio.get_running_loop())
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None),
            max_line_size=_LONGEST_HEADER,
            max_field_size=_LONGEST_HEADER,
        )

    async def send(
        self,
        method: str,
        url: URL,
        headers: CIMultiDict[str],
        body: bytes | None,
        *,
        upstream: str,
        connect_s: float,
        delivery: Delivery,
    ) -> aiohttp.ClientResponse:
        """The answer once its headers are there; redirects are not followed. Raises a Refusal.

        A kept connection that fails before any byte of an answer is replaced by a fresh one, once.
        """
        _delivery.set(delivery)
        timeout = aiohttp.ClientTimeout(total=None, connect=connect_s, sock_connect=connect_s)
        while True:
            data = io.BytesIO(body) if body is not None and len(body) > _LARGE else body
            try:
                return await self._session.request(
                    method, url, data=data, headers=headers, allow_redirects=False, timeout=timeout
                )
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                if not delivery.reused or isinstance(error, aiohttp.ClientConnectorError):
                    raise refusal_of(error, upstream, delivery) from None
                delivery.begun = delivery.reused = False
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                raise refusal_of(error, upstream, delivery) from None

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()


def refusal_of(error: BaseException, upstream: str, delivery: Delivery) -> Refusal:
    """What a transport error means. Its text is never shown: it may hold what was sent."""
    match error:
        case aiohttp.ClientConnectorCertificateError() | ssl.SSLCertVerificationError():
            return _lasting(f"The certificate of upstream {upstream} is not trusted; check its base_url.")
        case aiohttp.ClientConnectorSSLError() | aiohttp.ClientSSLError() | ssl.SSLError():
            return _lasting(f"Upstream {upstream} does not speak TLS at its base_url; is it http, not https?")
        case aiohttp.ClientConnectorDNSError():
            return _lasting(f"The host name of upstream {upstream} does not resolve; check its base_url.")
        case aiohttp.ClientConnectorError():
            return UpstreamUnreachable(
                f"Upstream {upstream} cannot be reached: {error.os_error.strerror or 'refused'}."
            )
        case TimeoutError() if not delivery.begun:
            return UpstreamUnreachable(f"Upstream {upstream} does not accept a connection in time.")
        case aiohttp.ServerDisconnectedError() | OSError():
            return UpstreamBroke(f"Upstream {upstream} closed the connection without an answer.")
        case aiohttp.ClientPayloadError():
            return UpstreamBroke(f"Upstream {upstream} ended its answer in the middle.")
        case _:
            return UpstreamBroke(f"What upstream {upstream} sent is not valid HTTP.")


def _lasting(message: str) -> Refusal:
    """What a second try a moment later does not cure."""
    refusal = UpstreamUnreachable(message)
    refusal.transient = False
    return refusal
