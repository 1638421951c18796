"""Changes to a configuration's text: one key or table, the user's comments and order kept, nothing else touched."""

import copy
import tomllib
from collections.abc import Mapping
from typing import Any

from bursar.config.lines import Key, parsed_key
from bursar.config.problems import key_text
from bursar.contract.shown import shown


class CannotEdit(Exception):
    """The change cannot be made; the message is a sentence."""


def key_of(text: str | Key) -> Key:
    """The parts of a dotted key. Raises CannotEdit where it is none."""
    try:
        return parsed_key(text) if isinstance(text, str) else text
    except ValueError as error:
        raise CannotEdit(shown(str(error))) from None


def with_value(text: str, key: Key, value: object) -> str:
    """The text with `key` set to a TOML value; tables on the way are made. Raises CannotEdit."""
    from bursar.config.commented import text_with  # 30 ms and a megabyte that a proxy spends once something is changed

    expected = copy.deepcopy(tomllib.loads(text))
    parent: dict[str, Any] = expected
    for part in key[:-1]:
        parent = parent.setdefault(part, {})
        if not isinstance(parent, dict):
            raise CannotEdit(f"{key_text(key)} cannot be set, since {shown(part)} is no table")
    parent[key[-1]] = value
    return _checked(text_with(text, key, value), expected, key)


def with_table(text: str, key: Key, table: Mapping[str, object]) -> str:
    """The text with just these values in a table: what differs is changed, what is not among them removed."""
    present = _at(tomllib.loads(text), key)
    if not isinstance(present, dict):
        return with_value(text, key, dict(table))
    for name in present:
        if name not in table:
            text = without(text, (*key, name))
    for name, value in table.items():
        if present.get(name) != value:
            text = with_value(text, (*key, name), value)
    return text


def without(text: str, key: Key) -> str:
    """The text without a key or table. Raises CannotEdit where it is not there."""
    from bursar.config.commented import text_without  # as above

    expected = copy.deepcopy(tomllib.loads(text))
    parent = _at(expected, key[:-1])
    if not isinstance(parent, dict) or key[-1] not in parent:
        raise CannotEdit(f"{key_text(key)} is not in the file")
    del parent[key[-1]]
    return _checked(text_without(text, key), expected, key)


def _at(table: object, key: Key) -> object:
    for part in key:
        if not isinstance(table, Mapping) or part not in table:
            return None
        table = table[part]
    return table


def _checked(text: str, expected: Mapping[str, Any], key: Key) -> str:
    """The text, where it says what it should: a change must not move a key into another table."""
    try:
        said = _filled(tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        said = None
    if said != _filled(expected):
        raise CannotEdit(f"{key_text(key)} cannot be changed without changing more; edit the file by hand")
    return text


def _filled(value: Any) -> Any:
    """A value without the tables in which nothing is: they may be written or not."""
    if not isinstance(value, Mapping):
        return value
    kept = {name: _filled(each) for name, each in value.items()}
    return {name: each for name, each in kept.items() if each != {}}
