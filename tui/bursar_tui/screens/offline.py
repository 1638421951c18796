"""Offline: no proxy to attach to: what to do about it; goes away by itself once one answers."""

from textwrap import wrap

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from bursar.contract.shown import shown
from bursar_tui.ink import BLANK, Line, Piece, Role, line
from bursar_tui.screens.screen import LiveScreen
from bursar_tui.seen import Seen
from bursar_tui.widgets.panel import Panel
from bursar_tui.words import age

LABEL = 11

WAYS = (
    ("bursar serve", "starts the proxy, in a terminal of its own"),
    ("bursar init", "sets it up first: an upstream, a budget, a key"),
    ("bursar demo", "tries it out: no key, no network, nothing billed"),
    ("bursar doctor", "finds out what is wrong"),
)


class Offline(LiveScreen):
    """What is seen while nothing can be attached to."""

    TAB = "offline"
    BINDINGS = [Binding("r", "app.hurry", "try again now")]

    def __init__(self) -> None:
        super().__init__()
        self._advice = Advice()

    def body(self) -> ComposeResult:
        """One panel in the middle."""
        with Vertical(id="offline"):
            yield self._advice

    def show(self, seen: Seen) -> None:
        """Here the attachment is the subject, so nothing else need be known."""
        super().show(seen)
        self._advice.show(seen)


class Advice(Panel):
    """Why there is nothing to see, and what to do."""

    def picture(self, seen: Seen, width: int, height: int) -> list[Line]:
        """Where the proxy was looked for, the ways to start one, and when it is looked for again."""
        del height
        attachment = seen.attachment
        lines = [
            line(Piece("No proxy to attach to", Role.STRONG)),
            BLANK,
            line(Piece(f"{'looked at':<{LABEL}}", Role.MUTED), Piece(attachment.where)),
        ]
        for place, part in enumerate(wrap(shown(attachment.reason), max(10, width - LABEL))):
            lines.append(line(Piece(f"{'' if place else 'answer':<{LABEL}}", Role.MUTED), Piece(part)))
        lines.append(BLANK)
        for command, what in WAYS:
            if width >= 60:
                lines.append(line(Piece(f"  {command:<16}", Role.ACCENT), Piece(what, Role.MUTED)))
            else:
                lines += [line(Piece(f"  {command}", Role.ACCENT)), line(Piece(f"    {what}", Role.MUTED))]
        lines.append(BLANK)
        if attachment.retry_ms is not None:
            left_ms = max(0, attachment.retry_ms - seen.now_ms)
            lines.append(line(Piece(f"Looking again in {age(left_ms + 999)}.", Role.MUTED)))
        return lines
