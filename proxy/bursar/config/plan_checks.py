"""Checks of plans and wallets: what is wrong only together with something else."""

from collections.abc import Iterator

from bursar.config.crossed import Crossed
from bursar.config.payers import PlanSettings, WalletSettings
from bursar.config.problems import nearest_of
from bursar.config.schema import Config
from bursar.domain.plan import PlanState

_QUOTAS = ("tokens", "weighted_tokens", "requests", "usd")


def check_plan(config: Config, plan: PlanSettings) -> Iterator[Crossed]:
    """Everything that is wrong with a plan."""
    key, who = ("plans", plan.name), f'the plan "{plan.name}"'
    stated = [name for name in _QUOTAS if getattr(plan, name) is not None]
    if len(stated) != 1:
        found = " and ".join(stated)
        yield Crossed(key, f"{who} must have one of {', '.join(_QUOTAS)}, not {found or 'none'}.", found)
    if plan.completion_multipliers and plan.weighted_tokens is None:
        yield Crossed((*key, "completion_multipliers"), f"{who} has completion_multipliers, but no weighted_tokens.")
    if plan.multipliers and plan.weighted_tokens is None and plan.requests is None:
        yield Crossed((*key, "multipliers"), f"{who} has multipliers, but neither requests nor weighted_tokens.")
    if plan.state in (PlanState.GRACE, PlanState.CANCELLED) and plan.until is None:
        yield Crossed(
            (*key, "state"), f'{who} is {plan.state}, but does not say until when; write until = "2026-12-31".'
        )
    yield from _overflow(config, plan)


def _overflow(config: Config, plan: PlanSettings) -> Iterator[Crossed]:
    key, who = ("plans", plan.name, "overflow"), f'the plan "{plan.name}"'
    if plan.overflow == "off":
        if plan.overflow_limit is not None:
            yield Crossed(
                (*key[:2], "overflow_limit"), f"{who} has an overflow_limit, but its overflow is off; name a wallet."
            )
        return
    name = plan.overflow.removeprefix("wallets.")
    wallet = config.wallets.get(name)
    if wallet is None:
        nearest = nearest_of(name, sorted(config.wallets))
        rest = f'did you mean "wallets.{nearest}"?' if nearest else f"add a table [wallets.{name}]."
        yield Crossed(key, f'{who} overflows into the wallet "{name}", which does not exist; {rest}', name, nearest)
    elif wallet.upstream != plan.upstream:
        yield Crossed(
            key, f'{who} is for the upstream "{plan.upstream}", but its wallet pays "{wallet.upstream}".', plan.overflow
        )


def check_wallet(config: Config, wallet: WalletSettings) -> Iterator[Crossed]:
    """Everything that is wrong with a wallet."""
    key, who = ("wallets", wallet.name), f'the wallet "{wallet.name}"'
    others = [each.name for each in config.wallets.values() if each.upstream == wallet.upstream]
    if others and others[0] != wallet.name:
        yield Crossed(
            (*key, "upstream"), f'{who} and the wallet "{others[0]}" pay the same upstream; only one of both can.'
        )
    if not wallet.low >= wallet.warning >= wallet.critical:
        yield Crossed(key, f"{who} must have low, warning and critical in falling order.")
    auto = (wallet.auto_below, wallet.auto_amount, wallet.auto_per_month)
    if any(each is not None for each in auto) and any(each is None for each in auto):
        yield Crossed(key, f"{who} tops itself up only with all of auto_below, auto_amount and auto_per_month.")
    elif wallet.auto_amount is not None and wallet.auto_amount < max(1, wallet.least_top_up):
        yield Crossed((*key, "auto_amount"), f"{who} has an auto_amount below its least_top_up.")
