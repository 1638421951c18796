"""`bursar restore`: go back to a backup of the ledger, while no proxy runs."""

import argparse
from datetime import datetime
from pathlib import Path

from bursar.cli.exits import Exit, Failed
from bursar.cli.output import say, say_json, say_table
from bursar.cli.places import add_config, places_of
from bursar.cli.running import running_status
from bursar.config.load import load
from bursar.config.problems import BrokenConfig
from bursar.ledger.audit import audit
from bursar.storage.backups import backups_of
from bursar.storage.sqlite.examine import FromBefore, examined
from bursar.storage.sqlite.restore import restore
from bursar.storage.store import StoreUnavailable

DESCRIPTION = """\
Go back to a backup of the ledger. One is made each day while the proxy runs, and kept beside the ledger. A backup is
looked at before anything changes, and the ledger that is replaced is kept under another name. No proxy may run.

examples:
  bursar restore                             the backups there are
  bursar restore ~/.local/share/bursar/backups/ledger-2026-11-20.sqlite3
"""


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """Its options."""
    parser.add_argument("backup", nargs="?", type=Path, help="the backup; without it, they are listed")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    """List the backups, or go back to one."""
    places = places_of(options)
    try:
        stated = load(places.config_file).storage.path
    except BrokenConfig as broken:
        raise Failed(f"The configuration does not say where the ledger is: {broken.problems[0]}") from None
    database = Path(stated) if stated else places.database
    if options.backup is None:
        _list(backups_of(database), database, as_json=options.json)
        return Exit.OK
    if running_status(places) is not None:
        raise Failed("A proxy runs: stop it first (bursar stop), then go back.")
    backup: Path = options.backup.expanduser()
    if not backup.is_file():
        raise Failed(f"There is no file {backup}; the backups there are: bursar restore")
    try:
        state = _state(backup)
        if state not in ("sound", "sound, of an earlier version"):
            raise Failed(f"{backup} is not gone back to: {state}.")
        former = restore(backup, database, datetime.now().astimezone())
    except StoreUnavailable as error:
        raise Failed(f"Nothing has changed: {error.reason}.") from None
    if options.json:
        say_json({"ledger": str(database), "backup": str(backup), "former": str(former) if former else None})
    else:
        kept = f" The one before is kept as {former}." if former is not None else ""
        say(f"{database} is that of {backup.name} again.{kept}")
    return Exit.OK


def _list(backups: list[Path], database: Path, *, as_json: bool) -> None:
    rows = [(each, each.stat().st_size, _state(each)) for each in backups]
    if as_json:
        say_json([{"backup": str(each), "bytes": size, "state": state} for each, size, state in rows])
    elif not rows:
        say(f"There is no backup of {database} yet; the first is made a minute after the proxy has started.")
    else:
        say_table(
            ("backup", "size", "state"), [(str(each), f"{size:,}", state) for each, size, state in rows], right=(1,)
        )


def _state(backup: Path) -> str:
    """Whether a backup is sound and adds up."""
    try:
        wrong = examined(backup, audit)
    except FromBefore:
        return "sound, of an earlier version"
    except StoreUnavailable as error:
        return error.reason
    return f"it does not add up: {wrong[0]}" if wrong else "sound"
