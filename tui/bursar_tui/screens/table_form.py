"""TableForm: settings of one table of the configuration, checked while they are typed; nothing typed is lost."""

from collections.abc import Sequence
from typing import Protocol, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.timer import Timer
from textual.widgets import Input

from bursar.contract.configuration import (
    ConfigurationChecked,
    ConfigurationWritten,
    Edit,
    FileProblem,
    Put,
    PutTable,
    SettingView,
    TakeOut,
)
from bursar.contract.way_in import Refused
from bursar_tui.config_commands import command_of
from bursar_tui.config_errands import checking, editing, is_changed, reading
from bursar_tui.errands import Errand, T
from bursar_tui.ink import BLANK, Line, Piece, Role, line
from bursar_tui.screens.dialog import Dialog, Said, as_command, keys_line
from bursar_tui.screens.form import TypedLine
from bursar_tui.stated import NOUNS, Path, Stated
from bursar_tui.toml_values import as_typed, key_of, typed_value

CHECK_S = 0.25
"""How long nothing is typed before the proxy is asked what it thinks of it."""


class Sender(Protocol):
    """The app, as far as a dialog asks anything of the proxy."""

    def send(self, errand: Errand[T]) -> None: ...


class TableForm(Dialog[str]):
    """Answered with the name of the table once it is written. Without a `name` it makes a new one, whose name is typed.

    What is emptied is removed from the file; only what was changed here is written, so that what somebody else
    changed beside it stays.
    """

    AUTO_FOCUS = "Input"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (50, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-high")]
    BINDINGS = [
        Binding("escape", "leave", "leave it"),
        Binding("down", "app.focus_next", "next", show=False),
        Binding("up", "app.focus_previous", "previous", show=False),
    ]

    def __init__(
        self, title: str, stated: Stated, section: str, settings: Sequence[SettingView], name: str | None = None
    ) -> None:
        super().__init__()
        self._title, self._stated, self._section, self._settings = title, stated, section, settings
        self._once = all(each.once for each in settings)
        self._given = name
        self._name_line = TypedLine("", "its name")
        self._inputs = [TypedLine(self._present(each), example_of(each)) for each in settings]
        self._begun = [each.value for each in self._inputs]
        self._problems: tuple[FileProblem, ...] = ()
        self._news = ""
        self._writing = False
        self._asked = 0
        self._due: Timer | None = None
        self._under = Said()

    @property
    def is_new(self) -> bool:
        """Whether it makes a table."""
        return self._given is None and not self._once

    def compose(self) -> ComposeResult:
        """The fields, and under them what the one at the cursor means and what is wrong."""
        with Vertical(id="dialog"):
            yield Said([line(Piece(self._title, Role.STRONG))])
            with VerticalScroll(id="fields", can_focus=False):
                if self.is_new:
                    yield from self._field("name", self._name_line)
                for setting, typed in zip(self._settings, self._inputs, strict=True):
                    yield from self._field(setting.key, typed)
            yield self._under

    def _field(self, label: str, typed: TypedLine) -> ComposeResult:
        with Horizontal(classes="field"):
            yield Said([line(Piece(label, Role.MUTED))])
            yield typed

    def on_mount(self) -> None:
        """What it says at first."""
        self._say()

    @property
    def _path(self) -> Path:
        if self._once:
            return (self._section,)
        return (self._section, self._name_line.value.strip() if self._given is None else self._given)

    def _present(self, setting: SettingView) -> str:
        """What the file says of a setting."""
        if self._given is None and not self._once:
            return ""
        return as_typed(self._stated.value((*self._path_given, setting.key)))

    @property
    def _path_given(self) -> Path:
        return (self._section,) if self._once or self._given is None else (self._section, self._given)

    def edits(self) -> tuple[Edit, ...]:
        """What is to be done for what was typed. Raises ValueError, with a sentence, where there is nothing to do."""
        path = self._path
        if not path[-1]:
            raise ValueError("a name first: letters, digits and . _ -")
        typed = [each.value.strip() for each in self._inputs]
        if not self._once and self._stated.table(path) is None:
            values = {
                each.key: typed_value(each, text) for each, text in zip(self._settings, typed, strict=True) if text
            }
            return (PutTable(path, values),)
        if self.is_new:
            raise ValueError(f"there is [{key_of(path)}] already")
        edits: list[Edit] = []
        for setting, text, was in zip(self._settings, typed, self._begun, strict=True):
            key = (*path, setting.key)
            if text == was.strip():
                continue
            if text:
                edits.append(Put(key, typed_value(setting, text)))
            elif self._stated.value(key) is not None:
                edits.append(TakeOut(key))
        if not edits:
            raise ValueError("nothing is changed yet")
        return tuple(edits)

    # --- what is said ----------------------------------------------------------------------------------

    def _say(self) -> None:
        self._under.say([*self._about(), *self._verdict(), *self._keys()])

    @property
    def _low(self) -> bool:
        return self.app.size.height < 20

    def _about(self) -> list[Line]:
        """What the setting at the cursor means, and what it may be."""
        setting = self._at_cursor
        if setting is None or self._low:
            return []
        default = f" Default: {setting.default}." if setting.default not in ("", "{}", "[]") else ""
        return [
            BLANK,
            line(Piece(f"{setting.meaning}{default}", Role.TEXT)),
            line(Piece(f"Must be {_as_typed(setting.allowed)}." if setting.allowed else "", Role.MUTED)),
        ]

    @property
    def _at_cursor(self) -> SettingView | None:
        for setting, typed in zip(self._settings, self._inputs, strict=True):
            if typed.has_focus:
                return setting
        return None

    def _verdict(self) -> list[Line]:
        """What is wrong, else the command that does the same."""
        lines = [] if self._low else [BLANK]
        if self._news:
            lines.append(line(Piece(f"▲ {self._news}", Role.WARN)))
        try:
            edits = self.edits()
        except ValueError as error:
            return [*lines, line(Piece(str(error), Role.MUTED))]
        shown = self._problems[:3]
        lines += [line(Piece(f"✗ {each.sentence}", Role.BAD)) for each in shown]
        if len(self._problems) > len(shown):
            lines.append(line(Piece(f"… and {len(self._problems) - len(shown)} more", Role.MUTED)))
        return lines if shown else [*lines, as_command(command_of(edits))]

    def _keys(self) -> list[Line]:
        keys = keys_line(("enter", "writes it", "screen.submit"), ("esc", "leaves it", "screen.leave"))
        return [keys] if self._low else [BLANK, keys]

    # --- while it is typed -------------------------------------------------------------------------------

    @on(events.DescendantFocus)
    def _moved(self) -> None:
        self._say()

    @on(Input.Changed)
    def _typed(self) -> None:
        self._problems = ()
        self._asked += 1
        if self._due is not None:
            self._due.stop()
        self._due = self.set_timer(CHECK_S, self._check)
        self._say()

    def _check(self) -> None:
        try:
            edits = self.edits()
        except ValueError:
            return
        asked = self._asked

        def judged(checked: ConfigurationChecked) -> None:
            if asked == self._asked and self.is_attached:
                self._problems = checked.problems
                self._say()

        self._send(checking(judged, edits))

    # --- when it is written ------------------------------------------------------------------------------

    @on(Input.Submitted)
    def action_submit(self) -> None:
        """Write it."""
        try:
            edits = self.edits()
        except ValueError:
            self._say()
            return
        if self._writing:
            return
        self._writing = True
        self._send(
            editing(
                self._stated.etag,
                edits,
                f"[{key_of(self._path)}]",
                at_start=self._is_read_at_start(edits),
                then=self._written,
                failed=self._failed,
            )
        )

    def _is_read_at_start(self, edits: Sequence[Edit]) -> bool:
        """Whether anything of it takes no effect before the proxy is started again."""
        keys = {each.key[-1] for each in edits}
        return any(each.at_start and each.key in keys for each in self._settings)

    def _written(self, written: ConfigurationWritten) -> None:
        del written
        self._writing = False
        if self.is_attached:
            self.dismiss(self._path[-1])

    def _failed(self, error: Exception) -> None:
        """Nothing is written; all that was typed stays."""
        self._writing = False
        if not self.is_attached:
            return
        if is_changed(error):
            self._send(reading(self._changed))
            return
        problems = error.problem.problems if isinstance(error, Refused) else ()
        self._problems = problems or (FileProblem(f"{error}."),)
        self._say()

    def _changed(self, now: Stated) -> None:
        """Somebody else changed the file meanwhile: say what is there now, beside what was typed."""
        if not self.is_attached:
            return
        before, self._stated = self._stated, now
        self._news = f"The configuration was changed meanwhile. {self._of_mine(before, now)}"
        self._typed()

    def _of_mine(self, before: Stated, now: Stated) -> str:
        path = self._path
        if not self._once and before.table(path) is not None and now.table(path) is None:
            return f"[{key_of(path)}] is no longer there; Enter makes it again, of what stands here."
        other = []
        for setting in self._settings:
            key = (*path, setting.key)
            if before.value(key) != now.value(key):
                said = as_typed(now.value(key))
                other.append(f"{setting.key} is now {said}" if said else f"{setting.key} was removed")
        if not other:
            return "Nothing of this was; Enter writes what you typed."
        return f"{'; '.join(other)}. What you typed is still here: Enter writes it all the same."

    def _send(self, errand: Errand[T]) -> None:
        cast(Sender, self.app).send(errand)


def example_of(setting: SettingView) -> str:
    """What stands in an empty line: the default, or the words there are, or whether it is needed."""
    if setting.default and setting.default not in ("{}", "[]"):
        return setting.default
    if setting.choices:
        return ", ".join(setting.choices)
    return "needed" if setting.required else ""


def table_form(
    stated: Stated, section: str, name: str | None = None, *, keys: Sequence[str] = (), title: str = ""
) -> TableForm:
    """The form for a table, or for some of its keys."""
    settings = [each for each in stated.settings(section) if not keys or each.key in keys]
    noun = NOUNS.get(section, section)
    if not title:
        title = f"A new {noun}" if name is None and section in NOUNS else f"[{key_of(_header(section, name))}]"
    return TableForm(title, stated, section, settings, name)


def _header(section: str, name: str | None) -> Path:
    return (section,) if name is None else (section, name)


def _as_typed(allowed: str) -> str:
    """What is allowed, in the words for the file, for a line into which texts are typed without their quotes."""
    return allowed.replace(" in quotes", "").replace(" as text", "").replace('"', "")
