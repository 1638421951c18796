"""`bursar connect cursor`: a tunnel as a child, the proxy exposed through it to one key, while the command runs."""

import _thread
import argparse
import os
import signal
import sys
import threading
import time
from contextlib import ExitStack
from types import FrameType
from urllib.parse import urlsplit

from msgspec import UNSET

from bursar.cli.amounts import Amount, amount
from bursar.cli.asking import ask, ask_until, choose
from bursar.cli.connect import chosen_model, loaded, verified
from bursar.cli.connecting.arrived import make_call
from bursar.cli.connecting.client import Client, Wanted
from bursar.cli.connecting.cursor import WHY
from bursar.cli.connecting.own_key import OwnKey, now_ms, own_key
from bursar.cli.connecting.tunnel import PROGRAMS, Tunnel, TunnelFailed, TunnelProgram, found
from bursar.cli.exits import Exit, Failed
from bursar.cli.key_access import key_access
from bursar.cli.key_caps import caps_of_key
from bursar.cli.output import complain, say
from bursar.cli.places import places_of
from bursar.cli.running import asking
from bursar.cli.times import span_ms
from bursar.contract.commands import ChangeKey, IssueKey, Status
from bursar.contract.events import KeyView
from bursar.contract.exposing import Exposing
from bursar.contract.exposure import Expose

_USUAL_CAP = "2usd/day"
_USUAL_END = "7d"
_LOOK_S = 1.0
_REACHABLE_S = 30.0


def connect_cursor(client: Client, options: argparse.Namespace) -> int:
    """Say what Cursor is about, then expose the proxy until Ctrl-C, the tunnel's end or the proxy's. Raises Failed."""
    if options.write:
        raise Failed(f"{client.no_file} What to enter: bursar connect cursor")
    for line in WHY:
        say(line)
    if options.dry:
        for line in client.enter(
            Wanted("https://NAME-OF-THE-TUNNEL/v1", "bk-…", chosen_model(options, loaded(options)))
        ):
            say(line)
        return Exit.OK
    with asking(places_of(options)) as proxy:
        status = proxy.status()
    model = chosen_model(options, loaded(options))
    program = None if options.host else _program(options)
    key = _key(options, model)
    _end_like_ctrl_c()
    if options.until_input_ends:
        threading.Thread(target=_end_with_input, name="input", daemon=True).start()
    try:
        with ExitStack() as stack:
            return _exposed(client, options, status, model, program, key, stack)
    except TunnelFailed as error:
        raise Failed(f"{error}") from None
    except KeyboardInterrupt:
        say("No longer exposed.")
        return Exit.OK


def _exposed(
    client: Client,
    options: argparse.Namespace,
    status: Status,
    model: str,
    program: TunnelProgram | None,
    key: OwnKey,
    stack: ExitStack,
) -> int:
    tunnel = None
    if program is not None:
        tunnel = stack.enter_context(Tunnel(program, urlsplit(status.public_url).port or 0))
        say(f"Waiting for {program.name} to say its address …")
    host = tunnel.host() if tunnel is not None else options.host.lower()
    command = Expose(host, (key.name,), program.name if program is not None else "")
    stack.enter_context(asking(places_of(options)))
    exposing = stack.enter_context(Exposing(places_of(options), command))
    wanted = Wanted(f"https://{host}/v1", key.shown, model)
    say()
    say(f'EXPOSED as https://{host}: whoever has the key "{key.name}" can call from anywhere. Ctrl-C ends it.')
    say("Nothing but /v1 is reachable there, and no other key is accepted.")
    for line in client.enter(wanted):
        say(line)
    if not options.no_verify and key.text:
        _verify(client, wanted, key, status, options)
    sys.stdout.flush()
    return _wait(exposing, tunnel)


def _wait(exposing: Exposing, tunnel: Tunnel | None) -> int:
    """Until the tunnel or the proxy is gone; whatever ends us ends both the tunnel and the exposure."""
    while exposing.lasts(_LOOK_S):
        if tunnel is not None and not tunnel.runs:
            complain(f"The tunnel has ended, so nothing is exposed any more: {tunnel.words}")
            return Exit.PROBLEM
    complain("The proxy has ended, so nothing is exposed any more.")
    return Exit.NOT_RUNNING


def _verify(client: Client, wanted: Wanted, key: OwnKey, status: Status, options: argparse.Namespace) -> None:
    """First as the tunnel hands a call on; then from outside, where a new name may take a while to be known."""
    local = Wanted(status.public_url, key.text, wanted.model)
    if verified(client, local, options, host=urlsplit(wanted.base_url).netloc) is not Exit.OK:
        return
    deadline = time.monotonic() + _REACHABLE_S
    while True:
        arrival = make_call(wanted.base_url, key.text, wanted.model, client.call(wanted))
        if arrival.ok:
            say("Arrived through the tunnel too.")
            return
        if time.monotonic() > deadline:
            complain(f"Not from outside yet, as far as this machine can see: {arrival.sentence}")
            return
        time.sleep(_LOOK_S)


def _program(options: argparse.Namespace) -> TunnelProgram:
    """The tunnel program to run: the one named, else the one chosen of those found. Raises Failed."""
    here = found()
    if options.tunnel:
        known = next((each for each in PROGRAMS if each.name == options.tunnel), None)
        if known is None:
            raise Failed(f"Of tunnel programs, {', '.join(each.name for each in PROGRAMS)} are known here.")
        if known not in here:
            raise Failed(
                f"{known.name} is not on the PATH. Install it, or run a tunnel yourself and name it: --host NAME"
            )
        return known
    if not here:
        names = ", ".join(each.name for each in PROGRAMS)
        raise Failed(f"No tunnel program is on the PATH ({names}). Install one, or name one that you run: --host NAME")
    if options.yes or not sys.stdin.isatty():
        listed = " or ".join(f"--tunnel {each.name}" for each in here)
        raise Failed(f"On this machine: {listed}. It is run only where that is asked for.")
    say("Tunnel programs on this machine:")
    return here[choose("Number", [f"{each.name}: {each.note}" for each in here])]


def _key(options: argparse.Namespace, model: str) -> OwnKey:
    """The key for Cursor: what it may use, what it may spend and when it ends are asked for where it is new."""
    with key_access(places_of(options)) as access:
        keys = access.keys()
    known = next((each for each in keys if each.name == options.name), None)
    if known is not None and known.expires_ms is not None and known.expires_ms <= now_ms():
        raise Failed(f'The key "{known.name}" has expired. Another: bursar key revoke {known.name}, and this again.')
    if known is not None:
        _narrow(known, options)
    asks = known is None and options.key is None and sys.stdin.isatty() and not options.yes
    models = tuple(options.models or (ask("Models that it may use", model).split() if asks else (model,)))
    if known is None and options.key is None and not options.cap:
        options.cap = [ask_until("It may spend", _USUAL_CAP, _amount) if asks else amount(_USUAL_CAP)]
    ends = options.expires or (ask_until("It ends in", _USUAL_END, _span) if asks else span_ms(_USUAL_END))
    limits = IssueKey(options.name, project=options.project or "", models=models, expires_ms=now_ms() + ends)
    key = own_key(options, must_know=False, limits=limits)
    if not key.name:
        raise Failed("The key that was given is none that was issued here; a key for Cursor must be.")
    return key


def _narrow(known: KeyView, options: argparse.Namespace) -> None:
    """A key that is there already is held to what was asked for now; what it lacks is said."""
    change = ChangeKey(
        models=tuple(options.models) if options.models else UNSET,
        expires_ms=now_ms() + options.expires if options.expires else UNSET,
    )
    if change != ChangeKey():
        with key_access(places_of(options)) as access:
            access.change_key(known.name, change)
    lacks = [
        option
        for option, has in (
            ("--models", known.models or options.models),
            ("--expires", known.expires_ms or options.expires),
            ("--cap", caps_of_key(options, known.name) or options.cap),
        )
        if not has
    ]
    if lacks:
        complain(f'The key "{known.name}" is wide for what strangers can reach; narrow it: {", ".join(lacks)}')


def _amount(text: str) -> Amount:
    try:
        return amount(text)
    except argparse.ArgumentTypeError as error:
        raise ValueError(str(error)) from None


def _span(text: str) -> int:
    try:
        return span_ms(text)
    except argparse.ArgumentTypeError as error:
        raise ValueError(str(error)) from None


def _end_with_input() -> None:
    """Whoever runs this holds its standard input open, and is gone where that ends, however it ended."""
    # Not through the stream: at the end of the program a thread that waits there would hold its lock.
    while os.read(0, 65_536):
        pass
    if os.name == "posix":
        # A signal alone ends what waits in the system.
        os.kill(os.getpid(), signal.SIGTERM)
    else:
        _thread.interrupt_main()


def _end_like_ctrl_c() -> None:
    """SIGTERM and a closed terminal end the tunnel too."""

    def end(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)
