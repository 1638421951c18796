"""Offline: no proxy to attach to: it is started from here, or said what to do; goes away once one answers."""

from textwrap import wrap
from typing import Protocol, cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from bursar.contract.shown import shown
from bursar_tui.ink import BLANK, Line, Piece, Role, line
from bursar_tui.screens.screen import Command, LiveScreen
from bursar_tui.seen import Seen
from bursar_tui.widgets.outcome import Outcome
from bursar_tui.widgets.panel import Panel
from bursar_tui.words import age

LABEL = 11

WAYS = (
    ("bursar serve", "starts the proxy, in a terminal of its own"),
    ("bursar init", "sets it up first: an upstream, a budget, a key"),
    ("bursar demo", "tries it out: no key, no network, nothing billed"),
    ("bursar doctor", "finds out what is wrong"),
)


class Owner(Protocol):
    """The app, as far as this screen knows it."""

    @property
    def can_start(self) -> bool: ...


class Offline(LiveScreen):
    """What is seen while nothing can be attached to."""

    TAB = "offline"
    BINDINGS = [
        Binding("s", "app.start", "start it"),
        Binding("r", "app.hurry", "try again now"),
        Binding("d", "app.doctor", "doctor"),
        Binding("b", "app.service", "background"),
        Binding("l", "app.restore", "back to a backup"),
    ]
    commands = (
        Command("s", "start it", "bursar serve"),
        Command("d", "find out what is wrong", "bursar doctor"),
        Command("b", "the proxy in the background: install, start, log", "bursar service status"),
        Command("l", "go back to a backup of the ledger", "bursar restore"),
    )

    def __init__(self) -> None:
        super().__init__()
        self._advice = Advice(self)

    @property
    def can_start(self) -> bool:
        """Whether the proxy can be started from here now."""
        return cast(Owner, self.app).can_start

    def body(self) -> ComposeResult:
        """One panel in the middle."""
        with Vertical(id="offline"):
            yield self._advice

    def show(self, seen: Seen) -> None:
        """Here the attachment is the subject, so nothing else need be known."""
        super().show(seen)
        self._advice.show(seen)
        for outcome in self.query(Outcome):
            outcome.show(seen)


class Advice(Panel):
    """Why there is nothing to see, and what to do."""

    def __init__(self, offline: Offline) -> None:
        super().__init__()
        self._offline = offline

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
        if self._offline.can_start:
            lines += _way("s", "starts it here; it goes on when you leave", width, "app.start")
        for command, what in WAYS:
            lines += _way(command, what, width)
        lines.append(BLANK)
        if attachment.retry_ms is not None:
            left_ms = max(0, attachment.retry_ms - seen.now_ms)
            lines.append(line(Piece(f"Looking again in {age(left_ms + 999)}.", Role.MUTED)))
        return lines


def _way(name: str, what: str, width: int, action: str = "") -> list[Line]:
    """A key or a command, and what it does, in one line or two."""
    role = Role.KEY if action else Role.ACCENT
    if width >= 60:
        return [line(Piece(f"  {name:<16}", role, action), Piece(what, Role.MUTED, action))]
    return [line(Piece(f"  {name}", role, action)), line(Piece(f"    {what}", Role.MUTED, action))]
