"""Configuration commands: the command line that makes the same change to the user's file as a screen does."""

import shlex
from collections.abc import Mapping

from bursar.contract.configuration import Edit, Put, PutTable, TakeOut
from bursar_tui.stated import NOUNS
from bursar_tui.toml_values import as_toml, as_typed, key_of

_SCOPES = ("key", "project", "upstream", "model")
_EVERY = ("hour", "day", "week", "month", "total")

_OPTIONS = {
    "plans": {
        "upstream",
        "tokens",
        "weighted_tokens",
        "requests",
        "usd",
        "every",
        "overflow",
        "overflow_limit",
        "secret",
    },
    "wallets": {"upstream", "low", "warning", "critical", "link"},
    "upstreams": {"kind", "base_url", "secret", "price_factor"},
}
"""What `bursar plan add`, `bursar wallet add` and `bursar upstream add` have options for."""


def command_of(edits: tuple[Edit, ...]) -> str:
    """One change as the command for it; several as the one that opens the file."""
    if len(edits) != 1:
        return "bursar config edit"
    match edits[0]:
        case Put(key=key, value=value):
            return f"bursar config set {shlex.quote(_key(key))} {shlex.quote(_typed(value))}"
        case PutTable(key=key, values=values):
            return _table(tuple(key), values)
        case TakeOut(key=key):
            return removal(tuple(key))


def removal(path: tuple[str, ...]) -> str:
    """The command that removes a key or a table."""
    if len(path) == 2 and path[0] in ("aliases", "caps", "plans", "wallets", "upstreams"):
        return f"bursar {NOUNS[path[0]]} remove {shlex.quote(path[1])}"
    return f"bursar config unset {shlex.quote(key_of(path))}"


def _table(path: tuple[str, ...], values: Mapping[str, object]) -> str:
    section, name = path[0], shlex.quote(path[-1])
    match section:
        case "aliases" if isinstance(values.get("routes"), list):
            return f"bursar alias set {name} {_words(values['routes'])}{_options(values, ('routes',))}"
        case "caps" if values.get("every") in _EVERY:
            units = [(unit, values[unit]) for unit in ("usd", "tokens", "requests") if unit in values]
            scope = {each: values[each] for each in _SCOPES if each in values}
            if len(units) == 1 and len(scope) <= 1:
                amount = f"{units[0][1]}{units[0][0]}/{values['every']}"
                return f"bursar cap set {name} {shlex.quote(amount)}{_options(scope)}"
        case "plans" | "wallets" | "upstreams" if set(values) <= _OPTIONS[section]:
            return f"bursar {NOUNS[section]} add {name}{_options(values)}"
        case _:
            pass
    return f"bursar config set {shlex.quote(key_of(path))} {shlex.quote(as_toml(dict(values)))}"


def _options(values: Mapping[str, object], without: tuple[str, ...] = ()) -> str:
    return "".join(
        f" --{name.replace('_', '-')} {shlex.quote(as_typed(value))}"
        for name, value in values.items()
        if name not in without
    )


def _words(value: object) -> str:
    return " ".join(shlex.quote(str(each)) for each in value) if isinstance(value, list) else ""


def _typed(value: object) -> str:
    return value if isinstance(value, str) else as_toml(value)


def _key(key: str | tuple[str, ...]) -> str:
    return key if isinstance(key, str) else key_of(key)
