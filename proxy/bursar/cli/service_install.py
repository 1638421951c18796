"""`bursar service install` and `uninstall`: the files, what speaks against it, and what comes of it."""

import argparse
import os
import sys
from collections.abc import Sequence

from bursar.cli.asking import agreed
from bursar.cli.exits import Exit, Failed
from bursar.cli.output import complain, say
from bursar.cli.running import running_identity
from bursar.cli.service_options import chosen, environ_for, places_for
from bursar.cli.service_state import look, sentences
from bursar.config.load import load
from bursar.config.problems import BrokenConfig
from bursar.config.schema import Config
from bursar.contract.shown import shown
from bursar.doorkeeper.listen import CannotListen, listen_on
from bursar.service.objections import Objection, objections, unreadable
from bursar.service.program import Program, program_of
from bursar.service.service_file import ServiceFile
from bursar.service.supervisor import Phase, Supervisor
from bursar.service.systemd import Systemd


def install(options: argparse.Namespace) -> int:
    """Write what the supervisor is to run, have it taken up, and start it. Raises Failed and ToolFailed."""
    supervisor, (program, config) = chosen(options), _program(options)
    files = supervisor.files(program)
    against = [*objections(program, config, {} if options.system else os.environ)]
    if options.system:
        against += unreadable(program)
    for each in against:
        complain(f"{'✗' if each.final else '·'} {each.sentence}")
    if options.dry:
        _print(files)
        return Exit.OK
    _refuse(against, anyway=options.anyway)
    before = supervisor.state()
    if before.process is None and not before.holds_port and not options.no_start:
        see_that_it_can_start(options)
    changed = _write(files, program, system=options.system)
    if changed or not before.begins:
        if before.process is not None:
            supervisor.stop()
        supervisor.register(files)
    _print(files)
    say("The service is installed." if changed else "The service was installed like this already.")
    _linger(supervisor, asked_for=options.linger)
    if not options.no_start:
        supervisor.start()
        for line in sentences(look(options)):
            say(line)
    for line in supervisor.advice():
        say(line)
    return Exit.OK


def uninstall(options: argparse.Namespace) -> int:
    """End the service and remove its files; say what stays. Raises Failed and ToolFailed."""
    supervisor = chosen(options)
    there = [path for path in supervisor.paths if path.exists()]
    if options.dry:
        for path in there:
            say(f"would remove {path}")
        return Exit.OK
    if there or supervisor.state().phase is not Phase.ABSENT:
        supervisor.unregister()
    say("The service is gone." if there else "No service was installed.")
    places = places_for(options)
    for what, path in (("configuration", places.config_file), ("ledger", places.database), ("log", places.log_dir)):
        if path.exists():
            say(f"{what} stays: {path}")
    return Exit.OK


def _program(options: argparse.Namespace) -> tuple[Program, Config]:
    places = places_for(options)
    try:
        # What BURSAR_PORT says here, nobody would say to the service.
        config = load(places.config_file, environ={})
    except BrokenConfig as broken:
        raise Failed("\n".join(map(str, broken.problems)), Exit.UNUSABLE) from None
    keep_port = not options.no_socket
    return program_of(sys.executable, places, config, environ_for(options), keep_port=keep_port), config


def _refuse(against: Sequence[Objection], *, anyway: bool) -> None:
    if any(each.final for each in against):
        raise Failed("Nothing was changed.")
    if any(each.stops for each in against) and not anyway:
        raise Failed("Nothing was changed. With --anyway it is installed all the same.")


def see_that_it_can_start(options: argparse.Namespace) -> None:
    """Say what would keep a proxy from starting, before the supervisor says less of it. Raises Failed."""
    places = places_for(options)
    identity = running_identity(places)
    if identity is not None:
        raise Failed(f"A proxy runs already, started by hand (process {identity.pid}): end it first with bursar stop.")
    try:
        config = load(places.config_file, environ={})
    except BrokenConfig as broken:
        raise Failed("\n".join(map(str, broken.problems)), Exit.UNUSABLE) from None
    try:
        for sock in listen_on([config.server.host], config.server.port):
            sock.close()
    except CannotListen as error:
        raise Failed(f"{error}.", Exit.TAKEN) from None


def _write(files: Sequence[ServiceFile], program: Program, *, system: bool) -> bool:
    """Write the files that differ; whether there was one."""
    differing = [file for file in files if not file.is_there]
    try:
        if not system:
            for folder in (program.places.data_dir, program.places.log_dir):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in differing:
            file.write()
    except OSError as error:
        hint = " Run it as root: sudo …" if system and isinstance(error, PermissionError) else ""
        raise Failed(f"{error.filename} cannot be written: {error.strerror}.{hint}") from None
    return bool(differing)


def _print(files: Sequence[ServiceFile]) -> None:
    for file in files:
        say(f"# {file.path}")
        for line in file.text.splitlines():
            print(shown(line))
        say()


def _linger(supervisor: Supervisor, *, asked_for: bool) -> None:
    """Have a user's service run without a login where that is wanted, and where somebody is there, offer it."""
    if not isinstance(supervisor, Systemd) or not supervisor.can_linger or supervisor.lingers():
        return
    question = "Have it run without a login too, from the start of the machine on (lingering)?"
    if asked_for or (sys.stdin.isatty() and sys.stdout.isatty() and agreed(question, default=False)):
        supervisor.linger()
