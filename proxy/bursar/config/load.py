"""TOML to Config: reads the user's file and reports every problem of it at once."""

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import Field, fields, replace
from pathlib import Path
from typing import Any, TypeVar, cast

from bursar.config.checks import check_all, notes_on
from bursar.config.lines import Key
from bursar.config.problems import BrokenConfig, Problem, found_text, key_text
from bursar.config.reading import Reading
from bursar.config.schema import (
    DEFAULT_URLS,
    NAMED_TABLES,
    TABLES,
    Config,
    ServerSettings,
    UpstreamSettings,
)
from bursar.config.setting import Setting, field_name, written_name
from bursar.config.values import Wrong, model_glob
from bursar.contract.shown import shown

T = TypeVar("T")

_UPSTREAM_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")


def load(
    file: Path, *, environ: Mapping[str, str] | None = None, host: str | None = None, port: int | None = None
) -> Config:
    """The configuration in `file`; without such a file all defaults, and a note that says so.

    `host` and `port` (of the command line) come before `BURSAR_HOST` and `BURSAR_PORT` in `environ`
    (else the process's own), and those before the file. Raises BrokenConfig with every problem.
    """
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        content = None
    except OSError as error:
        sentence = f"the file cannot be read ({error.strerror or type(error).__name__})."
        raise BrokenConfig([Problem(shown(str(file)), None, "", sentence)]) from None
    return parse(content, file, environ=environ, host=host, port=port)


def parse(
    content: bytes | None,
    file: Path,
    *,
    environ: Mapping[str, str] | None = None,
    host: str | None = None,
    port: int | None = None,
) -> Config:
    """As `load`, from the bytes of a file (None: there is none); `file` is named in the problems."""
    reading = Reading(shown(str(file)))
    table = reading.toml(content) if content is not None else {}
    config = _read(reading, table, file, content)
    server = _overridden(reading, config.server, os.environ if environ is None else environ, host, port)
    config = replace(config, server=server)
    upstreams = table.get("upstreams")
    for problem in check_all(config, set(upstreams) if isinstance(upstreams, dict) else set()):
        if not reading.is_broken(problem.key):
            reading.cross(problem.key, problem.sentence, problem.found, problem.nearest)
    if reading.problems:
        raise BrokenConfig(reading.problems)
    return replace(config, notes=(*config.notes, *notes_on(config)))


def _read(reading: Reading, table: dict[str, Any], file: Path, content: bytes | None) -> Config:
    known = [*TABLES, *NAMED_TABLES]
    for name in table:
        if name not in known:
            reading.unknown((name,), known)
    once = {name: _one(reading, kind, table.get(name, {}), (name,)) or kind() for name, kind in TABLES.items()}
    named: dict[str, dict[str, Any]] = {
        name: _many(reading, kind, table.get(name, {}), name) for name, kind in NAMED_TABLES.items()
    }
    named["upstreams"] = {name: _addressed(reading, upstream, table) for name, upstream in named["upstreams"].items()}
    notes = () if content is not None else (f"There is no configuration at {file}: run `bursar init` to make one.",)
    digest = hashlib.sha256(content).hexdigest() if content is not None else ""
    return Config(**once, **cast(dict[str, Any], named), file=file, digest=digest, notes=notes)


def _many(reading: Reading, kind: type[T], raw: object, table: str) -> dict[str, T]:
    if not isinstance(raw, dict):
        reading.wrong((table,), raw, Wrong(f"a table of tables, written [{table}.NAME]"))
        return {}
    read = {}
    for name, each in raw.items():
        if not _is_name(name, table):
            reading.cross((table, name), f"{key_text((table, name))} has a name that cannot be: {_NAMES[table]}.")
        one = _one(reading, kind, each, (table, name), name=name)
        if one is not None:
            read[name] = one
    return read


_NAMES = {
    "upstreams": "an upstream's has up to 64 letters, digits and . _ -, since a route is written upstream/model",
    "caps": "a cap's has up to 64 letters, digits and . _ -",
    "plans": "a plan's has up to 64 letters, digits and . _ -",
    "wallets": "a wallet's has up to 64 letters, digits and . _ -",
    "aliases": "an alias's has up to 128 letters, digits and . _ : / @ + -, and * or ? for others",
    "prices": "a model's has up to 128 letters, digits and . _ : / @ + -, and * or ? for others",
}


def _is_name(name: str, table: str) -> bool:
    if table in ("upstreams", "caps", "plans", "wallets"):
        return bool(_UPSTREAM_NAME.fullmatch(name))
    try:
        return bool(model_glob(name))
    except Wrong:
        return False


def _one(reading: Reading, kind: type[T], raw: object, path: Key, **given: object) -> T | None:
    """One table, with the default in place of every value that cannot be; None where a required one is missing."""
    if not isinstance(raw, dict):
        reading.wrong(path, raw, Wrong(f"a table, written [{key_text(path)}]"))
        return None
    settings = {
        written_name(each.name): _setting(each) for each in fields(cast(Any, kind)) if "setting" in each.metadata
    }
    values, complete = dict(given), True
    for name in raw:
        if name not in settings:
            reading.unknown((*path, name), list(settings))
    for name, known in settings.items():
        if name in raw:
            try:
                values[field_name(name)] = known.read(raw[name])
                continue
            except Wrong as error:
                reading.wrong((*path, name), raw[name], error)
        elif known.required:
            reading.missing((*path, name), known.meaning)
        complete = complete and not known.required
    return kind(**values) if complete else None


def _addressed(reading: Reading, upstream: UpstreamSettings, table: dict[str, Any]) -> UpstreamSettings:
    """The upstream at the address of its kind, where it states none of its own."""
    if upstream.base_url:
        return upstream
    usual = DEFAULT_URLS.get(upstream.kind, "")
    if not usual and "base_url" not in table["upstreams"][upstream.name]:
        reading.missing(("upstreams", upstream.name, "base_url"), f"Where {upstream.name} is.")
    return replace(upstream, base_url=usual)


def _setting(each: Field[Any]) -> Setting:
    return cast(Setting, each.metadata["setting"])


def _overridden(
    reading: Reading, server: ServerSettings, environ: Mapping[str, str], host: str | None, port: int | None
) -> ServerSettings:
    """The public door with what the environment and the command line say of it."""
    given: dict[str, object] = {}
    if environ.get("BURSAR_HOST"):
        given["host"] = environ["BURSAR_HOST"]
    if environ.get("BURSAR_PORT"):
        number = environ["BURSAR_PORT"]
        given["port"] = int(number) if number.isascii() and number.isdigit() else number
    if host is not None:
        given["host"] = host
    if port is not None:
        given["port"] = port
    values: dict[str, Any] = {}
    for each in fields(ServerSettings):
        if each.name in given:
            try:
                values[each.name] = _setting(each).read(given[each.name])
            except Wrong as error:
                origin = f"BURSAR_{each.name.upper()} or --{each.name}"
                reading.cross((), f"{origin} must be {error.allowed}, not {found_text(given[each.name])}.")
    return replace(server, **values)
