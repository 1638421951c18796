"""A practice server for each test, and the ways in which tests ask it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from bursar.practice.server import Practice, practice_server
from bursar.tokens.text import TextCounter
from bursar.tokens.vocabulary import Vocabularies

QUESTION = "Please tell me about budgets and proxies"


@dataclass
class Answer:
    """What came back. `ended` says how: `eof`, `reset`, or `silence` when nothing more came for a while."""

    raw: bytes
    ended: str
    status: int = field(init=False)
    head: bytes = field(init=False)
    body: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.head, _, self.body = self.raw.partition(b"\r\n\r\n")
        first = self.head.split(b" ", 2)
        self.status = int(first[1]) if len(first) > 1 and first[0].startswith(b"HTTP/") else 0

    @property
    def headers(self) -> dict[str, str]:
        """The headers, by small names."""
        lines = [line.split(b":", 1) for line in self.head.split(b"\r\n")[1:]]
        return {name.decode().lower(): value.strip().decode() for name, value in lines}

    @property
    def chunks(self) -> tuple[list[bytes], bytes]:
        """The whole chunks of the body, without the last; and all bytes from the first that is not whole."""
        found: list[bytes] = []
        rest = self.body
        while True:
            size, mark, after = rest.partition(b"\r\n")
            try:
                length = int(size, 16)
            except ValueError:
                return found, rest
            if not mark or not length or len(after) < length + 2:
                return found, rest
            found.append(after[:length])
            rest = after[length + 2 :]

    @property
    def content(self) -> bytes:
        """The body without its frame."""
        return b"".join(self.chunks[0]) if b"chunked" in self.head else self.body

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.content)

    @property
    def payloads(self) -> list[bytes]:
        """The data of each event, where events have one data line each and end with an empty line."""
        return [event.removeprefix(b"data: ") for event in self.content.split(b"\n\n") if event]

    @property
    def events(self) -> list[Any]:
        """The JSON of each event but `[DONE]`."""
        return [json.loads(payload) for payload in self.payloads if payload != b"[DONE]"]

    @property
    def text(self) -> str:
        """The text of the first choice, streamed or not."""
        if b"text/event-stream" not in self.head:
            choice = self.json["choices"][0]
            return str(choice["message"]["content"] if "message" in choice else choice["text"])
        choices = [choice for event in self.events for choice in event["choices"] if choice["index"] == 0]
        return "".join(
            (choice["delta"].get("content") or "") if "delta" in choice else choice["text"] for choice in choices
        )


def request(path: str, body: bytes, *headers: str) -> bytes:
    """A POST request, byte for byte."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", *headers]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


@dataclass
class Asking:
    """Asks one practice server over raw sockets."""

    practice: Practice

    async def post(self, path: str, *headers: str, patience_s: float = 5.0, **body: Any) -> Answer:
        """Post `body` on a connection of its own and read till its end, or till nothing comes for so long."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.practice.port)
        writer.write(request(path, json.dumps(body).encode(), "Connection: close", *headers))
        try:
            return await read_all(reader, patience_s)
        finally:
            writer.close()

    async def chat(self, model: str, say: str = QUESTION, *, patience_s: float = 5.0, **more: Any) -> Answer:
        """A chat with one message of the user's."""
        body = {"model": model, "messages": [{"role": "user", "content": say}], **more}
        return await self.post("/v1/chat/completions", patience_s=patience_s, **body)

    async def get(self, path: str, *headers: str) -> Answer:
        """Get a path."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.practice.port)
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *headers, "", ""]
        writer.write("\r\n".join(lines).encode())
        try:
            return await read_all(reader, 5.0)
        finally:
            writer.close()


async def read_all(reader: asyncio.StreamReader, patience_s: float) -> Answer:
    """All that comes."""
    raw = b""
    while True:
        try:
            async with asyncio.timeout(patience_s):
                part = await reader.read(1 << 20)
        except TimeoutError:
            return Answer(raw, "silence")
        except ConnectionResetError:
            return Answer(raw, "reset")
        if not part:
            return Answer(raw, "eof")
        raw += part


Count = Callable[[str], int]


@pytest.fixture(scope="session")
def counter() -> TextCounter:
    return TextCounter(Vocabularies())


@pytest.fixture(scope="session")
def count(counter: TextCounter) -> Count:
    """The tokens of a text, by the vocabulary itself."""
    encoding = counter.vocabularies.encoding("o200k_base")
    return lambda text: len(encoding.encode_ordinary(text))


@pytest.fixture
async def practice(counter: TextCounter) -> AsyncIterator[Practice]:
    async with practice_server(pause_scale=0.01, counter=counter) as running:
        yield running


@pytest.fixture
def ask(practice: Practice) -> Asking:
    return Asking(practice)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened
