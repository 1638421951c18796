"""`bursar config`: check, show and change the configuration."""

import argparse
import tomllib
from contextlib import suppress
from pathlib import Path

import tomli_w

from bursar.cli.config_edit import edit_config
from bursar.cli.editing import edited, file_in_force
from bursar.cli.exits import Exit, Failed
from bursar.cli.output import complain, say, say_json
from bursar.cli.places import add_config, places_of
from bursar.config import edit
from bursar.config.described import is_read_at_start
from bursar.config.document import CannotEdit, key_of
from bursar.config.load import load
from bursar.config.problems import BrokenConfig
from bursar.config.schema import Config
from bursar.config.template import example

DESCRIPTION = """\
Check, show and change the configuration.

examples:
  bursar config path                      where it is
  bursar config check                     every problem of it at once
  bursar config example                   every setting, its default, its meaning
  bursar config set server.port 4242      change one setting; comments and order stay
  bursar config set 'prices."main/small-model".input' 0.15
  bursar config unset caps.laptop-day     remove a setting or a table
  bursar config show server               one table or setting; without a key, the file as it is
  bursar config edit                      your own editor, on a copy that is checked before it is written
"""

_VERBS = {
    "check": "say everything that is wrong with it; the exit status says whether anything is",
    "path": "print where it is",
    "show": "print it as it is, or what it says of one setting or table",
    "edit": "open a copy in $VISUAL or $EDITOR, check that, write it, and have a running proxy take it up",
    "example": "print every setting with its default and its meaning",
    "set": "change one setting",
    "unset": "remove a setting or a table",
}

_REMOVE = "remove"
"""Another word for `unset`."""


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """The verbs and what each takes."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, text in _VERBS.items():
        also = [_REMOVE] if verb == "unset" else []
        about = f"{text[:1].upper()}{text[1:]}."
        each = verbs.add_parser(verb, help=text, description=about, allow_abbrev=False, aliases=also)
        add_config(each)
        match verb:
            case "check":
                each.add_argument("--json", action="store_true", help="print problems and notes as JSON")
            case "set":
                each.add_argument("key", help='such as server.port or prices."main/small-model".input')
                each.add_argument("value", help="a TOML value; what is none is taken as text")
            case "show":
                each.add_argument("key", nargs="?", help="such as server.port or caps.laptop-day; default: all of it")
            case "unset":
                each.add_argument("key", help="such as caps.laptop-day")


def run(options: argparse.Namespace) -> int:
    """Do what the verb says."""
    match options.verb:
        case "check":
            return _check(places_of(options).config_file, as_json=options.json)
        case "path":
            say(str(file_in_force(options)))
        case "show":
            _show(file_in_force(options), options.key)
        case "edit":
            return edit_config(options)
        case "example":
            for line in example().splitlines():
                say(line)
        case "set":
            edited(options, lambda file: _set(file, options.key, options.value))
            if is_read_at_start(options.key):
                complain("It takes effect when the proxy is started again.")
        case "unset" | "remove":
            edited(options, lambda file: edit.remove(file, options.key))
    return Exit.OK


def _check(file: Path, *, as_json: bool) -> int:
    try:
        config = load(file)
    except BrokenConfig as broken:
        if as_json:
            say_json({"file": str(file), "ok": False, "problems": broken.problems, "notes": []})
        else:
            for problem in broken.problems:
                complain(str(problem))
        return Exit.PROBLEM
    if as_json:
        say_json({"file": str(file), "ok": True, "problems": [], "notes": config.notes})
        return Exit.OK
    for note in config.notes:
        say(note)
    tables = {"upstreams": config.upstreams, "aliases": config.aliases, "prices": config.prices, "caps": config.caps}
    counted = ", ".join(f"{len(table)} {name}" for name, table in tables.items())
    say(f"{file} is right: {counted}.")
    return Exit.OK


def _show(file: Path, key: str | None) -> None:
    try:
        text = file.read_bytes().decode("utf-8", errors="surrogateescape")
    except OSError as error:
        raise Failed(f"{file} cannot be read: {error.strerror}.") from None
    if key is not None:
        text = _part(text, key)
    for line in text.splitlines():
        say(line)


def _part(text: str, key: str) -> str:
    """What the file says of a key: a value, or a table as TOML. Raises Failed where it says nothing of it."""
    try:
        found: object = tomllib.loads(text.removeprefix("\ufeff"))
        for part in key_of(key):
            found = found[part] if isinstance(found, dict) and part in found else None
    except (tomllib.TOMLDecodeError, CannotEdit) as error:
        raise Failed(f"{str(error)[:1].upper()}{str(error)[1:]}.") from None
    if found is None:
        raise Failed(f"The file says nothing of {key}; `bursar config example` shows every setting and its default.")
    if isinstance(found, dict):
        return tomli_w.dumps(found)
    return found if isinstance(found, str) else tomli_w.dumps({"x": found}).strip().removeprefix("x = ")


def _set(file: Path, key: str, text: str) -> Config:
    """Set a key to the TOML value that a text is; where that is not taken, or is none, to the text itself."""
    values: list[object] = [text]
    with suppress(tomllib.TOMLDecodeError, KeyError):
        values.insert(0, tomllib.loads(f"value = {text}\n")["value"])
    first: BrokenConfig | None = None
    for value in values:
        try:
            return edit.set_value(file, key, value)
        except BrokenConfig as broken:
            first = first or broken
    raise first or Failed(f"{key} cannot be set.")
