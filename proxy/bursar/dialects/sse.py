"""Server-sent events: bytes in, payloads out, in any legal grammar, and bounded.

Source of the grammar: the WHATWG HTML standard, "Server-sent events". Comments, ids and retry
times are passed over; what matters to us is the data and the event's name.
"""

from typing import NamedTuple

_BOM = b"\xef\xbb\xbf"
_DATA = b"data: "


class LineTooLong(Exception):
    """One event is larger than the limit."""


class Frame(NamedTuple):
    """One event: its data, lines joined, and its name (empty where it has none)."""

    data: bytes
    event: str = ""


class SseReader:
    """Reads a stream piece by piece; an event may be cut anywhere, also inside a character or a line end."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self._size = 0
        self._at_start = True
        self._after_cr = False

    def feed(self, piece: bytes) -> list[Frame]:
        """The events that `piece` completes. Raises LineTooLong when one outgrows the limit."""
        if piece.startswith(_DATA) and not self._pieces and not self._after_cr and b"\r" not in piece:
            whole = self._whole_events(piece)
            if whole is not None:
                return whole
        if self._at_start:
            piece = self._without_bom(piece)
        if self._after_cr or b"\r" in piece:
            piece = self._with_plain_line_ends(piece)
        if not piece:
            return []
        self._pieces.append(piece)
        self._size += len(piece)
        if b"\n\n" not in piece and not self._ends_across(piece):
            self._check(self._size)
            return []
        *blocks, rest = b"".join(self._pieces).split(b"\n\n")
        self._pieces, self._size = ([rest] if rest else []), len(rest)
        self._check(len(rest))
        return [frame for block in blocks if (frame := self._frame(block)) is not None]

    def close(self) -> list[Frame]:
        """What was left when the stream ended: an event that lacks only its empty line."""
        block = b"".join(self._pieces)
        self._pieces, self._size = [], 0
        frame = self._frame(block) if block.strip() else None
        return [frame] if frame is not None else []

    def _whole_events(self, piece: bytes) -> list[Frame] | None:
        """The events of a piece that is nothing but whole ones of a single line of data, as most are; else None."""
        if not piece.endswith(b"\n\n") or len(piece) > self._limit:
            return None
        blocks = piece[len(_DATA) : -2].split(b"\n\n" + _DATA)
        # Whatever else a line end can mean is read in full.
        if piece.count(b"\n") != 2 * len(blocks):
            return None
        self._at_start = False
        return [Frame(block) for block in blocks]

    def _frame(self, block: bytes) -> Frame | None:
        self._check(len(block))
        if block.startswith(_DATA) and b"\n" not in block:
            return Frame(block[len(_DATA) :])
        data: list[bytes] = []
        event = ""
        for line in block.split(b"\n"):
            name, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if name == b"data":
                data.append(value)
            elif name == b"event":
                event = value.decode("utf-8", "replace")
        return Frame(b"\n".join(data), event) if data else None

    def _without_bom(self, piece: bytes) -> bytes:
        whole = b"".join(self._pieces) + piece
        if len(whole) < len(_BOM) and _BOM.startswith(whole):
            self._pieces = [whole]
            return b""
        self._pieces, self._at_start = [], False
        return whole.removeprefix(_BOM)

    def _with_plain_line_ends(self, piece: bytes) -> bytes:
        """CR and CR LF become LF; a CR at the very end counts at once, and its LF is dropped when it comes."""
        if self._after_cr and piece.startswith(b"\n"):
            piece = piece[1:]
            self._after_cr = False
        if piece:
            self._after_cr = piece.endswith(b"\r")
        return piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _ends_across(self, piece: bytes) -> bool:
        return piece.startswith(b"\n") and len(self._pieces) > 1 and self._pieces[-2].endswith(b"\n")

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise LineTooLong(f"an event of more than {self._limit:,} bytes")
