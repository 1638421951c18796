"""Usage groups: what each model, key or the like bears of what is looked at, as bars that differ in texture too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bursar.contract.commands import SpendRow
from bursar.domain.money import NANO_PER_USD
from bursar_tui.ink import BLANK, Line, Piece, Role, line
from bursar_tui.usage_view import Measured, UsageView
from bursar_tui.widgets.columns import Column, fitted, row, titles
from bursar_tui.widgets.facts import sentence
from bursar_tui.widgets.panel import heading
from bursar_tui.widgets.row_list import ListRow
from bursar_tui.words import balance, cost, percent, tokens

TEXTURES = "█▓▒░▚▞▤▥"
"""What tells shares apart where there is no colour; the last is for all that come after it."""

_ROLES = (Role.ACCENT, Role.HELD, Role.TEXT, Role.MUTED)
STACKED = 12
"""From this height of a terminal on there is one bar of all shares."""


@dataclass(frozen=True, slots=True)
class Share:
    """One row: what it bears of how much, what it bore before, and how it is drawn."""

    of: SpendRow
    before: SpendRow | None
    whole: int
    largest: int
    measured: Measured
    texture: str
    role: Role
    small: bool = False
    """Whether none of all rows has cost a dollar."""

    @property
    def amount(self) -> int:
        """What it bears, in what is measured."""
        return self.measured.of(self.of)


def group_rows(view: UsageView, width: int, *, asking: bool) -> list[ListRow]:
    """The heading, one bar of all shares, and a row for each."""
    rows, before = view.groups()
    noun = {"key": "Keys", "alias": "Aliases"}.get(view.by, f"{view.by.capitalize()}s")
    if not rows:
        words = "Asking …" if asking else "Nothing was used in this time."
        return [ListRow(heading(noun, (), width)), *(ListRow(each) for each in sentence(words, width))]
    shares = shares_of(view.measured, rows, before)
    columns = fitted(COLUMNS, width, shares)
    return [
        ListRow(heading(noun, (Piece(f"{len(rows)}, by {view.measured}", Role.MUTED),), width)),
        ListRow(stacked(shares, width)),
        ListRow(BLANK),
        ListRow(titles(columns)),
        *(ListRow(row(columns, share), f"{view.by}={share.of.label}") for share in shares),
    ]


def shares_of(measured: Measured, rows: Sequence[SpendRow], before: Mapping[str, SpendRow]) -> list[Share]:
    """Each row with its texture, the largest first."""
    whole, largest = sum(map(measured.of, rows)), max(map(measured.of, rows))
    small = max(each.cost_nano for each in rows) < NANO_PER_USD
    return [
        Share(
            each,
            before.get(each.label),
            whole,
            largest,
            measured,
            TEXTURES[min(place, len(TEXTURES) - 1)],
            _ROLES[place % len(_ROLES)],
            small,
        )
        for place, each in enumerate(rows)
    ]


def stacked(shares: Sequence[Share], width: int) -> Line:
    """All shares side by side in one line; what is too small for a column has none."""
    pieces: list[Piece] = []
    drawn = so_far = 0
    for share in shares:
        so_far += share.amount
        end = width * so_far // share.whole if share.whole else 0
        pieces.append(Piece(share.texture * (end - drawn), share.role))
        drawn = end
    return line(*pieces) if drawn else BLANK


def _name(share: Share, width: int) -> Piece:
    return Piece(share.of.label or "(none)", Role.TEXT if share.of.label else Role.MUTED)


def _bar(share: Share, width: int) -> Piece:
    length = share.amount * width // share.largest if share.largest else 0
    return Piece(share.texture * max(length, 1 if share.amount else 0), share.role)


def _spend(share: Share, width: int) -> Piece:
    """With as many digits as the others, so that their points stand below each other."""
    return Piece((cost if share.small else balance)(share.of.cost_nano))


def _share(share: Share, width: int) -> Piece:
    if not share.whole:
        return Piece("·", Role.FAINT)
    part = percent(share.amount, share.whole)
    return Piece(f"{part} %" if part or not share.amount else "<1 %")


def _change(share: Share, width: int) -> Piece:
    """Against the stretch before, in what is measured."""
    then = share.measured.of(share.before) if share.before is not None else 0
    if not then:
        return Piece("new" if share.amount else "·", Role.MUTED)
    if share.amount == then:
        return Piece("=", Role.MUTED)
    sign = "▲" if share.amount > then else "▼"
    return Piece(f"{sign}{percent(abs(share.amount - then), then)} %", Role.MUTED)


COLUMNS: tuple[Column[Share], ...] = (
    Column("", 18, _name, most=32),
    Column("share", 8, _bar, rank=3, most=60, fickle=True),
    Column("", 5, _share, rank=1, number=True),
    Column("spend", 9, _spend, rank=2, number=True),
    Column("change", 8, _change, rank=6, number=True),
    Column("calls", 7, lambda each, _: Piece(f"{each.of.requests:,}", Role.MUTED), rank=4, number=True),
    Column("in", 7, lambda each, _: Piece(tokens(each.of.prompt_tokens), Role.MUTED), rank=5, number=True),
    Column("cached", 7, lambda each, _: Piece(tokens(each.of.cached_tokens), Role.MUTED), rank=8, number=True),
    Column("out", 7, lambda each, _: Piece(tokens(each.of.completion_tokens), Role.MUTED), rank=7, number=True),
    Column("reasoning", 9, lambda each, _: Piece(tokens(each.of.reasoning_tokens), Role.MUTED), rank=9, number=True),
)
