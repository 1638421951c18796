"""Apertis: everything as OpenAI has it, a plan or a balance behind the key, and several ways to ask for either."""

from bursar.upstreams.balance import ONE_API_BILLING, BalanceCall, BalanceUnit
from bursar.upstreams.openai_compatible import OpenAiCompatible

SUBSCRIPTION_KEY = "sk-sub-"
"""How the key of a plan begins; any other draws on the balance."""


class Apertis(OpenAiCompatible):
    """Its balance calls are in the order of its own documents; which of them a key may use, only the key can tell."""

    balance_calls = (
        BalanceCall(
            "/v1/token/usage",
            BalanceUnit.USD,
            remaining="data.remain_quota_usd",
            used="data.used_quota_usd",
            granted="data.total_quota_usd",
        ),
        BalanceCall("/api/user/self", BalanceUnit.QUOTA, remaining="data.quota", used="data.used_quota"),
        BalanceCall("/api/user/token", BalanceUnit.QUOTA, remaining="data.remain_quota", used="data.used_quota"),
        ONE_API_BILLING,
    )
