"""A configuration's text as a document that keeps its comments and order, and single changes to it."""

from collections.abc import Mapping
from typing import Any

import tomli_w
import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Array, InlineTable

from bursar.config.document import CannotEdit
from bursar.config.lines import Key
from bursar.config.listing import relisted
from bursar.contract.shown import shown


def text_with(text: str, key: Key, value: object) -> str:
    """The text with `key` set; what else the change may have moved is not looked at. Raises CannotEdit."""
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


def text_without(text: str, key: Key) -> str:
    """The text without what stands at `key`, which is there. Raises CannotEdit."""
    document = _parsed(text)
    inside: Any = document
    for part in key[:-1]:
        inside = inside[part]
    del inside[key[-1]]
    return tomlkit.dumps(document)


def _parsed(text: str) -> tomlkit.TOMLDocument:
    """The text with its comments. Raises CannotEdit where the parser that keeps them is stricter than the other."""
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise CannotEdit(f"the file cannot be changed by a command ({shown(str(error))}); edit it by hand") from None


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
