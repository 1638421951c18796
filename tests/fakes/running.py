"""A proxy started as the daemon starts it, in the test's own loop, with the practice upstream behind it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from bursar.contract.commands import AttemptRow
from bursar.contract.events import ExchangeClosed
from bursar.contract.places import Places
from bursar.contract.snapshot import ExchangeView
from bursar.daemon.daemon import Daemon
from bursar.domain.account import Standing
from bursar.log.process_log import ProcessLog
from bursar.practice.server import Practice, practice_server
from bursar.tokens.text import TextCounter
from bursar.tokens.vocabulary import Vocabularies

VOCABULARIES = Vocabularies()
"""Loaded once for all tests: they never change."""

MESSAGES = [{"role": "user", "content": "Tell me about budgets."}]

PRICES = """
[prices."practice-small"]
input = "0.15"
output = "0.60"
cached_input = "0.075"
[prices."fault-*"]
input = "0.15"
output = "0.60"
"""


@dataclass
class Answered:
    """One whole answer: `events` are the payloads of a stream."""

    status: int
    headers: dict[str, str]
    body: bytes
    broken: bool = False

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def events(self) -> list[str]:
        blocks = self.body.decode().split("\n\n")
        return [block.removeprefix("data: ") for block in blocks if block.startswith("data: ")]

    @property
    def chunks(self) -> list[Any]:
        return [msgspec.json.decode(event) for event in self.events if event != "[DONE]"]

    @property
    def text(self) -> str:
        """What the model said, plain or streamed."""
        if not self.body.startswith(b"data:"):
            return str(self.json["choices"][0]["message"]["content"])
        said = [choice["delta"].get("content") or "" for chunk in self.chunks for choice in chunk.get("choices", ())]
        return "".join(said)

    @property
    def finish_reasons(self) -> list[str]:
        reasons = [choice.get("finish_reason") for chunk in self.chunks for choice in chunk.get("choices", ())]
        return [reason for reason in reasons if reason]


@dataclass
class Running:
    """A running proxy. `key` is a client key that is issued at the start."""

    daemon: Daemon
    base_url: str
    places: Places
    practice: Practice
    session: aiohttp.ClientSession
    key: str = ""

    async def chat(self, model: str = "fast", *, key: str | None = None, **fields: object) -> Answered:
        """A chat completion, read to its end."""
        body = {"model": model, "messages": MESSAGES, **fields}
        return await self.post("/chat/completions", msgspec.json.encode(body), key=key)

    async def post(self, path: str, body: bytes, *, key: str | None = None, **headers: str) -> Answered:
        """Any request to the public door."""
        headers = {"Authorization": f"Bearer {self.key if key is None else key}", **headers}
        headers.setdefault("Content-Type", "application/json")
        async with self.session.post(self.base_url + path, data=body, headers=headers) as response:
            got, broken = bytearray(), False
            try:
                while piece := await response.content.readany():
                    got += piece
            except aiohttp.ClientPayloadError:
                broken = True
            return Answered(response.status, dict(response.headers), bytes(got), broken)

    async def models(self) -> Any:
        """What the proxy lists for its key."""
        headers = {"Authorization": f"Bearer {self.key}"}
        async with self.session.get(f"{self.base_url}/models", headers=headers) as response:
            return msgspec.json.decode(await response.read())

    async def settled(self) -> None:
        """Wait until every call has ended and every hold with it."""
        feed = self.daemon.feed
        while any(exchange.outcome is None for exchange in feed.snapshot.exchanges.values()):
            await feed.wait_for(lambda event: isinstance(event, ExchangeClosed))
        await self.daemon.ledger.drain()

    async def exchanges(self) -> list[ExchangeView]:
        """Every exchange so far, ended."""
        await self.settled()
        return list(self.daemon.feed.snapshot.exchanges.values())

    async def records(self) -> list[AttemptRow]:
        """Every usage record so far, the first first."""
        await self.settled()
        return list((await self.daemon.statement.history(limit=1000)).rows)[::-1]

    async def standing(self, cap: str) -> Standing:
        """How a cap stands."""
        await self.settled()
        account = self.daemon.feed.snapshot.accounts[f"cap:{cap}"]
        return (await self.daemon.ledger.standings([account]))[account.id]


def configuration(practice: Practice, extra: str = "", *, limits: str = "", upstream: str = "") -> str:
    """One upstream, the practice one, under the alias `fast` and as `main/MODEL`; `upstream` are settings of it."""
    return f"""
[server]
port = 0
zone = "UTC"
[limits]
{limits}
[upstreams.main]
kind = "openai_compatible"
base_url = "{practice.base_url}"
{upstream}
[aliases.fast]
routes = ["main/practice-small"]
{PRICES}
{extra}
"""


@asynccontextmanager
async def running_proxy(
    folder: Path,
    extra: str = "",
    *,
    limits: str = "",
    upstream: str = "",
    speed: float | None = 0,
    pause_scale: float = 1.0,
    log: ProcessLog | None = None,
) -> AsyncIterator[Running]:
    """A proxy and its practice upstream; afterwards nothing is held and all sums are right."""
    async with AsyncExitStack() as stack:
        practice = await stack.enter_async_context(
            practice_server(speed=speed, pause_scale=pause_scale, counter=TextCounter(VOCABULARIES))
        )
        text = configuration(practice, extra, limits=limits, upstream=upstream)
        yield await stack.enter_async_context(proxy_with(folder, text, practice, log=log))


@asynccontextmanager
async def proxy_with(
    folder: Path, config: str, practice: Practice, key: str = "laptop", log: ProcessLog | None = None
) -> AsyncIterator[Running]:
    """A proxy with a configuration of its own; `key` is the name of the client key, new in this folder."""
    places = _placed(folder, config)
    async with AsyncExitStack() as stack:
        daemon = Daemon(places, vocabularies=VOCABULARIES, log=log)
        base_url = await daemon.open(stack)
        session = await stack.enter_async_context(aiohttp.ClientSession(auto_decompress=False))
        running = Running(daemon, base_url, places, practice, session)
        _, running.key = await daemon.keys.issue(key)
        yield running
        await running.settled()
        assert daemon.ledger.open_holds == 0
        assert await daemon.statement.audit() == ()


def _placed(folder: Path, config: str) -> Places:
    folder.mkdir(parents=True, exist_ok=True)
    places = Places(folder / "config.toml", folder / "data", folder / "run", folder / "log")
    places.config_file.write_text(config)
    return places
