"""What an upstream's error says: message, code and type out of a body of any vendor's shape."""

import re
from typing import Any

import msgspec

from bursar.dialects.canonical import NOT_JSON

_SHOWN_LENGTH = 600
_PAGE_WORDS = ("error code: 1010", "error 1010", "cloudflare", "<html", "<!doctype")
_PROVIDER_SAID = "provider returned error"

# OpenAI, Anthropic, llama.cpp, LM Studio and vLLM, each in its own words.
_WINDOW = re.compile(
    r"maximum context length (?:is|of) (\d[\d,]*)"
    r"|(?:context size|context length|context window)(?: of)?(?: only)?(?: is)? \(?(\d[\d,]*)"
    r"|> (\d[\d,]*) maximum",
    re.IGNORECASE,
)


class Said(msgspec.Struct, frozen=True):
    """What an error body says, whatever its shape.

    `page` marks one that is no JSON object; `window` is the context window in tokens, where it is named.
    """

    message: str
    code: str
    type: str
    param: str | None
    page: bool = False
    window: int | None = None

    @property
    def words(self) -> str:
        """The message in small letters, to look for words in."""
        return self.message.lower()

    @property
    def is_edge_page(self) -> bool:
        """Whether it is a page of a vendor's edge rather than an answer of the API behind it."""
        return (self.page or not self.code) and any(word in self.words for word in _PAGE_WORDS)

    @property
    def shown(self) -> str:
        """The vendor's own words, where they are words: a page is dropped, a long text cut."""
        if self.is_edge_page:
            return ""
        return self.message if len(self.message) <= _SHOWN_LENGTH else self.message[:_SHOWN_LENGTH] + "…"


def read_error(body: bytes) -> Said:
    """The message, code and type in a body of any shape; nothing where there is nothing."""
    text = body.decode("utf-8", "replace").strip()
    try:
        value = msgspec.json.decode(body)
    except NOT_JSON:
        return Said(text, "", "", None, page=bool(text))
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, str):
        return Said(value, "", "", None)
    if not isinstance(value, dict):
        return Said(text, "", "", None, page=True)
    error = value.get("error")
    if isinstance(error, str) and error:
        return Said(error, _word(value.get("code")), _word(value.get("type")), None, window=window_in(error))
    said: dict[str, Any] = error if isinstance(error, dict) else value
    message = _message(said)
    param = said.get("param")
    return Said(
        message,
        _word(said.get("code")) or _word(said.get("reason")),
        _word(said.get("type")),
        param if isinstance(param, str) and param else None,
        window=_whole(said.get("n_ctx")) or window_in(message),
    )


def window_in(message: str) -> int | None:
    """The context window in tokens that a sentence names."""
    found = _WINDOW.search(message)
    number = next((each for each in found.groups() if each), "") if found is not None else ""
    return _whole(int(number.replace(",", ""))) if number else None


def _message(said: dict[str, Any]) -> str:
    for name in ("message", "msg", "detail", "error_msg", "title"):
        value = said.get(name)
        if isinstance(value, str) and value:
            return _with_providers_words(value, said.get("metadata"))
        if isinstance(value, list) and value:  # FastAPI lists what it found wrong
            first = value[0]
            if isinstance(first, dict) and isinstance(first.get("msg"), str):
                place = ".".join(str(part) for part in first.get("loc", ()) if part != "body")
                return f"{place}: {first['msg']}" if place else str(first["msg"])
    return ""


def _with_providers_words(message: str, metadata: object) -> str:
    """OpenRouter keeps what the provider behind it said in `metadata.raw`, often as JSON within a text."""
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    if message.lower() != _PROVIDER_SAID or not isinstance(raw, str) or not raw:
        return message
    inner = read_error(raw.encode("utf-8", "replace")) if raw.lstrip().startswith("{") else None
    return f"{message}: {inner.message if inner is not None and inner.message else raw}"


def _word(value: object) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31 else None
