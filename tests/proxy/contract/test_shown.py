"""Nothing hostile passes `shown`, and nothing harmless is changed by it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.contract.shown import shown

HOSTILE = {
    "clear the screen": ("\x1b[2J\x1b[H", "␛[2J␛[H"),
    "write the clipboard": ("\x1b]52;c;aGk=\x07", "␛]52;c;aGk=␇"),
    "set the title": ("\x1b]0;mine\x1b\\", "␛]0;mine␛\\"),
    "a link that lies": ("\x1b]8;;http://x\x1b\\safe", "␛]8;;http://x␛\\safe"),
    "one-byte control sequence": ("\x9b31m", "\\x9b31m"),
    "one-byte system command": ("\x9d0;x\x9c", "\\x9d0;x\\x9c"),
    "device control string": ("\x90q\x9c", "\\x90q\\x9c"),
    "overwrite the line": ("safe\rrm -rf", "safe␍rm -rf"),
    "a second line": ("a\nb", "a␊b"),
    "a tab": ("a\tb", "a␉b"),
    "backspaces": ("ab\b\bcd", "ab␈␈cd"),
    "a NUL": ("a\0b", "a␀b"),
    "a DEL": ("a\x7fb", "a␡b"),
    "next line": ("a\x85b", "a\\x85b"),
    "text turned around": ("a\u202etxt.exe", "a\\u202etxt.exe"),
    "an isolate": ("\u2066a\u2069", "\\u2066a\\u2069"),
    "line separator": ("a\u2028b", "a\\u2028b"),
    "zero width": ("lap\u200btop", "lap\\u200btop"),
    "byte order mark": ("\ufefflaptop", "\\ufefflaptop"),
    "hidden tags": ("hi\U000e0041", "hi\\U000e0041"),
    "half a character": ("a\udc80b", "a\\udc80b"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_acts_becomes_visible(name: str) -> None:
    text, visible = HOSTILE[name]
    assert shown(text) == visible


@pytest.mark.parametrize("text", ["gpt-4.1", "[bold]not markup[/bold]", "größer", "额度", "👩‍🔬", "می‌خواهم", "a b"])
def test_what_is_harmless_stays(text: str) -> None:
    assert shown(text) == text


@given(st.text(alphabet=st.characters(codec=None)))
def test_nothing_that_comes_out_can_act(text: str) -> None:
    visible = shown(text)
    assert not [c for c in visible if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    assert not [
        c
        for c in visible
        if unicodedata.bidirectional(c) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    ]
    assert shown(visible) == visible
    visible.encode("utf-8")
