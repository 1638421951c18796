"""Readers of single values: a TOML value in, the value we use out, or Wrong with what would be allowed."""

import re
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo, available_timezones

from bursar.config.problems import nearest_of
from bursar.domain.cycle import Every
from bursar.domain.money import factor_of, nano_of_usd
from bursar.domain.recurrence import Recurrence, recurrence_of
from bursar.domain.route import ASKED, Route, route_of
from bursar.domain.secret_reference import SecretReference, reference_of

T = TypeVar("T")
Read = Callable[[object], T]

_MODEL = re.compile(r"[A-Za-z0-9._:/@+-]{1,128}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_SECRET_HEADER = re.compile(r"auth|cookie|token|secret|passw|credential|(^|-)key", re.IGNORECASE)
_OUR_HEADERS = re.compile(
    "accept-encoding|connection|content-(encoding|length|type)|expect|host|keep-alive|te|trailer|"
    "transfer-encoding|upgrade|user-agent",
    re.IGNORECASE,
)
_WALLET = re.compile(r"wallets\.[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")
_LOOPBACK_URL = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?/v1")
_HOST_NAME = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)(:\d{1,5})?")


class Wrong(Exception):
    """A value that cannot be: `allowed` completes "must be …"; `concealed` where the value may be a secret."""

    def __init__(self, allowed: str, nearest: str = "", *, concealed: bool = False) -> None:
        super().__init__(allowed)
        self.allowed = allowed
        self.nearest = nearest
        self.concealed = concealed


def text(value: object) -> str:
    """Any text without control characters."""
    if not isinstance(value, str) or any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise Wrong('text in quotes, such as "example"')
    return value


def some_text(value: object) -> str:
    """Text that is not empty, without control characters."""
    if not text(value):
        raise Wrong("text that is not empty")
    return text(value)


def whole_path(value: object) -> str:
    """The path of a file, whole whatever folder the proxy is started in; `~` is the home folder. Empty: none."""
    if not text(value):
        return ""
    try:
        path = Path(text(value)).expanduser()
    except RuntimeError:
        path = Path()
    if not path.is_absolute():
        raise Wrong("a whole path, one that begins with / or ~")
    return str(path)


def truth(value: object) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise Wrong("true or false, without quotes")
    return value


def whole(low: int, high: int) -> Read[int]:
    """A whole number in a range, both ends included."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise Wrong(f"a whole number from {low} to {high}")
        return value

    return read


def seconds(low: float, high: float) -> Read[float]:
    """A time in seconds, both ends included."""

    def read(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise Wrong(f"a number of seconds from {low:g} to {high:g}")
        return float(value)

    return read


Word = TypeVar("Word", bound=StrEnum)


def one_of(words: type[Word]) -> Read[Word]:
    """One word of a list."""

    def read(value: object) -> Word:
        known = [word.value for word in words]
        if value in known:
            return words(value)
        nearest = nearest_of(value, known) if isinstance(value, str) else ""
        raise Wrong("one of " + ", ".join(f'"{word}"' for word in known), nearest)

    return read


def recurrence(value: object) -> Recurrence:
    """How often an account starts afresh."""
    try:
        if isinstance(value, str):
            return recurrence_of(value)
    except ValueError:
        pass
    known = [every.value for every in Every]
    nearest = nearest_of(value, known) if isinstance(value, str) else ""
    more = 'such as "month from 12th", "30 days from 2026-05-31" or "5 hours from first use"'
    raise Wrong("one of " + ", ".join(f'"{word}"' for word in known) + f", or {more}", nearest)


def until(value: object) -> str:
    """A local date, at whose beginning something is over, or a date and time."""
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise Wrong('a date or a date and time as text, such as "2026-12-31" or "2026-12-31T18:00"')


def overflow(value: object) -> str:
    """`off`, or the table of a wallet."""
    if value == "off" or (isinstance(value, str) and _WALLET.fullmatch(value)):
        return str(value)
    raise Wrong('"off" or a wallet, such as "wallets.main"')


def usd(value: object) -> int:
    """An amount in US dollars, as text because a TOML float is not exact; in nano-dollars."""
    return _decimal(value, nano_of_usd, 'an amount in US dollars as text, such as "5.00"')


def factor(value: object) -> int:
    """A price factor as text; in millionths."""
    return _decimal(value, factor_of, 'a factor as text, such as "0.7"')


def _decimal(value: object, convert: Callable[[str], int], allowed: str) -> int:
    if isinstance(value, float):
        raise Wrong(f"{allowed} (a number without quotes is not exact)", repr(value))
    try:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise ValueError
        return convert(str(value))
    except ValueError:
        raise Wrong(allowed) from None


def factors(value: object) -> tuple[tuple[str, int], ...]:
    """A table of model globs and the factor of each, in the order of the file."""
    if not isinstance(value, dict):
        raise Wrong('a table of models and factors, such as { "gpt-4*" = "0.7" }')
    return tuple((model_glob(name), factor(each)) for name, each in value.items())


def token_counts(value: object) -> tuple[tuple[str, int], ...]:
    """A table of model globs and a number of tokens for each, in the order of the file."""
    if not isinstance(value, dict):
        raise Wrong('a table of models and tokens, such as { "small-*" = 32768 }')
    count = whole(1, 100_000_000)
    return tuple((model_glob(name), count(each)) for name, each in value.items())


def local_url(value: object) -> str:
    """An address on this machine, by loopback alone; empty: none."""
    if value == "":
        return ""
    match = _LOOPBACK_URL.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Wrong('an address on this machine, such as "http://127.0.0.1:11434/v1", or empty')
    return match[0]


def zone(value: object) -> str:
    """`local` or the IANA name of a time zone."""
    if value == "local":
        return "local"
    try:
        if isinstance(value, str) and value:
            return ZoneInfo(value).key
    except (ValueError, OSError, LookupError):
        pass
    names = {name.lower(): name for name in available_timezones()}
    nearest = nearest_of(value, names) if isinstance(value, str) else ""
    raise Wrong('"local" or the name of a time zone, such as "Europe/Berlin"', names.get(nearest, ""))


def secret(value: object) -> SecretReference:
    """Where a key is kept. Whatever else stands there is never shown: it may be the key."""
    try:
        return reference_of(value if isinstance(value, str) else "")
    except ValueError as error:
        raise Wrong(f"a reference: {error}", concealed=True) from None


def host(value: object) -> str:
    """An address to listen on, or `localhost`."""
    if not isinstance(value, str) or not re.fullmatch(r"[0-9A-Za-z.:-]{1,253}", value):
        raise Wrong('an address of this machine, such as "127.0.0.1"')
    return value


def host_names(value: object) -> tuple[str, ...]:
    """Names under which the proxy may be asked for, with or without a port."""
    if not isinstance(value, list) or not all(isinstance(each, str) and _HOST_NAME.fullmatch(each) for each in value):
        raise Wrong('a list of host names, such as ["proxy.example.com"]')
    return tuple(each.lower() for each in value)


def model_glob(value: object) -> str:
    """A model's name in which * and ? may stand for other characters."""
    if not isinstance(value, str) or not _MODEL.fullmatch(value.replace("*", "x").replace("?", "x")):
        raise Wrong("a model's name, in which * and ? may stand for other characters")
    return value


def model_globs(value: object) -> tuple[str, ...]:
    """Several of those."""
    if not isinstance(value, list):
        raise Wrong('a list of models, such as ["gpt-4*", "small-model"]')
    return tuple(map(model_glob, value))


def routes(value: object) -> tuple[Route, ...]:
    """The routes of an alias, in the order to try them."""
    if not isinstance(value, list) or not value or len(value) > 32:
        raise Wrong('a list of 1 to 32 routes, such as ["main/small-model"]')
    chain = []
    for each in value:
        try:
            route = route_of(each) if isinstance(each, str) else None
        except ValueError:
            route = None
        if route is None or not _MODEL.fullmatch(route.model.replace(ASKED, "x", 1)):
            raise Wrong('a list of routes, each written "upstream/model"')
        chain.append(route)
    return tuple(chain)


def headers(value: object) -> tuple[tuple[str, str], ...]:
    """Headers to send along: never one that carries a secret or that the connection needs for itself."""
    if not isinstance(value, dict):
        raise Wrong('a table of header names and texts, such as { "X-Title" = "Bursar" }', concealed=True)
    for name, each in value.items():
        if not _HEADER_NAME.fullmatch(name):
            raise Wrong("a table whose keys are header names", concealed=True)
        if _SECRET_HEADER.search(name):
            raise Wrong(
                f'without {name}, which carries a secret: keep it in the keyring and name it in "secret"',
                concealed=True,
            )
        if _OUR_HEADERS.fullmatch(name):
            raise Wrong(f"without {name}, which the proxy sets itself", concealed=True)
        if not isinstance(each, str) or not each.isascii() or not each.isprintable():
            raise Wrong(f"a table of texts, and that of {name} is none that a header can carry", concealed=True)
    return tuple(value.items())
