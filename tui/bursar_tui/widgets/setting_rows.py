"""Setting rows: the tables of the configuration with their settings, and what each of them is now."""

import json
from collections.abc import Iterator, Mapping, Sequence

from bursar_tui.ink import GAP, Line, Piece, Role, left, line
from bursar_tui.stated import NOUNS, Path, Stated
from bursar_tui.toml_values import as_toml, key_of
from bursar_tui.widgets.facts import sentence
from bursar_tui.widgets.panel import heading
from bursar_tui.widgets.row_list import ListRow

_KEY = 24
_SHOWN = 3
"""How many problems stand above the settings."""


def row_id(path: Path) -> str:
    """A key as the id of its row."""
    return json.dumps(path)


def path_of(row: str) -> Path:
    """The key that a row is of."""
    return tuple(json.loads(row)) if row else ()


def setting_rows(
    stated: Stated | None, unsaved: bool, width: int, typed: str = "", unread: str | None = None
) -> list[ListRow]:
    """Those in which every word that was typed occurs; before the file is read, that it is, or why it is `unread`."""
    if stated is None:
        state = Piece("reading the file …", Role.MUTED) if unread is None else Piece("✗ not read", Role.BAD)
        why = sentence(f"{unread} It is asked for again by itself.", width) if unread is not None else ()
        return [ListRow(heading("Settings", (state,), width)), *map(ListRow, why)]
    return [
        ListRow(heading("Settings", _state(stated, unsaved), width)),
        *(ListRow(each) for each in _wrong(stated)),
        *(_matching(stated, width, typed) if typed.split() else _sections(stated, width)),
    ]


def _matching(stated: Stated, width: int, typed: str) -> Iterator[ListRow]:
    """What a filter leaves: settings in whose key, value, default or meaning each word occurs, below their tables."""
    words, header, found = typed.lower().split(), None, False
    for row in _sections(stated, width):
        path = path_of(row.id)
        known = stated.setting(path) if path else None
        if not path or (known is None and stated.table(path) is not None) or (known is None and len(path) == 1):
            header = row
            if not path or not _says(words, key_of(path)):
                continue
        elif not _says(words, key_of(path), row.line.text, known.meaning if known is not None else ""):
            continue
        elif header is not None:
            yield header
        header, found = None, True
        yield row
    if not found:
        yield ListRow(line(Piece("No setting has all of these words; esc shows all again.", Role.MUTED)))


def _says(words: Sequence[str], *texts: str) -> bool:
    said = "\n".join(texts).lower()
    return all(word in said for word in words)


def _wrong(stated: Stated) -> Iterator[Line]:
    """The first problems of the file: some are of what has no row, such as a table that nobody knows."""
    problems = stated.file.problems
    for problem in problems[:_SHOWN]:
        yield line(Piece("✗ ", Role.BAD), Piece(problem.text))
    if len(problems) > _SHOWN:
        yield line(Piece(f"  … and {len(problems) - _SHOWN} more; w shows each at its line", Role.MUTED))


def _state(stated: Stated, unsaved: bool) -> tuple[Piece, ...]:
    """Whether what stands in the file is in force."""
    if stated.file.problems:
        count = len(stated.file.problems)
        words = f"✗ {count} problem{'s' if count > 1 else ''}; what was in force before stays"
        state = Piece(words, Role.BAD)
    elif stated.file.etag != stated.file.in_force:
        state = Piece("▲ changed, not yet in force", Role.WARN)
    else:
        state = Piece("● in force", Role.GOOD)
    path = Piece(f"  {stated.file.path}", Role.MUTED)
    return (state, Piece("  ▲ unsaved text: w goes on", Role.WARN), path) if unsaved else (state, path)


def _sections(stated: Stated, width: int) -> Iterator[ListRow]:
    for section, once in stated.sections():
        if once:
            yield ListRow(_header(stated, (section,)), row_id((section,)))
            yield from _settings(stated, (section,), width)
        for name in () if once else stated.names(section):
            path = (section, name)
            yield ListRow(_header(stated, path), row_id(path))
            yield from _settings(stated, path, width)
        if not once and not stated.names(section):
            none = line(Piece(f"[{section}.NAME]", Role.MUTED), Piece(f"  no {NOUNS[section]} yet", Role.MUTED))
            yield ListRow(none)


def _header(stated: Stated, path: Path) -> Line:
    wrong = stated.problems(path)
    mark = Piece("  ✗", Role.BAD) if wrong else Piece("")
    return line(Piece(f"[{key_of(path)}]", Role.ACCENT), mark)


def _settings(stated: Stated, path: Path, width: int) -> Iterator[ListRow]:
    """Of a table that is there once every setting; of the others what is stated, since most of it seldom is."""
    known = {each.key: each for each in stated.settings(path[0])}
    table = stated.table(path) or {}
    for key, setting in known.items():
        if setting.once or key in table or setting.required:
            yield ListRow(_row(stated, (*path, key), setting.default, width), row_id((*path, key)))
    for key in table:
        if key not in known:
            yield ListRow(_row(stated, (*path, key), "", width), row_id((*path, key)))


def _row(stated: Stated, path: Path, default: str, width: int) -> Line:
    value = stated.value(path)
    wrong = bool(stated.problems(path))
    key = Piece(f"  {left(path[-1], min(_KEY, width // 2))}", Role.MUTED)
    if value is None:
        shown = (Piece(default or "·", Role.MUTED), Piece("  default" if default else "", Role.MUTED))
        return line(key, GAP, Piece("✗ needed", Role.BAD)) if wrong else line(key, GAP, shown)
    text = "…" if isinstance(value, Mapping) and len(value) > 8 else as_toml(value)
    if wrong:
        return line(key, GAP, Piece("✗ ", Role.BAD), Piece(text, Role.STRONG))
    return line(key, GAP, Piece(text, Role.STRONG))
