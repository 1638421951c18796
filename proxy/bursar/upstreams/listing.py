"""What an upstream lists at `GET /models`: the cheapest question that shows whether it is there and takes our key."""

import asyncio
from datetime import UTC
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
from yarl import URL

from bursar.config.schema import Times, UpstreamSettings
from bursar.dialects.busy import MOST_ANSWERED, is_busy
from bursar.dialects.canonical import NOT_JSON
from bursar.domain.clock import Clock
from bursar.domain.exchange import Price
from bursar.domain.money import NANO_PER_USD
from bursar.domain.refusals import Refusal, UpstreamBroke, UpstreamTimeout
from bursar.domain.route import ListedModel
from bursar.upstreams.classify import hidden_error
from bursar.upstreams.connection import Connection
from bursar.upstreams.kinds import KINDS
from bursar.upstreams.openai_compatible import HttpAnswer, OpenAiCompatible

_LARGEST_LIST = 16 * 1024 * 1024
_PARSED_AT_ONCE = 256 * 1024
_WINDOW_FIELDS = ("context_length", "max_model_len", "loaded_context_length", "max_context_length", "context_window")
_OUTPUT_FIELDS = ("max_completion_tokens", "max_output_tokens")
_CONNECT_S = 5.0


async def listed_models(
    settings: UpstreamSettings, key: str, connection: Connection, clock: Clock, *, limit_s: float = 10.0
) -> tuple[str, ...]:
    """The names of the models that an upstream lists, in its order; `key` is empty where none is needed.

    Raises a Refusal, without the key in its message, where it cannot be asked or says no.
    """
    upstream = _of(settings, key, connection, clock, limit_s)
    return tuple(model.id for model in await models_of(upstream, limit_s=limit_s))


async def their_clock_ms(
    settings: UpstreamSettings, key: str, connection: Connection, clock: Clock, *, limit_s: float = 5.0
) -> int | None:
    """What time it is at an upstream, as the `Date` of an answer says (RFC 9110, 6.6.1); None where it does not say."""
    upstream = _of(settings, key, connection, clock, limit_s)
    try:
        async with asyncio.timeout(limit_s):
            response = await upstream.get(upstream.listing_urls[-1])
            response.close()
        at = parsedate_to_datetime(response.headers.get("Date", ""))
    except (TimeoutError, Refusal, ValueError):
        return None
    # A date without a zone is in UTC there.
    return round((at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp() * 1000)


def _of(settings: UpstreamSettings, key: str, connection: Connection, clock: Clock, limit_s: float) -> OpenAiCompatible:
    """The upstream of some settings, to be asked one thing."""
    times = Times(settings.connect_s or _CONNECT_S, limit_s, limit_s, limit_s, limit_s)
    return KINDS[settings.kind](
        settings.name,
        settings.kind,
        settings.base_url,
        key,
        connection,
        clock,
        times=times,
        user_agent=settings.user_agent,
        headers=settings.headers,
    )


async def models_of(upstream: OpenAiCompatible, *, limit_s: float = 10.0) -> tuple[ListedModel, ...]:
    """The models that an upstream lists, in its order. Raises a Refusal as `listed_models` does."""
    try:
        async with asyncio.timeout(limit_s):
            *first, last = upstream.listing_urls
            for url in first:
                try:
                    return await _asked(upstream, url)
                except Refusal:
                    continue
            return await _asked(upstream, last)
    except TimeoutError:
        raise UpstreamTimeout(f"Upstream {upstream.name} did not answer within {limit_s:g} s.") from None
    except Refusal as refusal:
        raise upstream.scrubbed(refusal) from None


async def _asked(upstream: OpenAiCompatible, url: URL) -> tuple[ListedModel, ...]:
    response = await upstream.get(url)
    try:
        answer = HttpAnswer(response, upstream)
        body = bytearray()
        while piece := await answer.read():
            body += piece
            if len(body) > _LARGEST_LIST:
                raise UpstreamBroke(f"Upstream {upstream.name} sent a list of models that does not end.")
    finally:
        response.close()
    if not 200 <= response.status < 300:
        raise upstream.refusal(response, bytes(body))
    if is_busy(bytes(body), MOST_ANSWERED):
        raise UpstreamBroke(f"Upstream {upstream.name} sent a list of more than {MOST_ANSWERED:,} values.")
    parsed = read_list(bytes(body)) if len(body) <= _PARSED_AT_ONCE else await asyncio.to_thread(read_list, bytes(body))
    if parsed is None:
        raise _no_list(bytes(body), upstream)
    return parsed


class _List(msgspec.Struct):
    """OpenAI's list of models; some vendors answer with the bare list."""

    data: list[dict[str, Any]]


def read_list(body: bytes) -> tuple[ListedModel, ...] | None:
    """The models in a list, with what vendors say of them beside the name; None where it is no list.

    Apertis adds `multiplier`, `tier` and `context_length` for a plan's key; OpenRouter `context_length`,
    `top_provider` and `pricing` in dollars per token; llama.cpp `meta.n_ctx`; vLLM `max_model_len`.
    """
    try:
        listed = msgspec.json.decode(body, type=_List | list[dict[str, Any]])
    except NOT_JSON:
        return None
    models = listed.data if isinstance(listed, _List) else listed
    if not all(isinstance(model.get("id"), str) for model in models):
        return None
    return tuple(map(_model, models))


def _model(said: dict[str, Any]) -> ListedModel:
    top, meta, pricing = (_table(said.get(name)) for name in ("top_provider", "meta", "pricing"))
    multiplier, tier = said.get("multiplier"), said.get("tier")
    return ListedModel(
        said["id"],
        window=_first((top, said), _WINDOW_FIELDS) or _tokens(meta.get("n_ctx")),
        output_limit=_first((top, said), _OUTPUT_FIELDS),
        price=_price(pricing),
        multiplier=str(multiplier) if isinstance(multiplier, int | float | str) else "",
        tier=tier if isinstance(tier, str) else "",
    )


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _first(tables: tuple[dict[str, Any], ...], names: tuple[str, ...]) -> int | None:
    found = (_tokens(table.get(name)) for table in tables for name in names)
    return next((each for each in found if each is not None), None)


def _tokens(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31 else None


_PER_TOKEN = frozenset({"prompt", "completion", "input_cache_read", "input_cache_write", "internal_reasoning"})
_PER_REQUEST = "request"


def _price(said: dict[str, Any]) -> Price | None:
    """What OpenRouter's `pricing` says, in dollars per token and per request, rounded up.

    None where it names a charge of another kind, by image or by search, since no hold could bound that. A part
    that costs nothing costs what its whole costs: 0 is also how the list says that it does not know.
    """
    nano = {name: _nano(value) for name, value in said.items()}
    if any(value is None for value in nano.values()) or not {"prompt", "completion"} <= nano.keys():
        return None
    known = {name: value for name, value in nano.items() if value}
    if not known.keys() <= _PER_TOKEN | {_PER_REQUEST}:
        return None
    rates = {name: _ceil(value * 1_000_000) for name, value in known.items() if name in _PER_TOKEN}
    return Price(
        rates.get("prompt", 0),
        rates.get("completion", 0),
        cached_input=rates.get("input_cache_read"),
        cache_write=rates.get("input_cache_write"),
        reasoning=rates.get("internal_reasoning"),
        request=_ceil(known.get(_PER_REQUEST, Decimal(0))),
    )


def _nano(dollars: object) -> Decimal | None:
    """A price in dollars, as text, in nano-dollars; None for what is none."""
    try:
        price = Decimal(dollars) if isinstance(dollars, str) else None
    except InvalidOperation:
        return None
    return price * NANO_PER_USD if price is not None and price.is_finite() and 0 <= price < 1 else None


def _ceil(nano: Decimal) -> int:
    return int(nano.to_integral_value(ROUND_CEILING))


def _no_list(body: bytes, upstream: OpenAiCompatible) -> Refusal:
    """What a body of status 200 means that is no list: an error in disguise, or the wrong address."""
    refusal = hidden_error(body, upstream=upstream.name, rows=upstream.rows)
    if refusal is None or isinstance(refusal, UpstreamBroke):
        return UpstreamBroke(
            f"What upstream {upstream.name} has at its base_url is no list of models; check the base_url."
        )
    return refusal
