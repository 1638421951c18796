"""Objections: what speaks against running a program in the background, each in a sentence with what to do."""

import os
import re
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bursar.config.schema import Config
from bursar.domain.secret_reference import SecretForm
from bursar.service.program import Program

_SOON_GONE = re.compile(r"/(\.cache/(uv|pipx)|uv/(archive|builds|environments)-v\d+|pipx/\.cache|Caches/uv)(/|$)")
"""Where uv and pipx keep what is run once: `uvx`, `uv run --with`, `pipx run`."""
_PRACTICE = re.compile(r"bursar-(demo|selftest)-")
_TRY_S = 30.0


@dataclass(frozen=True, slots=True)
class Objection:
    """A reason not to: `final` where the service could not work, `stops` where somebody has to insist, else a hint."""

    sentence: str
    final: bool = False
    stops: bool = False


def objections(program: Program, config: Config, environ: Mapping[str, str]) -> Iterator[Objection]:
    """Everything that speaks against it, the worst first. Runs the program once, to ask its version."""
    yield from _python(program)
    yield from _files(program)
    for name in ("BURSAR_HOST", "BURSAR_PORT"):
        if environ.get(name):
            setting = f"server.{name.partition('_')[2].lower()}"
            yield Objection(f"{name} is set here and would not be in the service: bursar config set {setting} …")
    for upstream in config.upstreams.values():
        if upstream.secret.form is SecretForm.ENV:
            yield Objection(
                f"Upstream {upstream.name} has its key in the variable {upstream.secret.name}, which a service does "
                f"not have from your shell: keep the key in the keyring (bursar secret set {upstream.name})."
            )


def unreadable(program: Program) -> Iterator[Objection]:
    """What a user of the service's own could not read: it sees no home folder, and only what is open to all."""
    places = (program.python, Path(os.path.realpath(program.python)), program.places.config_file)
    for path in dict.fromkeys(places):
        if any(path.is_relative_to(home) for home in ("/home", "/root")):
            yield Objection(
                f"{path} is in a home folder, which the service does not see: install Bursar into /opt/bursar "
                "(python3 -m venv /opt/bursar, then /opt/bursar/bin/pip install bursar) and call that one.",
                final=True,
            )
        elif path.exists() and not _is_open(path):
            yield Objection(f"{path} can only be read by its owner: chmod a+rX {path}", final=True)


def _is_open(path: Path) -> bool:
    """Whether everybody may read it and pass through all its folders."""
    return bool(path.stat().st_mode & stat.S_IROTH) and all(
        folder.stat().st_mode & stat.S_IXOTH for folder in path.parents
    )


def is_temporary(path: Path) -> bool:
    """Whether a path is in a folder that is emptied now and then, or leads there."""
    # The Python of a virtual environment is a link that leads elsewhere, and yet goes with its folder.
    places = path.resolve(), path.parent.resolve()
    folders = {Path(each).resolve() for each in (tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm")}  # noqa: S108
    return any(place.is_relative_to(folder) for place in places for folder in folders)


def _python(program: Program) -> Iterator[Objection]:
    python = program.python
    if _SOON_GONE.search(python.as_posix()):
        yield Objection(
            f"{python} is in a cache and may be gone tomorrow: install Bursar (uv tool install or pipx install) first.",
            stops=True,
        )
    elif is_temporary(python):
        yield Objection(f"{python} is in a temporary folder: install Bursar where it stays.", stops=True)
    said = _tried(program)
    if said is not None:
        yield Objection(f"{python} does not run Bursar on its own: {said}", final=True)


def _tried(program: Program) -> str | None:
    """Why the program does not run with as little around it as a service has; None where it does."""
    kept = {name: os.environ[name] for name in ("SYSTEMROOT", "PATH") if name in os.environ}
    try:
        done = subprocess.run(
            [*program.ours, "--version"],
            env={**kept, **program.environment},
            cwd=program.python.anchor,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TRY_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{type(error).__name__}"
    if done.returncode == 0:
        return None
    return (done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it fails without a word"])[-1]


def _files(program: Program) -> Iterator[Objection]:
    places = program.places
    folders = (places.config_file.parent, places.data_dir)
    practice = next((path for path in folders if _PRACTICE.search(path.as_posix())), None)
    passing = next((path for path in folders if is_temporary(path)), None)
    if practice is not None:
        yield Objection(f"{practice} is of a demo, and goes away with it.", stops=True)
    elif passing is not None:
        yield Objection(f"{passing} is in a temporary folder: what was spent would be forgotten.", stops=True)
    if not places.config_file.exists():
        yield Objection(f"There is no configuration at {places.config_file} yet; bursar init makes one.")
