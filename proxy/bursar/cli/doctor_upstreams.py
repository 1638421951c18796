"""What `bursar doctor` asks of others: the keyring, and every upstream with its key."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from bursar.cli.findings import Finding, note, problem, well
from bursar.cli.words import duration, instant
from bursar.config.schema import Config, UpstreamSettings
from bursar.domain.clock import SystemClock
from bursar.domain.refusals import Refusal, UpstreamKeyRefused, UpstreamUnreachable
from bursar.domain.secret_reference import SecretForm
from bursar.secrets.secret import SecretUnavailable
from bursar.secrets.secrets import Secrets
from bursar.upstreams.connection import Connection
from bursar.upstreams.listing import listed_models, their_clock_ms

_APART_MS = 5 * 60_000
"""How far clocks may be apart: certificates and cycles bear as much."""


async def outside(config: Config, folder: Path, *, network: bool) -> list[Finding]:
    """The keyring, then every upstream, all asked at once."""
    secrets = Secrets(folder=folder)
    needed = any(each.secret.form is SecretForm.KEYRING for each in config.upstreams.values())
    findings = [await _keyring(secrets, needed=needed)]
    connection = Connection()
    try:
        asked = (_upstream(each, secrets, connection, network=network) for each in config.upstreams.values())
        for found in await asyncio.gather(*asked):
            findings += found
    finally:
        await connection.close()
    if not config.upstreams:
        findings.append(note("upstream", "none is configured yet: bursar init"))
    return findings + list(_routes(config))


async def _keyring(secrets: Secrets, *, needed: bool) -> Finding:
    try:
        return well("keyring", await secrets.keyring_backend())
    except SecretUnavailable as error:
        if needed:
            return problem("keyring", error.sentence)
        return note("keyring", "this machine has none that keeps secrets; no upstream needs one")


async def _upstream(
    upstream: UpstreamSettings, secrets: Secrets, connection: Connection, *, network: bool
) -> list[Finding]:
    check = f"upstream {upstream.name}"
    try:
        key = await secrets.get(upstream.secret)
    except SecretUnavailable as error:
        return [problem(check, f"its key cannot be had: {error.sentence}")]
    if not network:
        return [note(check, "not asked (--offline)")]
    said = key.reveal() if key is not None else ""
    try:
        models = await listed_models(upstream, said, connection, SystemClock())
    except Refusal as refusal:
        found = problem(check, f"{refusal.message.rstrip('.')}. {_remedy(refusal, upstream)}")
    else:
        takes = " and takes the key" if key else ""
        count = f"{len(models)} model" if len(models) == 1 else f"{len(models)} models"
        found = well(check, f"{upstream.base_url} answers{takes}; it lists {count}")
    return [found, *await _their_clock(upstream, said, connection)]


def _remedy(refusal: Refusal, upstream: UpstreamSettings) -> str:
    """What to do about it."""
    if isinstance(refusal, UpstreamKeyRefused):
        match upstream.secret.form:
            case SecretForm.KEYRING | SecretForm.SEALED:
                return f"Put in the right key: bursar secret set {upstream.secret.name}"
            case SecretForm.NONE:
                return f'It wants a key: bursar secret set {upstream.name}, and secret = "keyring:{upstream.name}"'
            case _:
                return f"The key that {upstream.secret} names is not the right one."
    if isinstance(refusal, UpstreamUnreachable):
        return f"Does it run, and is its base_url right ({upstream.base_url})?"
    return f"Its base_url is {upstream.base_url}."


async def _their_clock(upstream: UpstreamSettings, key: str, connection: Connection) -> list[Finding]:
    """Whether it is about the same time there: else days begin at another hour than anybody thinks."""
    theirs_ms = await their_clock_ms(upstream, key, connection, SystemClock())
    ours_ms = SystemClock().now_ms()
    if theirs_ms is None or abs(theirs_ms - ours_ms) <= _APART_MS:
        return []
    apart = duration(abs(theirs_ms - ours_ms))
    both = f"it is {instant(ours_ms)} here and {instant(theirs_ms)} at upstream {upstream.name}, {apart} apart"
    return [problem("clock", f"{both}: set the clock of this machine, or days and months begin at the wrong hour")]


def _routes(config: Config) -> Iterable[Finding]:
    """What follows from the tables together, in the words of the loader."""
    for sentence in config.notes:
        yield note("configuration", sentence)
