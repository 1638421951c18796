"""The headers that tell a client what became of its call."""

from bursar.domain.account import AccountKind, Unit
from bursar.domain.money import plain_usd
from bursar.domain.route import Route
from bursar.domain.wallet import Levels, wallet_state
from bursar.ledger.ledger import Held
from bursar.pipeline.call import Call


def exchange_headers(call: Call) -> dict[str, str]:
    """Those of every answer, a refusal too."""
    return {"x-bursar-exchange": call.id}


def add_route(headers: dict[str, str], call: Call, route: Route, model: str, failed: tuple[Route, str] | None) -> None:
    """Who answers. `model` is the name the answer itself gives; `failed` the first route that gave way, and why."""
    headers["x-bursar-exchange"] = call.id
    headers["x-bursar-upstream"] = route.upstream
    headers["x-bursar-model"] = headers["X-Actual-Model"] = printable(model or route.model)
    headers["X-Fallback-Used"] = "true" if failed else "false"
    if failed:
        headers["X-Fallback-From"] = printable(str(failed[0]))
        headers["X-Fallback-Reason"] = failed[1]


def add_standing(headers: dict[str, str], held: Held, spent: int) -> None:
    """What is left where `spent` of what is held has been used: of the tightest cap in dollars, if there is one; and
    how full the emptiest wallet is that was asked, in a word."""
    tightest: int | None = None
    emptiest: tuple[int, Levels] | None = None
    for account in held.accounts:
        if account.unit is Unit.NANO_DOLLARS and account.kind is AccountKind.CAP:
            left = held.standings[account.id].available + (held.amount(account.id) - spent if spent else 0)
            if tightest is None or left < tightest:
                tightest = left
        elif account.levels is not None:
            left = held.standings[account.id].available
            if emptiest is None or left < emptiest[0]:
                emptiest = left, account.levels
    if tightest is not None:
        headers["x-bursar-budget-remaining-usd"] = plain_usd(max(0, tightest))
    if emptiest is not None:
        headers["x-bursar-wallet-state"] = wallet_state(*emptiest).value


def cost_comment(cost_nano: int) -> bytes:
    """The same at the end of a stream, as a comment that clients pass over."""
    return f": x-bursar-cost-usd: {plain_usd(cost_nano)}\n\n".encode()


def printable(text: str) -> str:
    """Text from outside, safe within a header."""
    if len(text) <= 256 and text.isascii() and text.isprintable():
        return text
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text[:256])
