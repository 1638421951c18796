"""`bursar config edit`: the user's own editor on a copy; what has problems, or came too late, is never lost."""

import argparse
import difflib
import hashlib
import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from bursar.cli.asking import agreed
from bursar.cli.editing import file_in_force, taken_up
from bursar.cli.exits import Exit, Failed
from bursar.cli.output import complain, say
from bursar.config import edit
from bursar.config.document import CannotEdit
from bursar.config.edit import ConfigChanged
from bursar.config.load import parse
from bursar.config.problems import BrokenConfig
from bursar.config.template import starter


def edit_config(options: argparse.Namespace) -> int:
    """Edit, check, and write; the exit status. Raises Failed, with where the work is kept."""
    file = file_in_force(options)
    before = _content(file)
    begun = starter({}).encode() if before is None else before
    with tempfile.TemporaryDirectory(prefix="bursar-edit-") as folder:
        copy = Path(folder) / file.name
        copy.write_bytes(begun)
        _run_editor(copy)
        while problems := _problems(copy, file):
            for problem in problems:
                complain(problem)
            if not _agreed("Edit it again?", default=True):
                raise Failed(f"Nothing was changed. What you wrote is in {_kept(copy, file)}.")
            _run_editor(copy)
        if copy.read_bytes() == begun and before is not None:
            say("Nothing was changed.")
            return Exit.OK
        _write(copy, file, before)
    taken_up(options, file)
    return Exit.OK


def _write(copy: Path, file: Path, before: bytes | None) -> None:
    """Write it over what it was made from; over anything else only where the person says so."""
    while True:
        try:
            edit.replace_whole(file, copy.read_bytes(), if_match=_digest(before))
        except ConfigChanged:
            now = _content(file)
            complain("The configuration was changed by someone else meanwhile:")
            for line in _difference(before, now):
                complain(line)
            if not _agreed("Write yours over it?", default=False):
                raise Failed(f"Nothing was changed. What you wrote is in {_kept(copy, file)}.") from None
            before = now
        except CannotEdit as error:
            raise Failed(f"{error}. What you wrote is in {_kept(copy, file)}.") from None
        else:
            return


def _run_editor(copy: Path) -> None:
    usual = "notepad" if os.name == "nt" else "vi"
    editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or usual, posix=os.name != "nt")
    try:
        status = subprocess.run([*editor, str(copy)], check=False).returncode
    except OSError as error:
        raise Failed(f"{editor[0]} cannot be run: {error.strerror}. Name an editor by the variable EDITOR.") from None
    if status != 0:
        raise Failed(f"The editor ended with status {status}; nothing was changed.")


def _problems(copy: Path, file: Path) -> list[str]:
    try:
        parse(copy.read_bytes(), file, environ={})
    except BrokenConfig as broken:
        return [str(each) for each in broken.problems]
    except FileNotFoundError:
        raise Failed("The editor left no file; nothing was changed.") from None
    return []


def _agreed(question: str, *, default: bool) -> bool:
    """Yes or no; no where nobody is there to answer."""
    try:
        return agreed(question, default=default)
    except Failed:
        complain("")
        return False


def _kept(copy: Path, file: Path) -> Path:
    """Keep the copy beside the file, under a name of its own that only this user can read."""
    content = copy.read_bytes()
    for folder in (file.parent, Path(tempfile.mkdtemp(prefix="bursar-kept-"))):
        for number in range(1, 1000):
            kept = folder / f"{file.name}.kept-{number}"
            try:
                with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                    stream.write(content)
            except FileExistsError:
                continue
            except OSError:
                break
            return kept
    raise Failed("Nothing was changed, and what you wrote could not be kept.")


def _difference(before: bytes | None, now: bytes | None) -> list[str]:
    old, new = ((each or b"").decode("utf-8", "replace").splitlines() for each in (before, now))
    return list(difflib.unified_diff(old, new, "when you began", "now", lineterm="", n=1))


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Failed(f"{file} cannot be read: {error.strerror}.") from None


def _digest(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()
