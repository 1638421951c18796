"""A refusal as an answer in the caller's own dialect: the one place where a no becomes HTTP."""

from aiohttp import web

from bursar.dialects.openai_chat_chunks import error_body
from bursar.domain.refusals import RateLimited, Refusal


def refusal_body(refusal: Refusal) -> bytes:
    """OpenAI's error object."""
    return error_body(refusal.message, refusal.type, refusal.code, refusal.param, refusal.detail)


def refusal_headers(refusal: Refusal) -> dict[str, str]:
    """What an SDK needs to know beside the body: whether, and when, to send the same request again."""
    headers: dict[str, str] = {}
    if not refusal.may_retry:
        headers["x-should-retry"] = "false"
    if refusal.retry_after_s is not None:
        headers["Retry-After"] = str(refusal.retry_after_s)
    if isinstance(refusal, RateLimited):
        headers.update(refusal.headers)
    return headers


def refuse(refusal: Refusal, headers: dict[str, str] | None = None) -> web.Response:
    """The whole answer. The refusal is over with it."""
    refusal.let_go()
    return web.Response(
        status=refusal.status,
        headers={**(headers or {}), **refusal_headers(refusal)},
        body=refusal_body(refusal),
        content_type="application/json",
    )
