"""Model rows: the names that clients ask for, where each goes, what it costs, and whether its routes are well."""

from dataclasses import dataclass

from bursar.contract.events import AliasView
from bursar_tui.chain import Link, calls_of, chain_of, last_fallback_of, passed_on
from bursar_tui.ink import BLANK, Line, Piece, Role, line
from bursar_tui.marks import health_mark
from bursar_tui.seen import Seen
from bursar_tui.widgets.banner import wrapped
from bursar_tui.widgets.columns import Column, fitted, row, titles
from bursar_tui.widgets.panel import heading
from bursar_tui.widgets.row_list import ListRow
from bursar_tui.widgets.upstream_detail import price
from bursar_tui.words import tokens


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One alias, its chain, and the calls in view that asked for it."""

    alias: AliasView
    chain: list[Link]
    calls: int
    went_on: int


def model_rows(seen: Seen, width: int) -> list[ListRow]:
    """One line for each alias, in the order of the configuration."""
    snapshot = seen.snapshot
    aliases = list(snapshot.aliases.values())
    if not aliases:
        return [ListRow(heading("Models", (), width)), *(ListRow(each) for each in teach(seen, width))]
    each = [
        ModelRow(
            alias,
            chain_of(snapshot, alias),
            len(calls_of(snapshot, alias.name)),
            sum(passed_on(call) for call in calls_of(snapshot, alias.name)),
        )
        for alias in aliases
    ]
    stuck = sum(all(link.health != "ok" for link in of.chain) for of in each)
    words = f"{stuck} of {len(each)} with no route that is well" if stuck else "each has a route that is well"
    columns = fitted(COLUMNS, width, each)
    return [
        ListRow(heading("Models", (Piece(words, Role.WARN if stuck else Role.MUTED),), width)),
        ListRow(titles(columns)),
        *(ListRow(row(columns, of), of.alias.name) for of in each),
    ]


def chain_mark(chain: list[Link]) -> Piece:
    """Whether a call gets where it is meant to: the first route well, another one, or none."""
    if chain and chain[0].health == "ok":
        return Piece("● ok", Role.GOOD)
    if any(link.health == "ok" for link in chain):
        return Piece("↳ falls back", Role.WARN)
    return Piece("✗ none well", Role.BAD)


def _state(each: ModelRow, width: int) -> Piece:
    return chain_mark(each.chain)


def _name(each: ModelRow, width: int) -> Piece:
    return Piece(each.alias.name)


def _chain(each: ModelRow, width: int) -> Piece:
    """Its upstreams in order, whole routes where they fit."""
    whole = " → ".join(f"{health_mark(link.health).glyph} {link.text}" for link in each.chain)
    if len(whole) > width:
        whole = " → ".join(f"{health_mark(link.health).glyph} {link.text.partition('/')[0]}" for link in each.chain)
    return Piece(whole, Role.MUTED)


def _input(each: ModelRow, width: int) -> Piece:
    return price(each.alias.input_nano)


def _output(each: ModelRow, width: int) -> Piece:
    return price(each.alias.output_nano)


def _window(each: ModelRow, width: int) -> Piece:
    known = [link.window for link in each.chain if link.window is not None]
    return Piece(tokens(max(known)), Role.MUTED) if known else Piece("·", Role.FAINT)


def _calls(each: ModelRow, width: int) -> Piece:
    return Piece(str(each.calls) if each.calls else "·", Role.MUTED if each.calls else Role.FAINT)


def _went_on(each: ModelRow, width: int) -> Piece:
    return Piece(f"↳ {each.went_on}" if each.went_on else "·", Role.WARN if each.went_on else Role.FAINT)


COLUMNS = (
    Column("state", 7, _state, most=12, fickle=True),
    Column("model", 8, _name, most=20),
    Column("goes to", 24, _chain, rank=1, most=70),
    Column("in /M", 6, _input, rank=3, number=True),
    Column("out /M", 7, _output, rank=2, number=True),
    Column("window", 6, _window, rank=4, number=True),
    Column("calls", 5, _calls, rank=5, number=True),
    Column("elsewhere", 9, _went_on, rank=6, number=True),
)


def teach(seen: Seen, width: int) -> list[Line]:
    """What an alias is, and what clients may ask for without one."""
    first = next((name for name, view in seen.snapshot.upstreams.items() if not view.found), "main")
    lines = [line(Piece(part, Role.MUTED)) for _, part in wrapped(_WHY, width)]
    return [
        *lines,
        BLANK,
        line(Piece("  [aliases.fast]", Role.ACCENT)),
        line(Piece(f'  routes = ["{first}/some-model", "{first}/another"]', Role.ACCENT)),
        BLANK,
        line(Piece("  n", Role.KEY, "screen.make"), Piece(" makes one:", Role.MUTED, "screen.make")),
        line(Piece(f"  bursar alias set fast {first}/some-model {first}/another", Role.ACCENT)),
    ]


_WHY = (
    "No alias yet. Clients may ask for any model by UPSTREAM/MODEL; an alias is a name of yours with routes that are "
    "tried in order:"
)


_NO = "     said no: "


def went_on(seen: Seen, alias: str, width: int) -> list[Line]:
    """Why the last call that went on did."""
    call = last_fallback_of(seen.snapshot, alias)
    if call is None:
        return []
    lines = []
    for number, attempt in enumerate(call.attempts, 1):
        lines.append(line(Piece(f"  {number}  ", Role.MUTED), Piece(f"{attempt.upstream}/{attempt.model}")))
        if attempt.code:
            words = f"{attempt.message.rstrip('.')} ({attempt.code})" if attempt.message else attempt.code
            for first, part in wrapped(words, width - len(_NO)):
                lines.append(line(Piece(_NO if first else " " * len(_NO), Role.MUTED), Piece(part, Role.WARN)))
        else:
            settled = attempt.quality is not None
            lines.append(line(Piece("     answered" if settled else "     was asked instead", Role.MUTED)))
    return lines
