"""Visit: one HTTP request to the practice server, with the way back to whoever made it."""

from collections.abc import Mapping

from aiohttp import web

from bursar.practice.refuse import Declined, error_body, no_balance, wrong_key
from bursar.practice.state import State
from bursar.practice.tally import Serving
from bursar.practice.wire import Wire

LARGEST_BODY = 100_000_000
"""In bytes. Above it a body is refused with 413."""

EARLY = b"fault-early-answer"
"""Found in a part of a body whose rest is still to come, it is answered before that rest is read."""


class EarlyAnswer(Exception):
    """The body asks to be answered before it is read."""


class Visit:
    """One request. `serving` is its place in the tally."""

    __slots__ = ("key", "path", "request", "serving", "state", "wire")

    def __init__(self, request: web.BaseRequest, path: str, key: str, state: State, serving: Serving) -> None:
        self.request = request
        self.path = path
        self.key = key
        self.state = state
        self.serving = serving
        self.wire = Wire(request)

    async def body(self) -> bytes:
        """The whole body. Raises Declined (413) above the limit, and EarlyAnswer."""
        content = self.request.content
        if content.is_eof():
            self.serving.has_body()
            return content.read_nowait()
        parts: list[bytes] = []
        length = 0
        while not content.at_eof():
            part = await content.readany()
            parts.append(part)
            length += len(part)
            if length > LARGEST_BODY:
                self.wire.close()
                raise Declined(413, error_body("Request too large.", "invalid_request_error", "request_too_large"))
            if EARLY in part and not content.is_eof():
                raise EarlyAnswer
        self.serving.has_body()
        return b"".join(parts)

    def authorize(self) -> None:
        """Raises Declined (401) without a key that is accepted."""
        keys = self.state.setup.keys
        if keys is not None and self.key not in keys:
            raise wrong_key(presented=bool(self.key))

    def pay(self) -> None:
        """Raises Declined (402) when the wallet is empty."""
        if self.state.spent_all():
            raise no_balance()


def presented_key(request: web.BaseRequest) -> str:
    """The key of a request, from `Authorization: Bearer`, `x-api-key` or `api-key`, the first that is there; or ''."""
    key = _key(request.headers)
    # A header may hold bytes that are no text; a fault that repeats the key has to write it.
    return key if key.isascii() else key.encode("utf-8", "replace").decode()


def _key(headers: Mapping[str, str]) -> str:
    authorization = headers.get("Authorization")
    if authorization is not None:
        scheme, _, key = authorization.partition(" ")
        return key.strip() if scheme.lower() == "bearer" else authorization
    return headers.get("x-api-key") or headers.get("api-key") or ""
