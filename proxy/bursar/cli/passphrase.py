"""The passphrase of the sealed file, as commands get it: handed over, piped in, or typed by whoever is there."""

import getpass
import os
import sys
from collections.abc import Iterable
from contextlib import suppress

from bursar.cli.exits import Failed
from bursar.cli.output import complain
from bursar.domain.secret_reference import SecretForm, SecretReference
from bursar.secrets.passphrase import VARIABLE, passphrase_at_hand
from bursar.secrets.sealed_file import SealedFile
from bursar.secrets.secret import SecretUnavailable, WrongPassphrase
from bursar.secrets.secrets import Secrets

_TRIES = 3
_NOBODY = (
    f"The sealed file needs its passphrase, and nobody is here to type it. Name a file that only you may read in "
    f"{VARIABLE}."
)


def opened(
    secrets: Secrets, references: Iterable[SecretReference], *, making: bool = False, piped: bool = False
) -> str | None:
    """Open the sealed file where one of the references needs it; the passphrase, if one was needed.

    With `making`, the passphrase of a file that is yet to be made is chosen; `piped` is that of `passphrase_for`.
    Raises Failed and SecretUnavailable.
    """
    if not any(each.form is SecretForm.SEALED for each in references):
        return None
    sealed = secrets.sealed
    if sealed.is_open or not (sealed.there or making):
        return None
    text = passphrase_for(new=not sealed.there, piped=piped)
    if sealed.there:
        sealed.unlock(text)
    else:
        sealed.begin(text)
    return text


def passphrase_for(*, new: bool, piped: bool = False) -> str:
    """The passphrase of the sealed file, or (`new`) one for a file that is yet to be made. Raises Failed.

    Where it is `piped`, it is the next line of standard input, whatever is at hand.
    """
    if piped:
        return next_line()
    at_hand = passphrase_at_hand(os.environ)
    if at_hand is not None:
        return at_hand
    return chosen("Choose a passphrase for the sealed file: ") if new else typed("Passphrase of the sealed file: ")


def next_line() -> str:
    """A passphrase that is a line of standard input. Raises Failed."""
    text = sys.stdin.readline(65_536).rstrip("\r\n")
    if not text:
        raise Failed("No passphrase was given.")
    return text


def given(prompt: str) -> str:
    """A passphrase that is piped in, or typed. Raises Failed."""
    if sys.stdin.isatty():
        return typed(prompt)
    text = sys.stdin.read(65_536).rstrip("\r\n")
    if not text:
        raise Failed("No passphrase was given.")
    return text


def typed(prompt: str) -> str:
    """What is typed at this terminal, without echo, also where standard input is a pipe. Raises Failed."""
    if not somebody_is_here():
        raise Failed(_NOBODY)
    try:
        return getpass.getpass(prompt)
    except EOFError:
        raise Failed("No passphrase was given.") from None


def chosen(prompt: str) -> str:
    """The same, typed twice."""
    text = typed(prompt)
    if typed("Once more: ") != text:
        raise Failed("The two were not the same; nothing was changed.")
    return text


def somebody_is_here() -> bool:
    """Whether this process has a terminal, and is the one that its user types into."""
    if os.name != "posix":
        return sys.stdin.isatty()
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return sys.stdin.isatty()
    try:
        # A job in the background would be stopped by the system for reading.
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def asked_at_start(sealed: SealedFile) -> None:
    """Let whoever starts the proxy in a terminal open the sealed file; it also starts while that stays shut."""
    if not sealed.there or not sys.stdin.isatty() or not somebody_is_here():
        return
    with suppress(SecretUnavailable, Failed):
        if passphrase_at_hand(os.environ) is not None:
            return
        for _ in range(_TRIES):
            text = typed("Passphrase of the sealed file (empty: later, by bursar secret unlock): ")
            if not text:
                return
            try:
                sealed.unlock(text)
            except WrongPassphrase as error:
                complain(error.sentence)
            else:
                return
