"""Reading a request's body within a size and a time."""

import asyncio

from aiohttp import web

from bursar.domain.refusals import BadRequest, BodyTooLarge, BodyTooSlow, Refusal

SLOWEST_BYTES_PER_S = 32_768
"""A body that comes slower than this for longer than its time is given up."""


class NoRoom(Refusal):
    """So much is arriving at once that no more is taken."""

    status, code, type, may_retry = 503, "too_much_arriving", "api_error", True


class Room:
    """What all bodies together may take while they arrive: many, each within its limit, would take all memory."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._taken = 0

    def take(self, size: int, most_of_one: int) -> None:
        """More has arrived. Raises NoRoom, but never because two of the largest bodies arrive."""
        if self._taken + size > max(self._most, 2 * most_of_one):
            raise NoRoom("too many large requests are arriving at once; send this one again in a moment")
        self._taken += size

    def give(self, size: int) -> None:
        """So much of it has arrived whole, or will not."""
        self._taken -= size


async def read_body(request: web.BaseRequest, *, most_bytes: int, time_s: float, room: Room | None = None) -> bytes:
    """The whole body, as it was sent.

    `time_s` is what any body has; each 32 KiB that came give it another second. Raises
    BodyTooLarge (before reading, where the length is announced), BodyTooSlow, NoRoom, and BadRequest
    where the body is not well-formed.
    """
    content = request.content
    if content.is_eof() and content.exception() is None:
        # All of it came with its header, as small bodies do, or there is none: there is nothing to wait for.
        whole = content.read_nowait()
        if len(whole) > most_bytes:
            raise _too_large(most_bytes)
        return whole
    if request.content_length is not None and request.content_length > most_bytes:
        raise _too_large(most_bytes)
    parts: list[bytes] = []
    room = room or Room(most_bytes)
    loop = asyncio.get_running_loop()
    started, size, taken = loop.time(), 0, 0
    try:
        async with asyncio.timeout_at(started + time_s) as limit:
            while part := await content.readany():
                parts.append(part)
                size += len(part)
                if size > most_bytes:
                    raise _too_large(most_bytes)
                room.take(len(part), most_bytes)
                taken = size
                limit.reschedule(started + time_s + size / SLOWEST_BYTES_PER_S)
    except TimeoutError:
        raise BodyTooSlow("the request's body did not arrive in time") from None
    except web.RequestPayloadError:
        raise BadRequest("the request's body is not well-formed") from None
    finally:
        room.give(taken)
    return b"".join(parts)


def _too_large(most_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"the request's body is larger than {most_bytes:,} bytes")
