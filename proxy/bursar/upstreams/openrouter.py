"""OpenRouter: many vendors behind one address, with moderation of its own and a balance of the key."""

from bursar.domain.refusals import ContentRefused
from bursar.upstreams.balance import BalanceCall, BalanceUnit
from bursar.upstreams.classify import Row
from bursar.upstreams.openai_compatible import OpenAiCompatible


class OpenRouter(OpenAiCompatible):
    """Its 403 is mostly its moderation, which is a content filter and never routed around."""

    own_headers = (("X-Title", "Bursar"),)
    rows = (
        Row(
            ContentRefused,
            "refused the content of the request",
            frozenset({403}),
            words=("moderation", "flagged"),
        ),
    )
    balance_calls = (
        BalanceCall("/api/v1/key", BalanceUnit.USD, remaining="data.limit_remaining", used="data.usage"),
        BalanceCall("/api/v1/credits", BalanceUnit.USD, granted="data.total_credits", used="data.total_usage"),
    )
