"""The running proxy, as the commands reach it."""

from collections.abc import Iterator
from contextlib import contextmanager

from bursar.cli.exits import Exit, Failed
from bursar.contract.codec import Mismatch
from bursar.contract.commands import Status
from bursar.contract.places import Places
from bursar.contract.questions import Questions
from bursar.contract.version import Identity, mismatch
from bursar.contract.way_in import NotRunning, Refused


@contextmanager
def asking(places: Places, answer_s: float = 10.0) -> Iterator[Questions]:
    """Ask the running proxy, with every way in which it may not answer as a sentence. Raises Failed."""
    try:
        yield Questions(places, answer_s)
    except NotRunning as error:
        raise Failed(_sentence(error), Exit.NOT_RUNNING) from None
    except Mismatch as error:
        identity = running_identity(places)
        other = mismatch(identity.version, identity.contract) if identity is not None else None
        raise Failed(other or _sentence(error)) from None
    except Refused as error:
        raise Failed(_sentence(error)) from None


def running_status(places: Places) -> Status | None:
    """What the running proxy says of itself; None where none runs, or none that this program understands."""
    try:
        return Questions(places).status()
    except (NotRunning, Refused, Mismatch):
        return None


def running_identity(places: Places) -> Identity | None:
    """Who answers at the local door, also one of another version; None where nobody does."""
    try:
        return Questions(places).identity()
    except (NotRunning, Refused, Mismatch):
        return None


def reload_running(places: Places) -> tuple[str, ...] | None:
    """Have the running proxy take up its file; the problems it has with it, None where none runs."""
    try:
        return Questions(places).reload()
    except NotRunning:
        return None
    except (Refused, Mismatch) as error:
        return (_sentence(error),)


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "?", "!")) else ".")
