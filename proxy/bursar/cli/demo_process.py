"""The process behind `bursar demo`: the practice upstream and a proxy before it, in one temporary folder.

It lives as long as its standard input: when the demo ends, however it ends, this does too, and takes
its folder along.
"""

import asyncio
import os
import shutil
import signal
import sys
import threading
from pathlib import Path

from bursar.cli.demo_scene import demo_configuration
from bursar.contract.log_line import Level
from bursar.contract.places import places
from bursar.daemon.run import run
from bursar.log.process_log import process_log
from bursar.practice.server import practice_server

_LOG_BYTES = 1024 * 1024


async def _play() -> None:
    threading.Thread(target=_end_with_input, name="input", daemon=True).start()
    async with practice_server() as practice:
        where = places()
        await asyncio.to_thread(where.config_file.write_text, demo_configuration(practice.base_url), "utf-8")
        with process_log(where.log_dir, level=Level.INFO, size=_LOG_BYTES, files=2) as log:
            await run(where, _announce, log=log)


def _end_with_input() -> None:
    """Nothing is ever written to us: whatever can be read is the end."""
    os.read(sys.stdin.fileno(), 1)
    signal.raise_signal(signal.SIGTERM)


def _announce(base_url: str) -> None:
    print(f"listening on {base_url}", flush=True)


def main() -> None:
    """Run in the folder that BURSAR_HOME names, which must be ours alone to remove."""
    home = Path(os.environ["BURSAR_HOME"])
    try:
        asyncio.run(_play())
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
