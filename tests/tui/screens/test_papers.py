"""What a command shows to be read or writes to a file, opened from the screen that it belongs to."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.events import Paste
from tui.attached import Hands, attached
from tui.snapshots import NOW_MS, busy
from tui.stage import shut, staged

from bursar.contract.way_in import NotRunning
from bursar.domain.clock import FixedClock
from bursar_tui.app import BursarApp
from bursar_tui.link import Unattached
from bursar_tui.paper_deeds import read_explain, read_statement, read_table
from bursar_tui.running import Runner
from bursar_tui.screens.command_run import CommandRun, Stage
from bursar_tui.screens.offline import Offline


@asynccontextmanager
async def at_home(folder: Path, extra: str = "") -> AsyncIterator[Hands]:
    """Somebody whose files go into this folder."""
    async with attached(extra, environ={"HOME": str(folder), "USERPROFILE": str(folder)}, size=(100, 40)) as hands:
        yield hands


def page(hands: Hands) -> CommandRun:
    assert isinstance(hands.app.screen, CommandRun)
    return hands.app.screen


def said(hands: Hands) -> str:
    run = page(hands).run_
    return "\n".join(each.text for each in run.lines) if run is not None else ""


async def type_over(hands: Hands, text: str) -> None:
    """Put a text in place of the one in a line."""
    await hands.press("ctrl+u", "ctrl+k")
    hands.app.post_message(Paste(text))
    await hands.pilot.pause()


async def done(hands: Hands) -> str:
    """Wait until the command has ended; all that it said. Then the page is closed."""
    await hands.sees("✓ done")
    text = said(hands)
    await hands.press("escape")
    return text


async def test_usage_statements_and_what_a_request_would_cost(tmp_path: Path) -> None:
    async with at_home(tmp_path) as hands:
        await what_is_seen_of_usage_is_written_to_a_new_file(hands, tmp_path)
        await a_statement_is_read_here_or_written(hands, tmp_path)
        await what_a_request_would_cost_and_the_faults_of_its_chain(hands)


async def what_is_seen_of_usage_is_written_to_a_new_file(hands: Hands, folder: Path) -> None:
    file = folder / "usage.csv"
    await hands.proxy.chat()
    await hands.press("8", "e")
    await hands.sees("no name begins a formula")
    await hands.press("down", "enter")
    await hands.sees("usage-by-model.csv")
    await type_over(hands, str(file))
    await hands.press("enter")
    assert f"Written: {file}" in await done(hands)
    assert "practice-small" in file.read_text()
    if os.name == "posix":
        assert file.stat().st_mode & 0o077 == 0
    await hands.press("e", "enter")
    await type_over(hands, str(file))
    await hands.press("enter")
    await hands.sees("there is a file of this name already")
    await hands.press("escape")


async def a_statement_is_read_here_or_written(hands: Hands, folder: Path) -> None:
    await hands.proxy.chat()
    await hands.proxy.settled()
    await hands.press("8", "s", "enter")
    assert "Usage by model" in await done(hands)
    await hands.press("s", "down")
    await type_over(hands, str(folder / "month.json"))
    await hands.press("enter")
    await done(hands)
    assert (folder / "month.json").read_text().startswith("{")


async def what_a_request_would_cost_and_the_faults_of_its_chain(hands: Hands) -> None:
    await hands.press("6", "w", "enter")
    assert "1. main/practice-small" in await done(hands)
    await hands.press("f")
    await hands.sees("a few faults")
    await hands.press("enter")
    await hands.sees("esc ends it")
    # How far it is comes before its table.
    await hands.until(lambda: page(hands).run_ is not None and page(hands).run_.passing)  # type: ignore[union-attr]
    run = page(hands).run_
    await hands.press("escape")
    assert run is not None
    await run.over.wait()
    assert run.status == 130


async def test_grants_the_configuration_and_the_doctor(tmp_path: Path) -> None:
    async with at_home(tmp_path, '[caps.daily]\nusd = 5\nevery = "day"\n') as hands:
        await hands.press("3", "r", "enter")
        await hands.until(lambda: hands.snapshot.raises)
        await hands.press("a")
        await hands.sees("Who granted what")
        assert "daily" in await done(hands)
        await hands.press("9", "i")
        assert "[limits]" in await done(hands)
        await hands.press("r")
        assert "The configuration is in force." in await done(hands)
        await hands.press("1", "d")
        await hands.sees("✓ configuration: ")
        await hands.until(lambda: page(hands).stage is Stage.OVER)
        await hands.press("c")
        assert "✓ ledger: " in hands.app.clipboard
        await hands.press("escape")
        assert hands.app.screen.TAB == "overview"  # type: ignore[attr-defined]


async def test_a_plan_is_cancelled(tmp_path: Path) -> None:
    plan = '[plans.sub]\nupstream = "main"\ntokens = 5000\nevery = "month from 1st"\n'
    async with at_home(tmp_path, plan) as hands:
        await hands.press("3", "d")
        await hands.sees("bursar plan cancel sub")
        await hands.press("down", "enter")
        await done(hands)
        assert 'state = "cancelled"' in hands.proxy.places.config_file.read_text()


async def test_where_no_proxy_runs_the_ledger_goes_back_to_a_backup(tmp_path: Path) -> None:
    async with attached("", tmp_path) as hands:
        await hands.proxy.chat()
    (tmp_path / "data" / "backups").mkdir()
    shutil.copy(hands.proxy.places.database, tmp_path / "data" / "backups" / "ledger-2026-11-20.sqlite3")

    async def nobody(since: object) -> AsyncIterator[object]:
        raise Unattached(str(NotRunning()))
        yield

    runner = Runner(None, {**os.environ, "BURSAR_HOME": str(tmp_path)})
    app = BursarApp(nobody, shut, "the test", FixedClock(NOW_MS), runner=runner)  # type: ignore[arg-type]
    async with app.run_test(size=(100, 30)) as pilot:
        hands = Hands(app, pilot, FixedClock(NOW_MS), asyncio.Queue(), None)  # type: ignore[arg-type]
        await hands.until(lambda: isinstance(app.screen, Offline))
        await hands.press("l")
        await hands.sees("Go back to a backup of the ledger")
        await hands.press("enter")
        await hands.sees("is kept beside it under another name")
        await hands.press("y")
        assert "is that of ledger-" in await done(hands)


async def test_an_interface_that_runs_no_commands_says_so() -> None:
    async with staged(busy()) as stage:
        await stage.press("d")
        await stage.press("escape")
        assert "run it in a shell" in stage.text


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        (("october", ""), "a month"),
        (("2026-10", "~/x.exe"), "a file whose name ends in .csv, .json, .txt, .pdf"),
        (("2026-10", "/dev/null"), "already"),
        (("2026-10", "~nobody-of-this-name/x.csv"), "no file can have this name"),
    ],
)
def test_what_cannot_be_meant_by_a_statement_is_said(typed: tuple[str, str], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_statement(typed)


def test_the_commands_are_those_that_somebody_would_type(tmp_path: Path) -> None:
    assert read_statement(("2026-10", ""))[1] == "bursar statement 2026-10"
    assert read_statement(("2026-10", f"{tmp_path}/a b.txt"))[1] == f"bursar statement 2026-10 > '{tmp_path}/a b.txt'"
    paper, command = read_statement(("2026-10", f"{tmp_path}/a.pdf"))
    assert (paper.into, command) == (None, f"bursar statement 2026-10 --pdf {tmp_path}/a.pdf")
    explained = read_explain("it's", ("20000", "500", "laptop"))[1]
    assert explained == "bursar explain 'it'\\''s' --tokens 20000 --max-tokens 500 --key laptop"
    with pytest.raises(ValueError, match="how many tokens"):
        read_explain("fast", ("", "", ""))
    with pytest.raises(ValueError, match="a file; it is made anew"):
        read_table(("usage",), ("",))
