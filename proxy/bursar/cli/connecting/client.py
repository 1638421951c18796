"""Client: one program that is to use the proxy: what is entered there, where it keeps that, and how it then calls."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bursar.cli.connecting.where import Where


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client is told: where the proxy is (with `/v1`), which key and which model to use.

    `window` is how many tokens the model reads, where anybody knows.
    """

    base_url: str
    key: str
    model: str
    window: int | None = None


@dataclass(frozen=True, slots=True)
class ClientCall:
    """One request as a client makes it: below the base URL, with its headers and its body beside the model's name."""

    body: Mapping[str, object]
    headers: Mapping[str, str] = field(default_factory=dict)
    path: str = "/chat/completions"


class CannotWrite(Exception):
    """The client's file cannot be changed without doing harm; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Client:
    """`enter` gives the lines that say what to enter by hand, `call` a request in the client's own manner.

    `file` and `edit` are None where nothing can be written, and `no_file` says why. `edit` is given the text of the
    file (empty where there is none) and raises CannotEdit or CannotWrite. `after` is what remains to be done by hand
    once it is written.
    """

    name: str
    title: str
    enter: Callable[[Wanted], list[str]]
    call: Callable[[Wanted], ClientCall]
    file: Callable[[Where], Path] | None = None
    edit: Callable[[str, Wanted], str] | None = None
    no_file: str = ""
    after: Callable[[Wanted], list[str]] = lambda wanted: []
    needs: Callable[[str], str] = lambda model: ""
    """The endpoint below `/v1` that it asks for a model of this name in place of chat completions, if another."""
