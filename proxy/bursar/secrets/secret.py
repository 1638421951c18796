"""Secret: an upstream's key, which shows itself only to who asks for it by name."""

import hmac
import re

_LONGEST = 8192
_PASTED_BEFORE = re.compile(r"(authorization:\s*)?bearer(\s+|$)", re.IGNORECASE)


class SecretUnavailable(Exception):
    """A secret cannot be had or kept. `sentence` says why and what to do, and nothing of the secret."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class OutOfReach(SecretUnavailable):
    """The place itself cannot be asked at present: locked, silent, not there. What it holds is as it was."""


class SealedShut(OutOfReach):
    """The sealed file is there, and nobody has given its passphrase yet."""


class WrongPassphrase(SecretUnavailable):
    """The sealed file does not open with this passphrase."""


class Secret:
    """A key. Printing, formatting, logging or pickling it never gives it away; `reveal` does."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The key itself, for the one place that sends it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    __hash__ = None  # type: ignore[assignment]  # a set or a cache would keep it longer than it should live

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written anywhere")


def secret_of(text: str) -> Secret:
    """The secret in what a person pasted or a file holds.

    White space around it and a `Bearer` before it are taken off. Raises ValueError, with a sentence
    that quotes nothing, for what no HTTP header can carry: such a key was cut or mixed with something.
    """
    key = _PASTED_BEFORE.sub("", text.strip(), count=1).strip()
    if not key:
        raise ValueError("it is empty")
    if len(key) > _LONGEST:
        raise ValueError(f"it is longer than {_LONGEST} characters, which no key is")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("it has a space, a line end or a sign in it that no key has")
    return Secret(key)
