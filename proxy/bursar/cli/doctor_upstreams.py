"""What `bursar doctor` asks of others: the places of keys, and every upstream with its key."""

import asyncio
from collections.abc import Iterable

from bursar.cli.doctor_secrets import asked_of_proxy, key_places
from bursar.cli.findings import Finding, State, note, problem, well
from bursar.cli.words import duration, instant
from bursar.config.schema import Config, UpstreamSettings
from bursar.contract.places import Places
from bursar.domain.clock import SystemClock
from bursar.domain.refusals import Refusal, UpstreamKeyRefused, UpstreamUnreachable
from bursar.domain.secret_reference import SecretForm
from bursar.secrets.secret import SealedShut, SecretUnavailable
from bursar.secrets.secrets import Secrets, secrets_at
from bursar.upstreams.connection import Connection
from bursar.upstreams.listing import listed_models, their_clock_ms

_APART_MS = 5 * 60_000
"""How far clocks may be apart: certificates and cycles bear as much."""


async def outside(config: Config, places: Places, *, network: bool) -> list[Finding]:
    """The keyring and the sealed file, then every upstream, all asked at once."""
    secrets = secrets_at(places)
    findings = await key_places(config, secrets)
    connection = Connection()
    try:
        asked = (_upstream(each, secrets, connection, places, network=network) for each in config.upstreams.values())
        for found in await asyncio.gather(*asked):
            findings += [_once(each, findings[0]) for each in found]
    finally:
        await connection.close()
    if not config.upstreams:
        findings.append(note("upstream", "none is configured yet: bursar init"))
    return findings + list(_routes(config))


def _once(finding: Finding, keyring: Finding) -> Finding:
    """What the line of the keyring says already is not said of each upstream again."""
    if keyring.state is State.PROBLEM and finding.sentence.endswith(keyring.sentence):
        return problem(finding.check, "its key is in the keyring: see there")
    return finding


async def _upstream(
    upstream: UpstreamSettings, secrets: Secrets, connection: Connection, places: Places, *, network: bool
) -> list[Finding]:
    check = f"upstream {upstream.name}"
    try:
        key = await secrets.get(upstream.secret)
    except SealedShut:
        if network:
            return [await asyncio.to_thread(asked_of_proxy, places, upstream.name)]
        return [note(check, "its key is in the sealed file, which nobody opened here; not asked (--offline)")]
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
