"""Changes to JSON with comments: one value is set, and every other byte stays as it is.

Comments (`//`, `/* */`) and commas before a closing bracket are understood, as editors allow them. The text is only
given back where it says exactly what was meant: all values as before, and this one.
"""

import copy
import json
import re
from dataclasses import dataclass, field
from typing import Any

from bursar.config.document import CannotEdit

_TOKEN = re.compile(
    r'(?P<space>[ \t\r\n]+|//[^\n]*|/\*.*?\*/)|(?P<text>"(?:[^"\\\x00-\x1f]|\\.)*")'
    r"|(?P<mark>[{}\[\]:,])|(?P<word>[A-Za-z0-9+.\-]+)",
    re.DOTALL,
)
_BESIDE = re.compile(r"[ \t]*(?://[^\r\n]*|/\*[^\r\n]*?\*/[ \t]*)(?=\r?\n)")
_DEEPEST = 200


@dataclass(slots=True)
class _Node:
    """A value and where it stands; of an object, its members, each with its value's node."""

    start: int
    end: int
    value: Any
    members: dict[str, "_Node"] = field(default_factory=dict)


class _Reader:
    """Reads one text. Raises CannotEdit where it is none."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, int, int]] = []
        place = 1 if text.startswith("\ufeff") else 0
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                raise CannotEdit(f"line {text.count(chr(10), 0, place) + 1} of the file is no JSON")
            if found.lastgroup != "space":
                self.tokens.append((found.group(), found.start(), found.end()))
            place = found.end()
        self._next = 0

    def whole(self) -> _Node:
        """The one value that the text is."""
        node = self._value(0)
        if self._next != len(self.tokens):
            raise CannotEdit("the file has more in it than one JSON value")
        return node

    def _take(self) -> tuple[str, int, int]:
        if self._next >= len(self.tokens):
            raise CannotEdit("the file ends in the middle of its JSON")
        self._next += 1
        return self.tokens[self._next - 1]

    def _is(self, mark: str) -> bool:
        if self._next < len(self.tokens) and self.tokens[self._next][0] == mark:
            self._next += 1
            return True
        return False

    def _value(self, depth: int) -> _Node:
        if depth > _DEEPEST:
            raise CannotEdit("the file is nested too deeply")
        text, start, end = self._take()
        if text == "{":
            return self._object(start, depth)
        if text == "[":
            return self._list(start, depth)
        try:
            return _Node(start, end, json.loads(text))
        except ValueError:
            raise CannotEdit(f"{text[:20]!r} is no JSON") from None

    def _object(self, start: int, depth: int) -> _Node:
        node = _Node(start, start, {})
        while not self._is("}"):
            name, _, _ = self._take()
            if not name.startswith('"') or not self._is(":"):
                raise CannotEdit(f"{name[:20]!r} is where the name of a setting should be")
            member = self._value(depth + 1)
            key = json.loads(name)
            node.members[key], node.value[key] = member, member.value
            self._comma_or("}")
        node.end = self.tokens[self._next - 1][2]
        return node

    def _list(self, start: int, depth: int) -> _Node:
        node = _Node(start, start, [])
        while not self._is("]"):
            node.value.append(self._value(depth + 1).value)
            self._comma_or("]")
        node.end = self.tokens[self._next - 1][2]
        return node

    def _comma_or(self, end: str) -> None:
        if not self._is(",") and self._next < len(self.tokens) and self.tokens[self._next][0] != end:
            raise CannotEdit(f"a comma or {end} is missing before {self.tokens[self._next][0][:20]}")


def read(text: str) -> Any:
    """The value that a text is; an empty one is an empty object. Raises CannotEdit."""
    return _Reader(text).whole().value if text.strip("\ufeff \t\r\n") else {}


def with_value(text: str, path: tuple[str, ...], value: object) -> str:
    """The text with the value at `path` set; objects on the way are made. Raises CannotEdit."""
    if not text.strip("\ufeff \t\r\n"):
        text = "{}\n"
    root = _Reader(text).whole()
    expected = copy.deepcopy(root.value)
    _put(expected, path, value)
    changed = _changed(text, root, path, value)
    if read(changed) != expected:
        raise CannotEdit(f"{'.'.join(path)} cannot be set without changing more; edit the file by hand")
    return changed


def _put(inside: Any, path: tuple[str, ...], value: object) -> None:
    for part in path[:-1]:
        if not isinstance(inside, dict):
            break
        inside = inside.setdefault(part, {})
    if not isinstance(inside, dict):
        raise CannotEdit(f"{'.'.join(path)} cannot be set, since what it stands in is no object")
    inside[path[-1]] = value


def _changed(text: str, root: _Node, path: tuple[str, ...], value: object) -> str:
    inside, depth = root, 0
    while depth < len(path) and path[depth] in inside.members:
        inside, depth = inside.members[path[depth]], depth + 1
    unit, outer = _unit(text), _indent(text, inside.start)
    end = "\r\n" if "\r\n" in text else "\n"
    if depth == len(path):
        return text[: inside.start] + _written(value, unit, outer, end) + text[inside.end :]
    for part in reversed(path[depth + 1 :]):
        value = {part: value}
    line = f"{end}{outer}{unit}{json.dumps(path[depth])}: {_written(value, unit, outer + unit, end)}"
    if not inside.members:
        head, within = text[: inside.start + 1], text[inside.start + 1 : inside.end - 1]
        return f"{head}{within.rstrip()}{line}{end}{outer}{text[inside.end - 1 :]}"
    last = max(member.end for member in inside.members.values())
    rest = _without_comma(text[last:])
    if end not in text[inside.start : inside.end]:
        return f"{text[:last]},{line}{end}{outer}{rest.lstrip()}"
    # A comment at the end of the last member's line stays with it.
    beside = _BESIDE.match(rest)
    comment = beside.group() if beside is not None else ""
    return f"{text[:last]},{comment}{line}{rest[len(comment) :]}"


def _without_comma(rest: str) -> str:
    """What follows the last member, without the comma that may be there already."""
    place = 0
    while (found := _TOKEN.match(rest, place)) is not None:
        if found.lastgroup != "space":
            return rest[:place] + rest[found.end() :] if found.group() == "," else rest
        place = found.end()
    return rest


def _written(value: object, unit: str, indent: str, end: str) -> str:
    return json.dumps(value, indent=unit, ensure_ascii=False).replace("\n", f"{end}{indent}")


def _unit(text: str) -> str:
    """By what the file indents its lines."""
    found = re.search(r"\n([ \t]+)\S", text)
    return found[1] if found else "  "


def _indent(text: str, place: int) -> str:
    """The white space that the line of a place begins with."""
    start = text.rfind("\n", 0, place) + 1
    found = re.match(r"[ \t]*", text[start:place])
    return found[0] if found else ""
