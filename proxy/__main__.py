"""`python3 proxy …`: makes .venv when it is missing or out of date, then runs `bursar …` in it.

Standard library only, and nothing beyond what a Python too old for Bursar can still read. What .venv was made from is
kept in .venv/bursar-setup; as long as that has not changed, a run costs a few milliseconds more than `bursar` itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
SCRIPTS = VENV / ("Scripts" if sys.platform == "win32" else "bin")
PYTHON = SCRIPTS / ("python.exe" if sys.platform == "win32" else "python")
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "bursar-setup"
UNFINISHED = "unfinished"
OLDEST = (3, 11)


class SetupFailed(Exception):
    """There is no environment to run in; says why, for people."""


def prepare() -> None:
    """Makes sure that .venv holds what pyproject.toml and requirements.lock ask for. Raises SetupFailed."""
    if sys.version_info < OLDEST:
        raise SetupFailed(f"Bursar needs Python {OLDEST[0]}.{OLDEST[1]} or newer; this is {sys.version.split()[0]}.")
    if is_current():
        return
    try:
        with one_at_a_time() as lock:
            if not is_current():
                set_up(lock)
    except OSError as error:
        raise SetupFailed(f"Could not set up {VENV}: {error}") from error


def run(command: list[str]) -> int:
    """Becomes `command`; where a process cannot become another one, waits for it and returns its exit code."""
    sys.stdout.flush()
    sys.stderr.flush()
    if sys.platform != "win32":
        os.execv(command[0], command)  # noqa: S606 - there is nothing in it for a shell
    import subprocess

    child = subprocess.Popen(command)
    while True:
        # Ctrl-C reaches the child by itself; it decides what to make of it.
        with contextlib.suppress(KeyboardInterrupt):
            return child.wait()


def installed(name: str) -> list[str]:
    """The command that runs the program `name` of the environment, without its first line: that breaks on spaces."""
    return [str(SCRIPTS / f"{name}.exe")] if sys.platform == "win32" else [str(PYTHON), str(SCRIPTS / name)]


def is_current() -> bool:
    """Whether .venv was finished, here, by this Python, from these two files."""
    try:
        return STAMP.read_text("utf-8") == wanted() and PYTHON.exists()
    except OSError:
        return False


def wanted() -> str:
    """What the stamp says when all is well: the interpreter and the place, then the digest of the two files."""
    files = hashlib.sha256()
    for file in (ROOT / "pyproject.toml", LOCK):
        files.update(hashlib.sha256(file.read_bytes()).digest())
    return f"{interpreter()}\n{files.hexdigest()}\n"


def interpreter() -> str:
    """What a .venv cannot outlive: the Python it was made by, the machine, and the place its scripts point to."""
    if sys.platform == "win32":
        machine = os.environ.get("PROCESSOR_ARCHITECTURE", "")
    else:
        machine = os.uname().machine
    python = f"{sys.implementation.cache_tag}{getattr(sys, 'abiflags', '')}"
    return f"{python} {sys.platform} {machine} {ROOT}"


@contextlib.contextmanager
def one_at_a_time() -> Iterator[int]:
    """Holds .venv.lock, waiting for whoever holds it. The system frees it when the last holder ends, even if killed."""
    with (ROOT / ".venv.lock").open("a+b") as file:
        if sys.platform == "win32":
            import msvcrt
            import time

            while True:
                try:
                    msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
                    break
                except OSError:
                    time.sleep(0.2)
        else:
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("Waiting for another set-up of .venv to end …")
                fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def set_up(lock: int) -> None:
    """Fills .venv by uv where it is on the PATH; should uv fail, by pip, which may know of an index of its own."""
    import shutil

    say("Setting up .venv (once, a minute or less) …")
    uv = shutil.which("uv")
    if uv:
        with contextlib.suppress(SetupFailed):
            fill(Steps(lock, uv))
            return
    fill(Steps(lock, None))


def fill(steps: Steps) -> None:
    """Builds on what is there where that can be trusted, else from nothing; the stamp is written last."""
    if not can_be_built_on() or not steps.can_install():
        steps.create()
    STAMP.write_text(UNFINISHED, "utf-8")
    steps.install("--require-hashes", "-r", str(LOCK))
    # Built by the hatchling of the lock: nothing comes from the registry but what the lock has a hash of.
    steps.install("--no-deps", "--no-build-isolation", "-e", str(ROOT))
    finished = STAMP.with_suffix(".new")
    finished.write_text(wanted(), "utf-8")
    finished.replace(STAMP)


def can_be_built_on() -> bool:
    """Whether packages may be added to .venv: one made by others, or one finished here by this Python."""
    if not PYTHON.exists():
        return False
    try:
        return STAMP.read_text("utf-8").partition("\n")[0] == interpreter()
    except FileNotFoundError:
        return True


class Steps:
    """Creating and filling .venv, by uv if it is given, else by what the Python has of venv and pip."""

    def __init__(self, lock: int, uv: str | None) -> None:
        self._lock = lock
        self._uv = uv
        # A venv made from within a venv would lean on one that may go away.
        self._python = getattr(sys, "_base_executable", None) or sys.executable

    def create(self) -> None:
        """A fresh, empty .venv that is known to be unfinished from its first moment."""
        import shutil

        if self._uv:
            command = [self._uv, "venv", "--allow-existing", "--python", self._python, str(VENV)]
        elif self._can("import venv; from ensurepip import version"):
            command = [self._python, "-m", "venv", str(VENV)]
        elif self._can("import venv; from pip import main"):
            # Debian without python3-venv: its pip can fill an environment that has none.
            command = [self._python, "-m", "venv", "--without-pip", str(VENV)]
        else:
            raise SetupFailed(
                "Bursar needs pip to set itself up, and this Python comes without: "
                "install python3-venv (Debian, Ubuntu: sudo apt install python3-venv) or uv, then try again."
            )
        if VENV.exists():
            shutil.rmtree(VENV)
        VENV.mkdir()
        STAMP.write_text(UNFINISHED, "utf-8")
        self._do(*command)

    def can_install(self) -> bool:
        """Whether anything here can put packages into .venv as it is."""
        return bool(self._uv) or self._can("from pip import main", str(PYTHON)) or self._can("from pip import main")

    def install(self, *what: str) -> None:
        """Puts packages into .venv."""
        if self._uv:
            self._do(self._uv, "pip", "install", "--python", str(PYTHON), *what)
        elif self._can("from pip import main", str(PYTHON)):
            self._do(str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", *what)
        else:
            pip = (self._python, "-m", "pip", "--disable-pip-version-check")
            self._do(*pip, "--python", str(PYTHON), "install", *what)

    def _can(self, statement: str, python: str | None = None) -> bool:
        """Whether `statement` succeeds in `python`, by default the one .venv is made by."""
        return self._finish([python or self._python, "-c", statement])[0] == 0

    def _do(self, *command: str) -> None:
        code, output = self._finish(command)
        if code != 0:
            raise SetupFailed(
                f"{output.rstrip()}\n\nCould not set up {VENV}: this failed ({code}): {' '.join(command)}"
            )

    def _finish(self, command: Sequence[str]) -> tuple[int, str]:
        """Exit code and output. The child holds the lock too: should we be killed, nobody builds beside it."""
        import subprocess

        lock = () if sys.platform == "win32" else (self._lock,)
        done = subprocess.run(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=lock
        )
        return done.returncode, done.stdout.decode("utf-8", "replace")


def say(line: str) -> None:
    """One line for whoever waits; standard output belongs to the command."""
    print(line, file=sys.stderr, flush=True)


def ready() -> int:
    """0 once .venv can be run in; else says why not: 2 when it cannot be set up, 130 when that was stopped."""
    try:
        prepare()
    except SetupFailed as failure:
        say(str(failure))
        return 2
    except KeyboardInterrupt:
        say("Stopped; the next run sets up .venv anew.")
        return 130
    return 0


if __name__ == "__main__":
    raise SystemExit(ready() or run([*installed("bursar"), *sys.argv[1:]]))
