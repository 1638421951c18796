"""What `bursar doctor` asks of others: the keyring, and every upstream with its key."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from bursar.cli.findings import Finding, note, problem, well
from bursar.config.schema import Config, UpstreamSettings
from bursar.domain.clock import SystemClock
from bursar.domain.refusals import Refusal
from bursar.domain.secret_reference import SecretForm
from bursar.secrets.secret import SecretUnavailable
from bursar.secrets.secrets import Secrets
from bursar.upstreams.connection import Connection
from bursar.upstreams.listing import listed_models


async def outside(config: Config, folder: Path, *, network: bool) -> list[Finding]:
    """The keyring, then every upstream, all asked at once."""
    secrets = Secrets(folder=folder)
    needed = any(each.secret.form is SecretForm.KEYRING for each in config.upstreams.values())
    findings = [await _keyring(secrets, needed=needed)]
    connection = Connection()
    try:
        asked = (_upstream(each, secrets, connection, network=network) for each in config.upstreams.values())
        findings += await asyncio.gather(*asked)
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


async def _upstream(upstream: UpstreamSettings, secrets: Secrets, connection: Connection, *, network: bool) -> Finding:
    check = f"upstream {upstream.name}"
    try:
        key = await secrets.get(upstream.secret)
    except SecretUnavailable as error:
        return problem(check, error.sentence)
    if not network:
        return note(check, "not asked (--offline)")
    try:
        models = await listed_models(upstream, key.reveal() if key is not None else "", connection, SystemClock())
    except Refusal as refusal:
        return problem(check, refusal.message)
    return well(
        check, f"{upstream.base_url} answers{' and takes the key' if key else ''}; it lists {len(models)} models"
    )


def _routes(config: Config) -> Iterable[Finding]:
    """What follows from the tables together, in the words of the loader."""
    for sentence in config.notes:
        yield note("configuration", sentence)
