"""`bursar service`: the proxy in the background, run by the operating system."""

import argparse
import subprocess

import msgspec

from bursar.cli.exits import Exit, Failed
from bursar.cli.output import complain, say, say_json
from bursar.cli.places import add_config
from bursar.cli.process_lines import show_of
from bursar.cli.service_install import install, see_that_it_can_start, uninstall
from bursar.cli.service_options import chosen, places_for
from bursar.cli.service_state import Found, look, sentences
from bursar.contract.log_line import Level
from bursar.log.files import LogFiles
from bursar.service.supervisor import Phase
from bursar.service.tool import ToolFailed

DESCRIPTION = """\
The proxy in the background, run by the operating system: systemd on Linux, launchd on macOS, the Task Scheduler on
Windows. It starts by itself, again after a failure, and ends after its calls.

examples:
  bursar service install --print     what would be written, and nothing else
  bursar service install             write it, start it, wait until it answers; again after an update or a move
  bursar service status              exit status 0: it runs; 1: there is a problem; 3: it does not run
  bursar service restart
  bursar service logs -f
  bursar service uninstall           your configuration and ledger stay
  sudo bursar service install --system --run-as bursar    for the whole machine (systemd)
"""

_VERBS = {
    "install": "have the operating system run the proxy; does no harm when repeated",
    "uninstall": "end it and have the operating system forget it; data stays",
    "start": "start it, and wait until it answers",
    "stop": "end it after its calls",
    "restart": "end it after its calls and start it again",
    "status": "how it is: whether it runs, starts by itself, and is of this version",
    "logs": "what it has said",
}


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """The verbs and what each takes."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    made = {verb: verbs.add_parser(verb, help=what, description=what.capitalize()) for verb, what in _VERBS.items()}
    for each in made.values():
        add_config(each)
        each.add_argument("--system", action="store_true", help="the machine's service, not this user's (systemd)")
    new = made["install"]
    new.add_argument("--print", "--dry-run", dest="dry", action="store_true", help="print the files and write none")
    new.add_argument("--run-as", metavar="USER", help="with --system: the user it runs as; default: one of its own")
    new.add_argument("--no-start", action="store_true", help="do not start it now")
    new.add_argument("--no-socket", action="store_true", help="let it open its port itself (systemd)")
    new.add_argument("--linger", action="store_true", help="have it run without a login too (systemd)")
    new.add_argument("--anyway", action="store_true", help="also from a temporary place")
    made["uninstall"].add_argument(
        "--print", "--dry-run", dest="dry", action="store_true", help="say what would be removed and remove nothing"
    )
    made["status"].add_argument("--json", action="store_true", help="print one JSON object")
    logs = made["logs"]
    logs.add_argument("-n", "--lines", type=int, default=50, metavar="N", help="how many lines; default: 50")
    logs.add_argument("-f", "--follow", action="store_true", help="go on with what it says from now on")


def run(options: argparse.Namespace) -> int:
    """Do what the verb says."""
    try:
        match options.verb:
            case "install":
                return install(options)
            case "uninstall":
                return uninstall(options)
            case "status":
                return _status(options)
            case "logs":
                return _logs(options)
            case _:
                return _control(options)
    except ToolFailed as error:
        raise Failed(f"{error}") from None


def _control(options: argparse.Namespace) -> int:
    supervisor = chosen(options)
    state = supervisor.state()
    if state.phase is Phase.ABSENT:
        raise Failed("No service is installed; bursar service install makes one.", Exit.NOT_RUNNING)
    if options.verb == "stop":
        supervisor.stop()
        say("Stopped.")
        return Exit.OK
    begin = supervisor.restart if options.verb == "restart" else supervisor.start
    if state.process is None and not state.holds_port:
        see_that_it_can_start(options)
    try:
        begin()
    except ToolFailed as error:
        complain(f"{error}")
        found = look(options)
        _told(found)
        if found.answering is None:
            # What was in the way may have come, or been seen, only now.
            see_that_it_can_start(options)
        return Exit.PROBLEM
    return _told(look(options))


def _status(options: argparse.Namespace) -> int:
    found = look(options)
    if options.json:
        say_json(msgspec.to_builtins(found))
        return found.exit
    return _told(found)


def _told(found: Found) -> int:
    for line in sentences(found):
        say(line)
    for problem in found.problems:
        complain(problem)
    return found.exit


def _logs(options: argparse.Namespace) -> int:
    command = chosen(options).log_command(options.lines, follow=options.follow)
    if command is not None:
        return subprocess.run(command, check=False).returncode
    options.limit, options.level, options.having, options.json = options.lines, Level.DEBUG, "", False
    show_of(LogFiles(places_for(options).log_dir), options)
    return Exit.OK
