"""Footer: the keys that work here, each of them clickable."""

from textual.geometry import Size
from textual.screen import Screen

from bursar_tui.ink import Line, Piece, Role, joined, line
from bursar_tui.widgets.lines import Lines

_NAMES = {
    "enter": "enter",
    "escape": "esc",
    "slash": "/",
    "question_mark": "?",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
}


class Footer(Lines):
    """The bindings that say what they do, those of what has the focus first."""

    DEFAULT_CSS = """
    Footer { dock: bottom; height: 1; padding: 0 1; background: $surface; }
    """

    def on_mount(self) -> None:
        """Other keys work as soon as something else has the focus."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[object]) -> None:
        del screen
        self.redraw()

    def draw(self, size: Size) -> list[Line]:
        """`enter open   / filter   ? help …`, as many as fit."""
        groups: list[tuple[Piece, ...]] = []
        told: set[str] = set()
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if not binding.show or not active.enabled or not binding.description or binding.action in told:
                continue
            told.add(binding.action)
            action = f"screen.press('{binding.key}')"
            groups.append(
                (
                    Piece(binding.key_display or key_name(binding.key), Role.KEY, action),
                    Piece(f" {binding.description}", Role.MUTED, action),
                )
            )
        return [line(joined(groups, size.width))]


def key_name(key: str) -> str:
    """A key as it is written on the keyboard: `/`, `enter`, `^p`."""
    if key.startswith("ctrl+"):
        return f"^{key_name(key.removeprefix('ctrl+'))}"
    return _NAMES.get(key, key)
