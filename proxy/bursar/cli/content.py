"""`bursar content`: the prompts and answers that are kept, for keys that say so: how much it is, and deleting it."""

import argparse
from pathlib import Path

from bursar.cli.exits import Exit, Failed
from bursar.cli.output import say, say_json, say_prose, say_table
from bursar.cli.places import add_config, places_of
from bursar.cli.running import asking
from bursar.cli.words import instant
from bursar.config.load import load
from bursar.config.problems import BrokenConfig
from bursar.config.schema import ContentSettings
from bursar.content.segments import FOLDER, Segments, kept_of_keys
from bursar.contract.content import Forgotten, KeptContent, forgetting, kept_content
from bursar.contract.places import Places
from bursar.contract.questions import running
from bursar.domain.exchange import instant_of

DESCRIPTION = """\
The prompts and answers that are kept. Nothing is, but for keys that say so: bursar key set NAME --keep-content
They lie in files of their own that only you may open, go by themselves once they are too old ([content] in the
configuration), and can be deleted at any time, with the proxy running or not.

examples:
  bursar content list                         how much is kept of which keys, where, and for how long
  bursar log --id 1g6xk5v7zq0w3m --content    one call
  bursar content forget --id 1g6xk5v7zq0w3m   delete that of one call
  bursar content forget --key laptop          of all calls of a key
  bursar content forget --all
"""


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """The verbs and what each takes."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    listing = verbs.add_parser("list", help="how much is kept, of which keys")
    forget = verbs.add_parser("forget", help="delete what is kept, at once")
    which = forget.add_mutually_exclusive_group(required=True)
    which.add_argument("--id", metavar="EXCHANGE", help="that of one call")
    which.add_argument("--key", metavar="NAME", help="that of all calls of a key, also of one that was revoked")
    which.add_argument("--all", action="store_true", help="all of it")
    for each in (listing, forget):
        each.add_argument("--json", action="store_true", help="print JSON")
        add_config(each)


def run(options: argparse.Namespace) -> int:
    """List, or delete."""
    places = places_of(options)
    if options.verb == "list":
        _list(_kept(places), as_json=options.json)
        return Exit.OK
    gone = _forget(places, options)
    if options.json:
        say_json(gone)
    elif gone.bytes:
        say(f"Deleted: {gone.bytes:,} bytes on disk.")
    else:
        say("Nothing of it was kept.")
    return Exit.OK


def _list(kept: KeptContent, *, as_json: bool) -> None:
    if as_json:
        say_json(kept)
        return
    if kept.keys:
        rows = [
            (each.key, _size(each.text_bytes), _size(each.media_bytes), instant(each.since_ms)) for each in kept.keys
        ]
        say_table(("key", "text", "media", "since"), rows, right=(1, 2))
    else:
        say(
            "Nothing is kept. A key has the prompts and answers of its calls kept once it says so: "
            "bursar key set NAME --keep-content"
        )
    media = f"media {kept.media_days} days" if kept.media_days else "media not at all"
    say_prose(f"Text is kept {kept.days} days, {media}, {kept.max_mib} MiB in all at most, in {kept.folder}")
    if kept.trouble:
        say_prose(f"It cannot be kept now: {kept.trouble}")
    if kept.missed:
        say_prose(f"Of {kept.missed:,} calls since the start it could not be kept.")


def _kept(places: Places) -> KeptContent:
    if running(places):
        with asking(places) as proxy:
            return proxy.ask(kept_content())
    settings, folder = _settings(places)
    files = Segments(folder)
    try:
        files.open()
    except OSError as error:
        raise Failed(f"{folder} cannot be read: {error.strerror}.") from None
    return KeptContent(str(folder), kept_of_keys(files), settings.days, settings.media_days, settings.max_mib)


def _forget(places: Places, options: argparse.Namespace) -> Forgotten:
    if options.id is not None and instant_of(options.id) is None:
        raise Failed(f"{options.id} is no id of a call; they are in: bursar log")
    if running(places):
        with asking(places) as proxy:
            return proxy.ask(forgetting(key=options.key, exchange_id=options.id))
    files = Segments(_settings(places)[1])
    try:
        files.open()
        return Forgotten(files.forget_call(options.id) if options.id is not None else files.forget(options.key))
    except OSError as error:
        raise Failed(f"It could not be deleted: {error.strerror}.") from None


def _settings(places: Places) -> tuple[ContentSettings, Path]:
    """What the configuration says, and where content is; a broken file leaves the usual of both."""
    try:
        config = load(places.config_file)
    except BrokenConfig:
        return ContentSettings(), places.database.parent / FOLDER
    database = Path(config.storage.path) if config.storage.path else places.database
    return config.content, database.parent / FOLDER


def _size(size: int) -> str:
    return f"{size:,} B" if size < 10_000 else f"{size / 1024:,.0f} KiB"
