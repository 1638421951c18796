"""Values as people type and read them in a line, and as TOML has them."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.contract.configuration import SettingView
from bursar_tui.toml_values import as_toml, as_typed, key_of, typed_value

_texts = st.text(st.characters(codec="utf-8"), max_size=20)
_values = st.recursive(
    st.booleans() | st.integers(-(2**62), 2**62) | _texts | st.floats(allow_nan=False, allow_infinity=False, width=32),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)


def setting(kind: str) -> SettingView:
    return SettingView("section", "key", kind, "", "What it means.", "something")


@given(_values)
def test_what_is_written_is_read_back(value: object) -> None:
    assert tomllib.loads(f"x = {as_toml(value)}")["x"] == value


def test_tables_on_one_line() -> None:
    assert as_toml({"gpt-4*": "0.7", "plain": 3}) == '{ "gpt-4*" = "0.7", plain = 3 }'
    assert as_typed({"gpt-4*": "0.7", "plain": 3}) == '"gpt-4*" = "0.7", plain = 3'
    assert (as_toml({}), as_typed({}), as_typed(None)) == ("{}", "{}", "")
    assert key_of(("prices", "main/small", "input")) == 'prices."main/small".input'


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        ("truth", "yes", True),
        ("truth", "false", False),
        ("truth", "perhaps", "perhaps"),
        ("number", "1_000", 1000),
        ("number", "2.5", 2.5),
        ("number", "ten", "ten"),
        ("number", "9" * 40, "9" * 40),
        ("amount", "5", "5"),
        ("text", "true", "true"),
        ("list", "main/a, main/b  main/c", ["main/a", "main/b", "main/c"]),
        ("list", '["a program", "--with, commas"]', ["a program", "--with, commas"]),
        ("list", "[]", []),
        ("numbers", "50, 80 95", [50, 80, 95]),
        ("numbers", "[50, 80]", [50, 80]),
        ("numbers", "50, many", [50, "many"]),
        ("table", '"gpt-4*" = "0.7", b = "1"', {"gpt-4*": "0.7", "b": "1"}),
        ("table", "{ a = 1 }", {"a": 1}),
    ],
)
def test_what_is_typed(kind: str, typed: str, value: object) -> None:
    assert typed_value(setting(kind), typed) == value


@pytest.mark.parametrize("typed", ["[", "[a]", '["a', "[" * 2_000])
def test_what_is_no_list_is_said(typed: str) -> None:
    with pytest.raises(ValueError, match="a list is typed like"):
        typed_value(setting("list"), typed)


@pytest.mark.parametrize("value", [["main/a", "main/b"], ["a program", "x"], ["a,b"], [], [50, 80], ["[a"], ['"']])
def test_a_list_is_typed_as_it_is_read(value: list[object]) -> None:
    kind = "numbers" if value and isinstance(value[0], int) else "list"
    assert typed_value(setting(kind), as_typed(value)) == value


@pytest.mark.parametrize("typed", ["what", "a = ", "{" * 2_000])
def test_what_is_no_table_is_said(typed: str) -> None:
    with pytest.raises(ValueError, match="a table is typed like"):
        typed_value(setting("table"), typed)
