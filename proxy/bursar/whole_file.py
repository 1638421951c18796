"""Files written whole or not at all: whoever reads sees the old content or the new, also after a power cut."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PRIVATE = 0o600


def write_whole(target: Path, content: bytes, mode: int = PRIVATE) -> None:
    """Put the content in place, in a folder that is made where there is none, open to this user alone.

    Raises OSError; what was there is there still, and nothing else.
    """
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with written_beside(target, content, mode) as new:
        new.replace(target)
    settle_on_disk(target.parent)


@contextmanager
def written_beside(target: Path, content: bytes, mode: int = PRIVATE) -> Iterator[Path]:
    """A new file beside `target`, on disk, to be put in its place within the block, else gone with it.

    Nobody but this user can read it before it has its mode. Raises OSError.
    """
    new = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if mode != PRIVATE:
            new.chmod(mode)
        yield new
    finally:
        with suppress(OSError):  # gone where it was put in place; and what could not be made cannot be unmade
            new.unlink()


def settle_on_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk. Windows has no such call for folders."""
    if path.is_dir() and os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() or os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
