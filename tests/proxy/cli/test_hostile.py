"""Names, answers and errors that try to act on a terminal, a log or a spreadsheet, through every command that shows."""

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from fakes.running import Running, proxy_with
from fakes.vendor import answer, no, vendor

from bursar.cli.main import main

EVIL = "=1+1\x1b]52;c;cm0=\x07\x1b[2J\x9b31m\r\nX-Evil: y\u202e\u2066\u2028\x7f[red]"
"""Writes the clipboard, clears the screen, colours, breaks the line, turns the direction, begins a formula."""
CLIENT = "=cmd\x9b31m\u202e/1"

ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]")
"""A line end and a tab are what an answer of several lines is shown with."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")

CONFIG = """
[server]
port = 0
zone = "UTC"
[alerts]
desktop = false
[upstreams.main]
kind = "openai_compatible"
base_url = "{url}"
[aliases.fast]
routes = ["main/fine"]
[aliases.bad]
routes = ["main/bad"]
[aliases.down]
routes = ["main/down"]
[prices."main/*"]
input = "1"
output = "1"
[caps.all]
usd = "5"
every = "day"
"""

SHOWING = (
    "status", "usage", "usage --by model", "usage --by client", "log", "statement", "key list", "key show evil",
    "alias list", "cap list", "wallet list", "plan list", "doubt list", "alerts list", "upstream list",
    "upstream check main", "secret list", "prices", "config check", "explain fast", "explain down", "ask fast hi",
    "ask bad hi", "ask down hi", "doctor --offline", "log --process",
)  # fmt: skip
NAMING = (
    "key show {}", "key issue {}", "upstream check {}", "upstream clear {}", "alias show {}", "cap remove {}",
    "explain {}", "ask {} hi", "prices {}", "config set {} 1", "log --id {}", "statement {}", "usage --since {}",
    "restore {}", "secret set {}", "wallet top-up {}", "connect {}", "usage --only {}", "plan show {}",
    "{}", "service {}",
)  # fmt: skip


def answering(body: dict[str, Any]) -> Any:
    if body["model"] == "bad":
        return no(400, EVIL, code=EVIL, param=EVIL)
    if body["model"] == "down":
        return no(500, EVIL)
    return answer(model=EVIL, text=EVIL)


@pytest.fixture
async def proxy(home: Path) -> AsyncIterator[Running]:
    """A proxy in this test's own home, before a vendor whose every word is hostile."""
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(vendor(answering, {"id": EVIL, "object": "model"}))
        config = CONFIG.format(url=there.base_url)
        running = await stack.enter_async_context(proxy_with(home, config, None))  # type: ignore[arg-type]
        await running.daemon.keys.issue("evil", models=(EVIL,))
        agent = {"User-Agent": CLIENT, "Authorization": f"Bearer {running.key}"}
        for model in ("fast", "bad", "down", f"main/{EVIL}"):
            body = {"model": model, "messages": [{"role": "user", "content": EVIL}]}
            async with running.session.post(f"{running.base_url}/chat/completions", json=body, headers=agent) as reply:
                await reply.read()
                assert "X-Evil" not in reply.headers
                assert not ACTS.search("".join(f"{name}{value}" for name, value in reply.headers.items()))
        await running.settled()
        yield running


async def test_nothing_that_any_command_prints_acts(proxy: Running, capsys: pytest.CaptureFixture[str]) -> None:
    exchange = (await proxy.records())[0].exchange_id
    commands = [each.split() for each in (*SHOWING, f"log --id {exchange}")]
    commands += [[word.replace("{}", EVIL) for word in each.split()] for each in NAMING]
    silent = []
    for words in commands:
        capsys.readouterr()
        with suppress(SystemExit):
            await asyncio.to_thread(main, words)
        said = capsys.readouterr()
        if not said.out + said.err:
            silent.append(words)
        acting = ACTS.search(said.out + said.err)
        assert acting is None, (words, acting)
        assert "Traceback" not in said.err, words
    assert silent == []
    log = b"".join(path.read_bytes() for path in (proxy.places.log_dir).glob("*")).decode()
    assert not ACTS.search(log)


async def test_no_export_has_a_formula(proxy: Running, capsys: pytest.CaptureFixture[str]) -> None:
    for words in ("usage --by model --csv", "usage --by client --csv", "usage --by key --csv", "statement --csv"):
        capsys.readouterr()
        assert await asyncio.to_thread(main, words.split()) == 0
        rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
        cells = [cell for row in rows for cell in row]
        assert any("1+1" in cell or "cmd" in cell for cell in cells) or "key" in words
        assert not [cell for cell in cells if cell.startswith(FORMULA)], words
        assert len({len(row) for row in rows}) == 1
    assert proxy.base_url
