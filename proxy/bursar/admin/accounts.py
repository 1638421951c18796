"""Plans, wallets, caps and holds in doubt at the local door: what a client key can never do."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from bursar.admin.wire import read_command, say
from bursar.contract.accounts import (
    Correct,
    DoubtEnded,
    DoubtRow,
    GrantMade,
    PlanRow,
    RaiseCap,
    ResetPlan,
    TopUp,
    WalletRow,
)
from bursar.domain.account import Account, AccountKind, Share, Unit
from bursar.domain.hold import HoldEnded
from bursar.domain.money import usd
from bursar.domain.plan import PlanState, Term
from bursar.domain.refusals import InvalidParameter, UnknownAccount
from bursar.domain.wallet import Levels, wallet_state
from bursar.ledger.doubts import Doubt
from bursar.ledger.grants import Given, NoSuchGrant
from bursar.treasury import Treasury

TREASURY = web.AppKey("treasury", Treasury)

_LONGEST_RAISE_MS = 366 * 86_400_000
_LARGEST_AMOUNT = 10**18
_LONGEST_NOTE = 500


async def list_wallets(request: web.Request) -> web.Response:
    """All wallets, with what their vendors said last."""
    treasury = request.app[TREASURY]
    wallets = [account for account in treasury.accounts if account.kind is AccountKind.WALLET]
    standings = await treasury.ledger.standings(wallets)
    return say(
        [
            WalletRow(
                each,
                standings[each.id],
                wallet_state(standings[each.id].available, each.levels or Levels()),
                treasury.reconciler.last(each),
            )
            for each in wallets
        ]
    )


async def top_up(request: web.Request) -> web.Response:
    """Pay into a wallet."""
    treasury, command = request.app[TREASURY], await read_command(request, TopUp)
    wallet = treasury.account(AccountKind.WALLET, request.match_info["name"])
    least = treasury.current().config.wallets[wallet.name].least_top_up
    if not max(1, least) <= command.amount <= _LARGEST_AMOUNT:
        raise InvalidParameter(f"A top-up is at least {usd(least)}; least_top_up in the configuration says so.")
    given = await treasury.grants.top_up(wallet, command.amount, note=_note(command.note), by=command.by)
    return _made(wallet, given)


async def correct(request: web.Request) -> web.Response:
    """Make what is left of a wallet what somebody knows it to be."""
    treasury, command = request.app[TREASURY], await read_command(request, Correct)
    wallet = treasury.account(AccountKind.WALLET, request.match_info["name"])
    if abs(command.balance) > _LARGEST_AMOUNT:
        raise InvalidParameter("No balance is so large.")
    given = await treasury.grants.correct(wallet, command.balance, note=_note(command.note), by=command.by)
    return _made(wallet, given)


async def compare(request: web.Request) -> web.Response:
    """Ask the vendor now."""
    treasury = request.app[TREASURY]
    return say(await treasury.compare(treasury.account(AccountKind.WALLET, request.match_info["name"])))


async def list_plans(request: web.Request) -> web.Response:
    """All plans, with their states and overflows."""
    treasury = request.app[TREASURY]
    standings = await treasury.ledger.standings(treasury.accounts)
    now_ms = treasury.clock.now_ms()
    plans = treasury.current().config.plans
    overflows = {each.within: standings[each.id] for each in treasury.accounts if each.kind is AccountKind.OVERFLOW}
    return say(
        [
            PlanRow(
                each, standings[each.id], _state(each, now_ms), overflows.get(each.id), plans[each.name].overflow_wallet
            )
            for each in treasury.accounts
            if each.kind is AccountKind.PLAN
        ]
    )


async def reset_plan(request: web.Request) -> web.Response:
    """Grant a plan's quota anew."""
    treasury, command = request.app[TREASURY], await read_command(request, ResetPlan)
    plan = treasury.account(AccountKind.PLAN, request.match_info["name"])
    return _made(plan, await treasury.grants.reset(plan, note=_note(command.note), by=command.by))


async def raise_cap(request: web.Request) -> web.Response:
    """Raise a cap for a while."""
    treasury, command = request.app[TREASURY], await read_command(request, RaiseCap)
    cap = treasury.account(AccountKind.CAP, request.match_info["name"])
    if command.unit is not cap.unit:
        raise InvalidParameter(f'The cap "{cap.name}" is in {_unit(cap.unit)}, not in {_unit(command.unit)}.')
    if not 1 <= command.amount <= _LARGEST_AMOUNT:
        raise InvalidParameter("A raise must be more than nothing.")
    if not 1 <= command.for_ms <= _LONGEST_RAISE_MS:
        raise InvalidParameter("A raise lasts up to a year; to change a cap for good: bursar cap set")
    until_ms = treasury.clock.now_ms() + command.for_ms
    given = await treasury.grants.raise_for(cap, command.amount, until_ms, note=_note(command.note), by=command.by)
    return _made(cap, given)


async def undo_raise(request: web.Request) -> web.Response:
    """End a raise before its time."""
    try:
        return say(await request.app[TREASURY].grants.undo(_number(request)))
    except NoSuchGrant as error:
        raise UnknownAccount(f"{str(error).capitalize()}.") from None


async def list_grants(request: web.Request) -> web.Response:
    """The audit list: who granted what, when and why, the latest first."""
    return say(await request.app[TREASURY].grants.all(request.query.get("account")))


async def list_doubts(request: web.Request) -> web.Response:
    """The holds in doubt, with what is known."""
    treasury = request.app[TREASURY]
    return say([_doubt_row(doubt, treasury) for doubt in await treasury.doubts.all()])


async def settle_doubt(request: web.Request) -> web.Response:
    """Settle one whole."""
    treasury = request.app[TREASURY]
    return await _resolved(request, lambda hold_id: treasury.doubts.settle(hold_id, treasury.accounts))


async def settle_doubt_by_balance(request: web.Request) -> web.Response:
    """Settle or release one by what the vendor's balance says."""
    return await _resolved(request, request.app[TREASURY].settle_by_balance)


async def release_doubt(request: web.Request) -> web.Response:
    """Release one."""
    return await _resolved(request, request.app[TREASURY].doubts.release)


ROUTES = (
    web.get("/wallets", list_wallets, allow_head=False),
    web.post("/wallets/{name}/top-ups", top_up),
    web.post("/wallets/{name}/corrections", correct),
    web.post("/wallets/{name}/comparisons", compare),
    web.get("/plans", list_plans, allow_head=False),
    web.post("/plans/{name}/resets", reset_plan),
    web.post("/caps/{name}/raises", raise_cap),
    web.delete("/raises/{number}", undo_raise),
    web.get("/grants", list_grants, allow_head=False),
    web.get("/doubts", list_doubts, allow_head=False),
    web.post("/doubts/{number}/settle", settle_doubt),
    web.post("/doubts/{number}/by-balance", settle_doubt_by_balance),
    web.post("/doubts/{number}/release", release_doubt),
)


async def _resolved(request: web.Request, resolve: Callable[[int], Awaitable[tuple[Share, ...]]]) -> web.Response:
    number = _number(request)
    try:
        paid = await resolve(number)
    except HoldEnded as error:
        raise UnknownAccount(f"{str(error).capitalize()}.") from None
    units = {account.id: account.unit for account in request.app[TREASURY].accounts}
    return say(DoubtEnded(number, tuple((each.account_id, units.get(each.account_id), each.amount) for each in paid)))


def _doubt_row(doubt: Doubt, treasury: Treasury) -> DoubtRow:
    hold, units = doubt.hold, {account.id: account.unit for account in treasury.accounts}
    return DoubtRow(
        hold.id,
        hold.exchange_id,
        hold.upstream,
        hold.model,
        hold.placed_ms,
        tuple((each.account_id, units.get(each.account_id), each.amount) for each in hold.shares),
        doubt.settles_ms,
    )


def _made(account: Account, given: Given) -> web.Response:
    grant, standing = given
    return say(GrantMade(grant, standing, account), status=201)


def _state(plan: Account, now_ms: int) -> PlanState:
    return (plan.term or Term()).at(now_ms)


def _unit(unit: Unit) -> str:
    return "US dollars" if unit is Unit.NANO_DOLLARS else unit.value.replace("_", " ")


def _note(text: str) -> str:
    if len(text) > _LONGEST_NOTE:
        raise InvalidParameter(f"A note has at most {_LONGEST_NOTE} characters.", param="note")
    return text


def _number(request: web.Request) -> int:
    text = request.match_info["number"]
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise InvalidParameter(f"{text!r} is no number.")
    return int(text)
