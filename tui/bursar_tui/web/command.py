"""Command: `bursar watch --web`: says where the interface is, opens it if asked to, and serves it until it is ended."""

import asyncio
import html
import json
import os
import signal
import sys
import tempfile
import webbrowser
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from bursar_tui.web.serving import Limits, serve


def run(arguments: Sequence[str], port: int, *, opens: bool, themed: bool) -> int:
    """Serve the interface with these arguments until Ctrl-C, the end of the terminal or SIGTERM; the exit status."""
    command = [sys.executable, "-m", "bursar_tui", *arguments, "--in-tab"]
    try:
        with ExitStack() as until_the_end, suppress(KeyboardInterrupt, asyncio.CancelledError):
            asyncio.run(_serve(command, port, until_the_end if opens else None, themed=themed))
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else "there is no such port"
        print(f"bursar watch: port {port} cannot be listened on: {reason}", file=sys.stderr)
        return 1
    return 0


async def _serve(command: Sequence[str], port: int, until_the_end: ExitStack | None, *, themed: bool) -> None:
    task = asyncio.current_task()
    for name in ("SIGTERM", "SIGHUP"):
        if os.name == "posix" and task is not None:
            asyncio.get_running_loop().add_signal_handler(getattr(signal, name), task.cancel)

    def ready(address: str) -> None:
        print(f"Open {address}\nin a browser on this machine. Whoever has the address can do all that you can do here.")
        print("Ctrl-C ends it.", flush=True)
        if until_the_end is not None and not open_in_browser(address, until_the_end):
            print("No browser could be opened; open the address yourself.", flush=True)

    await serve(command, port, ready, Limits(), themed=themed)


def open_in_browser(address: str, until_the_end: ExitStack) -> bool:
    """Whether a browser was told. It is given a file that leads to the address, and only this user may read, since
    the arguments of a program can be read by every user of a machine."""
    folder = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="bursar-web-")))
    leads = folder / "open.html"
    script = f"location.replace({json.dumps(address)})"
    leads.write_text(f'<!doctype html><meta charset="utf-8"><script>{html.escape(script, quote=False)}</script>\n')
    leads.chmod(0o600)
    return webbrowser.open(leads.as_uri())
