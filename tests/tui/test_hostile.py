"""Two hundred hostile names on every screen: nothing acts, nothing is read as markup, nothing crashes."""

import re
from collections.abc import AsyncGenerator
from datetime import UTC
from typing import Any

import pytest
from textual import events
from tui.hostile import corpus, hostile
from tui.snapshots import NOW_MS, empty
from tui.stage import Recording, shut, staged

from bursar.contract.codec import Numbered, Opening
from bursar.contract.commands import KeyIssued
from bursar.domain.alert import Alert, AlertKind, Urgency
from bursar.domain.clock import FixedClock
from bursar_tui.app import BursarApp
from bursar_tui.link import Since, Unattached
from bursar_tui.messages import LinkLost
from bursar_tui.screens.alerts import AlertList
from bursar_tui.screens.browser import Browser
from bursar_tui.screens.call import Call
from bursar_tui.screens.choice import Choice, Option
from bursar_tui.screens.confirm import Confirm
from bursar_tui.screens.dialog import Dialog
from bursar_tui.screens.form import Field, Form
from bursar_tui.screens.key_shown import KeyShown
from bursar_tui.widgets.exchange_table import ExchangeTable
from bursar_tui.widgets.lines import strip_of

_OURS = re.compile(
    r"\x1b\[[0-9;]*m"  # looks
    r"|\x1b\[[0-9;]*H"  # where to write
    r"|\x1b\[\?(?:1049|100[0346]|1015|25|2004|2026|2048|7)[hl]"  # what the driver switches on and off
    r"|\x1b\]22;[a-z-]*\x07"  # the shape of the mouse pointer
    r"|\n"  # ends a row of what is painted
)
"""All that Textual itself has to say to a terminal while it paints."""

_ACTS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]")


def harmless(written: list[str]) -> str:
    """What was written without what Textual says; fails where anything in the rest acts."""
    rest = _OURS.sub("", "".join(written))
    acting = _ACTS.search(rest)
    assert acting is None, ascii(rest[max(0, acting.start() - 40) : acting.end() + 40])
    return rest


def test_there_are_two_hundred_names() -> None:
    assert len(set(corpus())) == len(corpus()) == 200


@pytest.mark.parametrize("first", range(0, 200, 25))
async def test_every_screen(first: int) -> None:
    names = corpus()[first : first + 25]
    snapshot = hostile(names)
    async with staged(snapshot, (152, 40), recorded=True) as stage:
        await stage.press("2", *["down"] * len(names), "enter")
        assert isinstance(stage.app.screen, Call)
        await stage.press("escape", "slash", "g", "p", "t", "escape", "question_mark", "escape", "1")
        for size in ((80, 24), (40, 12), (20, 5), (120, 40)):
            await stage.pilot.resize_terminal(*size)
            await stage.pilot.pause()
        assert stage.app.screen.query_one(ExchangeTable).cursor_id in snapshot.exchanges
        stage.app.on_link_lost(LinkLost(names[-1], 1.0))
        await stage.pilot.pause()
        read = harmless(stage.written)
    for name in names:
        if "[" in name and len(name) < 12 and name.isprintable():
            assert name in read, f"{name!a} was read as markup"


@pytest.mark.parametrize("tab", ["3", "4", "5", "6"])
@pytest.mark.parametrize("first", range(0, 200, 50))
async def test_every_list_every_detail_and_every_dialog(first: int, tab: str) -> None:
    names = corpus()[first : first + 50]
    snapshot = hostile(names)
    dialogs = {"3": "rpezsu", "4": "neox", "5": "cvb", "6": "l"}[tab]
    async with staged(snapshot, (152, 40), recorded=True) as stage:
        await stage.press(tab)
        screen = stage.app.screen
        assert isinstance(screen, Browser)
        rows = [row.id for row in screen.list._rows if row.id]
        for row in rows:
            for each in screen.detail(stage.app.seen, row, 100):
                harmless([segment.text for segment in strip_of(each, 100, screen.list)])
        await stage.press("end", "enter", "down", "pagedown", "escape")
        for place, key in enumerate(dialogs):
            screen.list.put_at(rows[place * 7])
            await stage.press(key, "down", "escape", "escape")
        await stage.press("question_mark", "escape", "home")
        for size in ((40, 12), (20, 5)):
            await stage.pilot.resize_terminal(*size)
            await stage.pilot.pause()
        stage.app.tell(names[-1], well=False)
        await stage.pilot.pause()
        harmless(stage.written)


@pytest.mark.parametrize("kind", ["choice", "confirm", "form", "key", "alerts"])
async def test_dialogs_that_say_a_name(kind: str) -> None:
    async with staged(empty(), (60, 20), recorded=True) as stage:
        for name in corpus()[:160:8]:
            dialogs: dict[str, Dialog[Any]] = {
                "choice": Choice(name, name, [Option(1, name, name, name), Option(2, name)]),
                "confirm": Confirm(name, [name, name], name),
                "form": Form(name, name, [Field(name, name, name)], lambda typed: (1, typed[0])),
                "key": KeyShown(KeyIssued(name, name), name),
                "alerts": AlertList([Alert(name, AlertKind.USED, Urgency.NOTE, name, NOW_MS)] * 2, UTC),
            }
            stage.app.push_screen(dialogs[kind])
            await stage.pilot.pause()
            await stage.press("escape")
        harmless(stage.written)


@pytest.mark.parametrize("name", ["gpt-4[/]", "\x1b]52;c;aGk=\x07", "\x9b2J", "x" * 5_000])
async def test_while_nothing_is_known(name: str) -> None:
    async def watch(since: Since | None) -> AsyncGenerator[Opening | Numbered, None]:
        raise Unattached(name)
        yield

    app = BursarApp(watch, shut, name, FixedClock(NOW_MS))
    app.driver_class = Recording
    async with app.run_test(headless=False) as pilot:
        while app.current_mode != "offline":
            await pilot.pause(0.01)
        assert isinstance(app._driver, Recording)
        while "looked at" not in harmless(app._driver.written):
            await pilot.pause(0.01)


async def test_what_is_pasted_into_the_filter() -> None:
    async with staged(hostile(["fast"]), recorded=True) as stage:
        await stage.press("2", "slash")
        assert stage.app.focused is not None
        stage.app.focused.post_message(events.Paste("a\x1b]52;c;aGk=\x07b\x9b2J[/red]"))
        await stage.until(lambda: "[/red]" in harmless(stage.written))
