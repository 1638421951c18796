"""Faults of grammar that are none: server-sent events in every form that the standard allows."""

from collections.abc import Callable

from bursar.practice.faults.fault import Fault, Mark, Play, Stage, with_text
from bursar.practice.tally import Ending
from bursar.practice.wire import DONE

WHERE = "SSE grammar"
WIDE_TEXT = " naïve — 世界 🙂 ßçñ"
"""Text with characters of two, three and four bytes."""
_BETWEEN_PACKETS_S = 0.002
_PACKET = 3
"""Bytes in a packet that splits what it carries: fewer than the widest characters have."""
_SPLIT = 12
"""So many events are each cut in two."""

Form = Callable[[bytes], bytes]
"""How one payload is written."""


def _payloads(stage: Stage) -> list[bytes]:
    last = [stage.usage_event] if stage.wants_usage else []
    return [event.payload for event in (*stage.events, *last)] + [b"[DONE]"]


def _written(form: Form, before: bytes = b"") -> Play:
    """Plays every event in this form."""

    async def play(stage: Stage) -> None:
        stage.begin()
        if before:
            await stage.say(before)
        await stage.tell_as([form(payload) for payload in _payloads(stage)], stage.events)
        stage.end()

    return play


def _with_fields(payload: bytes) -> bytes:
    return b"id: 1\nevent: message\nretry: 3000\nunknown: field\ndata: %b\n\n" % payload


def _with_comments(payload: bytes) -> bytes:
    return b": OPENROUTER PROCESSING\n\n:\n\ndata: %b\n: still here\n\n" % payload


def _over_lines(payload: bytes) -> bytes:
    """The standard joins the data lines of an event with a newline, which JSON allows after a comma."""
    if payload == b"[DONE]":
        return DONE
    first, second, third = (payload.split(b',"', 2) + [b"", b""])[:3]
    if not third:
        return b"data: %b\n\n" % payload
    return b'data: %b,\ndata: "%b,\ndata: "%b\n\n' % (first, second, third)


async def split_characters(stage: Stage) -> None:
    opened, spoken, *rest = stage.events
    stage.begin()
    await stage.tell([opened])
    line = b"data: %b\n\n" % with_text(spoken, WIDE_TEXT).payload
    before, wide, after = line.partition(WIDE_TEXT.encode())
    for packet in (before, *(wide[start : start + _PACKET] for start in range(0, len(wide), _PACKET)), after):
        await stage.say(packet)
        await stage.pause(_BETWEEN_PACKETS_S)
    stage.sent([spoken])
    await stage.tell(rest)
    stage.done()


async def split_lines(stage: Stage) -> None:
    stage.begin()
    for number, event in enumerate(stage.events[:_SPLIT]):
        line = b"data: %b\n\n" % event.payload
        # In turn inside `data:`, after it, inside the JSON, and between the two ends of line.
        cut = (3, 5, len(line) // 2, len(line) - 1)[number % 4]
        await stage.say(line[:cut])
        await stage.pause(_BETWEEN_PACKETS_S)
        await stage.say(line[cut:])
        await stage.pause(_BETWEEN_PACKETS_S)
    stage.sent(stage.events[:_SPLIT])
    await stage.tell(stage.events[_SPLIT:])
    stage.done()


async def one_packet(stage: Stage) -> None:
    whole = b"".join([b"data: %b\n\n" % payload for payload in _payloads(stage)])
    stage.begin(length=len(whole))
    stage.wire.send(whole)
    stage.sent(stage.events)
    stage.ended(Ending.ANSWERED)


def _fault(name: str, does: str, play: Play) -> Fault:
    return Fault(f"fault-{name}", WHERE, Mark.RELAY, None, does, play)


FAULTS = (
    _fault("crlf", "ends its lines with CR LF", _written(lambda payload: b"data: %b\r\n\r\n" % payload)),
    _fault("cr", "ends its lines with CR alone", _written(lambda payload: b"data: %b\r\r" % payload)),
    _fault(
        "bom", "begins with a byte order mark", _written(lambda payload: b"data: %b\n\n" % payload, b"\xef\xbb\xbf")
    ),
    _fault("nospace", "writes `data:` without a space", _written(lambda payload: b"data:%b\n\n" % payload)),
    _fault("comments", "writes comments between events and inside them", _written(_with_comments)),
    _fault("fields", "writes `event:`, `id:`, `retry:` and unknown fields", _written(_with_fields)),
    _fault("multiline", "writes one object over several `data:` lines", _written(_over_lines)),
    _fault("split-utf8", "sends packets that end inside a character", split_characters),
    _fault("split-data", "sends packets that end inside `data:` and anywhere else", split_lines),
    _fault("one-packet", "sends the whole stream in one packet, with its Content-Length", one_packet),
)
