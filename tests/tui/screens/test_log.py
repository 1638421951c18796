"""Log: lines as the proxy says them, filtered, held, opened in full, copied; older ones are asked for."""

import logging
from pathlib import Path

import pytest
from tui.attached import attached
from tui.hostile import corpus
from tui.snapshots import MINUTE, NOW_MS, SECOND, busy, empty
from tui.stage import Stage, staged

from bursar.contract.codec import Numbered
from bursar.contract.events import Logged
from bursar.contract.log_line import Level, LogLine
from bursar.contract.snapshot import Snapshot
from bursar_tui.saying import sentences
from bursar_tui.screens.log import Log

SAID = (
    (Level.INFO, "daemon.run", "the proxy answers", (("url", "http://127.0.0.1:4141/v1"), ("pid", 4711))),
    (Level.INFO, "events", "a client key was issued or changed", (("key", "laptop"),)),
    (Level.WARNING, "events", "an upstream is not well", (("upstream", "ollama"), ("code", "upstream_unreachable"))),
    (Level.INFO, "events", "a raise was granted", (("account", "cap:daily"), ("usd", "2.0"))),
    (Level.ERROR, "admin.wire", "a command failed by a bug of ours", ()),
)


def talking(count: int = 30) -> Snapshot:
    """A proxy that has said something of itself."""
    snapshot = busy()
    for number in range(count):
        level, subject, message, fields = SAID[number % len(SAID)]
        ago = (count - number) * 7 * MINUTE + 13 * SECOND
        snapshot.log.append(
            LogLine(1_000 + number, NOW_MS - ago, level, subject, message, fields, whole=level is not Level.ERROR)
        )
    return snapshot


async def to_log(stage: Stage) -> Log:
    """The screen, in view."""
    stage.app.action_go("log")
    await stage.pilot.pause()
    screen = stage.app.screen
    assert isinstance(screen, Log)
    return screen


def say(stage: Stage, number: int, message: str) -> None:
    """The proxy says something."""
    line = LogLine(5_000 + number, NOW_MS, Level.INFO, "events", message)
    stage.later.put_nowait(Numbered(number, Logged(NOW_MS, line)))


@pytest.mark.parametrize("size", [(80, 24), (160, 45), (200, 60), (20, 5)])
async def test_the_lines(size: tuple[int, int]) -> None:
    async with staged(talking(), size) as stage:
        await to_log(stage)
        await stage.press("down", "down")
        await stage.comes_to(f"log-{size[0]}x{size[1]}")


async def test_one_in_full() -> None:
    async with staged(talking(), (100, 34)) as stage:
        await to_log(stage)
        await stage.press("down", "down", "enter")
        await stage.comes_to("log-line-100x34")
        await stage.press("escape")
        assert "30 lines" in stage.text


async def test_without_any_it_teaches() -> None:
    async with staged(empty()) as stage:
        await to_log(stage)
        await stage.comes_to("log-empty-80x24")


async def test_the_newest_is_followed_until_one_looks_below_it_or_holds_it() -> None:
    async with staged(talking()) as stage:
        screen = await to_log(stage)
        say(stage, 1, "the first of three")
        await stage.until(lambda: "the first of three" in stage.text)
        assert screen.list.cursor_id == "5001"
        await stage.press("down")
        before = stage.text.splitlines()[3:]
        say(stage, 2, "the second of three")
        await stage.until(lambda: "held, 1 newer" in stage.text)
        assert stage.text.splitlines()[3:] == before
        await stage.press("home")
        await stage.until(lambda: "the second of three" in stage.text)
        assert "following" in stage.text
        await stage.press("p")
        say(stage, 3, "the third of three")
        await stage.until(lambda: "held, 1 newer" in stage.text)
        assert "the third" not in stage.text
        await stage.press("p")
        assert "the third of three" in stage.text


async def test_words_and_levels_leave_what_has_them() -> None:
    async with staged(talking()) as stage:
        await to_log(stage)
        await stage.press("slash", *"ollama", "space", *"warn", "enter")
        assert "6 lines" in stage.text
        assert "bug of ours" not in stage.text
        await stage.press("slash", *"zebra")
        assert "No line has that in it" in stage.text
        await stage.press("escape")
        assert "30 lines" in stage.text
        await stage.press("l")
        assert "12 lines, warnings and faults" in stage.text
        await stage.press("l")
        assert "6 lines, faults alone" in stage.text
        await stage.press("l")
        assert "30 lines, newest" in stage.text


async def test_a_line_is_copied_by_the_terminal() -> None:
    async with staged(talking()) as stage:
        await to_log(stage)
        await stage.press("down", "c")
        assert stage.app.clipboard.endswith("info events: a raise was granted account=cap:daily usd=2.0")
        assert "OSC 52" in stage.text


async def test_whatever_is_said_acts_on_nothing() -> None:
    snapshot = empty()
    for number, text in enumerate(corpus()[:14]):
        snapshot.log.append(LogLine(number, NOW_MS, Level.INFO, text[:40], text, (("name", text),), trace=text))
    async with staged(snapshot, (160, 45), recorded=True) as stage:
        await to_log(stage)
        await stage.press(*["down"] * 14)
        text = stage.text
        assert not set(text) & {chr(code) for code in (*range(9), *range(11, 32), *range(127, 160))}


def test_of_the_log_a_listener_is_told_the_faults() -> None:
    for level, told in ((Level.ERROR, True), (Level.WARNING, True), (Level.INFO, False)):
        line = LogLine(1, 1, level, "admin.wire", "it failed")
        assert sentences(Logged(1, line), empty()) == ["The proxy's log, admin.wire: it failed"] * told


async def test_older_lines_and_traces_are_asked_of_the_proxy(tmp_path: Path) -> None:
    async with attached("", logged=tmp_path / "log") as hands:
        log = logging.getLogger("bursar.test")
        for number in range(150):
            log.info("line %d", number)
        try:
            raise OSError("the disk is gone")
        except OSError:
            log.exception("a bug")
        hands.app.action_go("log")
        await hands.sees("a bug")
        screen = hands.app.screen
        assert isinstance(screen, Log)
        await hands.press("end")
        await hands.until(lambda: not screen.view.more)
        await hands.press("end")
        await hands.sees("a configuration is in force")
        await hands.press("home", "enter")
        await hands.sees("OSError: the disk is gone")
