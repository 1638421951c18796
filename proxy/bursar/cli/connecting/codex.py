"""Codex: a provider in its TOML file. It speaks nothing but `/v1/responses`: `wire_api = "chat"` is refused by now.

Measured with version 0.169.0. It takes keys from variables alone, so the key is in no file.
"""

from pathlib import Path

from bursar.cli.connecting.client import Client, ClientCall, Wanted
from bursar.cli.connecting.sdk_manner import HELLO
from bursar.cli.connecting.where import Where
from bursar.config.document import with_value

_VARIABLE = "BURSAR_API_KEY"


def _file(where: Where) -> Path:
    return (where.named("CODEX_HOME") or where.home / ".codex") / "config.toml"


def _provider(wanted: Wanted) -> dict[str, object]:
    return {"name": "Bursar", "base_url": wanted.base_url, "env_key": _VARIABLE, "wire_api": "responses"}


def _edit(text: str, wanted: Wanted) -> str:
    for key, value in (
        (("model",), wanted.model),
        (("model_provider",), "bursar"),
        *((("model_providers", "bursar", name), each) for name, each in _provider(wanted).items()),
    ):
        text = with_value(text, key, value)
    return text


def _key(wanted: Wanted) -> list[str]:
    return [f"Codex takes the key from a variable; start it with {_VARIABLE} set to:", f"  {wanted.key}"]


def _enter(wanted: Wanted) -> list[str]:
    return ["In config.toml of Codex:", *(f"  {line}" for line in _edit("", wanted).splitlines()), *_key(wanted)]


def _call(wanted: Wanted) -> ClientCall:
    said = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": HELLO}]}]
    body = {
        "instructions": "You are a coding agent.",
        "input": said,
        "tools": [],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "store": False,
        "stream": True,
        "include": ["reasoning.encrypted_content"],
    }
    headers = {"User-Agent": "codex_exec/0.169.0", "originator": "codex_exec", "Accept": "text/event-stream"}
    return ClientCall(body, headers, "/responses")


CODEX = Client(
    name="codex",
    title="Codex",
    enter=_enter,
    call=_call,
    file=_file,
    edit=_edit,
    after=_key,
    needs=lambda model: "/responses",
)
