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


_new_frame = tuple.__new__


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
        payloads = self.whole(piece)
        if payloads is not None:
            # What the constructor of a named tuple does, without a call of Python for each event.
            return [_new_frame(Frame, (payload, "")) for payload in payloads]
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

    def whole(self, piece: bytes) -> list[bytes] | None:
        """The data of each event of a piece that is nothing but whole ones of a single line of data, as most are.

        None where it is anything else, or goes on with what came before: then it is to be fed.
        """
        if self._pieces or self._after_cr or not (piece.startswith(_DATA) and piece.endswith(b"\n\n")):
            return None
        payloads = piece[len(_DATA) : -2].split(b"\n\n" + _DATA)
        # Whatever else a line end can mean is read in full.
        if piece.count(b"\n") != 2 * len(payloads) or b"\r" in piece or len(piece) > self._limit:
            return None
        self._at_start = False
        return payloads

    def close(self) -> list[Frame]:
        """What was left when the stream ended: an event that lacks only its empty line."""
        block = b"".join(self._pieces)
        self._pieces, self._size = [], 0
        frame = self._frame(block) if block.strip() else None
        return [frame] if frame is not None else []

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
