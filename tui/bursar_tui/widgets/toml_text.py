"""TomlText: the user's file as text to edit, with what is wrong said at the line where it is."""

from collections.abc import Mapping
from typing import cast

from rich.text import Text
from textual import events
from textual.document._document import Document
from textual.geometry import Size
from textual.message import Message
from textual.widgets import TextArea

from bursar.contract.shown import shown
from bursar_tui.ink import Ground, Role
from bursar_tui.widgets.lines import Inked

MOST_PASTED = 1_000_000
"""Characters of one paste that are taken: what is longer is no configuration."""


class TomlText(TextArea):
    """Draws what acts on a terminal as something that does not; the text itself stays as it is."""

    class TooLong(Message):
        """So many characters were pasted at once, and none of them taken."""

        def __init__(self, length: int) -> None:
            super().__init__()
            self.length = length

    def __init__(self, text: str) -> None:
        super().__init__(text, soft_wrap=False, show_line_numbers=True, tab_behavior="focus")
        self.cursor_blink = False
        self._wrong: Mapping[int, str] = {}

    def point_out(self, wrong: Mapping[int, str]) -> None:
        """Say at these lines, counted from 0, what is wrong with them."""
        if wrong != self._wrong:
            self._wrong = wrong
            self.notify_style_update()  # what was drawn is kept by the line alone
            self.refresh()

    def get_line(self, line_index: int) -> Text:
        """A line as it is drawn; a sign for each of its own, since the cursor counts by them."""
        text = Text(harmless(self.document.get_line(line_index)), end="", no_wrap=True)
        if line_index in self._wrong:
            palette = cast(Inked, self.app).palette
            text.append(f"   ✗ {shown(self._wrong[line_index])}", palette[Role.BAD, Ground.PLAIN])
        return text

    def _refresh_size(self) -> None:
        """As wide as there is room: what is wrong with a line stands behind its end."""
        super()._refresh_size()
        width, height = self.virtual_size
        self.virtual_size = Size(max(width, self.scrollable_content_region.width), height)

    def on_resize(self) -> None:
        """There is other room."""
        self._refresh_size()

    def on_paste(self, event: events.Paste) -> None:
        """Nobody pastes megabytes on purpose; all else goes on to where it is taken."""
        if len(event.text) > MOST_PASTED:
            event.prevent_default()
            event.stop()
            self.post_message(self.TooLong(len(event.text)))


def keeps(text: str) -> bool:
    """Whether a text that is edited here stays as it is where nothing is typed: line ends of several kinds do not."""
    return Document(text).text == text


def harmless(text: str) -> str:
    """A line in which nothing acts, of as many characters."""
    if shown(text.replace("\t", " ")) == text.replace("\t", " "):
        return text
    return "".join(_one(character) for character in text)


def _one(character: str) -> str:
    seen = character if character == "\t" else shown(character)
    return seen if len(seen) == 1 else "\N{REPLACEMENT CHARACTER}"
