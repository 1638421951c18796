"""OwnerLock: the one process that owns a ledger's file, by a lock that the system lifts when that process dies."""

import os
import sys
import time
from pathlib import Path

from bursar.storage.store import StoreInUse, StoreUnavailable

PATIENCE_S = 1.0
"""How long a second owner waits: a restart may overlap the end of what it replaces."""

_PAUSE_S = 0.05
_FAR = 1 << 30
"""Where Windows locks: beyond the text, which others could not read otherwise."""


class OwnerLock:
    """Held from `take` to `release`, or to the end of the process, whichever way that comes.

    The lock file stays when the lock is lifted: removing it would let two processes lock two files of one
    name. It holds the owner's process id, for the message alone; only the lock counts.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, database: Path, patience_s: float = PATIENCE_S) -> "OwnerLock":
        """Own `database`. Raises StoreInUse, naming the owner, where another process does; else StoreUnavailable."""
        path = database.with_name(database.name + ".lock")
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            give_up = time.monotonic() + patience_s
            while not _lock(descriptor):
                if time.monotonic() > give_up:
                    owner = os.read(descriptor, 20).decode("ascii", "replace").strip()
                    os.close(descriptor)
                    raise StoreInUse(f"{database} is in use by process {owner or 'unknown'}")
                time.sleep(_PAUSE_S)
            path.chmod(0o600)
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)
            os.write(descriptor, b"%d\n" % os.getpid())
        except OSError as error:
            raise StoreUnavailable(f"{path} cannot be locked ({error.strerror})") from None
        return cls(descriptor)

    def release(self) -> None:
        """Let another process own it."""
        os.close(self._descriptor)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> bool:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
