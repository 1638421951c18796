"""Calls: the live list, a filter, and the call at the cursor."""

from typing import cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Input

from bursar.contract.commands import HistoryPage
from bursar.contract.snapshot import ExchangeView
from bursar_tui.errands import Errand
from bursar_tui.filtering import matches
from bursar_tui.ink import BLANK, Line, Piece, Role, line
from bursar_tui.older_calls import OlderCalls
from bursar_tui.screens.browser import Sender
from bursar_tui.screens.call import Call
from bursar_tui.screens.content import content_errand
from bursar_tui.screens.screen import Command, LiveScreen
from bursar_tui.seen import Seen, Seer, Tie
from bursar_tui.teaching import no_calls
from bursar_tui.widgets.exchange_columns import LIST
from bursar_tui.widgets.exchange_detail import ExchangeDetail
from bursar_tui.widgets.exchange_table import ExchangeTable
from bursar_tui.widgets.filter_line import FilterLine
from bursar_tui.widgets.panel import Panel, heading

PAGE = 500
NEAR = 40
"""So near to the end, older calls are asked for."""


class Calls(LiveScreen):
    """Every call, the newest first: those that the proxy keeps in view, and below them pages of the history."""

    TAB = "calls"
    AUTO_FOCUS = "ExchangeTable"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (150, "-wide")]
    commands = (
        Command("/", "show the calls that have some words in them", "bursar log --limit 500 | grep WORDS"),
        Command("enter", "one call in full: its attempts, their prices, who paid", "bursar log --id ID"),
        Command("c", "what was asked and answered, where its key has that kept", "bursar log --id ID --content"),
    )
    BINDINGS = [
        Binding("slash", "filter", "filter"),
        Binding("c", "read", "content"),
        Binding("escape", "unfilter", "all calls", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.filter_text = ""
        self.older = OlderCalls()
        self._asking = False
        self._table = ExchangeTable(LIST, self.chosen, self._nothing)
        self._line = FilterLine(self._table)
        self._detail = ExchangeDetail()
        self._beside = VerticalScroll(id="detail", can_focus=False)

    def body(self) -> ComposeResult:
        """The list, and the call at the cursor beside it where there is room."""
        yield Found()
        yield self._line
        with Horizontal(id="list-and-detail"):
            with Vertical(id="list"):
                yield self._table
            with self._beside:
                yield self._detail

    def chosen(self, seen: Seen) -> list[ExchangeView]:
        """What the filter leaves, the newest first, with what was asked for of the history."""
        live = [each for each in reversed(seen.snapshot.exchanges.values()) if matches(each, self.filter_text)]
        return live + self.older.chosen(self.filter_text)

    def _nothing(self, seen: Seen, width: int) -> list[Line]:
        if not (seen.snapshot.exchanges or self.older):
            return no_calls(seen, width)
        return [
            line(Piece("No call has ", Role.MUTED), Piece(self.filter_text), Piece(" in it.", Role.MUTED)),
            BLANK,
            line(Piece("esc", Role.KEY, "screen.unfilter"), Piece(" shows all calls again.", Role.MUTED)),
        ]

    def show(self, seen: Seen) -> None:
        """The detail follows the cursor."""
        self.older.follow(seen.snapshot)
        self._at_cursor(self._table.cursor_id)
        super().show(seen)
        self._ask_for_older(seen)

    def _at_cursor(self, exchange_id: str | None) -> None:
        self._detail.exchange_id = exchange_id
        self._detail.kept = self.older.get(exchange_id) if exchange_id is not None else None

    def _ask_for_older(self, seen: Seen) -> None:
        """Where the cursor comes near to the end, and where a filter leaves little: a page of the history."""
        live = seen.known and seen.attachment.tie is Tie.LIVE and self.is_current
        moved = not self._table.at_top or bool(self.filter_text)
        if not live or self._asking or not self.older.more or not moved or self._table.after_cursor > NEAR:
            return
        self._asking, before = True, self.older.next
        cast(Sender, self.app).send(
            Errand(
                "",
                lambda proxy: proxy.history(before, PAGE),
                lambda _: "",
                self._take_older,
                failed=lambda _: self._no_answer(),
            )
        )

    def _take_older(self, page: HistoryPage) -> None:
        self._asking = False
        self.older.take(page)
        self.again()

    def _no_answer(self) -> None:
        """A proxy that does not answer is asked again when there is news of it."""
        self._asking = False

    @on(Input.Changed)
    def _filtered(self, message: Input.Changed) -> None:
        self.filter_text = message.value
        self.again()

    @on(ExchangeTable.Passed)
    def _passed(self, message: ExchangeTable.Passed) -> None:
        self._at_cursor(message.exchange_id)
        self._detail.redraw()
        self._beside.scroll_home(animate=False)
        self._ask_for_older(cast(Seer, self.app).seen)

    @on(ExchangeTable.Opened)
    def _open(self, message: ExchangeTable.Opened) -> None:
        self.action_open(message.exchange_id)

    def action_open(self, exchange_id: str) -> None:
        """Open one call, be it live or out of the history."""
        self.app.push_screen(Call(exchange_id, self.TAB, self.older.get(exchange_id)))

    def action_read(self) -> None:
        """What was asked and answered in the call at the cursor."""
        if self._table.cursor_id is not None:
            cast(Sender, self.app).send(content_errand(self.app, self._table.cursor_id, self.TAB))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What is being typed already is not offered."""
        del parameters
        if action == "read":
            return self._table.cursor_id is not None and not isinstance(self.focused, FilterLine)
        return action != "filter" or not isinstance(self.focused, FilterLine)

    def action_filter(self) -> None:
        """Type a filter."""
        self._line.open()

    def action_to_list(self) -> None:
        """Keep the filter and go to what it leaves."""
        self._line.keep()

    def action_unfilter(self) -> None:
        """All calls again."""
        self._line.clear_all()


class Found(Panel):
    """The heading of the list: how many there are, and how many the filter leaves."""

    def picture(self, seen: Seen, width: int, height: int) -> list[Line]:
        """`Calls  12 of 200, newest first ─────`."""
        del height
        screen = self.screen
        every = len(seen.snapshot.exchanges)
        detail = f"{every} in view, newest first"
        if isinstance(screen, Calls):
            if screen.older:
                every += len(screen.older)
                detail = f"{every:,}{' and more' if screen.older.more else ''}, newest first"
            if screen.filter_text:
                detail = f"{len(screen.chosen(seen)):,} of {every:,}"
        return [heading("Calls", (Piece(detail, Role.MUTED),), width)]
