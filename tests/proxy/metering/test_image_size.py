"""Sizes of images, read from real files and from damaged ones."""

import base64
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Picture

from bursar.metering.image_size import size_of, size_of_base64, start_of_base64

FORMATS = [
    ("PNG", {}),
    ("GIF", {}),
    ("JPEG", {}),
    ("JPEG", {"progressive": True}),
    ("WEBP", {"lossless": True}),
    ("WEBP", {"quality": 80}),
    ("WEBP", {"quality": 80, "exif": b"Exif\0\0" + bytes(64)}),
]


def file_of(kind: str, size: tuple[int, int], **settings: object) -> bytes:
    target = io.BytesIO()
    Picture.new("RGB", size, (200, 30, 90)).save(target, kind, **settings)
    return target.getvalue()


@pytest.mark.parametrize(("kind", "settings"), FORMATS)
@pytest.mark.parametrize("size", [(1, 1), (640, 480), (31, 4097)])
def test_the_size_is_in_the_first_bytes(kind: str, settings: dict[str, object], size: tuple[int, int]) -> None:
    content = file_of(kind, size, **settings)
    assert size_of(content[:1024]) == size
    assert size_of_base64(base64.b64encode(content).decode()) == size


def test_a_jpeg_may_state_its_size_behind_a_preview() -> None:
    content = file_of("JPEG", (800, 600), exif=b"Exif\0\0" + bytes(60_000))
    assert size_of(content[:1024]) is None
    text = base64.b64encode(content).decode()
    assert size_of_base64("data:image/jpeg;base64," + text, 23) == (800, 600)


def test_a_jpeg_may_have_fill_bytes_and_markers_that_stand_alone() -> None:
    content = file_of("JPEG", (33, 44))
    assert size_of(b"\xff\xd8\xff\xff\xff\x01\xff\xd0" + content[2:]) == (33, 44)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"no image",
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n" + bytes(16),
        b"GIF89a\x00\x00\x05\x00",
        b"\xff\xd8\xff",
        b"\xff\xd8" + b"\xff\xe0\x00\x00" * 10,
        b"RIFF\0\0\0\0WEBPVP8 ",
        b"RIFF\0\0\0\0WAVEfmt ",
    ],
)
def test_without_a_size_there_is_none(header: bytes) -> None:
    assert size_of(header) is None


@given(
    st.sampled_from([b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8", b"RIFF1234WEBPVP8X", b""]), st.binary(max_size=80)
)
def test_damaged_files_have_a_size_or_none(magic: bytes, rest: bytes) -> None:
    size = size_of(magic + rest)
    assert size is None or (size[0] > 0 and size[1] > 0)


@given(st.text(max_size=40), st.integers(0, 50))
def test_what_is_no_base64_has_no_size(text: str, start: int) -> None:
    assert isinstance(start_of_base64(text, 30, start), bytes)
    assert size_of_base64(text, start) is None


def test_only_the_header_is_decoded() -> None:
    assert len(start_of_base64("QUJD" * 1_000_000, 1024)) <= 1026
