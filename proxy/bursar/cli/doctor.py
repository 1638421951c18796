"""`bursar doctor`: everything that can be wrong, one line each, with what to do."""

import argparse
import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bursar.cli import doctor_machine as machine
from bursar.cli.doctor_alerts import running_alerts, ways
from bursar.cli.doctor_content import content
from bursar.cli.doctor_prices import prices
from bursar.cli.doctor_service import service
from bursar.cli.doctor_upstreams import outside
from bursar.cli.editing import file_in_force
from bursar.cli.exits import Exit
from bursar.cli.findings import MARKS, Finding, State, note, problem, well
from bursar.cli.output import say, say_json
from bursar.cli.places import add_config, places_of
from bursar.cli.running import running_status
from bursar.cli.service_state import look_here
from bursar.config.load import load
from bursar.config.problems import BrokenConfig
from bursar.config.schema import Config
from bursar.contract.places import Places

DESCRIPTION = """\
Check everything that can be wrong, one line each: what is well, and what to do where something is not. The exit
status is 1 where there is a problem. Upstreams are asked for their lists of models, which costs nothing.

examples:
  bursar doctor
  bursar doctor --offline      ask no upstream
  bursar doctor --json         a list of {"check", "state", "sentence"}; state is well, note or problem
"""


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """Its options."""
    add_config(parser)
    parser.add_argument("--offline", action="store_true", help="ask no upstream")
    parser.add_argument("--json", action="store_true", help="print a JSON list")


def run(options: argparse.Namespace) -> int:
    """Check, and print as it goes."""
    findings = []
    for finding in _findings(places_of(options), file_in_force(options), network=not options.offline):
        findings.append(finding)
        if not options.json:
            say(f"{MARKS[finding.state]} {finding.check}: {finding.sentence}")
    if options.json:
        say_json(findings)
    return Exit.PROBLEM if any(each.state is State.PROBLEM for each in findings) else Exit.OK


def _findings(places: Places, file: Path, *, network: bool) -> Iterator[Finding]:
    """Everything; of what a configuration states, nothing while it has problems."""
    status = running_status(places)
    config: Config | None = None
    try:
        config = load(file)
    except BrokenConfig as broken:
        for each in broken.problems:
            yield problem("configuration", str(each))
        yield note("configuration", "what else it states is looked at once it has no problem")
    else:
        yield well("configuration", f"{file} has no problem" if config.digest else f"there is none at {file}")
    run_by = look_here(places)
    yield from service(run_by, status)
    if config is not None:
        yield machine.port(config, status, held=run_by.holds_port)
        yield machine.exposure(config, status)
    known = config or Config(file=file)
    database = Path(known.storage.path) if known.storage.path else places.database
    found, newest_ms = machine.ledger(database, running=status is not None)
    yield found
    yield machine.disk(database)
    yield from machine.private(file, database)
    yield from content(database, known.content, status)
    yield from machine.local_door(places)
    yield machine.clock(known, newest_ms)
    yield machine.vocabularies()
    if config is not None:
        yield from prices(config, places, time.time_ns() // 1_000_000)
        yield from ways(config.alerts, running_alerts(places) if status is not None else None)
        yield from asyncio.run(outside(config, replace(places, config_file=file), network=network))
