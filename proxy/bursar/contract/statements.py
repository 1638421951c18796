"""One exchange in full, and the statement of a month: answers at the local door. Money is in nano-dollars."""

import msgspec

from bursar.contract.commands import AttemptRow, SpendRow
from bursar.domain.exchange import Price


class Paid(msgspec.Struct, frozen=True):
    """What one account paid, in its own unit."""

    account_id: str
    amount: int


class AttemptRecord(msgspec.Struct, frozen=True):
    """One attempt, with the price that was used (None where nothing had one) and who paid."""

    row: AttemptRow
    price: Price | None
    paid: tuple[Paid, ...]


class ExchangeRecord(msgspec.Struct, frozen=True):
    """GET /exchanges/{id}: every attempt of one call, the first first."""

    exchange_id: str
    attempts: tuple[AttemptRecord, ...]


class UsageLine(msgspec.Struct, frozen=True):
    """One transaction: what an attempt used, or, once records are rolled up, what all like it used in a day.

    `exchange_id` is empty and `at_ms` the day's begin where it stands for a day; who paid is then not known.
    """

    at_ms: int
    exchange_id: str
    attempt: int
    key: str
    project: str
    client: str
    alias: str
    upstream: str
    model: str
    requests: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    cost_nano: int
    paid: tuple[Paid, ...] = ()


class Movement(msgspec.Struct, frozen=True):
    """One transaction of an account beside usage: `amount` is what it added to the balance, in the account's unit."""

    at_ms: int
    account_id: str
    kind: str
    amount: int


class AccountBalance(msgspec.Struct, frozen=True):
    """An account over the month, in its unit: closing = opening + granted - used - lapsed, exactly.

    `used` has corrections in it. `lapsed` is what the cycles that ended had left; it is negative
    where they were overdrawn.
    """

    account_id: str
    opening: int
    granted: int
    used: int
    lapsed: int
    closing: int


class MonthStatement(msgspec.Struct, frozen=True):
    """GET /statement?month=YYYY-MM: every total is the sum of `usage`, to the nano-dollar.

    The month is that of the proxy's time zone; `until_ms` is its end, or now while it lasts.
    """

    month: str
    since_ms: int
    until_ms: int
    zone: str
    total: SpendRow
    by_model: tuple[SpendRow, ...]
    by_upstream: tuple[SpendRow, ...]
    by_project: tuple[SpendRow, ...]
    by_key: tuple[SpendRow, ...]
    accounts: tuple[AccountBalance, ...]
    movements: tuple[Movement, ...]
    usage: tuple[UsageLine, ...]
