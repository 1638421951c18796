"""Running the proxy in the foreground: signals, threads and the collector of this process."""

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress

from bursar import __version__
from bursar.contract.places import Places
from bursar.daemon.daemon import Daemon
from bursar.doorkeeper.handed_over import handed_over
from bursar.log.process_log import ProcessLog
from bursar.memory import map_large_pieces
from bursar.secrets.secrets import Secrets
from bursar.service.notify import Notifier

_log = logging.getLogger(__name__)

_BACKGROUND_THREADS = 4
_BACKGROUND_NICENESS = 5


async def run(
    places: Places,
    ready: Callable[[str], None],
    *,
    kept: Secrets | None = None,
    host: str | None = None,
    port: int | None = None,
    log: ProcessLog | None = None,
) -> None:
    """Run the proxy in the foreground until SIGTERM, SIGINT or a command; SIGHUP reloads.

    A second SIGTERM or SIGINT gives the calls that still run no more time. `ready` is told the base
    URL once it answers; so is the service manager that started us. Raises what `Daemon.open` raises.
    """
    map_large_pieces()
    notifier = Notifier(os.environ)
    daemon = Daemon(places, host, port, log=log, handed_over=handed_over(os.environ), notifier=notifier, kept=kept)
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(_BACKGROUND_THREADS, "bursar-background", _step_back))
    async with AsyncExitStack() as stack:
        # The first to begin and the last to end: calls that run to their end while it stops are no hang.
        alive = asyncio.create_task(notifier.stay_alive(), name="watchdog")  # noqa: TID251 - the stack cancels it
        stack.callback(alive.cancel)
        base_url = await daemon.open(stack)
        for name in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError):
                loop.add_signal_handler(name, daemon.stop_or_hurry)
        if hasattr(signal, "SIGHUP"):
            loop.add_signal_handler(signal.SIGHUP, daemon.reload_soon)
        ready(base_url)
        facts = {"version": __version__, "url": base_url, "pid": os.getpid(), "file": str(places.config_file)}
        _log.info("the proxy answers", extra={"fields": facts})
        daemon.say_ready()
        _leave_what_stays()
        await daemon.until_stopped()
    _log.info("the proxy has ended")


def _leave_what_stays() -> None:
    """Spare the collector what lives to the end: prices, vocabularies and code are looked at no more.

    A call makes few cycles and many short-lived objects, so it need not look often either.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def _step_back() -> None:
    """Let this thread run only where the event loop's would not: what is counted or parsed at length delays nobody.

    Linux alone gives each thread a priority of its own.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _BACKGROUND_NICENESS)
