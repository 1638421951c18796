"""A change to a client's own file: shown as a difference, written whole with a copy of what was there, and undone."""

import difflib
import hashlib
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bursar.cli.connecting.client import CannotWrite
from bursar.contract.places import Places
from bursar.whole_file import PRIVATE, write_whole

_LARGEST = 4 * 1024 * 1024
_KEY_LIKE = re.compile(
    r"\b(?P<kind>bk|sk|pk|rk|gsk|xai|hf|AIza|ghp|glpat)(?P<dash>[-_])[A-Za-z0-9_-]{8,}(?P<hint>[A-Za-z0-9]{4})\b"
)
_NAMED = re.compile(
    r"""(?P<before>["']?[\w.-]*(?:key|token|secret|password)["']?\s*[:=]\s*["']?)(?P<value>[^\s"',]{12,})""", re.I
)


class Connected(msgspec.Struct, frozen=True):
    """What was written: the file, its digest then, and the copy of what was there (None: there was no file).

    `key` is the name of the client key that the client was given.
    """

    path: str
    digest: str
    backup: str | None
    key: str


def present(file: Path) -> str:
    """The text of a file; empty where there is none. Raises CannotWrite where it cannot be read."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise CannotWrite(f"{file} cannot be read: {error.strerror}") from None
    if len(content) > _LARGEST:
        raise CannotWrite(f"{file} is too large to be a configuration")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise CannotWrite(f"{file} is no text in UTF-8") from None


def difference(file: Path, before: str, after: str) -> Iterator[str]:
    """The unified difference, with every key in it made unreadable."""
    for line in difflib.unified_diff(
        before.splitlines(), after.splitlines(), str(file), f"{file}, as it will be", lineterm=""
    ):
        yield without_keys(line)


def without_keys(line: str) -> str:
    """A line in which keys, ours and others', are told by their last letters alone."""
    line = _KEY_LIKE.sub(lambda found: f"{found['kind']}{found['dash']}…{found['hint']}", line)
    return _NAMED.sub(lambda found: f"{found['before']}{_hidden(found['value'])}", line)


def _hidden(value: str) -> str:
    return value if "…" in value or "://" in value else f"…{value[-4:]}"


def write(file: Path, before: str, after: str, record: Path, *, key: str, private: bool) -> Path | None:
    """Write the file, remember in `record` how to undo it; where the copy of what was there is, if anything was.

    A file that was written before keeps its first copy: undoing leads back to before Bursar. `private` closes the
    file to other users. Raises CannotWrite, and then nothing has changed.
    """
    target = file.resolve()
    known = read_record(record)
    backup: Path | None
    if known is not None and known.path == str(target):
        backup = Path(known.backup) if known.backup is not None else None
    else:
        backup = _free_name(target) if target.exists() else None
    try:
        if present(file) != before:
            raise CannotWrite(f"{file} was changed by another program just now; repeat the command")
        if backup is not None and not backup.exists():
            write_whole(backup, before.encode())
        mode = PRIVATE if private or not target.exists() else stat.S_IMODE(target.stat().st_mode)
        write_whole(target, after.encode(), mode)
        connected = Connected(str(target), _digest(after), str(backup) if backup is not None else None, key)
        write_whole(record, msgspec.json.encode(connected))
    except OSError as error:
        raise CannotWrite(f"{error.filename or file} cannot be written: {error.strerror}") from None
    return backup


def record_of(places: Places, client: str) -> Path:
    """Where it is remembered what was written for a client."""
    return places.data_dir / "connected" / f"{client}.json"


def read_record(record: Path) -> Connected | None:
    """What was written, as it was remembered; None where nothing is."""
    try:
        return msgspec.json.decode(record.read_bytes(), type=Connected)
    except (OSError, msgspec.MsgspecError):
        return None


def original(connected: Connected) -> str:
    """The text that was there before. Raises CannotWrite where its copy has gone."""
    if connected.backup is None:
        return ""
    if not Path(connected.backup).exists():
        raise CannotWrite(f"the copy {connected.backup} is not there any more")
    return present(Path(connected.backup))


def is_as_written(connected: Connected) -> bool:
    """Whether nobody has changed the file since."""
    return _digest(present(Path(connected.path))) == connected.digest


def restore(connected: Connected, record: Path) -> None:
    """Put back what was there, or remove the file where none was; the copy goes. Raises CannotWrite."""
    target = Path(connected.path)
    try:
        if connected.backup is None:
            target.unlink(missing_ok=True)
        else:
            mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else PRIVATE
            write_whole(target, original(connected).encode(), mode)
            Path(connected.backup).unlink(missing_ok=True)
        record.unlink(missing_ok=True)
    except OSError as error:
        raise CannotWrite(f"{error.filename or target} cannot be written: {error.strerror}") from None


def _free_name(target: Path) -> Path:
    name = target.with_name(f"{target.name}.bursar-backup")
    number = 1
    while name.exists():
        number += 1
        name = target.with_name(f"{target.name}.bursar-backup-{number}")
    return name


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
