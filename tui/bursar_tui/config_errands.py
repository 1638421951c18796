"""Configuration errands: what is asked of the proxy about the user's file, and what is said of the answer."""

from collections.abc import Callable

from bursar.contract import configuration as door
from bursar.contract.configuration import (
    CheckConfiguration,
    ConfigurationChecked,
    ConfigurationFile,
    ConfigurationWritten,
    Edit,
)
from bursar.contract.way_in import Refused
from bursar_tui.errands import Errand
from bursar_tui.stated import Stated, stated

Failed = Callable[[Exception], object]

CHANGED_STATUS = 412
"""The answer to a write that was meant for another text."""


def reading(
    then: Callable[[Stated], object], *, doing: str = "", failed: Failed | None = None
) -> Errand[ConfigurationFile]:
    """Read the file."""
    ask = door.configuration()
    return Errand(doing, lambda proxy: proxy.ask(ask), lambda _: "", lambda file: then(stated(file)), failed=failed)


def checking(
    then: Callable[[ConfigurationChecked], object], edits: tuple[Edit, ...] = (), text: str | None = None
) -> Errand[ConfigurationChecked]:
    """Ask what would be wrong with a text, or with the file after some edits."""
    ask = door.check(CheckConfiguration(text, edits))
    return Errand("", lambda proxy: proxy.ask(ask), lambda _: "", then)


def editing(
    etag: str,
    edits: tuple[Edit, ...],
    what: str,
    *,
    at_start: bool = False,
    done: str = "is written and in force",
    then: Callable[[ConfigurationWritten], object] | None = None,
    failed: Failed | None = None,
) -> Errand[ConfigurationWritten]:
    """Make edits to the text with this ETag; `what` is the key, as it is said, `done` what has become of it, and
    `at_start` whether it is read when the proxy starts alone."""
    ask = door.edit(etag, *edits)
    said = _written(what, done, at_start=at_start)
    return Errand(f"Writing {what} …", lambda proxy: proxy.ask(ask), said, then, _in_force, failed)


def replacing(
    etag: str, text: str, *, then: Callable[[ConfigurationWritten], object], failed: Failed
) -> Errand[ConfigurationWritten]:
    """Write the whole text over the one with this ETag."""
    ask = door.replace(etag, text)
    said = _written("The configuration")
    return Errand("Writing the configuration …", lambda proxy: proxy.ask(ask), said, then, _in_force, failed)


def is_changed(error: Exception) -> bool:
    """Whether a write came too late: somebody else changed the file meanwhile."""
    return isinstance(error, Refused) and error.status == CHANGED_STATUS


def _written(
    what: str, done: str = "is written and in force", *, at_start: bool = False
) -> Callable[[ConfigurationWritten], str]:
    def said(written: ConfigurationWritten) -> str:
        if written.problems:
            return f"{what} is written, but not in force: {written.problems[0]}"
        if at_start:
            return f"{what} {done.removesuffix(' and in force')}; it takes effect when the proxy is started again."
        return f"{what} {done}."

    return said


def _in_force(written: ConfigurationWritten) -> bool:
    return not written.problems
