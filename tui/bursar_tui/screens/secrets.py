"""Secrets: where the keys of upstreams are; each can be moved, removed or looked for, and the passphrase changed."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll

from bursar.contract.secrets import SecretPlace, SecretPlaces
from bursar.domain.secret_reference import SecretForm
from bursar_tui.ink import BLANK, Ground, Line, Piece, Role, left, line
from bursar_tui.screens.dialog import Dialog, Said, as_command, keys_lines
from bursar_tui.screens.screen import Command

_MOST_ROWS = 8
_REFERENCE = 30
_WIDTH = 68


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted: `move`, `remove`, `check` a secret, by its reference, or another `passphrase`."""

    what: str
    reference: str = ""


class SecretList(Dialog[Wish]):
    """Answered with what is wanted. No key is in it, and none can be had from the proxy."""

    AUTO_FOCUS = ""
    commands = (
        Command(
            "m", "keep the one at the cursor elsewhere; the configuration follows", "bursar secret move NAME sealed"
        ),
        Command("x", "remove the one at the cursor", "bursar secret remove NAME"),
        Command("v", "look whether it is there", "bursar secret check NAME"),
        Command("p", "another passphrase for the sealed file", "bursar secret passphrase"),
    )
    BINDINGS = [
        Binding("up,k", "move(-1)", "up"),
        Binding("down,j", "move(1)", "down"),
        Binding("m", "wish('move')", "move"),
        Binding("x", "wish('remove')", "remove"),
        Binding("v", "wish('check')", "check"),
        Binding("p", "wish('passphrase')", "passphrase"),
        Binding("escape,q,enter", "leave", "close"),
    ]

    def __init__(self, found: SecretPlaces) -> None:
        super().__init__()
        self._found, self._place = found, 0
        unused = (SecretPlace(f"{SecretForm.SEALED}:{name}", ()) for name in found.unused)
        self._secrets: Sequence[SecretPlace] = (*found.places, *unused)
        self._said = Said(self._lines())

    def compose(self) -> ComposeResult:
        """Its lines, scrolled where the terminal is small."""
        with VerticalScroll(id="dialog", can_focus=False):
            yield self._said

    def _lines(self) -> list[Line]:
        lines = [line(Piece("Keys of upstreams", Role.STRONG)), line(Piece(self._sealed(), Role.MUTED)), BLANK]
        if not self._secrets:
            said = line(Piece("The configuration names none: every upstream is asked without a key."))
            return [*lines, said, BLANK, *self._keys()]
        first = max(0, min(self._place - _MOST_ROWS // 2, len(self._secrets) - _MOST_ROWS))
        lines += [self._row(place) for place in range(first, min(first + _MOST_ROWS, len(self._secrets)))]
        at = self._secrets[self._place]
        if at.reason:
            lines += [BLANK, line(Piece(at.reason, Role.WARN))]
        return [*lines, BLANK, as_command(f"bursar secret move|remove|check {at.reference}"), BLANK, *self._keys()]

    def _sealed(self) -> str:
        if self._found.sealed == "absent":
            return "There is no sealed file; the first key that is kept in one makes it."
        return f"The sealed file {self._found.sealed_file} is {self._found.sealed}."

    def _row(self, place: int) -> Line:
        each, here = self._secrets[place], place == self._place
        action = f"screen.pick({place})"
        mark = Piece("✗ ", Role.BAD, action) if each.reason else Piece("● ", Role.GOOD, action)
        return line(
            Piece("▸ " if here else "  ", Role.KEY, action),
            mark,
            Piece(left(each.reference, _REFERENCE), Role.STRONG if here else Role.TEXT, action),
            Piece(f" {', '.join(each.used_by) or 'nobody uses it'}", Role.MUTED, action),
            ground=Ground.CURSOR if here else Ground.PLAIN,
        )

    def _keys(self) -> list[Line]:
        offers = [
            (key, words, f"screen.wish('{what}')")
            for key, words, what in (
                ("m", "moves it", "move"),
                ("x", "removes it", "remove"),
                ("v", "looks for it", "check"),
                ("p", "another passphrase", "passphrase"),
            )
            if self._may(what)
        ]
        return keys_lines([*offers, ("esc", "closes", "screen.leave")], _WIDTH)

    def _may(self, what: str) -> bool:
        if what == "passphrase":
            return self._found.sealed in ("open", "shut")
        kept = (SecretForm.KEYRING, SecretForm.SEALED)
        form = self._secrets[self._place].reference.partition(":")[0] if self._secrets else ""
        return bool(form) and (what != "remove" or form in kept)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done to the one at the cursor is offered."""
        return action != "wish" or self._may(str(parameters[0]))

    def action_move(self, rows: int) -> None:
        """Up or down, round and round."""
        if self._secrets:
            self.action_pick((self._place + rows) % len(self._secrets))

    def action_pick(self, place: int) -> None:
        """That one."""
        self._place = place
        self._said.say(self._lines())
        self.refresh_bindings()

    def action_wish(self, what: str) -> None:
        """This is wanted."""
        of_one = what != "passphrase"
        self.dismiss(Wish(what, self._secrets[self._place].reference if of_one else ""))
