"""Reading: one configuration file being read, its lines, and the problems found in it so far."""

import re
import tomllib
from dataclasses import dataclass, field
from typing import Any

from bursar.config.lines import Key, key_lines, line_of
from bursar.config.problems import Problem, found_text, key_text, nearest_of
from bursar.config.values import Wrong
from bursar.contract.shown import shown

_LARGEST_FILE = 4 * 1024 * 1024
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass
class Reading:
    """One file being read: its lines, and the problems found so far."""

    file: str
    lines: dict[Key, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    broken: set[Key] = field(default_factory=set)

    def toml(self, content: bytes) -> dict[str, Any]:
        """The tables of the file; none, and a problem, where it is no TOML."""
        text = ""
        try:
            if len(content) > _LARGEST_FILE:
                raise ValueError(f"the file is larger than {_LARGEST_FILE // 1024**2} MiB")
            text = content.decode("utf-8-sig")
            table = tomllib.loads(text)
            self.lines = key_lines(text.replace("\r\n", "\n"))
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            self.problems.append(Problem(self.file, line, "", "this line is not UTF-8 text."))
        except tomllib.TOMLDecodeError as error:
            self.problems.append(self._syntax(str(error), text))
        except (ValueError, RecursionError) as error:
            self.problems.append(Problem(self.file, None, "", f"this is no TOML: {shown(str(error))}."))
        else:
            return table
        return {}

    def _syntax(self, message: str, text: str) -> Problem:
        place = _TOML_PLACE.search(message)
        line = int(place[1]) if place and place[1] else text.count("\n") + 1
        column = int(place[2]) if place and place[2] else None
        what = shown(_TOML_PLACE.sub("", message))
        return Problem(self.file, line, "", f"this is no TOML: {what[:1].lower()}{what[1:]}.", column=column)

    def wrong(self, key: Key, value: object, error: Wrong) -> None:
        """A value that cannot be."""
        found = "what stands there" if error.concealed else found_text(value)
        sentence = f"{key_text(key)} must be {error.allowed}, not {found}."
        if error.nearest:
            sentence += f' Did you mean "{shown(error.nearest)}"?'
        self._add(key, sentence, "" if error.concealed else found, error.allowed, error.nearest)

    def unknown(self, key: Key, known: list[str]) -> None:
        """A key that nobody reads."""
        nearest, where = nearest_of(key[-1], known), key_text(key[:-1]) if key[:-1] else "the file"
        sentence = f"{key_text(key)} is not a setting;"
        sentence += f' did you mean "{nearest}"?' if nearest else f" {where} may have {', '.join(known)}."
        self._add(key, sentence, key_text(key[-1:]), ", ".join(known), nearest)

    def missing(self, key: Key, meaning: str) -> None:
        """A key that must be there."""
        self._add(key, f"{key_text(key)} is missing: {meaning[:1].lower()}{meaning[1:]}", allowed=meaning)

    def is_broken(self, key: Key) -> bool:
        """Whether a value of the same table is wrong already: what follows from that is not worth saying."""
        return key[:2] in self.broken

    def cross(self, key: Key, sentence: str, found: str = "", nearest: str = "") -> None:
        """Something that is wrong only together with something else."""
        self._add(key, sentence, found, nearest=nearest)

    def _add(self, key: Key, sentence: str, found: str = "", allowed: str = "", nearest: str = "") -> None:
        self.broken.add(key[:2])
        self.problems.append(
            Problem(self.file, line_of(self.lines, key), key_text(key), sentence, found, allowed, nearest)
        )
