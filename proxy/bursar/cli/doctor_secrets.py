"""What `bursar doctor` says of the places where keys are: the keyring, and the sealed file."""

import asyncio

from bursar.cli.findings import Finding, note, problem, well
from bursar.config.references import uses
from bursar.config.schema import Config
from bursar.contract.codec import Mismatch
from bursar.contract.places import Places
from bursar.contract.questions import Questions
from bursar.contract.shown import shown
from bursar.contract.way_in import NotRunning, Refused
from bursar.domain.secret_reference import SecretForm
from bursar.secrets.secret import SealedShut, SecretUnavailable
from bursar.secrets.secrets import Secrets


async def key_places(config: Config, secrets: Secrets) -> list[Finding]:
    """The keyring, and the sealed file where there is one or should be."""
    forms = {use.reference.form for use in uses(config)}
    findings = [await _keyring(secrets, needed=SecretForm.KEYRING in forms)]
    if SecretForm.SEALED in forms or secrets.sealed.there:
        findings.append(await asyncio.to_thread(_sealed_file, secrets, needed=SecretForm.SEALED in forms))
    return findings


def asked_of_proxy(places: Places, name: str) -> Finding:
    """How an upstream is as the running proxy says, which may have open what is shut here."""
    check = f"upstream {name}"
    try:
        answer = Questions(places).check_upstream(name)
    except (NotRunning, Refused, Mismatch):
        return note(check, f"its key is in the sealed file, which nobody opened here: bursar secret check {name}")
    if answer.ok:
        return well(check, f"the running proxy has its key, and is answered; it lists {answer.models} models")
    return problem(check, answer.message)


async def _keyring(secrets: Secrets, *, needed: bool) -> Finding:
    try:
        return well("keyring", await secrets.keyring_backend())
    except SecretUnavailable as error:
        if needed:
            return problem("keyring", error.sentence)
        return note("keyring", "this machine has none that keeps secrets; no upstream needs one")


def _sealed_file(secrets: Secrets, *, needed: bool) -> Finding:
    sealed = secrets.sealed
    path = shown(str(sealed.path))
    if not sealed.there:
        return problem("sealed file", "there is none yet; the first key makes it: bursar secret set NAME")
    try:
        names = sealed.names()
        keys = "1 key" if len(names) == 1 else f"{len(names)} keys"
        for name in names[:1]:
            sealed.get(name)
    except SealedShut:
        return note("sealed file", f"{path} has {keys}; its passphrase is not at hand here")
    except SecretUnavailable as error:
        return (problem if needed else note)("sealed file", error.sentence)
    return well("sealed file", f"{path} opens, and has {keys}")
