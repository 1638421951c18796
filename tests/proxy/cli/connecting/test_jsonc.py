"""JSON with comments: one value set, everything else left as it is to the byte."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.cli.connecting.jsonc import read, with_value
from bursar.config.document import CannotEdit

SETTINGS = """\
// Settings of mine
{
    "theme": "One Dark", // dark
    /* fonts */
    "buffer_font_size": 14,
    "language_models": {
        "ollama": { "api_url": "http://localhost:11434" }, // local
    },
}
"""


def test_a_new_member_goes_behind_the_last_one_and_comments_stay() -> None:
    changed = with_value(SETTINGS, ("language_models", "openai_compatible", "Bursar"), {"api_url": "x", "n": [1]})
    assert changed == SETTINGS.replace(
        '11434" }, // local\n',
        """11434" }, // local
        "openai_compatible": {
            "Bursar": {
                "api_url": "x",
                "n": [
                    1
                ]
            }
        }
""",
    )


def test_a_value_that_is_there_is_replaced_in_its_place() -> None:
    assert with_value(SETTINGS, ("buffer_font_size",), 15) == SETTINGS.replace(": 14,", ": 15,")
    assert with_value(SETTINGS, ("theme",), "Ünï") == SETTINGS.replace("One Dark", "Ünï")


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("", '{\n  "a": 1\n}\n'),
        ("{}", '{\n  "a": 1\n}'),
        ('{"b": 2}', '{"b": 2,\n  "a": 1\n}'),
        ("{ // nothing yet\n}\n", '{ // nothing yet\n  "a": 1\n}\n'),
        ('{\r\n\t"b": 2\r\n}', '{\r\n\t"b": 2,\r\n\t"a": 1\r\n}'),
        ('\ufeff{\n  "b": 2\n}', '\ufeff{\n  "b": 2,\n  "a": 1\n}'),
        ('{\n  "b": "}, // no comment"\n}', '{\n  "b": "}, // no comment",\n  "a": 1\n}'),
    ],
)
def test_small_files_of_every_form(text: str, changed: str) -> None:
    assert with_value(text, ("a",), 1) == changed


@pytest.mark.parametrize(
    "text", ["[]", '"x"', '{"a"', '{"a": }', '{"a": 1 "b": 2}', "{'a': 1}", '{"a": 1} {}', "{a: 1}", '{"x": tru}', "/*"]
)
def test_what_is_no_object_of_settings_is_not_touched(text: str) -> None:
    with pytest.raises(CannotEdit):
        with_value(text, ("n",), 1)


def test_a_path_through_what_is_no_object_and_a_name_given_twice_are_not_touched() -> None:
    with pytest.raises(CannotEdit):
        with_value('{"a": 1}', ("a", "b"), 1)
    with pytest.raises(CannotEdit):
        read("[" * 500)
    assert json.loads(with_value('{"a": 1, "a": 2}', ("a",), 3))["a"] == 3


names = st.text(min_size=1, max_size=5)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(names, values, max_size=4), st.lists(names, min_size=1, max_size=3), values)
def test_whatever_is_set_can_be_read_again(before: dict[str, object], path: list[str], value: object) -> None:
    text = json.dumps(before, indent=2)
    try:
        changed = with_value(text, tuple(path), value)
    except CannotEdit:
        inside: object = before
        for part in path[:-1]:
            inside = inside.get(part, {}) if isinstance(inside, dict) else inside
        assert not isinstance(inside, dict)
        return
    found = read(changed)
    for part in path:
        found = found[part]
    assert found == value
    assert {name: each for name, each in read(changed).items() if name != path[0]} == {
        name: each for name, each in before.items() if name != path[0]
    }
