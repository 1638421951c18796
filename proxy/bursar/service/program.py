"""Program: what is to run in the background: which Python, which configuration, in which environment, at which port."""

import ipaddress
import math
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bursar.config.schema import Config
from bursar.contract.places import Places

CARRIED = ("BURSAR_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "PYTHON_KEYRING_BACKEND")
"""The variables that say where things are: the service must find them where the commands do. None of them is secret."""

_MARGIN_S = 30
"""What an end takes beside the calls that still run: undoing those that do not end, and writing to the ledger."""


@dataclass(frozen=True, slots=True)
class Program:
    """The proxy as the supervisor is to run it.

    `python` is absolute and as it was called: where it is a link, it leads into an environment of
    its own, which what it points to does not. `addresses` are the host and port of each socket that
    may be held for it, none where it is to open its own.
    """

    python: Path
    places: Places
    environment: Mapping[str, str]
    addresses: tuple[tuple[str, int], ...]
    drain_s: float

    @property
    def command(self) -> tuple[str, ...]:
        """The command line; `-P` keeps the working folder out of what can be imported."""
        return (*self.ours, "serve", "--config", str(self.places.config_file))

    @property
    def reload_command(self) -> tuple[str, ...]:
        """What has the running one take up its configuration, and fails where that has problems."""
        return (*self.ours, "reload", "--config", str(self.places.config_file))

    @property
    def ours(self) -> tuple[str, ...]:
        """The command line of any command of this installation, up to its name."""
        return (str(self.python), "-P", "-m", "bursar")

    @property
    def stop_s(self) -> int:
        """How long an end in good order may take, in whole seconds."""
        return math.ceil(self.drain_s) + _MARGIN_S


def program_of(
    python: str, places: Places, config: Config, environ: Mapping[str, str], *, keep_port: bool = True
) -> Program:
    """The program that this Python, these places and this configuration make.

    Of `environ`, what says where things are goes along. With `keep_port`, the addresses to listen
    on are named, unless the port is a free one that nobody can know before.
    """
    server = config.server
    return Program(
        python=Path(os.path.abspath(python)),  # noqa: PTH100 - resolve() would leave the environment
        places=places,
        environment={name: environ[name] for name in CARRIED if environ.get(name)},
        addresses=_addresses(server.host, server.port) if keep_port and server.port else (),
        drain_s=server.drain_s,
    )


def _addresses(host: str, port: int) -> tuple[tuple[str, int], ...]:
    """Where to listen for what the configuration says, as far as this machine has it; none for a host's name."""
    if host in ("127.0.0.1", "localhost"):
        return (("127.0.0.1", port), *((("::1", port),) if _is_here("::1") else ()))
    try:
        return ((str(ipaddress.ip_address(host)), port),)
    except ValueError:
        return ()


def _is_here(address: str) -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True
