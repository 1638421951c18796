"""What speaks against a service is found before it is installed, and says what to do."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bursar.config.load import load
from bursar.config.schema import Config
from bursar.contract.places import Places
from bursar.service.objections import is_temporary, objections, unreadable
from bursar.service.program import Program, program_of


@pytest.fixture
def sound(tmp_path: Path) -> tuple[Program, Config]:
    """A program that runs, with all it has below a folder of the test."""
    file = tmp_path / "config.toml"
    file.write_text("[server]\nport = 4555\n")
    places = Places(file, tmp_path / "data", tmp_path / "run", tmp_path / "log")
    config = load(file, environ={})
    return program_of(sys.executable, places, config, {}), config


def said(program: Program, config: Config, **environ: str) -> str:
    return "\n".join(each.sentence for each in objections(program, config, environ))


def test_a_temporary_place_has_to_be_insisted_on(sound: tuple[Program, Config], tmp_path: Path) -> None:
    program, config = sound
    found = list(objections(program, config, {}))
    assert is_temporary(tmp_path)
    (tmp_path / "python").symlink_to(sys.executable)
    assert is_temporary(tmp_path / "python")
    assert [each.stops for each in found if "temporary folder" in each.sentence][-1:] == [True]
    assert not any(each.final for each in found)


@pytest.mark.parametrize(
    "python",
    [
        "/home/a/.cache/uv/archive-v0/x1/bin/python",
        "/home/a/.cache/pipx/x/bin/python",
        "/home/a/.local/pipx/.cache/x/bin/python",
        "/Users/a/Library/Caches/uv/environments-v2/x/bin/python",
    ],
)
def test_what_is_run_once_is_no_place_for_a_service(sound: tuple[Program, Config], python: str) -> None:
    program, config = sound
    found = list(objections(replace(program, python=Path(python)), config, {}))
    assert found[0].stops
    assert "uv tool install or pipx install" in found[0].sentence


@pytest.mark.parametrize(
    "python", ["/home/a/.local/share/uv/tools/bursar/bin/python", "/home/a/.local/pipx/venvs/bursar/bin/python"]
)
def test_what_is_installed_is(sound: tuple[Program, Config], python: str) -> None:
    program, config = sound
    assert "cache" not in said(replace(program, python=Path(python)), config)


def test_a_python_without_bursar_is_the_end_of_it(sound: tuple[Program, Config]) -> None:
    program, config = sound
    base = Path(sys._base_executable)  # type: ignore[attr-defined]
    if base == program.python:
        pytest.skip("this Python has no other below it")
    (found,) = [each for each in objections(replace(program, python=base), config, {}) if each.final]
    assert "No module named" in found.sentence


def test_a_demo_is_no_place_either(sound: tuple[Program, Config], tmp_path: Path) -> None:
    program, config = sound
    folder = tmp_path / "bursar-demo-x1"
    places = replace(program.places, config_file=folder / "config.toml")
    text = said(replace(program, places=places), config)
    assert "is of a demo" in text
    assert "bursar init" in text


def test_what_the_shell_has_the_service_does_not(sound: tuple[Program, Config]) -> None:
    program, _ = sound
    program.places.config_file.write_text('[upstreams.main]\nkind = "openai"\nsecret = "env:THE_KEY"\n')
    text = said(program, load(program.places.config_file, environ={}), BURSAR_PORT="99")
    assert "bursar config set server.port" in text
    assert "THE_KEY" in text
    assert "bursar secret set main" in text


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_user_of_its_own_reads_what_is_open_to_all(sound: tuple[Program, Config], tmp_path: Path) -> None:
    program, _ = sound
    places = replace(program.places, config_file=Path("/root/bursar/config.toml"))
    texts = [each.sentence for each in unreadable(replace(program, places=places))]
    assert any("/opt/bursar" in text for text in texts)
    closed = tmp_path / "closed"
    closed.write_text("")
    closed.chmod(0o600)
    places = replace(program.places, config_file=closed)
    assert any("chmod a+rX" in each.sentence for each in unreadable(replace(program, places=places)))


def test_the_environment_of_the_environment_is_kept() -> None:
    """A virtual environment is entered by its link; what that leads to knows nothing of it."""
    config = load(Path("/nowhere/config.toml"), environ={})
    places = Places(Path("/x/c"), Path("/x/d"), Path("/x/r"), Path("/x/l"))
    environ = {"BURSAR_HOME": "/x", "OPENAI_API_KEY": "secret", "PATH": "/bin"}
    program = program_of(sys.executable, places, config, environ)
    assert program.python == Path(sys.executable)
    assert program.environment == {"BURSAR_HOME": "/x"}
    assert program.addresses[0] == ("127.0.0.1", 4141)
    assert program_of(sys.executable, places, config, environ, keep_port=False).addresses == ()
