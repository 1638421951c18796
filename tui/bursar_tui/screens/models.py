"""Models: the names that clients ask for, their chains, prices and windows, and why a call last went elsewhere."""

from textual.binding import Binding

from bursar_tui.chain import last_fallback_of
from bursar_tui.ink import Line
from bursar_tui.screens.browser import Browser
from bursar_tui.screens.screen import Command
from bursar_tui.seen import Seen
from bursar_tui.widgets.model_detail import model_detail
from bursar_tui.widgets.model_rows import model_rows
from bursar_tui.widgets.row_list import ListRow


class Models(Browser):
    """Every alias."""

    TAB = "models"
    commands = (Command("l", "open the last call that went on to another route", "bursar log --id ID"),)
    BINDINGS = [Binding("l", "last", "last fallback")]

    def rows(self, seen: Seen, width: int) -> list[ListRow]:
        """One line for each."""
        return model_rows(seen, width)

    def detail(self, seen: Seen, row_id: str, width: int) -> list[Line]:
        """One of them."""
        return model_detail(seen, row_id, width)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what is there can be opened."""
        if action == "last":
            return last_fallback_of(self.seen.snapshot, self.list.cursor_id) is not None
        return super().check_action(action, parameters)

    def action_last(self) -> None:
        """The last call for it that did not stay at its first route."""
        call = last_fallback_of(self.seen.snapshot, self.list.cursor_id)
        if call is not None:
            self.action_open(call.id)
