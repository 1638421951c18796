"""Changes to a configuration's text: one key or table, the user's comments and order kept, nothing else touched."""

import copy
import tomllib
from collections.abc import Mapping
from typing import Any

import tomli_w
import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Array, InlineTable

from bursar.config.lines import Key, parsed_key
from bursar.config.listing import relisted
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
    expected = copy.deepcopy(tomllib.loads(text))
    parent: dict[str, Any] = expected
    for part in key[:-1]:
        parent = parent.setdefault(part, {})
        if not isinstance(parent, dict):
            raise CannotEdit(f"{key_text(key)} cannot be set, since {shown(part)} is no table")
    parent[key[-1]] = value
    return _checked(_set(text, key, value), expected, key)


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
    expected = copy.deepcopy(tomllib.loads(text))
    parent = _at(expected, key[:-1])
    if not isinstance(parent, dict) or key[-1] not in parent:
        raise CannotEdit(f"{key_text(key)} is not in the file")
    del parent[key[-1]]
    document = _parsed(text)
    inside: Any = document
    for part in key[:-1]:
        inside = inside[part]
    del inside[key[-1]]
    return _checked(tomlkit.dumps(document), expected, key)


def _parsed(text: str) -> tomlkit.TOMLDocument:
    """The text with its comments. Raises CannotEdit where the parser that keeps them is stricter than the other."""
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise CannotEdit(f"the file cannot be changed by a command ({shown(str(error))}); edit it by hand") from None


def _set(text: str, key: Key, value: object) -> str:
    document = _parsed(text)
    inside: Any = document
    for depth, part in enumerate(key[:-1]):
        if part not in inside:
            if isinstance(inside, InlineTable):
                inside.update(_nested(key[depth:], value))
                return tomlkit.dumps(document)
            # A new table goes to the end: anywhere else it could take over the keys that follow it.
            return _appended(text, key[:-1], {key[-1]: value})
        inside = inside[part]
    if isinstance(value, Mapping) and key[-1] not in inside and not isinstance(inside, InlineTable):
        return _appended(text, key, value)
    inside[key[-1]] = _item(inside.get(key[-1]), value)
    return tomlkit.dumps(document)


def _item(present: object, value: object) -> object:
    """The value as it is to be written in the place of what is there."""
    if isinstance(value, Mapping):
        return _inline(value)
    if isinstance(value, list) and isinstance(present, Array) and (kept := relisted(present, value)) is not None:
        return kept
    return value


def _inline(value: Mapping[str, object]) -> InlineTable:
    """A table on one line: in place of a single value it cannot take the keys that follow."""
    table = tomlkit.inline_table()
    table.update(value)
    return table


def _appended(text: str, table: Key, values: Mapping[str, object]) -> str:
    end = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not text.strip() else end if text.endswith("\n") else end * 2
    return text + gap + tomli_w.dumps(_nested(table, dict(values))).replace("\n", end)


def _nested(key: Key, value: object) -> dict[str, object]:
    for part in reversed(key[1:]):
        value = {part: value}
    return {key[0]: value}


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
