"""The client key that a program is given: one of its own, issued now, or one that is there already."""

import argparse
import os
import re
import sys
import time
from dataclasses import dataclass

from bursar.cli.exits import Failed
from bursar.cli.key_access import key_access
from bursar.cli.key_caps import set_key_cap
from bursar.cli.output import complain
from bursar.cli.places import places_of
from bursar.contract.commands import ChangeKey, IssueKey, RotateKey
from bursar.contract.events import KeyView

PLACEHOLDER = "bk-… (as it was shown)"
"""What stands for a key that nobody here knows any more."""

_KEY = re.compile(r"bk-[A-Za-z0-9]{40}(?![A-Za-z0-9])")


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A key by its name (empty where only the text was given) and its text, empty where that is not known."""

    name: str
    text: str
    is_new: bool = False

    @property
    def shown(self) -> str:
        """What to enter."""
        return self.text or PLACEHOLDER


def given_key(source: str) -> str:
    """The text behind `--key`: from standard input (`-`), a variable (`env:NAME`), or as it is. Raises Failed."""
    if source == "-":
        text = sys.stdin.readline().strip()
    elif source.startswith("env:"):
        text = os.environ.get(source.removeprefix("env:"), "")
    else:
        complain("Others on this machine can read a command line: rather pipe the key in (--key -) or name a variable.")
        text = source
    if not _KEY.fullmatch(text):
        raise Failed("--key takes a client key (bk- and 40 letters and digits), which `bursar key issue` shows once.")
    return text


def own_key(options: argparse.Namespace, written: str = "", *, must_know: bool, limits: IssueKey) -> OwnKey:
    """The key for a client, under `options.name`. `written` is what the client's file says now, maybe with the key.

    A new one is held to `limits`. Raises Failed where there is one already whose text must be known, and is not.
    """
    with key_access(places_of(options)) as access:
        keys = access.keys()
        view = next((each for each in keys if each.name == options.name), None)
        if options.key is not None:
            return OwnKey(_named(options.text, keys), options.text)
        for cap in options.cap:
            set_key_cap(options, cap)
        if view is None:
            # The caps are there already: a key without those that were asked for must never be accepted.
            return OwnKey(options.name, access.issue_key(limits).key, is_new=True)
        if options.project is not None:
            access.change_key(options.name, ChangeKey(project=options.project))
        if options.new_key:
            return OwnKey(options.name, access.rotate_key(options.name, RotateKey(0)).key, is_new=True)
        found = next((each for each in _KEY.findall(written) if each.endswith(view.hint)), "")
        if not found and must_know:
            raise Failed(_unknown(view))
        return OwnKey(options.name, found)


def which_key(options: argparse.Namespace, written: str, *, must_know: bool) -> str:
    """Which key `own_key` would give, in a sentence; nothing is issued. Raises Failed where it does."""
    with key_access(places_of(options)) as access:
        keys = access.keys()
    view = next((each for each in keys if each.name == options.name), None)
    if options.key is not None:
        return "Its key: the one that was given."
    if view is None:
        return f'Its key: "{options.name}", which is issued for it.'
    if options.new_key:
        return f'Its key: another in place of "{view.name}", which is refused from then on.'
    if any(each.endswith(view.hint) for each in _KEY.findall(written)):
        return f'Its key: "{view.name}", which it has already.'
    if must_know:
        raise Failed(_unknown(view))
    return f'Its key: "{view.name}", whose text is kept nowhere; it is the one that was shown.'


def _named(text: str, keys: tuple[KeyView, ...]) -> str:
    """The name of a key, by its last letters; empty where none or several have them."""
    names = [each.name for each in keys if text.endswith(each.hint)]
    return names[0] if len(names) == 1 else ""


def _unknown(view: KeyView) -> str:
    return (
        f'There is a key "{view.name}" already, and its text is kept nowhere. One of these:\n'
        "  --key -          the key as it was shown, from standard input\n"
        "  --new-key        another key in its place; the present one is refused from then on\n"
        "  --name OTHER     a key of another name"
    )


def now_ms() -> int:
    """The present, as keys expire by it."""
    return time.time_ns() // 1_000_000
