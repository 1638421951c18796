"""Footer: the keys that work here, each of them clickable."""

from textual.geometry import Size
from textual.screen import Screen

from bursar_tui.ink import Line, Piece, Role, columns_of, joined, line
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

_ALWAYS = "help"
_SPARE = ("quit", "command_palette")
_ALL = 10_000
"""More columns than all keys take."""


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
        """`enter open   / filter   ? help …`, as many as fit, and among them what tells of the others."""
        groups: dict[str, tuple[Piece, ...]] = {}
        told: set[str] = set()
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if not binding.show or not active.enabled or not binding.description or binding.action in told:
                continue
            told.add(binding.action)
            action = f"screen.press('{binding.key}')"
            groups[binding.action] = (
                Piece(binding.key_display or key_name(binding.key), Role.KEY, action),
                Piece(f" {binding.description}", Role.MUTED, action),
            )
        return [line(joined(_fitting(groups, size.width), size.width))]


def _fitting(groups: dict[str, tuple[Piece, ...]], width: int) -> list[tuple[Piece, ...]]:
    """All that fit: left out are first those that are the same on every screen, then the last of its own."""
    spare = [action for action in _SPARE if action in groups]
    own = [action for action in groups if action not in (*_SPARE, _ALWAYS)]
    left = dict(groups)
    for action in (*spare, *reversed(own)):
        if columns_of(joined(left.values(), _ALL)) <= width:
            break
        del left[action]
    return list(left.values())


def key_name(key: str) -> str:
    """A key as it is written on the keyboard: `/`, `enter`, `^p`."""
    if key.startswith("ctrl+"):
        return f"^{key_name(key.removeprefix('ctrl+'))}"
    return _NAMES.get(key, key)
