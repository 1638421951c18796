"""`[plans.NAME]` and `[wallets.NAME]`: what pays for the calls to an upstream."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from bursar.config import values as v
from bursar.config.setting import optional, required, setting
from bursar.domain.account import Account, AccountKind, Unit
from bursar.domain.cycle import Every
from bursar.domain.money import FACTOR_ONE, NANO_PER_USD
from bursar.domain.plan import PlanState, Term
from bursar.domain.recurrence import Recurrence
from bursar.domain.secret_reference import SecretReference
from bursar.domain.wallet import AutoTopUp, Levels


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSettings:
    """`[plans.NAME]`: what a vendor grants each cycle, and what pays when it is used up."""

    name: str
    upstream: str = required(v.some_text, "The upstream whose calls it bears.")
    models: tuple[str, ...] = setting((), v.model_globs, "The models that it bears; where empty, all. * fits any.")
    tokens: int | None = optional(v.whole(0, 10**15), "How many tokens it grants.")
    weighted_tokens: int | None = optional(
        v.whole(0, 10**15), "How many tokens it grants, each counted as often as the multipliers say."
    )
    requests: int | None = optional(v.whole(0, 10**12), "How many requests it grants, counted as the multipliers say.")
    usd: int | None = optional(v.usd, "What it grants in US dollars, as text.")
    completion_multipliers: tuple[tuple[str, int], ...] = setting(
        (), v.factors, "How often a written token counts, by model; the first name that fits counts, else once."
    )
    multipliers: tuple[tuple[str, int], ...] = setting(
        (), v.factors, "How often a request, or a weighted token, counts, by model; the same; 0 is free."
    )
    every: Recurrence = required(
        v.recurrence,
        "When it starts afresh: month, quarter or year from a day, so many days from one, or hours from first use.",
    )
    overflow: str = setting("off", v.overflow, 'What pays when it is used up: "off" (nothing), or a wallet.')
    overflow_limit: int | None = optional(
        v.usd, "The most that the wallet pays in one cycle, in US dollars; without it until the wallet is empty."
    )
    secret: SecretReference | None = optional(
        v.secret, "Where its own key is, if it has one: calls that it bears are sent with that."
    )
    state: PlanState = setting(PlanState.ACTIVE, v.one_of(PlanState), "active, suspended, grace, cancelled or expired.")
    until: str | None = optional(
        v.until, "When it ends: needed for grace and cancelled; a date (its beginning) or a date and time."
    )

    def account(self, zone: tzinfo) -> Account:
        """The plan's account, `plan:NAME`; `until` is read in `zone`."""
        unit, limit = self._quota
        every, anchor = self.every.every, self.every.anchor
        term = Term(self.state, None if self.until is None else _instant_ms(self.until, zone))
        return Account(
            f"plan:{self.name}", AccountKind.PLAN, self.name, unit, every, limit, self._scope, anchor, term=term
        )

    def overflow_account(self) -> Account | None:
        """What the plan may draw from its wallet each cycle, `overflow:NAME`; None where that is not limited."""
        if not self.overflow_wallet or self.overflow_limit is None:
            return None
        return Account(
            f"overflow:{self.name}",
            AccountKind.OVERFLOW,
            self.name,
            Unit.NANO_DOLLARS,
            self.every.every,
            self.overflow_limit,
            self._scope,
            self.every.anchor,
            within=f"plan:{self.name}",
        )

    @property
    def _quota(self) -> tuple[Unit, int]:
        if self.usd is not None:
            return Unit.NANO_DOLLARS, self.usd
        if self.tokens is not None:
            return Unit.TOKENS, self.tokens
        if self.weighted_tokens is not None:
            return Unit.WEIGHTED_TOKENS, self.weighted_tokens
        requests = self.requests or 0
        if all(factor % FACTOR_ONE == 0 for _, factor in self.multipliers):
            return Unit.REQUESTS, requests
        return Unit.MICRO_REQUESTS, requests * FACTOR_ONE

    @property
    def _scope(self) -> str:
        return f"upstream {self.upstream}" + (f", models {' '.join(self.models)}" if self.models else "")

    @property
    def overflow_wallet(self) -> str:
        """The name of the wallet that pays when the plan is used up; empty where none does."""
        off = self.overflow == "off" or self.overflow_limit == 0
        return "" if off else self.overflow.removeprefix("wallets.")


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletSettings:
    """`[wallets.NAME]`: what was paid in for calls to an upstream: bursar wallet top-up."""

    name: str
    upstream: str = required(v.some_text, "The upstream whose calls it pays.")
    least_top_up: int = setting(5 * NANO_PER_USD, v.usd, "The smallest top-up, in US dollars.")
    low: int = setting(20 * NANO_PER_USD, v.usd, "Up to where it is said to be low, in US dollars.")
    warning: int = setting(10 * NANO_PER_USD, v.usd, "Below what it is a warning, in US dollars.")
    critical: int = setting(5 * NANO_PER_USD, v.usd, "Below what it is critical, in US dollars.")
    auto_below: int | None = optional(
        v.usd, "Below what it tops itself up: what may be spent here, not what the vendor has."
    )
    auto_amount: int | None = optional(v.usd, "By how much, in US dollars.")
    auto_per_month: int | None = optional(v.usd, "The most of that in a calendar month, in US dollars.")
    link: str = setting("", v.text, "Where to top up at the vendor.")
    compare_min: int = setting(
        60, v.whole(0, 10_080), "How often the vendor is asked for its balance, in minutes; 0: only on demand."
    )
    drift_alarm: int = setting(
        NANO_PER_USD, v.usd, "From which difference to the vendor's balance on an alarm is raised, in US dollars."
    )

    def account(self) -> Account:
        """The wallet's account, `wallet:NAME`."""
        auto = None
        if self.auto_below is not None and self.auto_amount is not None and self.auto_per_month is not None:
            auto = AutoTopUp(self.auto_below, self.auto_amount, self.auto_per_month)
        return Account(
            f"wallet:{self.name}",
            AccountKind.WALLET,
            self.name,
            Unit.NANO_DOLLARS,
            Every.TOTAL,
            0,
            f"upstream {self.upstream}",
            levels=Levels(self.low, self.warning, self.critical),
            auto=auto,
            link=self.link,
        )


def _instant_ms(text: str, zone: tzinfo) -> int:
    at = datetime.fromisoformat(text)
    return int((at if at.tzinfo is not None else at.replace(tzinfo=zone)).timestamp()) * 1000
