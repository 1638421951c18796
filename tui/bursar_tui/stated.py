"""Stated: the configuration as screens know it: what the file says of each setting, and what may stand there."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bursar.contract.configuration import ConfigurationFile, FileProblem, SettingView
from bursar_tui.toml_values import key_of

Path = tuple[str, ...]
"""The parts of a dotted key."""

NOUNS = {
    "upstreams": "upstream",
    "aliases": "alias",
    "prices": "price",
    "caps": "cap",
    "plans": "plan",
    "wallets": "wallet",
}
"""What one table of each named section is."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A file as it was read at one instant; `tables` is empty where it is no TOML at all."""

    file: ConfigurationFile
    tables: Mapping[str, Any]

    @property
    def etag(self) -> str:
        """Which text this is."""
        return self.file.etag

    def value(self, path: Path) -> object:
        """What the file says of a key; None where it says nothing."""
        found: object = self.tables
        for part in path:
            found = found.get(part) if isinstance(found, Mapping) else None
        return found

    def table(self, path: Path) -> Mapping[str, object] | None:
        """A table of the file; None where it has none of this name."""
        found = self.value(path)
        return found if isinstance(found, Mapping) else None

    def names(self, section: str) -> list[str]:
        """The tables of a named section, in the order of the file."""
        return list(self.table((section,)) or ())

    def settings(self, section: str) -> list[SettingView]:
        """What may stand in a section."""
        return [each for each in self.file.settings if each.section == section]

    def setting(self, path: Path) -> SettingView | None:
        """What is known of the setting at a path; None where it is a table, or no setting of ours."""
        for each in self.file.settings if path else ():
            if each.section == path[0] and each.key == path[-1] and len(path) == (2 if each.once else 3):
                return each
        return None

    def sections(self) -> Iterator[tuple[str, bool]]:
        """Every section, in the order of the example, and whether it is there once."""
        yield from dict.fromkeys((each.section, each.once) for each in self.file.settings)

    def problems(self, path: Path) -> list[FileProblem]:
        """What is wrong at a key or below it."""
        key = key_of(path)
        return [each for each in self.file.problems if each.key == key or each.key.startswith(f"{key}.")]


def stated(file: ConfigurationFile) -> Stated:
    """The file, read."""
    try:
        return Stated(file, tomllib.loads(file.text))
    except (tomllib.TOMLDecodeError, RecursionError):
        return Stated(file, {})
