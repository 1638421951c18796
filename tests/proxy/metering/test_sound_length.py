"""How long sounds last, told from their headers."""

import io
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.metering.sound_length import SLOWEST_BYTES_PER_SECOND, milliseconds


def wave_file(seconds: int, rate: int) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(bytes(2 * rate * seconds))
    return target.getvalue()


@pytest.mark.parametrize("rate", [8_000, 24_000, 44_100])
def test_a_wave_file_states_its_rate(rate: int) -> None:
    content = wave_file(3, rate)
    assert milliseconds(content[:64], len(content)) == pytest.approx(3000, abs=5)


def test_an_mp3_states_its_bit_rate_behind_its_tags() -> None:
    frame = b"\xff\xfb\x90\x00"  # MPEG 1, layer III, 128 kbit/s
    tagged = b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10) + frame
    for header in (frame, tagged):
        assert milliseconds(header, 160_000) == 10_000
    assert milliseconds(b"\xff\xf3\x40\xc4", 80_000) == 20_000, "MPEG 2, 32 kbit/s"


@pytest.mark.parametrize(
    "header", [b"", b"OggS", b"fLaC", b"ID3", b"\xff\xfb\xf0\x00", b"\xff\xfb\x00\x00", b"RIFF1234WAVE"]
)
def test_where_the_file_does_not_tell_the_length_is_a_bound(header: bytes) -> None:
    assert milliseconds(header, 5 * SLOWEST_BYTES_PER_SECOND) == 5_000


@given(st.binary(max_size=64), st.integers(0, 2**40))
def test_any_file_has_some_length(header: bytes, size: int) -> None:
    assert 1 <= milliseconds(header, size) <= 86_400_000
