"""An edit changes what was meant and nothing else, or leaves the file as it was."""

import hashlib
import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.config import edit
from bursar.config.document import CannotEdit, with_value, without
from bursar.config.edit import ConfigChanged
from bursar.config.problems import BrokenConfig

TEXT = """\
# My configuration.

[server]   # the door
port = 4141  # the usual one

# --- where calls go ---
[upstreams.main]
kind = "ollama"

[aliases.fast]
routes = [
  "main/a",   # first
  "main/b",
]

[caps.daily]   # what I can afford
usd = "5.00"   # dollars
every = "day"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(TEXT)
    return file


def test_one_value_changes_and_every_comment_stays(file: Path) -> None:
    config = edit.set_value(file, "server.port", 4242)
    assert config.server.port == 4242
    assert file.read_text() == TEXT.replace("4141", "4242")


def test_a_new_key_joins_its_table(file: Path) -> None:
    edit.set_value(file, "upstreams.main.base_url", "http://127.0.0.1:11435")
    assert file.read_text() == TEXT.replace(
        'kind = "ollama"\n', 'kind = "ollama"\nbase_url = "http://127.0.0.1:11435"\n'
    )


def test_a_new_table_comes_last(file: Path) -> None:
    edit.set_value(file, 'prices."main/a".free', True)
    edit.set_value(file, "log.level", "debug")
    assert file.read_text() == TEXT + '\n[prices."main/a"]\nfree = true\n\n[log]\nlevel = "debug"\n'


def test_a_cap_is_made_changed_and_removed(file: Path) -> None:
    edit.set_cap(file, "laptop", usd="2.50", every="day", scope=("key", "laptop"))
    cap = edit.set_cap(file, "laptop", tokens=1000, every="hour", scope=("key", "laptop")).caps["laptop"]
    assert (cap.usd, cap.tokens, str(cap.every), cap.key) == (None, 1000, "hour", "laptop")
    edit.remove(file, "caps.laptop")
    assert tomllib.loads(file.read_text()) == tomllib.loads(TEXT)
    assert file.read_text().startswith(TEXT.rstrip())


def test_changing_a_cap_keeps_its_comments(file: Path) -> None:
    edit.set_cap(file, "daily", usd="7.00", every="day")
    assert file.read_text() == TEXT.replace("5.00", "7.00")


def test_what_would_not_load_is_not_written(file: Path) -> None:
    for key, value in [("server.port", "x"), ("server.prot", 1), ("caps.daily.tokens", 5), ("log", 5)]:
        with pytest.raises(BrokenConfig):
            edit.set_value(file, key, value)
    with pytest.raises(BrokenConfig):
        edit.remove(file, "upstreams.main")
    assert file.read_text() == TEXT
    assert list(file.parent.iterdir()) == [file]


def test_an_edit_may_mend_a_broken_file(file: Path) -> None:
    file.write_text(TEXT.replace("4141", '"4141"'))
    edit.set_value(file, "server.port", 4141)
    assert file.read_text() == TEXT


def test_a_file_that_is_no_toml_is_left_alone(file: Path) -> None:
    file.write_text("[server\n")
    with pytest.raises(BrokenConfig, match="line 1"):
        edit.set_value(file, "server.port", 4242)
    assert file.read_text() == "[server\n"


def test_a_missing_file_is_made_from_the_template(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config.toml"
    assert edit.set_value(file, "server.port", 4242).server.port == 4242
    assert file.read_text().startswith("# The configuration of Bursar.")
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_what_is_written_is_for_its_owner_alone(file: Path) -> None:
    before = os.umask(0)
    try:
        edit.set_value(file, "server.port", 4242)
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_symbolic_link_is_followed(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to(file)
    edit.set_value(link, "server.port", 4242)
    assert link.is_symlink()
    assert "4242" in file.read_text()


def test_a_change_meant_for_another_file_is_refused(file: Path) -> None:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    after = edit.set_value(file, "server.port", 4242, if_match=digest).digest
    with pytest.raises(ConfigChanged):
        edit.set_value(file, "server.port", 4343, if_match=digest)
    with pytest.raises(ConfigChanged):
        edit.replace_whole(file, b"", if_match=digest)
    assert edit.set_value(file, "server.port", 4343, if_match=after).server.port == 4343


def test_the_whole_file_is_replaced_if_it_loads(file: Path) -> None:
    with pytest.raises(BrokenConfig):
        edit.replace_whole(file, b"[server]\nport = 'x'\n")
    assert file.read_text() == TEXT
    edit.replace_whole(file, b"[server]\nport = 1\n")
    assert file.read_bytes() == b"[server]\nport = 1\n"


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    file = tmp_path / ("a" * 250)  # the name fits, that of the temporary file beside it does not
    with pytest.raises(CannotEdit, match="cannot be written"):
        edit.set_value(file, "server.port", 4242)
    assert not list(tmp_path.iterdir())


def test_a_path_that_is_a_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(CannotEdit, match="cannot be read"):
        edit.set_value(tmp_path, "server.port", 4242)


def test_what_is_not_there_cannot_be_removed(file: Path) -> None:
    with pytest.raises(CannotEdit, match=r"caps\.weekly is not in the file"):
        edit.remove(file, "caps.weekly")
    with pytest.raises(CannotEdit, match="no dotted key"):
        edit.remove(file, "caps weekly")


def test_windows_line_ends_stay() -> None:
    text = "[server]\r\nport = 1 # x\r\n"
    assert with_value(text, ("server", "port"), 2) == "[server]\r\nport = 2 # x\r\n"
    assert with_value(text, ("log", "level"), "info") == text + '\r\n[log]\r\nlevel = "info"\r\n'


LAYOUTS = [
    TEXT,
    "",
    "server.port = 1\ncaps.daily.usd = '5'\ncaps.daily.every = 'day'\n",
    "caps = { daily = { usd = '5', every = 'day' } }\nserver = {}",
    "[caps.daily]\nusd = '5'\n[server]\nport = 1\n[caps.weekly]\nusd = '6'\n[server.deep]\nx = 1\n",
    "[caps]\n[caps.daily]\nusd = '5'\n\n# last words\n",
    "[server]\nport = 1",
]


@given(
    text=st.sampled_from(LAYOUTS),
    key=st.sampled_from(
        [("server", "port"), ("caps", "daily", "usd"), ("caps", "new", "usd"), ("log", "level"), ("x",)]
    ),
    value=st.one_of(st.integers(0, 9), st.text("ab\"'\\\n€", max_size=4), st.just({"a": 1}), st.just(["x", "y"])),
)
def test_a_change_says_what_was_meant_and_nothing_else(text: str, key: tuple[str, ...], value: object) -> None:
    expected = tomllib.loads(text)
    inside = expected
    for part in key[:-1]:
        inside = inside.setdefault(part, {})
    inside[key[-1]] = value
    changed = with_value(text, key, value)
    assert tomllib.loads(changed) == expected
    comments = [line.partition("#")[2] for line in text.splitlines() if "#" in line]
    assert all(comment in changed for comment in comments)
    del inside[key[-1]]
    assert without_empty(tomllib.loads(without(changed, key))) == without_empty(expected)


def without_empty(value: object) -> object:
    """Tables without those in which nothing is, since removing the last key of one may leave it or not."""
    if not isinstance(value, dict):
        return value
    return {name: kept for name, each in value.items() if (kept := without_empty(each)) != {}}


def test_routes_are_moved_with_what_is_said_beside_them(file: Path) -> None:
    edit.set_value(file, "aliases.fast.routes", ["main/b", "main/c", "main/a"])
    assert file.read_text() == TEXT.replace(
        '  "main/a",   # first\n  "main/b",\n', '  "main/b",\n  "main/c",\n  "main/a",   # first\n'
    )
    edit.set_value(file, "aliases.fast.routes", ["main/c"])
    assert file.read_text() == TEXT.replace('  "main/a",   # first\n  "main/b",\n', '  "main/c",\n')
