"""Teaching: what stands where there is nothing to show yet, so that it is clear what to do."""

from bursar_tui.ink import BLANK, Line, Piece, Role, line
from bursar_tui.seen import Seen


def no_calls(seen: Seen, width: int) -> list[Line]:
    """How a client is connected: the base URL to paste, the command that issues a key, and what does both."""
    del width
    url = seen.snapshot.public_url
    lines = [
        line(Piece("No calls yet.", Role.STRONG), Piece(" Point an application at", Role.MUTED)),
        BLANK,
        line(Piece("  base URL   ", Role.MUTED), Piece(url, Role.ACCENT)),
    ]
    if seen.snapshot.keys:
        names = ", ".join(list(seen.snapshot.keys)[:4])
        lines.append(line(Piece("  key        ", Role.MUTED), Piece("the one you were shown for "), Piece(names)))
    lines += [
        line(
            Piece("  new key    " if not seen.snapshot.keys else "  another    ", Role.MUTED),
            Piece("bursar key issue NAME", Role.ACCENT),
        ),
        line(Piece("  a tool     ", Role.MUTED), Piece("c on Keys", Role.KEY), Piece(" sets it up", Role.MUTED)),
        BLANK,
    ]
    if seen.snapshot.aliases:
        lines.append(line(Piece("  models     ", Role.MUTED), Piece(", ".join(seen.snapshot.aliases))))
    return lines
