"""A list with other items keeps what is said beside those that stay."""

import tomllib

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st
from tomlkit.items import Array

from bursar.config.listing import relisted


def array(text: str) -> Array:
    found = tomlkit.parse(f"x = {text}\n")["x"]
    assert isinstance(found, Array)
    return found


def test_an_item_takes_its_comments_with_it() -> None:
    old = array("[\n  # the best\n  \"a\",  # paid\n  'b'\n  # no more\n]")
    kept = relisted(old, ["b", "c", "a"])
    assert kept is not None
    assert kept.as_string() == '[\n  "b",\n  "c",\n  # the best\n  "a",  # paid\n  # no more\n]'


def test_a_retry_is_listed_twice() -> None:
    kept = relisted(array('[\n  "a", # one\n  "a", # two\n]'), ["a", "b", "a"])
    assert kept is not None
    assert kept.as_string() == '[\n  "a", # one\n  "b",\n  "a", # two\n]'


@pytest.mark.parametrize("text", ['["a", "b"]', '[ # all\n "a",\n]', '[\n "a", "b",\n]', '[\n ["a"],\n]', "[]", "[\n]"])
def test_what_is_written_otherwise_is_written_anew(text: str) -> None:
    assert relisted(array(text), ["x"]) is None


def test_the_ends_of_lines_stay_what_they_are() -> None:
    kept = relisted(array('[\r\n  "a", # one\r\n  "b",\r\n]'), ["b", "a"])
    assert kept is not None
    assert kept.as_string() == '[\r\n  "b",\r\n  "a", # one\r\n]'


_items = st.lists(st.text(st.characters(codec="utf-8"), max_size=8) | st.integers(-9, 9), max_size=5)


@given(_items, _items)
def test_what_comes_of_it_says_just_these_items(before: list[object], after: list[object]) -> None:
    lines = "".join(f"  {tomlkit.item(each).as_string()}, # {place}\n" for place, each in enumerate(before))
    kept = relisted(array(f"[\n{lines}]"), after)
    if kept is not None:
        assert tomllib.loads(f"x = {kept.as_string()}")["x"] == after
