"""The caps of one client key, as they stand in the configuration."""

import argparse

from bursar.cli.amounts import Amount
from bursar.cli.caps import set_cap
from bursar.cli.editing import edited, file_in_force
from bursar.config.load import load
from bursar.config.problems import BrokenConfig
from bursar.domain.account import Account


def set_key_cap(options: argparse.Namespace, given: Amount) -> None:
    """Make a cap for the key of the command, or change it. Raises Failed."""
    unit = "" if given.usd is not None else "-tokens" if given.tokens is not None else "-requests"
    edited(options, lambda file: set_cap(file, f"{options.name}{unit}-{given.every}", given, ("key", options.name)))


def caps_of_key(options: argparse.Namespace, name: str) -> list[Account]:
    """The caps that are for one key alone; none where the configuration is broken, which other commands say."""
    return all_caps(options).get(name, [])


def all_caps(options: argparse.Namespace) -> dict[str, list[Account]]:
    """The same for all keys, by name."""
    found: dict[str, list[Account]] = {}
    try:
        caps = load(file_in_force(options)).caps.values()
    except BrokenConfig:
        return found
    for cap in caps:
        if cap.key:
            found.setdefault(cap.key, []).append(cap.account())
    return found
