"""The command tree: help that teaches, mistakes that are explained, and statuses that scripts can trust."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bursar import __version__
from bursar.cli.main import COMMANDS

Bursar = Callable[..., Any]


def test_the_overview_names_every_command_and_every_exit_status(bursar: Bursar) -> None:
    shown = bursar("--help")
    assert shown.status == 0
    assert all(f"  {name} " in shown.out for name in COMMANDS)
    assert "3  the proxy is not running" in shown.out
    assert bursar().status == 2


@pytest.mark.skipif(os.name != "posix", reason="a POSIX shell closes the outputs")
def test_a_process_without_any_output_ends_well(home: Path) -> None:
    """As a service of Windows, which has no console."""
    script = f'exec "{sys.executable}" -m bursar config path >&- 2>&-'
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run(["sh", "-c", script], env=environ).returncode == 0


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_with_examples(bursar: Bursar, name: str) -> None:
    shown = bursar(name, "--help")
    assert shown.status == 0
    assert "examples:" in shown.out
    assert f"bursar {name}" in shown.out.partition("examples:")[2]


def test_the_version(bursar: Bursar) -> None:
    assert bursar("--version").out == f"bursar {__version__}\n"


def test_a_mistyped_command_is_guessed(bursar: Bursar) -> None:
    ran = bursar("statsu")
    assert (ran.status, ran.err) == (2, "There is no command 'statsu'; did you mean \"status\"?\n")
    assert "\x1b" not in bursar("\x1b[2J").err


def test_a_wrong_option_is_wrong_use(bursar: Bursar) -> None:
    assert bursar("status", "--jason").status == 2
    assert bursar("status", "--js").status == 2
    assert bursar("cap", "set", "daily", "5").status == 2


def test_without_a_proxy_the_status_is_three_and_scripts_get_json(bursar: Bursar) -> None:
    for words in (["status"], ["usage"], ["reload"], ["stop"]):
        ran = bursar(*words)
        assert (ran.status, ran.out) == (3, "")
        assert "bursar serve" in ran.err
    ran = bursar("status", "--json")
    assert (ran.status, ran.json) == (3, {"running": False})


def test_a_command_loads_only_what_it_needs(home: Path) -> None:
    program = """
import sys
from bursar.cli.main import main
main(["status"])
main(["cap", "list"])
heavy = {"aiohttp", "textual", "tiktoken", "sqlite3", "keyring", "asyncio"} & set(sys.modules)
assert not heavy, heavy
"""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", program], env=env, check=True, capture_output=True, timeout=60)


def test_output_that_nobody_reads_is_no_error(home: Path) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    program = [sys.executable, "-m", "bursar", "practice", "--list"]
    with subprocess.Popen(program, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_terminal_that_cannot_show_a_character_is_no_error(home: Path) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "ascii"}
    program = [sys.executable, "-m", "bursar", "doctor", "--offline"]
    ran = subprocess.run(program, env=env, capture_output=True, timeout=60, check=False)
    assert b"\\u2713 configuration" in ran.stdout
    assert b"Traceback" not in ran.stderr
