"""Listing: a list of the file with other items, or in another order; what is said beside an item goes with it."""

import re
import tomllib
from collections.abc import Sequence

import tomlkit
from tomlkit.items import Array

_ITEM = re.compile(
    r"""(?P<indent>[ \t]*)(?P<item>"(?:\\.|[^"\\])*"|'[^']*'|[^\s,#\[\]"'{}]+)[ \t]*,?(?P<said>[ \t]*#.*)?"""
)
_NOTE = re.compile(r"[ \t]*(#.*)?")


def relisted(old: Array, items: Sequence[object]) -> Array | None:
    """The list with these items, each on a line of its own with the comments that it had.

    None where the list is not written so, with one item on each line: then there is nothing to keep.
    """
    lines = old.as_string().replace("\r\n", "\n").split("\n")
    if len(lines) < 3 or lines[0].strip() != "[" or lines[-1].strip() != "]":
        return None
    known: list[tuple[object, str, str]] = []  # the item, the lines of comment above it, and what is said beside it
    above, indent = "", "    "
    for line in lines[1:-1]:
        item = _ITEM.fullmatch(line)
        if item is not None:
            indent = item["indent"]
            known.append((tomllib.loads(f"x = {item['item']}")["x"], above, item["said"] or ""))
            above = ""
        elif _NOTE.fullmatch(line):
            above += f"{line}\n"
        else:
            return None
    text = "[\n"
    for each in items:
        place = next((place for place, (item, _, _) in enumerate(known) if item == each), None)
        _, over, said = known.pop(place) if place is not None else (each, "", "")
        text += f"{over}{indent}{tomlkit.item(each).as_string()},{said}\n"
    end = "\r\n" if "\r\n" in old.as_string() else "\n"
    array = tomlkit.parse(f"x = {text}{above}{lines[-1]}\n".replace("\n", end))["x"]
    return array if isinstance(array, Array) else None
