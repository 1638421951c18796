"""How long a sound lasts, from the first bytes of its file and its size; no sound is ever decoded.

Sources: RIFF WAVE, "fmt " chunk; MPEG audio frame header (ISO/IEC 11172-3 2.4.2.3, 13818-3).
"""

SLOWEST_BYTES_PER_SECOND = 1_000
"""What is taken where the file does not tell: the least bit rate of MPEG audio, so that the length is a bound."""

_LONGEST_MS = 24 * 3600 * 1000
_KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


def milliseconds(header: bytes, size: int) -> int:
    """The length in ms of a sound file of `size` bytes that begins with `header`; at least 1, at most a day."""
    rate = _wave_rate(header) or _mpeg_rate(header) or SLOWEST_BYTES_PER_SECOND
    return min(max(1, -(-size * 1000 // rate)), _LONGEST_MS)


def _wave_rate(header: bytes) -> int:
    """Bytes per second of a WAVE file, 0 for any other."""
    at = header.find(b"fmt ") if header.startswith(b"RIFF") and header[8:12] == b"WAVE" else -1
    return int.from_bytes(header[at + 16 : at + 20], "little") if at >= 0 else 0


def _mpeg_rate(header: bytes) -> int:
    """Bytes per second of an MPEG layer III file at its first frame, 0 for any other."""
    at = 0
    if header.startswith(b"ID3") and len(header) >= 10:
        at = 10 + (header[6] << 21 | header[7] << 14 | header[8] << 7 | header[9])
    frame = header[at : at + 3]
    if len(frame) < 3 or frame[0] != 0xFF or frame[1] & 0xE6 != 0xE2:
        return 0
    rates, index = (_KBITS_1 if frame[1] & 0x18 == 0x18 else _KBITS_2), frame[2] >> 4
    return rates[index] * 125 if index < len(rates) else 0
