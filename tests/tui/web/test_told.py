"""Told: what a page may say of its tab."""

import pytest

from bursar_tui.web.told import Opens, Resizes, Shows, size_of, told


def test_what_there_is_to_say() -> None:
    assert told('{"type":"opens","columns":80,"rows":24,"dark":true}') == Opens(80, 24, True)
    assert told('{"type":"resizes","columns":120,"rows":40}') == Resizes(120, 40)
    assert told('{"type":"shows","visible":false}') == Shows(False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"type":"quit"}',
        '{"type":"opens","columns":"80","rows":24,"dark":true}',
        '{"type":"shows","visible":true,"x":1}',
    ],
)
def test_all_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="."):
        told(text)


def test_no_size_is_too_large_or_too_small_to_draw() -> None:
    assert size_of(Resizes(10**9, -5)) == (500, 1)
