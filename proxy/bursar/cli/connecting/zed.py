"""Zed: a provider in its settings, which are JSON with comments; the key is not kept there, but asked for by Zed.

From its documentation; it was not run. It never lists models, so the model's window is stated.
"""

from pathlib import Path

from bursar.cli.connecting import jsonc
from bursar.cli.connecting.client import Client, ClientCall, Wanted
from bursar.cli.connecting.sdk_manner import LOOK, instructed, streamed
from bursar.cli.connecting.where import Where

_PROVIDER = ("language_models", "openai_compatible", "Bursar")
_USUAL_WINDOW = 128_000


def _file(where: Where) -> Path:
    if where.is_windows:
        return where.roaming / "Zed" / "settings.json"
    folder = where.home / ".config" if where.system == "darwin" else where.dot_config
    return folder / "zed" / "settings.json"


def _provider(wanted: Wanted) -> dict[str, object]:
    model = {
        "name": wanted.model,
        "max_tokens": wanted.window or _USUAL_WINDOW,
        "capabilities": {"tools": True, "images": True, "parallel_tool_calls": False, "prompt_cache_key": False},
    }
    return {"api_url": wanted.base_url, "available_models": [model]}


def _edit(text: str, wanted: Wanted) -> str:
    return jsonc.with_value(text, _PROVIDER, _provider(wanted))


def _key(wanted: Wanted) -> list[str]:
    return [
        "The key is not kept in that file. Enter it in Zed: Agent Panel, Settings, LLM Providers, Bursar; or start Zed",
        f"with it in the variable BURSAR_API_KEY:  {wanted.key}",
    ]


def _enter(wanted: Wanted) -> list[str]:
    return ["In settings.json of Zed:", *_edit("", wanted).splitlines(), *_key(wanted)]


def _call(wanted: Wanted) -> ClientCall:
    body = {
        "messages": instructed("a coding agent"),
        **streamed(),
        "max_completion_tokens": 4096,
        "tools": [LOOK],
        "tool_choice": "auto",
    }
    return ClientCall(body, {"User-Agent": "Zed", "Accept": "*/*"})


ZED = Client(name="zed", title="Zed", enter=_enter, call=_call, file=_file, edit=_edit, after=_key)
