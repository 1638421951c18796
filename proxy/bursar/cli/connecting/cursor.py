"""Cursor: no file, and no local address: its servers make the calls, so it is given a public one.

From its documentation and users' reports; it was not run.
"""

from bursar.cli.connecting.client import Client, ClientCall, Wanted
from bursar.cli.connecting.sdk_manner import ASKED

TITLE = "Cursor"

WHY = (
    "Cursor's own servers make the calls, not the editor on this machine, and they",
    "refuse private addresses: http://127.0.0.1 cannot work there. It takes a tunnel",
    "with a public name, under which anyone on the internet who has the key can spend",
    "from it. So the key for Cursor has models, a cap and an end of its own.",
)


def _enter(wanted: Wanted) -> list[str]:
    return [
        "In Cursor: Settings, Models, API Keys, then",
        f"  OpenAI API Key            {wanted.key}",
        f"  Override OpenAI Base URL  {wanted.base_url}",
        f"  Add Custom Model          {wanted.model}",
        "Where your Cursor has no override: Azure OpenAI, with the same key, and",
        f"  Base URL                  {wanted.base_url}",
        f"  Deployment Name           {wanted.model}",
        *_about(wanted.model),
    ]


def _about(model: str) -> list[str]:
    """What a vendor's word in the name of a model does."""
    words = [word for word in ("gpt", "claude", "gemini") if word in model.lower()]
    if not words:
        return []
    return [
        f"With {words[0]} in the name of a model, Cursor asks in another form, which is understood here, or asks",
        "its vendor itself, which is not seen here. An alias without such a word is safer: --model ALIAS",
    ]


def _call(wanted: Wanted) -> ClientCall:
    """As the button Verify asks: without tools and without a stream."""
    said = [
        {"role": "system", "content": "You answer a test."},
        *ASKED,
    ]
    return ClientCall({"messages": said}, {"User-Agent": "Cursor/1.0", "Accept": "*/*"})


CURSOR = Client(
    name="cursor",
    title=TITLE,
    enter=_enter,
    call=_call,
    no_file="Cursor keeps these settings in a database of its own, which no other program should write to.",
)
