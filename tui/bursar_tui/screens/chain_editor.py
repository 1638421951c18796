"""ChainEditor: the routes of an alias, moved by keys, taken out and added; written in one go, over nobody's work."""

from collections.abc import Sequence
from typing import Protocol, cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll

from bursar.contract.configuration import ConfigurationChecked, ConfigurationWritten, FileProblem, Put
from bursar.contract.way_in import Refused
from bursar_tui.config_errands import checking, editing, is_changed, reading
from bursar_tui.errands import Errand, T
from bursar_tui.ink import BLANK, Ground, Line, Piece, Role, line
from bursar_tui.screens.dialog import Dialog, Said, as_command, keys_line
from bursar_tui.screens.form import Field, Form
from bursar_tui.stated import Path, Stated


class Sender(Protocol):
    """The app, as far as a dialog asks anything of the proxy."""

    def send(self, errand: Errand[T]) -> None: ...


class ChainEditor(Dialog[str]):
    """Answered with the alias once its chain is written."""

    AUTO_FOCUS = ""
    BINDINGS = [
        Binding("enter", "submit", "write"),
        Binding("up,k", "move(-1)", "up"),
        Binding("down,j", "move(1)", "down"),
        Binding("left_square_bracket,shift+up,K", "carry(-1)", "earlier"),
        Binding("right_square_bracket,shift+down,J", "carry(1)", "later"),
        Binding("a", "add", "add"),
        Binding("x,delete", "take_out", "take out"),
        Binding("escape", "leave", "leave it"),
    ]

    def __init__(self, stated: Stated, alias: str) -> None:
        super().__init__()
        self._stated, self._alias = stated, alias
        self._begun = chain_of(stated, alias)
        self.chain = list(self._begun)
        self._place = 0
        self._problems: tuple[FileProblem, ...] = ()
        self._news = ""
        self._writing = False
        self._said = Said(self._lines())

    def compose(self) -> ComposeResult:
        """Its lines, scrolled where the terminal is small."""
        with VerticalScroll(id="dialog", can_focus=False):
            yield self._said

    @property
    def _path(self) -> Path:
        return ("aliases", self._alias, "routes")

    def _lines(self) -> list[Line]:
        lines = [line(Piece(f"The routes of {self._alias}, in the order to try them", Role.STRONG)), BLANK]
        for place, route in enumerate(self.chain):
            at = place == self._place
            action = f"screen.put({place})"
            lines.append(
                line(
                    Piece("▸ " if at else "  ", Role.KEY, action),
                    Piece(f"{place + 1:>2}  ", Role.MUTED, action),
                    Piece(route, Role.STRONG if at else Role.TEXT, action),
                    ground=Ground.CURSOR if at else Ground.PLAIN,
                )
            )
        lines.append(BLANK)
        if self._news:
            lines.append(line(Piece(f"▲ {self._news}", Role.WARN)))
        lines += [line(Piece(f"✗ {each.sentence}", Role.BAD)) for each in self._problems[:3]]
        if not self._problems:
            lines.append(self._verdict())
        return [
            *lines,
            BLANK,
            keys_line(
                ("[", "earlier", "screen.carry(-1)"),
                ("]", "later", "screen.carry(1)"),
                ("a", "adds one", "screen.add"),
                ("x", "takes it out", "screen.take_out"),
            ),
            keys_line(("enter", "writes it", "screen.submit"), ("esc", "leaves it", "screen.leave")),
        ]

    def _verdict(self) -> Line:
        if not self.chain:
            return line(Piece("an alias has at least one route", Role.MUTED))
        if self.chain == self._begun:
            return line(Piece("nothing is changed yet", Role.MUTED))
        return as_command(f"bursar alias set {self._alias} {' '.join(self.chain)}")

    def _again(self) -> None:
        self._place = max(0, min(self._place, len(self.chain) - 1))
        self._said.say(self._lines())

    # --- keys --------------------------------------------------------------------------------------------

    def action_move(self, rows: int) -> None:
        """To another route."""
        self._place += rows
        self._again()

    def action_put(self, place: int) -> None:
        """To that route."""
        self._place = place
        self._again()

    def action_carry(self, rows: int) -> None:
        """Move the route at the cursor, and the cursor with it."""
        goal = self._place + rows
        if 0 <= goal < len(self.chain):
            self.chain.insert(goal, self.chain.pop(self._place))
            self._place = goal
            self._changed()

    def action_take_out(self) -> None:
        """Out of the chain; it is lost only when the chain is written."""
        if self.chain:
            del self.chain[self._place]
            self._changed()

    def action_add(self) -> None:
        """Type another route; it comes after the one at the cursor."""
        example = self.chain[self._place] if self.chain else "upstream/model"
        self.app.push_screen(Form("One more route", "", [Field("route", "", example)], self._read_route), self._added)

    def _read_route(self, typed: Sequence[str]) -> tuple[str, str]:
        route = typed[0]
        upstream, _, model = route.partition("/")
        if not upstream or not model:
            raise ValueError("a route is written upstream/model")
        return route, f"bursar alias add {self._alias} {route}"

    def _added(self, route: str | None) -> None:
        if route is not None:
            self.chain.insert(self._place + 1, route)
            self._place += 1
            self._changed()

    def _changed(self) -> None:
        self._problems = ()
        self._again()
        chain = list(self.chain)

        def judged(checked: ConfigurationChecked) -> None:
            if self.is_attached and chain == self.chain:
                self._problems = checked.problems
                self._again()

        if chain:
            self._send(checking(judged, (Put(self._path, chain),)))

    # --- when it is written ------------------------------------------------------------------------------

    def action_submit(self) -> None:
        """Write it."""
        if self._writing or not self.chain or self.chain == self._begun:
            return
        self._writing = True
        edits = (Put(self._path, list(self.chain)),)
        self._send(
            editing(self._stated.etag, edits, f"The chain of {self._alias}", then=self._written, failed=self._no)
        )

    def _written(self, written: ConfigurationWritten) -> None:
        del written
        self._writing = False
        if self.is_attached:
            self.dismiss(self._alias)

    def _no(self, error: Exception) -> None:
        """Nothing is written; the order stays as it was put here."""
        self._writing = False
        if not self.is_attached:
            return
        if is_changed(error):
            self._send(reading(self._came_too_late))
            return
        problems = error.problem.problems if isinstance(error, Refused) else ()
        self._problems = problems or (FileProblem(f"{error}."),)
        self._again()

    def _came_too_late(self, now: Stated) -> None:
        if not self.is_attached:
            return
        theirs = chain_of(now, self._alias)
        self._stated = now
        self._news = "The configuration was changed meanwhile; nothing of this was. Enter writes it."
        if theirs != self._begun:
            self._begun = theirs
            there = ", ".join(theirs) or "no longer there"
            self._news = f"The chain was changed meanwhile: it is now {there}. Enter writes yours all the same."
        self._again()

    def _send(self, errand: Errand[T]) -> None:
        cast(Sender, self.app).send(errand)


def chain_of(stated: Stated, alias: str) -> list[str]:
    """The routes of an alias, as the file has them."""
    routes = stated.value(("aliases", alias, "routes"))
    return [str(each) for each in routes] if isinstance(routes, list) else []
