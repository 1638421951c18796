"""Changes to the user's file: whole or not at all, and never into a file that would not load."""

import contextlib
import hashlib
import os
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from bursar.config.document import CannotEdit, key_of, with_table, with_value, without
from bursar.config.lines import Key
from bursar.config.load import parse
from bursar.config.problems import key_text
from bursar.config.schema import Config
from bursar.config.template import starter
from bursar.contract.configuration import Edit, Put, PutTable, TakeOut
from bursar.contract.shown import shown
from bursar.whole_file import settle_on_disk, written_beside


class ConfigChanged(Exception):
    """The file is not the one that the change was meant for; the message is a sentence."""


def set_value(file: Path, key: str | Key, value: object, *, if_match: str | None = None) -> Config:
    """Set one key (`server.port`, `prices."main/small".input`) to a TOML value; tables on the way are made.

    Returns the configuration as it then is. Raises BrokenConfig where it would not load, ConfigChanged
    where the file's digest is not `if_match`, CannotEdit otherwise; the file is then as it was.
    """
    path = key_of(key)
    return _edited(file, lambda text: with_value(text, path, value), if_match)


def set_table(file: Path, key: str | Key, table: Mapping[str, object], *, if_match: str | None = None) -> Config:
    """Make a table have just these values. Raises as `set_value` does."""
    return set_tables(file, {key_of(key): table}, if_match=if_match)


def set_tables(file: Path, tables: Mapping[Key, Mapping[str, object]], *, if_match: str | None = None) -> Config:
    """The same for several tables at once: all of them are written, or none. Raises as `set_value` does."""

    def change(text: str) -> str:
        for key, table in tables.items():
            text = with_table(text, key, table)
        return text

    return _edited(file, change, if_match)


def set_cap(
    file: Path,
    name: str,
    *,
    every: str,
    usd: str | None = None,
    tokens: int | None = None,
    requests: int | None = None,
    scope: tuple[str, str] | None = None,
    if_match: str | None = None,
) -> Config:
    """Write the cap `name`: an amount of one kind, how often, and what it is for, such as `("key", "laptop")`.

    Raises as `set_value` does.
    """
    table = cap_table(every=every, usd=usd, tokens=tokens, requests=requests, scope=scope)
    return set_table(file, ("caps", name), table, if_match=if_match)


def cap_table(
    *,
    every: str,
    usd: str | None = None,
    tokens: int | None = None,
    requests: int | None = None,
    scope: tuple[str, str] | None = None,
) -> dict[str, object]:
    """A cap as the configuration has it."""
    amounts = {"usd": usd, "tokens": tokens, "requests": requests}
    stated = {kind: amount for kind, amount in amounts.items() if amount is not None}
    return {**(dict([scope]) if scope else {}), **stated, "every": every}


def make(file: Path, edits: Iterable[Edit], *, if_match: str | None = None) -> Config:
    """Make several edits, in their order: all of them, or none. Raises as `set_value` does."""
    return _edited(file, lambda text: with_edits(text, edits), if_match)


def with_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text with edits made to it. Raises CannotEdit."""
    for each in edits:
        key = key_of(each.key)
        if not key:
            raise CannotEdit("a key has at least one part")
        match each:
            case Put():
                text = with_value(text, key, _toml(each.value, key))
            case PutTable():
                text = with_table(text, key, {name: _toml(value, key) for name, value in each.values.items()})
            case TakeOut():
                text = without(text, key)
    return text


def _toml(value: object, key: Key) -> object:
    """A value as it came, if TOML can say it: it has no null."""
    if value is None:
        raise CannotEdit(f"{key_text(key)} cannot be set to null; to remove it is another edit")
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _toml(each, key)
    return value


def text_of(file: Path) -> str:
    """The file's text as an edit finds it. Raises BrokenConfig where it is no TOML at all, CannotEdit where it cannot
    be read."""
    return _text(_present(file), file)


def remove(file: Path, key: str | Key, *, if_match: str | None = None) -> Config:
    """Remove one key or table. Raises CannotEdit where it is not there, and as `set_value` does."""
    path = key_of(key)
    return _edited(file, lambda text: without(text, path), if_match)


def replace_whole(file: Path, content: bytes, *, if_match: str | None = None) -> Config:
    """Write the whole file anew. Raises as `set_value` does."""
    before = _present(file)
    _match(before, if_match)
    config = parse(content, file, environ={})
    _write(file, content, before)
    return config


def _edited(file: Path, change: Callable[[str], str], if_match: str | None) -> Config:
    before = _present(file)
    _match(before, if_match)
    content = change(_text(before, file)).encode()
    config = parse(content, file, environ={})
    if content != before:
        _write(file, content, before)
    return config


def _text(content: bytes | None, file: Path) -> str:
    """The file's text, or that of a new one. Raises BrokenConfig where it is no TOML at all."""
    if content is None:
        return starter({})
    try:
        text = content.decode("utf-8-sig")
        tomllib.loads(text)
    except ValueError:
        parse(content, file, environ={})  # says on which line
        raise
    return text


def _present(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CannotEdit(f"{shown(str(file))} cannot be read: {error.strerror}") from None


def _match(content: bytes | None, if_match: str | None) -> None:
    digest = "" if content is None else hashlib.sha256(content).hexdigest()
    if if_match is not None and digest != if_match:
        raise ConfigChanged("the configuration has changed since it was read; read it again and repeat the change")


def _write(file: Path, content: bytes, before: bytes | None) -> None:
    """Put the content in place whole or not at all; a symbolic link keeps leading to the file."""
    target = file.resolve()
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with written_beside(target, content) as new, _alone_in(target.parent):
            if _present(file) != before:
                raise ConfigChanged("the configuration was changed by someone else just now; repeat the change")
            new.replace(target)
            settle_on_disk(target.parent)
    except OSError as error:
        raise CannotEdit(f"{shown(str(target))} cannot be written: {error.strerror}") from None


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Alone among those who change a configuration in this folder, in whatever process, where there is a way to be."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
