"""opencode: a provider of its configuration, which is JSON with comments.

Measured with version 1.18.33: `@ai-sdk/openai-compatible`, a stream with its usage, a limit where one is configured.
"""

from pathlib import Path

from bursar.cli.connecting import jsonc
from bursar.cli.connecting.client import Client, ClientCall, Wanted
from bursar.cli.connecting.sdk_manner import LOOK, ai_sdk, instructed, streamed
from bursar.cli.connecting.where import Where

_PROVIDER = ("provider", "bursar")
_SCHEMA = "https://opencode.ai/config.json"


def _file(where: Where) -> Path:
    named = where.named("OPENCODE_CONFIG")
    if named is not None:
        return named
    folder = where.dot_config / "opencode"
    commented = folder / "opencode.jsonc"
    return commented if commented.exists() else folder / "opencode.json"


def _provider(wanted: Wanted) -> dict[str, object]:
    return {
        "npm": "@ai-sdk/openai-compatible",
        "name": "Bursar",
        "options": {"baseURL": wanted.base_url, "apiKey": wanted.key},
        "models": {wanted.model: {"name": wanted.model}},
    }


def _edit(text: str, wanted: Wanted) -> str:
    if not text.strip():
        text = jsonc.with_value("", ("$schema",), _SCHEMA)
    present = jsonc.read(text)
    provider = _provider(wanted)
    known = present.get("provider", {}).get("bursar", {}) if isinstance(present, dict) else {}
    if isinstance(known, dict) and isinstance(known.get("models"), dict):
        provider["models"] = {wanted.model: {"name": wanted.model}, **known["models"]}
    return jsonc.with_value(text, _PROVIDER, provider)


def _enter(wanted: Wanted) -> list[str]:
    return [f"In opencode.json; then: {_try(wanted)}", *_edit("", wanted).splitlines()]


def _try(wanted: Wanted) -> str:
    return f'opencode run -m bursar/{wanted.model} "Say hello."'


def _call(wanted: Wanted) -> ClientCall:
    body = {"messages": instructed("a coding agent"), "tools": [LOOK], "tool_choice": "auto", **streamed()}
    return ClientCall(body, ai_sdk("opencode/1.18.33 ai-sdk/provider-utils/4.0.23 runtime/bun/1.3.14"))


OPENCODE = Client(
    name="opencode",
    title="opencode",
    enter=_enter,
    call=_call,
    file=_file,
    edit=_edit,
    after=lambda wanted: [f"Choose the model bursar/{wanted.model}, or: {_try(wanted)}"],
)
