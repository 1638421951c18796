"""Canaries: secrets that vendors and clients repeat wherever they can are in no picture, and are not read aloud."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path

import pytest
from end_to_end.test_canaries import ANSWER, FOREIGN, PROMPT, WAYS, saying
from fakes.running import running_proxy
from fakes.vendor import vendor
from textual.geometry import Size
from tui.attached import Hands

from bursar.contract.log_line import Level
from bursar.domain.clock import FixedClock, SystemClock
from bursar.log.process_log import process_log
from bursar_tui.app import BursarApp
from bursar_tui.link import door_at, watch_at
from bursar_tui.plain import Plain
from bursar_tui.screens.browser import Browser
from bursar_tui.tabs import TABS
from bursar_tui.widgets.exchange_table import ExchangeTable

KEY = "sk-zq7canaryupstream0a1b2c3d4e5f"
AGENT = "evil/1[red]\u202ex"
SIZE = (120, 60)
"""Narrower than what shows a list and its detail side by side: a text that is wrapped goes on in the next line."""

VENDOR = """
[upstreams.echo]
kind = "openai_compatible"
base_url = "{url}"
secret = "env:BURSAR_TEST_CANARY"
[aliases.echoes]
routes = ["echo/401", "echo/500", "echo/fine"]
[prices."echo/*"]
input = "1"
output = "1"
[caps.everything]
usd = "5.00"
every = "day"
"""

DIALOGS = {
    "overview": ("f1", "ctrl+p", "exclamation_mark"),
    "calls": ("slash", "c"),
    "budgets": tuple("ra"),
    "keys": tuple("exc"),
    "upstreams": tuple("vsw"),
    "models": tuple("ml"),
    "settings": tuple("ew"),
    "log": ("enter",),
}
"""Of each screen the keys that open something or say something, besides enter."""


@asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[tuple[Hands, StringIO]]:
    """The app, and the plain mode, on a proxy whose vendor knows no shame."""
    with process_log(folder / "log", level=Level.DEBUG, size=1_000_000, files=2, terminal=StringIO()) as log:
        async with (
            vendor(saying("echo", KEY)) as there,
            running_proxy(folder, VENDOR.format(url=there.base_url), log=log) as proxy,
            asyncio.TaskGroup() as tasks,
        ):
            clock, aloud = FixedClock(SystemClock().now_ms()), StringIO()
            reader = tasks.create_task(Plain(aloud, clock).run(watch_at(proxy.places)))
            app = BursarApp(watch_at(proxy.places), door_at(proxy.places), "the test", clock)
            async with app.run_test(size=SIZE) as pilot:
                hands = Hands(app, pilot, clock, asyncio.Queue(), proxy)
                await hands.until(lambda: app.seen.known)
                yield hands, aloud
            reader.cancel()


async def calls(hands: Hands) -> None:
    """Each way in which a vendor repeats the key that it was sent, and clients that put keys where none belongs."""
    proxy = hands.proxy
    said = [{"role": "user", "content": f"{PROMPT} {proxy.key} {KEY}"}]
    for place, way in enumerate(WAYS):
        await proxy.chat(f"echo/{way}", messages=said, stream=bool(place % 2))
    await proxy.chat("echoes", messages=said)
    await proxy.chat("fast", key=FOREIGN, messages=said)
    for agent in (AGENT, f"{proxy.key} 1", f"curl/{KEY}"):
        body = json.dumps({"model": "fast", "messages": said}).encode()
        await proxy.post("/chat/completions", body, **{"User-Agent": agent})
    await proxy.settled()


def read_on(hands: Hands) -> str:
    """What can be read on the screen, without the picture that `Stage.text` takes of it."""
    return "\n".join(strip.text for strip in hands.app.screen._compositor.render_strips(Size(*SIZE)))


async def every_picture(hands: Hands) -> AsyncIterator[tuple[str, str]]:
    """What is on screen, by how to get there: each tab, each of its rows opened, each of its dialogs, help, alerts."""
    app = hands.app
    for tab in TABS:
        app.action_go(tab.name)
        await hands.pilot.pause()
        yield tab.name, read_on(hands)
        screen = app.screen
        if isinstance(screen, Browser):
            for row in [row.id for row in screen.list._rows if row.id][:5]:
                screen.list.put_at(row)
                await hands.pilot.pause()
                yield f"{tab.name}: {row}", read_on(hands)
        elif tab.name == "calls":
            for _ in range(screen.query_one(ExchangeTable).after_cursor + 1):
                await hands.press("enter")
                yield f"{tab.name}: a call", read_on(hands)
                await hands.press("escape", "down")
        for key in DIALOGS.get(tab.name, ()):
            await hands.press(key)
            yield f"{tab.name}: {key}", read_on(hands)
            while app.screen is not screen:
                app.pop_screen()
                await hands.pilot.pause()
            await hands.press("escape")


def found(text: str, secret: str) -> list[str]:
    """What can be read of a secret: half of it would be too much, wherever lines were broken."""
    read, half = "".join(text.split()), len(secret) // 2
    return [part for part in (secret[:half], secret[half:]) if "".join(part.split()) in read]


async def test_no_secret_is_on_any_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURSAR_TEST_CANARY", KEY)
    async with watched(tmp_path) as (hands, aloud):
        await calls(hands)
        await hands.until(lambda: hands.app.seen.snapshot.seq == hands.snapshot.seq)
        keys = {"the vendor's key": KEY, "the client's key": hands.proxy.key, "a key of no one": FOREIGN}
        secrets = {**keys, "a prompt": PROMPT, "an answer": ANSWER}
        leaks, pictures, read = [], 0, ""
        async for where, text in every_picture(hands):
            pictures, read = pictures + 1, read + text
            leaks += [(where, what) for what, each in secrets.items() if found(text, each)]
        leaks += [("plain", what) for what, each in secrets.items() if found(aloud.getvalue(), each)]
        assert leaks == []
        assert pictures > 40
        for told in ("Incorrect API key provided", "evil/1[red]", "env:BURSAR_TEST_CANARY"):
            assert told in read, "the vendor's words, the client and where the key is are told, but for the secret"
        assert "Incorrect API key provided" in aloud.getvalue()
