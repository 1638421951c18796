"""How long sounds last, told from their headers."""

import io
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.metering.sound_length import SLOWEST_BYTES_PER_SECOND, milliseconds, tag_length


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


def test_a_wave_file_that_lies_about_one_of_its_rates_lasts_no_less() -> None:
    content = bytearray(wave_file(3, 8_000))
    content[28:32] = (2**32 - 1).to_bytes(4, "little")
    assert milliseconds(bytes(content[:64]), len(content)) == pytest.approx(3000, abs=5)


def test_an_mp3_states_its_bit_rate() -> None:
    assert milliseconds(b"\xff\xfb\x90\x00", 160_000) == 10_000, "MPEG 1, 128 kbit/s"
    assert milliseconds(b"\xff\xf3\x40\xc4", 80_000) == 20_000, "MPEG 2, 32 kbit/s"


@pytest.mark.parametrize(
    ("head", "side", "hertz", "samples"),
    [
        (b"\xff\xfb\x90\x00", 32, 44_100, 1152),
        (b"\xff\xfb\x94\xc0", 17, 48_000, 1152),
        (b"\xff\xf3\x48\xc4", 9, 16_000, 576),
        (b"\xff\xe3\x48\x04", 17, 8_000, 576),
    ],
)
def test_an_mp3_whose_bit_rate_varies_states_its_frames(head: bytes, side: int, hertz: int, samples: int) -> None:
    frames = 10 * hertz // samples
    header = head + bytes(side) + b"Xing\x00\x00\x00\x0f" + frames.to_bytes(4, "big")
    assert milliseconds(header, 50_000) == pytest.approx(10_000, rel=0.01)
    none = head + bytes(side) + b"Xing\x00\x00\x00\x0f" + bytes(3) + b"\x01"
    assert milliseconds(none, 400_000) == 10_000, "no file is shorter than at the highest bit rate"


def test_a_flac_file_states_its_samples() -> None:
    def flac(samples: int) -> bytes:
        packed = 16_000 << 44 | 0 << 41 | 15 << 36 | samples
        return b"fLaC\x00\x00\x00\x22" + bytes(10) + packed.to_bytes(8, "big") + bytes(16)

    assert milliseconds(flac(160_000), 200_000) == 10_000
    assert milliseconds(flac(1), 320_000) == 10_000, "no file is shorter than the same sound not compressed"
    assert milliseconds(flac(0), 3 * SLOWEST_BYTES_PER_SECOND) == 3_000, "it may leave that open"


def test_a_tag_before_the_sound_is_none() -> None:
    assert tag_length(b"ID3\x04\x00\x00\x00\x00\x02\x0a") == 10 + 256 + 10
    assert tag_length(b"\xff\xfb\x90\x00") == tag_length(b"ID3") == tag_length(b"") == 0


@pytest.mark.parametrize(
    "header", [b"", b"OggS", b"fLaC", b"ID3", b"\xff\xfb\xf0\x00", b"\xff\xfb\x00\x00", b"RIFF1234WAVE"]
)
def test_where_the_file_does_not_tell_the_length_is_a_bound(header: bytes) -> None:
    assert milliseconds(header, 5 * SLOWEST_BYTES_PER_SECOND) == 5_000


@given(
    st.builds(
        bytes.__add__,
        st.sampled_from([b"", b"RIFF1234WAVEfmt ", b"fLaC", b"\xff\xfb\x90", b"ID3"]),
        st.binary(max_size=64),
    ),
    st.integers(0, 2**40),
)
def test_any_file_has_some_length(header: bytes, size: int) -> None:
    assert 1 <= milliseconds(header, size) <= 86_400_000
