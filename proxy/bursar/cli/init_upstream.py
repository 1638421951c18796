"""The upstream of `bursar init`: which, where, with what key, and whether it takes it."""

import argparse
import asyncio
import os
from dataclasses import dataclass, replace
from pathlib import Path

from bursar.cli.asking import agreed, ask, ask_until, choose
from bursar.cli.exits import Exit, Failed
from bursar.cli.output import complain, say
from bursar.cli.passphrase import opened
from bursar.cli.places import places_of
from bursar.cli.secret import asked
from bursar.cli.vendors import Vendor, offered, vendor_named
from bursar.config.base_url import base_url
from bursar.config.load import parse
from bursar.config.problems import BrokenConfig
from bursar.config.schema import UpstreamSettings
from bursar.config.template import starter
from bursar.config.values import Wrong
from bursar.domain.clock import SystemClock
from bursar.domain.refusals import Refusal
from bursar.domain.secret_reference import NO_SECRET, SecretForm, SecretReference, reference_of
from bursar.secrets.secret import Secret, SecretUnavailable, secret_of
from bursar.secrets.secrets import Secrets, secrets_at


@dataclass(frozen=True, slots=True)
class NewUpstream:
    """An upstream to be written: its table, and its key where that is yet to be kept somewhere."""

    name: str
    table: dict[str, object]
    reference: SecretReference = NO_SECRET
    key: Secret | None = None
    to_keep: bool = False

    @property
    def whole_table(self) -> dict[str, object]:
        """The table as the configuration has it."""
        return {**self.table, "secret": str(self.reference)} if self.reference != NO_SECRET else dict(self.table)


def chosen_upstream(options: argparse.Namespace, taken: set[str]) -> NewUpstream:
    """The upstream that the options and the person name. Raises Failed."""
    vendor = _vendor(options)
    name = options.name or vendor.name
    if name in taken:
        raise Failed(f'There is an upstream "{name}" already; give this one another name (--name).')
    upstream = NewUpstream(name, _table(vendor, options))
    return _with_key(upstream, vendor, options)


def _vendor(options: argparse.Namespace) -> Vendor:
    if options.upstream:
        return vendor_named(options.upstream)
    if options.yes:
        raise Failed("--yes needs --upstream (bursar init --help).", Exit.WRONG_USE)
    known = offered()
    say("Where do your calls go?")
    here = " (running on this machine)"
    return known[choose("Number", [f"{each.title}{'' if each.needs_key else here}" for each in known])]


def _table(vendor: Vendor, options: argparse.Namespace) -> dict[str, object]:
    def convert(text: str) -> str:
        try:
            return base_url(text)
        except Wrong as wrong:
            raise ValueError(f"it must be {wrong.allowed}") from None

    table = vendor.table
    try:
        if options.base_url:
            table["base_url"] = convert(options.base_url)
    except ValueError as error:
        raise Failed(f"--base-url: {error}.", Exit.WRONG_USE) from None
    if vendor.name == "other" and not options.base_url:
        if options.yes:
            raise Failed("--upstream other needs --base-url.", Exit.WRONG_USE)
        table["base_url"] = ask_until("Its address, such as https://api.example.com/v1", "", convert)
    return table


def _with_key(upstream: NewUpstream, vendor: Vendor, options: argparse.Namespace) -> NewUpstream:
    if options.key_env:
        try:
            reference = reference_of(f"{SecretForm.ENV}:{options.key_env}")
        except ValueError as error:
            raise Failed(f"--key-env: {error}.", Exit.WRONG_USE) from None
        text = os.environ.get(options.key_env)
        return replace(upstream, reference=reference, key=_key_of(text, options.key_env) if text else None)
    if options.key_stdin:
        return _kept(upstream, asked(""), options)
    if options.no_key or not vendor.needs_key:
        return upstream
    if options.yes:
        raise Failed("--yes needs the key: --key-stdin, --key-env NAME, or --no-key.", Exit.WRONG_USE)
    if vendor.name == "other" and not agreed("Does it need a key?", default=True):
        return upstream
    whose = "Its" if vendor.name == "other" else vendor.title
    return _kept(upstream, asked(f"{whose} key (it is not shown): "), options)


def _kept(upstream: NewUpstream, key: Secret, options: argparse.Namespace) -> NewUpstream:
    reference = SecretReference(SecretForm.SEALED if options.sealed else SecretForm.KEYRING, upstream.name)
    if options.key_file:
        reference = SecretReference(SecretForm.FILE, str(options.key_file.expanduser().absolute()))
    return replace(upstream, reference=reference, key=key, to_keep=True)


def _key_of(text: str, name: str) -> Secret:
    try:
        return secret_of(text)
    except ValueError as error:
        raise Failed(f"The variable {name} holds no key: {error}.") from None


def checked(upstream: NewUpstream, options: argparse.Namespace) -> tuple[str, ...]:
    """The models that the upstream lists; none where it is not asked. Raises Failed where it says no."""
    if options.no_check or (upstream.key is None and upstream.reference != NO_SECRET):
        return ()
    try:
        models = asyncio.run(_listed(upstream))
    except Refusal as refusal:
        if options.yes:
            raise Failed(f"{refusal.message}\nNothing was written. To go on without asking: --no-check.") from None
        complain(refusal.message)
        if not agreed("Go on all the same?", default=False):
            raise Failed("Nothing was written.") from None
        return ()
    complain(f"It answers, and lists {len(models)} models.")
    return models


async def _listed(upstream: NewUpstream) -> tuple[str, ...]:
    from bursar.upstreams.connection import Connection
    from bursar.upstreams.listing import listed_models

    connection = Connection()
    try:
        key = upstream.key.reveal() if upstream.key is not None else ""
        return await listed_models(_settings(upstream), key, connection, SystemClock())
    finally:
        await connection.close()


def _settings(upstream: NewUpstream) -> UpstreamSettings:
    text = starter({"upstreams": {upstream.name: upstream.whole_table}})
    try:
        return parse(text.encode(), Path("config.toml"), environ={}).upstreams[upstream.name]
    except BrokenConfig as broken:
        raise Failed("\n".join(each.sentence for each in broken.problems)) from None


def stored(upstream: NewUpstream, folder: Path, options: argparse.Namespace) -> NewUpstream:
    """The upstream once its key is kept: in the keyring, or elsewhere where there is none. Raises Failed."""
    if not upstream.to_keep or upstream.key is None:
        return upstream
    secrets = secrets_at(places_of(options))
    try:
        _put(secrets, upstream.reference, upstream.key)
        return upstream
    except SecretUnavailable as error:
        if options.yes or upstream.reference.form is not SecretForm.KEYRING:
            raise Failed(
                f"{error.sentence}\nOr have `bursar init` keep it elsewhere: --sealed, --key-file PATH."
            ) from None
        complain(error.sentence)
    elsewhere = replace(upstream, reference=_elsewhere(upstream.name, folder))
    try:
        _put(secrets, elsewhere.reference, upstream.key)
    except SecretUnavailable as error:
        raise Failed(error.sentence) from None
    return elsewhere


def _elsewhere(name: str, folder: Path) -> SecretReference:
    """Where a person without a keyring wants a key to be."""
    say("Where is it to be kept?")
    if choose("Number", ["in a file that a passphrase opens", "in a file that only you may read"]) == 0:
        return SecretReference(SecretForm.SEALED, name)
    return SecretReference(SecretForm.FILE, ask("Which file", str(folder / "keys" / name)))


def _put(secrets: Secrets, reference: SecretReference, key: Secret) -> None:
    opened(secrets, [reference], making=True)
    asyncio.run(secrets.put(reference, key))
