"""Account bar: one account: what is settled, held and available, in three shades that are three textures too."""

from bursar.domain.account import Standing
from bursar_tui.ink import Piece, Role

SETTLED, HELD, AVAILABLE = "■", "▨", "□"


def account_bar(standing: Standing, width: int, role: Role = Role.ACCENT) -> tuple[Piece, ...]:
    """The bar in `width` columns; whatever is settled or held takes at least one."""
    settled = part_of(standing.settled, standing.granted, width)
    held = min(part_of(standing.held, standing.granted, width), width - settled)
    return (
        Piece(SETTLED * settled, role),
        Piece(HELD * held, Role.HELD),
        Piece(AVAILABLE * (width - settled - held), Role.FAINT),
    )


def part_of(amount: int, whole: int, width: int) -> int:
    """How many of `width` columns an amount takes: at least one of anything, all only where all is taken."""
    if amount <= 0:
        return 0
    if amount >= whole:
        return width
    return max(1, min(width - 1, (amount * width + whole // 2) // whole))
