"""Every key of a TOML text is found on the line on which it stands."""

import pytest

from bursar.config.lines import key_lines, line_of, parsed_key

TEXT = '''# [not.a.table]
[server]   # with a comment
host = "a # b"
  "quoted key" = """
[not.a.table]
not_a_key = 1 \\""" still
""""
routes = [
  "x", # ]
  ["[", ']'],
]
a.b."c.d" = 'it''s'

[ prices . "main/m" ]
input='1'
inline = { x = 1, y = { z = "}" } }
[[many]]
n = 1
'''.replace("'it''s'", "'its'")


def test_keys_and_tables_are_where_they_stand() -> None:
    assert key_lines(TEXT) == {
        ("server",): 2,
        ("server", "host"): 3,
        ("server", "quoted key"): 4,
        ("server", "routes"): 8,
        ("server", "a"): 12,
        ("server", "a", "b"): 12,
        ("server", "a", "b", "c.d"): 12,
        ("prices", "main/m"): 14,
        ("prices", "main/m", "input"): 15,
        ("prices", "main/m", "inline"): 16,
        ("many",): 17,
        ("many", "n"): 18,
    }


def test_what_has_no_line_has_that_of_the_table_around_it() -> None:
    lines = key_lines(TEXT)
    assert line_of(lines, ("prices", "main/m", "inline", "y", "z")) == 16
    assert line_of(lines, ("server", "nothing")) == 2
    assert line_of(lines, ("nothing",)) is None
    assert line_of(lines, ()) is None


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("server.port", ("server", "port")),
        ('prices."main/small-model".input', ("prices", "main/small-model", "input")),
        ("a . 'b.c'", ("a", "b.c")),
    ],
)
def test_a_dotted_key_has_parts(text: str, key: tuple[str, ...]) -> None:
    assert parsed_key(text) == key


@pytest.mark.parametrize("text", ["", "a b", "prices.main/m", "a..b", "a.", '"open', "a = 1"])
def test_what_is_no_dotted_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no dotted key"):
        parsed_key(text)
