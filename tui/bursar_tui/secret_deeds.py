"""Secret deeds: what `bursar secret` does to the keys of upstreams; a passphrase goes to its standard input alone."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from bursar.domain.secret_reference import SecretForm
from bursar_tui.deed import Deed
from bursar_tui.screens.form import Field
from bursar_tui.words import counted

PASSPHRASE_FIELD = (Field("passphrase", "", "of the sealed file; empty: a file has it", concealed=True),)
CHANGE_FIELDS = (
    Field("passphrase now", "", "not shown", concealed=True),
    Field("another one", "", "not shown", concealed=True),
    Field("once more", "", "not shown", concealed=True),
)
_PIPED = ("--piped",)


def is_sealed(*references: str) -> bool:
    """Whether one of these is in the sealed file."""
    return any(each.partition(":")[0] == SecretForm.SEALED for each in references)


def targets(reference: str) -> list[str]:
    """Where else a secret can be kept."""
    form = reference.partition(":")[0]
    return [each for each in (SecretForm.KEYRING, SecretForm.SEALED) if each != form]


def moving(reference: str, target: str, passphrase: str) -> Deed:
    """Keep it there, have the configuration say so, and let go of it here."""
    words = ("secret", "move", reference, target)
    return _sealing(Deed("Move a key", words, "The configuration follows; nothing of the key is shown."), passphrase)


def removing(reference: str, used_by: Sequence[str], passphrase: str) -> Deed:
    """Keep it no longer, once that is confirmed."""
    users = f"{counted(len(used_by), 'user')} of it: {', '.join(used_by)}." if used_by else "Nobody uses it."
    asks = (f"{reference} is kept nowhere then, and cannot be brought back.", users)
    return _sealing(Deed("Remove a key", ("secret", "remove", reference), asks=asks, goes_on=True), passphrase)


def looking(reference: str, passphrase: str) -> Deed:
    """Look whether it is there."""
    return _sealing(Deed("Look for a key", ("secret", "check", reference)), passphrase)


def another_passphrase(present: str, other: str) -> Deed:
    """Seal the file anew."""
    about = "The sealed file is written anew; copies of it from before open with the one before."
    deed = Deed("Another passphrase", ("secret", "passphrase"), about, goes_on=True)
    return _sealing(deed, f"{present}\n{other}")


def read_one(make: Callable[[str], Deed], typed: Sequence[str]) -> tuple[Deed, str]:
    """The deed and its command, with the passphrase that was typed."""
    deed = make(typed[0])
    return deed, deed.command


def read_change(typed: Sequence[str]) -> tuple[Deed, str]:
    """The same for another passphrase. Raises ValueError."""
    present, other, again = typed
    if not (present and other):
        raise ValueError("the passphrase as it is now, and another one, twice")
    if other != again:
        raise ValueError("the two are not the same")
    deed = another_passphrase(present, other)
    return deed, deed.command


def _sealing(deed: Deed, passphrase: str) -> Deed:
    if not passphrase:
        return deed
    return replace(deed, typed=f"{passphrase}\n", unshown=_PIPED)
