"""What `bursar doctor` looks at on this machine: the port, the clock, the disk, the ledger, the vocabularies."""

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bursar.cli.findings import Finding, note, problem, well
from bursar.cli.port_holder import holder_of
from bursar.cli.words import instant
from bursar.config.base_url import is_loopback
from bursar.config.schema import Config
from bursar.config.zone import zone_named
from bursar.contract.commands import Status
from bursar.contract.places import Places
from bursar.doorkeeper.listen import AddressTaken, CannotListen, listen_on
from bursar.ledger.audit import audit
from bursar.metering.price_table import ShippedPrices
from bursar.storage.backups import backups_of
from bursar.storage.sqlite.examine import FromBefore, check_free, examined
from bursar.storage.sqlite.file import FromLater
from bursar.storage.store import Reader, StoreUnavailable
from bursar.tokens.vocabulary import ENCODINGS, Vocabularies, VocabularyDamaged

_LEAST_FREE = 200 * 1024 * 1024
_MIB = 1024 * 1024


def port(config: Config, status: Status | None, *, held: bool) -> Finding:
    """Whether the port can be had, or who has it. `held`: the system's supervisor has it, for the service."""
    number = config.server.port
    if held:
        return well("port", f"{number} is held for the service, so that a restart refuses nobody")
    if status is not None:
        return well("port", f"held by the running proxy ({status.public_url})")
    try:
        for sock in listen_on([config.server.host], number):
            sock.close()
    except AddressTaken:
        holder = holder_of(number) or "another program"
        change = f"end it, or take another port: bursar config set server.port {number + 1}"
        return problem("port", f"{config.server.host}:{number} is held by {holder}; {change}")
    except CannotListen as error:
        return problem("port", f"{error}: bursar config set server.port {number + 1}")
    return well("port", f"{config.server.host}:{number} is free")


def exposure(config: Config, status: Status | None = None) -> Finding:
    """Who can reach the public door."""
    server = config.server
    if status is not None and status.exposures:
        names = " and ".join(f"https://{each.host} with the key {' or '.join(each.keys)}" for each in status.exposures)
        return note("exposure", f"EXPOSED: anyone may call {names}; Ctrl-C in `bursar connect cursor` ends it")
    if not is_loopback(server.host):
        return note("exposure", f"other machines may reach {server.host}:{server.port}; every call needs a client key")
    if server.allowed_hosts:
        return note("exposure", f"this machine, and whoever is let in as {', '.join(server.allowed_hosts)}")
    return well("exposure", "this machine only")


def clock(config: Config, newest_ms: int | None) -> Finding:
    """Whether the clock can be right, and which zone days begin in."""
    now_ms = time.time_ns() // 1_000_000
    shipped = datetime.fromisoformat(ShippedPrices().table.date).replace(tzinfo=UTC)
    now = instant(now_ms)
    if now_ms < (shipped.timestamp() - 86_400) * 1000:
        return problem("clock", f"it is {now} here, before this version was made: set the clock of this machine")
    if newest_ms is not None and newest_ms > now_ms + 60_000:
        return problem("clock", f"it is {now} here, but the last call was at {instant(newest_ms)}: check the clock")
    return well("clock", f"it is {now}; days begin at midnight in {zone_named(config.server.zone).key}")


def disk(database: Path) -> Finding:
    """Whether there is room to write on."""
    folder = next((each for each in (database.parent, *database.parent.parents) if each.exists()), Path.cwd())
    free = shutil.disk_usage(folder).free
    try:
        # A disk that failed is read-only whatever its rights and its flags say, so it has to be tried.
        with tempfile.TemporaryFile(dir=folder, prefix=".bursar-doctor-") as tried:
            tried.write(b"tried")
            tried.flush()
            os.fsync(tried.fileno())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return problem("disk", f"{folder} cannot be written ({reason}), so no call is served: mend it, then restart")
    if free < _LEAST_FREE:
        return problem("disk", f"only {free // _MIB:,} MiB are free at {folder}: make room")
    return well("disk", f"{free // _MIB:,} MiB free at {folder}")


def ledger(database: Path, *, running: bool) -> tuple[Finding, int | None]:
    """Whether the ledger's file is sound, adds up and can be had; and when its last record is of."""
    if not database.exists():
        return note("ledger", f"there is none yet; it will be {database}"), None

    def question(reader: Reader) -> tuple[tuple[str, ...], int | None]:
        last = reader.history(None, 1)
        return audit(reader), last[0][1].at_ms if last else None

    try:
        wrong, newest_ms = examined(database, question)
    except FromBefore as before:
        return note("ledger", before.reason), None
    except FromLater as later:
        return problem("ledger", f"{later.reason}; bring this program up to date"), None
    except StoreUnavailable as error:
        reason = error.reason.replace("; restore a backup", "").removesuffix("; it was left as it is")
        return problem("ledger", f"{reason}; {_way_out(database)}"), None
    if wrong:
        return problem("ledger", f"{database} does not add up: {wrong[0]}"), newest_ms
    try:
        if not running:
            check_free(database)
    except StoreUnavailable as error:
        return problem("ledger", f"{error.reason}; end that program, no proxy can start until then"), newest_ms
    return well("ledger", f"{database} is sound and adds up"), newest_ms


def _way_out(database: Path) -> str:
    """What to do about a file that cannot be used."""
    backups = backups_of(database)
    if backups:
        return f"go back to the last backup: bursar restore {backups[-1]}"
    # With what SQLite has beside it: that would be taken for the new one's.
    away = database.parent / "before"
    return f"there is no backup of it; to begin anew, move it away: mkdir {away} && mv {database}* {away}"


def private(file: Path, database: Path) -> Iterator[Finding]:
    """Whether what is this user's own is closed to others."""
    if os.name != "posix":
        return
    open_ones = [path for path in (file, database) if path.exists() and _is_open(path)]
    for path in open_ones:
        yield problem("files", f"others may read or change {path}: chmod 600 {path}")
    if not open_ones:
        yield well("files", "configuration and ledger are closed to other users")


def local_door(places: Places) -> Iterator[Finding]:
    """Whether the folder of the local door is this user's alone, and nothing is in the way there."""
    folder = places.runtime_dir
    if os.name != "posix" or not os.path.lexists(folder):
        return
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
        yield problem(
            "local door", f"{folder} is not a folder of this user: move it away, so that the proxy makes its own"
        )
    elif facts.st_mode & 0o077:
        yield problem("local door", f"others may enter {folder}: chmod 700 {folder}")
    elif os.path.lexists(places.admin_socket) and not stat.S_ISSOCK(places.admin_socket.lstat().st_mode):
        yield problem("local door", f"{places.admin_socket} is in the way and is no socket: move it away")
    else:
        yield well("local door", f"{folder} is closed to other users")


def vocabularies() -> Finding:
    """Whether the shipped vocabularies are what tiktoken expects, to the byte."""
    loaded = Vocabularies()
    try:
        for name in ENCODINGS:
            loaded.encoding(name)
    except VocabularyDamaged as error:
        return problem("vocabulary", f"{error}")
    return well("vocabulary", f"{' and '.join(ENCODINGS)} are whole (SHA-256), and need no network")


def _is_open(path: Path) -> bool:
    facts = path.stat()
    # Reading the configuration tells nothing secret; changing it, or reading the ledger, would.
    forbidden = stat.S_IWGRP | stat.S_IWOTH if path.suffix == ".toml" else 0o077
    return bool(facts.st_mode & forbidden) or facts.st_uid not in (os.getuid(), 0)
