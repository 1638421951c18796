"""The agent is the one that is kept, a property list to two readers, and of the types of launchd.plist(5)."""

import plistlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bursar.service.launchd_plist import LABEL, agent, path
from bursar.service.program import Program

TYPES: dict[str, type] = {
    "Label": str,
    "ProgramArguments": list,
    "EnvironmentVariables": dict,
    "RunAtLoad": bool,
    "KeepAlive": dict,
    "ThrottleInterval": int,
    "ExitTimeOut": int,
    "ProcessType": str,
    "StandardOutPath": str,
    "StandardErrorPath": str,
    "SoftResourceLimits": dict,
    "HardResourceLimits": dict,
    "Umask": int,
    "WorkingDirectory": str,
}
"""The keys of launchd.plist(5) that we use, with their types."""


def test_it_is_the_one_that_is_kept(golden: Callable[[str, str], None], program: Program) -> None:
    golden("agent.plist", agent(program).decode())


def test_every_key_is_launchds_and_of_its_type(odd: Program) -> None:
    read = plistlib.loads(agent(odd))
    assert {key: type(value) for key, value in read.items()} == TYPES
    assert read["Label"] == LABEL == path(Path("/Users/ada")).stem
    assert read["KeepAlive"] == {"SuccessfulExit": False}
    assert read["ProcessType"] in ("Background", "Standard", "Adaptive", "Interactive")
    assert read["Umask"] == 0o077
    assert read["ProgramArguments"] == list(odd.command)
    assert read["EnvironmentVariables"] == odd.environment
    assert read["ExitTimeOut"] >= odd.drain_s


@pytest.mark.skipif(shutil.which("plistutil") is None, reason="libplist-utils is not installed")
def test_another_reader_takes_it_too(odd: Program, tmp_path: Path) -> None:
    (tmp_path / "agent.plist").write_bytes(agent(odd))
    there, back = tmp_path / "agent.bin", tmp_path / "again.plist"
    subprocess.run(["plistutil", "-i", tmp_path / "agent.plist", "-o", there], check=True, capture_output=True)
    subprocess.run(["plistutil", "-i", there, "-o", back], check=True, capture_output=True)
    assert there.read_bytes().startswith(b"bplist")
    assert plistlib.loads(back.read_bytes()) == plistlib.loads(agent(odd))
