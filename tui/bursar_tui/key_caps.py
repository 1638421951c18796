"""Key caps: the caps of one client key as people type them, and the edits that make the file say the same."""

from collections.abc import Iterable, Sequence

from bursar.contract.configuration import Edit, Put, PutTable, TakeOut
from bursar.domain.account import Account, AccountKind, Unit
from bursar.domain.cap_amount import Amount, cap_amount
from bursar.domain.money import nano_of_usd, plain_usd

_FIELDS = {Unit.NANO_DOLLARS: "usd", Unit.TOKENS: "tokens", Unit.REQUESTS: "requests"}


def caps_of_key(accounts: Iterable[Account], key: str) -> list[Account]:
    """Those that are for this key and can be typed: what is counted from a day of its own cannot."""
    return [
        account
        for account in accounts
        if account.kind is AccountKind.CAP
        and account.scope == f"key {key}"
        and account.anchor is None
        and account.unit in _FIELDS
    ]


def typed_caps(caps: Iterable[Account]) -> str:
    """`5usd/day 1000requests/hour`."""
    return " ".join(_typed(cap) for cap in caps)


def read_caps(text: str) -> tuple[Amount, ...]:
    """What was typed. Raises ValueError with a sentence."""
    return tuple(cap_amount(each) for each in text.replace(",", " ").split())


def cap_edits(key: str, before: Sequence[Account], after: Sequence[Amount], taken: Iterable[str]) -> tuple[Edit, ...]:
    """The edits after which the key has just these caps; `taken` are the names of all caps there are.

    A cap of the same unit and cycle is changed, and keeps its name and what was used of it.
    """
    left, names = list(before), set(taken)
    fresh: list[Amount] = []
    edits: list[Edit] = []
    for amount in after:
        same = next((cap for cap in left if (cap.unit, cap.every, cap.limit) == _facts(amount)), None)
        if same is not None:
            left.remove(same)
        else:
            fresh.append(amount)
    for amount in fresh:
        unit, every, _ = _facts(amount)
        other = next((cap for cap in left if (cap.unit, cap.every) == (unit, every)), None)
        if other is not None:
            left.remove(other)
            edits.append(Put(("caps", other.name, _FIELDS[unit]), _value(amount)))
        else:
            name = _free(f"{key}{'' if unit is Unit.NANO_DOLLARS else f'-{_FIELDS[unit]}'}-{every}", names)
            names.add(name)
            edits.append(PutTable(("caps", name), {"key": key, _FIELDS[unit]: _value(amount), "every": str(every)}))
    return (*edits, *(TakeOut(("caps", cap.name)) for cap in left))


def _facts(amount: Amount) -> tuple[Unit, object, int]:
    if amount.usd is not None:
        return Unit.NANO_DOLLARS, amount.every, nano_of_usd(amount.usd)
    if amount.tokens is not None:
        return Unit.TOKENS, amount.every, amount.tokens
    return Unit.REQUESTS, amount.every, amount.requests or 0


def _value(amount: Amount) -> object:
    if amount.usd is not None:
        return amount.usd
    return amount.tokens if amount.tokens is not None else amount.requests


def _typed(cap: Account) -> str:
    number = plain_usd(cap.limit).removesuffix(".0") if cap.unit is Unit.NANO_DOLLARS else str(cap.limit)
    return f"{number}{_FIELDS[cap.unit]}/{cap.every}"


def _free(name: str, taken: set[str]) -> str:
    number, free = 2, name
    while free in taken:
        number, free = number + 1, f"{name}-{number}"
    return free
