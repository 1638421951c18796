"""FilterLine: what is typed after `/`."""

from textual.binding import Binding
from textual.widgets import Input

from bursar.contract.shown import shown


class FilterLine(Input):
    """One line of text; what is pasted into it is as harmless as what is typed."""

    DEFAULT_CSS = """
    FilterLine, FilterLine:focus { border: none; height: 1; padding: 0 1; background: $panel; }
    """

    BINDINGS = [
        Binding("escape", "screen.unfilter", "all calls"),
        Binding("enter,down", "screen.to_list", "to the list"),
    ]

    def __init__(self, placeholder: str = "a word of the model, upstream, key, client, state …") -> None:
        super().__init__(placeholder=placeholder, select_on_focus=False)
        self.cursor_blink = False

    def validate_value(self, value: str) -> str:
        """Nothing that acts on a terminal gets into the line."""
        return shown(value)
