"""`python3 proxy`, on checkouts that are whole but small: real environments, real pip, nothing from a network."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

BOOTSTRAP = Path(__file__).resolve().parents[2] / "proxy" / "__main__.py"

# A build back end in the checkout itself, because one from a registry would make these tests need a network.
BACKEND = """
import os
import zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    info = "bursar-1.dist-info"
    files = {
        "bursar.pth": os.path.abspath("proxy"),
        f"{info}/METADATA": "Metadata-Version: 2.1\\nName: bursar\\nVersion: 1\\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: trial\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        f"{info}/entry_points.txt": "[console_scripts]\\nbursar = bursar.cli:main\\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\\n" for name in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(os.path.join(folder, "bursar-1-py3-none-any.whl"), "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    return "bursar-1-py3-none-any.whl"
"""

PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "bursar"
version = "1"
"""

COMMAND = """
import sys
import locked

def main():
    print(locked.__name__, *sys.argv[1:])
    return 7
"""


@dataclass(frozen=True)
class Checkout:
    """A project of one command and one locked dependency."""

    root: Path

    @property
    def stamp(self) -> Path:
        return self.root / ".venv" / "bursar-setup"

    @property
    def lock(self) -> Path:
        return self.root / "requirements.lock"

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Runs `python3 proxy …` from another folder, with nothing on the PATH."""
        elsewhere = self.root.parent
        return subprocess.Popen(
            [sys.executable, str(self.root / "proxy"), *arguments],
            cwd=elsewhere,
            env={**os.environ, "PATH": str(elsewhere), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def run(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        """Exit code, output and what was said beside it."""
        started = self.start(*arguments, **environment)
        output, said = started.communicate(timeout=300)
        return started.returncode, output, said


def make_checkout(root: Path) -> Checkout:
    wheel = root / "wheels" / "locked-1-py3-none-any.whl"
    command = root / "proxy" / "bursar" / "cli.py"
    wheel.parent.mkdir(parents=True)
    command.parent.mkdir(parents=True)
    shutil.copy(BOOTSTRAP, root / "proxy" / "__main__.py")
    command.write_text(COMMAND, "utf-8")
    (root / "backend.py").write_text(BACKEND, "utf-8")
    (root / "pyproject.toml").write_text(PROJECT, "utf-8")
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("locked.py", "")
        archive.writestr("locked-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: locked\nVersion: 1\n")
        archive.writestr("locked-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("locked-1.dist-info/RECORD", "locked.py,,\n")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    checkout = Checkout(root)
    checkout.lock.write_text(f"locked @ {wheel.as_uri()} --hash=sha256:{digest}\n", "utf-8")
    return checkout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return make_checkout(tmp_path_factory.mktemp("a folder with spaces") / "bursar")


def test_sets_up_once_and_passes_everything_through(checkout: Checkout) -> None:
    """Where locks are inherited, and a killed set-up's children so end with it, the first try is killed half-way."""
    alone = sys.platform == "win32"
    waiting = [checkout.start("say", "two words")] if alone else waiting_for_one_that_is_killed(checkout)
    ends = [each.communicate(timeout=300) for each in waiting]
    assert [each.returncode for each in waiting] == [7] * len(waiting), ends
    assert [output for output, _ in ends] == ["locked say two words\n"] * len(waiting)
    # One of those who waited set it up again, in one line, and the others had nothing more to say.
    *silent, said = sorted(said for _, said in ends)
    assert silent == [""] * (len(waiting) - 1)
    assert said.count("\n") == 1
    assert said.startswith("Setting up .venv")

    made = checkout.stamp.stat().st_mtime_ns
    assert checkout.run("again") == (7, "locked again\n", "")
    assert checkout.stamp.stat().st_mtime_ns == made


def waiting_for_one_that_is_killed(checkout: Checkout) -> "list[subprocess.Popen[str]]":
    """Two that have said that they wait, for a set-up that was killed then."""
    first = checkout.start()
    while not checkout.stamp.exists():
        assert first.poll() is None
        time.sleep(0.01)
    first.send_signal(signal.SIGSTOP)  # or it may be done before the others come
    waiting = [checkout.start("say", "two words") for _ in range(2)]
    for each in waiting:
        assert each.stderr is not None
        assert each.stderr.readline().startswith("Waiting")
    first.kill()
    first.communicate()
    return waiting


def test_a_package_other_than_the_locked_one_is_refused(checkout: Checkout) -> None:
    right = checkout.lock.read_text("utf-8")
    checkout.lock.write_text(right.partition("sha256:")[0] + "sha256:" + "0" * 64 + "\n", "utf-8")
    code, output, said = checkout.run()
    assert (code, output) == (2, "")
    assert "HASHES" in said  # pip's own words are shown
    assert "Could not set up" in said

    checkout.lock.write_text(right, "utf-8")
    code, output, said = checkout.run()
    assert (code, output) == (7, "locked\n"), said


def test_without_any_installer_one_sentence_says_what_to_install(tmp_path: Path) -> None:
    checkout = make_checkout(tmp_path / "bursar")
    for absent in ("ensurepip", "pip"):
        (tmp_path / "absent" / absent).mkdir(parents=True)
        (tmp_path / "absent" / absent / "__init__.py").write_text("raise ImportError\n", "utf-8")
    code, output, said = checkout.run(PYTHONPATH=str(tmp_path / "absent"))
    assert (code, output) == (2, "")
    assert "sudo apt install python3-venv" in said
    assert "Traceback" not in said
