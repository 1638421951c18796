"""Cline: the extension for VS Code and the command line, which keep their providers in one JSON file.

Measured with its command line, version 3.0.65: provider `openai-compatible`, always a stream with its usage.
"""

from datetime import UTC, datetime
from pathlib import Path

from bursar.cli.connecting import jsonc
from bursar.cli.connecting.client import CannotWrite, Client, ClientCall, Wanted
from bursar.cli.connecting.sdk_manner import LOOK, ai_sdk, instructed, streamed
from bursar.cli.connecting.where import Where

_PROVIDER = "openai-compatible"
_VERSION = 1


def _file(where: Where) -> Path:
    folder = where.named("CLINE_DIR") or where.home / ".cline"
    return folder / "data" / "settings" / "providers.json"


def _enter(wanted: Wanted) -> list[str]:
    window = [f"  Model Configuration, Context Window  {wanted.window}"] if wanted.window else []
    return [
        "In VS Code: Cline, the gear, then",
        "  API Provider  OpenAI Compatible",
        f"  Base URL      {wanted.base_url}",
        f"  API Key       {wanted.key}",
        f"  Model ID      {wanted.model}",
        *window,
        "On the command line, which asks for the key:",
        f"  cline auth -p openai -m {wanted.model} -b {wanted.base_url}",
    ]


def _edit(text: str, wanted: Wanted) -> str:
    present = jsonc.read(text)
    if not isinstance(present, dict) or present.get("version", _VERSION) != _VERSION:
        raise CannotWrite("the file is of another version of Cline than is known here")
    known = present.get("providers", {}).get(_PROVIDER, {})
    settings = {**known.get("settings", {}), "provider": _PROVIDER, "apiKey": wanted.key, "model": wanted.model}
    settings["baseUrl"] = wanted.base_url
    for path, value in (
        (("version",), _VERSION),
        (("lastUsedProvider",), _PROVIDER),
        (("providers", _PROVIDER), {**known, "settings": settings, "updatedAt": _now(), "tokenSource": "manual"}),
    ):
        if path != ("version",) or "version" not in present:
            text = jsonc.with_value(text, path, value)
    return text


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _call(wanted: Wanted) -> ClientCall:
    body = {"messages": instructed("a coding agent"), "tools": [LOOK], "tool_choice": "auto", **streamed()}
    return ClientCall(body, ai_sdk("ai-sdk/openai-compatible/3.0.37 ai-sdk/provider-utils/5.0.30 runtime/bun/1.3.13"))


CLINE = Client(
    name="cline",
    title="Cline",
    enter=_enter,
    call=_call,
    file=_file,
    edit=_edit,
    after=lambda wanted: [
        "Restart Cline where it runs already: it reads its providers when it starts. An extension older than 4.0 has",
        "its settings inside VS Code; there, enter them by hand: bursar connect cline",
    ],
)
