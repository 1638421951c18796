"""Asking a vendor for its balance: its kind's calls in their order, tolerantly; what worked last is asked first."""

import asyncio
import json
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from yarl import URL

from bursar.domain.money import NANO_PER_USD
from bursar.domain.refusals import Refusal, UpstreamBroke
from bursar.domain.wallet import VendorBalance
from bursar.upstreams.balance import BalanceCall, BalanceUnit
from bursar.upstreams.openai_compatible import HttpAnswer, OpenAiCompatible

_LARGEST = 256 * 1024
_LARGEST_NANO = 10**18
_NANO_PER: Mapping[BalanceUnit, int] = {
    BalanceUnit.USD: NANO_PER_USD,
    BalanceUnit.CENTS: NANO_PER_USD // 100,
    BalanceUnit.QUOTA: NANO_PER_USD // 500_000,
}


async def ask_balance(upstream: OpenAiCompatible, worked: str = "", *, limit_s: float = 10.0) -> VendorBalance:
    """What a vendor says of its own account; `worked` is the `way` of the last answer.

    A call that fails, or answers with something else, gives way to the next. Raises the last Refusal
    where none answers, and UpstreamBroke where the kind has none.
    """
    problem: Refusal = UpstreamBroke(f"Upstream {upstream.name} has no way to ask for its balance.")
    for call in sorted(upstream.balance_calls, key=lambda call: call.path != worked):
        try:
            async with asyncio.timeout(limit_s):
                return await _asked(upstream, call)
        except TimeoutError:
            problem = UpstreamBroke(f"Upstream {upstream.name} does not answer at {call.path}.")
        except Refusal as refusal:
            problem = upstream.scrubbed(refusal)
    raise problem


async def _asked(upstream: OpenAiCompatible, call: BalanceCall) -> VendorBalance:
    told = await _get(upstream, call.path)
    more = await _get(upstream, call.used_path) if call.used_path else told
    used = _nano(more, call.used, call.used_unit or call.unit, ROUND_CEILING)
    granted = _nano(told, call.granted, call.unit, ROUND_FLOOR)
    remaining = _nano(told, call.remaining, call.unit, ROUND_FLOOR)
    if call.unlimited and _at(told, call.unlimited) is True:
        remaining = granted = None
    if remaining is None and granted is not None and used is not None:
        remaining = granted - used
    if remaining is None and used is None:
        raise UpstreamBroke(f"What upstream {upstream.name} answers at {call.path} is no balance.")
    return VendorBalance(call.path, remaining, used)


async def _get(upstream: OpenAiCompatible, path: str) -> object:
    """The JSON at a path from the root of the host, numbers as they are written. Raises a Refusal."""
    response = await upstream.get(URL(upstream.base_url).with_path(path))
    try:
        answer, body = HttpAnswer(response, upstream), bytearray()
        while piece := await answer.read():
            body += piece
            if len(body) > _LARGEST:
                raise UpstreamBroke(f"Upstream {upstream.name} sent a balance that does not end.")
    finally:
        response.close()
    if not 200 <= response.status < 300:
        raise upstream.refusal(response, bytes(body))
    try:
        return json.loads(bytes(body), parse_float=Decimal)
    except (ValueError, RecursionError):
        raise UpstreamBroke(f"What upstream {upstream.name} answers at {path} is no JSON.") from None


def _at(told: object, place: str) -> object:
    for name in place.split("."):
        told = told.get(name) if isinstance(told, dict) else None
    return told


def _nano(told: object, place: str, unit: BalanceUnit, rounding: str) -> int | None:
    """The nano-dollars at a place: what is left rounded down, what is used rounded up; None where none stand there."""
    value = _at(told, place) if place else None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    number = Decimal(value)
    if not number.is_finite() or abs(number) > _LARGEST_NANO // _NANO_PER[unit]:
        return None
    return int((number * _NANO_PER[unit]).to_integral_value(rounding))
