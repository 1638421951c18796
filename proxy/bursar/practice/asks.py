"""What clients ask, as far as the practice upstream looks at it; every other field is accepted and ignored."""

from typing import Any, TypeVar

import msgspec

from bursar.practice.refuse import bad_request

Asked = TypeVar("Asked")

MOST_CHOICES = 128
"""The largest `n`, as OpenAI's."""


class Part(msgspec.Struct):
    """A part of a message's content. `text` is set where it is text."""

    type: str = "text"
    text: str = ""


class CalledFunction(msgspec.Struct):
    """The function of a tool call: its arguments are JSON as text."""

    name: str = ""
    arguments: str = ""


class MadeCall(msgspec.Struct):
    """A tool call that an earlier answer made."""

    function: CalledFunction = msgspec.field(default_factory=CalledFunction)


class Message(msgspec.Struct):
    """A chat message."""

    role: str
    content: str | list[Part] | None = None
    name: str | None = None
    tool_calls: list[MadeCall] | None = None

    @property
    def text(self) -> str:
        """All the text of it."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content or ())


class ToolFunction(msgspec.Struct):
    """A function that may be called; `parameters` is a JSON schema."""

    name: str
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)


class Tool(msgspec.Struct):
    """A tool. Other types than functions are never called."""

    type: str = "function"
    function: ToolFunction | None = None


class NamedFunction(msgspec.Struct):
    """Names a function."""

    name: str


class NamedTool(msgspec.Struct):
    """A `tool_choice` that names one."""

    function: NamedFunction


class SchemaFormat(msgspec.Struct):
    """The schema of a `response_format`."""

    schema: dict[str, Any] = msgspec.field(default_factory=dict)


class ResponseFormat(msgspec.Struct):
    """`text`, `json_object` or `json_schema`."""

    type: str = "text"
    json_schema: SchemaFormat | None = None


class StreamOptions(msgspec.Struct):
    """What a stream carries besides the answer."""

    include_usage: bool = False


class Request(msgspec.Struct):
    """What chats and plain completions have in common."""

    model: str
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None
    n: int | None = None
    stop: str | list[str] | None = None

    @property
    def wants_usage(self) -> bool:
        """Whether its stream shall end with the usage."""
        return self.stream_options is not None and self.stream_options.include_usage

    @property
    def stops(self) -> list[str]:
        """The texts before which an answer ends."""
        stops = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return [stop for stop in stops if stop]


class ChatRequest(Request, kw_only=True):
    """`POST /v1/chat/completions`. Tools stay as they came: they are read only where one may be called."""

    messages: list[Message]
    max_completion_tokens: int | None = None
    tools: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    tool_choice: str | NamedTool | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    logprobs: bool | None = None

    @property
    def limit(self) -> int | None:
        """The most tokens that one answer may take."""
        return self.max_completion_tokens if self.max_completion_tokens is not None else self.max_tokens


class CompletionRequest(Request, kw_only=True):
    """`POST /v1/completions`: the prompt is a text, texts, token ids or lists of them.

    `suffix` is what follows the gap that is to be filled (FIM).
    """

    prompt: str | list[Any] = ""
    suffix: str | None = None
    echo: bool | None = None


class EmbeddingRequest(msgspec.Struct):
    """`POST /v1/embeddings`: the input is a text, texts, token ids or lists of them."""

    model: str
    input: str | list[Any]
    encoding_format: str = "float"
    dimensions: int | None = None


def read(decoder: msgspec.json.Decoder[Asked], body: bytes) -> Asked:
    """The request in `body`. Raises Declined (400) for what is no JSON or not of its form."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as problem:
        raise bad_request(str(problem), code="invalid_parameter") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise bad_request("We could not parse the JSON body of your request.") from None


def check(request: Request, limit: int | None) -> None:
    """Raises Declined (400) for what OpenAI refuses, too."""
    if request.stream_options is not None and not request.stream:
        raise bad_request(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.", param="stream_options"
        )
    if limit is not None and limit < 1:
        raise bad_request(
            f"Invalid 'max_tokens': expected a value >= 1, but got {limit} instead.",
            code="integer_below_min_value",
            param="max_tokens",
        )
    if request.n is not None and not 1 <= request.n <= MOST_CHOICES:
        raise bad_request(f"Invalid 'n': expected a value from 1 to {MOST_CHOICES}.", code="invalid_value", param="n")


def check_chat(request: ChatRequest) -> None:
    """Raises Declined (400) as `check` does, and for what only a chat can get wrong."""
    check(request, request.limit)
    if request.max_tokens is not None and request.max_completion_tokens is not None:
        raise bad_request(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
            code="invalid_parameter_combination",
            param="max_tokens",
        )
    if not request.messages:
        raise bad_request(
            "Invalid 'messages': empty array. Expected at least one message.", code="empty_array", param="messages"
        )
