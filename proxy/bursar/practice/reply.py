"""Reply: what a chat or a completion is answered, before it is put into any grammar."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec

from bursar.practice.asks import ChatRequest, ResponseFormat
from bursar.practice.memo import Memo
from bursar.practice.models import Model
from bursar.practice.prompt import Prompt
from bursar.practice.prose import (
    Piece,
    before_stop,
    cut_tokens,
    joined,
    pieces_of,
    prefix_of,
    prose,
    regrouped,
    tokens_of,
    topics,
    without_prefix,
)
from bursar.practice.schema_example import example
from bursar.practice.tools import Call, calls_for

CODE_TEXT = """\
Hier steht’s — 世界 🙂👩‍💻:

```python
def greet(name: str) -> str:
\tif not name:
\t\treturn "naïve"

    return f"héllo, {name}! {'=' * 3}"
```

Call it with `greet("世界")`.  Two spaces,\r\nand a line end of its own.
"""
"""What the kind that writes code says: white space of every kind, and characters of up to four bytes."""


@dataclass(slots=True)
class Choice:
    """One of the answers: its reasoning, then its text or its calls, each in the pieces that are streamed."""

    content: Sequence[Piece]
    finish_reason: str
    reasoning: Sequence[Piece] = ()
    calls: Sequence[Call] = ()
    reasoning_tokens: int = field(init=False)
    tokens: int = field(init=False)
    """All tokens of it."""

    def __post_init__(self) -> None:
        self.reasoning_tokens = tokens_of(self.reasoning)
        called = sum([call.name_tokens + tokens_of(call.arguments) for call in self.calls])
        self.tokens = self.reasoning_tokens + tokens_of(self.content) + called


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens of a call, as its answer states them."""

    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reasoning_tokens: int


@dataclass(frozen=True, slots=True)
class Reply:
    """All the answers to one request. `created` is in seconds since the epoch."""

    id: str
    created: int
    model: str
    choices: Sequence[Choice]
    logprobs: bool = False
    echo: str = field(default="", repr=False)
    """What a plain completion repeats before its text."""

    def usage(self, prompt_tokens: int, cached_tokens: int = 0) -> Usage:
        """The usage of it, after a prompt of so many tokens."""
        return Usage(
            prompt_tokens,
            cached_tokens,
            sum([choice.tokens for choice in self.choices]),
            sum([choice.reasoning_tokens for choice in self.choices]),
        )


def chat_choices(request: ChatRequest, model: Model, prompt: Prompt, memo: Memo) -> list[Choice]:
    """The `n` answers to a chat; different from each other, the first the same whatever `n` is."""
    calls = calls_for(request, prompt, memo)
    return [_chat_choice(request, model, prompt, memo, calls, index) for index in range(request.n or 1)]


def _chat_choice(
    request: ChatRequest, model: Model, prompt: Prompt, memo: Memo, calls: Sequence[Call], index: int
) -> Choice:
    digest = nth_digest(prompt.digest, index)
    limit = request.limit
    reasoning: list[Piece] = []
    if model.reasoning:
        reasoning = prose(digest[::-1], prompt.asked, model.reasoning, memo, exact=True)
        if limit is not None and limit <= model.reasoning:
            return Choice((), "length", cut_tokens(reasoning, limit, memo))
        limit = None if limit is None else limit - model.reasoning
    if calls:
        return _calling(calls, limit, reasoning, memo)
    if request.response_format is not None and request.response_format.type != "text":
        text = _json_text(request.response_format, digest, prompt, model, memo)
        content, finish = _limited_text(text, request.stops, limit, memo)
    else:
        content, finish = written(digest, prompt, model, request.stops, limit, memo)
    return Choice(content, finish, reasoning)


def written(
    digest: bytes, prompt: Prompt, model: Model, stops: Sequence[str], limit: int | None, memo: Memo
) -> tuple[list[Piece], str]:
    """Plain text and its finish reason."""
    if model.writes_code:
        pieces = pieces_of(CODE_TEXT, memo, len(CODE_TEXT))
    else:
        pieces = prose(digest, prompt.asked, model.tokens, memo, exact=model.exact)
    content, finish = _limited(without_prefix(pieces, prompt.prefill, memo), stops, limit, memo)
    return content if model.chunks is None else regrouped(content, model.chunks), finish


def nth_digest(digest: bytes, index: int) -> bytes:
    """The digest that the answer of that index is made from."""
    return blake2b(digest, digest_size=16, salt=b"%d" % index).digest() if index else digest


def _limited(pieces: list[Piece], stops: Sequence[str], limit: int | None, memo: Memo) -> tuple[list[Piece], str]:
    content = before_stop(pieces, stops, memo)
    if limit is None or tokens_of(content) <= limit:
        return content, "stop"
    return cut_tokens(content, limit, memo), "length"


def _limited_text(text: str, stops: Sequence[str], limit: int | None, memo: Memo) -> tuple[list[Piece], str]:
    """The same for text whose pieces are not known to stand alone: it is cut before it is divided."""
    text = text[: min((at for stop in stops if (at := text.find(stop)) >= 0), default=len(text))]
    if limit is None or memo.count(text) <= limit:
        return pieces_of(text, memo), "stop"
    return pieces_of(prefix_of(text, limit, memo), memo), "length"


def _calling(calls: Sequence[Call], limit: int | None, reasoning: Sequence[Piece], memo: Memo) -> Choice:
    """The calls, the last of them cut where the limit is."""
    if limit is None:
        return Choice((), "tool_calls", reasoning, calls)
    kept: list[Call] = []
    for call in calls:
        if limit <= call.name_tokens:
            return Choice((), "length", reasoning, kept)
        limit -= call.name_tokens
        if tokens_of(call.arguments) > limit:
            cut = tuple(pieces_of(prefix_of(joined(call.arguments), limit, memo), memo))
            return Choice((), "length", reasoning, [*kept, Call(call.id, call.name, call.name_tokens, cut)])
        limit -= tokens_of(call.arguments)
        kept.append(call)
    return Choice((), "tool_calls", reasoning, kept)


def _json_text(form: ResponseFormat, digest: bytes, prompt: Prompt, model: Model, memo: Memo) -> str:
    text = joined(prose(digest, prompt.asked, model.tokens, memo, exact=model.exact))
    if form.type == "json_schema" and form.json_schema is not None:
        return msgspec.json.encode(example(form.json_schema.schema, text)).decode()
    return msgspec.json.encode({"answer": text, "topics": topics(prompt.asked)}).decode()
