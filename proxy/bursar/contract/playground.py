"""POST /playground: a conversation of the owner's own with a model, answered as JSON lines while it is written.

The answer is a line for each thing that happens, in order: `opened` first, `ended` last, whatever comes of
the call. An answer without its `ended` is one whose proxy went away. No line but `text` and `reasoning` has
text of the conversation, and none of it is kept.
"""

from typing import Literal, cast

import msgspec

from bursar.contract.codec import decode
from bursar.domain.exchange import Outcome
from bursar.domain.usage import NOTHING, Quality, Usage

PLAYGROUND = "playground"
"""The name under which the owner's own calls are recorded: as their client key, which nobody can hold, and as
the program that asks. A cap with `key = "playground"` is for them."""

LONGEST_TALK_BYTES = 16 * 1024 * 1024
"""How large the body of such a call may be."""


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


class Talk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The question: an alias or an `upstream/model`, and the conversation so far."""

    model: str
    messages: tuple[Message, ...]
    max_tokens: int | None = None
    temperature: float | None = None
    project: str = ""


class _Line(msgspec.Struct, frozen=True, tag=True, tag_field="line"):
    """What all lines share: their name, in the field `line`."""


class Opened(_Line, frozen=True, tag="opened"):
    """The call was accepted. `prompt_tokens` is our own count."""

    exchange_id: str
    prompt_tokens: int


class Holding(_Line, frozen=True, tag="holding"):
    """A route is asked, and so much is held for it, in nano-dollars; 0 where nothing has a price."""

    upstream: str
    model: str
    held_nano: int


class GaveWay(_Line, frozen=True, tag="gave_way"):
    """A route said no, broke, or could not be borne."""

    upstream: str
    model: str
    code: str
    message: str


class Began(_Line, frozen=True, tag="began"):
    """The answer has begun. `model` is the one that answers; the fallback's fields are empty where there was none."""

    upstream: str
    model: str
    fallback_from: str = ""
    fallback_reason: str = ""


class Text(_Line, frozen=True, tag="text"):
    """More of the answer, as the model wrote it: it may hold anything, and is made harmless where it is shown."""

    text: str


class Reasoning(_Line, frozen=True, tag="reasoning"):
    """More of what the model thinks before it answers."""

    text: str


class SoFar(_Line, frozen=True, tag="so_far"):
    """What has been used up to here, at most four times a second. Money in nano-dollars."""

    completion_tokens: int
    cost_nano: int
    held_nano: int


class Ended(_Line, frozen=True, tag="ended"):
    """The end, whatever it is: of a whole answer with what it used; of any other with the sentence that says why.

    The route and its `usage` are of the last one tried, `cost_nano` is what all of them cost. `settled` says that
    these figures are on disk. `paid_by` are accounts; `priced` is false where nothing had a price. Times are in
    milliseconds from the call on, `tokens_per_s` is from the first token to the end, both None where no answer
    began.
    """

    exchange_id: str
    outcome: Outcome
    finish_reason: str = ""
    code: str = ""
    message: str = ""
    upstream: str = ""
    model: str = ""
    usage: Usage = NOTHING
    quality: Quality | None = None
    cost_nano: int = 0
    priced: bool = True
    paid_by: tuple[str, ...] = ()
    settled: bool = False
    first_ms: int | None = None
    total_ms: int = 0
    tokens_per_s: float | None = None


PlaygroundLine = Opened | Holding | GaveWay | Began | Text | Reasoning | SoFar | Ended


def line_of(encoded: bytes) -> PlaygroundLine:
    """One line, read. Raises Mismatch where it is none."""
    return decode(encoded, cast("type[PlaygroundLine]", PlaygroundLine))
