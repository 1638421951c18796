"""Headers that tell of limits: a key's own, beside or in place of an upstream's."""

from collections.abc import Mapping

from multidict import CIMultiDict

from bursar.pipeline.call import Call
from bursar.traffic import Place

_LIMIT_SET = "x-bursar-limit-set"
_REMAINING = "X-RateLimit-Remaining"
_OF_ONE_RATE = ("X-RateLimit-Limit", _REMAINING, "X-RateLimit-Reset")


def limit_headers(call: Call, place: Place) -> Mapping[str, str]:
    """How the rates of the key stand, and how long the answer may be where the key says so."""
    if call.limit_set is None:
        return place.headers
    return {**place.headers, _LIMIT_SET: str(call.limit_set)}


def with_own(own: Mapping[str, str], others: Mapping[str, str]) -> Mapping[str, str]:
    """Both: of the rate, that of whichever leaves less, ours or the upstream's; of anything else, the others'."""
    if not own:
        return others
    ours, theirs = CIMultiDict(own), CIMultiDict(others)
    if _REMAINING in ours and _REMAINING in theirs:
        looser = theirs if _left(ours[_REMAINING]) <= _left(theirs[_REMAINING]) else ours
        for name in _OF_ONE_RATE:
            looser.pop(name, None)
    ours.update(theirs)
    return ours


def _left(text: str) -> float:
    """What a header leaves; one that is no number leaves everything."""
    return int(text) if text.isascii() and text.isdecimal() else float("inf")
