"""CommandRun: a page on which a command is shown, asked about where something is at stake, and seen to its end."""

from enum import Enum, auto
from typing import Protocol, cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.timer import Timer

from bursar_tui.deed import Deed
from bursar_tui.ink import BLANK, Line, Piece, Role, line
from bursar_tui.running import Run, Spoken
from bursar_tui.screens.dialog import Dialog, Said, keys_lines
from bursar_tui.widgets.spoken_lines import SpokenLines

_DRAW_S = 0.05
"""So much may be said before it is drawn: a command may say a thousand lines at once."""

_ENDINGS = {
    0: ("✓ done", Role.GOOD),
    1: ("✗ there is a problem, said below", Role.BAD),
    2: ("✗ it cannot be meant, as is said below", Role.BAD),
    3: ("✗ no proxy runs", Role.WARN),
    130: ("■ ended", Role.MUTED),
}

Key = tuple[str, str, str]
"""A key, what it does, and the action of a click on it."""


class Owner(Protocol):
    """The app, as far as it runs commands and says what came of them."""

    def begin(self, deed: Deed, words: tuple[str, ...], *, asking: bool = False) -> Run | None: ...

    def copy_to_clipboard(self, text: str) -> None: ...

    def tell(self, sentence: str, *, well: bool | None) -> None: ...


class Doer(Protocol):
    """The app, as far as a screen has a command run on a page of its own."""

    def do(self, deed: Deed) -> None: ...


class Stage(Enum):
    """How far it is: what would be done is looked at, it is asked about, done, over."""

    LOOKING = auto()
    ASKING = auto()
    DOING = auto()
    OVER = auto()


class CommandRun(Dialog[None]):
    """Left with Escape, which also ends what runs, unless that is to go on."""

    AUTO_FOCUS = "VerticalScroll"
    BINDINGS = [
        Binding("y", "accept", "do it"),
        Binding("x", "end", "end it"),
        Binding("c", "copy", "copy"),
        Binding("escape,q", "leave", "close"),
    ]

    def __init__(self, deed: Deed) -> None:
        super().__init__()
        self.deed = deed
        self.stage = Stage.LOOKING if deed.first else Stage.ASKING if deed.asks else Stage.DOING
        self.run_: Run | None = None
        self._head, self._foot = Said(), Said()
        self._head.id, self._foot.id = "head", "foot"
        self.spoken = SpokenLines()
        self._room = VerticalScroll(self.spoken)
        self._due: Timer | None = None

    def compose(self) -> ComposeResult:
        """What it is about, what was said, and what can be done now."""
        with Vertical(id="page"):
            yield self._head
            yield self._room
            yield self._foot

    def on_mount(self) -> None:
        """Begin with what comes first."""
        self.start()

    def start(self) -> None:
        """Begin with what comes first."""
        self.take(self.deed)

    # --- what is done ----------------------------------------------------------------------------------

    def take(self, deed: Deed) -> None:
        """Do this now, in place of what was shown."""
        self._let_go()
        self.deed = deed
        self.stage = Stage.LOOKING if deed.first else Stage.ASKING if deed.asks else Stage.DOING
        self.spoken.differs = deed.differs
        if deed.first:
            self.follow(self.owner.begin(deed, deed.first, asking=True))
        elif deed.asks:
            self.redraw()
        else:
            self._do()

    def follow(self, run: Run | None) -> None:
        """Show what this says from now on."""
        self.run_ = run
        if run is not None:
            run.heard = self._hear
        self._room.scroll_home(animate=False)
        self.redraw()

    def _do(self) -> None:
        self.stage = Stage.DOING
        self.follow(self.owner.begin(self.deed, self.deed.words))

    def _hear(self) -> None:
        """It said something, or has ended."""
        if self.is_attached and self._due is None:
            self._due = self.set_timer(_DRAW_S, self.redraw)

    def _let_go(self) -> None:
        run, self.run_ = self.run_, None
        if run is not None:
            run.heard = None
            if run.status is None and not (self.stage is Stage.DOING and self.deed.goes_on):
                run.end()

    @property
    def owner(self) -> Owner:
        """The app."""
        return cast(Owner, self.app)

    @property
    def runs(self) -> bool:
        """Whether something runs now."""
        return self.run_ is not None and self.run_.status is None

    # --- what is seen ----------------------------------------------------------------------------------

    def redraw(self) -> None:
        """Show how it stands."""
        self._due = None
        run, follows = self.run_, self.stage is Stage.DOING
        if run is not None and run.status is not None and self.stage in (Stage.LOOKING, Stage.DOING):
            if self.stage is Stage.LOOKING and run.status == 0:
                self.stage = Stage.ASKING
            else:
                self.stage = Stage.OVER
                self.ended(run)
        lines = [Spoken(each, complains=False) for each in self.deed.asks] if self.stage is Stage.ASKING else []
        lines += run.lines if run is not None else []
        self.spoken.say(lines)
        if follows:
            # Read from its beginning is what is a paper; of what happens the newest is looked at.
            if self.stage is Stage.OVER and self.deed.is_read:
                self._room.scroll_home(animate=False)
            else:
                self._room.scroll_end(animate=False)
        self._head.say(self.head())
        self._foot.say([*self.notes(), *keys_lines(self.keys(), max(20, self._room.size.width))])
        self.refresh_bindings()

    def head(self) -> list[Line]:
        """What is done, by which command, and how it stands."""
        lines = [line(Piece(self.deed.title, Role.STRONG), Piece("  "), *self.state())]
        lines.append(line(Piece(self.deed.command, Role.ACCENT)))
        if self.deed.about and (self.stage in (Stage.LOOKING, Stage.ASKING) or not self.deed.is_asked):
            lines.append(line(Piece(self.deed.about, Role.MUTED)))
        return [*lines, BLANK]

    def state(self) -> tuple[Piece, ...]:
        """How it stands."""
        match self.stage:
            case Stage.LOOKING:
                return (Piece("◌ looking …", Role.ACCENT),)
            case Stage.ASKING:
                return (Piece("nothing is done yet", Role.MUTED),)
            case Stage.DOING:
                passing = self.run_.passing if self.run_ is not None else ""
                return (Piece(f"◌ it runs …{f'  {passing}' if passing else ''}", Role.ACCENT),)
            case _:
                status = self.run_.status if self.run_ is not None else 1
                words, role = _ENDINGS.get(status or 0, (f"✗ ended with {status}", Role.BAD))
                return (Piece(words, role),)

    def notes(self) -> list[Line]:
        """What else there is to say above the keys."""
        return [BLANK]

    def keys(self) -> list[Key]:
        """The keys that work now."""
        keys = []
        if self.stage is Stage.ASKING:
            keys.append(("y", "does it", "screen.accept"))
        if self.stage is Stage.DOING and not self.deed.goes_on:
            return [("esc", "ends it", "screen.leave")]
        if self.stage is Stage.OVER and self.run_ is not None and self.run_.lines:
            keys.append(("c", "copies it", "screen.copy"))
        words = "closes" if self.stage is not Stage.DOING else "closes; it goes on"
        return [*keys, ("esc", words, "screen.leave")]

    def ended(self, run: Run) -> None:
        """What was to be done is over."""

    def on_resize(self) -> None:
        """The keys take other lines."""
        self.call_after_refresh(self.redraw)

    # --- keys ------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done now is offered."""
        del parameters
        match action:
            case "accept":
                return self.stage is Stage.ASKING
            case "end":
                return self.stage is Stage.DOING and self.runs
            case "copy":
                return self.run_ is not None and bool(self.run_.lines)
            case _:
                return True

    def action_accept(self) -> None:
        """Do it."""
        self._do()

    def action_end(self) -> None:
        """End it, as Ctrl-C does."""
        if self.run_ is not None:
            self.run_.end()

    def action_copy(self) -> None:
        """Hand what was said to the terminal's clipboard."""
        if self.run_ is not None:
            self.owner.copy_to_clipboard("\n".join(each.text for each in self.run_.lines))
            self.owner.tell("Handed to the terminal (OSC 52). If it does not paste, select it.", well=True)

    def action_leave(self) -> None:
        """Close; what is not to go on ends."""
        self._let_go()
        self.dismiss(None)
