"""OpenAI chat completions, one answer made of several streams: what the client has, and where the next one joins it.

Only a single answer of plain text is joined. Once the client's text is reached, the next stream passes on
under the first one's name, so that the client sees one answer.
"""

from os.path import commonprefix
from typing import Any

import msgspec

from bursar.dialects.canonical import NOT_JSON
from bursar.dialects.openai_chat_request import ChatRequest, limited

LIKE_A_NEW_BEGINNING = 24
"""Characters: an answer that repeats so much of the client's text does not write on, it begins again."""

_HEAD = ("id", "object", "created", "model", "system_fingerprint", "service_tier", "provider")
_REASONING = ("reasoning_content", "reasoning", "reasoning_details")
_PLAIN_DELTA = frozenset({"role", "content", "refusal"})
_UNJOINABLE_FIELDS = ("logprobs", "top_logprobs", "audio", "modalities", "prediction")

_anything = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()


class DoesNotJoin(Exception):
    """The next answer does not go on where the client's text ends; the message says why."""


def may_be_joined(request: ChatRequest) -> bool:
    """Whether the answer to a request may be continued by another: one stream of plain text."""
    if not request.stream or request.answers != 1 or not request.parts.messages:
        return False
    fields = request.fields
    if any(_is_set(fields.get(name)) for name in _UNJOINABLE_FIELDS):
        return False
    form = _value(fields.get("response_format"))
    return form is None or (isinstance(form, dict) and form.get("type") in (None, "text"))


def prefilled(request: ChatRequest, text: str, tokens: int) -> ChatRequest | None:
    """The request with what the client has of its answer as the assistant's last message, to be written on.

    `tokens` are those of the text, by which a limit shrinks. White space at the end is left out, as some
    refuse it. None where there is nothing to write on, or no room to.
    """
    text = text.rstrip()
    limit = request.limit - tokens if request.limit is not None else None
    if not text or (limit is not None and limit < 1):
        return None
    messages = list(map(msgspec.Raw, request.parts.messages))
    last = _value(messages[-1])
    if isinstance(last, dict) and last.get("role") == "assistant":
        before = last.get("content")
        if not isinstance(before, str) or last.get("tool_calls"):
            return None
        messages[-1] = _raw({**last, "content": before + text})
    else:
        messages.append(_raw({"role": "assistant", "content": text}))
    fields = {**request.fields, "messages": _raw(messages)}
    if limit is not None:
        fields = limited(fields, limit)
    parts = msgspec.structs.replace(request.parts, messages=tuple(map(bytes, messages)))
    return msgspec.structs.replace(request, fields=fields, parts=parts, limit=limit)


class Said:
    """What a client has of one answer. `head` are the fields that all its chunks share."""

    def __init__(self) -> None:
        self.head: dict[str, Any] = {}
        self.joinable = True
        """Whether it can go on: all of it is text, and it has not come to its end."""
        self._pieces: list[str] = []

    @property
    def text(self) -> str:
        """All its text."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    def add(self, payload: bytes) -> None:
        """One chunk that the client was given."""
        try:
            chunk = _anything.decode(payload)
        except NOT_JSON:
            self.joinable = False
            return
        if not isinstance(chunk, dict):
            self.joinable = False
            return
        if not self.head:
            self.head = {name: chunk[name] for name in _HEAD if name in chunk}
        choices = chunk.get("choices") or ()
        for choice in choices if isinstance(choices, list) else (None,):
            self._take(choice)

    def _take(self, choice: object) -> None:
        text = _plain_text(choice)
        if text is None:
            self.joinable = False
        elif text:
            self._pieces.append(text)


def _plain_text(choice: object) -> str | None:
    """The text of a chunk's choice; None where it is not the first, has anything beside text, or ends."""
    if not isinstance(choice, dict) or choice.get("index", 0) != 0:
        return None
    delta = choice.get("delta") or {}
    if choice.get("finish_reason") or choice.get("logprobs") or not isinstance(delta, dict):
        return None
    if delta.get("refusal") or any(value for name, value in delta.items() if name not in _PLAIN_DELTA):
        return None
    content = delta.get("content")
    return content if isinstance(content, str) else "" if content is None else None


class Joiner:
    """Turns the chunks of the next stream into those that follow what the client has.

    `written` is what the next route was given to write on; where it is empty, the route was asked the same
    again, and its text has to begin with all that the client has. `tokens` are those of `written`.
    """

    def __init__(self, said: Said, written: str = "", tokens: int = 0) -> None:
        self._head = dict(said.head)
        self._tokens = tokens
        text = said.text
        self._due = "" if written else text
        self._repeats = written if len(written) >= LIKE_A_NEW_BEGINNING else ""
        self._held = ""
        self._space = text[len(written) :] if written else ""

    def join(self, payload: bytes) -> bytes | None:
        """The chunk that the client gets for one of the next stream's; None for none. Raises DoesNotJoin."""
        try:
            chunk = _anything.decode(payload)
        except NOT_JSON:
            raise DoesNotJoin("it sent what cannot be read") from None
        choices = chunk.get("choices") if isinstance(chunk, dict) else None
        if not isinstance(choices, list) or len(choices) > 1:
            raise DoesNotJoin("it sent another form of answer")
        if not choices:
            return self._renamed(self._with_all_tokens(chunk))
        choice = choices[0]
        if not isinstance(choice, dict) or choice.get("index", 0) != 0:
            raise DoesNotJoin("it sent another answer beside the first")
        return self._joined(chunk, choice)

    def _joined(self, chunk: dict[str, Any], choice: dict[str, Any]) -> bytes | None:
        delta = choice.get("delta")
        delta = {name: value for name, value in delta.items() if value is not None} if isinstance(delta, dict) else {}
        delta.pop("role", None)
        for name in _REASONING:
            delta.pop(name, None)
        content = delta.pop("content", "")
        if not isinstance(content, str):
            raise DoesNotJoin("it sent another form of answer")
        rest = self._beyond(content)
        ends = bool(choice.get("finish_reason"))
        if (ends or delta) and not self._arrived:
            rest += self._let_go()
        if rest:
            delta["content"] = rest
        if not (delta or ends):
            return None
        chunk["choices"] = [{**choice, "delta": delta}]
        return self._renamed(chunk)

    @property
    def _arrived(self) -> bool:
        """Whether all that the client has was met, or need not be."""
        return not (self._due or self._held)

    def _beyond(self, content: str) -> str:
        """What of a piece of text the client does not have."""
        if self._due:
            known, content = content[: len(self._due)], content[len(self._due) :]
            if not self._due.startswith(known):
                raise DoesNotJoin("its answer is another one")
            self._due = self._due[len(known) :]
        if self._repeats:
            content = self._unless_repeated(content)
        if self._space and content:
            shared = len(commonprefix((self._space, content)))
            self._space = self._space[shared:] if shared == len(content) else ""
            content = content[shared:]
        return content

    def _unless_repeated(self, content: str) -> str:
        """Hold text back as long as it may be the client's own, said again; let go what is not."""
        held, known = self._held + content, self._repeats
        if known.startswith(held) and len(held) < len(known):
            self._held = held
            return ""
        self._held = self._repeats = ""
        if held.startswith(known):
            return held[len(known) :]
        if len(commonprefix((held, known))) >= LIKE_A_NEW_BEGINNING:
            raise DoesNotJoin("it began its answer again, and went on otherwise")
        return held

    def _let_go(self) -> str:
        """The text that was held back, at the end. Raises DoesNotJoin where the client has more than the answer."""
        if self._due:
            raise DoesNotJoin("its answer ended before the client's")
        held, self._held, self._repeats = self._held, "", ""
        if len(held) >= LIKE_A_NEW_BEGINNING:
            raise DoesNotJoin("it began its answer again, and ended before the client's")
        return held

    def _renamed(self, chunk: dict[str, Any]) -> bytes:
        for name in _HEAD:
            chunk.pop(name, None)
        return _encoder.encode({**self._head, **chunk})

    def _with_all_tokens(self, chunk: dict[str, Any]) -> dict[str, Any]:
        """The usage of one answer to the request as it came: what was given to be written on is part of the answer."""
        usage = chunk.get("usage")
        if self._tokens and isinstance(usage, dict):
            prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
            if isinstance(prompt, int) and isinstance(completion, int):
                moved = min(self._tokens, prompt)
                moved_usage = {"prompt_tokens": prompt - moved, "completion_tokens": completion + moved}
                return {**chunk, "usage": {**usage, **moved_usage}}
        return chunk


def _is_set(raw: msgspec.Raw | None) -> bool:
    return raw is not None and bytes(raw) not in (b"null", b"false", b"0")


def _value(raw: msgspec.Raw | None) -> Any:
    try:
        return _anything.decode(raw) if raw is not None else None
    except NOT_JSON:
        return None


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(_encoder.encode(value))
