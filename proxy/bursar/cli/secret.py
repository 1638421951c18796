"""`bursar secret`: keep an upstream's key in the keyring; the key is typed or piped in, never an argument."""

import argparse
import asyncio
import getpass
import sys

from bursar.cli.exits import Exit, Failed
from bursar.cli.output import say
from bursar.domain.secret_reference import SecretForm, SecretReference, reference_of
from bursar.secrets.secret import Secret, SecretUnavailable, secret_of
from bursar.secrets.secrets import Secrets

DESCRIPTION = """\
Keep an upstream's key in the keyring of this system. The key is asked for without echo, or read from
standard input; it is never an argument, since any program can read those.

examples:
  bursar secret set main                 asks for the key that secret = "keyring:main" names
  bursar secret set main < key.txt
  bursar secret check main               whether it is there
  bursar secret forget main
"""

_VERBS = {"set": "store a key", "check": "say whether a key is there", "forget": "remove a key"}


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """The verbs and what each takes."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, text in _VERBS.items():
        each = verbs.add_parser(verb, help=text, description=f"{text[:1].upper()}{text[1:]}.")
        each.add_argument("name", help='the name after "keyring:" in the configuration')


def run(options: argparse.Namespace) -> int:
    """Do what the verb says."""
    try:
        reference = reference_of(f"{SecretForm.KEYRING}:{options.name.removeprefix('keyring:')}")
        asyncio.run(_do(options.verb, reference))
    except ValueError as error:
        raise Failed(f"This is no name of a secret: {error}.", Exit.WRONG_USE) from None
    except SecretUnavailable as error:
        raise Failed(error.sentence) from None
    return Exit.OK


async def _do(verb: str, reference: SecretReference) -> None:
    secrets = Secrets()
    match verb:
        case "set":
            await secrets.put(reference, asked(f"Key for {reference.name}: "))
            say(f'Stored. In the configuration: secret = "{reference}"')
        case "check":
            await secrets.get(reference)
            say(f'"{reference.name}" is there.')
        case "forget":
            await secrets.forget(reference)
            say(f'"{reference.name}" is not in the keyring any more.')


def asked(prompt: str) -> Secret:
    """The key that a person types without echo, or that is piped in. Raises Failed."""
    try:
        text = getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.read(65_536)
        return secret_of(text)
    except EOFError:
        raise Failed("No key was given.") from None
    except ValueError as error:
        raise Failed(f"This is no key: {error}.") from None
