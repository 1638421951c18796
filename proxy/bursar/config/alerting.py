"""`[alerts]`: what is said without being asked, and where."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from bursar.config import values as v
from bursar.config.base_url import is_loopback
from bursar.config.setting import setting
from bursar.domain.alert import AlertKind
from bursar.domain.secret_reference import NO_SECRET, SecretForm, SecretReference, reference_of

KINDS = tuple(kind for kind in AlertKind if kind is not AlertKind.TEST)
_QUIET = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_MINUTES_A_DAY = 24 * 60


def levels(value: object) -> tuple[int, ...]:
    """Shares in per cent, ascending, each once."""
    read = v.whole(1, 100)
    try:
        if isinstance(value, list) and len(value) <= 20:
            return tuple(sorted({read(each) for each in value}))
    except v.Wrong:
        pass
    raise v.Wrong("a list of whole numbers from 1 to 100, such as [50, 80, 95, 100]")


def kinds(value: object) -> tuple[AlertKind, ...]:
    """Some of the kinds that there are."""
    if isinstance(value, list) and all(each in KINDS for each in value):
        return tuple(kind for kind in KINDS if kind in value)
    raise v.Wrong("a list of some of " + ", ".join(f'"{kind}"' for kind in KINDS))


def command(value: object) -> tuple[str, ...]:
    """A program and what it is started with; no shell reads it. Empty: none."""
    if isinstance(value, list) and len(value) <= 64 and all(isinstance(each, str) and each for each in value):
        return tuple(v.text(each) for each in value)
    raise v.Wrong('a list of a program and its arguments, such as ["/opt/bin/tell-me", "--loud"]')


def webhook(value: object) -> str:
    """An address by https, or on this machine; or a reference to where it is kept. Empty: none.

    Addresses of chat services are as good as a key: what is wrong with one is said without showing it.
    """
    text = v.text(value)
    if not text or is_reference(text):
        return text
    wrong = v.Wrong(
        "an https address, an http one on this machine, or where the address is kept, "
        'such as "keyring:NAME", "sealed:NAME", "env:NAME" or "file:PATH"',
        concealed=True,
    )
    if not is_address(text):
        raise wrong
    return text


def is_address(text: str) -> bool:
    """Whether alerts may be sent there: nobody on the way may read or change them, and no password is in it."""
    try:
        parts = urlsplit(text)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    if not named or not text.isascii() or re.search(r"[\s\\]", text) or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))


def is_reference(text: str) -> bool:
    """Whether a webhook's setting says where its address is kept."""
    try:
        return reference_of(text).form is not SecretForm.NONE
    except ValueError:
        return False


def quiet(value: object) -> str:
    """Hours of the day, `22:00-07:00`; empty: none."""
    if value == "" or (isinstance(value, str) and _QUIET.fullmatch(value)):
        return str(value)
    raise v.Wrong('hours of the day, such as "22:00-07:00"')


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    """`[alerts]`: what is said without being asked, once for each cause and cycle: in the terminal interface always."""

    kinds: tuple[AlertKind, ...] = setting(
        KINDS, kinds, "What is said: used, wallet, upstream, drift, exposed, configuration, store, doubt."
    )
    levels: tuple[int, ...] = setting(
        (50, 80, 95, 100), levels, "At which shares of a cap or a plan, in per cent, it is said how much is used."
    )
    desktop: bool = setting(True, v.truth, "Whether the desktop shows it, where there is one.")
    command: tuple[str, ...] = setting(
        (), command, "A program of yours and its arguments; it gets the alert as JSON on its standard input."
    )
    webhook: str = setting(
        "",
        webhook,
        "An address that gets the alert as JSON: https, or http on this machine; or where that address is kept.",
    )
    webhook_secret: SecretReference = setting(
        NO_SECRET, v.secret, "Where the secret is with which what is sent there is signed (HMAC-SHA-256)."
    )
    quiet: str = setting("", quiet, 'Hours in which only the terminal interface shows alerts, such as "22:00-07:00".')

    def is_quiet(self, minute: int) -> bool:
        """Whether a minute of the day (0 to 1439) is among the quiet hours."""
        found = _QUIET.fullmatch(self.quiet)
        if found is None:
            return False
        hours = [int(part) for part in found.groups()]
        start, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
        return (minute - start) % _MINUTES_A_DAY < (end - start) % _MINUTES_A_DAY
