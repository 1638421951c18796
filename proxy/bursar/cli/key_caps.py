"""The caps of one client key, as they stand in the configuration."""

import argparse

from bursar.cli.amounts import Amount
from bursar.cli.caps import set_cap
from bursar.cli.editing import edited, file_in_force
from bursar.config.load import load
from bursar.config.problems import BrokenConfig
from bursar.domain.account import Account


def set_key_cap(options: argparse.Namespace, given: Amount) -> None:
    """Make a cap for the key of the command, or change the one it has of this unit and cycle. Raises Failed."""
    name = _name(options, given)
    edited(options, lambda file: set_cap(file, name, given, ("key", options.name)))


def caps_of_key(options: argparse.Namespace, name: str) -> list[Account]:
    """The caps that are for one key alone; none where the configuration is broken, which other commands say."""
    return all_caps(options).get(name, [])


def _name(options: argparse.Namespace, given: Amount) -> str:
    """The name of the cap to write: never that of a cap which is for something else."""
    unit = "usd" if given.usd is not None else "tokens" if given.tokens is not None else "requests"
    free = f"{options.name}{'' if unit == 'usd' else f'-{unit}'}-{given.every}"
    try:
        caps = load(file_in_force(options)).caps
    except BrokenConfig:
        return free  # writing to it says what is wrong
    for cap in caps.values():
        same = cap.every.anchor is None and cap.every.every is given.every
        if cap.key == options.name and same and getattr(cap, unit) is not None:
            return cap.name
    name, number = free, 2
    while name in caps:
        name, number = f"{free}-{number}", number + 1
    return name


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
