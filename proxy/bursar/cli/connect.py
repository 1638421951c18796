"""`bursar connect`: point a program at the proxy: what to enter, or its file changed, and whether a call arrives."""

import argparse
import sys
from pathlib import Path

from bursar.cli.amounts import amount
from bursar.cli.asking import agreed
from bursar.cli.connecting import change
from bursar.cli.connecting.arrived import make_call, seen, speaks, window_of
from bursar.cli.connecting.client import CannotWrite, Client, Wanted
from bursar.cli.connecting.listed import say_clients
from bursar.cli.connecting.own_key import OwnKey, given_key, own_key, which_key
from bursar.cli.connecting.table import CLIENTS
from bursar.cli.connecting.where import Where
from bursar.cli.editing import file_in_force
from bursar.cli.exits import Exit, Failed
from bursar.cli.output import complain, say
from bursar.cli.places import add_config, places_of
from bursar.cli.running import running_status
from bursar.cli.times import span_ms
from bursar.config.document import CannotEdit
from bursar.config.load import load
from bursar.config.problems import BrokenConfig
from bursar.config.schema import Config
from bursar.contract.commands import IssueKey, Status

DESCRIPTION = """\
Point a program at the proxy. It gets a client key of its own, shown once; then a call is made in that program's own
manner, which costs what a short answer costs, and it is said whether it arrived.

examples:
  bursar connect                          which programs there are, and which of them are connected
  bursar connect cline                    what to enter
  bursar connect cline --write --dry-run  the difference alone: nothing is written, no key is issued
  bursar connect cline --write            change Cline's own file, after showing the difference
  bursar connect cline --undo             put it back as it was
  bursar connect continue --write --model coder --cap 3usd/day
  bursar connect openai --write --path .env
  bursar connect cursor --tunnel cloudflared --cap 2usd/day --expires 7d

Cursor needs a tunnel, which runs as long as the command: Ctrl-C ends both.
"""

_MASKED = "bk-…"


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """Its options."""
    add_config(parser)
    add = parser.add_argument
    add("client", nargs="?", choices=sorted(CLIENTS), help="which program; without it, they are listed")
    add("--write", action="store_true", help="change the program's own file, after showing the difference")
    add("--undo", action="store_true", help="put its file back as it was before --write")
    add("--dry-run", dest="dry", action="store_true", help="show it and do nothing: no file, no key, no call")
    add("--json", action="store_true", help="list them as one JSON object")
    add("--path", type=Path, metavar="FILE", help="its file, if not at the usual place")
    add("--yes", action="store_true", help="ask nothing")
    add("--no-verify", action="store_true", help="make no call")
    add("--model", metavar="ALIAS", help='the model that it asks for; default: "default", else the first alias')
    add("--project", metavar="NAME", help="the project that its calls count for")
    add("--cap", type=amount, action="append", default=[], metavar="AMOUNT", help="a cap for its key: 3usd/day")
    add("--name", metavar="KEY", help="the name of its key; default: that of the program")
    keys = parser.add_mutually_exclusive_group()
    keys.add_argument("--key", metavar="KEY", help="a key that is there already: - (standard input), env:NAME")
    keys.add_argument("--new-key", action="store_true", help="another key in place of the one of that name")
    cursor = parser.add_argument_group("for cursor")
    cursor.add_argument("--tunnel", metavar="NAME", help="the tunnel program to run: cloudflared, ngrok or tailscale")
    cursor.add_argument("--host", metavar="NAME", help="the public name of a tunnel that you run yourself")
    cursor.add_argument("--models", nargs="+", action="extend", metavar="GLOB", help="the aliases that its key may use")
    cursor.add_argument("--expires", type=span_ms, metavar="TIME", help="when its key ends: 7d, 12h; default: 7d")
    cursor.add_argument(
        "--until-input-ends", action="store_true", help="end with standard input: for programs that run this one"
    )


def run(options: argparse.Namespace) -> int:
    """Do what was asked for one client, or say which there are."""
    if options.client is None:
        return say_clients(options)
    client = CLIENTS[options.client]
    options.name = options.name or client.name
    try:
        if options.undo:
            return _undo(client, options)
        options.text = given_key(options.key) if options.key is not None else ""
        if client.name == "cursor":
            from bursar.cli.connect_cursor import connect_cursor

            return connect_cursor(client, options)
        return _connect(client, options)
    except (CannotWrite, CannotEdit) as error:
        raise Failed(f"Nothing was changed: {error}.") from None


def loaded(options: argparse.Namespace) -> Config:
    """The configuration that is there. Raises Failed."""
    try:
        return load(file_in_force(options))
    except BrokenConfig as broken:
        raise Failed("\n".join(["The configuration has problems:", *map(str, broken.problems)])) from None


def chosen_model(options: argparse.Namespace, config: Config) -> str:
    """The model that the client asks for. Raises Failed where there is none to choose."""
    if options.model:
        return str(options.model)
    names = [name for name in config.aliases if not set(name) & set("*?[")]
    if not names:
        raise Failed("There is no alias yet. Name a model: --model UPSTREAM/MODEL; or set up: bursar init")
    return "default" if "default" in names else names[0]


def verified(client: Client, wanted: Wanted, options: argparse.Namespace, *, host: str = "") -> int:
    """Make the call, and say whether it arrived; the exit status."""
    arrival = make_call(wanted.base_url, wanted.key, wanted.model, client.call(wanted), host=host)
    if not arrival.ok:
        complain(f"It did not arrive: {arrival.sentence}")
        return Exit.PROBLEM
    say(f"Arrived, in the manner of {client.title}: {seen(places_of(options), arrival.exchange_id)}.")
    return Exit.OK


def _connect(client: Client, options: argparse.Namespace) -> int:
    config = loaded(options)
    status = running_status(places_of(options))
    base_url = status.public_url if status is not None else _usual_url(config)
    model = chosen_model(options, config)
    _check_needs(client, model, base_url, status)
    if options.key is not None and options.project:
        # A key that is there keeps the project that it has; the address can say another.
        base_url = f"{base_url.removesuffix('/v1')}/p/{options.project}/v1"
    if options.dry:
        return _shown(client, Wanted(base_url, _MASKED, model), options)
    if options.write:
        key = _written(client, Wanted(base_url, _MASKED, model), options)
        wanted = Wanted(base_url, key.text, model)
    else:
        key = own_key(options, must_know=False, limits=_limits(options))
        wanted = Wanted(base_url, key.shown, model, _window(base_url, key, model, status))
        for line in client.enter(wanted):
            say(line)
        if key.is_new:
            say(f'This is the key "{key.name}"; it is not shown again.')
    if options.no_verify:
        return Exit.OK
    if not key.text:
        say("Not verified: the key's text is not known here. Give it with --key -, or make another with --new-key.")
        return Exit.OK
    if status is None:
        complain("Not verified: no proxy is running here. Start one (bursar serve), then make a call from there.")
        return Exit.NOT_RUNNING
    return verified(client, wanted, options)


def _shown(client: Client, draft: Wanted, options: argparse.Namespace) -> int:
    """What would be written or entered, and with which key; nothing is done. Raises as `_written` does."""
    before = ""
    if options.write:
        _, before = _difference(client, draft, options)
    else:
        for line in client.enter(draft):
            say(line)
    say()
    say(which_key(options, before, must_know=options.write))
    return Exit.OK


def _difference(client: Client, draft: Wanted, options: argparse.Namespace) -> tuple[Path, str]:
    """Say the difference that writing makes; the file, and what stands in it now."""
    file = options.path or (client.file(Where()) if client.file is not None else None)
    if client.edit is None or file is None:
        raise Failed(f"{client.no_file} What to enter: bursar connect {client.name}")
    before = change.present(file)
    for line in change.difference(file, before, client.edit(before, draft)):
        say(line)
    return file, before


def _written(client: Client, draft: Wanted, options: argparse.Namespace) -> OwnKey:
    """Show the difference, ask, have a key, write. Raises Failed, CannotWrite and CannotEdit."""
    file, before = _difference(client, draft, options)
    if client.edit is None:
        raise Failed(client.no_file)
    if sys.stdin.isatty() and not options.yes and not agreed("Write it?", default=True):
        raise Failed("Nothing was changed.")
    key = own_key(options, before, must_know=True, limits=_limits(options))
    status = running_status(places_of(options))
    window = _window(draft.base_url, key, draft.model, status)
    wanted = Wanted(draft.base_url, key.text, draft.model, window)
    after = client.edit(before, wanted)
    backup = change.write(file, before, after, _record(client, options), key=key.name, private=key.text in after)
    say(f"Written: {file}" + (f"; as it was: {backup}" if backup is not None else ""))
    say(f"Undo it: bursar connect {client.name} --undo")
    for line in client.after(wanted):
        say(line)
    return key


def _undo(client: Client, options: argparse.Namespace) -> int:
    record = _record(client, options)
    connected = change.read_record(record)
    if connected is None:
        raise Failed(f"Nothing of {client.title} was changed from here that could be undone.")
    file = Path(connected.path)
    for line in change.difference(file, change.present(file), change.original(connected)):
        say(line)
    if options.dry:
        return Exit.OK
    if not change.is_as_written(connected) and not options.yes:
        if not sys.stdin.isatty():
            raise Failed("The file was changed since. What is above would be lost or come back: --yes does it.")
        if not agreed("The file was changed since. Put it back as it was before Bursar?", default=False):
            raise Failed("Nothing was changed.")
    change.restore(connected, record)
    say(
        f"As it was before: {file}"
        if connected.backup is not None
        else f"Removed, since it was not there before: {file}"
    )
    if connected.key:
        say(f"Its key is still good; to take it back: bursar key revoke {connected.key}")
    return Exit.OK


def _check_needs(client: Client, model: str, base_url: str, status: Status | None) -> None:
    """Raises Failed where the client would ask for the model in a way that the proxy does not speak."""
    needs = client.needs(model)
    if not needs:
        return
    asks = f"{client.title} asks for {model} at /v1{needs} alone"
    if status is None:
        raise Failed(
            f"{asks}. Start the proxy (bursar serve), so that it can say whether it has that.", Exit.NOT_RUNNING
        )
    if not speaks(base_url, needs):
        other = "" if client.needs("default") else " Choose an alias of another name: --model ALIAS."
        raise Failed(
            f"{asks}, which this version of Bursar does not have yet.{other} "
            "Nothing was changed, and no key was issued."
        )


def _limits(options: argparse.Namespace) -> IssueKey:
    return IssueKey(options.name, project=options.project or "")


def _window(base_url: str, key: OwnKey, model: str, status: Status | None) -> int | None:
    return window_of(base_url, key.text, model) if status is not None and key.text else None


def _record(client: Client, options: argparse.Namespace) -> Path:
    return change.record_of(places_of(options), client.name)


def _usual_url(config: Config) -> str:
    """Where the proxy will be, as the configuration has it."""
    host = config.server.host
    return f"http://{f'[{host}]' if ':' in host else host}:{config.server.port}/v1"
