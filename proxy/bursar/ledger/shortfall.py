"""A shortfall in words: which account cannot bear a call, by how much, until when, and how to raise it."""

from datetime import datetime, tzinfo

from bursar.domain.account import Account, AccountKind, Shortfall, Standing, Unit
from bursar.domain.cycle import Every
from bursar.domain.money import NANO_PER_USD, plain_millionths, plain_usd, usd
from bursar.domain.plan import PlanState, Term
from bursar.domain.refusals import InsufficientBalance, OverBudget, QuotaExceeded, SubscriptionExpired
from bursar.domain.wallet import wallet_state

_EACH = {Every.HOUR: "Hourly", Every.DAY: "Daily", Every.WEEK: "Weekly", Every.MONTH: "Monthly", Every.TOTAL: "Total"}
_RAISE = {AccountKind.CAP: "Raise it", AccountKind.WALLET: "Top it up"}
_LEAST_TOP_UP = 20 * NANO_PER_USD
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400
_RAISED_BY = (2, 5)
"""A raise is proposed by two fifths of the limit, or by what the call lacks, whichever is more."""


_REFUSALS: dict[AccountKind, type[OverBudget]] = {
    AccountKind.CAP: OverBudget,
    AccountKind.PLAN: QuotaExceeded,
    AccountKind.OVERFLOW: QuotaExceeded,
    AccountKind.WALLET: InsufficientBalance,
}


def over_budget(shortfall: Shortfall, now_ms: int, zone: tzinfo) -> OverBudget:
    """The refusal that says so to the caller; its detail has the fields that the public error body promises."""
    account, standing, needed = shortfall.account, shortfall.standing, shortfall.needed
    raise_with = _raise_with(account, standing, needed)
    sentences = [f"{_what(account)} {_why(account, standing, needed)}."]
    if account.kind is not AccountKind.WALLET:
        sentences.append(f"It {_reset(standing, now_ms, zone)}.")
    if raise_with is not None:
        sentences.append(f"{_RAISE[account.kind]}: {raise_with}")
    end_ms = standing.cycle.end_ms
    return _REFUSALS[account.kind](
        " ".join(sentences),
        detail={
            "account": account.id,
            "unit": "usd" if account.unit is Unit.NANO_DOLLARS else account.unit.value,
            "limit": _plain(account.unit, standing.granted),
            "used": _plain(account.unit, standing.settled),
            "held": _plain(account.unit, standing.held),
            "available": _plain(account.unit, standing.available),
            "needed": _plain(account.unit, needed),
            "resets_at": None if end_ms is None else _local(end_ms, zone).isoformat(timespec="seconds"),
            "raise_with": raise_with,
            **({"wallet_state": wallet_state(standing.available, account.levels).value} if account.levels else {}),
        },
    )


def plan_ended(account: Account, now_ms: int, zone: tzinfo) -> SubscriptionExpired:
    """The refusal of a plan that bears no calls in its state."""
    term = account.term or Term()
    state = term.at(now_ms)
    ended = term.until_ms is not None and state is PlanState.EXPIRED
    when = f" since {_local(term.until_ms, zone):%Y-%m-%d %H:%M}" if ended and term.until_ms is not None else ""
    set_with = f"bursar plan set {account.name} --state active"
    return SubscriptionExpired(
        f'Plan "{account.name}" is {state}{when} and bears no calls. Once it runs again: {set_with}',
        detail={"account": account.id, "state": state.value, "raise_with": set_with},
    )


def amount_in_words(unit: Unit, amount: int) -> str:
    """An amount as people read it: `$5.00`, `1,000 tokens`, `1 request`."""
    match unit:
        case Unit.NANO_DOLLARS:
            return usd(amount)
        case Unit.MICRO_REQUESTS:
            return f"{plain_millionths(amount)} requests"
        case Unit.TOKENS | Unit.REQUESTS | Unit.WEIGHTED_TOKENS:
            words = unit.value.replace("_", " ")
            return f"{amount:,} {words[:-1] if amount == 1 else words}"


def _what(account: Account) -> str:
    match account.kind:
        case AccountKind.CAP:
            often = _EACH[account.every] if account.anchor is None or account.anchor.count == 1 else "The"
            return f'{often} cap "{account.name}"'
        case AccountKind.OVERFLOW:
            return f'Plan "{account.name}" is used up, and what its wallet may pay beyond it'
        case AccountKind.PLAN:
            return f'Plan "{account.name}"'
        case AccountKind.WALLET:
            return f'Wallet "{account.name}"'


def _why(account: Account, standing: Standing, needed: int) -> str:
    def words(amount: int) -> str:
        return amount_in_words(account.unit, amount)

    of = f"of {words(standing.granted)}"
    if account.kind is AccountKind.WALLET and standing.granted <= 0 and not standing.settled:
        return "is empty: nothing was paid in yet"
    if standing.granted <= 0 and not standing.settled:
        return f"is {words(standing.granted)} and refuses every call"
    if standing.settled >= standing.granted:
        return f"is used up: {words(standing.settled)} {of}"
    by_calls = f", {words(standing.held)} is held by running calls" if standing.held else ""
    if standing.available <= 0:
        return f"has nothing left for this call: {words(standing.settled)} {of} is used{by_calls}"
    return f"cannot bear this call: it needs {words(needed)}, {words(standing.available)} {of} is left{by_calls}"


def _reset(standing: Standing, now_ms: int, zone: tzinfo) -> str:
    end_ms = standing.cycle.end_ms
    if end_ms is None:
        return "never resets"
    left_s = max(0, -(-(end_ms - now_ms) // 1000))
    end = _local(end_ms, zone)
    day = f"on {end:%Y-%m-%d} " if left_s > _DAY_S else ""
    return f"resets {day}at {end:%H:%M} (in {_duration(left_s)})"


def _duration(seconds: int) -> str:
    if seconds >= _DAY_S:
        return f"{seconds // _DAY_S} d {seconds % _DAY_S // _HOUR_S} h"
    if seconds >= _HOUR_S:
        return f"{seconds // _HOUR_S} h {seconds % _HOUR_S // _MINUTE_S} min"
    return f"{seconds // _MINUTE_S} min" if seconds >= _MINUTE_S else f"{seconds} s"


def _raise_with(account: Account, standing: Standing, needed: int) -> str | None:
    """A command that makes the account large enough for this call; a plan's quota is the vendor's to raise."""
    if account.kind is AccountKind.WALLET:
        lacking = max(needed - standing.available, _LEAST_TOP_UP)
        return f"bursar wallet top-up {_limit_text(account.unit, lacking).removesuffix('usd')} --wallet {account.name}"
    if account.kind is not AccountKind.CAP:
        return None
    more, of = _RAISED_BY
    wanted = max(needed - standing.available, account.limit * more // of, 1)
    return f"bursar cap raise {account.name} {_limit_text(account.unit, wanted)} --for 1h"


def _limit_text(unit: Unit, amount: int) -> str:
    """A limit as the command takes it, rounded up to whole dollars, or cents below one dollar."""
    if unit is not Unit.NANO_DOLLARS:
        return f"{amount}{unit.value}"
    step = NANO_PER_USD if amount > NANO_PER_USD else NANO_PER_USD // 100
    return f"{plain_usd(-(-amount // step) * step).removesuffix('.0')}usd"


def _plain(unit: Unit, amount: int) -> str | int:
    if unit is Unit.MICRO_REQUESTS:
        return plain_millionths(amount)
    return plain_usd(amount) if unit is Unit.NANO_DOLLARS else amount


def _local(at_ms: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, zone)
