"""How long a sound lasts, from the first bytes of its file and its size; no sound is ever decoded.

Sources: RIFF WAVE, "fmt " chunk; MPEG audio frame header (ISO/IEC 11172-3 2.4.2.3, 13818-3), with the Xing tag that
encoders put into the first frame where the bit rate varies; FLAC, STREAMINFO (RFC 9639); ID3v2, the tag's header.
"""

SLOWEST_BYTES_PER_SECOND = 1_000
"""What is taken where the file does not tell: the least bit rate of MPEG audio, so that the length is a bound."""

_LONGEST_MS = 24 * 3600 * 1000
_KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_HERTZ = (44_100, 48_000, 32_000)
_FASTEST_MPEG = 40_000
"""Bytes per second at the highest bit rate: whatever a file says, it is no shorter than that."""


def tag_length(header: bytes) -> int:
    """The bytes of the tag that a file begins with, which is no sound; 0 without one. A picture may make it long."""
    if not header.startswith(b"ID3") or len(header) < 10:
        return 0
    return 10 + (header[6] << 21 | header[7] << 14 | header[8] << 7 | header[9])


def milliseconds(header: bytes, size: int) -> int:
    """The length in ms of a sound file of `size` bytes that begins with `header`, behind its tag; at least 1, at most
    a day."""
    stated = _wave(header, size) or _flac(header, size) or _mpeg(header, size)
    return min(max(1, stated or _at(SLOWEST_BYTES_PER_SECOND, size)), _LONGEST_MS)


def _at(rate: int, size: int) -> int:
    """Milliseconds of so many bytes at so many a second."""
    return -(-size * 1000 // rate)


def _wave(header: bytes, size: int) -> int:
    """Of a WAVE file, 0 for any other. It states its bytes per second twice, and the lower figure counts."""
    at = header.find(b"fmt ") if header.startswith(b"RIFF") and header[8:12] == b"WAVE" else -1
    if at < 0:
        return 0
    stated = int.from_bytes(header[at + 16 : at + 20], "little")
    samples = int.from_bytes(header[at + 12 : at + 16], "little") * int.from_bytes(header[at + 20 : at + 22], "little")
    rates = [rate for rate in (stated, samples) if rate]
    return _at(min(rates), size) if rates else 0


def _flac(header: bytes, size: int) -> int:
    """Of a FLAC file, 0 for any other. It is never longer than the same sound not compressed."""
    if not header.startswith(b"fLaC") or len(header) < 26:
        return 0
    packed = int.from_bytes(header[18:26], "big")
    hertz, channels, bits, samples = packed >> 44, (packed >> 41 & 7) + 1, (packed >> 36 & 31) + 1, packed & 2**36 - 1
    if not hertz or not samples:
        return 0
    return max(-(-samples * 1000 // hertz), _at(-(-hertz * channels * bits // 8), size))


def _mpeg(header: bytes, size: int) -> int:
    """Of an MPEG layer III file, 0 for any other."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return 0
    first = header[1] & 0x18 == 0x18
    kbits, index, hertz = (_KBITS_1 if first else _KBITS_2), header[2] >> 4, header[2] >> 2 & 3
    if not 0 < index < len(kbits) or hertz == len(_HERTZ):
        return 0
    frames = _frames(header, first)
    if not frames:
        return _at(kbits[index] * 125, size)
    halved = 0 if first else 1 if header[1] & 0x18 == 0x10 else 2
    return max(frames * (1152 if first else 576) * 1000 // (_HERTZ[hertz] >> halved), _at(_FASTEST_MPEG, size))


def _frames(header: bytes, first: bool) -> int:
    """How many frames the first one says that there are; 0 where the bit rate does not vary, or it says nothing."""
    alone = header[3] >> 6 == 3
    tag = header[4 + ((17 if alone else 32) if first else 9 if alone else 17) :][:12]
    return int.from_bytes(tag[8:12], "big") if tag[:4] == b"Xing" and len(tag) == 12 and tag[7] & 1 else 0
