"""Running: what a command says as it says it, what it is given, what becomes of its output, and that it ends."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bursar.cli.connecting.table import CLIENTS
from bursar_tui.running import LONGEST_LINE, MOST_LINES, Run, Runner

CANARY = "a canary's passphrase"


def program(text: str, **how: object) -> Run:
    """A run of a few lines of Python."""
    return Run([sys.executable, "-u", "-c", text], os.environ, **how)  # type: ignore[arg-type]


def said(run: Run, *, complains: bool = False) -> list[str]:
    return [each.text for each in run.lines if each.complains is complains]


async def until(run: Run, wanted: Callable[[], object]) -> None:
    """Wait until it has said something."""
    heard = asyncio.Event()
    run.heard = heard.set
    async with asyncio.timeout(20):
        while not wanted():
            await heard.wait()
            heard.clear()


async def test_what_it_says_comes_line_by_line_and_which_of_it_complains() -> None:
    run = program("import sys; print('one\\ntwo\\r'); print('no', file=sys.stderr); print('rest', end=''); sys.exit(3)")
    await run.go()
    assert said(run) == ["one", "two", "rest"]
    assert said(run, complains=True) == ["no"]
    assert run.status == 3
    assert run.over.is_set()


async def test_how_far_it_is_stands_in_one_place() -> None:
    run = program(
        "import sys; print('begun'); print('\\r1 of 2', end=''); sys.stdin.read(); print('\\r2 of 2')", held=True
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(run.go())
        await until(run, lambda: run.passing)
        assert (run.passing, said(run)) == ("1 of 2", ["begun"])
        run.end()


async def test_what_is_typed_is_no_argument_and_shown_nowhere() -> None:
    run = program("import sys; print(len(sys.stdin.read()), sys.argv)", typed=f"{CANARY}\n")
    assert CANARY not in repr(run)
    await run.go()
    assert said(run) == [f"{len(CANARY) + 1} ['-c']"]
    assert CANARY not in f"{run!r} {run.command}"


async def test_it_has_no_terminal_to_ask_at() -> None:
    if os.name != "posix":
        pytest.skip("terminals of this system have no name")
    await (run := program("open('/dev/tty')")).go()
    assert run.status == 1
    assert "/dev/tty" in said(run, complains=True)[-1]


@pytest.mark.parametrize("way", ["end", "cancel"])
async def test_it_ends_as_by_ctrl_c_whoever_ends_it(way: str) -> None:
    run = program("import time\ntry:\n print('up')\n time.sleep(60)\nexcept KeyboardInterrupt:\n print('well')")
    async with asyncio.TaskGroup() as group:
        going = group.create_task(run.go())
        await until(run, lambda: said(run))
        run.end() if way == "end" else going.cancel()
    assert said(run) == ["up", "well"]
    assert run.status == 0
    assert run.over.is_set()


async def test_what_does_not_end_when_asked_is_made_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bursar_tui.running._END_S", 0.05)
    stubborn = (
        "import signal, time\nfor each in (2, 15):\n signal.signal(each, signal.SIG_IGN)\nprint('up')\ntime.sleep(60)"
    )
    run = program(stubborn)
    async with asyncio.TaskGroup() as group:
        group.create_task(run.go())
        await until(run, lambda: said(run))
        run.end()
    assert run.status == 130


async def test_it_ends_with_its_input_where_that_is_held_open() -> None:
    run = program("import sys; print('up'); sys.stdin.read(); print('gone')", held=True)
    async with asyncio.TaskGroup() as group:
        group.create_task(run.go())
        await until(run, lambda: said(run))
        assert not run.over.is_set()
        run.end()
    assert run.over.is_set()


async def test_of_very_much_the_last_is_kept_and_of_a_long_line_the_beginning() -> None:
    run = program(f"print('x' * {LONGEST_LINE * 3})\nfor n in range({MOST_LINES}): print(n)")
    await run.go()
    assert len(run.lines) == MOST_LINES
    assert run.lines[-1].text == str(MOST_LINES - 1)
    await (run := program(f"print('x' * {LONGEST_LINE * 3})")).go()
    assert [len(each) for each in said(run)] == [LONGEST_LINE]


async def test_what_is_no_program_is_said() -> None:
    await (run := Run(["/nowhere/at/all"], {})).go()
    assert run.status == 1
    assert said(run, complains=True) == ["It cannot be run: No such file or directory."]


async def test_output_goes_into_a_new_file_that_is_closed_to_others(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    await (run := program("print('a,b')", into=file)).go()
    assert file.read_text() == "a,b\n"
    assert said(run) == [f"Written: {file}, 4 bytes."]
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o600
    await (run := program("print('c')", into=file)).go()
    assert (run.status, file.read_text()) == (1, "a,b\n")
    assert said(run, complains=True) == [f"There is a file {file} already; nothing was written."]


@pytest.mark.parametrize("text", ["import sys; print('half'); sys.exit(1)", "print('half'); raise SystemExit('no')"])
async def test_no_file_is_left_of_what_failed(text: str, tmp_path: Path) -> None:
    await (run := program(text, into=tmp_path / "table.csv")).go()
    assert run.status == 1
    assert not (tmp_path / "table.csv").exists()


async def test_a_place_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    await (run := program("print(1)", into=tmp_path / "no" / "file")).go()
    assert run.status == 1
    assert "cannot be written: No such file or directory." in said(run, complains=True)[0]


async def test_commands_are_those_of_this_installation(tmp_path: Path) -> None:
    runner = Runner(tmp_path / "my.toml", {**os.environ, "BURSAR_HOME": str(tmp_path)})
    asked: Awaitable[object] = runner.ask(("config", "path"))
    assert str(tmp_path / "my.toml") in str(await asked)
    answer = await runner.ask(("connect", "--json"))
    assert (answer.status, answer.err) == (0, "")
    assert len(json.loads(answer.out)["clients"]) == len(CLIENTS)
    assert (await runner.ask(("nonsense",))).status == 2
