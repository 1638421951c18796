"""Setting: what is known of one setting, and how a field of the schema says so."""

from dataclasses import dataclass, field
from keyword import iskeyword
from typing import TypeVar, cast

from bursar.config import values as v

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of one setting beside its name and default: its meaning, and who reads its value."""

    meaning: str
    read: v.Read[object]
    required: bool = False
    at_start: bool = False
    """Whether it is read when the proxy starts, and at no other time."""


def written_name(kept: str) -> str:
    """The name of a setting in the file: without the underscore of a field whose name is a word of Python's."""
    return kept.removesuffix("_")


def field_name(written: str) -> str:
    """The name of the field that a setting is kept in."""
    return f"{written}_" if iskeyword(written) else written


def setting(default: T, read: v.Read[T], meaning: str, *, at_start: bool = False) -> T:
    """A field that may be left out; `at_start` where a reload does not read it."""
    return field(default=default, metadata={"setting": Setting(meaning, read, at_start=at_start)})


def optional(read: v.Read[T], meaning: str) -> T | None:
    """A field that has no value where it is left out."""
    return field(default=None, metadata={"setting": Setting(meaning, read)})


def required(read: v.Read[T], meaning: str) -> T:
    """A field that must be there."""
    return cast(T, field(metadata={"setting": Setting(meaning, read, required=True)}))
