"""Notifier: tells the service manager how the proxy is: ready, reloading, stopping, alive."""

import asyncio
import os
import socket
import time
from collections.abc import MutableMapping
from contextlib import suppress


class Notifier:
    """Speaks to the socket that NOTIFY_SOCKET names (sd_notify(3)); where there is none, every word goes nowhere.

    The variables are taken out of `environ`, so that no child process speaks in our name.
    """

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        self._address = environ.pop("NOTIFY_SOCKET", "")
        every_us, whose = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
        ours = whose in ("", str(os.getpid())) and every_us.isascii() and every_us.isdigit()
        self._alive_s = int(every_us) / 2_000_000 if ours and self._address else 0.0

    def ready(self, status: str) -> None:
        """It answers, for the first time or again. `status` is a sentence for `systemctl status`."""
        self._say("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """It takes up its configuration; `ready` follows."""
        self._say("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}", "STATUS=Taking up the configuration.")

    def stopping(self, status: str) -> None:
        """It takes no more calls."""
        self._say("STOPPING=1", f"STATUS={status}")

    async def stay_alive(self) -> None:
        """Say that the event loop turns, twice as often as the watchdog asks; returns at once where there is none."""
        while self._alive_s:
            self._say("WATCHDOG=1")
            await asyncio.sleep(self._alive_s)

    def _say(self, *lines: str) -> None:
        if not self._address or not hasattr(socket, "AF_UNIX"):
            return
        # An @ stands for the null byte of an abstract address (unix(7)).
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        message = "\n".join(line.replace("\n", " ") for line in lines)
        # A manager that has gone, or does not read, is no reason to fail or to wait.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.setblocking(False)
            sock.sendto(message.encode("utf-8", "replace"), address)
