"""Figures: what the tiles of the Overview say at their edges."""

from tui.snapshots import NOW_MS, ZONE, empty, standing

from bursar.contract.snapshot import Snapshot
from bursar.domain.account import Account, AccountKind, Unit
from bursar.domain.cycle import Every
from bursar_tui.seen import Attachment, Seen, Tie
from bursar_tui.widgets.figures import Tile, first_out


def tile(*settled: int) -> Tile:
    """What runs out first of caps of 100 requests a day of which so many are used, with no call lately."""
    snapshot: Snapshot = empty()
    snapshot.accounts.clear()
    snapshot.standings.clear()
    for number, used in enumerate(settled):
        cap = Account(f"cap:c{number}", AccountKind.CAP, f"c{number}", Unit.REQUESTS, Every.DAY, 100)
        snapshot.accounts[cap.id] = cap
        snapshot.standings[cap.id] = standing(cap, used)
    return first_out(Seen(snapshot, NOW_MS, Attachment(Tie.LIVE, NOW_MS, ""), ZONE), 30)


def said(of: Tile) -> str:
    """All of its words."""
    return " ".join("".join(piece.text for piece in line) for line in of[1:])


def test_what_is_nearly_used_up_is_told_also_while_nothing_is_spent() -> None:
    assert "low c1 1 left" in said(tile(10, 99))
    assert "now c1" in said(tile(99, 100))
    assert said(tile(10, 20)).strip() == "nothing all budgets last"
    assert said(tile()).strip() == "nothing no budget is set"
