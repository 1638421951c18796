"""The tokens of a request before it is sent.

Pure: no loop, no disk, no network. A counter may be used by a worker thread and by the loop's thread at once: what
they share are memos whose every step is whole, and one slot that is read once, into a local name.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Hashable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import msgspec

from bursar.dialects.canonical import PromptParts
from bursar.dialects.chat_shapes import PLAIN
from bursar.dialects.openings import Messages
from bursar.domain.calibration import ONE
from bursar.metering.families import Family, family_of
from bursar.metering.messages import Counted, counted_message
from bursar.metering.tool_text import as_json, tool_text
from bursar.tokens.memo import Memo
from bursar.tokens.text import TextCounter, bytes_as_tokens
from bursar.tokens.vocabulary import ENCODINGS, O200K

_REPLY_PRIMER = 3
_TOOLS_PRESENT = 9
_TOOLS_SHARE_SYSTEM = 4
_CHOICE_NONE = 1
_CHOICE_NAMED = 4
"""OpenAI's chat rule, beyond single messages. Source: as `messages.py` and `tool_text.py` say."""

_UNLOADED_BYTES = 1_000_000
"""What a vocabulary that is not loaded yet weighs beside fresh bytes: both hold a thread up for a while."""
_OPENINGS = 1_000
_HASHED_AT_ONCE = 4_000_000
"""Bytes of one request that are looked up in the memo; what is beyond is taken for new, as hashing it would be slow."""

_SAMPLES = 16
_SAMPLE_BYTES = 256
_SAMPLE_FACTOR = 1_250
"""What a sample may be short of the whole, in thousandths."""
_BYTES_PER_TOKEN = 2
"""Text is hardly ever denser: prose has four or five bytes to a token, code two or three, Chinese two to three."""
_ONLY_TEXT = re.compile(rb'"content"\s*:\s*["n]')
_HEAD = 400
_MEDIA = (b'"image', b'"input_', b'"file')

_anything = msgspec.json.Decoder()


class Prompt(NamedTuple):
    """A prompt in tokens of ours: its text before any factor, and its media by the rule of the model's family."""

    text: int
    media: int

    def times(self, factor: int) -> int:
        """All of it, its text times a factor in thousandths; at least 1."""
        return max(1, scaled(self.text, factor) + self.media)


class _Looked:
    """What `fresh_bytes` found out about a request: for each message its key, and what is remembered of it.

    Of one that begins with an opening which is remembered as a whole, `messages` are those behind that.
    """

    __slots__ = ("counts", "encoding", "keys", "messages", "opened", "parts")

    def __init__(
        self,
        parts: PromptParts,
        encoding: str,
        messages: Sequence[bytes],
        keys: Sequence[int],
        counts: list[int | Counted | None],
        opened: "_Opened | None",
    ) -> None:
        self.parts = parts
        self.encoding = encoding
        self.messages = messages
        self.keys = keys
        self.counts = counts
        self.opened = opened

    def is_all_of(self, parts: PromptParts, encoding: str) -> bool:
        """Whether nothing about this request is left to look up."""
        return parts is self.parts and encoding == self.encoding and len(self.messages) == len(self.keys)


class _Opened(NamedTuple):
    """The messages of an opening: the tokens of those that are nothing but text, and the others."""

    text: int
    others: tuple[Counted, ...]


_NOTHING = _Opened(0, ())


class PromptCounter:
    """Counts prompts, and remembers the counts of single messages by their hash, never their text.

    A conversation that grows is counted only where it is new.
    """

    def __init__(self, text: TextCounter, remembered: int = 10_000) -> None:
        self.text = text
        self._memos = {encoding: Memo[int | Counted](remembered) for encoding in ENCODINGS}
        self._openings = {encoding: Memo[_Opened](_OPENINGS) for encoding in ENCODINGS}
        self._looked: _Looked | None = None

    def warm(self) -> None:
        """Loads what nearly every model is counted with. Takes half a second: for a thread, at the start."""
        self.text.vocabularies.encoding(O200K)

    family = staticmethod(family_of)
    """How prompts for a model are counted, by its name."""

    def fresh_bytes(self, parts: PromptParts, model: str) -> int:
        """How many bytes of a request have yet to be counted: where there are many, count in a thread.

        Costs little beside reading the request. A vocabulary that must first be loaded weighs a megabyte.
        """
        encoding = family_of(model).encoding
        looked = self._looked = self._look(parts, encoding, _HASHED_AT_ONCE)
        fresh = 0 if self.text.vocabularies.is_loaded(encoding) else _UNLOADED_BYTES
        for message, counted in zip(looked.messages, looked.counts, strict=False):
            if counted is None:
                fresh += len(message)
        if len(looked.keys) < len(looked.messages):
            fresh += sum(map(len, looked.messages[len(looked.keys) :]))
        if parts.text:
            fresh += sum(map(len, parts.text))
        if parts.tools is not None:
            tools = bytes(parts.tools)
            fresh += len(tools) if self._memos[encoding].get(_tools_key(tools)) is None else 0
        return fresh

    def rough(self, parts: PromptParts, model: str) -> tuple[Prompt, Prompt] | None:
        """What a prompt comes to before what is new in it is counted: a guess by a sample, and a likely bound.

        None where something new is no text, of which its bytes say nothing.
        """
        family = family_of(model)
        looked = self._looked
        if looked is None or not looked.is_all_of(parts, family.encoding):
            looked = self._look(parts, family.encoding)
        fresh = [text.encode("utf-8", "replace") for text in parts.text]
        known, media, _ = _sum_of(*(looked.opened or _NOTHING), family)
        for message, counted in zip(looked.messages, looked.counts, strict=True):
            if counted is not None:
                text, other = _tokens_of(counted, family)
                known, media = known + text, media + other
                continue
            if not _is_text(message):
                return None
            fresh.append(message)
        fresh += [bytes(part) for part in (parts.tools, parts.tool_choice, parts.response_format) if part is not None]
        guess, bound = self._sampled(fresh, family.encoding)
        return Prompt(known + guess, media), Prompt(known + bound, media)

    def _sampled(self, contents: Sequence[bytes], encoding: str) -> tuple[int, int]:
        """A guess at the tokens of JSON texts, and a likely bound, within a millisecond."""
        size = sum(map(len, contents))
        if not self.text.vocabularies.is_loaded(encoding):
            return bytes_as_tokens(size), size // _BYTES_PER_TOKEN
        samples = _samples(b"\n".join(contents), max(_SAMPLE_BYTES, size // _SAMPLES))
        text = b"\n".join(samples).decode("utf-8", "replace")
        counted = -(-self.text.count_once(text, encoding) * size // max(1, sum(map(len, samples))))
        return counted, scaled(counted, _SAMPLE_FACTOR)

    def prompt(self, parts: PromptParts, model: str) -> Prompt:
        """A request's prompt. Never raises because of what is in the request."""
        family = family_of(model)
        text, media, system = self._messages(parts, family)
        if parts.messages:
            text += _REPLY_PRIMER
        tools = self._tools(parts.tools, family.encoding) if parts.tools is not None else 0
        if tools:
            text += tools + _TOOLS_PRESENT
            if system is not None:
                text += system.padding - _TOOLS_SHARE_SYSTEM
        if parts.tool_choice is not None:
            text += self._by_rule(parts.tool_choice, family.encoding, self._choice_rule)
        if parts.response_format is not None:
            text += self._by_rule(parts.response_format, family.encoding, self._format_rule)
        for prompt in parts.text:
            text += self.text.count(prompt, family.encoding)
        return Prompt(text, media)

    def _look(self, parts: PromptParts, encoding: str, most: int | None = None) -> _Looked:
        """The messages within the first `most` bytes, and what is remembered of them.

        Python's own hash is keyed anew in every process, so that nobody can make two messages collide.
        """
        messages, opened = parts.messages, None
        if type(messages) is Messages:
            opened = self._openings[encoding].get(messages.opening.digest)
            messages = messages.all if opened is None else messages.new
        within = messages
        if most is not None and sum(map(len, messages)) > most:
            within = messages[: bisect_right(list(accumulate(map(len, messages))), most)]
        keys = list(map(hash, within))
        return _Looked(parts, encoding, messages, keys, self._memos[encoding].get_all(keys), opened)

    def _messages(self, parts: PromptParts, family: Family) -> tuple[int, int, Counted | None]:
        """Tokens of text, before the family's factor; tokens of media; the first system message."""
        # Hashing half a megabyte takes a quarter of a millisecond: what `fresh_bytes` just looked up serves once more.
        looked, self._looked = self._looked, None
        if looked is None or not looked.is_all_of(parts, family.encoding):
            looked = self._look(parts, family.encoding)
        opening = parts.messages.opening if type(parts.messages) is Messages else None
        opened = looked.opened or _NOTHING
        text, others = opened.text, list(opened.others)
        for place, counted in enumerate(looked.counts):
            if counted is None:
                counted = self._count_message(looked.messages[place], family.encoding)
                self._memos[family.encoding].put(looked.keys[place], counted)
            if isinstance(counted, int):
                text += counted
            else:
                others.append(counted)
            if opening is not None and opened is _NOTHING and place == opening.number - 1:
                self._openings[family.encoding].put(opening.digest, _Opened(text, tuple(others)))
        return _sum_of(text, others, family)

    def _count_message(self, content: bytes, encoding: str) -> int | Counted:
        """A message of nothing but text, which most are, is kept as a bare number."""
        counted = counted_message(content, lambda text: self.text.count(text, encoding))
        return counted if counted.images or counted.sound_ms or counted.system else counted.text

    def _tools(self, raw: msgspec.Raw, encoding: str) -> int:
        """Tokens of the tools as the model reads them, 0 without any."""
        key, memo = _tools_key(bytes(raw)), self._memos[encoding]
        counted = memo.get(key)
        if not isinstance(counted, int):
            counted = self._by_rule(raw, encoding, self._tools_rule)
            memo.put(key, counted)
        return counted

    def _by_rule(self, raw: msgspec.Raw, encoding: str, rule: Callable[[Any, str], int]) -> int:
        """What a rule makes of a decoded field; of one that cannot be decoded, the tokens of its text."""
        try:
            return rule(_anything.decode(raw), encoding)
        except (ValueError, RecursionError):
            return self.text.count(bytes(raw).decode("utf-8", "replace"), encoding)

    def _tools_rule(self, tools: Any, encoding: str) -> int:
        if not tools:
            return 0
        return self.text.count(tool_text(tools) if isinstance(tools, list) else as_json(tools), encoding)

    def _choice_rule(self, choice: Any, encoding: str) -> int:
        """Nothing for auto, 1 for none, 4 and the name for one tool."""
        if not isinstance(choice, dict):
            return _CHOICE_NONE if choice == "none" else 0
        inner = choice.get("function")
        name = (inner if isinstance(inner, dict) else choice).get("name")
        return _CHOICE_NAMED + self.text.count(name if isinstance(name, str) else as_json(choice), encoding)

    def _format_rule(self, wanted: Any, encoding: str) -> int:
        """A schema that the answer must follow, as compact JSON: how the model reads it is not documented."""
        if not isinstance(wanted, dict) or wanted.get("type") in ("text", "json_object"):
            return 0
        return self.text.count(as_json(wanted), encoding)


def _sum_of(text: int, others: Sequence[Counted], family: Family) -> tuple[int, int, Counted | None]:
    """Tokens of text, before the family's factor, and of media; the first system message."""
    media, system = 0, None
    for counted in others:
        of_text, of_media = _tokens_of(counted, family)
        text, media = text + of_text, media + of_media
        if system is None and counted.system:
            system = counted
    return text, media, system


def _tokens_of(counted: int | Counted, family: Family) -> tuple[int, int]:
    """A counted message's tokens of text, before the family's factor, and of media."""
    if isinstance(counted, int):
        return counted, 0
    if not (counted.images or counted.sound_ms):
        return counted.text, 0
    media = sum(map(family.images.tokens, counted.images)) - (-counted.sound_ms * family.sound // 1000)
    return counted.text, media


def _samples(content: bytes, every: int) -> list[bytes]:
    """A few bytes from every so many."""
    return [content[place : place + _SAMPLE_BYTES] for place in range(0, len(content), every)]


def _is_text(content: bytes) -> bool:
    """Whether a message is nothing but text. One that only may be otherwise counts as otherwise."""
    if content.startswith(PLAIN) or _ONLY_TEXT.search(content, 0, _HEAD):
        return True
    return not any(mark in content for mark in _MEDIA)


def scaled(tokens: int, factor: int) -> int:
    """Tokens times a factor in thousandths, rounded up."""
    return -(-tokens * factor // ONE)


def _tools_key(content: bytes) -> Hashable:
    return ("tools", hash(content))
