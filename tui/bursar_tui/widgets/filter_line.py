"""FilterLine: what is typed after `/`."""

from textual.binding import Binding
from textual.widget import Widget

from bursar_tui.widgets.one_line import OneLine


class FilterLine(OneLine):
    """One line of text, whose every word must occur in what is left `of` a list; not there until it is opened."""

    DEFAULT_CSS = """
    FilterLine, FilterLine:focus { border: none; height: 1; padding: 0 1; background: $panel; }
    """

    BINDINGS = [
        Binding("escape", "screen.unfilter", "all calls"),
        Binding("enter,down", "screen.to_list", "to the list"),
    ]

    def __init__(self, of: Widget, placeholder: str = "a word of the model, upstream, key, client, state …") -> None:
        super().__init__(placeholder=placeholder, select_on_focus=False)
        self._of = of
        self.display = False

    def open(self) -> None:
        """Take what is typed, from the very next letter on."""
        self.display = True
        self.screen.set_focus(self)

    def keep(self) -> None:
        """Keep the filter and go to what it leaves."""
        self.display = bool(self.value)
        self.screen.set_focus(self._of)

    def clear_all(self) -> None:
        """Everything again."""
        self.value = ""
        self.display = False
        self.screen.set_focus(self._of)
