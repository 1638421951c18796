"""What `bursar doctor` says of kept content: of which keys, how much it is, and whether others could read it."""

import os
from collections.abc import Iterator
from pathlib import Path

from bursar.cli.findings import Finding, note, problem, well
from bursar.config.schema import ContentSettings
from bursar.content.segments import FOLDER, Segments, kept_of_keys
from bursar.contract.commands import Status
from bursar.contract.content import TROUBLE


def content(database: Path, settings: ContentSettings, status: Status | None) -> Iterator[Finding]:
    """One line: nothing kept, or what; a problem where it cannot be, or lies open."""
    folder = database.parent / FOLDER
    files = Segments(folder)
    try:
        files.open()
    except OSError as error:
        yield problem(
            "content", f"{folder} cannot be read ({error.strerror}), so no content of calls can be kept there"
        )
        return
    if os.name == "posix" and folder.is_dir() and folder.stat().st_mode & 0o077:
        yield problem("content", f"others may enter {folder}, where prompts and answers are kept: chmod 700 {folder}")
        return
    trouble = next((each for each in (status.problems if status is not None else ()) if each.startswith(TROUBLE)), "")
    if trouble:
        yield problem("content", f"{trouble}; calls go on without")
        return
    keeping = [key.name for key in status.keys if key.keep_content] if status is not None else []
    kept = kept_of_keys(files)
    if not (keeping or kept):
        yield well("content", "no prompt and no answer of a call is kept")
        return
    there = f"{-(-files.total // 1024):,} KiB in {folder}, go after {settings.days} days, or by: bursar content forget"
    if keeping:
        yield note("content", f"prompts and answers of {' and '.join(keeping)} are kept: {there}")
    else:
        yield note("content", f"prompts and answers of {' and '.join(each.key for each in kept)} are there: {there}")
