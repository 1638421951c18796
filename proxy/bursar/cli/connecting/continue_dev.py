"""Continue: the extension and its command line `cn`, which read one YAML file.

Measured with the command line, version 1.5.47: the SDK of OpenAI for JavaScript, a stream with its usage and tools.
"""

import json
import re
from pathlib import Path
from typing import Any

from bursar.cli.connecting import yaml_text
from bursar.cli.connecting.client import CannotWrite, Client, ClientCall, Wanted
from bursar.cli.connecting.sdk_manner import LOOK, instructed, openai_node, streamed
from bursar.cli.connecting.where import Where

_NAME = "Bursar"
_ELSEWHERE = re.compile(r"o[0-9]|.*gpt-[5-9]", re.IGNORECASE)
"""Names that it takes for models of OpenAI's which are asked for in another way, on whatever address."""


def _file(where: Where) -> Path:
    return (where.named("CONTINUE_GLOBAL_DIR") or where.home / ".continue") / "config.yaml"


def _entry(wanted: Wanted) -> dict[str, object]:
    # Without `capabilities` it describes tools in the prompt, except for names of models that it knows.
    return {
        "name": _NAME,
        "provider": "openai",
        "model": wanted.model,
        "apiBase": wanted.base_url,
        "apiKey": wanted.key,
        "roles": ["chat", "edit", "apply"],
        "capabilities": ["tool_use", "image_input"],
    }


def _lines(wanted: Wanted) -> list[str]:
    lines = [f"{name}: {_value(value)}" for name, value in _entry(wanted).items()]
    return [f"  - {lines[0]}", *(f"    {line}" for line in lines[1:])]


def _value(value: object) -> str:
    """A value of YAML on one line; JSON is YAML, and what needs no quotes gets none."""
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    text = str(value)
    return text if text.replace("-", "").replace("_", "").isalnum() or "://" in text else json.dumps(text)


def _enter(wanted: Wanted) -> list[str]:
    return ["In the file config.yaml of Continue, below models:", *_lines(wanted)]


def _edit(text: str, wanted: Wanted) -> str:
    if not text.strip():
        return "\n".join(["name: Local", "version: 1.0.0", "schema: v1", "models:", *_lines(wanted), ""])

    def change(document: Any) -> None:
        models = document.setdefault("models", [])
        if not isinstance(models, list):
            raise CannotWrite("`models` is no list in the file")
        known = next((each for each in models if isinstance(each, dict) and each.get("name") == _NAME), None)
        if known is None:
            models.append(_entry(wanted))
        else:
            known.update(model=wanted.model, apiBase=wanted.base_url, apiKey=wanted.key)

    return yaml_text.changed(text, change)


def _call(wanted: Wanted) -> ClientCall:
    body = {"messages": instructed("a coding agent"), **streamed(), "tools": [LOOK]}
    return ClientCall(body, openai_node("ls/JS 5.23.2", "5.23.2"))


def _after(wanted: Wanted) -> list[str]:
    return [f"Choose the model {_NAME} in Continue; `cn` begins with the first of the list."]


CONTINUE = Client(
    name="continue",
    title="Continue",
    enter=_enter,
    call=_call,
    file=_file,
    edit=_edit,
    after=_after,
    needs=lambda model: "/responses" if _ELSEWHERE.match(model) else "",
)
