"""OpenAI's SDKs and what is built on them: two variables; written, where that is wanted, into a file of variables."""

import re

from bursar.cli.connecting.client import CannotWrite, Client, ClientCall, Wanted
from bursar.cli.connecting.sdk_manner import ASKED, openai_python


def _variables(wanted: Wanted) -> dict[str, str]:
    return {"OPENAI_BASE_URL": wanted.base_url, "OPENAI_API_KEY": wanted.key}


def _enter(wanted: Wanted) -> list[str]:
    return [
        "In the environment of the program:",
        *(f"  export {name}={value}" for name, value in _variables(wanted).items()),
        f"and as the model: {wanted.model}",
    ]


def _edit(text: str, wanted: Wanted) -> str:
    """The lines that set the two variables, in their places where they are there already."""
    for name, value in _variables(wanted).items():
        line = re.compile(rf"^(?P<before>[ \t]*(?:export[ \t]+)?{name}[ \t]*=).*$", re.MULTILINE)
        if len(line.findall(text)) > 1:
            raise CannotWrite(f"the file sets {name} more than once")
        if line.search(text):
            text = line.sub(rf"\g<before>{value}", text)
        else:
            text += ("" if not text or text.endswith("\n") else "\n") + f"{name}={value}\n"
    return text


def _call(wanted: Wanted) -> ClientCall:
    return ClientCall({"messages": list(ASKED)}, openai_python("2.54.0"))


OPENAI = Client(
    name="openai",
    title="OpenAI's SDKs",
    enter=_enter,
    call=_call,
    edit=_edit,
    no_file="An SDK has no file of its own. Name one that your program reads its variables from: --path .env",
)
