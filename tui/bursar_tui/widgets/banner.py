"""Banner: what is wrong and what to do about it; not there while nothing is."""

from collections.abc import Iterator
from functools import lru_cache
from textwrap import wrap

from bursar.contract.codec import CONTRACT
from bursar.contract.shown import shown
from bursar.contract.snapshot import Snapshot
from bursar.contract.version import mismatch
from bursar.contract.way_in import NotRunning
from bursar.domain.account import AccountKind, Unit
from bursar.domain.alert import AlertKind, Urgency
from bursar_tui.budget import budgets
from bursar_tui.ink import Line, Piece, Role, line
from bursar_tui.marks import urgency_mark
from bursar_tui.saying import drifted, exposed
from bursar_tui.seen import Seen, Tie
from bursar_tui.widgets.panel import Panel, spaced
from bursar_tui.widgets.upstreams import configured
from bursar_tui.words import age, amount, balance, counted, span

_URGENCIES = (Urgency.URGENT, Urgency.WARNING, Urgency.NOTE)
_NOT_TOLD_ELSEWHERE = (AlertKind.USED, AlertKind.UPSTREAM, AlertKind.STORE)


class Banner(Panel):
    """The problems, the most pressing first."""

    DEFAULT_CSS = """
    Banner { padding: 0 1; background: $panel; }
    """

    def picture(self, seen: Seen, width: int, height: int) -> list[Line]:
        """Each problem in as many lines as it takes, as far as there is room for them."""
        del height
        lines = [
            line(Piece(f"{glyph} " if first else "  ", role), Piece(part))
            for glyph, role, text in problems(seen)
            for first, part in _wrapped_once(text, width - 2)
        ]
        return spaced(lines, max(2, self.app.size.height // 8))


def wrapped(text: str, width: int) -> Iterator[tuple[bool, str]]:
    """A sentence in lines of `width` columns, and whether each is the first."""
    for place, part in enumerate(wrap(shown(text), max(10, width))):
        yield place == 0, part


@lru_cache(maxsize=256)
def _wrapped_once(text: str, width: int) -> tuple[tuple[bool, str], ...]:
    """What is wrong stays the same over many drawings, and to break its lines takes longer than the rest of them."""
    return tuple(wrapped(text, width))


def problems(seen: Seen) -> Iterator[tuple[str, Role, str]]:
    """A glyph, its role, and one sentence for each thing that is wrong."""
    snapshot = seen.snapshot
    if seen.attachment.tie is Tie.LOST:
        yield "✗", Role.BAD, _lost(seen)
    for exposure in snapshot.exposures.values():
        yield (
            "▲",
            Role.BAD,
            f"{exposed(exposure)} Ctrl-C in `bursar connect cursor` ends it, or ^p where it was begun here.",
        )
    other = mismatch(snapshot.version, CONTRACT) if seen.known else None
    if other is not None:
        yield "▲", Role.WARN, other
    if snapshot.stopping and seen.attachment.tie is not Tie.LOST:
        yield "▲", Role.WARN, "The proxy is stopping: it finishes what runs and takes no further call."
    if snapshot.configuration.problems:
        yield "✗", Role.BAD, snapshot.configuration.sentence
    if snapshot.problems:
        rest = f" (and {len(snapshot.problems) - 1} more)" if len(snapshot.problems) > 1 else ""
        yield "▲", Role.WARN, f"{snapshot.problems[0]}{rest}"
    if snapshot.in_doubt:
        yield "▲", Role.WARN, _in_doubt(snapshot)
    for account_id, compared in snapshot.balances.items():
        if compared.alarm and account_id in snapshot.accounts:
            name = snapshot.accounts[account_id].name
            yield "▲", Role.WARN, f"Wallet {name}: {drifted(compared.drift_nano or 0)}."
    yield from _wallets(seen)
    yield from _alerts(snapshot)
    down = [upstream.name for upstream in configured(snapshot) if upstream.health != "ok"]
    if down and len(down) == len(configured(snapshot)):
        yield "✗", Role.BAD, f"No upstream is well: {', '.join(down)}"


def _alerts(snapshot: Snapshot) -> Iterator[tuple[str, Role, str]]:
    """The most urgent of what no other line tells, the latest of those, in its first sentence, and how to see all."""
    told = [each for each in reversed(snapshot.alerts.values()) if each.kind in _NOT_TOLD_ELSEWHERE]
    if not told:
        return
    most = min(told, key=lambda each: _URGENCIES.index(each.urgency))
    mark, count = urgency_mark(most.urgency), len(snapshot.alerts)
    more = (f"(! for all {count})" if count > 1 else "(! takes it down)").replace(" ", "\N{NO-BREAK SPACE}")
    first = most.sentence.partition(". ")[0].removesuffix(".")
    yield mark.glyph, mark.role, f"{first}. {more}"


def _wallets(seen: Seen) -> Iterator[tuple[str, Role, str]]:
    """Wallets that are nearly empty, and caps that are higher for a while."""
    for budget in budgets(seen):
        account, left = budget.outlook.account, balance(budget.outlook.standing.available)
        if account.kind is AccountKind.WALLET and budget.mark.word in ("empty", "critical", "warning"):
            yield budget.mark.glyph, budget.mark.role, f"Wallet {account.name}: {budget.mark.word}, {left} left."
        if budget.raises:
            more = amount(sum(grant.amount for grant in budget.raises), account.unit)
            first = span((budget.raises[0].until_ms or seen.now_ms) - seen.now_ms)
            end = "one ends" if len(budget.raises) > 1 else "it ends"
            yield (
                "↑",
                Role.ACCENT,
                f"{str(account.kind).capitalize()} {account.name} is raised by {more}; {end} in {first}.",
            )


def _lost(seen: Seen) -> str:
    attachment = seen.attachment
    since = age(seen.now_ms - attachment.since_ms)
    again = ""
    if attachment.retry_ms is not None and attachment.retry_ms > seen.now_ms:
        again = f" Next try in {age(attachment.retry_ms - seen.now_ms + 999)}."
    start = " ^p starts it from here." if attachment.reason == str(NotRunning()) else ""
    return f"Link lost {since} ago, what you see is from then ({attachment.reason}).{start}{again}"


def _in_doubt(snapshot: Snapshot) -> str:
    """What is still held for calls whose process died: each in dollars once, however many accounts share it."""
    held = 0
    for doubt in snapshot.in_doubt.values():
        dollars = [
            amount
            for account_id, amount in doubt.shares
            if account_id in snapshot.accounts and snapshot.accounts[account_id].unit is Unit.NANO_DOLLARS
        ]
        held += max(dollars, default=0)
    still = f", {balance(held)} held" if held else ""
    return f"{counted(len(snapshot.in_doubt), 'hold')} in doubt after a crash{still}: s in Budgets decides."
