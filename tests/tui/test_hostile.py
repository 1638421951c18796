"""Two hundred hostile names on every screen: nothing acts, nothing is read as markup, nothing crashes."""

import re
from collections.abc import AsyncGenerator
from datetime import UTC
from typing import Any

from textual import events
from textual.widget import Widget
from tui.hostile import corpus, hostile
from tui.snapshots import NOW_MS, empty
from tui.stage import Recording, Stage, shut, staged

from bursar.contract.codec import Numbered, Opening
from bursar.contract.commands import KeyIssued
from bursar.domain.alert import Alert, AlertKind, Urgency
from bursar.domain.clock import FixedClock
from bursar_tui.app import BursarApp
from bursar_tui.ink import Line
from bursar_tui.link import Since, Unattached
from bursar_tui.messages import LinkLost
from bursar_tui.screens.alerts import AlertList
from bursar_tui.screens.browser import Browser
from bursar_tui.screens.choice import Choice, Option
from bursar_tui.screens.confirm import Confirm
from bursar_tui.screens.dialog import Dialog
from bursar_tui.screens.form import Field, Form
from bursar_tui.screens.key_shown import KeyShown
from bursar_tui.seen import Attachment, Tie, Told
from bursar_tui.tabs import TABS
from bursar_tui.widgets.banner import Banner
from bursar_tui.widgets.exchange_detail import ExchangeDetail
from bursar_tui.widgets.exchange_table import ExchangeTable
from bursar_tui.widgets.lines import strip_of
from bursar_tui.widgets.outcome import Outcome
from bursar_tui.widgets.panel import Panel

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


def drawn(lines: list[Line], widget: Widget, width: int) -> str:
    """The lines as they would go out; fails where anything in them acts, or is wider than it may be."""
    strips = [strip_of(each, width, widget) for each in lines]
    assert all(strip.cell_length == width for strip in strips)
    return "\n".join(harmless([segment.text for segment in strip]) for strip in strips)


def drawn_on(stage: Stage) -> str:
    """Everything on the screen in view, what is not scrolled to and every row of a list opened included."""
    screen, seen, width = stage.app.screen, stage.app.seen, 150
    read = [drawn(panel.picture(seen, width, 0), panel, width) for panel in screen.query(Panel)]
    if isinstance(screen, Browser):
        rows = screen.rows(seen, width)
        read.append(drawn([row.line for row in rows], screen.list, width))
        read += [drawn(screen.detail(seen, row.id, 100), screen.list, 100) for row in rows if row.id]
    for table in screen.query(ExchangeTable):
        read += [harmless([segment.text for segment in table.render_line(y)]) for y in range(table.room.height)]
    return "\n".join(read)


async def test_every_name_in_every_place_of_every_screen() -> None:
    names = corpus()
    async with staged(hostile(names[:25]), (152, 40), recorded=True) as stage:
        app = stage.app
        for first in range(0, 200, 25):
            some = names[first : first + 25]
            snapshot = app._snapshot = hostile(some)
            read = []
            for tab in TABS:
                app.action_go(tab.name)
                app.present()
                await stage.pilot.pause()
                read.append(drawn_on(stage))
            for call in snapshot.exchanges:
                detail = ExchangeDetail(call)
                read.append(drawn(detail.picture(app.seen, 100, 0), app.screen, 100))
            for name in some:
                if "[" in name and len(name) < 12 and name.isprintable():
                    assert name in "\n".join(read), f"{name!a} was read as markup"
        harmless(stage.written)


async def test_every_screen_at_every_size_and_every_dialog_on_it() -> None:
    names = corpus()[::14]
    dialogs = {"calls": ("enter", "slash"), "budgets": "rpezsu", "keys": "neox", "upstreams": "cvb", "models": "l"}
    async with staged(hostile(names), (152, 40), recorded=True) as stage:
        app = stage.app
        for tab in TABS:
            app.action_go(tab.name)
            await stage.pilot.pause()
            screen = app.screen
            rows = [row.id for row in screen.list._rows if row.id] if isinstance(screen, Browser) else []
            for place, key in enumerate(dialogs.get(tab.name, ())):
                if isinstance(screen, Browser):
                    screen.list.put_at(rows[place * 3])
                await stage.press(key, "down", "escape", "escape")
            await stage.press("end", "f1", "escape", "home")
        # Back to the size of before on every screen, from one at which nothing fits.
        for size in ((20, 5), (80, 24)):
            await stage.pilot.resize_terminal(*size)
            for tab in TABS:
                app.action_go(tab.name)
                await stage.pilot.pause()
        app.action_go(TABS[0].name)
        for name in names:
            app._told, app._attachment = Told(name, False, NOW_MS), Attachment(Tie.LOST, NOW_MS, name, name)
            for panel in (app.screen.query_one(Banner), app.screen.query_one(Outcome)):
                drawn(panel.picture(app.seen, 80, 0), panel, 80)
        app.on_link_lost(LinkLost(names[0], 1.0))
        await stage.pilot.pause()
        harmless(stage.written)


_SHORT = [name for name in corpus() if len(name) < 60]
_TOGETHER = [" ".join(_SHORT[first::3]) for first in range(3)] + ["x" * 2_000 + "e" + "\u0301" * 400]
"""All short names, some dozens to a text: a dialog says all of it."""


async def test_dialogs_that_say_names() -> None:
    async with staged(empty(), (76, 100), recorded=True) as stage:
        for name in _TOGETHER:
            dialogs: list[Dialog[Any]] = [
                Choice(name, name, [Option(1, name, name, name), Option(2, name)]),
                Confirm(name, [name, name], name),
                Form(name, name, [Field(name, name, name)], lambda typed: (1, typed[0])),
                KeyShown(KeyIssued(name, name), name),
                AlertList([Alert(name, AlertKind.USED, Urgency.NOTE, name, NOW_MS)] * 2, UTC),
            ]
            for dialog in dialogs:
                stage.app.push_screen(dialog)
                await stage.pilot.pause()
                stage.app.pop_screen()
        read = harmless(stage.written)
        assert "[bold red]x[/bold red]" in read


async def test_while_nothing_is_known() -> None:
    name = " ".join(_SHORT[:60]) + "x" * 5_000

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
