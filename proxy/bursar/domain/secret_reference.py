"""SecretReference: where an upstream's key is kept. The key itself is never written where this is."""

import re
from dataclasses import dataclass
from enum import StrEnum

_NAMES = {
    "keyring": re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}"),  # also a file's name among systemd's credentials
    "sealed": re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}"),
    "env": re.compile(r"[A-Za-z_][A-Za-z0-9_]*"),
    "file": re.compile(r"[^\x00-\x1f\x7f]+"),
}


class SecretForm(StrEnum):
    """The forms in which a key may be kept, in the words of the configuration."""

    KEYRING = "keyring"
    SEALED = "sealed"
    ENV = "env"
    FILE = "file"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SecretReference:
    """A form, and the name in it: of the item in the keyring or the sealed file, of the variable, or a path."""

    form: SecretForm
    name: str = ""

    def __str__(self) -> str:
        return f"{self.form}:{self.name}" if self.name else str(self.form)


NO_SECRET = SecretReference(SecretForm.NONE)


def reference_of(text: str) -> SecretReference:
    """The reference that `keyring:NAME`, `sealed:NAME`, `env:NAME`, `file:PATH` or `none` names.

    Raises ValueError for anything else, without quoting it: what people put here by mistake is the key.
    """
    if text == SecretForm.NONE:
        return NO_SECRET
    form, _, name = text.partition(":")
    pattern = _NAMES.get(form)
    if pattern is None:
        raise ValueError(
            'a secret is written "keyring:NAME", "sealed:NAME", "env:NAME", "file:PATH" or "none", '
            "never as the key itself"
        )
    if not pattern.fullmatch(name):
        raise ValueError(f'"{form}:" is followed by the name of the secret, such as "{form}:{_EXAMPLES[form]}"')
    return SecretReference(SecretForm(form), name)


_EXAMPLES = {"keyring": "main", "sealed": "main", "env": "OPENAI_API_KEY", "file": "/run/secrets/main"}
