"""Models: the names that clients ask for, their chains, prices and windows, and why a call last went elsewhere."""

from functools import partial
from typing import cast

from textual.binding import Binding

from bursar_tui.chain import last_fallback_of
from bursar_tui.config_errands import reading
from bursar_tui.deed import Deed
from bursar_tui.ink import Line
from bursar_tui.paper_deeds import EXPLAIN_FIELDS, read_explain, selftest
from bursar_tui.screens.chain_editor import ChainEditor, chain_of
from bursar_tui.screens.choice import Choice, Option
from bursar_tui.screens.command_run import Doer
from bursar_tui.screens.config_browser import ConfigBrowser
from bursar_tui.screens.form import Form
from bursar_tui.screens.screen import Command
from bursar_tui.seen import Seen
from bursar_tui.stated import Stated
from bursar_tui.widgets.model_detail import model_detail
from bursar_tui.widgets.model_rows import model_rows
from bursar_tui.widgets.row_list import ListRow


class Models(ConfigBrowser):
    """Every alias."""

    TAB = "models"
    commands = (
        Command(
            "m", "put the routes of a chain in another order, add one, take one out", "bursar alias move NAME 2 up"
        ),
        Command("n", "make an alias", "bursar alias set NAME main/small-model"),
        Command("e", "change how an alias goes on when an answer is cut", "bursar alias set NAME … --continue verify"),
        Command("x", "remove an alias", "bursar alias remove NAME"),
        Command(
            "w", "what a request would cost, who would pay, what would refuse it", "bursar explain NAME --tokens N"
        ),
        Command("f", "play faults against its chain; nothing is billed", "bursar selftest NAME"),
        Command("l", "open the last call that went on to another route", "bursar log --id ID"),
    )
    BINDINGS = [
        Binding("m", "chain", "chain"),
        Binding("n", "make", "new"),
        Binding("e", "change", "change"),
        Binding("x", "remove", "remove"),
        Binding("w", "explain", "what would it cost"),
        Binding("f", "selftest", "faults"),
        Binding("l", "last", "last fallback"),
    ]

    def rows(self, seen: Seen, width: int) -> list[ListRow]:
        """One line for each."""
        return model_rows(seen, width)

    def detail(self, seen: Seen, row_id: str, width: int) -> list[Line]:
        """One of them."""
        return model_detail(seen, row_id, width)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what is there can be opened."""
        if action in ("chain", "change", "remove", "explain", "selftest"):
            return self.list.cursor_id in self.seen.snapshot.aliases
        if action == "last":
            return last_fallback_of(self.seen.snapshot, self.list.cursor_id) is not None
        return super().check_action(action, parameters)

    def action_chain(self) -> None:
        """Put its routes in another order."""
        name = self.list.cursor_id
        if name:
            self.send(reading(partial(self._edit_chain, name), doing="Reading the configuration …"))

    def _edit_chain(self, name: str, now: Stated) -> None:
        if not self.is_current:
            return
        if chain_of(now, name):
            self.app.push_screen(ChainEditor(now, name), partial(self.written, "aliases"))
        else:
            self.say_gone(("aliases", name))

    def action_make(self) -> None:
        """A new alias."""
        self.open_form("aliases")

    def action_change(self) -> None:
        """All that is stated of it."""
        if self.list.cursor_id:
            self.open_form("aliases", self.list.cursor_id)

    def action_remove(self) -> None:
        """Remove it, once that is confirmed."""
        if self.list.cursor_id:
            self.ask_removal(("aliases", self.list.cursor_id), "Clients that ask for it are refused.")

    def action_explain(self) -> None:
        """What a request for it would cost."""
        name = self.list.cursor_id
        about = "Who would pay, and what would refuse it; nothing is sent."
        form = Form(f"What would it cost to ask {name}?", about, EXPLAIN_FIELDS, partial(read_explain, name))
        self.app.push_screen(form, self._do)

    def action_selftest(self) -> None:
        """Faults of upstreams against its chain."""
        name = self.list.cursor_id
        few, every = selftest(name, quick=True), selftest(name, quick=False)
        options = [
            Option(few, "a few faults", "some seconds", few.command),
            Option(every, "every fault", "a few minutes", every.command),
        ]
        about = "No vendor is asked, and nothing is billed."
        self.app.push_screen(Choice(f"Play faults against {name}", about, options), self._do)

    def _do(self, deed: Deed | None) -> None:
        if deed is not None:
            cast(Doer, self.app).do(deed)

    def action_last(self) -> None:
        """The last call for it that did not stay at its first route."""
        call = last_fallback_of(self.seen.snapshot, self.list.cursor_id)
        if call is not None:
            self.action_open(call.id)
