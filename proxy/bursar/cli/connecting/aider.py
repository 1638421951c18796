"""aider: a YAML file in the home folder, or three variables.

Measured with version 0.86.2: the SDK of OpenAI for Python, a stream without its usage, `temperature` 0.
"""

from pathlib import Path
from typing import Any

from bursar.cli.connecting import yaml_text
from bursar.cli.connecting.client import Client, ClientCall, Wanted
from bursar.cli.connecting.sdk_manner import instructed, openai_python, streamed
from bursar.cli.connecting.where import Where


def _file(where: Where) -> Path:
    return where.home / ".aider.conf.yml"


def _settings(wanted: Wanted) -> dict[str, str]:
    # `openai/` is aider's own prefix; the proxy is asked for what follows it.
    return {
        "model": f"openai/{wanted.model}",
        "openai-api-base": wanted.base_url,
        "openai-api-key": wanted.key,
    }


def _lines(wanted: Wanted) -> list[str]:
    return [f"{name}: {value}" for name, value in _settings(wanted).items()]


def _enter(wanted: Wanted) -> list[str]:
    return [
        "In the environment that aider is started in:",
        f"  OPENAI_API_BASE={wanted.base_url}",
        f"  OPENAI_API_KEY={wanted.key}",
        f"and then: aider --model openai/{wanted.model}",
        "Or, for good, in .aider.conf.yml:",
        *(f"  {line}" for line in _lines(wanted)),
    ]


def _edit(text: str, wanted: Wanted) -> str:
    if not text.strip():
        return "\n".join([*_lines(wanted), ""])

    def change(document: Any) -> None:
        document.update(_settings(wanted))

    return yaml_text.changed(text, change)


def _call(wanted: Wanted) -> ClientCall:
    body = {"messages": instructed("a pair programmer"), **streamed(usage=False), "temperature": 0}
    return ClientCall(body, {**openai_python("2.20.0"), "X-Stainless-Raw-Response": "true"})


AIDER = Client(name="aider", title="aider", enter=_enter, call=_call, file=_file, edit=_edit)
