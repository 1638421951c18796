"""Balance calls: where the kinds of upstream tell what is left, as data; asking and comparing is done elsewhere."""

from dataclasses import dataclass
from enum import StrEnum


class BalanceUnit(StrEnum):
    """What a balance call counts in."""

    USD = "usd"
    CENTS = "cents"
    QUOTA = "quota"
    """1/500,000 of a dollar, as one-api and its descendants count."""


@dataclass(frozen=True, slots=True)
class BalanceCall:
    """One way to ask for a balance: `GET path`, from the root of the upstream's host.

    `remaining`, `used` and `granted` are places in the answer, such as `data.quota`; empty where it does
    not tell. `unlimited` is the place of a flag that there is no limit. `used_path` is a second call that
    tells what is used, in `used_unit`, where the first does not.
    """

    path: str
    unit: BalanceUnit
    remaining: str = ""
    used: str = ""
    granted: str = ""
    unlimited: str = ""
    used_path: str = ""
    used_unit: BalanceUnit | None = None


ONE_API_BILLING = BalanceCall(
    "/v1/dashboard/billing/subscription",
    BalanceUnit.USD,
    granted="hard_limit_usd",
    used="total_usage",
    used_path="/v1/dashboard/billing/usage",
    used_unit=BalanceUnit.CENTS,
)
"""The old billing calls of OpenAI, as one-api and most relays answer them."""

NEW_API_TOKEN = BalanceCall(
    "/api/usage/token/",
    BalanceUnit.QUOTA,
    remaining="data.total_available",
    used="data.total_used",
    granted="data.total_granted",
    unlimited="data.unlimited_quota",
)
"""new-api, with the `sk-` key."""
