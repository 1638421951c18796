"""What a process that holds keys keeps from others: its files, and its memory when it dies."""

import ctypes
import os
import sys
from contextlib import suppress

_PR_SET_DUMPABLE = 4
"""prctl(2)."""


def keep_to_ourselves() -> None:
    """Make every file that this process creates its user's alone, and let nothing of its memory reach the disk.

    Without a core dump an upstream's key in memory stays there; a process that cannot be dumped
    also shows its environment to nobody but root.
    """
    os.umask(0o077)
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
