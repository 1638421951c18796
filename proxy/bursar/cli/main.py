"""The command tree: finds the command, imports its module, and turns what goes wrong into a sentence and a status."""

import argparse
import difflib
import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from bursar import __version__
from bursar.cli.exits import Exit, Failed
from bursar.contract.shown import shown_text


@dataclass(frozen=True, slots=True)
class Entry:
    """One command in the list of all: its module below `bursar.cli`, and what it does in a line.

    `mixed` says that its options may stand between its words, of which the last may be left out; no such
    command has commands of its own.
    """

    module: str
    summary: str
    mixed: bool = False


COMMANDS = {
    "demo": Entry("demo", "try everything at once: no key, no network, nothing billed, nothing left behind"),
    "init": Entry("init", "set up: an upstream, its key, a daily cap, a first client key"),
    "connect": Entry("connect", "point a program at the proxy: Cline, Continue, Cursor, Zed, aider, opencode, SDKs"),
    "serve": Entry("serve", "run the proxy in the foreground"),
    "service": Entry("service", "run it in the background: install, start, stop, restart, status, logs"),
    "watch": Entry("watch", "the terminal interface of a running proxy"),
    "status": Entry("status", "what runs, and how the accounts stand"),
    "usage": Entry("usage", "what was used and spent, by day, model, key and more"),
    "log": Entry("log", "the calls, one attempt a line; with --process what the proxy says of itself"),
    "statement": Entry("statement", "a month: opening and closing balances, and every transaction"),
    "ask": Entry("ask", "talk to an alias or a model, and see what it costs", mixed=True),
    "explain": Entry("explain", "what a request would cost, who would pay, what would refuse it; sends nothing"),
    "key": Entry("keys", "the keys of client applications: issue, limit, rotate, revoke"),
    "content": Entry("content", "prompts and answers that are kept, for keys that say so: how much, and delete it now"),
    "alias": Entry("aliases", "the names that clients ask for, and where each goes, in which order"),
    "cap": Entry("caps", "set, list, raise and remove spending limits"),
    "plan": Entry("plans", "subscriptions: what is left, their states, changes of plan"),
    "wallet": Entry("wallets", "what was paid in: top up, compare with the vendor"),
    "doubt": Entry("doubts", "holds whose process died: settle or release them"),
    "alerts": Entry("alerts", "what was said without being asked: list, test the ways, dismiss"),
    "upstream": Entry("upstreams", "how the upstreams are; check one, or take it for well again"),
    "secret": Entry("secret", "upstreams' keys: in the keyring, or sealed by a passphrase; set, list, move, remove"),
    "prices": Entry("prices", "what models cost, and where the price is from"),
    "counting": Entry("counting", "by which factors tokens are counted, learned from what vendors report"),
    "config": Entry("config", "check, show and change the configuration"),
    "reload": Entry("control", "take up a changed configuration"),
    "stop": Entry("control", "stop the running proxy once its calls have ended"),
    "restore": Entry("restore", "go back to a backup of the ledger"),
    "doctor": Entry("doctor", "check everything that can be wrong, and say what to do"),
    "selftest": Entry("selftest", "play every fault against your own chains; nothing is billed"),
    "practice": Entry("practice", "an upstream made for trying and testing, with every fault there is"),
}
"""Every command, in the order in which a new user meets them."""

_HEAD = (
    "A local proxy for AI tools that holds every call to a budget.\n\nusage: bursar COMMAND [OPTIONS]\n\ncommands:\n"
)
_TAIL = """
`bursar COMMAND --help` explains one of them, with examples.

exit status:
  0  done
  1  a problem, said on standard error
  2  the command line was wrong
  3  the proxy is not running
  4  the port or the ledger is in use by another process (serve)
  5  the configuration cannot be used (serve)

Where things are: BURSAR_CONFIG names the configuration file, BURSAR_HOME a folder for everything.
"""


class Command(Protocol):
    """What a command's module has."""

    DESCRIPTION: str
    """What it does and, after an empty line, examples."""

    def arguments(self, parser: argparse.ArgumentParser, name: str) -> None:
        """Declare the options. `name` is the command asked for, where a module serves several."""

    def run(self, options: argparse.Namespace) -> int:
        """Do it; the exit status."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    # A program of Windows without a window has neither.
    sys.stdout, sys.stderr = (each or open(os.devnull, "w", encoding="utf-8") for each in (sys.stdout, sys.stderr))  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _dispatch(words)
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): what Python still wants to write goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK


def _dispatch(words: list[str]) -> int:
    """What the words ask for; the exit status."""
    if not words or words[0] in ("-h", "--help", "help"):
        print(_overview(), flush=True)
        return Exit.OK if words else Exit.WRONG_USE
    if words[0] in ("-V", "--version"):
        print(f"bursar {__version__}")
        return Exit.OK
    name = words[0]
    if name not in COMMANDS:
        print(_unknown(name), file=sys.stderr)
        return Exit.WRONG_USE
    command = cast(Command, importlib.import_module(f"bursar.cli.{COMMANDS[name].module}"))
    parser = _parser(command, name)
    parse = parser.parse_intermixed_args if COMMANDS[name].mixed else parser.parse_args
    options = parse(words[1:])
    return _guarded(command, options)


def _guarded(command: Command, options: argparse.Namespace) -> int:
    """Run the command, with what it may be expected to fail of as sentences."""
    try:
        status = command.run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except Failed as failure:
        # Its words may be a vendor's, or what somebody typed.
        print(shown_text(str(failure)), file=sys.stderr)
        return failure.status
    return status


def _parser(command: Command, name: str) -> argparse.ArgumentParser:
    summary, _, examples = command.DESCRIPTION.partition("\n\n")
    parser = argparse.ArgumentParser(
        prog=f"bursar {name}",
        description=summary,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(command=name)
    command.arguments(parser, name)
    return parser


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {entry.summary}" for name, entry in COMMANDS.items()]
    return _HEAD + "\n".join(lines) + "\n" + _TAIL.rstrip("\n")


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, COMMANDS, n=1)
    rest = f'did you mean "{close[0]}"?' if close else "`bursar --help` lists all."
    return f"There is no command {ascii(name)}; {rest}"
