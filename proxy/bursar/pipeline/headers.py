"""The headers that tell a client what became of its call."""

from bursar.domain.account import AccountKind, Unit
from bursar.domain.money import plain_usd
from bursar.domain.route import Route
from bursar.domain.wallet import wallet_state
from bursar.ledger.ledger import Held
from bursar.pipeline.call import Call


def exchange_headers(call: Call) -> dict[str, str]:
    """Those of every answer, a refusal too."""
    return {"x-bursar-exchange": call.id}


def route_headers(call: Call, route: Route, model: str, failed: tuple[Route, str] | None) -> dict[str, str]:
    """Who answers. `model` is the name the answer itself gives; `failed` the first route that gave way, and why."""
    headers = exchange_headers(call)
    headers["x-bursar-upstream"] = route.upstream
    headers["x-bursar-model"] = headers["X-Actual-Model"] = printable(model or route.model)
    headers["X-Fallback-Used"] = "true" if failed else "false"
    if failed:
        headers["X-Fallback-From"] = printable(str(failed[0]))
        headers["X-Fallback-Reason"] = failed[1]
    return headers


def budget_header(held: Held, spent: int) -> dict[str, str]:
    """What is left of the tightest cap in dollars, if there is one, when `spent` of what is held has been used."""
    left = [
        held.standings[account.id].available + (held.amount(account.id) - spent if spent else 0)
        for account in held.accounts
        if account.unit is Unit.NANO_DOLLARS and account.kind is AccountKind.CAP
    ]
    return {"x-bursar-budget-remaining-usd": plain_usd(max(0, min(left)))} if left else {}


def wallet_header(held: Held) -> dict[str, str]:
    """How full the emptiest wallet is that was asked, in a word, if there is one."""
    left = [(held.standings[each.id].available, each.levels) for each in held.accounts if each.levels is not None]
    if not left:
        return {}
    available, levels = min(left, key=lambda each: each[0])
    return {"x-bursar-wallet-state": wallet_state(available, levels).value}


def cost_header(cost_nano: int) -> dict[str, str]:
    """What a plain answer cost."""
    return {"x-bursar-cost-usd": plain_usd(cost_nano)}


def cost_comment(cost_nano: int) -> bytes:
    """The same at the end of a stream, as a comment that clients pass over."""
    return f": x-bursar-cost-usd: {plain_usd(cost_nano)}\n\n".encode()


def printable(text: str) -> str:
    """Text from outside, safe within a header."""
    if len(text) <= 256 and text.isascii() and text.isprintable():
        return text
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text[:256])
