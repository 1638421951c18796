"""Log: what the proxy says of itself, as it says it; filtered, held still, opened in full, copied."""

from typing import Protocol, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Input

from bursar.contract.log_line import Level, LogPage
from bursar_tui.errands import Errand
from bursar_tui.ink import Line, Piece, Role
from bursar_tui.log_view import LEVELS, LogView
from bursar_tui.screens.browser import Browser
from bursar_tui.screens.screen import Command
from bursar_tui.seen import Seen
from bursar_tui.widgets.filter_line import FilterLine
from bursar_tui.widgets.log_rows import log_detail, log_row, log_text, nothing
from bursar_tui.widgets.panel import heading
from bursar_tui.widgets.row_list import ListRow, RowList
from bursar_tui.words import counted

PAGE = 200
_NEAR = 20
"""So near to the oldest line, older ones are asked for."""


class Teller(Protocol):
    """The app, as far as a screen has it say what came of something."""

    def tell(self, sentence: str, *, well: bool | None) -> None: ...


class Log(Browser):
    """The newest line is at the top and is followed there; below it, what is looked at stays where it is."""

    TAB = "log"
    commands = (
        Command("/", "show the lines that have some words in them", "bursar log --process --having WORDS"),
        Command("l", "show warnings and faults alone, or all again", "bursar log --process --level warning"),
        Command("p", "hold the list still, or follow the newest line", "bursar log --process --follow"),
        Command("enter", "one line in full, with where a fault was", "bursar log --process --json"),
        Command("c", "copy the line at the cursor", "bursar log --process --limit 1"),
    )
    BINDINGS = [
        Binding("slash", "filter", "filter"),
        Binding("l", "level", "level"),
        Binding("p", "hold", "hold"),
        Binding("p", "follow", "follow"),
        Binding("c", "copy", "copy"),
        Binding("escape,backspace", "shut", "back"),
        Binding("escape", "unfilter", "all lines", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.view = LogView()
        self._line = FilterLine(self.list, "a word of the line, its part or its level …")
        self._asked = False
        self._paused = False
        self._top = ""
        self._made: dict[int, Line] = {}
        self._made_for: tuple[int, int] = (0, 0)

    def body(self) -> ComposeResult:
        """The filter above the list."""
        yield self._line
        yield from super().body()

    def rows(self, seen: Seen, width: int) -> list[ListRow]:
        """How many there are, and one row for each; a row is made once."""
        lines = self.view.chosen()
        minute = seen.now_ms // 60_000
        if self._made_for != (width, minute):
            self._made, self._made_for = {}, (width, minute)
        if not lines:
            searched = bool(self.view.text) or self.view.least is not Level.INFO
            return [self._heading(0, width), *(ListRow(each) for each in nothing(searched=searched, width=width))]
        rows = [self._heading(len(lines), width)]
        for each in lines:
            drawn = self._made.get(each.number)
            if drawn is None:
                drawn = self._made[each.number] = log_row(each, width, seen.now_ms, seen.zone)
            rows.append(ListRow(drawn, str(each.number)))
        return rows

    def _heading(self, count: int, width: int) -> ListRow:
        kinds = {Level.INFO: "", Level.WARNING: ", warnings and faults", Level.ERROR: ", faults alone"}
        words = f"{counted(count, 'line')}{kinds.get(self.view.least, '')}, newest first"
        state = Piece("  ● following", Role.GOOD)
        if self.view.held:
            newer = self.view.kept_back()
            state = Piece(f"  ‖ held{f', {newer} newer' if newer else ''}", Role.WARN)
        return ListRow(heading("Log", (Piece(words, Role.MUTED), state), width))

    def detail(self, seen: Seen, row_id: str, width: int) -> list[Line]:
        """One of them in full."""
        each = self.view.get(int(row_id))
        return list(log_detail(each, seen, width)) if each is not None else []

    def show(self, seen: Seen) -> None:
        """New lines come in at the top; the cursor follows them where it is there."""
        if seen.known:
            self.view.take(seen.snapshot)
        super().show(seen)
        newest = next((str(each.number) for each in self.view.chosen()), "")
        if newest != self._top:
            at_top = self.list.cursor_id in (self._top, "")
            self._top = newest
            if at_top and not self.view.held and newest:
                self.list.put_at(newest)
        if seen.known and self.is_current:
            self._ask_for_older()

    def _ask_for_older(self) -> None:
        """Where the cursor comes near to the end, or the list is short: a page of older lines."""
        chosen = self.view.chosen()
        ids = [str(each.number) for each in chosen[-_NEAR:]]
        if self._asked or not self.view.more or (len(chosen) > _NEAR and self.list.cursor_id not in ids):
            return
        self._asked = True
        before = self.view.oldest
        # What the filter passes over is asked for too: it is what is shown when the filter goes.
        self.send(
            Errand(
                "",
                lambda proxy: proxy.log(before, PAGE, Level.INFO),
                lambda _: "",
                self._take_older,
                failed=lambda _: self._no_answer(),
            )
        )

    def _take_older(self, page: LogPage) -> None:
        self._asked = False
        self.view.take_older(page.lines, more=page.next is not None)
        self.again()

    def _no_answer(self) -> None:
        """A proxy that does not answer is asked again when there is news of it."""
        self._asked = False

    @on(RowList.Passed)
    def _moved(self) -> None:
        """Below the newest line nothing moves; back at it, it is followed."""
        at_top = self.list.cursor_id in (self._top, "")
        if not self._paused:
            if at_top:
                self.view.follow()
            else:
                self.view.hold()
        self._ask_for_older()

    @on(RowList.Opened)
    def _whole(self) -> None:
        """A line without its trace is asked for in full."""
        each = self.view.get(int(self.list.cursor_id)) if self.list.cursor_id else None
        if each is not None and not each.whole:
            number = each.number
            self.send(Errand("", lambda proxy: proxy.log(number + 1, 1), lambda _: "", self._take_whole))

    def _take_whole(self, page: LogPage) -> None:
        for each in page.lines:
            self.view.put(each)
        self.again()

    @on(Input.Changed)
    def _filtered(self, message: Input.Changed) -> None:
        self.view.text = message.value
        self.again()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done now is offered."""
        match action:
            case "filter":
                return not isinstance(self.focused, FilterLine) and not self.opened
            case "level":
                return not self.opened
            case "hold":
                return not self.view.held
            case "follow":
                return self.view.held
            case "copy":
                return bool(self.list.cursor_id)
            case "unfilter":
                return not self.opened
            case _:
                return super().check_action(action, parameters)

    def action_filter(self) -> None:
        """Type a filter."""
        self._line.open()

    def action_to_list(self) -> None:
        """Keep the filter and go to what it leaves."""
        self._line.keep()

    def action_unfilter(self) -> None:
        """All lines again."""
        self._line.clear_all()

    def action_level(self) -> None:
        """From all lines to warnings, to faults, and back."""
        place = LEVELS.index(self.view.least)
        self.view.least = LEVELS[(place + 1) % len(LEVELS)]
        self.again()

    def action_hold(self) -> None:
        """Keep back what comes."""
        self._paused = True
        self.view.hold()
        self.refresh_bindings()
        self.again()

    def action_follow(self) -> None:
        """Go to the newest line and stay there."""
        self._paused = False
        self.view.follow()
        self.list.action_jump(0)
        self.refresh_bindings()
        self.again()

    def action_copy(self) -> None:
        """Hand the line to the terminal's clipboard."""
        each = self.view.get(int(self.list.cursor_id)) if self.list.cursor_id else None
        if each is not None:
            self.app.copy_to_clipboard(log_text(each, self.seen.zone))
            cast(Teller, self.app).tell("Handed to the terminal (OSC 52). If it does not paste, select it.", well=True)
