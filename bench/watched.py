"""`bursar serve` that also says, when it is sent SIGUSR1, how many tasks it runs and how many threads it has."""

import asyncio
import signal
import threading

from bursar.cli.main import main


def _tell(*_: object) -> None:
    # Signals are handled between two steps of the loop's own thread, in which the loop counts as running.
    print(f"tasks {len(asyncio.all_tasks())} threads {threading.active_count()}", flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _tell)
    raise SystemExit(main(["serve"]))
