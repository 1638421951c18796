"""Paper deeds: what a command shows to be read, or writes to a file: statements, tables of usage, what would be."""

import re
from collections.abc import Sequence
from pathlib import Path

from bursar_tui.deed import Deed
from bursar_tui.screens.form import Field
from bursar_tui.typed import count

_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
_FORMS = {".csv": ("--csv",), ".json": ("--json",), ".txt": (), ".pdf": ("--pdf",)}
_TO_A_FILE = "A new file that only you may read; nothing is written over."

DOCTOR = Deed(
    "Doctor", ("doctor",), "Upstreams are asked for their lists of models, which costs nothing.", is_read=True
)
AUDIT = Deed("Who granted what", ("cap", "audit"), "Raises, payments, resets and corrections.", is_read=True)
EXAMPLE = Deed("Every setting", ("config", "example"), "With its default and its meaning.", is_read=True)
RELOAD = Deed("Take up the configuration", ("reload",))

EXPLAIN_FIELDS = (
    Field("tokens of the prompt", "20000", ""),
    Field("tokens of its answer", "", "no limit"),
    Field("as asked by the key", "", "yours"),
)


def statement_fields(month: str) -> list[Field]:
    """Which month, and where it goes."""
    return [
        Field("month", month, "2026-10"),
        Field("into a file", "", "none: shown here; else NAME.csv, .json, .txt, .pdf"),
    ]


def read_statement(typed: Sequence[str]) -> tuple[Deed, str]:
    """The statement that is wanted, and its command. Raises ValueError."""
    month, file = typed
    if not _MONTH.fullmatch(month):
        raise ValueError("a month, such as 2026-10")
    title, words = f"The statement for {month}", ("statement", month)
    if not file:
        deed = Deed(title, words, is_read=True)
        return deed, deed.command
    into = _new_file(file)
    options = _FORMS.get(into.suffix.lower())
    if options is None:
        raise ValueError(f"a file whose name ends in {', '.join(_FORMS)}")
    if into.suffix.lower() == ".pdf":
        deed = Deed(title, (*words, *options, str(into)), _TO_A_FILE)
    else:
        deed = Deed(title, (*words, *options), _TO_A_FILE, into=into)
    return deed, deed.command


def table_fields(name: str) -> list[Field]:
    """Where a table goes."""
    return [Field("into the file", f"~/{name}", "")]


def read_table(words: tuple[str, ...], typed: Sequence[str]) -> tuple[Deed, str]:
    """A table that is written, and its command. Raises ValueError."""
    if not typed[0]:
        raise ValueError("a file; it is made anew, and only you may read it")
    deed = Deed("A table for a spreadsheet", words, _TO_A_FILE, into=_new_file(typed[0]))
    return deed, deed.command


def _new_file(typed: str) -> Path:
    """Where it is to be. Raises ValueError."""
    try:
        into = Path(typed).expanduser().absolute()
        if into.exists():
            raise ValueError("there is a file of this name already")
    except (OSError, RuntimeError):
        raise ValueError("no file can have this name") from None
    return into


def read_explain(alias: str, typed: Sequence[str]) -> tuple[Deed, str]:
    """What a request for an alias would cost, and the command. Raises ValueError."""
    prompt, answer, key = typed
    if not prompt:
        raise ValueError("how many tokens the prompt has")
    words: tuple[str, ...] = ("explain", alias, "--tokens", str(count(prompt)))
    words += ("--max-tokens", str(count(answer))) if answer else ()
    words += ("--key", key) if key else ()
    deed = Deed("What it would cost", words, "Nothing is sent, held or counted.", is_read=True)
    return deed, deed.command


def selftest(alias: str, *, quick: bool) -> Deed:
    """Every fault there is, or a few, against the chain of an alias."""
    words = ("selftest", alias, *(("--quick",) if quick else ()))
    about = "By a second proxy and a practice upstream on this machine: no vendor is asked, nothing is billed."
    return Deed("Selftest", words, about, unshown=("--progress",))
