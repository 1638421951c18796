"""What an upstream lists at `GET /models`: the cheapest question that shows whether it is there and takes our key."""

import asyncio

import msgspec
from multidict import CIMultiDict
from yarl import URL

from bursar.config.schema import UpstreamSettings
from bursar.dialects.canonical import NOT_JSON
from bursar.domain.clock import Clock
from bursar.domain.refusals import Refusal, UpstreamBroke, UpstreamTimeout
from bursar.upstreams.classify import classify, hidden_error
from bursar.upstreams.connection import Connection, Delivery
from bursar.upstreams.openai_compatible import USER_AGENT, HttpAnswer

_LARGEST_LIST = 16 * 1024 * 1024


async def listed_models(
    upstream: UpstreamSettings, key: str, connection: Connection, clock: Clock, *, limit_s: float = 10.0
) -> tuple[str, ...]:
    """The names of the models that an upstream lists, in its order; `key` is empty where none is needed.

    Raises a Refusal, without the key in its message, where it cannot be asked or says no.
    """
    headers = CIMultiDict(upstream.headers)
    headers["Accept"] = "application/json"
    headers["Accept-Encoding"] = "identity"
    headers["User-Agent"] = upstream.user_agent or USER_AGENT
    if key:
        headers["Authorization"] = f"Bearer {key}"
    try:
        async with asyncio.timeout(limit_s):
            status, kind, body = await _get(upstream, headers, connection)
    except TimeoutError:
        raise UpstreamTimeout(f"Upstream {upstream.name} did not answer within {limit_s:g} s.") from None
    except Refusal as refusal:
        raise _scrubbed(refusal, key) from None
    if not 200 <= status < 300:
        raise _scrubbed(classify(status, kind, body, upstream=upstream.name, now_s=clock.now_ms() / 1000), key)
    names = _names(body)
    if names is None:
        raise _scrubbed(_no_list(body, upstream.name), key)
    return names


async def _get(
    upstream: UpstreamSettings, headers: CIMultiDict[str], connection: Connection
) -> tuple[int, CIMultiDict[str], bytes]:
    url = URL(f"{upstream.base_url}/models")
    response = await connection.send(
        "GET", url, headers, None, upstream=upstream.name, connect_s=upstream.connect_s or 5.0, delivery=Delivery()
    )
    try:
        answer = HttpAnswer(response, upstream.name)
        body = bytearray()
        while piece := await answer.read():
            body += piece
            if len(body) > _LARGEST_LIST:
                raise UpstreamBroke(f"Upstream {upstream.name} sent a list of models that does not end.")
        return response.status, CIMultiDict(response.headers), bytes(body)
    finally:
        response.close()


class _Model(msgspec.Struct):
    """One model of the list; everything else in it is the vendor's own."""

    id: str


class _List(msgspec.Struct):
    """OpenAI's list of models; some vendors answer with the bare list."""

    data: list[_Model]


def _names(body: bytes) -> tuple[str, ...] | None:
    try:
        listed = msgspec.json.decode(body, type=_List | list[_Model])
    except NOT_JSON:
        return None
    return tuple(model.id for model in (listed.data if isinstance(listed, _List) else listed))


def _no_list(body: bytes, upstream: str) -> Refusal:
    """What a body of status 200 means that is no list: an error in disguise, or the wrong address."""
    refusal = hidden_error(body, upstream=upstream)
    if refusal is None or isinstance(refusal, UpstreamBroke):
        return UpstreamBroke(f"What upstream {upstream} has at its base_url is no list of models; check the base_url.")
    return refusal


def _scrubbed(refusal: Refusal, key: str) -> Refusal:
    """The refusal without our key, which vendors echo in their errors."""
    if key and key in refusal.message:
        refusal.message = refusal.message.replace(key, "[key]")
        refusal.args = (refusal.message,)
    return refusal
