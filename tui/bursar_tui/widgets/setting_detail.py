"""Setting detail: all there is to know about one setting, or about one table of the configuration."""

from collections.abc import Iterator

from bursar.contract.configuration import SettingView
from bursar_tui.config_commands import removal
from bursar_tui.ink import BLANK, Line, Piece, Role, line
from bursar_tui.stated import NOUNS, Path, Stated
from bursar_tui.toml_values import as_toml, key_of
from bursar_tui.widgets.facts import fact, sentence, told
from bursar_tui.widgets.panel import heading


def setting_detail(stated: Stated | None, path: Path, width: int) -> list[Line]:
    """What is known of the key or table at this path."""
    if stated is None or not path:
        return []
    setting = stated.setting(path)
    lines = [heading(key_of(path), (), width)]
    lines += _setting(stated, path, setting, width) if setting is not None else _table(stated, path, width)
    for problem in stated.problems(path):
        place = f"line {problem.line}: " if problem.line is not None else ""
        lines += [BLANK, *sentence(f"✗ {place}{problem.sentence}", width, Role.BAD)]
    return lines


def _setting(stated: Stated, path: Path, setting: SettingView, width: int) -> Iterator[Line]:
    value = stated.value(path)
    yield from sentence(setting.meaning, width, Role.TEXT)
    yield BLANK
    yield from told("now", as_toml(value) if value is not None else "the default", width)
    yield from told("default", setting.default or "none", width, Role.MUTED)
    if setting.allowed:
        yield from told("must be", setting.allowed, width, Role.MUTED)
    if setting.required:
        yield fact("needed", Piece("yes", Role.MUTED))
    if setting.at_start:
        yield from told("in effect", "once the proxy is started again", width, Role.WARN)
    yield BLANK
    yield line(Piece(f"  bursar config set {key_of(path)} VALUE", Role.ACCENT))
    if value is not None:
        yield line(Piece(f"  {removal(path)}", Role.ACCENT))


def _table(stated: Stated, path: Path, width: int) -> Iterator[Line]:
    if stated.table(path) is None and path[0] in NOUNS:
        yield from sentence("This is no setting of ours.", width)
        return
    known = stated.settings(path[0])
    said = [each for each in known if stated.value((*path, each.key)) is not None]
    yield from sentence(f"{len(said)} of {len(known)} settings are stated; the others have their defaults.", width)
    yield BLANK
    for setting in known:
        value = stated.value((*path, setting.key))
        role = Role.STRONG if value is not None else Role.MUTED
        text = as_toml(value) if value is not None else setting.default or "·"
        yield line(Piece(f"{setting.key:<20} ", Role.MUTED), Piece(text, role))
    if path[0] in NOUNS:
        yield BLANK
        yield line(Piece(f"  {removal(path)}", Role.ACCENT))
