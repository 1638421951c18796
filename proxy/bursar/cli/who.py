"""Who asks for a change, and why: what the audit list keeps."""

import argparse
import getpass


def add_note(parser: argparse.ArgumentParser) -> None:
    """The option that says why."""
    parser.add_argument("--note", default="", help="why; kept with it")


def whoever() -> str:
    """The user of this terminal, as the system names it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
