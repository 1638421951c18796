"""Requests in the manner of the SDKs that clients are built on: their headers, and the shapes of their bodies."""

import platform
import sys
from collections.abc import Mapping

HELLO = "Say hello in one short sentence."
"""What is asked to see whether a call arrives; every answer to it is cheap."""

ASKED: tuple[dict[str, object], ...] = ({"role": "user", "content": HELLO},)

LOOK = {
    "type": "function",
    "function": {
        "name": "look",
        "description": "Looks at a file.",
        "parameters": {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
    },
}
"""A tool, since agents send some with every request."""


def instructed(who: str) -> list[dict[str, object]]:
    """Messages as agents begin: instructions, then the user."""
    return [{"role": "system", "content": f"You are {who}. Answer without tools."}, *ASKED]


def streamed(*, usage: bool = True) -> dict[str, object]:
    """The fields that ask for a stream."""
    return {"stream": True, **({"stream_options": {"include_usage": True}} if usage else {})}


def ai_sdk(version: str) -> Mapping[str, str]:
    """The headers of Vercel's AI SDK, which says by what it is run."""
    return {"User-Agent": version, "Accept": "*/*"}


def openai_python(version: str) -> Mapping[str, str]:
    """The headers of OpenAI's SDK for Python."""
    return {
        "User-Agent": f"OpenAI/Python {version}",
        "Accept": "application/json",
        "X-Stainless-Lang": "python",
        "X-Stainless-Package-Version": version,
        "X-Stainless-OS": platform.system() or "Unknown",
        "X-Stainless-Runtime": "CPython",
        "X-Stainless-Runtime-Version": ".".join(map(str, sys.version_info[:3])),
        "X-Stainless-Async": "false",
        "x-stainless-retry-count": "0",
    }


def openai_node(agent: str, version: str) -> Mapping[str, str]:
    """The headers of OpenAI's SDK for JavaScript."""
    return {
        "User-Agent": agent,
        "Accept": "application/json",
        "x-stainless-lang": "js",
        "x-stainless-package-version": version,
        "x-stainless-runtime": "node",
        "x-stainless-retry-count": "0",
    }
