"""Anyone behind `/chat/completions` and a bearer key."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import suppress
from types import TracebackType
from typing import ClassVar

from multidict import CIMultiDict
from yarl import URL

from bursar.config.schema import Times
from bursar.domain.clock import Clock
from bursar.domain.refusals import Refusal, UpstreamBroke
from bursar.upstreams.balance import NEW_API_TOKEN, ONE_API_BILLING, BalanceCall
from bursar.upstreams.classify import Row, classify, hidden_error
from bursar.upstreams.connection import Address, Connection, Delivery, address, broken
from bursar.upstreams.inflate import Inflater, NotCompressed
from bursar.upstreams.upstream import PassOn
from bursar.upstreams.wire import Response, WireFailed

USER_AGENT = "Mozilla/5.0 (compatible; Bursar; +local proxy)"
"""Some vendors' edges refuse what they do not take for an ordinary program."""

_LONGEST_ERROR = 64 * 1024
_PASSED_ON = frozenset(
    ("x-request-id", "openai-version", "openai-processing-ms", "x-web-search-used", "x-web-search-count")
)
_PASSED_ON_PREFIX = "x-ratelimit-"


_LEAST_OF_A_KEY = 3
"""So few characters of a key, as `sk-`, tell nothing of it."""


class OpenAiCompatible:
    """An upstream that speaks OpenAI's grammar. `secret` is the bearer key, or empty where none is needed.

    What a kind has of its own: `rows` for reading its noes, `pause_s` to leave it alone after a 429 that does
    not say how long, the calls for its balance, headers, and where it lists its models: the first of
    `listing_paths` that answers, from the root of its host (empty: `/models` below the base URL).
    """

    rows: ClassVar[tuple[Row, ...]] = ()
    pause_s: ClassVar[int | None] = None
    balance_calls: ClassVar[tuple[BalanceCall, ...]] = (NEW_API_TOKEN, ONE_API_BILLING)
    own_headers: ClassVar[tuple[tuple[str, str], ...]] = ()
    listing_paths: ClassVar[tuple[str, ...]] = ("",)

    def __init__(
        self,
        name: str,
        kind: str,
        base_url: str,
        secret: str,
        connection: Connection,
        clock: Clock,
        *,
        times: Times,
        user_agent: str = "",
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        self.name = name
        self.kind = kind
        self.base_url = base_url
        self.times = times
        self._secret = secret
        self._connection = connection
        self._clock = clock
        self._headers = CIMultiDict((*self.own_headers, *headers))
        self._headers["Content-Type"] = "application/json"
        self._headers["Accept-Encoding"] = "identity"
        self._headers["User-Agent"] = user_agent or USER_AGENT
        if secret:
            self._headers["Authorization"] = f"Bearer {secret}"
        self._addresses: dict[str, Address] = {}

    def open(self, path: str, body: bytes) -> "HttpOpening":
        """Prepare to send `body` to `path` below the base URL."""
        to = self._addresses.get(path)
        if to is None:
            to = self._addresses[path] = address("POST", URL(self.base_url + path), self._headers)
        return HttpOpening(self, to, body)

    def send(self, to: Address, body: bytes | None, delivery: Delivery) -> Coroutine[None, None, Response]:
        """The upstream's answer, whatever its status."""
        return self._connection.send(to, body, upstream=self.name, connect_s=self.times.connect_s, delivery=delivery)

    @property
    def listing_urls(self) -> tuple[URL, ...]:
        """Where it may list its models, in the order to ask."""
        root = URL(self.base_url)
        return tuple(root.with_path(path) if path else URL(f"{self.base_url}/models") for path in self.listing_paths)

    async def get(self, url: URL) -> Response:
        """The upstream's answer to a question that costs nothing, whatever its status."""
        headers = self._headers.copy()
        del headers["Content-Type"]
        headers["Accept"] = "application/json"
        return await self.send(address("GET", url, headers), None, Delivery())

    def refusal(self, response: Response, body: bytes) -> Refusal:
        """What an answer with a status other than 2xx means."""
        now_s = self._clock.now_ms() / 1000
        return self.scrubbed(
            classify(
                response.status,
                response.headers,
                body,
                upstream=self.name,
                now_s=now_s,
                rows=self.rows,
                pause_s=self.pause_s,
            )
        )

    def scrubbed(self, refusal: Refusal) -> Refusal:
        """The refusal without our key, which vendors echo in their errors."""
        if self._secret:
            refusal.message = self.cleared(refusal.message)
            refusal.code, refusal.type = self.cleared(refusal.code), self.cleared(refusal.type)
            refusal.param = self.cleared(refusal.param) if refusal.param else refusal.param
            refusal.args = (refusal.message,)
        return refusal

    def cleared(self, text: str) -> str:
        """A vendor's text without our key in it, also where the text was cut in the middle of one."""
        if not self._secret:
            return text
        text = text.replace(self._secret, "[key]")
        if text.endswith("…"):
            for length in range(min(len(self._secret), len(text)) - 1, _LEAST_OF_A_KEY, -1):
                if text.endswith(self._secret[:length] + "…"):
                    return text[: -length - 1] + "[key]…"
        return text


class HttpOpening:
    """One request to an upstream; see `upstream.Opening`."""

    def __init__(self, upstream: OpenAiCompatible, to: Address, body: bytes) -> None:
        self._upstream = upstream
        self._to = to
        self._body = body
        self._delivery = Delivery()
        self._response: Response | None = None

    @property
    def delivered(self) -> bool:
        return self._delivery.begun

    async def __aenter__(self) -> "HttpAnswer":
        response = await self._upstream.send(self._to, self._body, self._delivery)
        self._response = response
        try:
            answer = HttpAnswer(response, self._upstream)
            if 200 <= response.status < 300:
                return answer
            body = await answer.read_error()
        except BaseException:
            response.close()
            raise
        response.close()
        raise self._upstream.refusal(response, body)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._response is not None:
            # Only an answer that was read to its exact end leaves its connection fit for another.
            self._response.close()
        if isinstance(error, Refusal):
            self._upstream.scrubbed(error)


class HttpAnswer:
    """An answer over HTTP; see `upstream.Answer`."""

    def __init__(self, response: Response, upstream: OpenAiCompatible) -> None:
        headers = response.headers
        self._response = response
        self._upstream = upstream
        encoding = headers.get("Content-Encoding")
        self._plain = self._inflated(encoding.lower()) if encoding else None
        self.status = response.status
        self.streams = headers.get("Content-Type", "").lower().startswith("text/event-stream")
        self.model = headers.get("X-Actual-Model", "")

    @property
    def headers(self) -> dict[str, str]:
        passed_on = {}
        for name, value in self._response.headers.items():
            plain_name = name.lower()
            if plain_name in _PASSED_ON or plain_name.startswith(_PASSED_ON_PREFIX):
                passed_on[name] = self._upstream.cleared(value)
        return passed_on

    @property
    def ended(self) -> bool:
        return self._plain is None and self._response.ended

    async def read(self, pass_on: PassOn | None = None) -> bytes:
        """The next bytes, inflated where they came compressed, empty at the end. Raises a Refusal.

        What has to be inflated is offered to nobody.
        """
        try:
            if self._plain is None:
                return await self._response.read(pass_on)
            return await anext(self._plain, b"")
        except NotCompressed:
            raise UpstreamBroke(
                f"Upstream {self._upstream.name} sent an answer that is not compressed as it says."
            ) from None
        except WireFailed as failed:
            raise broken(failed, self._upstream.name) from None

    def no_within(self, body: bytes) -> Refusal | None:
        """An error object, `success: false`, a page or nothing, read as this kind of upstream means it."""
        refusal = hidden_error(body, upstream=self._upstream.name, rows=self._upstream.rows)
        return self._upstream.scrubbed(refusal) if refusal is not None else None

    async def read_error(self) -> bytes:
        """As much of an error's body as anybody reads, or what came of it."""
        body = bytearray()
        with suppress(Refusal):
            while len(body) < _LONGEST_ERROR and (piece := await self.read()):
                body += piece
        return bytes(body[:_LONGEST_ERROR])

    def _inflated(self, encoding: str) -> AsyncIterator[bytes] | None:
        if encoding == "identity":
            return None
        if encoding in ("gzip", "x-gzip", "deflate"):
            return self._inflate()
        raise UpstreamBroke(f"Upstream {self._upstream.name} sent an answer in an encoding that was not asked for.")

    async def _inflate(self) -> AsyncIterator[bytes]:
        inflater = Inflater()
        while piece := await self._response.read():
            for plain in inflater.feed(piece):
                yield plain
                # What inflates a thousandfold must not keep everybody else waiting.
                await asyncio.sleep(0)
