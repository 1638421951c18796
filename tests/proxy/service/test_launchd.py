"""The agent is taken up, started and ended by what launchctl is asked, which here is a program that keeps a record."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bursar.service.launchd import Launchd
from bursar.service.launchd_plist import LABEL
from bursar.service.program import Program
from bursar.service.supervisor import Phase
from bursar.service.tool import ToolFailed

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the stand-in is a shell script")

STAND_IN = """#!/bin/sh
# A launchctl that knows one service: loaded while the file `loaded` is there, running while `pid` is.
cd "$(dirname "$0")"
echo "$*" >> asked
case "$1 $2" in
print\\ */*/*) [ -e loaded ] || exit 113
    echo "$2 = {"
    [ -e pid ] && echo "	pid = $(cat pid)"
    [ -e code ] && echo "	last exit code = $(cat code)"
    echo "}" ;;
print\\ gui/*) [ -e session ] ;;
bootstrap\\ *) touch loaded; echo 4141 > pid ;;
kickstart\\ *) echo 4142 > pid ;;
kill\\ *) rm -f pid; echo 0 > code ;;
bootout\\ *) rm -f loaded pid ;;
enable\\ *) ;;
*) echo "Unrecognized subcommand" >&2; exit 64 ;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "launchctl").write_text(STAND_IN)
    (folder / "launchctl").chmod(0o755)
    (folder / "session").touch()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    return folder


@pytest.fixture
def asked(machine: Path) -> Callable[[], list[str]]:
    """What launchctl was asked to do since the last time; what it was asked for is left out."""

    def since() -> list[str]:
        lines = (machine / "asked").read_text().splitlines()
        (machine / "asked").unlink()
        return [line for line in lines if not line.startswith("print")]

    return since


def test_a_life_of_the_agent(machine: Path, asked: Callable[[], list[str]], program: Program) -> None:
    launchd, domain = Launchd(), f"gui/{os.getuid()}"
    assert launchd.state().phase is Phase.ABSENT
    (file,) = files = launchd.files(program)
    file.write()
    launchd.register(files)
    assert asked() == [f"enable {domain}/{LABEL}", f"bootstrap {domain} {file.path}"]
    assert (launchd.state().phase, launchd.state().process) == (Phase.RUNNING, 4141)
    launchd.restart()
    assert asked() == [f"kill SIGTERM {domain}/{LABEL}", f"kickstart {domain}/{LABEL}"]
    assert launchd.state().process == 4142
    launchd.stop()
    assert (launchd.state().phase, launchd.state().exit_status) == (Phase.STOPPED, 0)
    (machine / "code").write_text("4")
    assert (launchd.state().phase, launchd.state().exit_status) == (Phase.FAILED, 4)
    launchd.register(files)  # again, as after an update: what is loaded goes first
    assert [line.split()[0] for line in asked()] == ["kill", "bootout", "enable", "bootstrap"]
    launchd.unregister()
    assert launchd.state().phase is Phase.ABSENT
    assert not file.path.exists()


def test_over_ssh_the_agent_is_the_users_own(machine: Path, asked: Callable[[], list[str]], program: Program) -> None:
    (machine / "session").unlink()
    launchd = Launchd()
    files = launchd.files(program)
    files[0].write()
    launchd.register(files)
    assert asked()[-1] == f"bootstrap user/{os.getuid()} {files[0].path}"


def test_what_launchctl_says_against_it_is_a_sentence(machine: Path, program: Program) -> None:
    (machine / "launchctl").write_text("#!/bin/sh\necho 'Bootstrap failed: 5: Input/output error' >&2; exit 5\n")
    launchd = Launchd()
    files = launchd.files(program)
    files[0].write()
    with pytest.raises(ToolFailed, match="Input/output error"):
        launchd.register(files)
