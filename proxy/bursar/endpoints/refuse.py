"""A refusal as an answer in the caller's own dialect: the one place where a no becomes HTTP."""

from collections.abc import Mapping

from aiohttp import web

from bursar.dialects.openai_chat_chunks import error_body
from bursar.domain.refusals import OverBudget, RateLimited, Refusal


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
    if isinstance(refusal, OverBudget):
        headers.update(_budget_headers(refusal))
    return headers


def _budget_headers(refusal: OverBudget) -> dict[str, str]:
    """What is left of the cap that refuses, or how full the wallet is: what an answer would have said."""
    detail = refusal.detail
    headers = {}
    if str(detail.get("account", "")).startswith("cap:") and detail.get("unit") == "usd":
        left = str(detail["available"])
        headers["x-bursar-budget-remaining-usd"] = "0.0" if left.startswith("-") else left
    if "wallet_state" in detail:
        headers["x-bursar-wallet-state"] = str(detail["wallet_state"])
    return headers


def refuse(refusal: Refusal, headers: Mapping[str, str] | None = None) -> web.Response:
    """The whole answer. The refusal is over with it."""
    refusal.let_go()
    return web.Response(
        status=refusal.status,
        headers={**(headers or {}), **refusal_headers(refusal)},
        body=refusal_body(refusal),
        content_type="application/json",
    )
