"""The calls of the soak: plain and streamed, a third of them into a fault, some by clients that leave."""

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass, field

import aiohttp

from bursar.practice.faults.table import FAULTS

AT_ONCE = 24
LEAVERS = 0.1
"""The share of clients that leave before their answer has come to its end."""
FAULTY = 1 / 3

HEAVY = frozenset({"fault-500-bomb", "fault-big-line", "fault-endless-line", "fault-gzip-bomb", "fault-deep-json"})
"""Faults of tens of megabytes each: what they are about is memory, and a few of them are enough."""
_HEAVY_SHARE = 0.01
_HEALTHY = (
    "fast",
    "main/practice-tokens-20",
    "main/practice-tokens-300",
    "main/practice-code",
    "main/practice-reasoning",
)
_CALL_S = 60.0


@dataclass
class Came:
    """What became of the calls, by words; `wrong` are those that no client should see."""

    ways: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def aliases() -> str:
    """An alias for each fault with a healthy route behind it, and one that goes on with what was cut."""
    lines = ['[aliases.fast]\nroutes = ["main/practice-tokens-60"]']
    lines += [f'[aliases."double/{name}"]\nroutes = ["main/{name}", "main/practice-tokens-60"]' for name in FAULTS]
    for number in range(1, 60):
        routes = f'["main/practice-code-cut-{number}", "main/practice-code"]'
        lines.append(
            f'[aliases."cut/{number}"]\nroutes = {routes}\ncontinue = "{"prefill" if number % 2 else "verify"}"'
        )
    return "\n".join(lines)


class Clients:
    """Client applications that share a few kept connections."""

    def __init__(self, base_url: str, key: str, seed: int, *, heavy: bool) -> None:
        self._url = f"{base_url}/chat/completions"
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._random = random.Random(seed)
        self._light = [name for name in FAULTS if name not in HEAVY]
        self._heavy = heavy
        self.came = Came()

    async def call(self, count: int) -> None:
        """So many calls, a few at once."""
        left = iter(range(count))
        connector = aiohttp.TCPConnector(limit=AT_ONCE)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:

            async def ask_on() -> None:
                for _ in left:
                    await self._one(session)

            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(ask_on())

    async def _one(self, session: aiohttp.ClientSession) -> None:
        model, stream = self._model(), self._random.random() < 0.6
        leaves_s = self._random.random() * 0.05 if self._random.random() < LEAVERS else None
        number = self._random.randrange(10**6)
        body = {
            "model": model,
            "stream": stream,
            "messages": [{"role": "user", "content": f"Question {number}, please."}],
        }
        try:
            async with asyncio.timeout(_CALL_S if leaves_s is None else leaves_s):
                await self._ask(session, json.dumps(body).encode(), model, stream=stream)
        except TimeoutError:
            if leaves_s is None:
                self.came.wrong.append(f"{model}: no end within {_CALL_S:g} s")
            else:
                self.came.ways["left"] += 1
        except aiohttp.ClientError as error:
            self.came.wrong.append(f"{model}: {error!r}")

    async def _ask(self, session: aiohttp.ClientSession, body: bytes, model: str, *, stream: bool) -> None:
        async with session.post(self._url, data=body, headers=self._headers) as response:
            got, broken = bytearray(), False
            try:
                while piece := await response.content.readany():
                    got += piece
            except aiohttp.ClientPayloadError:
                broken = True
            way = _way(response.status, bytes(got), broken=broken, stream=stream)
        if way.startswith("wrong") or (way != "whole" and "fault" not in model):
            self.came.wrong.append(f"{model}: {way}: {response.status} {bytes(got[-200:])!r}")
        self.came.ways[way] += 1

    def _model(self) -> str:
        if self._random.random() >= FAULTY:
            return self._random.choice(_HEALTHY)
        if self._heavy and self._random.random() < _HEAVY_SHARE:
            return "main/" + self._random.choice(sorted(HEAVY))
        if self._random.random() < 0.2:
            return f"cut/{self._random.randrange(1, 60)}"
        before = self._random.choice(("main", "double"))
        return f"{before}/{self._random.choice(self._light)}"


def _way(status: int, body: bytes, *, broken: bool, stream: bool) -> str:
    """What a client saw: the whole, an error, a part and an error, or something wrong."""
    if status >= 400:
        return "error" if not broken and b'"error":{"message":' in body else "wrong error"
    if not stream:
        return "whole" if not broken and b'"finish_reason":"' in body.replace(b'": "', b'":"') else "wrong plain answer"
    if broken:
        last = body.rstrip().rpartition(b"data: ")[2]
        return "part" if last.startswith(b'{"error"') and b"[DONE]" not in body else "wrong break"
    return "whole" if body.endswith(b"data: [DONE]\n\n") and body.count(b"[DONE]") == 1 else "wrong end"
