"""What a key may spend, in the shapes that Apertis, one-api, LiteLLM and OpenRouter answer. Every amount is exact."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from bursar.domain.account import Account, Standing
from bursar.domain.client_key import PREFIX, ClientKey
from bursar.domain.cycle import Every
from bursar.domain.money import NANO_PER_USD
from bursar.domain.rates import RateUnit
from bursar.ledger.statement import KeySpend

UNLIMITED_NANO = 100_000_000 * NANO_PER_USD
"""What one-api says the limit of a key is that has none (its controller/billing.go)."""

_NANO_PER_QUOTA = NANO_PER_USD // 500_000
"""One-api's unit: 1/500,000 dollar."""

_RESETS = {Every.DAY: "daily", Every.WEEK: "weekly", Every.MONTH: "monthly"}
_DURATIONS = {Every.HOUR: "1h", Every.DAY: "1d", Every.WEEK: "7d", Every.MONTH: "1mo"}


@dataclass(frozen=True, slots=True)
class Budget:
    """What a key may spend and has spent, in nano-dollars: that of a cap, or of no limit where `cap` is None."""

    key: ClientKey
    spent: KeySpend
    cap: Account | None = None
    standing: Standing | None = None

    @property
    def limit(self) -> int:
        """What is granted for the present stretch of time."""
        return self.standing.granted if self.standing else UNLIMITED_NANO

    @property
    def used(self) -> int:
        """Of the cap what is settled or held, by whichever keys it is for; without one all that this key ever spent."""
        return self.standing.settled + self.standing.held if self.standing else self.spent.total.cost_nano

    @property
    def left(self) -> int:
        """What a call may take; never negative."""
        return max(0, self.limit - self.used)

    @property
    def ends_ms(self) -> int | None:
        """When the cap starts afresh."""
        return self.standing.cycle.end_ms if self.standing else None


Shape = Callable[[Budget], Mapping[str, object]]


def token_usage(budget: Budget) -> Mapping[str, object]:
    """Apertis: `GET /v1/token/usage`."""
    spent = budget.spent.total
    data = {
        "token_name": budget.key.name,
        "total_quota_usd": _usd(budget.limit),
        "remain_quota_usd": _usd(budget.left),
        "used_quota_usd": _usd(budget.used),
        "unlimited_quota": budget.cap is None,
        "total_tokens": spent.prompt_tokens + spent.completion_tokens,
        "total_requests": spent.requests,
    }
    return {"success": True, "message": "", "data": data}


def user_self(budget: Budget) -> Mapping[str, object]:
    """One-api and Apertis: `GET /api/user/self`; `quota` is what is left."""
    data = {
        "id": 1,
        "username": budget.key.name,
        "display_name": budget.key.name,
        "role": 1,
        "status": 1,
        "email": "",
        "quota": budget.left // _NANO_PER_QUOTA,
        "used_quota": -(-budget.used // _NANO_PER_QUOTA),
        "request_count": budget.spent.total.requests,
        "group": "default",
    }
    return {"success": True, "message": "", "data": data}


def user_token(budget: Budget) -> Mapping[str, object]:
    """Apertis: `GET /api/user/token`."""
    data = {
        "name": budget.key.name,
        "remain_quota": budget.left // _NANO_PER_QUOTA,
        "used_quota": -(-budget.used // _NANO_PER_QUOTA),
        "unlimited_quota": budget.cap is None,
    }
    return {"success": True, "message": "", "data": data}


def subscription(budget: Budget) -> Mapping[str, object]:
    """One-api: `GET /v1/dashboard/billing/subscription`; an `access_until` of 0 is for ever."""
    limit = _usd(budget.limit)
    return {
        "object": "billing_subscription",
        "has_payment_method": True,
        "soft_limit_usd": limit,
        "hard_limit_usd": limit,
        "system_hard_limit_usd": limit,
        "access_until": (budget.key.expires_ms or 0) // 1000,
    }


def billing_usage(budget: Budget) -> Mapping[str, object]:
    """One-api: `GET /v1/dashboard/billing/usage`, in cents; its date parameters are ignored there too."""
    return {"object": "list", "total_usage": _usd(budget.used * 100)}


def key_info(budget: Budget) -> Mapping[str, object]:
    """LiteLLM: `GET /key/info`; `spend` is that of the budget's present stretch, as there."""
    key, cap = budget.key, budget.cap
    info = {
        "key_name": _label(key),
        "key_alias": key.name,
        "spend": _usd(budget.used),
        "max_budget": None if cap is None else _usd(budget.limit),
        "budget_duration": None if cap is None else _DURATIONS.get(cap.every),
        "budget_reset_at": _instant(budget.ends_ms),
        "soft_budget_cooldown": False,
        "expires": _instant(key.expires_ms),
        "models": list(key.models),
        "blocked": key.disabled,
        "created_at": _instant(key.created_ms),
        "metadata": {"project": key.project} if key.project else {},
        "user_id": None,
        "team_id": None,
        "max_parallel_requests": key.limits.parallel,
        "tpm_limit": _a_minute(key, RateUnit.TOKENS),
        "rpm_limit": _a_minute(key, RateUnit.REQUESTS),
    }
    return {"key": _label(key), "info": info}


def openrouter_key(budget: Budget) -> Mapping[str, object]:
    """OpenRouter: `GET /api/v1/key`; its `usage` is all that the key ever spent, what remains is that of the limit."""
    key, cap, spent = budget.key, budget.cap, budget.spent
    data = {
        "label": _label(key),
        "limit": None if cap is None else _usd(budget.limit),
        "limit_remaining": None if cap is None else _usd(budget.left),
        "limit_reset": None if cap is None else _RESETS.get(cap.every),
        "include_byok_in_limit": False,
        "usage": _usd(spent.total.cost_nano),
        "usage_daily": _usd(spent.day.cost_nano),
        "usage_weekly": _usd(spent.week.cost_nano),
        "usage_monthly": _usd(spent.month.cost_nano),
        "byok_usage": 0,
        "byok_usage_daily": 0,
        "byok_usage_weekly": 0,
        "byok_usage_monthly": 0,
        "is_free_tier": False,
        "is_management_key": False,
        "is_provisioning_key": False,
        "expires_at": _instant(key.expires_ms),
        "rate_limit": _tightest_rate(key),
    }
    return {"data": data}


BY_PATH: Mapping[str, Shape] = {
    "/token/usage": token_usage,
    "/dashboard/billing/subscription": subscription,
    "/dashboard/billing/usage": billing_usage,
    "/api/user/self": user_self,
    "/api/user/token": user_token,
    "/key/info": key_info,
    "/api/v1/key": openrouter_key,
    "/key": openrouter_key,
}
"""By their path below any base URL. The last is where OpenRouter's clients look below a base of `/v1`."""


def _usd(nano: int) -> Decimal:
    return Decimal(nano) / NANO_PER_USD


def _a_minute(key: ClientKey, unit: RateUnit) -> int | None:
    """How much of a unit the key may use in a minute, where it has a rate that says so."""
    return next((rate.limit for rate in key.limits.rates if (rate.unit, rate.window_ms) == (unit, 60_000)), None)


def _tightest_rate(key: ClientKey) -> dict[str, object]:
    """The rate of requests that gives fewest in the long run, in OpenRouter's form."""
    rates = [rate for rate in key.limits.rates if rate.unit is RateUnit.REQUESTS]
    if not rates:
        return {"requests": -1, "interval": "10s", "note": "No rate is limited."}
    least = min(rates, key=lambda rate: Fraction(rate.limit, rate.window_ms))
    return {"requests": least.limit, "interval": f"{least.window_ms // 1000}s", "note": least.words}


def _label(key: ClientKey) -> str:
    return f"{PREFIX}...{key.hint}"


def _instant(at_ms: int | None) -> str | None:
    return None if at_ms is None else datetime.fromtimestamp(at_ms // 1000, UTC).isoformat().replace("+00:00", "Z")
