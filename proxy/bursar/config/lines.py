"""Lines: on which line of a TOML file each key stands, since the parser does not say."""

import re
import tomllib

_QUOTED = r'"(?:\\.|[^"\\\n])*"' + r"|'[^'\n]*'"
_PART = re.compile(rf"[ \t]*({_QUOTED}|[A-Za-z0-9_-]+)[ \t]*")
_SKIPPED = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'  # a text over several lines may end with quotes of its own
    r"|'''.*?'''(?:'{0,2})"
    rf"|{_QUOTED}|#[^\n]*|[^\"'#\[\]{{}}\n]+|.",
    re.DOTALL,
)

Key = tuple[str, ...]


def key_lines(text: str) -> dict[Key, int]:
    """The line, from 1, of every table and key of a TOML text that the parser has taken.

    Keys inside an inline table are not listed: `line_of` answers with the line of the table.
    """
    lines: dict[Key, int] = {}
    table: Key = ()
    at, line = 0, 1
    while at < len(text):
        here = re.compile(r"[ \t\r]*").match(text, at)
        at = here.end() if here else at
        if text.startswith("[", at):
            brackets = 2 if text.startswith("[[", at) else 1
            table, _ = _key_at(text, at + brackets)
            lines.setdefault(table, line)
        elif at < len(text) and text[at] not in "#\n":
            key, _ = _key_at(text, at)
            for depth in range(1, len(key) + 1):
                lines.setdefault(table + key[:depth], line)
        after = _end_of_statement(text, at)
        line += text.count("\n", at, after)
        at = after
    return lines


def line_of(lines: dict[Key, int], key: Key) -> int | None:
    """The line of a key, or of the nearest table around it; None where the file has neither."""
    for depth in range(len(key), 0, -1):
        if key[:depth] in lines:
            return lines[key[:depth]]
    return None


def parsed_key(text: str) -> Key:
    """The parts of a dotted key such as `prices."main/small".input`. Raises ValueError where it is none."""
    key, end = _key_at(text, 0)
    if not key or end != len(text):
        raise ValueError(f"{text!r} is no dotted key; parts with other signs than letters, digits, _ and - need quotes")
    return key


def _key_at(text: str, at: int) -> tuple[Key, int]:
    parts = []
    while part := _PART.match(text, at):
        written = part[1]
        parts.append(tomllib.loads(f"key = {written}")["key"] if written[0] in "\"'" else written)
        at = part.end()
        if not text.startswith(".", at) or not _PART.match(text, at + 1):
            break
        at += 1
    return tuple(parts), at


def _end_of_statement(text: str, at: int) -> int:
    """Just behind the line end at which a header, a comment or a key's value ends."""
    depth = 0
    while (piece := _SKIPPED.match(text, at)) is not None:
        at = piece.end()
        match piece[0]:
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth -= 1
            case "\n" if depth <= 0:
                break
    return at
