"""TOML values: a setting's value as people read and type it in one line, and as the configuration has it."""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence

from bursar.contract.configuration import SettingView

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_PLAIN = re.compile(r"[^\s,\[\]\"']+")
_TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def key_of(path: Sequence[str]) -> str:
    """A dotted key as TOML writes it: parts that need quotes have them."""
    return ".".join(part if _BARE.fullmatch(part) else f'"{part}"' for part in path)


def as_toml(value: object) -> str:
    """A value as TOML, on one line."""
    if isinstance(value, Mapping):
        inside = ", ".join(f"{key_of([str(name)])} = {as_toml(each)}" for name, each in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # the one sign that JSON has bare
    # Numbers and truths of JSON are those of TOML.
    return json.dumps(value) if isinstance(value, bool | int | float) else str(value)


def as_typed(value: object) -> str:
    """A value as it stands in a line to type into: texts without quotes, lists with commas, tables without braces."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(_PLAIN.fullmatch(str(each)) for each in value):
        return ", ".join(map(str, value))
    if isinstance(value, Mapping):
        return as_toml(value).removeprefix("{ ").removesuffix(" }") if value else "{}"
    return as_toml(value)


def typed_value(setting: SettingView, text: str) -> object:
    """What was typed as the setting's value; what is none of its kind as the text itself, which the proxy then names.

    Raises ValueError, with a sentence, for what is no list or table although it looks like one.
    """
    match setting.kind:
        case "truth":
            return _TRUTH.get(text.lower(), text)
        case "number":
            return _number(text)
        case "list" | "numbers":
            return _list(text, of_numbers=setting.kind == "numbers")
        case "table":
            return _table(text)
        case _:
            return text


def _number(text: str) -> object:
    plain = text.replace("_", "").replace(",", "")
    if re.fullmatch(r"[+-]?[0-9]{1,18}", plain, re.ASCII):
        return int(plain)
    if re.fullmatch(r"[+-]?[0-9]{1,15}\.[0-9]{1,15}", plain, re.ASCII):
        return float(plain)
    return text


def _list(text: str, *, of_numbers: bool) -> object:
    """Words between commas or blanks; a list as TOML writes it, where a word has either in it."""
    if text.startswith("["):
        try:
            return tomllib.loads(f"x = {text}")["x"]
        except (tomllib.TOMLDecodeError, RecursionError):
            raise ValueError('a list is typed like one, two or ["one", "two words"]') from None
    words = [word for word in re.split(r"[,\s]+", text) if word]
    return [_number(word) for word in words] if of_numbers else words


def _table(text: str) -> object:
    inside = text if text.startswith("{") else f"{{ {text} }}"
    try:
        return tomllib.loads(f"x = {inside}")["x"]
    except (tomllib.TOMLDecodeError, RecursionError):
        raise ValueError('a table is typed like "gpt-4*" = "0.7", "small" = "0.5"') from None
