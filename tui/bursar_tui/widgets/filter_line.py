"""FilterLine: what is typed after `/`."""

from textual.binding import Binding

from bursar_tui.widgets.one_line import OneLine


class FilterLine(OneLine):
    """One line of text, whose every word must occur."""

    DEFAULT_CSS = """
    FilterLine, FilterLine:focus { border: none; height: 1; padding: 0 1; background: $panel; }
    """

    BINDINGS = [
        Binding("escape", "screen.unfilter", "all calls"),
        Binding("enter,down", "screen.to_list", "to the list"),
    ]

    def __init__(self, placeholder: str = "a word of the model, upstream, key, client, state …") -> None:
        super().__init__(placeholder=placeholder, select_on_focus=False)
