"""Aporto: a layer over new-api that hands on no headers, and says that the money is gone in a header of its own."""

from bursar.domain.refusals import UpstreamExhausted
from bursar.upstreams.balance import NEW_API_TOKEN, ONE_API_BILLING
from bursar.upstreams.classify import Row
from bursar.upstreams.openai_compatible import OpenAiCompatible


class Aporto(OpenAiCompatible):
    """At most 20 new requests in 10 seconds are taken, and a 429 never says how long to wait."""

    pause_s = 10
    rows = (Row(UpstreamExhausted, "is out of money or quota", header="X-Aporto-Balance-Low"),)
    balance_calls = (NEW_API_TOKEN, ONE_API_BILLING)
