"""Files that hold secrets: only this user may be able to read them, or to put others in their place."""

import os
import stat
from pathlib import Path

from bursar.contract.shown import shown
from bursar.secrets.secret import SecretUnavailable
from bursar.whole_file import write_whole

LARGEST = 64 * 1024
"""No key is longer, in bytes."""
_MOST_LINKS = 40
"""As Linux has it (path_resolution(7))."""


def read_private(path: Path) -> str:
    """The text of a file that is this user's (or root's) and closed to everyone else. Raises SecretUnavailable."""
    return text_of(read_private_bytes(path), shown(str(path)))


def read_private_bytes(path: Path, largest: int = LARGEST) -> bytes:
    """The content of such a file, or one byte more than `largest`. Raises SecretUnavailable."""
    name = shown(str(path))
    try:
        # Without O_NONBLOCK a pipe with nobody at its other end would be waited for.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with os.fdopen(handle, "rb") as stream:
            facts = os.fstat(stream.fileno())
            _check(facts, name)
            if os.name == "posix":
                _check_way(path.absolute())
            return stream.read(largest + 1)
    except OSError as error:
        raise SecretUnavailable(f"The file {name} cannot be read: {error.strerror}.") from None


def write_private(path: Path, text: str) -> None:
    """Put a text into a file that only this user may read, whole or not at all. Raises SecretUnavailable."""
    write_private_bytes(path, f"{text}\n".encode())


def write_private_bytes(path: Path, content: bytes) -> None:
    """The same for bytes. Raises SecretUnavailable."""
    try:
        write_whole(path, content)
    except OSError as error:
        raise SecretUnavailable(f"The file {shown(str(path))} cannot be written: {error.strerror}.") from None


def text_of(content: bytes, name: str) -> str:
    """The content as text. Raises SecretUnavailable."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SecretUnavailable(f"The file {name} holds something other than text.") from None
    if len(content) > LARGEST:
        raise SecretUnavailable(f"The file {name} is too large to be a key.")
    return text


def _check(facts: os.stat_result, name: str) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise SecretUnavailable(f"{name} is no ordinary file.")
    if os.name != "posix":
        return
    if facts.st_uid not in _trusted():
        raise SecretUnavailable(f"The file {name} belongs to another user, who could change it.")
    if facts.st_mode & 0o077:
        mode = stat.S_IMODE(facts.st_mode)
        raise SecretUnavailable(f"The file {name} may be read by others (mode {mode:04o}). Close it: chmod 600 {name}")


def _check_way(path: Path) -> None:
    """Look at every folder and link on the way to a file: who may change one of them chooses which file is read.

    The rule is that of `StrictModes` in sshd_config(5), with the sticky bit (/tmp) allowed.
    """
    links, rest, here = 0, list(path.parts[1:]), Path(path.anchor)
    while rest:
        _check_folder(here)
        here = here / rest.pop(0)
        facts = here.lstat()
        if not stat.S_ISLNK(facts.st_mode):
            continue
        if facts.st_uid not in _trusted():
            raise SecretUnavailable(f"The link {shown(str(here))} belongs to another user, who chooses where it leads.")
        links += 1
        if links > _MOST_LINKS:
            raise SecretUnavailable(f"The way to {shown(str(path))} leads through too many links.")
        target = Path(os.path.normpath(here.parent / here.readlink()))
        rest, here = [*target.parts[1:], *rest], Path(target.anchor)


def _check_folder(folder: Path) -> None:
    facts, name = folder.stat(), shown(str(folder))
    if facts.st_uid not in _trusted():
        raise SecretUnavailable(f"The folder {name} belongs to another user, who could put another file there.")
    if facts.st_mode & 0o022 and not facts.st_mode & stat.S_ISVTX:
        raise SecretUnavailable(
            f"In the folder {name} others may put another file in place of the key (mode "
            f"{stat.S_IMODE(facts.st_mode):04o}). Close it: chmod go-w {name}"
        )


def _trusted() -> tuple[int, int]:
    return os.geteuid(), 0
