"""Settings: the configuration by section, each setting with its value, default and meaning; changed where it stands."""

from typing import cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Input

from bursar.contract.configuration import TakeOut
from bursar_tui.config_errands import editing, reading
from bursar_tui.errands import as_sentence
from bursar_tui.ink import Line
from bursar_tui.paper_deeds import EXAMPLE, RELOAD
from bursar_tui.screens.choice import Choice, Option
from bursar_tui.screens.command_run import Doer
from bursar_tui.screens.config_browser import ConfigBrowser, Teller
from bursar_tui.screens.config_text import ConfigText, Draft
from bursar_tui.screens.screen import Command
from bursar_tui.seen import Seen
from bursar_tui.stated import NOUNS, Path, Stated
from bursar_tui.toml_values import as_toml, key_of
from bursar_tui.widgets.filter_line import FilterLine
from bursar_tui.widgets.row_list import ListRow
from bursar_tui.widgets.setting_detail import setting_detail
from bursar_tui.widgets.setting_rows import path_of, row_id, setting_rows
from bursar_tui.widgets.toml_text import keeps

AGAIN_MS = 5_000
"""After how long a file that could not be read is asked for again."""

_LOST = {
    "upstreams": "No call goes there any more; what goes through it is removed first. Its key stays in the keyring.",
    "aliases": "Clients that ask for it are refused.",
    "prices": "What costs without a price is what the price table says; without any, dollar caps refuse the call.",
    "caps": "It limits nothing any more. What was used stays in the history.",
    "plans": "It bears nothing any more. What was used stays in the history.",
    "wallets": "It pays nothing any more. What was paid in stays in the history.",
}


_KEPT_NOT = "The file has line ends of several kinds, which would not stay as they are here; use: bursar config edit"


class Settings(ConfigBrowser):
    """Every setting there is."""

    TAB = "settings"
    commands = (
        Command("e", "change a setting, or a whole table", "bursar config set KEY VALUE"),
        Command("d", "take a setting back to its default", "bursar config unset KEY"),
        Command("n", "make an upstream, alias, price, cap, plan or wallet", "bursar upstream add NAME --kind KIND"),
        Command("x", "remove one", "bursar upstream|cap|plan|wallet remove NAME"),
        Command("w", "edit the file as a whole", "bursar config edit"),
        Command("/", "show the settings that have some words in them", "bursar config show | grep WORDS"),
        Command("r", "take up the file now, as it does by itself", "bursar reload"),
        Command("i", "every setting with its default and its meaning, as a file", "bursar config example"),
    )
    BINDINGS = [
        Binding("e", "change", "change"),
        Binding("d", "default", "default"),
        Binding("n", "make", "new"),
        Binding("x", "remove", "remove"),
        Binding("w", "whole", "whole file"),
        Binding("slash", "filter", "filter"),
        Binding("r", "reload", "reload"),
        Binding("i", "example", "every setting"),
        Binding("escape", "unfilter", "all settings", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._stated: Stated | None = None
        self._asked_for: tuple[str, str, str] | None = None
        self._unread: tuple[str, int] | None = None
        """Why the file could not be read when it was asked for last, and when that was."""
        self._draft: Draft | None = None
        self._line = FilterLine(self.list, "a word of the setting, its value or its meaning …")

    def body(self) -> ComposeResult:
        """The filter above the list."""
        yield self._line
        yield from super().body()

    def rows(self, seen: Seen, width: int) -> list[ListRow]:
        """One line for each setting, under the header of its table."""
        why = self._unread[0] if self._unread is not None else None
        return setting_rows(self._stated, self._draft is not None, width, self._line.value, why)

    def detail(self, seen: Seen, row_id: str, width: int) -> list[Line]:
        """One of them."""
        return setting_detail(self._stated, path_of(row_id), width)

    def row_of(self, section: str, name: str) -> str:
        """A table is found at its header."""
        return row_id((section, name)) if section in NOUNS else self.list.cursor_id

    def show(self, seen: Seen) -> None:
        """The file is no part of the state: it is asked for whenever it has changed."""
        super().show(seen)
        view = seen.snapshot.configuration
        wanted = (seen.snapshot.run, view.etag, view.file_etag)
        late = self._unread is not None and seen.now_ms - self._unread[1] >= AGAIN_MS
        if seen.known and self.is_current and (wanted != self._asked_for or late):
            self._asked_for, self._unread = wanted, None
            self.send(reading(self.take, failed=self._not_read))

    def _not_read(self, error: Exception) -> None:
        """The proxy did not answer: that is said, and after a while it is asked again."""
        self._unread = as_sentence(str(error)), self.seen.now_ms
        self.again()

    def take(self, stated: Stated) -> None:
        """The file as it is now."""
        self._stated, self._unread = stated, None
        self.again()
        self.refresh_bindings()

    @property
    def path(self) -> Path:
        """The key or table at the cursor."""
        return path_of(self.list.cursor_id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done to what the cursor is at is offered."""
        path, stated = self.path, self._stated
        if action == "filter":
            return stated is not None and not isinstance(self.focused, FilterLine) and not self.opened
        if action == "unfilter":
            return not self.opened
        if action in ("make", "whole"):
            return stated is not None
        if action == "change":
            return stated is not None and bool(path)
        if action == "default":
            return stated is not None and stated.setting(path) is not None and stated.value(path) is not None
        if action == "remove":
            return stated is not None and path[:1] != () and path[0] in NOUNS and len(path) >= 2
        return super().check_action(action, parameters)

    @on(Input.Changed)
    def _filtered(self) -> None:
        self.again()

    def action_filter(self) -> None:
        """Type a filter."""
        self._line.open()

    def action_to_list(self) -> None:
        """Keep the filter and go to what it leaves."""
        self._line.keep()

    def action_unfilter(self) -> None:
        """All settings again."""
        self._line.clear_all()

    def action_reload(self) -> None:
        """Have the proxy take up the file now."""
        cast(Doer, self.app).do(RELOAD)

    def action_example(self) -> None:
        """Every setting there is."""
        cast(Doer, self.app).do(EXAMPLE)

    def action_change(self) -> None:
        """Type another value; at the header of a table, all of its values."""
        path, stated = self.path, self._stated
        if stated is None or not path:
            return
        named = path[0] in NOUNS
        if stated.setting(path) is not None:
            self.open_form(path[0], path[1] if named else None, (path[-1],))
        elif not named or len(path) == 2:
            self.open_form(path[0], path[1] if named else None)

    def action_default(self) -> None:
        """Take it out of the file."""
        path, stated = self.path, self._stated
        if stated is not None and path:
            known = stated.setting(path)
            at_start = known is not None and known.at_start
            # What is gone from the file can be typed again.
            done = f"was {as_toml(stated.value(path))} and is back at its default"
            self.send(editing(stated.etag, (TakeOut(path),), key_of(path), done=done, at_start=at_start))

    def action_make(self) -> None:
        """A new table: which, is asked."""
        here = self.path[0] if self.path and self.path[0] in NOUNS else ""
        sections = sorted(NOUNS, key=lambda section: section != here)
        options = [Option(section, noun_phrase(NOUNS[section]), f"[{section}.NAME]") for section in sections]
        self.app.push_screen(Choice("Make what?", "", options), self._make)

    def _make(self, section: str | None) -> None:
        if section is not None:
            self.open_form(section)

    def action_remove(self) -> None:
        """Remove the table that the cursor is in."""
        path = self.path[:2]
        if len(path) == 2 and path[0] in NOUNS:
            self.ask_removal(path, _LOST[path[0]])

    def action_whole(self) -> None:
        """The file itself; what was left unsaved goes on."""
        if self._draft is not None:
            self.app.push_screen(ConfigText(self._draft), self._left)
        else:
            self.send(reading(self._open_text, doing="Reading the configuration …"))

    def _open_text(self, now: Stated) -> None:
        if not keeps(now.file.text):
            cast(Teller, self.app).tell(_KEPT_NOT, well=False)
        elif self.is_current:
            self.app.push_screen(ConfigText(Draft(now.file.text, now.file.text, now.etag)), self._left)

    def _left(self, draft: Draft | None) -> None:
        """Back from the file; what was not saved is kept."""
        self._draft = draft if draft is not None and draft.is_changed else None
        self.again()


def noun_phrase(noun: str) -> str:
    """`a cap`, `an alias`."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
