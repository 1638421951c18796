"""Help: what the keys do and what the signs mean."""

from collections.abc import Iterator, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.geometry import Size
from textual.screen import ModalScreen

from bursar_tui.ink import BLANK, Line, Piece, Role, line
from bursar_tui.marks import MEANINGS
from bursar_tui.screens.screen import Command
from bursar_tui.widgets.account_bar import AVAILABLE, HELD, SETTLED
from bursar_tui.widgets.lines import Lines

KEYS = (
    ("1 … 9  0", "the screens; a click on a tab does the same"),
    ("↑ ↓  j k", "one row up, one row down"),
    ("pgup pgdn", "a page up, a page down"),
    ("home end  g G", "the first row, the last"),
    ("enter", "open what the cursor is at"),
    ("esc", "back; or all of the list again"),
    ("/", "filter calls or log lines: every word must occur"),
    ("!", "alerts: what stands; taken down, or tried"),
    ("t", "dark or light"),
    ("^p", "find what can be done by its name; every theme"),
    ("^l", "draw everything again, where something wrote over it"),
    ("? or f1", "this page"),
    ("q or ^c", "quit; the proxy goes on"),
)


class Help(ModalScreen[None]):
    """A page over the screen in view."""

    AUTO_FOCUS = "VerticalScroll"
    BINDINGS = [Binding("escape,question_mark,f1,q,enter", "dismiss", "close")]

    def __init__(self, commands: Sequence[Command] = ()) -> None:
        super().__init__()
        self._commands = commands

    def compose(self) -> ComposeResult:
        """The page, scrolled where the terminal is small."""
        with VerticalScroll(id="help"):
            yield Page(self._commands)


class Page(Lines):
    """What is done on the screen beneath, the keys, the states of a call, and the bars."""

    def __init__(self, commands: Sequence[Command]) -> None:
        super().__init__()
        self._commands = commands

    def draw(self, size: Size) -> list[Line]:
        """One list after the other."""
        rows = list(self._here())
        rows.append(line(Piece("Keys", Role.STRONG)))
        rows += [line(Piece(f"  {keys:<15}", Role.KEY), Piece(what, Role.MUTED)) for keys, what in KEYS]
        rows += [BLANK, line(Piece("Calls", Role.STRONG))]
        rows += [
            line(Piece(f"  {mark.glyph} {mark.word:<13}", mark.role), Piece(meaning, Role.MUTED))
            for mark, meaning in MEANINGS
        ]
        rows.append(
            line(Piece("  ↳              ", Role.WARN), Piece("the first route said no, this is another", Role.MUTED))
        )
        rows += [
            BLANK,
            line(Piece("Budgets", Role.STRONG)),
            line(Piece(f"  {SETTLED * 3}            ", Role.ACCENT), Piece("settled: used, and on disk", Role.MUTED)),
            line(
                Piece(f"  {HELD * 3}            ", Role.HELD), Piece("held: set aside for calls in flight", Role.MUTED)
            ),
            line(Piece(f"  {AVAILABLE * 3}            ", Role.FAINT), Piece("available", Role.MUTED)),
            line(
                Piece("  out in         ", Role.WARN),
                Piece("when it runs out at the rate of the last 15 minutes", Role.MUTED),
            ),
            BLANK,
            line(Piece("esc", Role.KEY, "screen.dismiss"), Piece(" closes this page.", Role.MUTED)),
        ]
        return rows

    def _here(self) -> Iterator[Line]:
        """Each thing that can be done on this screen, and under it the command that does the same."""
        if self._commands:
            yield line(Piece("On this screen, and in a shell", Role.STRONG))
            for key, what, command in self._commands:
                yield line(Piece(f"  {key:<8}", Role.KEY), Piece(what, Role.MUTED))
                yield line(Piece(" " * 10), Piece(command, Role.ACCENT))
            yield BLANK
