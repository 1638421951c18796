"""Who listens on a port of this machine, as far as the system tells this user."""

import shutil
import subprocess
import sys
from pathlib import Path

from bursar.contract.shown import shown

_LISTENING = "0A"
"""The state of a listening socket in /proc/net/tcp (include/net/tcp_states.h)."""
_LONGEST_S = 5.0


def holder_of(port: int) -> str:
    """The program and its process, such as `nginx, process 812`; empty where the system does not tell."""
    found = _by_proc(port) if sys.platform == "linux" else _by_lsof(port)
    return shown(found)


def _by_proc(port: int) -> str:
    inodes = {inode for table in ("tcp", "tcp6") for inode in _inodes(Path("/proc/net") / table, port)}
    if not inodes:
        return ""
    links = {f"socket:[{inode}]" for inode in inodes}
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and _holds(process, links):
            return f"{_name(process)}, process {process.name}"
    return ""


def _inodes(table: Path, port: int) -> list[str]:
    """The sockets that listen on a port, of one of the kernel's tables."""
    try:
        rows = [line.split() for line in table.read_text("ascii").splitlines()[1:]]
    except OSError:
        return []
    return [row[9] for row in rows if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port]


def _holds(process: Path, links: set[str]) -> bool:
    try:
        return any(str(each.readlink()) in links for each in (process / "fd").iterdir())
    except OSError:
        return False  # another user's, or gone


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text("utf-8", "replace").strip() or "a program"
    except OSError:
        return "a program"


def _by_lsof(port: int) -> str:
    """By the program that macOS and others have for it."""
    lsof = shutil.which("lsof")
    if lsof is None:
        return ""
    try:
        told = subprocess.run(
            [lsof, "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_LONGEST_S,
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
    fields = {line[:1]: line[1:] for line in reversed(told.splitlines())}
    return f"{fields['c']}, process {fields['p']}" if {"c", "p"} <= fields.keys() else ""
