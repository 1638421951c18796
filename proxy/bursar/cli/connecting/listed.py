"""Which programs can be connected: where each keeps its settings, whether it is there, and whether it is connected."""

import argparse
from pathlib import Path

import msgspec

from bursar.cli.connecting.change import read_record, record_of
from bursar.cli.connecting.client import Client
from bursar.cli.connecting.table import CLIENTS
from bursar.cli.connecting.tunnel import found
from bursar.cli.connecting.where import Where
from bursar.cli.exits import Exit
from bursar.cli.output import say, say_json, say_table
from bursar.cli.places import places_of
from bursar.contract.places import Places


class Listed(msgspec.Struct, frozen=True):
    """One program. `file` is where it keeps its settings, None where nothing is written, and `no_file` says why.

    `there` is whether that file or its folder is, `connected` whether it was written from here and not undone,
    `writes` whether `--write` changes a file of it, if need be the one that `--path` names.
    """

    name: str
    title: str
    file: str | None
    there: bool
    connected: bool
    writes: bool
    no_file: str = ""


def say_clients(options: argparse.Namespace) -> int:
    """Print them."""
    places, where = places_of(options), Where()
    listed = [_listed(client, places, where) for client in CLIENTS.values()]
    if options.json:
        say_json({"clients": listed, "tunnels": [{"name": each.name, "note": each.note} for each in found()]})
        return Exit.OK
    say_table(("program", "", "its file"), [(each.name, _state(each), each.file or "") for each in listed])
    say("What to enter: bursar connect NAME. To have it written: bursar connect NAME --write")
    return Exit.OK


def _listed(client: Client, places: Places, where: Where) -> Listed:
    record = read_record(record_of(places, client.name))
    file = Path(record.path) if record is not None else client.file(where) if client.file is not None else None
    there = file is not None and (file.exists() or (file.parent != where.home and file.parent.exists()))
    path = str(file) if file is not None else None
    return Listed(client.name, client.title, path, there, record is not None, client.edit is not None, client.no_file)


def _state(each: Listed) -> str:
    if each.connected:
        return "connected"
    return "found" if each.there else ""
