"""Prompt: lines of text that are typed to be sent; bounded, and as harmless when pasted as when typed."""

from textual import events
from textual.binding import Binding
from textual.message import Message
from textual.widgets import TextArea

from bursar.contract.shown import shown_text

LONGEST_TEXT = 20_000
"""Characters: what can be typed and pasted here. A file is asked from the shell."""


class Prompt(TextArea):
    """Enter sends, Ctrl+J (and Shift+Enter, where the terminal tells it apart) begins a new line."""

    DEFAULT_CSS = """
    Prompt, Prompt:focus { height: auto; min-height: 1; max-height: 8; border: none; padding: 0; background: $surface; }
    """

    BINDINGS = [
        Binding("enter", "submit", "send"),
        Binding("ctrl+j,shift+enter", "newline", "new line"),
    ]

    class Submitted(Message):
        """The text is to be sent."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class TooLong(Message):
        """Something was not taken, because all of it would be too long."""

        def __init__(self, length: int) -> None:
            super().__init__()
            self.length = length

    def __init__(self, placeholder: str = "") -> None:
        super().__init__(soft_wrap=True, compact=True, highlight_cursor_line=False, placeholder=placeholder)
        self.cursor_blink = False

    def action_submit(self) -> None:
        """Hand the text over; it stays until whoever gets it clears it."""
        self.post_message(self.Submitted(self.text))

    def action_newline(self) -> None:
        """Another line."""
        self.put("\n")

    def action_paste(self) -> None:
        """What this program copied itself."""
        self.put(self.app.clipboard)

    def put(self, text: str) -> None:
        """Take a text where the cursor is, all of it or none."""
        length = len(self.text) + len(text)
        if length > LONGEST_TEXT:
            self.post_message(self.TooLong(length))
            return
        if result := self._replace_via_keyboard(shown_text(text), *self.selection):
            self.move_cursor(result.end_location)

    async def _on_key(self, event: events.Key) -> None:
        """Our keys in their place among those that are typed: a binding alone would be overtaken, or overtake them."""
        if event.key == "enter":
            self.action_submit()
        elif event.key in ("ctrl+j", "shift+enter"):
            self.action_newline()
        elif event.is_printable and len(self.text) >= LONGEST_TEXT:
            self.post_message(self.TooLong(len(self.text) + 1))
        else:
            return
        event.stop()
        event.prevent_default()

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        if not self.read_only:
            self.put(event.text.replace("\r\n", "\n").replace("\r", "\n"))
