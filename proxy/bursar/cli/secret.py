"""`bursar secret`: upstreams' keys in the keyring or the sealed file; a key is typed or piped in, never an argument."""

import argparse
import asyncio
import getpass
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from bursar.cli.editing import edited, file_in_force
from bursar.cli.exits import Exit, Failed
from bursar.cli.output import complain, say, say_json, say_table
from bursar.cli.passphrase import chosen, given, next_line, opened, passphrase_for
from bursar.cli.places import add_config, places_of
from bursar.cli.running import asking, reload_running, running_status
from bursar.config import edit
from bursar.config.lines import Key
from bursar.config.load import load
from bursar.config.problems import BrokenConfig
from bursar.config.references import named, uses
from bursar.config.schema import Config
from bursar.contract.places import Places
from bursar.contract.questions import Questions
from bursar.contract.secrets import SHUT, SecretKept, SecretPlaces, secret_places, setting_secret, unlocking
from bursar.contract.shown import shown
from bursar.contract.way_in import Refused
from bursar.domain.secret_reference import SecretForm, SecretReference, reference_of
from bursar.secrets.passphrase import passphrase_at_hand
from bursar.secrets.secret import Secret, SecretUnavailable, secret_of
from bursar.secrets.secrets import Secrets, secrets_at
from bursar.upstreams.secret_care import SecretCare, why_not_ours

DESCRIPTION = """\
Keep upstreams' keys where no configuration, log or backup shows them: in the keyring of this system, or in a sealed
file that a passphrase opens. NAME is an upstream's, or a secret's in full, such as sealed:main. A key is asked for
without echo, or read from standard input; it is never an argument, since any program can read those.

examples:
  bursar secret set main                 asks for the key of the upstream "main", and has a running proxy use it
  bursar secret set sealed:main < key.txt
  bursar secret list                     where each key is, and whether it can be had
  bursar secret check main               whether it is there
  bursar secret move main sealed         from where it is to the sealed file; the configuration follows
  bursar secret remove main
  bursar secret unlock                   open the sealed file for the running proxy
  bursar secret passphrase               seal it anew with another passphrase
"""

_VERBS = {
    "set": "store a key",
    "list": "say where the keys are",
    "check": "say whether a key is there",
    "move": "keep a key elsewhere",
    "remove": "remove a key",
    "unlock": "open the sealed file for the running proxy",
    "passphrase": "choose another passphrase for the sealed file",
}
_SEALING = frozenset({"check", "move", "remove", "unlock", "passphrase"})
"""Verbs that may need the passphrase, and take nothing else from standard input."""

_ANSWER_S = 40.0
"""A keyring, an upstream and a passphrase may each take some seconds."""


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """The verbs and what each takes."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, text in _VERBS.items():
        each = verbs.add_parser(verb, help=text, description=f"{text[:1].upper()}{text[1:]}.")
        add_config(each)
        if verb in ("set", "check", "move", "remove"):
            each.add_argument("name", help="an upstream, or a secret such as keyring:main or sealed:main")
        if verb == "move":
            each.add_argument("to", help="keyring, sealed, or a secret such as sealed:other or file:PATH")
        if verb in _SEALING:
            each.add_argument("--piped", action="store_true", help="read passphrases from standard input, a line each")
        if verb == "list":
            each.add_argument("--json", action="store_true", help="print them as JSON")


@dataclass(frozen=True, slots=True)
class _Here:
    """What a verb is done with."""

    options: argparse.Namespace
    places: Places
    config: Config
    secrets: Secrets

    @property
    def running(self) -> bool:
        return running_status(self.places) is not None

    @property
    def piped(self) -> bool:
        """Whether passphrases are lines of standard input."""
        return bool(getattr(self.options, "piped", False))

    def open(self, *references: SecretReference, making: bool = False) -> str | None:
        """Open the sealed file where one of these needs it; its passphrase, if one was needed."""
        return opened(self.secrets, references, making=making, piped=self.piped)


def run(options: argparse.Namespace) -> int:
    """Do what the verb says."""
    places = places_of(options)
    here = _Here(options, places, _config(file_in_force(options)), secrets_at(places))
    verbs = {
        "set": _set,
        "list": _list,
        "check": _check,
        "move": _move,
        "remove": _remove,
        "unlock": _unlock,
        "passphrase": _passphrase,
    }
    try:
        verbs[options.verb](here)
    except SecretUnavailable as error:
        raise Failed(error.sentence) from None
    return Exit.OK


def asked(prompt: str) -> Secret:
    """The key that a person types without echo, or that is piped in. Raises Failed."""
    try:
        text = getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.read(65_536)
        return secret_of(text)
    except EOFError:
        raise Failed("No key was given.") from None
    except ValueError as error:
        raise Failed(f"This is no key: {error}.") from None


def _set(here: _Here) -> None:
    reference = _reference(here, here.options.name)
    if reference.form is SecretForm.ENV:
        raise Failed(why_not_ours(here.options.name, reference))
    key = asked(f"Key for {shown(str(reference))}: ")
    user = next((name for name, each in here.config.upstreams.items() if each.secret == reference), "")
    if user and reference.form is not SecretForm.FILE and here.running:
        with asking(here.places, _ANSWER_S) as proxy:
            kept = _through(proxy, user, key)
            checked = proxy.check_upstream(user)
        say(f"Stored as {kept.reference}, and in force.")
        if not checked.ok:
            raise Failed(f"But {user} does not answer as it should: {checked.message}")
        say(f"{user} answers and takes the key.")
        return
    here.open(reference, making=True)
    asyncio.run(here.secrets.put(reference, key))
    if any(use.reference == reference for use in uses(here.config)):
        say(f"Stored as {shown(str(reference))}.")
        _taken_up(here)
    else:
        say(f'Stored. In the configuration: secret = "{shown(str(reference))}"')


def _through(proxy: Questions, upstream: str, key: Secret) -> SecretKept:
    """Have the proxy keep it; where its sealed file is shut, open that first."""
    ask = setting_secret(upstream, key.reveal())
    try:
        return proxy.ask(ask)
    except Refused as refused:
        if refused.problem.code != SHUT:
            raise
    _open_there(proxy)
    return proxy.ask(ask)


def _open_there(proxy: Questions, *, piped: bool = False) -> SecretPlaces:
    """Open the sealed file for the running proxy."""
    new = proxy.ask(secret_places()).sealed == "absent"
    return proxy.ask(unlocking(passphrase_for(new=new, piped=piped), new=new))


def _list(here: _Here) -> None:
    if here.running:
        with asking(here.places, _ANSWER_S) as proxy:
            found = proxy.ask(secret_places())
    else:
        found = asyncio.run(SecretCare(here.secrets, lambda: here.config, _nothing).places())
    if here.options.json:
        say_json(found)
        return
    rows = [(each.reference, ", ".join(each.used_by), each.reason or "there") for each in found.places]
    rows += [(f"{SecretForm.SEALED}:{name}", "nobody", "in the sealed file") for name in found.unused]
    if rows:
        say_table(("secret", "used by", "state"), rows)
    else:
        say("The configuration names no secret.")
    if found.sealed != "absent":
        say(f"The sealed file {found.sealed_file} is {found.sealed}.")


async def _nothing() -> None:
    """Where no proxy runs, nothing is to be taken up."""


def _check(here: _Here) -> None:
    reference = _reference(here, here.options.name)
    here.open(reference)
    asyncio.run(here.secrets.get(reference))
    say(f"{shown(str(reference))} is there.")


def _remove(here: _Here) -> None:
    reference = _reference(here, here.options.name)
    here.open(reference)
    asyncio.run(here.secrets.forget(reference))
    say(f"{shown(str(reference))} is not kept any more.")
    if users := [use.who for use in uses(here.config) if use.reference == reference]:
        complain(f"It is named by {', '.join(users)} still.")
        _taken_up(here)


def _move(here: _Here) -> None:
    """Keep it there, have the configuration say so, and only then let go of it here."""
    source = _reference(here, here.options.name)
    target = _target(here.options.to, source)
    if target == source:
        raise Failed(f"It is {shown(str(source))} already.")
    here.open(source)
    key = asyncio.run(here.secrets.get(source))
    if key is None:
        raise Failed("There is no key to move.")
    passphrase = here.open(target, making=True)
    asyncio.run(here.secrets.put(target, key))
    if passphrase is not None and here.running:
        with asking(here.places, _ANSWER_S) as proxy:
            proxy.ask(unlocking(passphrase))
    keys = [use.key for use in uses(here.config) if use.reference == source]
    if keys:
        edited(here.options, lambda file: _renamed(file, keys, target))
    if source.form in (SecretForm.KEYRING, SecretForm.SEALED):
        asyncio.run(here.secrets.forget(source))
        say(f"Moved from {shown(str(source))} to {shown(str(target))}.")
    else:
        say(f"It is {shown(str(target))} now. It is in {shown(str(source))} still: take it away there yourself.")


def _unlock(here: _Here) -> None:
    with asking(here.places, _ANSWER_S) as proxy:
        if proxy.ask(secret_places()).sealed == "open":
            say("The sealed file is open.")
            return
        found = _open_there(proxy, piped=here.piped)
    say("The sealed file is open for the running proxy.")
    for each in found.places:
        if each.reason:
            complain(f"{each.reference}: {each.reason}")


def _passphrase(here: _Here) -> None:
    sealed = here.secrets.sealed
    if not sealed.there:
        raise Failed("There is no sealed file yet; the first key makes it: bursar secret set sealed:NAME")
    here.open(SecretReference(SecretForm.SEALED, "any"))
    new = next_line() if here.piped else chosen("New passphrase: ") if sys.stdin.isatty() else given("")
    sealed.change_passphrase(new)
    say("The sealed file has another passphrase now. Copies of it from before open with the one before.")
    if here.running:
        with asking(here.places, _ANSWER_S) as proxy:
            proxy.ask(unlocking(new))
        say("The running proxy has it open.")
    elif passphrase_at_hand(os.environ) is not None:
        complain("Where the proxy gets its passphrase from, the one before stands still: change it there too.")


def _reference(here: _Here, text: str) -> SecretReference:
    """The secret that a person means. Raises Failed, without quoting what may be the key itself."""
    meant = named(here.config, text)
    if meant is not None:
        return meant
    try:
        return reference_of(text if ":" in text else f"{SecretForm.KEYRING}:{text}")
    except ValueError as error:
        raise Failed(f"This is no name of a secret: {error}.", Exit.WRONG_USE) from None


def _target(text: str, source: SecretReference) -> SecretReference:
    """Where to move a secret to; `keyring` and `sealed` alone keep its name."""
    name = source.name if source.form in (SecretForm.KEYRING, SecretForm.SEALED) else "main"
    try:
        target = reference_of(f"{text}:{name}" if text in (SecretForm.KEYRING, SecretForm.SEALED) else text)
    except ValueError as error:
        raise Failed(f"This is no place for a secret: {error}.", Exit.WRONG_USE) from None
    if target.form not in (SecretForm.KEYRING, SecretForm.SEALED, SecretForm.FILE):
        raise Failed("A key is moved to the keyring, to the sealed file or to a file.", Exit.WRONG_USE)
    return target


def _renamed(file: Path, keys: list[Key], target: SecretReference) -> Config:
    for key in keys:
        config = edit.set_value(file, key, str(target))
    return config


def _taken_up(here: _Here) -> None:
    """Have a running proxy use what is there now."""
    for problem in reload_running(here.places) or ():
        complain(problem)


def _config(file: Path) -> Config:
    try:
        return load(file)
    except BrokenConfig:
        # What it names cannot be known; secrets named in full are kept all the same.
        return Config(file=file)
