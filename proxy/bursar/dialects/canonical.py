"""What every dialect is read into: the parts of a request that matter to us, and what one event of an answer says."""

from collections.abc import Sequence

import msgspec

from bursar.domain.usage import Usage

NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading JSON from outside raises where it is none, is no UTF-8, or is nested too deeply."""


class PromptParts(msgspec.Struct, frozen=True):
    """What a request asks the model to read, each part as the JSON that came, so that a long
    conversation is parsed only where it is new.

    `messages` are chat messages; `text` are plain prompts of the older endpoints.
    """

    messages: Sequence[bytes] = ()
    tools: msgspec.Raw | None = None
    tool_choice: msgspec.Raw | None = None
    response_format: msgspec.Raw | None = None
    text: tuple[str, ...] = ()


class Heard(msgspec.Struct):
    """What one event of an answer (or a whole plain answer) says, whatever its dialect.

    `text` is all that is billed as output in it: content, reasoning, refusals, names and arguments
    of tool calls. `reasoning` is the part of it that is reasoning. `finished` are the indexes of the
    choices that end here, for `finish_reason`. `model` is the model that answers. `error` is the message
    of an error object, with its `error_code`. `notes` say what was odd about the usage. `tier` is the service
    tier by which the answer is charged.
    """

    text: str = ""
    reasoning: str = ""
    usage: Usage | None = None
    finish_reason: str | None = None
    finished: tuple[int, ...] = ()
    model: str | None = None
    error: str | None = None
    error_code: str | None = None
    choices: int = 0
    notes: tuple[str, ...] = ()
    done: bool = False
    tier: str | None = None

    @property
    def is_piece(self) -> bool:
        """Whether it is a piece of an answer and nothing beside: no end, no usage, no error."""
        return not (self.done or self.finished or self.notes) and self.usage is None and self.error is None
