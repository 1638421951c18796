"""Charts: amounts over time as eighths of a block."""

from collections.abc import Sequence

from bursar_tui.ink import Piece, Role

EIGHTHS = " ▁▂▃▄▅▆▇█"


def gathered(amounts: Sequence[int], count: int) -> list[int]:
    """The amounts as `count` sums of neighbours, the newest last; fewer where there are fewer."""
    if len(amounts) <= count or count <= 0:
        return list(amounts)
    size = -(-len(amounts) // count)
    first = len(amounts) % size
    groups = [amounts[:first]] if first else []
    groups += [amounts[start : start + size] for start in range(first, len(amounts), size)]
    return [sum(group) for group in groups]


def spark(amounts: Sequence[int], role: Role = Role.ACCENT) -> tuple[Piece, ...]:
    """One column for each amount, one row high: anything above 0 is seen, and 0 is a faint line."""
    highest = max(amounts, default=0)
    pieces: list[Piece] = []
    for amount in amounts:
        level = max(1, -(-amount * 8 // highest)) if highest and amount > 0 else 0
        piece = Piece(EIGHTHS[level], role) if level else Piece("▁", Role.FAINT)
        if pieces and pieces[-1].role is piece.role:
            pieces[-1] = piece._replace(text=pieces[-1].text + piece.text)
        else:
            pieces.append(piece)
    return tuple(pieces)


def bars(
    amounts: Sequence[int],
    height: int,
    wide: int = 1,
    gap: int = 0,
    *,
    last: Role = Role.ACCENT,
    others: Role = Role.HELD,
) -> list[tuple[Piece, ...]]:
    """A bar for each amount, `height` rows high, each row from the top; the last bar stands out."""
    highest = max(amounts, default=0)
    levels = [max(1, amount * height * 8 // highest) if highest and amount > 0 else 0 for amount in amounts]
    rows: list[tuple[Piece, ...]] = []
    for row in range(height - 1, -1, -1):
        pieces: list[Piece] = []
        for place, level in enumerate(levels):
            eighths = max(0, min(8, level - row * 8))
            role = last if place == len(levels) - 1 else others
            glyph = EIGHTHS[eighths]
            if not eighths and row == 0:
                glyph, role = "▁", Role.FAINT
            pieces.append(Piece(glyph * wide, role))
            if gap and place < len(levels) - 1:
                pieces.append(Piece(" " * gap))
        rows.append(tuple(pieces))
    return rows
