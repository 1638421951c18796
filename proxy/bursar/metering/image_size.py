"""The width and height of an image, read from the first bytes of its file; no image is ever decoded.

Sources: PNG (ISO/IEC 15948) 11.2.2; GIF89a 18; JPEG (ITU-T T.81) B.2.2; WebP container specification.
"""

from binascii import Error, a2b_base64

_HEADER = 1024
_LARGEST_HEADER = 512 * 1024
"""A JPEG states its size behind its metadata, which may hold a whole preview."""

_Size = tuple[int, int] | None
_SIZE_SEGMENTS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def size_of_base64(text: str, start: int = 0) -> _Size:
    """Width and height in pixels of an image given as base64 from `start` on, or None; decodes only its header."""
    header = start_of_base64(text, _HEADER, start)
    size = size_of(header)
    if size is None and header.startswith(b"\xff\xd8"):
        size = size_of(start_of_base64(text, _LARGEST_HEADER, start))
    return size


def start_of_base64(text: str, size: int, start: int = 0) -> bytes:
    """The first `size` bytes, or a few more, of the base64 that begins at `start`; empty where it is none."""
    try:
        return a2b_base64(text[start : start + -(-size // 3) * 4])
    except (Error, ValueError):
        return b""


def size_of(header: bytes) -> _Size:
    """Width and height in pixels that a file's first bytes state, or None."""
    if header.startswith(b"\x89PNG\r\n\x1a\n"):
        size = _number(header, 16, 4), _number(header, 20, 4)
    elif header.startswith((b"GIF87a", b"GIF89a")):
        size = int.from_bytes(header[6:8], "little"), int.from_bytes(header[8:10], "little")
    elif header.startswith(b"\xff\xd8"):
        size = _jpeg(header)
    elif header.startswith(b"RIFF") and header[8:12] == b"WEBP":
        size = _webp(header)
    else:
        return None
    return size if size[0] > 0 and size[1] > 0 else None


def _number(header: bytes, start: int, length: int) -> int:
    return int.from_bytes(header[start : start + length], "big") if len(header) >= start + length else 0


def _jpeg(header: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 <= len(header) and header[at] == 0xFF:
        marker = header[at + 1]
        if marker in _SIZE_SEGMENTS:
            return _number(header, at + 7, 2), _number(header, at + 5, 2)
        if marker == 0xFF:  # fill byte
            at += 1
        elif 0xD0 <= marker <= 0xD8 or marker == 0x01:  # these stand alone
            at += 2
        else:
            at += 2 + max(2, _number(header, at + 2, 2))
    return 0, 0


def _webp(header: bytes) -> tuple[int, int]:
    kind = header[12:16]
    if kind == b"VP8 " and header[23:26] == b"\x9d\x01\x2a":
        return _small(header, 26, 2) & 0x3FFF, _small(header, 28, 2) & 0x3FFF
    if kind == b"VP8L" and header[20:21] == b"\x2f":
        bits = _small(header, 21, 4)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X" and len(header) >= 30:
        return _small(header, 24, 3) + 1, _small(header, 27, 3) + 1
    return 0, 0


def _small(header: bytes, start: int, length: int) -> int:
    return int.from_bytes(header[start : start + length], "little")
