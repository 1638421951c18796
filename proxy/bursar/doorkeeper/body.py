"""Reading a request's body within a size and a time."""

import asyncio

from aiohttp import web

from bursar.domain.refusals import BadRequest, BodyTooLarge, BodyTooSlow

SLOWEST_BYTES_PER_S = 32_768
"""A body that comes slower than this for longer than its time is given up."""


async def read_body(request: web.BaseRequest, *, most_bytes: int, time_s: float) -> bytes:
    """The whole body, as it was sent.

    `time_s` is what any body has; each 32 KiB that came give it another second. Raises
    BodyTooLarge (before reading, where the length is announced), BodyTooSlow, and BadRequest where
    the body is not well-formed.
    """
    if request.content_length is not None and request.content_length > most_bytes:
        raise _too_large(most_bytes)
    if not request.body_exists:
        return b""
    content = request.content
    if content.is_eof() and content.exception() is None:
        # All of it came with its header, as small bodies do: there is nothing to wait for.
        whole = content.read_nowait()
        if len(whole) > most_bytes:
            raise _too_large(most_bytes)
        return whole
    body = bytearray()
    loop = asyncio.get_running_loop()
    started = loop.time()
    try:
        async with asyncio.timeout_at(started + time_s) as limit:
            while part := await content.readany():
                body += part
                if len(body) > most_bytes:
                    raise _too_large(most_bytes)
                limit.reschedule(started + time_s + len(body) / SLOWEST_BYTES_PER_S)
    except TimeoutError:
        raise BodyTooSlow("the request's body did not arrive in time") from None
    except web.RequestPayloadError:
        raise BadRequest("the request's body is not well-formed") from None
    return bytes(body)


def _too_large(most_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"the request's body is larger than {most_bytes:,} bytes")
