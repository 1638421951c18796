"""Described: every setting as people read about it: its kind, its default, what it means, what is allowed."""

import types
from dataclasses import MISSING, Field, fields
from enum import StrEnum
from functools import cache
from typing import Any, Union, cast, get_args, get_origin

from bursar.config import values as v
from bursar.config.schema import NAMED_TABLES, TABLES
from bursar.config.setting import Setting, written_name
from bursar.config.template import line_of, written
from bursar.config.values import Wrong
from bursar.contract.configuration import SettingView


@cache
def described() -> tuple[SettingView, ...]:
    """All settings, in the order of the example."""
    once = [view for section, kind in TABLES.items() for view in _section(section, kind, once=True)]
    named = [view for section, kind in NAMED_TABLES.items() for view in _section(section, kind, once=False)]
    return (*once, *named)


def _section(section: str, kind: type, *, once: bool) -> list[SettingView]:
    return [
        _described(section, each, each.metadata["setting"], once=once)
        for each in fields(cast(Any, kind))
        if "setting" in each.metadata
    ]


def _described(section: str, each: Field[Any], known: Setting, *, once: bool) -> SettingView:
    name = written_name(each.name)
    kind, choices = _kind(each.type, known.read)
    default = ""
    if each.default not in (None, MISSING) and not (isinstance(each.default, str) and not each.default):
        default = line_of(name, written(each.default, known.read)).partition(" = ")[2]
    return SettingView(
        section,
        name,
        kind,
        default,
        known.meaning,
        _allowed(known.read),
        known.required,
        once,
        choices,
        known.at_start,
    )


def _kind(written_as: object, read: v.Read[Any]) -> tuple[str, tuple[str, ...]]:
    """Of which kind a setting is, by the type that it is kept as and by its reader."""
    kinds = [kind for kind in _members(written_as) if kind is not type(None)]
    first = kinds[0]
    if read in (v.factors, v.headers, v.token_counts):
        return "table", ()
    if read in (v.usd, v.factor):
        return "amount", ()
    if isinstance(first, type) and issubclass(first, StrEnum):
        return "choice", tuple(word.value for word in first)
    if get_origin(first) is tuple:
        return "numbers" if get_args(first)[0] is int else "list", ()
    return {bool: "truth", int: "number", float: "number"}.get(cast(type, first), "text"), ()


def _members(written_as: object) -> tuple[object, ...]:
    return get_args(written_as) if get_origin(written_as) in (Union, types.UnionType) else (written_as,)


def _allowed(read: v.Read[Any]) -> str:
    """What a reader says when it gets what nobody can mean."""
    try:
        read(object())
    except Wrong as wrong:
        return wrong.allowed
    return ""


def is_read_at_start(key: str) -> bool:
    """Whether a dotted key such as `server.port` is of a setting that is read when the proxy starts alone."""
    return any(each.at_start and key == f"{each.section}.{each.key}" for each in described())
