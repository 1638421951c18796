"""The units are those that are kept, and systemd itself finds nothing wrong in them, whatever the paths are."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bursar.service.program import Program
from bursar.service.systemd_unit import SERVICE, SOCKET, quoted, socket_unit, system_service, user_service

has_analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")


def test_they_are_those_that_are_kept(golden: Callable[[str, str], None], program: Program) -> None:
    golden("user.service", user_service(program, own_view=True))
    golden("user-plain.service", user_service(replace(program, addresses=()), own_view=False))
    golden("user.socket", socket_unit(program, system=False))
    golden("system.service", system_service(program, None))
    golden("odd.service", user_service(replace(program, environment={"BURSAR_HOME": "/x y%"}), own_view=False))


def test_whoever_runs_it_is_named(program: Program) -> None:
    assert "\nDynamicUser=yes\n" in system_service(program, None)
    named = system_service(program, "bursar")
    assert "\nUser=bursar\n" in named
    assert "DynamicUser" not in named


def test_an_address_of_a_network_may_come_up_later(program: Program) -> None:
    assert "FreeBind" not in socket_unit(program, system=True)
    assert "FreeBind=yes" in socket_unit(replace(program, addresses=(("192.0.2.1", 4141),)), system=True)


def test_the_end_may_take_what_calls_may_take_and_the_rest(program: Program, odd: Program) -> None:
    assert "\nTimeoutStopSec=60\n" in user_service(program, own_view=False)
    assert "\nTimeoutStopSec=33\n" in user_service(odd, own_view=False)


@has_analyze
@pytest.mark.parametrize("system", [False, True])
def test_systemd_finds_nothing_wrong(odd: Program, tmp_path: Path, system: bool) -> None:
    # What it looks at must be there: the program itself, and the folders.
    root = tmp_path / odd.places.config_file.parent.name
    root.mkdir()
    (root / "python").write_text("#!/bin/sh\n")
    (root / "python").chmod(0o755)
    program = replace(odd, python=root / "python")
    written = system_service(program, None) if system else user_service(program, own_view=True)
    (tmp_path / SERVICE).write_text(written)
    (tmp_path / SOCKET).write_text(socket_unit(program, system=system))
    how = ("--man=no", "--recursive-errors=no") if system else ("--user", "--man=no", "--recursive-errors=no")
    done = subprocess.run(
        ["systemd-analyze", "verify", *how, str(tmp_path / SERVICE), str(tmp_path / SOCKET)],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)},
    )
    ours = [line for line in done.stderr.splitlines() if "bursar" in line]
    assert (done.returncode, ours) == (0, []), done.stderr


@has_analyze
def test_the_machines_service_is_well_closed(program: Program, tmp_path: Path) -> None:
    """The overall figure of `systemd-analyze security`: 10 is open to everything, and below 2 is rare."""
    (tmp_path / SERVICE).write_text(system_service(replace(program, python=Path("/bin/true")), None))
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=20", str(tmp_path / SERVICE)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout.splitlines()[-3:] or done.stderr


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("plain/path-1.0", "plain/path-1.0"),
        ("a b", '"a b"'),
        ('a"b', '"a\\"b"'),
        ("a\\b", '"a\\\\b"'),
        ("100%", '"100%%"'),
        ("", '""'),
    ],
)
def test_words_are_quoted_as_systemd_reads_them(word: str, written: str) -> None:
    assert quoted(word) == written
