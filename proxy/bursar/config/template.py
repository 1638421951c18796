"""Configurations as text: the example that shows every setting, and the one a new user starts from."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from enum import StrEnum
from typing import Any, cast

import tomli_w

from bursar.config import values as v
from bursar.config.problems import key_text
from bursar.config.schema import NAMED_TABLES, TABLES
from bursar.config.setting import Setting, written_name
from bursar.domain.money import FACTOR_ONE, NANO_PER_USD, plain_usd
from bursar.domain.recurrence import Recurrence
from bursar.domain.secret_reference import SecretReference

_EXAMPLE_HEAD = """\
# Every setting of Bursar, with its default and its meaning. What begins with "# " may be left out: what it shows
# is the default, or, where it says so, an example. `bursar config path` says where your own file is.
# Unknown names are errors; `bursar config check` reports all of them at once.
"""
_STARTER_HEAD = """\
# The configuration of Bursar. `bursar config example` shows every setting with its default and its meaning.
# `bursar config check` says what is wrong with it, `bursar reload` takes up a change.
"""

_SHOWN: Mapping[str, Mapping[str, Mapping[str, object]]] = {
    "upstreams": {
        "main": {"kind": "openai_compatible", "base_url": "https://api.example.com/v1", "secret": "keyring:main"}
    },
    "aliases": {"fast": {"routes": ["main/small-model", "main/large-model"]}},
    "prices": {"main/small-model": {"input": "0.15", "output": "0.60", "cached_input": "0.075"}},
    "caps": {"laptop-day": {"key": "laptop", "usd": "5.00", "every": "day"}},
    "plans": {
        "main": {
            "upstream": "main",
            "weighted_tokens": 5_000_000,
            "every": "month from 12th",
            "overflow": "wallets.main",
        }
    },
    "wallets": {"main": {"upstream": "main"}},
}
"""What the example shows as it would be written, without "# "."""

_SAMPLES: Mapping[str, object] = {
    "free": True,
    "connect_s": 5,
    "first_event_s": 600,
    "stall_s": 120,
    "progress_s": 300,
    "total_s": 1800,
    "cache_write": "0.1875",
    "cache_write_1h": "0.30",
    "image_input": "5.00",
    "image_output": "30.00",
    "reasoning": "0.60",
    "audio_input": "10.00",
    "audio_output": "20.00",
    "price": "free",
    "project": "website",
    "upstream": "main",
    "model": "gpt-*",
    "tokens": 1_000_000,
    "requests": 500,
    "usd": "20.00",
    "overflow_limit": "50.00",
    "secret": "keyring:main-plan",
    "until": "2026-12-31",
    "auto_below": "5.00",
    "auto_amount": "20.00",
    "auto_per_month": "100.00",
}
"""Examples for settings that have no default to show."""


def example() -> str:
    """The text of `config.example.toml`."""
    parts = [_EXAMPLE_HEAD]
    for name, kind in TABLES.items():
        parts.append(_table((name,), kind, {}))
    for name, kind in NAMED_TABLES.items():
        for each, stated in _SHOWN[name].items():
            parts.append(_table((name, each), kind, stated))
    return "\n".join(parts)


def starter(tables: Mapping[str, Mapping[str, Mapping[str, object]]]) -> str:
    """A first configuration with the given `upstreams`, `aliases`, `prices` and `caps`, as TOML values by name."""
    parts = [_STARTER_HEAD]
    for name, kind in NAMED_TABLES.items():
        for place, (each, stated) in enumerate(tables.get(name, {}).items()):
            head = f"# {_about(kind)}\n" if place == 0 else ""
            parts.append(f"{head}[{key_text((name, each))}]\n{tomli_w.dumps(stated)}")
    return "\n".join(parts)


def written(value: object, read: v.Read[Any]) -> object:
    """A value of ours as the TOML value that `read` reads it from."""
    match value:
        case int() if read == v.usd:
            return plain_usd(value)
        case int() if read == v.factor:
            return plain_usd(value * (NANO_PER_USD // FACTOR_ONE))
        case StrEnum() | SecretReference() | Recurrence():
            return str(value)
        case float() if value.is_integer():
            return int(value)
        case () if read in (v.factors, v.headers, v.token_counts):
            return {}
        case tuple():
            return [each if isinstance(each, int) else str(each) for each in value]
        case _:
            return value


def _table(path: tuple[str, ...], kind: type, stated: Mapping[str, object]) -> str:
    lines = [f"# {_about(kind)}", f"[{key_text(path)}]"]
    for each in fields(cast(Any, kind)):
        if "setting" in each.metadata:
            lines += _setting(each, each.metadata["setting"], stated)
    return "\n".join(lines) + "\n"


def _setting(each: Field[Any], known: Setting, stated: Mapping[str, object]) -> list[str]:
    name = written_name(each.name)
    if name in stated:
        return [f"# {known.meaning}", line_of(name, stated[name])]
    if each.default in (None, MISSING) or name in ("project", "upstream", "model"):
        return [f"# {known.meaning} For example:", "# " + line_of(name, _SAMPLES[name])]
    return [f"# {known.meaning}", "# " + line_of(name, written(each.default, known.read))]


def line_of(name: str, value: object) -> str:
    """A key with a TOML value, on one line."""
    if value == {}:
        return f"{name} = {{}}"
    if isinstance(value, list):
        return f"{name} = [{', '.join(tomli_w.dumps({'x': each}).strip()[4:] for each in value)}]"
    return tomli_w.dumps({name: value}).strip()


def _about(kind: type) -> str:
    return (kind.__doc__ or "").replace("`", "")
