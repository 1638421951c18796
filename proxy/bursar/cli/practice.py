"""`bursar practice`: an upstream made for trying and testing, on this machine alone."""

import argparse
import asyncio

from bursar.cli.exits import Exit, Failed
from bursar.cli.output import say_json, say_table

DESCRIPTION = """\
Run an upstream made for trying and testing: OpenAI's grammar, deterministic text, real token counts, and every
fault there is, by the name of the model asked for. It listens on this machine alone and takes any key or none.

examples:
  bursar practice                 prints `listening on http://127.0.0.1:N/v1`
  bursar practice --port 4242 --speed 50
  bursar practice --list          the models and faults by name
"""


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """Its options."""
    parser.add_argument("--port", type=int, default=0, help="the port to listen on; by default a free one")
    parser.add_argument("--speed", type=float, help="chunks a second, in place of what each model's name says")
    parser.add_argument("--list", action="store_true", help="print what it plays, and end")
    parser.add_argument("--json", action="store_true", help="with --list: as JSON")


def run(options: argparse.Namespace) -> int:
    """List, or serve until it is told to stop."""
    if options.list:
        _list(as_json=options.json)
        return Exit.OK
    from bursar.practice.server import serve_forever

    try:
        asyncio.run(serve_forever(options.port, speed=options.speed))
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no such port"
        raise Failed(f"Port {options.port} cannot be listened on: {reason}.") from None
    return Exit.OK


def _list(*, as_json: bool) -> None:
    from bursar.practice.faults.table import FAULTS
    from bursar.practice.models import LISTED

    if as_json:
        faults = [{"model": f.name, "where": f.where, "does": f.does, "mark": f.mark} for f in FAULTS.values()]
        say_json({"models": list(LISTED), "faults": faults})
        return
    rows = [(name, "answers", "") for name in LISTED]
    rows += [(fault.name, fault.does, str(fault.mark)) for fault in FAULTS.values()]
    say_table(("model", "what it does", "a client may see"), rows)
