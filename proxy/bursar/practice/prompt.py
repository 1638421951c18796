"""Prompt: what a request asks to be read: its digest, from which the answer is made, and its tokens.

The counting rule is OpenAI's for text: 3 to begin the answer, and for each message 3, its role, its
content, and its name with 1 more (checked against the figures that OpenAI's cookbook gives for its own
models). Beyond it, in plain: an image is 85 tokens, a tool call its name and arguments and 3, and tool
definitions are the tokens of their JSON. It is written here once more, and not taken from what the proxy
counts with, because a judge has to count for himself.
"""

import asyncio
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from hashlib import blake2b

from bursar.practice.asks import Message
from bursar.practice.inputs import Input, bytes_of
from bursar.practice.memo import Memo

PRIMER_TOKENS = 3
MESSAGE_TOKENS = 3
NAME_TOKENS = 1
IMAGE_TOKENS = 85
CALL_TOKENS = 3

_ASIDE_CHARACTERS = 8_192
"""More new text than this is counted in a thread, so that no stream stalls meanwhile."""


@dataclass(slots=True)
class Section:
    """A message, or another part of a prompt: its texts, and the tokens that are not text."""

    texts: list[str]
    extra: int = 0


@dataclass(slots=True)
class Prompt:
    """The prompt of one request. `asked` is what the user said last. `prefill` is a trailing message of the
    assistant's: it is no part of the digest, so that the answer is the same text and continues it.
    """

    sections: list[Section]
    digest: bytes
    memo: Memo
    asked: str = ""
    prefill: str = ""
    _counted: list[int] | None = None
    _counting: "asyncio.Future[list[int]] | None" = field(default=None)

    def bound(self) -> int:
        """No more tokens than this can it have: a token is at least a byte."""
        texts = [text for section in self.sections for text in section.texts]
        return sum(section.extra for section in self.sections) + sum(
            [len(text) if text.isascii() else 4 * len(text) for text in texts]
        )

    def start(self, aside: Executor) -> None:
        """Begin to count in a thread where much of it is new."""
        known = self.memo.known
        new = sum(len(text) for section in self.sections for text in section.texts if known(text) is None)
        if new > _ASIDE_CHARACTERS:
            self._counting = asyncio.get_running_loop().run_in_executor(aside, self._count)

    async def counted(self) -> int:
        """The tokens of it all."""
        if self._counted is None and self._counting is not None:
            self._counted = await asyncio.shield(self._counting)
        return self.tokens()

    def tokens(self) -> int:
        """The tokens of it all, counted here and now where that has not been done aside."""
        return sum(self.by_section())

    def by_section(self) -> list[int]:
        """The tokens of each section."""
        if self._counted is None:
            self._counted = self._count()
        return self._counted

    def leading(self) -> list[bytes]:
        """A digest of the first section, of the first two, and so on: what a cache of prefixes goes by."""
        digest, found = blake2b(digest_size=16), []
        for section in self.sections:
            _feed(digest, section.texts)
            found.append(digest.digest())
        return found

    def _count(self) -> list[int]:
        count = self.memo.count
        return [section.extra + sum(map(count, section.texts)) for section in self.sections]


def chat_prompt(messages: Sequence[Message], tools: str, memo: Memo) -> Prompt:
    """The prompt of a chat; `tools` is the JSON of its tool definitions, or ''."""
    sections = [_section(message) for message in messages]
    prefill = messages[-1].text if messages[-1].role == "assistant" else ""
    digest = blake2b(digest_size=16)
    for section in sections[:-1] if prefill else sections:
        _feed(digest, section.texts)
    asked = next((message.text for message in reversed(messages) if message.role == "user"), "")
    # Tools come first, as a change of them changes all that follows in a vendor's cache.
    sections.insert(0, Section([tools] if tools else [], PRIMER_TOKENS))
    return Prompt(sections, digest.digest(), memo, asked, prefill)


def plain_prompt(value: Input, suffix: str, memo: Memo) -> Prompt:
    """The prompt of a completion, with what follows the gap that it fills."""
    digest = blake2b(bytes_of(value) + b"\0" + suffix.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    texts = [suffix] if suffix else []
    if isinstance(value, str):
        return Prompt([Section([value, *texts])], digest, memo, asked=value[-2_000:])
    return Prompt([Section(texts, len(value))], digest, memo)


def _section(message: Message) -> Section:
    texts = [message.role, message.text]
    extra = MESSAGE_TOKENS
    if message.name is not None:
        texts.append(message.name)
        extra += NAME_TOKENS
    if isinstance(message.content, list):
        extra += IMAGE_TOKENS * sum(part.type == "image_url" for part in message.content)
    for call in message.tool_calls or ():
        texts += (call.function.name, call.function.arguments)
        extra += CALL_TOKENS
    return Section(texts, extra)


def _feed(digest: blake2b, texts: Iterable[str]) -> None:
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(data))
        digest.update(data)
