"""ConfigText: the user's file as text, checked while it is edited, and written over nobody's work unasked."""

import difflib
from dataclasses import dataclass, replace
from typing import Protocol, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import TextArea

from bursar.contract.configuration import ConfigurationChecked, ConfigurationWritten, FileProblem
from bursar.contract.way_in import Refused
from bursar_tui.config_errands import checking, is_changed, reading, replacing
from bursar_tui.errands import Errand, T
from bursar_tui.ink import Line, Piece, Role, line
from bursar_tui.screens.choice import Choice, Option
from bursar_tui.screens.compared import Compared
from bursar_tui.screens.dialog import Said
from bursar_tui.stated import Stated
from bursar_tui.widgets.footer import Footer
from bursar_tui.widgets.toml_text import TomlText

CHECK_S = 0.3
"""How long nothing is typed before the proxy is asked what it thinks of it."""

_UNSAVED = "What you typed into the configuration is not saved."

COMPARE, OVERWRITE, TAKE = "compare", "overwrite", "take"


class Sender(Protocol):
    """The app, as far as this screen asks anything of the proxy, and says what is not saved yet."""

    unsaved: str

    def send(self, errand: Errand[T]) -> None: ...


@dataclass(frozen=True, slots=True)
class Draft:
    """A text as it is edited, the one that it was made from, and the ETag of that."""

    text: str
    base: str
    etag: str

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to save."""
        return self.text != self.base


class ConfigText(ModalScreen[Draft]):
    """Left with the draft: what was not saved can go on later."""

    AUTO_FOCUS = "TomlText"
    VERTICAL_BREAKPOINTS = [(0, "-low"), (10, "-high")]
    BINDINGS = [
        Binding("ctrl+s", "save", "save"),
        Binding("f8,ctrl+g", "problem", "next problem"),
        Binding("ctrl+o", "compare", "compare"),
        Binding("escape", "leave", "back (kept)"),
    ]

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self._draft = draft
        self._problems: tuple[FileProblem, ...] = ()
        self._checked = False
        self._said = ""
        self._asked = 0
        self._due: Timer | None = None
        self.text = TomlText(draft.text)
        self._head, self._wrongs = Said(), Said()
        self._head.id, self._wrongs.id = "head", "wrongs"

    def compose(self) -> ComposeResult:
        """The text, and above and below it how it stands."""
        with Vertical(id="whole"):
            yield self._head
            yield self.text
            yield self._wrongs
        yield Footer()

    def on_mount(self) -> None:
        """Check what is there."""
        self._say()
        self._check()

    @property
    def draft(self) -> Draft:
        """The text as it is now."""
        return replace(self._draft, text=self.text.text)

    # --- what is said ----------------------------------------------------------------------------------

    def _say(self) -> None:
        draft = self.draft
        cast(Sender, self.app).unsaved = _UNSAVED if draft.is_changed else ""
        state = Piece("▲ not saved", Role.WARN) if draft.is_changed else Piece("● saved", Role.GOOD)
        self._head.say([line(Piece("The configuration", Role.STRONG), Piece("  "), state)])
        self._wrongs.say(self._wrong_lines())

    def _wrong_lines(self) -> list[Line]:
        room = 1 if self.app.size.height < 12 else 5
        lines = [line(Piece(f"▲ {self._said}", Role.WARN))] if self._said else []
        if not self._problems:
            words = "✓ nothing wrong with it" if self._checked else "◌ being checked"
            return [*lines, line(Piece(words, Role.GOOD if self._checked else Role.MUTED))]
        lines += [line(Piece(f"✗ {each.text}", Role.BAD)) for each in self._problems[:room]]
        if len(self._problems) > room:
            lines.append(line(Piece(f"… and {len(self._problems) - room} more", Role.MUTED)))
        return lines

    # --- while it is typed -------------------------------------------------------------------------------

    @on(TextArea.Changed)
    def _typed(self) -> None:
        self._asked += 1
        self._checked = False
        if self._due is not None:
            self._due.stop()
        self._due = self.set_timer(CHECK_S, self._check)
        self._say()

    @on(TomlText.TooLong)
    def _too_long(self, message: TomlText.TooLong) -> None:
        self._said = f"Nothing was taken: {message.length:,} characters are no configuration."
        self._say()

    def _check(self) -> None:
        asked = self._asked

        def judged(checked: ConfigurationChecked) -> None:
            if asked == self._asked and self.is_attached:
                self._judge(checked.problems)

        self._send(checking(judged, text=self.text.text))

    def _judge(self, problems: tuple[FileProblem, ...]) -> None:
        self._problems, self._checked = problems, True
        self.text.point_out({each.line - 1: each.sentence for each in reversed(problems) if each.line is not None})
        self._say()

    def action_problem(self) -> None:
        """To the next line that something is wrong with, round and round."""
        lines = sorted({each.line - 1 for each in self._problems if each.line is not None})
        if lines:
            row = self.text.cursor_location[0]
            self.text.move_cursor((next((each for each in lines if each > row), lines[0]), 0))

    # --- when it is saved --------------------------------------------------------------------------------

    def action_save(self) -> None:
        """Write it, if nothing is wrong with it and nobody else changed it meanwhile."""
        self._save(self._draft.etag)

    def _save(self, etag: str) -> None:
        text = self.text.text

        def written(answer: ConfigurationWritten) -> None:
            self._draft, self._said = Draft(text, text, answer.etag), ""
            if self.is_attached:
                self._say()

        self._send(replacing(etag, text, then=written, failed=self._failed))

    def _failed(self, error: Exception) -> None:
        if not self.is_attached:
            return
        if is_changed(error):
            self._send(reading(self._came_too_late))
        elif isinstance(error, Refused) and error.problem.problems:
            self._said = "Not saved: it has problems."
            self._judge(error.problem.problems)
        else:
            self._said = f"Not saved: {error}."
            self._say()

    def _came_too_late(self, now: Stated) -> None:
        if not self.is_attached:
            return
        self._said = "Not saved: the file was changed by someone else meanwhile. Nothing of yours is lost."
        self._say()
        options = [
            Option(COMPARE, "compare", "what differs between theirs and yours"),
            Option(OVERWRITE, "write yours over it", "what they changed is gone"),
            Option(TAKE, "take theirs", "yours comes back by ^z"),
        ]
        title = "The file was changed by someone else meanwhile"
        self.app.push_screen(
            Choice(title, "esc: go on editing; nothing is lost.", options), lambda how: self._decide(how, now)
        )

    def _decide(self, how: str | None, now: Stated) -> None:
        match how:
            case "compare":
                self._compare(now)
            case "overwrite":
                self._save(now.etag)
            case "take":
                self.text.replace(now.file.text, self.text.document.start, self.text.document.end)
                self._draft = Draft(now.file.text, now.file.text, now.etag)
                self._said = ""
                self._typed()
            case _:
                pass

    def action_compare(self) -> None:
        """What differs between the file as it is now and this text."""
        self._send(reading(self._compare))

    def _compare(self, now: Stated) -> None:
        if self.is_attached:
            theirs, mine = now.file.text.splitlines(), self.text.text.splitlines()
            self.app.push_screen(Compared(list(difflib.unified_diff(theirs, mine, "the file", "yours", lineterm=""))))

    def action_leave(self) -> None:
        """Back; the draft is kept."""
        self.dismiss(self.draft)

    def action_press(self, key: str) -> None:
        """A key of the footer was clicked."""
        self.app.simulate_key(key)

    def _send(self, errand: Errand[T]) -> None:
        cast(Sender, self.app).send(errand)
