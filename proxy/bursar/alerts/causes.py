"""Causes: what is the case at the proxy that somebody may want to be told of, read off its snapshot."""

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from bursar.alerts.due import Cause, Sight
from bursar.contract.events import UpstreamView
from bursar.contract.snapshot import Snapshot
from bursar.domain.account import Account, AccountKind, Standing, Unit
from bursar.domain.alert import AlertKind, Urgency
from bursar.domain.money import NANO_PER_USD, usd
from bursar.domain.refusals import UpstreamSlowDown
from bursar.domain.wallet import Levels, WalletState, wallet_state
from bursar.ledger.shortfall import amount_in_words

_CENT = NANO_PER_USD // 100
_URGENT_FROM = 95
_URGENCIES = ((_URGENT_FROM, Urgency.URGENT), (80, Urgency.WARNING))
_WALLETS = {
    WalletState.LOW: (1, Urgency.NOTE),
    WalletState.WARNING: (2, Urgency.WARNING),
    WalletState.CRITICAL: (3, Urgency.URGENT),
}


def sight_of(
    snapshot: Snapshot, now_ms: int, levels: Sequence[int], kinds: frozenset[AlertKind], store: Sequence[Cause] = ()
) -> Sight:
    """Everything in sight of the kinds that are asked for; `store` is what is known of the ledger and its disk."""
    zone = ZoneInfo(snapshot.zone)
    causes = [*_accounts(snapshot, now_ms, levels, zone), *_drifts(snapshot), *_others(snapshot), *store]
    well, unsure = {}, set()
    for upstream in snapshot.upstreams.values():
        name = f"upstream:{upstream.name}"
        if _is_down(upstream):
            reason = _of_itself(upstream.name, upstream.reason.rstrip(".")) or "it does not answer"
            sentence = f"Upstream {upstream.name} is down: {reason}."
            urgency = Urgency.URGENT if upstream.health == "off" else Urgency.WARNING
            causes.append(Cause(name, AlertKind.UPSTREAM, 1, urgency, sentence))
        elif upstream.health == "ok" and upstream.latency_ms is None and not upstream.last_failure:
            unsure.add(name)  # nobody has asked it anything since the start
        else:
            well[name] = f"Upstream {upstream.name} is well again."
    return Sight(tuple(each for each in causes if each.kind in kinds), well, frozenset(unsure))


def _is_down(upstream: UpstreamView) -> bool:
    """One that asks for a pause between calls is not down, and one that nobody has set up may come and go."""
    return upstream.health != "ok" and upstream.code != UpstreamSlowDown.code and not upstream.found


def _of_itself(name: str, reason: str) -> str:
    """A reason that begins with the upstream's name, after a sentence that has named it already."""
    rest = reason.removeprefix(f"Upstream {name} ")
    return reason if rest == reason else f"it {rest}"


def _accounts(snapshot: Snapshot, now_ms: int, levels: Sequence[int], zone: tzinfo) -> Iterator[Cause]:
    for account in snapshot.accounts.values():
        standing = snapshot.standings.get(account.id)
        if standing is None or standing.granted <= 0:
            continue
        end_ms = standing.cycle.end_ms
        if end_ms is not None and now_ms >= end_ms:
            # Its cycle is over, and nobody has opened the next one yet.
            kind = AlertKind.WALLET if account.kind is AccountKind.WALLET else AlertKind.USED
            yield Cause(_id(account), kind, 0, cycle_ms=standing.cycle.start_ms, granted=standing.granted)
        elif account.kind is AccountKind.WALLET:
            yield _wallet(account, standing)
        else:
            yield _used(account, standing, levels, zone)


def _used(account: Account, standing: Standing, levels: Sequence[int], zone: tzinfo) -> Cause:
    """By what is settled alone: what is held may be given back."""
    level = max((each for each in levels if standing.settled * 100 >= each * standing.granted), default=0)
    urgency = next((each for least, each in _URGENCIES if level >= least), Urgency.NOTE)
    sentence = _used_sentence(account, standing, zone) if level else ""
    return Cause(
        _id(account), AlertKind.USED, level, urgency, sentence, standing.cycle.start_ms, granted=standing.granted
    )


def _used_sentence(account: Account, standing: Standing, zone: tzinfo) -> str:
    what = {
        AccountKind.CAP: f'Cap "{account.name}"',
        AccountKind.PLAN: f'Plan "{account.name}"',
        AccountKind.OVERFLOW: f'What plan "{account.name}" may draw from its wallet',
    }[account.kind]
    percent = standing.settled * 100 // standing.granted
    how = "used up" if standing.settled >= standing.granted else f"{percent} % used"
    used = _amount(account, standing.settled, standing.granted)
    if account.unit is not Unit.NANO_DOLLARS:
        used = used.partition(" ")[0]
    figures = f"{used} of {_amount(account, standing.granted)}"
    parts = [f"{what} is {how}: {figures}."]
    if standing.cycle.end_ms is not None:
        end = datetime.fromtimestamp(standing.cycle.end_ms // 1000, zone)
        parts.append(f"It starts afresh on {end:%Y-%m-%d at %H:%M}.")
    if account.kind is AccountKind.CAP and percent >= _URGENT_FROM:
        parts.append(f"Raise it: bursar cap raise {account.name} {_more(account)} --for 1h")
    return " ".join(parts)


def _wallet(account: Account, standing: Standing) -> Cause:
    left = standing.granted - standing.settled
    level, urgency = _WALLETS.get(wallet_state(left, account.levels or Levels()), (0, Urgency.NOTE))
    if not standing.settled:
        level = 0  # whoever has just paid in knows how much it was
    rest = f"{_amount(account, left, standing.granted)} is left" if left > 0 else "nothing is left"
    where = f" at {account.link}" if account.link else ""
    word = ("", "low", "nearly empty", "critical")[level]
    sentence = f'Wallet "{account.name}" is {word}: {rest}. Pay in{where}, then: bursar wallet top-up 20'
    named = f" --wallet {account.name}"
    return Cause(
        _id(account), AlertKind.WALLET, level, urgency, sentence + named, standing.cycle.start_ms, standing.granted
    )


def _drifts(snapshot: Snapshot) -> Iterator[Cause]:
    for account_id, compared in snapshot.balances.items():
        account = snapshot.accounts.get(account_id)
        if account is None or not compared.alarm or compared.drift_nano is None:
            continue
        more = "more" if compared.drift_nano > 0 else "less"
        drift = usd(abs(compared.drift_nano) // _CENT * _CENT)
        yield Cause(
            f"drift:{account_id}",
            AlertKind.DRIFT,
            1,
            Urgency.WARNING,
            f'Wallet "{account.name}": the vendor has charged {drift} {more} than was settled here. '
            "Somebody else may use the same key: bursar wallet list",
        )


def _others(snapshot: Snapshot) -> Iterator[Cause]:
    if snapshot.configuration.problems:
        sentence = f"The new configuration is not in force: {_first(snapshot.configuration.problems)}."
        more = " See: bursar config check"
        yield Cause("configuration", AlertKind.CONFIGURATION, 1, Urgency.WARNING, sentence + more)
    if snapshot.problems:
        sentence = f"Something does not work: {_first(snapshot.problems)}. See: bursar doctor"
        yield Cause("in force", AlertKind.CONFIGURATION, 1, Urgency.WARNING, sentence)
    for exposure in snapshot.exposures.values():
        program = f" by {exposure.program}" if exposure.program else ""
        sentence = (
            f"The proxy is exposed as {exposure.host}{program}: whoever has one of the keys "
            f"{', '.join(exposure.keys)} can call it from anywhere."
        )
        yield Cause(f"exposed:{exposure.host}", AlertKind.EXPOSED, 1, Urgency.WARNING, sentence)
    if snapshot.in_doubt:
        count = len(snapshot.in_doubt)
        what = "1 hold is in doubt: its process died" if count == 1 else f"{count} holds are in doubt: a process died"
        sentence = f"{what} while a call ran, and what it used is not known. Decide: bursar doubt list"
        # A hold that is in doubt since then is another cause to look.
        yield Cause("doubt", AlertKind.DOUBT, max(snapshot.in_doubt), Urgency.WARNING, sentence)


def _first(problems: Sequence[str]) -> str:
    rest = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return problems[0].rstrip(".") + rest


def _id(account: Account) -> str:
    return f"account:{account.id}"


def _amount(account: Account, amount: int, of: int = 0) -> str:
    """An amount; dollars to the cent, or in four digits of the whole `of` where that is less than one."""
    if account.unit is Unit.NANO_DOLLARS and of:
        step = _CENT if of >= NANO_PER_USD else 10 ** max(0, len(str(of)) - 4)
        amount = amount // step * step
    return amount_in_words(account.unit, amount)


def _more(account: Account) -> str:
    """As much more as a raise may well be: two fifths of the limit."""
    more = max(1, account.limit * 2 // 5)
    if account.unit is Unit.NANO_DOLLARS:
        return f"{usd(max(more // _CENT, 1) * _CENT, places=0).removeprefix('$').replace(',', '')}usd"
    return f"{more}{account.unit.value}"
