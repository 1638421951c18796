"""Which files a command is about: those of `--config` and the environment, as the proxy itself finds them."""

import argparse
from pathlib import Path

from bursar.contract.places import Places, places


def add_config(parser: argparse.ArgumentParser) -> None:
    """The option by which every command is told of another configuration."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="the configuration file, in place of the usual one")


def places_of(options: argparse.Namespace) -> Places:
    """The places that the options name."""
    return places(options.config)
