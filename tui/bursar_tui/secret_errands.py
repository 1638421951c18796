"""Secret errands: a key that is typed, sent to the proxy and forgotten here; and the passphrase that opens its file."""

from collections.abc import Sequence

from bursar.contract.commands import UpstreamChecked
from bursar.contract.events import UpstreamView
from bursar.contract.secrets import SEALED_FILE, SecretPlaces, setting_secret, unlocking
from bursar_tui.errands import Door, Errand
from bursar_tui.screens.form import Field
from bursar_tui.words import counted, milliseconds

KEY_FIELDS = (Field("key", "", "pasted, and not shown", concealed=True),)
PASSPHRASE_FIELDS = (
    Field("passphrase", "", "not shown", concealed=True),
    Field("once more", "", "only to make the file", concealed=True),
)


def read_key(upstream: str, typed: Sequence[str]) -> tuple[str, str]:
    """The key, and the command. Raises ValueError."""
    if not typed[0]:
        raise ValueError("the key; it is kept where the configuration says, and nowhere else")
    return typed[0], f"bursar secret set {upstream}"


def read_passphrase(typed: Sequence[str]) -> tuple[tuple[str, bool], str]:
    """The passphrase, whether the file is yet to be made, and the command. Raises ValueError."""
    passphrase, again = typed
    if not passphrase:
        raise ValueError("the passphrase; twice, where there is no sealed file yet")
    if again and again != passphrase:
        raise ValueError("the two are not the same")
    return (passphrase, bool(again)), "bursar secret unlock"


def keeping(upstream: str, key: str) -> Errand[UpstreamChecked]:
    """Have the proxy keep a key and use it, then ask the upstream whether it takes it."""

    async def work(proxy: Door) -> UpstreamChecked:
        await proxy.ask(setting_secret(upstream, key))
        return await proxy.check_upstream(upstream)

    def said(answer: UpstreamChecked) -> str:
        if answer.ok:
            return f"The key is kept. {answer.name} takes it and lists {counted(answer.models, 'model')}."
        took = milliseconds(answer.took_ms)
        return f"The key is kept, but after {took} {answer.name} says: {answer.message.rstrip('.')}."

    return Errand(f"Keeping the key of {upstream} …", work, said, well=lambda answer: answer.ok)


def unlocking_for(passphrase: str, *, new: bool) -> Errand[SecretPlaces]:
    """Have the proxy open its sealed file."""
    ask = unlocking(passphrase, new=new)

    def said(found: SecretPlaces) -> str:
        missing = [each for each in found.places if each.reason]
        if missing:
            return f"The sealed file is open. {missing[0].reason}"
        return "The sealed file is open, and every key is there."

    return Errand("Opening the sealed file …", lambda proxy: proxy.ask(ask), said)


def is_sealed(view: UpstreamView) -> bool:
    """Whether an upstream waits for a key from the sealed file."""
    return view.health != "ok" and SEALED_FILE in view.reason
