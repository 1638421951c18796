"""Budget detail: all there is to know about one account or one hold in doubt."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from bursar.contract.events import BalanceView
from bursar.contract.snapshot import DoubtView
from bursar.domain.account import Account, AccountKind, Standing, Unit
from bursar.domain.cycle import Every
from bursar.domain.plan import PlanState
from bursar.domain.wallet import Levels
from bursar_tui.budget import Budget, budgets
from bursar_tui.ink import BLANK, Line, Piece, Role, left, line
from bursar_tui.outlook import Level
from bursar_tui.seen import Seen
from bursar_tui.widgets.account_bar import account_bar
from bursar_tui.widgets.accounts import kind_words, shade_of, when_pieces
from bursar_tui.widgets.budget_rows import DOUBT
from bursar_tui.widgets.facts import fact, sentence, title, told
from bursar_tui.widgets.panel import heading
from bursar_tui.words import about, age, amount, balance, bare, counted, instant, money, part, rest, span

LATELY = 4
"""How many of those who used it lately are named."""


def budget_detail(seen: Seen, row_id: str, width: int) -> list[Line]:
    """What the row with this id is about; nothing where that is gone."""
    if row_id.startswith(DOUBT):
        doubt = seen.snapshot.in_doubt.get(int(row_id.removeprefix(DOUBT)))
        return list(_doubt(seen, doubt, width)) if doubt is not None else []
    budget = next((each for each in budgets(seen) if each.outlook.account.id == row_id), None)
    return list(_account(seen, budget, width)) if budget is not None else []


def _account(seen: Seen, budget: Budget, width: int) -> Iterator[Line]:
    outlook, mark = budget.outlook, budget.mark
    account, standing = outlook.account, outlook.standing
    yield heading(account.name, (Piece(f"{mark.glyph} {mark.word}", mark.role),), width)
    yield line(Piece(kind_words(outlook), Role.MUTED))
    yield BLANK
    yield line(account_bar(standing, max(1, width), shade_of(outlook)))
    yield BLANK
    yield from _figures(seen, budget)
    if account.kind is AccountKind.WALLET:
        yield from _wallet(seen, account, width)
    elif account.kind is AccountKind.PLAN:
        yield from _plan(seen, account, width)
    elif account.kind is AccountKind.OVERFLOW:
        yield from told("pays", "what the plan of this name cannot bear, out of its wallet, up to here", width)
    if budget.raises:
        yield BLANK
        yield title("Raised for a while")
        for grant in budget.raises:
            rest = span((grant.until_ms or seen.now_ms) - seen.now_ms)
            undo = f"screen.undo({grant.id})"
            yield line(
                Piece(f"  {amount(grant.amount, account.unit)} more", Role.ACCENT),
                Piece(f"  {rest} left, until {about(grant.until_ms or 0, seen.now_ms, seen.zone)}"),
                Piece("   u", Role.KEY, undo),
                Piece(" undo", Role.MUTED, undo),
                Piece(f"   by {grant.by}" if grant.by else "", Role.MUTED),
                Piece(f": {grant.note}" if grant.note else "", Role.MUTED),
            )
    yield from _payers(seen, account)


def _figures(seen: Seen, budget: Budget) -> Iterator[Line]:
    outlook = budget.outlook
    account, standing, unit = outlook.account, outlook.standing, outlook.account.unit
    yield fact(
        "available",
        Piece(left_of(standing, unit), Role.STRONG),
        Piece(f" of {amount(standing.granted, unit)}", Role.MUTED),
    )
    held = f"   {part(standing.held, standing.granted, unit)} held for what runs" if standing.held else ""
    yield fact("settled", Piece(part(standing.settled, standing.granted, unit)), Piece(held, Role.HELD))
    beside = standing.granted - standing.limit
    if beside and account.kind is not AccountKind.WALLET:
        more = "more" if beside > 0 else "less"
        yield fact(
            "granted",
            Piece(amount(standing.limit, unit)),
            Piece(f" by the configuration, {bare(abs(beside), unit)} {more} beside it", Role.MUTED),
        )
    rate = f"{bare(outlook.rate, unit)} an hour" if outlook.rate else "nothing in the last 15 minutes"
    role = Role.WARN if outlook.level is Level.RUNS_OUT else Role.MUTED
    yield fact("rate", Piece(rate), Piece("  "), *_out(seen, budget, role))
    yield fact("cycle", *_cycle(seen, account, standing))


def left_of(standing: Standing, unit: Unit) -> str:
    """What is left, as the list says it; below nothing where more was used than granted."""
    if standing.available < 0:
        return part(standing.available, standing.granted, unit)
    return rest(standing.available, standing.granted, unit)


def _out(seen: Seen, budget: Budget, role: Role) -> tuple[Piece, ...]:
    outlook = budget.outlook
    if outlook.out_ms is None:
        return ()
    return tuple(each._replace(role=role) for each in when_pieces(seen, outlook, budget.mark))


def _cycle(seen: Seen, account: Account, standing: Standing) -> tuple[Piece, ...]:
    start_ms, end_ms = standing.cycle.start_ms, standing.cycle.end_ms
    if end_ms is None:
        return (Piece("none: what was granted lasts until it is used", Role.MUTED),)
    first_use = ", from first use" if account.anchor is not None and account.anchor.is_first_use else ""
    return (
        Piece(f"afresh in {span(end_ms - seen.now_ms)}"),
        Piece(f" at {about(end_ms, seen.now_ms, seen.zone)}{first_use}", Role.MUTED),
        Piece(f"; since {instant(start_ms, seen.now_ms, seen.zone)}" if start_ms else "", Role.MUTED),
    )


def _wallet(seen: Seen, wallet: Account, width: int) -> Iterator[Line]:
    levels = wallet.levels or Levels()
    words = f"low up to {balance(levels.low)}, a warning below {balance(levels.warning)}"
    yield from told("levels", f"{words}, critical below {balance(levels.critical)}", width, Role.MUTED)
    if wallet.auto is not None:
        auto = wallet.auto
        words = f"{balance(auto.amount)} below {balance(auto.below)}, at most {balance(auto.per_month)} a month"
        yield from told("tops itself", f"up by {words}", width, Role.MUTED)
    if wallet.link:
        yield fact("pay at", Piece(wallet.link, Role.ACCENT))
    yield from vendor_lines(seen, seen.snapshot.balances.get(wallet.id), width)


def vendor_lines(seen: Seen, view: BalanceView | None, width: int) -> Iterator[Line]:
    """What the vendor itself says of a wallet, and how far that is from ours."""
    if view is None:
        yield fact("vendor", Piece("not asked for its balance yet", Role.MUTED))
        return
    when = f"  {age(seen.now_ms - view.compared_ms)} ago" if seen.now_ms - view.compared_ms < 3_600_000 else ""
    when = when or f"  at {instant(view.compared_ms, seen.now_ms, seen.zone)}"
    if view.problem:
        yield from told("vendor", f"does not say: {view.problem}", width, Role.WARN)
    if view.remaining_nano is not None:
        yield fact("vendor", Piece(f"says {balance(view.remaining_nano)} is left"), Piece(when, Role.MUTED))
    elif view.used_nano is not None:
        yield fact("vendor", Piece(f"says {balance(view.used_nano)} was used"), Piece(when, Role.MUTED))
    if view.drift_nano is not None:
        more = "more" if view.drift_nano >= 0 else "less"
        words = f"{balance(abs(view.drift_nano))} {more} was charged than settled here" if view.drift_nano else "none"
        mark = Piece("▲ ", Role.WARN) if view.alarm else Piece("")
        yield fact("drift", mark, Piece(words, Role.WARN if view.alarm else Role.TEXT))


def _plan(seen: Seen, plan: Account, width: int) -> Iterator[Line]:
    if plan.term is not None and (plan.term.state is not PlanState.ACTIVE or plan.term.until_ms is not None):
        until = f" until {instant(plan.term.until_ms, seen.now_ms, seen.zone)}" if plan.term.until_ms else ""
        yield fact("state", Piece(f"{plan.term.at(seen.now_ms)}{until}", Role.WARN))
    accounts = seen.snapshot.accounts
    limit = next((each for each in accounts.values() if each.within == plan.id), None)
    if limit is not None:
        has = seen.snapshot.standings.get(limit.id)
        more = has.available if has is not None else limit.limit
        yield from told("then", f"its wallet pays, {balance(more)} more of {balance(limit.limit)} in this cycle", width)


def _payers(seen: Seen, account: Account) -> Iterator[Line]:
    """Who had this account pay lately, as far as the calls in view tell."""
    spent: dict[str, list[int]] = {}
    for exchange in seen.snapshot.exchanges.values():
        for attempt in exchange.attempts:
            if account.id in attempt.paid_by:
                of = spent.setdefault(exchange.key, [0, 0, 0])
                of[0], of[1], of[2] = of[0] + 1, of[1] + attempt.cost_nano, of[2] + attempt.usage.total_tokens
    if not spent:
        return
    yield BLANK
    yield line(Piece("Paid for", Role.STRONG), Piece("  in the calls that are in view", Role.MUTED))
    most = sorted(spent.items(), key=lambda each: (-each[1][1], -each[1][2]))
    for key, (calls, cost_nano, tokens) in most[:LATELY]:
        used = money(cost_nano) if account.unit is Unit.NANO_DOLLARS else f"{tokens:,} tokens"
        yield line(Piece(f"  {left(key, 18)} "), Piece(used), Piece(f"  {counted(calls, 'call')}", Role.MUTED))


def _doubt(seen: Seen, doubt: DoubtView, width: int) -> Iterator[Line]:
    snapshot = seen.snapshot
    yield heading(f"Hold {doubt.hold_id}", (Piece("? in doubt", Role.WARN),), width)
    yield from sentence(
        "The proxy died while this call ran, so nobody here knows whether the vendor charged for it. "
        "What was set aside for it stays held until somebody says what became of it.",
        width,
    )
    yield BLANK
    yield fact("went to", Piece(f"{doubt.upstream}/{doubt.model}"))
    when = instant(doubt.placed_ms, seen.now_ms, seen.zone)
    yield fact("held since", Piece(when), Piece(f"  {span(seen.now_ms - doubt.placed_ms)} ago", Role.MUTED))
    yield fact("call", Piece(doubt.exchange_id, Role.MUTED))
    for place, (account_id, held) in enumerate(doubt.shares):
        account = snapshot.accounts.get(account_id)
        what = amount(held, account.unit) if account is not None else f"{held:,}"
        name = f"{account.kind} {account.name}" if account is not None else account_id
        yield fact("" if place else "holds", Piece(what, Role.HELD), Piece(f" of {name}", Role.MUTED))
    yield BLANK
    yield from _vendor_knows(seen, doubt, width)
    ends = any(
        snapshot.accounts[each].every is not Every.TOTAL for each, _ in doubt.shares if each in snapshot.accounts
    )
    if doubt.settles_ms is not None:
        when = instant(doubt.settles_ms, seen.now_ms, seen.zone)
        yield from sentence(f"If nobody decides, it is settled whole at {when}, and marked as an estimate.", width)
    elif ends:
        yield from sentence(
            "If nobody decides, it is settled whole when its cycle ends, and marked as an estimate.", width
        )
    yield BLANK
    yield line(Piece("s", Role.KEY, "screen.decide"), Piece(" says what became of it", Role.MUTED, "screen.decide"))


def _vendor_knows(seen: Seen, doubt: DoubtView, width: int) -> Iterator[Line]:
    """What its upstream's balance tells, where there is one."""
    for account_id, view in seen.snapshot.balances.items():
        wallet = seen.snapshot.accounts.get(account_id)
        if wallet is not None and wallet.scope == f"upstream {doubt.upstream}":
            yield from vendor_lines(seen, view, width)
    upstream = seen.snapshot.upstreams.get(doubt.upstream)
    if upstream is not None:
        host = urlsplit(upstream.base_url).netloc if "[" not in upstream.base_url else upstream.base_url
        yield from sentence(f"The vendor's own list of calls ({host}) tells too.", width)
