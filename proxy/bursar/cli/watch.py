"""`bursar watch`: the terminal interface, a program of its own that attaches to the running proxy."""

import argparse
import os
import subprocess
import sys

from bursar.cli.places import add_config

DESCRIPTION = """\
Watch the running proxy: calls, cost, accounts, upstreams. It starts without one too, and attaches when one is there.

examples:
  bursar watch
  bursar watch --plain          a line for each event: for screen readers, pipes and logs
  bursar watch --theme light
  bursar watch --web --open     the same in a browser on this machine, behind a token
"""


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """Its options."""
    add_config(parser)
    parser.add_argument("--plain", action="store_true", help="print a line for each event instead")
    parser.add_argument("--web", action="store_true", help="serve it to a browser on this machine instead")
    parser.add_argument("--port", type=int, metavar="N", help="with --web: the port; by default a free one")
    parser.add_argument("--open", action="store_true", help="with --web: open the browser too")
    parser.add_argument("--theme", help="dark, light, terminal, or one of Textual's themes")


def run(options: argparse.Namespace) -> int:
    """Become the interface; where a process cannot become another one, wait for it."""
    command = program(plain=options.plain, theme=options.theme)
    if options.web:
        command.append("--web")
    if options.port is not None:
        command += ["--port", str(options.port)]
    if options.open:
        command.append("--open")
    if options.config is not None:
        command += ["--config", str(options.config)]
    if os.name == "posix":
        os.execv(command[0], command)  # noqa: S606 - there is nothing in it for a shell
    return subprocess.run(command, check=False).returncode


def program(*, plain: bool = False, theme: str | None = None) -> list[str]:
    """The command line of the interface."""
    command = [sys.executable, "-m", "bursar_tui"]
    if plain:
        command.append("--plain")
    if theme is not None:
        command += ["--theme", theme]
    return command
