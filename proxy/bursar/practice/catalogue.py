"""The catalogue: what `bursar practice --list` prints of models, faults and bad addresses."""

from collections.abc import Iterator

from bursar.practice import models
from bursar.practice.faults.connecting import BAD_ADDRESSES
from bursar.practice.faults.table import FAULTS

HEADER = ("name", "where", "stream", "plain", "what it does")


def rows() -> Iterator[tuple[str, str, str, str, str]]:
    """Each fault: its name, its row, what may follow in a stream and in a plain answer, what it does."""
    for address in BAD_ADDRESSES.values():
        yield address.name, address.where, address.mark, address.mark, address.does
    for fault in FAULTS.values():
        yield fault.name, fault.where, fault.mark, fault.plain or "-", fault.does


def catalogue() -> str:
    """All of it as text: how models are named, then a table of the faults."""
    table = [HEADER, *rows()]
    widths = [max(len(row[column]) for row in table) for column in range(4)]
    lines = [_line(row, widths) for row in table]
    return f"{models.__doc__}\nFaults, by the name of the model (or address) to ask for:\n\n" + "\n".join(lines) + "\n"


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
