"""Files that hold one secret each: only this user may be able to read them."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from bursar.contract.shown import shown
from bursar.secrets.secret import SecretUnavailable

_LARGEST = 64 * 1024


def read_private(path: Path) -> str:
    """The text of a file that is this user's (or root's) and closed to everyone else. Raises SecretUnavailable."""
    name = shown(str(path))
    try:
        # Without O_NONBLOCK a pipe with nobody at its other end would be waited for.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with os.fdopen(handle, "rb") as stream:
            facts = os.fstat(stream.fileno())
            _check(facts, name)
            content = stream.read(_LARGEST + 1)
    except OSError as error:
        raise SecretUnavailable(f"The file {name} cannot be read: {error.strerror}.") from None
    return text_of(content, name)


def write_private(path: Path, text: str) -> None:
    """Put a text into a file that only this user may read, whole or not at all. Raises SecretUnavailable."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(text + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise SecretUnavailable(f"The file {shown(str(path))} cannot be written: {error.strerror}.") from None
    finally:
        with suppress(OSError):
            temporary.unlink()


def text_of(content: bytes, name: str) -> str:
    """The content as text. Raises SecretUnavailable."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SecretUnavailable(f"The file {name} holds something other than text.") from None
    if len(content) > _LARGEST:
        raise SecretUnavailable(f"The file {name} is too large to be a key.")
    return text


def _check(facts: os.stat_result, name: str) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise SecretUnavailable(f"{name} is no ordinary file.")
    if os.name != "posix":
        return
    if facts.st_uid not in (os.geteuid(), 0):
        raise SecretUnavailable(f"The file {name} belongs to another user, who could change it.")
    if facts.st_mode & 0o077:
        mode = stat.S_IMODE(facts.st_mode)
        raise SecretUnavailable(f"The file {name} may be read by others (mode {mode:04o}). Close it: chmod 600 {name}")
