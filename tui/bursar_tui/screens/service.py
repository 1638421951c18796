"""Service: the proxy in the background: how it is, installed, started, stopped, restarted, uninstalled, its log."""

from typing import Any, Protocol, cast

from textual.binding import Binding

from bursar_tui.deed import Deed
from bursar_tui.ink import BLANK, Line, Piece, Role, line
from bursar_tui.running import Run
from bursar_tui.screens.command_run import CommandRun, Key, Stage
from bursar_tui.screens.screen import Command

TITLE = "Service"
_DRAINS = "Calls that run go on to their end first, for server.drain_s seconds at most."

STATUS = Deed(TITLE, ("service", "status"), "The proxy in the background, run by the operating system.", is_read=True)
INSTALL = Deed(
    TITLE, ("service", "install"), "What would be written:", first=("service", "install", "--print"), goes_on=True
)
ANYWAY = Deed(TITLE, ("service", "install", "--anyway"), "Whatever speaks against it.", goes_on=True)
UNINSTALL = Deed(
    TITLE,
    ("service", "uninstall"),
    "It ends and is forgotten; configuration, ledger and log stay.",
    first=("service", "uninstall", "--print"),
    goes_on=True,
)
START = Deed(TITLE, ("service", "start"), "Until it answers.", goes_on=True)
RESTART = Deed(TITLE, ("service", "restart"), _DRAINS, goes_on=True)
LOGS = Deed(TITLE, ("service", "logs", "--lines", "200"), "What it has said last; the Log screen has what comes.")
_NOBODY = "Then nothing answers here until it is started again."
STOP = Deed(TITLE, ("service", "stop"), asks=(_DRAINS, _NOBODY), goes_on=True)
STOP_BY_HAND = Deed("The proxy", ("stop",), asks=("It was started by hand.", _DRAINS, _NOBODY), goes_on=True)


class Asker(Protocol):
    """The app, as far as it asks commands in between."""

    def ask_bursar(self, words: tuple[str, ...], doing: str, then: Any) -> None: ...


class ServicePage(CommandRun):
    """What can be done is what its state allows; it is looked at again after each thing that was done."""

    commands = (
        Command("i", "see what installing it writes, and have it run in the background", "bursar service install"),
        Command("a", "install it whatever speaks against it, once that was said", "bursar service install --anyway"),
        Command("s", "start it", "bursar service start"),
        Command("r", "restart it; calls that run go on to their end first", "bursar service restart"),
        Command("x", "stop it", "bursar service stop"),
        Command("x", "where the proxy was started by hand: stop that", "bursar stop"),
        Command("u", "uninstall it", "bursar service uninstall"),
        Command("l", "what it has said last", "bursar service logs"),
        Command("v", "look again how it is", "bursar service status"),
    )
    BINDINGS = [
        Binding("i", "begin('install')", "install"),
        Binding("a", "begin('anyway')", "install anyway"),
        Binding("s", "begin('start')", "start"),
        Binding("r", "begin('restart')", "restart"),
        Binding("x", "begin('stop')", "stop"),
        Binding("u", "begin('uninstall')", "uninstall"),
        Binding("l", "begin('logs')", "logs"),
        Binding("v", "begin('status')", "look again"),
    ]

    def __init__(self) -> None:
        super().__init__(STATUS)
        self._phase = ""
        self._answers = False

    def start(self) -> None:
        """How it is comes first."""
        super().start()
        self._look()

    def _look(self) -> None:
        """What can be done is told by its state."""
        self._phase = ""
        cast(Asker, self.app).ask_bursar(("service", "status", "--json"), "", self._looked)

    def _looked(self, found: Any) -> None:
        self._phase = str(found.get("phase", ""))
        self._answers = found.get("answering") is not None
        if self.is_attached:
            self.redraw()

    def ended(self, run: Run) -> None:
        """Its state may be another now."""
        if self.deed not in (STATUS, LOGS):
            self._look()

    @property
    def _is_there(self) -> bool:
        return self._phase not in ("", "absent", "unknown")

    def _offers(self) -> list[tuple[str, str, str]]:
        """The keys that make sense now: key, words, what."""
        offers = []
        if self._phase == "absent":
            offers.append(("i", "installs", "install"))
        if self.deed is INSTALL and self.run_ is not None and self.run_.status:
            offers.append(("a", "installs it anyway", "anyway"))
        if self._is_there:
            if not self._answers:
                offers.append(("s", "starts", "start"))
            offers += [("r", "restarts", "restart"), ("u", "uninstalls", "uninstall"), ("i", "again", "install")]
        if self._answers or self._phase in ("running", "starting", "failed"):
            offers.append(("x", "stops", "stop"))
        if not self._phase:
            return []
        return [*offers, ("l", "log", "logs"), ("v", "looks again", "status")]

    def notes(self) -> list[Line]:
        """While one thing is asked about, nothing else is offered."""
        if self.stage is not Stage.OVER:
            return super().notes()
        if not self._phase:
            return [BLANK, line(Piece("looking what can be done …", Role.FAINT))]
        return [BLANK]

    def keys(self) -> list[Key]:
        """What its state allows."""
        keys = super().keys()
        if self.stage is not Stage.OVER:
            return keys
        return [(key, words, f"screen.begin('{what}')") for key, words, what in self._offers()] + keys[-1:]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """One thing at a time."""
        if action == "begin":
            return self.stage is Stage.OVER and any(what == parameters[0] for _, _, what in self._offers())
        if action == "end":
            return False
        return super().check_action(action, parameters)

    def action_begin(self, what: str) -> None:
        """Do that."""
        deeds = {
            "install": INSTALL,
            "start": START,
            "restart": RESTART,
            "uninstall": UNINSTALL,
            "logs": LOGS,
            "anyway": ANYWAY,
        }
        deeds |= {"status": STATUS, "stop": STOP if self._is_there else STOP_BY_HAND}
        if what == "status":
            self._look()
        self.take(deeds[what])
