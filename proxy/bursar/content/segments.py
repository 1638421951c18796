"""Segments: the files that content is kept in, so many for each key and hour that to forget is to remove whole files.

One is named `key-NAME/2026-11-22-01.000.text`, by the hour in UTC in which its calls began; images and the like are in
`.media`. It is a row of frames: a head of fixed length, and zlib-compressed bytes that only their writer understands.
Nothing waits for the disk here: after a power cut the last seconds may be gone, and half a frame is passed over.
"""

import errno
import os
import re
import shutil
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from bursar.contract.content import KeptOfKey
from bursar.domain.exchange import instant_of

FOLDER = "content"
"""In the folder of the ledger."""

HOUR_MS = 3_600_000
LEAST_FREE = 100 * 1024 * 1024
"""What stays free of a disk that the ledger is on, too: money needs it more."""

_HEAD = struct.Struct(">4s14sII")
"""A mark, the exchange's id, how many bytes follow, and their CRC-32."""
_MARK, _GONE = b"bkc1", b"gone"
_NAME = re.compile(r"(\d{4}-\d\d-\d\d-\d\d)\.(\d{3,})\.(text|media)", re.ASCII)
_PARTS = 8
"""Into how many files at least what may be kept is divided, so that making room takes no more than one of them."""
_OPEN = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_ZEROS = bytes(65_536)
_FOLDER = re.compile(r"key-((?:%[a-z]|[a-z0-9._-])+)%?", re.ASCII)


class Sort(StrEnum):
    """What is kept for different lengths of time."""

    TEXT = "text"
    MEDIA = "media"


class Segment(NamedTuple):
    """One file: the key and hour that it is of, in milliseconds since the epoch."""

    path: Path
    key: str
    hour_ms: int
    sort: Sort


class Segments:
    """The files below one folder. Not safe to share between threads; every method may raise OSError.

    `open` once before the first use; the folder is made when something is kept in it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sizes: dict[Path, int] = {}
        self._ours: dict[tuple[str, int, Sort], Path] = {}
        """The file to which this process appends: never one that another has left, which may end in half a frame."""

    def open(self) -> None:
        """See what is there."""
        self._sizes = {each.path: each.path.stat().st_size for each in self._found()}

    @property
    def total(self) -> int:
        """How many bytes all of them have."""
        return sum(self._sizes.values())

    def append(self, sort: Sort, key: str, exchange_id: str, body: bytes, most: int) -> None:
        """Keep the bytes, compressed by their writer; then remove the oldest files until no more than `most` are left.

        Where the disk takes only a part, that is taken back; and what the ledger may need of it is not taken.
        """
        self._leave_room(len(body))
        at_ms = instant_of(exchange_id)
        if at_ms is None:
            raise ValueError("content is kept by the id of an exchange")
        place = key, at_ms - at_ms % HOUR_MS, sort
        frame = _HEAD.pack(_MARK, exchange_id.encode(), len(body), zlib.crc32(body)) + body
        path = self._ours.pop(place, None)
        if path is None or not 0 < self._sizes.get(path, 0) <= most // _PARTS:
            path = self._fresh(*place)
            self._ours = {other: path for other, path in self._ours.items() if other[1] > place[1] - 24 * HOUR_MS}
        self._sizes[path] = _append(path, frame)
        self._ours[place] = path
        self.bound(most)

    def bound(self, most: int) -> None:
        """Remove the oldest files until no more than `most` bytes are left."""
        if self.total > most:
            for path in sorted(self._sizes, key=lambda path: path.name):
                self._remove(path)
                if self.total <= most:
                    return

    def retire(self, text_before_ms: int, media_before_ms: int) -> int:
        """Remove what is of calls before an instant, to the hour and never later; how many bytes that were."""
        before = {Sort.TEXT: text_before_ms, Sort.MEDIA: media_before_ms}
        return sum(self._remove(each.path) for each in self.all() if each.hour_ms < before[each.sort])

    def forget(self, key: str | None = None) -> int:
        """Remove all there is, or all of one key, also what was not known; how many bytes that were."""
        gone = sum(self._remove(each.path) for each in list(self._found()) if key is None or each.key == key)
        if key is None:
            with suppress(OSError):
                self.folder.rmdir()
        return gone

    def forget_call(self, exchange_id: str) -> int:
        """Overwrite what is kept of one call, which takes no room on a full disk; how many bytes that were."""
        gone = 0
        for each in self._of_hour(exchange_id):
            places = [(at, size) for at, size, of, _ in _frames(each.path) if of == exchange_id]
            if places:
                with each.path.open("r+b") as file:
                    for at, size in places:
                        file.seek(at)
                        file.write(_HEAD.pack(_GONE, b"\0" * 14, size, 0))
                        for done in range(0, size, len(_ZEROS)):
                            file.write(_ZEROS[: size - done])
                        gone += size
                    file.flush()
                    os.fsync(file.fileno())
        return gone

    def find(self, exchange_id: str) -> Iterator[tuple[Segment, bytes]]:
        """What is kept of one call, in the order in which it was."""
        for each in self._of_hour(exchange_id):
            for at, size, of, crc in _frames(each.path):
                if of == exchange_id:
                    with each.path.open("rb") as file:
                        file.seek(at + _HEAD.size)
                        body = file.read(size)
                    if len(body) == size and zlib.crc32(body) == crc:
                        yield each, body

    def all(self) -> list[Segment]:
        """Every file that is known, the oldest first."""
        found = [segment for path in self._sizes if (segment := _segment(path)) is not None]
        return sorted(found, key=lambda each: each.path.name)

    def size_of(self, segment: Segment) -> int:
        """How many bytes it has."""
        return self._sizes.get(segment.path, 0)

    def _found(self) -> Iterator[Segment]:
        """What is on disk, and only what this module has put there: links are followed nowhere."""
        if not self.folder.is_dir() or self.folder.is_symlink():
            return
        for folder in sorted(self.folder.iterdir()):
            if folder.is_dir() and not folder.is_symlink():
                for path in sorted(folder.iterdir()):
                    segment = _segment(path)
                    if segment is not None and path.is_file() and not path.is_symlink():
                        yield segment

    def _of_hour(self, exchange_id: str) -> Iterator[Segment]:
        at_ms = instant_of(exchange_id)
        if at_ms is not None:
            yield from (each for each in self._found() if each.hour_ms == at_ms - at_ms % HOUR_MS)

    def _fresh(self, key: str, hour_ms: int, sort: Sort) -> Path:
        """The name of a file that is not there yet, in a folder that is; later than those of the files that are."""
        below = self.folder / _folder_of(key)
        for folder in (self.folder, below):
            if not folder.is_dir():
                folder.mkdir(mode=0o700)
                folder.chmod(0o700)
        hour = datetime.fromtimestamp(hour_ms / 1000, UTC).strftime("%Y-%m-%d-%H")
        known = [match for path in below.iterdir() if (match := _NAME.fullmatch(path.name)) is not None]
        number = max((int(match[2]) for match in known if match[1] == hour), default=-1) + 1
        return below / f"{hour}.{number:03}.{sort}"

    def _leave_room(self, size: int) -> None:
        beside = self.folder.parent
        if self.folder.exists() and self.folder.stat().st_dev != beside.stat().st_dev:
            return
        if shutil.disk_usage(beside).free - size < LEAST_FREE:
            words = f"less than {LEAST_FREE >> 20} MiB of the disk are free, which are left to the ledger"
            raise OSError(errno.ENOSPC, words)

    def _remove(self, path: Path) -> int:
        """Remove a file, and its folder with the last one."""
        size = self._sizes.pop(path, None)
        if size is None:
            with suppress(OSError):
                size = path.stat().st_size
        path.unlink(missing_ok=True)
        with suppress(OSError):  # others are in it
            path.parent.rmdir()
        return size or 0


def kept_of_keys(files: Segments) -> tuple[KeptOfKey, ...]:
    """How much is kept of each key, by name."""
    found: dict[str, list[Segment]] = {}
    for each in files.all():
        found.setdefault(each.key, []).append(each)
    return tuple(
        KeptOfKey(
            key,
            sum(files.size_of(each) for each in segments if each.sort is Sort.TEXT),
            sum(files.size_of(each) for each in segments if each.sort is Sort.MEDIA),
            min(each.hour_ms for each in segments),
        )
        for key, segments in sorted(found.items())
    )


def _folder_of(key: str) -> str:
    """A name for a key's folder that no system takes for another's: there are those to which letters of either case
    are one, a full stop at the end is none, and some names are devices."""
    escaped = re.sub("[A-Z]", lambda letter: f"%{letter[0].lower()}", key)
    return f"key-{escaped}%" if escaped.endswith(".") else f"key-{escaped}"


def _segment(path: Path) -> Segment | None:
    match, folder = _NAME.fullmatch(path.name), _FOLDER.fullmatch(path.parent.name)
    if match is None or folder is None:
        return None
    key = re.sub("%([a-z])", lambda letter: letter[1].upper(), folder[1])
    try:
        hour = datetime.strptime(match[1], "%Y-%m-%d-%H").replace(tzinfo=UTC)
    except ValueError:
        return None
    return Segment(path, key, int(hour.timestamp()) * 1000, Sort(match[3]))


def _append(path: Path, frame: bytes) -> int:
    """Append a frame whole or not at all; how large the file is then."""
    descriptor = os.open(path, _OPEN, 0o600)
    try:
        size, left = os.fstat(descriptor).st_size, memoryview(frame)
        try:
            while left:
                left = left[os.write(descriptor, left) :]
        except OSError:
            with suppress(OSError):
                os.ftruncate(descriptor, size)
            raise
        return size + len(frame)
    finally:
        os.close(descriptor)


def _frames(path: Path) -> Iterator[tuple[int, int, str, int]]:
    """Where each frame begins, how many bytes its body has, whose it is, and their sum; up to what is damaged."""
    with path.open("rb") as file:
        at, end = 0, os.fstat(file.fileno()).st_size
        while at + _HEAD.size <= end:
            file.seek(at)
            mark, exchange_id, size, crc = _HEAD.unpack(file.read(_HEAD.size))
            if mark not in (_MARK, _GONE) or at + _HEAD.size + size > end:
                return
            if mark == _MARK:
                yield at, size, exchange_id.decode("ascii", "replace"), crc
            at += _HEAD.size + size
