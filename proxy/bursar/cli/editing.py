"""Changes to the configuration made by a command: to the file that is in force, and taken up at once."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from bursar.cli.exits import Failed
from bursar.cli.output import complain
from bursar.cli.places import places_of
from bursar.cli.running import reload_running, running_status
from bursar.config import edit
from bursar.config.document import CannotEdit
from bursar.config.edit import ConfigChanged
from bursar.config.load import load
from bursar.config.problems import BrokenConfig
from bursar.config.schema import Config


def file_in_force(options: argparse.Namespace) -> Path:
    """The file that a command changes: what `--config` names, else that of the running proxy, else the usual one."""
    if options.config is None:
        running = running_status(places_of(options))
        if running is not None:
            return Path(running.config_file)
    return places_of(options).config_file


def edited(options: argparse.Namespace, change: Callable[[Path], Config]) -> Config:
    """Make a change, have a running proxy take it up, and say so. Raises Failed; the file is then as it was."""
    file = file_in_force(options)
    try:
        config = change(file)
    except BrokenConfig as broken:
        # Without their places: those are of the file as it would have been.
        raise Failed("\n".join(["Nothing was changed:", *(each.sentence for each in broken.problems)])) from None
    except (CannotEdit, ConfigChanged) as error:
        raise Failed(f"Nothing was changed: {error}.") from None
    taken_up(options, file)
    return config


def added(options: argparse.Namespace, section: str, table: Mapping[str, object]) -> Config:
    """Make the new table `[section.NAME]` of what is stated of it. Raises Failed where there is one of that name."""

    def change(file: Path) -> Config:
        config = load(file, environ={})
        if options.name in getattr(config, section):
            raise Failed(f"There is [{section}.{options.name}] already; change it: bursar config edit")
        stated = {name: value for name, value in table.items() if value is not None}
        return edit.set_table(file, (section, options.name), stated, if_match=config.digest)

    return edited(options, change)


def taken_up(options: argparse.Namespace, file: Path) -> None:
    """Have a running proxy take up what was written to the file, and say so."""
    problems = reload_running(places_of(options))
    # To standard error, since what a command prints may be meant for a script.
    if problems is None:
        complain(f"Written to {file}.")
    elif problems:
        complain("Written, but the running proxy does not take it up:")
        for problem in problems:
            complain(problem)
    else:
        complain(f"Written to {file}, and in force.")
