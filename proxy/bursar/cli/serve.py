"""`bursar serve`: run the proxy in the foreground; what a background service runs too."""

import argparse
import asyncio

from bursar.cli.exits import Exit, Failed
from bursar.cli.passphrase import asked_at_start
from bursar.cli.places import add_config, places_of
from bursar.cli.privacy import keep_to_ourselves
from bursar.config.load import load
from bursar.config.problems import BrokenConfig
from bursar.config.references import uses
from bursar.contract.log_line import Level
from bursar.domain.secret_reference import SecretForm
from bursar.log.process_log import process_log
from bursar.secrets.secrets import secrets_at

DESCRIPTION = """\
Run the proxy in the foreground. Once it answers, it prints one line: `listening on http://127.0.0.1:N/v1`.
SIGTERM or Ctrl-C ends it after its calls, a second one at once; SIGHUP, like `bursar reload`, takes up a changed
configuration. The exit status is 4 where the port or the ledger is another process's, 5 where the configuration cannot
be used: to start it again would not help.

examples:
  bursar serve
  bursar serve --port 0            a free port, for scripts and tests
  bursar serve --config my.toml
"""

_MIB = 1024 * 1024


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """Its options."""
    add_config(parser)
    parser.add_argument("--host", help="the address to listen on, in place of the configured one")
    parser.add_argument("--port", type=int, help="the port to listen on, in place of the configured one; 0: a free one")


def run(options: argparse.Namespace) -> int:
    """Run until it is told to stop."""
    places = places_of(options)
    try:
        config = load(places.config_file, host=options.host, port=options.port)
    except BrokenConfig as broken:
        raise Failed("\n".join(map(str, broken.problems)), Exit.UNUSABLE) from None
    keep_to_ourselves()
    kept = secrets_at(places, conceal=True)
    if any(use.reference.form is SecretForm.SEALED for use in uses(config)):
        asked_at_start(kept.sealed)

    from bursar.daemon.run import run as run_daemon
    from bursar.doorkeeper.listen import AddressTaken, CannotListen
    from bursar.storage.store import StoreInUse, StoreUnavailable

    try:
        said = config.log
        with process_log(places.log_dir, level=Level(said.level), size=said.mib * _MIB, files=said.files) as log:
            asyncio.run(run_daemon(places, _announce, kept=kept, host=options.host, port=options.port, log=log))
    except (AddressTaken, StoreInUse) as error:
        raise Failed(f"{error}.", Exit.TAKEN) from None
    except (CannotListen, StoreUnavailable) as error:
        raise Failed(f"{error}.") from None
    except BrokenConfig as broken:
        raise Failed("\n".join(map(str, broken.problems)), Exit.UNUSABLE) from None
    return Exit.OK


def _announce(base_url: str) -> None:
    print(f"listening on {base_url}", flush=True)
