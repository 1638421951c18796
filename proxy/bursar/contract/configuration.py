"""The configuration at the local door: the user's file, what may stand in it, and changes that overwrite nobody's.

Every write names, in `If-Match`, the ETag of the text that it was meant for: the SHA-256 of the file's bytes in hex,
empty where there is no file. Each function gives an `Ask`, which either client of the door sends.
"""

import msgspec

from bursar.contract.accounts import Ask


class FileProblem(msgspec.Struct, frozen=True):
    """One thing that is wrong with a configuration: where (`line` and `column` count from 1), the dotted key, what was
    found, what is allowed, the nearest known name, and all of it as a sentence without the place."""

    sentence: str
    key: str = ""
    line: int | None = None
    column: int | None = None
    found: str = ""
    allowed: str = ""
    nearest: str = ""

    @property
    def text(self) -> str:
        """The sentence with its line."""
        return self.sentence if self.line is None else f"line {self.line}: {self.sentence}"


class SettingView(msgspec.Struct, frozen=True):
    """What is known of one setting: its table, its name, of which kind it is, its default and what it means.

    `kind` is one of `truth`, `number`, `amount`, `choice`, `list`, `numbers`, `table` and `text`; `choices` are the
    words of a choice. `default` is a TOML value, empty where there is none. `allowed` completes "must be …". Of a table
    that is there `once`, the section is its name; of the others (`[caps.NAME]`), it is what comes before the name.
    """

    section: str
    key: str
    kind: str
    default: str
    meaning: str
    allowed: str
    required: bool = False
    once: bool = True
    choices: tuple[str, ...] = ()
    at_start: bool = False
    """Whether it is read when the proxy starts, and at no other time."""


class ConfigurationFile(msgspec.Struct, frozen=True):
    """GET /configuration: the file as it is now, what is wrong with it, and all settings that it may have.

    `in_force` is the ETag of what is in force: it differs from `etag` while the file has problems, or was changed a
    moment ago. `text` is empty where there is no file; bytes that are no UTF-8 are replaced in it.
    """

    path: str
    text: str
    etag: str
    in_force: str
    problems: tuple[FileProblem, ...] = ()
    notes: tuple[str, ...] = ()
    settings: tuple[SettingView, ...] = ()


class Put(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="put", tag_field="do"):
    """Set one key to a TOML value, as JSON writes it; tables on the way are made. A dotted key, or its parts."""

    key: str | tuple[str, ...]
    value: object


class PutTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="put_table", tag_field="do"):
    """Make a table have just these values."""

    key: str | tuple[str, ...]
    values: dict[str, object]


class TakeOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="take_out", tag_field="do"):
    """Remove a key or a table."""

    key: str | tuple[str, ...]


Edit = Put | PutTable | TakeOut


class CheckConfiguration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /configuration/check: would this be right? A text (null: the file's own), with these edits made to it."""

    text: str | None = None
    edits: tuple[Edit, ...] = ()


class ConfigurationChecked(msgspec.Struct, frozen=True):
    """The answer to it: every problem, and what is allowed but worth knowing. Nothing has changed."""

    problems: tuple[FileProblem, ...] = ()
    notes: tuple[str, ...] = ()


class ReplaceConfiguration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """PUT /configuration: write the whole text, or nothing."""

    text: str


class EditConfiguration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /configuration/edits: make all of these edits, in their order, or none; comments and order stay."""

    edits: tuple[Edit, ...]


class ConfigurationWritten(msgspec.Struct, frozen=True):
    """The answer to a write: the file's new ETag, and the problems that keep it from being in force; mostly none."""

    etag: str
    problems: tuple[str, ...] = ()


class ConfigurationView(msgspec.Struct, frozen=True):
    """The configuration as every watcher knows it: the ETag of what is in force and of the file as it was last read,
    and what is wrong with the file, while that keeps it from being in force."""

    etag: str = ""
    file_etag: str = ""
    problems: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What is wrong with the file: the first problem, and how many others there are; else nothing."""
        if not self.problems:
            return ""
        rest = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        return f"The new configuration is not in force: {self.problems[0]}{rest}"


def configuration() -> Ask[ConfigurationFile]:
    """The file, and all settings."""
    return Ask("GET", "/configuration", ConfigurationFile)


def check(command: CheckConfiguration) -> Ask[ConfigurationChecked]:
    """What would be wrong with a text."""
    return Ask("POST", "/configuration/check", ConfigurationChecked, command)


def replace(etag: str, text: str) -> Ask[ConfigurationWritten]:
    """Write the whole text over the one with this ETag. Refused by 412 where that is another by now, by 422 where
    the text has problems."""
    return Ask(
        "PUT",
        "/configuration",
        ConfigurationWritten,
        ReplaceConfiguration(text),
        headers=(("If-Match", entity_tag(etag)),),
    )


def edit(etag: str, *edits: Edit) -> Ask[ConfigurationWritten]:
    """Make edits to the text with this ETag. Refused as `replace` is."""
    return Ask(
        "POST",
        "/configuration/edits",
        ConfigurationWritten,
        EditConfiguration(edits),
        headers=(("If-Match", entity_tag(etag)),),
    )


def entity_tag(etag: str) -> str:
    """An ETag as HTTP writes it (RFC 9110, 8.8.3)."""
    return f'"{etag}"'
