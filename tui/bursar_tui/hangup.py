"""Hangup: the program ends with its terminal, also where nobody tells it that the terminal has gone.

The system tells by SIGHUP, but not who was started with that signal ignored, or has another terminal than its
session. Such a program would go on reading the end of its input as fast as it can.
"""

import os
import signal
import sys
import threading
import time

LOOK_S = 1.0


def end_with(fileno: int) -> None:
    """End this process, as SIGHUP does, once the terminal behind a file descriptor has gone."""
    if sys.platform == "win32" or not os.isatty(fileno):
        return
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    threading.Thread(target=_watch, args=(fileno,), name="hangup", daemon=True).start()


def _watch(fileno: int) -> None:
    while not has_gone(fileno):
        time.sleep(LOOK_S)
    os.kill(os.getpid(), signal.SIGHUP)


def has_gone(fileno: int) -> bool:
    """Whether what was a terminal is none any more."""
    if sys.platform == "win32":
        return False
    import termios

    try:
        termios.tcgetattr(fileno)
    except (termios.error, OSError):
        return True
    return False
