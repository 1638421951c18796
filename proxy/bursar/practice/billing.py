"""The billing calls of Apertis and of one-api and new-api, fed by the practice wallet.

The wallet is what was granted at the start less what the tally has cost. A quota is counted in units of
1/500,000 dollar (2,000 nano-dollars): what is used is rounded up, what remains is the rest.
"""

from decimal import Decimal
from typing import Any

import msgspec

from bursar.domain.money import NANO_PER_USD
from bursar.practice.state import State
from bursar.practice.visit import Visit

QUOTA_PER_USD = 500_000
_NANO_PER_QUOTA = NANO_PER_USD // QUOTA_PER_USD
_encode = msgspec.json.Encoder(decimal_format="number").encode


def _usd(nano: int) -> Decimal:
    """Exact, and written as a JSON number."""
    return Decimal(nano) / NANO_PER_USD


def _quota(state: State) -> tuple[int, int]:
    """What is used, and what remains, in quota units."""
    used = -(-state.tally.total.cost_nano // _NANO_PER_QUOTA)
    return used, state.setup.granted_nano // _NANO_PER_QUOTA - used


def token_usage(state: State) -> dict[str, Any]:
    """Apertis: `GET /v1/token/usage`."""
    granted, used = state.setup.granted_nano, state.tally.total.cost_nano
    return {
        "success": True,
        "data": {
            "total_quota_usd": _usd(granted),
            "remain_quota_usd": _usd(granted - used),
            "used_quota_usd": _usd(used),
            "total_requests": state.tally.total.begun,
        },
    }


def user(state: State) -> dict[str, Any]:
    """one-api: `GET /api/user/self`."""
    used, remain = _quota(state)
    data = {
        "id": 1,
        "username": "practice",
        "quota": remain,
        "used_quota": used,
        "request_count": state.tally.total.begun,
    }
    return {"success": True, "message": "", "data": data}


def user_token(state: State) -> dict[str, Any]:
    """Apertis: `GET /api/user/token`."""
    used, remain = _quota(state)
    return {"success": True, "message": "", "data": {"remain_quota": remain, "used_quota": used}}


def subscription(state: State) -> dict[str, Any]:
    """one-api: `GET /v1/dashboard/billing/subscription`."""
    granted = _usd(state.setup.granted_nano)
    return {
        "object": "billing_subscription",
        "has_payment_method": True,
        "soft_limit_usd": granted,
        "hard_limit_usd": granted,
        "system_hard_limit_usd": granted,
        "access_until": 0,
    }


def billing_usage(state: State) -> dict[str, Any]:
    """one-api: `GET /v1/dashboard/billing/usage`, in cents."""
    return {"object": "list", "total_usage": _usd(state.tally.total.cost_nano * 100)}


def status(_: State) -> dict[str, Any]:
    """one-api: `GET /api/status`, for anyone."""
    data = {"version": "v0.0.0", "system_name": "Practice", "quota_per_unit": QUOTA_PER_USD}
    return {"success": True, "message": "", "data": data}


def key_usage(state: State) -> dict[str, Any]:
    """new-api: `GET /api/usage/token/`."""
    used, remain = _quota(state)
    data = {
        "object": "token_usage",
        "name": "practice",
        "total_granted": used + remain,
        "total_used": used,
        "total_available": remain,
        "unlimited_quota": False,
        "expires_at": 0,
    }
    return {"code": True, "message": "ok", "data": data}


CALLS = {
    "/v1/token/usage": token_usage,
    "/api/user/self": user,
    "/api/user/token": user_token,
    "/v1/dashboard/billing/subscription": subscription,
    "/v1/dashboard/billing/usage": billing_usage,
    "/api/status": status,
    "/api/usage/token/": key_usage,
}


PUBLIC = frozenset({"/api/status"})
"""Those of them that need no key."""


def tell_balance(visit: Visit) -> None:
    """Whichever of these was called."""
    visit.wire.answer(200, _encode(CALLS[visit.path](visit.state)))
