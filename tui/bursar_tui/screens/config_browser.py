"""ConfigBrowser: a browser whose rows stand in the configuration, where they are made, changed and removed."""

from collections.abc import Sequence
from functools import partial
from typing import Protocol, cast

from bursar.contract.configuration import TakeOut
from bursar_tui.config_commands import removal
from bursar_tui.config_errands import editing, reading
from bursar_tui.screens.browser import Browser
from bursar_tui.screens.confirm import Confirm
from bursar_tui.screens.table_form import table_form
from bursar_tui.seen import Seen
from bursar_tui.stated import NOUNS, Path, Stated
from bursar_tui.toml_values import as_toml, key_of


class Teller(Protocol):
    """The app, as far as it says what came of something."""

    def tell(self, sentence: str, *, well: bool | None) -> None: ...


_READING = "Reading the configuration …"


class ConfigBrowser(Browser):
    """What is changed is the file as it is at that moment; who changed it meanwhile is never overwritten unasked."""

    def __init__(self) -> None:
        super().__init__()
        self._awaited = ""

    def show(self, seen: Seen) -> None:
        """What was written is in the list a moment later; the cursor goes there then."""
        super().show(seen)
        if self._awaited and self.list.has(self._awaited):
            row_id, self._awaited = self._awaited, ""
            self.list.put_at(row_id)

    def row_of(self, section: str, name: str) -> str:
        """The row at which a table that was just written is found."""
        del section
        return name

    def open_form(self, section: str, name: str | None = None, keys: Sequence[str] = ()) -> None:
        """Open a form for a table, or for some of its keys; without a name for a new one."""
        self.send(reading(partial(self._form, section, name, keys), doing=_READING))

    def _form(self, section: str, name: str | None, keys: Sequence[str], now: Stated) -> None:
        if not self.is_current:
            return
        if name is not None and now.table((section, name)) is None:
            self.say_gone((section, name))
            return
        self.app.push_screen(table_form(now, section, name, keys=keys), partial(self.written, section))

    def written(self, section: str, name: str | None) -> None:
        """Put the cursor at what was written."""
        if name is not None:
            self._awaited = self.row_of(section, name)
            self.again()

    def ask_removal(self, path: Path, lost: str) -> None:
        """Remove a table once that is confirmed; what it says at that moment is shown."""
        self.send(reading(partial(self._confirm, path, lost), doing=_READING))

    def _confirm(self, path: Path, lost: str, now: Stated) -> None:
        if not self.is_current:
            return
        table = now.table(path)
        if table is None:
            self.say_gone(path)
            return
        said = [f"[{key_of(path)}]", *(f"{key} = {as_toml(value)}" for key, value in table.items())]
        title = f"Remove the {NOUNS.get(path[0], 'table')} {path[-1]}?"
        self.app.push_screen(Confirm(title, [*said, "", lost], removal(path)), partial(self._remove, path, now.etag))

    def _remove(self, path: Path, etag: str, sure: bool | None) -> None:
        if sure:
            self.send(editing(etag, (TakeOut(path),), f"[{key_of(path)}]", done="is removed"))

    def say_gone(self, path: Path) -> None:
        """Say that there is nothing of this name in the file."""
        cast(Teller, self.app).tell(f"[{key_of(path)}] is not in the configuration file.", well=False)
