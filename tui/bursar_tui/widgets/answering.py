"""Answering: to whom is talked, and how the answer in hand stands: tokens, cost, what is held, the route, the time."""

from collections.abc import Callable

from bursar_tui.conversation import Conversation, Turn
from bursar_tui.ink import Line, Piece, Role, apart, kept, line
from bursar_tui.marks import TURNING
from bursar_tui.seen import Seen
from bursar_tui.widgets.panel import Panel
from bursar_tui.words import age, cost, counted, tokens

Current = Callable[[], Turn | None]
"""The turn that is being answered, if one is."""


class Whom(Panel):
    """One line: the alias, and what goes along with every question."""

    DEFAULT_CSS = """
    Whom { padding: 0 1; }
    """

    def __init__(self, conversation: Conversation) -> None:
        super().__init__()
        self._conversation = conversation

    def picture(self, seen: Seen, width: int, height: int) -> list[Line]:
        """`fast → apertis/glm-5.1   at most 400 tokens · temperature 0.7 · system: Be brief.`"""
        del height
        manner = self._conversation.manner
        alias = seen.snapshot.aliases.get(manner.model)
        pick = "screen.pick_model"
        start = [Piece("to ", Role.MUTED), Piece(manner.model or "nobody yet", Role.STRONG, pick)]
        if alias is not None and alias.routes:
            more = f" and {len(alias.routes) - 1} more" if len(alias.routes) > 1 else ""
            start += [Piece(" → ", Role.MUTED), Piece(alias.routes[0], Role.MUTED), Piece(more, Role.MUTED)]
        parts = []
        if manner.max_tokens is not None:
            parts.append(f"at most {counted(manner.max_tokens, 'token')}")
        if manner.temperature is not None:
            parts.append(f"temperature {manner.temperature:g}")
        if manner.project:
            parts.append(f"for {manner.project}")
        if manner.system:
            parts.append(f"system: {manner.system}")
        if parts:
            start.append(Piece(f"   {' · '.join(parts)}", Role.MUTED, "screen.options"))
        return [line(kept(start, width))]


class Answering(Panel):
    """One line above what is typed: how the answer stands, or what the keys do."""

    DEFAULT_CSS = """
    Answering { padding: 0 1; height: 1; }
    """

    def __init__(self, current: Current, idle: Callable[[], Line]) -> None:
        super().__init__()
        self._current = current
        self._idle = idle

    def picture(self, seen: Seen, width: int, height: int) -> list[Line]:
        """`◐ 12 s   apertis/glm-5.1   812 tokens   $0.0021   held $0.0100`"""
        del height
        turn = self._current()
        if turn is None:
            return [line(kept(self._idle().pieces, width))]
        glyph = TURNING[turn.tokens % len(TURNING)] if turn.tokens else "◌"
        start = [
            Piece(f"{glyph} ", Role.ACCENT),
            Piece(age(max(0, seen.now_ms - turn.started_ms))),
            Piece(f"   {tokens(turn.tokens)} tokens" if turn.tokens else "   no token yet"),
            Piece(f"   {cost(turn.cost_nano)}"),
            Piece(f"   held {cost(turn.held_nano)}" if turn.held_nano else "", Role.HELD),
            Piece(f"   {turn.route}" if turn.route else "   asking", Role.MUTED),
            Piece(f" in place of {turn.instead_of}" if turn.instead_of else "", Role.WARN),
        ]
        end = [Piece("esc", Role.KEY, "screen.out"), Piece(" cancels", Role.MUTED, "screen.out")]
        return [line(apart(start, end, width))]
