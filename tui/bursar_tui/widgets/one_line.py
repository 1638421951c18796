"""OneLine: one line of text that is typed; bounded, and as harmless when pasted as when typed."""

from typing import Protocol, cast

from textual import events
from textual.widgets import Input

from bursar.contract.shown import shown
from bursar_tui.ink import cropped

LONGEST_LINE = 4_000
"""Characters: what a line may hold. The longest that is ever meant is a system prompt or an address."""

_LONGEST_EXAMPLE = 200


class Teller(Protocol):
    """The app, as far as a line has something to say."""

    def tell(self, sentence: str, *, well: bool | None) -> None: ...


class OneLine(Input):
    """A line. Of what is pasted the first line is taken, all of it or, where that is too long, nothing."""

    def __init__(
        self, value: str = "", placeholder: str = "", *, select_on_focus: bool = True, password: bool = False
    ) -> None:
        super().__init__(
            value[:LONGEST_LINE],
            placeholder=cropped(placeholder, _LONGEST_EXAMPLE),
            select_on_focus=select_on_focus,
            max_length=LONGEST_LINE,
            password=password,
        )
        self.cursor_blink = False

    def validate_value(self, value: str) -> str:
        """Nothing that acts on a terminal gets into the line."""
        return shown(value)

    def action_paste(self) -> None:
        """What this program copied itself."""
        self.put(self.app.clipboard)

    def restricted(self) -> None:
        """What was typed is one character too many."""
        self._refuse(LONGEST_LINE + 1)

    def put(self, pasted: str) -> None:
        """Take the first line of a text where the cursor is."""
        first = pasted.lstrip("\r\n")[: LONGEST_LINE + 1].splitlines()[:1]
        text = shown(first[0]) if first else ""
        if len(self.value) - len(self.selected_text) + len(text) > LONGEST_LINE:
            self._refuse(len(pasted))
        elif text:
            self.replace(text, *sorted(self.selection))

    def _refuse(self, length: int) -> None:
        fits = f"Nothing was taken: {length:,} characters are more than the {LONGEST_LINE:,} that fit into a line."
        cast(Teller, self.app).tell(fits, well=False)

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.put(event.text)
