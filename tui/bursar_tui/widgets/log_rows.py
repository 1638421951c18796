"""Log rows: the lines of the proxy's own log, one row each, and one of them in full; drawn as they are."""

from collections.abc import Iterator
from datetime import datetime, tzinfo

from bursar.contract.log_line import Level, LogLine
from bursar_tui.ink import BLANK, GAP, Line, Piece, Role, left, line
from bursar_tui.marks import Mark
from bursar_tui.seen import Seen
from bursar_tui.widgets.banner import wrapped
from bursar_tui.widgets.facts import fact, sentence, told
from bursar_tui.words import SECOND_MS, instant

MARKS = {
    Level.DEBUG: Mark("·", "debug", Role.FAINT),
    Level.INFO: Mark("○", "info", Role.MUTED),
    Level.WARNING: Mark("▲", "warning", Role.WARN),
    Level.ERROR: Mark("✗", "error", Role.BAD),
}

_ROOM_FOR_SUBJECT = 60
_WHEN = 12
_LEVEL = 9
_SUBJECT = 16


def log_row(each: LogLine, width: int, now_ms: int, zone: tzinfo) -> Line:
    """`14:03:12  ▲ warning  ledger  …`; on a narrow screen the sign stands for its word."""
    mark = MARKS[each.level]
    wide = width >= _ROOM_FOR_SUBJECT
    pieces = [
        Piece(left(instant(each.at_ms, now_ms, zone), _WHEN), Role.MUTED),
        GAP,
        Piece(left(f"{mark.glyph} {mark.word}", _LEVEL) if wide else mark.glyph, mark.role),
        GAP,
    ]
    if wide:
        pieces += [Piece(left(each.subject, _SUBJECT), Role.MUTED), GAP]
    pieces.append(Piece(each.message, Role.TEXT if each.level.rank < Level.ERROR.rank else Role.STRONG))
    if each.fields:
        pieces.append(Piece(each.said.removeprefix(each.message), Role.MUTED))
    return line(*pieces)


def log_detail(each: LogLine, seen: Seen, width: int) -> Iterator[Line]:
    """Everything that one line says."""
    mark = MARKS[each.level]
    yield line(Piece(f"{mark.glyph} {mark.word}", mark.role), Piece(f"  {each.subject}", Role.STRONG))
    yield from sentence(each.message, width, Role.TEXT)
    yield BLANK
    at = datetime.fromtimestamp(each.at_ms / SECOND_MS, seen.zone)
    yield fact("at", Piece(f"{at:%Y-%m-%d %H:%M:%S}.{each.at_ms % SECOND_MS:03d} {at:%Z}"))
    for name, value in each.fields:
        yield from told(name, str(value), width)
    if not each.whole:
        yield BLANK
        yield from sentence("Where it was in the code is in the file: enter asks for it.", width)
    elif each.trace:
        yield BLANK
        for text in each.trace.splitlines():
            indent = " " * (len(text) - len(text.lstrip()))
            for _, part in wrapped(text, width - len(indent)):
                yield line(Piece(f"{indent}{part}", Role.MUTED))


def log_text(each: LogLine, zone: tzinfo) -> str:
    """One line as text, for the clipboard."""
    at = datetime.fromtimestamp(each.at_ms / SECOND_MS, zone)
    head = f"{at:%Y-%m-%d %H:%M:%S} {each.level.value} {each.subject}: {each.said}"
    return "\n".join((head, each.trace)) if each.trace else head


def nothing(*, searched: bool, width: int) -> Iterator[Line]:
    """What stands there while there is no line."""
    if searched:
        yield from sentence("No line has that in it. esc shows all again.", width)
        return
    yield from sentence(
        "The proxy has said nothing of itself yet: starts, configurations, upstreams that come and go, keys, budgets "
        "and faults are told here. What is asked through it never is.",
        width,
    )
    yield BLANK
    yield line(Piece("bursar log --process --follow", Role.ACCENT))
