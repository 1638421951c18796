"""Playbooks: the ledger as a script that a person can read, played on a real ledger and checked after each.

One command a line; `#` begins a comment:

    cap      NAME[/EVERY] LIMIT [UNIT]        state an account (again: with another limit)
    plan     NAME/EVERY LIMIT [UNIT]          the same of a plan; _ stands for a blank in EVERY
    wallet   NAME [BELOW AMOUNT PER_MONTH]    state a wallet, which may top itself up
    overflow NAME PLAN LIMIT                  what a plan may draw from its wallet each cycle
    adopt                     take up what was stated of plans
    top_up   WALLET AMOUNT
    raise    CAP AMOUNT DURATION
    undo     CAP              end its raise
    lapse                     see to raises whose end has come
    reset    PLAN
    correct  ACCOUNT BALANCE
    overdue                   settle what is in doubt and whose cycles are over
    grants   ACCOUNT [KIND AMOUNT]…           all that was ever granted, the first first
    raised   COUNT            how many raises a watcher knows of
    hold     ID NEED… [ok | over_budget ACCOUNT AVAILABLE]
    grow     ID NEED… [ok | over_budget ACCOUNT AVAILABLE]
    settle   ID NEED…          leave the block, so much used
    release  ID                leave the block, nothing used
    turn     [-]N(s|min|h|d)   turn the clock
    crash                      end the process without a word, and start again
    resolve  ID NEED… | nothing
    show     ACCOUNT [granted N] [held N] [settled N] [available N]
    records  COUNT COST

A NEED is `ACCOUNT AMOUNT` (`ACCOUNT+BESIDE AMOUNT` of both), or `ACCOUNT AMOUNT else ACCOUNT AMOUNT`,
the second bearing the rest of the share.
"""

import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from itertools import groupby
from typing import TypeVar

import pytest
from fakes.samples import NOON_MS, ROUTE, record

from bursar.contract.events import Event, Granted, GrantEnded, HoldInDoubt
from bursar.domain.account import Account, AccountKind, Demand, Need, Unit
from bursar.domain.clock import FixedClock
from bursar.domain.cycle import Every
from bursar.domain.recurrence import recurrence_of
from bursar.domain.refusals import OverBudget
from bursar.domain.wallet import AutoTopUp
from bursar.ledger.audit import audit
from bursar.ledger.doubts import Doubts
from bursar.ledger.grants import Grants
from bursar.ledger.ledger import Held, Ledger
from bursar.storage.store import Reader, Store

T = TypeVar("T")

_DURATIONS = {"s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_UNITS = {"nano": Unit.NANO_DOLLARS, "tokens": Unit.TOKENS, "requests": Unit.REQUESTS}


@dataclass
class Stage:
    """A ledger and all that a script has made on it. `reopen` gives the store as a new process finds it."""

    reopen: Callable[[Store | None], Awaitable[Store]]
    zone: tzinfo
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOON_MS))
    accounts: dict[str, Account] = field(default_factory=dict)
    blocks: dict[str, tuple[Held, AsyncExitStack]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    store: Store | None = None

    async def start(self) -> None:
        """Begin a run."""
        self.store = await self.reopen(self.store)
        self.ledger = Ledger(self.store, self.clock, self.events.append, self.zone)
        self.grants = Grants(self.store, self.clock, self.events.append, self.zone)
        self.doubts = Doubts(self.store, self.clock, self.events.append, self.zone)
        await self.ledger.recover()

    async def play(self, script: str) -> None:
        """Play every line, then check that all adds up."""
        for number, line in enumerate(script.splitlines(), 1):
            words = line.split("#")[0].split()
            if words:
                try:
                    await getattr(self, f"_{words[0]}")(words[1:])
                except Exception as error:
                    error.add_note(f"in line {number}: {line.strip()}")
                    raise
                assert await self.ledger.drain() == 0
                assert await self._ask(audit) == ()

    # --- commands -------------------------------------------------------------------------------

    async def _cap(self, words: list[str]) -> None:
        name, _, every = words[0].partition("/")
        unit = _UNITS[words[2]] if len(words) > 2 else Unit.NANO_DOLLARS
        self.accounts[name] = Account(
            f"cap:{name}", AccountKind.CAP, name, unit, Every(every or "day"), int(words[1].replace("_", ""))
        )

    async def _plan(self, words: list[str]) -> None:
        name, _, every = words[0].partition("/")
        recurrence = recurrence_of(every.replace("_", " "))
        unit = _UNITS[words[2]] if len(words) > 2 else Unit.TOKENS
        self.accounts[name] = Account(
            f"plan:{name}",
            AccountKind.PLAN,
            name,
            unit,
            recurrence.every,
            int(words[1].replace("_", "")),
            anchor=recurrence.anchor,
        )

    async def _wallet(self, words: list[str]) -> None:
        auto = AutoTopUp(*map(int, words[1:])) if words[1:] else None
        self.accounts[words[0]] = Account(
            f"wallet:{words[0]}", AccountKind.WALLET, words[0], Unit.NANO_DOLLARS, Every.TOTAL, 0, auto=auto
        )

    async def _overflow(self, words: list[str]) -> None:
        plan = self.accounts[words[1]]
        self.accounts[words[0]] = replace(
            plan,
            id=f"overflow:{words[0]}",
            kind=AccountKind.OVERFLOW,
            unit=Unit.NANO_DOLLARS,
            limit=int(words[2]),
            within=plan.id,
        )

    async def _adopt(self, words: list[str]) -> None:
        await self.grants.adopt(self.accounts.values())

    async def _top_up(self, words: list[str]) -> None:
        await self.grants.top_up(self.accounts[words[0]], int(words[1]))

    async def _raise(self, words: list[str]) -> None:
        account = self.accounts[words[0]]
        until_ms = self.clock.now_ms() + _duration_ms(words[2])
        await self.grants.raise_for(account, int(words[1]), until_ms, note="a long night", by="ada")

    async def _undo(self, words: list[str]) -> None:
        [grant] = [each for each in await self.grants.all(self.accounts[words[0]].id) if each.is_open]
        await self.grants.undo(grant.id)

    async def _lapse(self, words: list[str]) -> None:
        await self.grants.lapse(self.accounts.values())

    async def _reset(self, words: list[str]) -> None:
        await self.grants.reset(self.accounts[words[0]])

    async def _correct(self, words: list[str]) -> None:
        await self.grants.correct(self.accounts[words[0]], int(words[1]))

    async def _overdue(self, words: list[str]) -> None:
        await self.doubts.settle_overdue(self.accounts.values())

    async def _grants(self, words: list[str]) -> None:
        found = [(each.kind.value, str(each.amount)) for each in await self.grants.all(self.accounts[words[0]].id)]
        assert found[::-1] == list(zip(words[1::2], words[2::2], strict=True))

    async def _raised(self, words: list[str]) -> None:
        known = {e.grant.id for e in self.events if isinstance(e, Granted) and e.grant.is_open}
        known -= {e.grant.id for e in self.events if isinstance(e, GrantEnded)}
        assert len(known) == int(words[0])

    async def _hold(self, words: list[str]) -> None:
        exchange, needs, expected = words[0], *_expectation(words[1:])
        stack = AsyncExitStack()
        block = self.ledger.hold(exchange, ROUTE, self._demands(needs))
        if await self._expect(lambda: stack.enter_async_context(block), expected):
            self.blocks[exchange] = block, stack

    async def _grow(self, words: list[str]) -> None:
        exchange, needs, expected = words[0], *_expectation(words[1:])
        held, _ = self.blocks[exchange]
        await self._expect(lambda: held.grow(self._demands(needs)), expected)

    async def _settle(self, words: list[str]) -> None:
        held, stack = self.blocks.pop(words[0])
        demands = self._demands(words[1:])
        cost = max((n.amount for d in demands for n in d if n.account.unit is Unit.NANO_DOLLARS), default=0)
        held.settle(demands, record(words[0], cost, at_ms=self.clock.now_ms()))
        await stack.aclose()

    async def _release(self, words: list[str]) -> None:
        held, stack = self.blocks.pop(words[0])
        held.release()
        await stack.aclose()

    async def _turn(self, words: list[str]) -> None:
        self.clock.turn(_duration_ms(words[0]))

    async def _crash(self, words: list[str]) -> None:
        # Blocks of the run that ended are never left: nothing of theirs happens any more.
        self.blocks.clear()
        await self.start()

    async def _resolve(self, words: list[str]) -> None:
        [hold_id] = {e.hold_id for e in self.events if isinstance(e, HoldInDoubt) and e.exchange_id == words[0]}
        await self.ledger.resolve(hold_id, None if words[1] == "nothing" else self._demands(words[1:]))

    async def _show(self, words: list[str]) -> None:
        account = self.accounts[words[0]]
        standing = (await self.ledger.standings([account]))[account.id]
        expected = dict(zip(words[1::2], map(int, words[2::2]), strict=True))
        assert {name: getattr(standing, name) for name in expected} == expected

    async def _records(self, words: list[str]) -> None:
        rows = await self._ask(lambda reader: reader.history(None, 1000))
        assert (len(rows), sum(row.cost_nano for _, row in rows)) == tuple(map(int, words))

    # --- within ---------------------------------------------------------------------------------

    async def _ask(self, question: Callable[[Reader], T]) -> T:
        assert self.store is not None
        return await self.store.read(question)

    def _demands(self, words: list[str]) -> tuple[Demand, ...]:
        demands: list[list[Need]] = []
        joined = False
        for is_else, group in groupby(words, lambda word: word == "else"):
            pairs = list(group)
            if is_else:
                joined = True
                continue
            for name, amount in zip(pairs[::2], pairs[1::2], strict=True):
                first, *beside = name.split("+")
                need = Need(self.accounts[first], int(amount), tuple(self.accounts[each] for each in beside))
                if joined:
                    demands[-1].append(need)
                    joined = False
                else:
                    demands.append([need])
        return tuple(map(tuple, demands))

    async def _expect(self, act: Callable[[], Awaitable[object]], expected: list[str]) -> bool:
        """Do it, and see that it goes as the script says; whether it went well."""
        if not expected:
            await act()
            return True
        name, available = expected
        with pytest.raises(OverBudget) as refused:
            await act()
        detail = refused.value.detail
        assert detail["account"] == self.accounts[name].id
        if self.accounts[name].unit is not Unit.NANO_DOLLARS:
            assert detail["available"] == int(available)
        return False


def _expectation(words: list[str]) -> tuple[list[str], list[str]]:
    """The needs, and the account and what it has where the script expects a refusal."""
    if words[-1] == "ok":
        return words[:-1], []
    if "over_budget" in words:
        at = words.index("over_budget")
        return words[:at], words[at + 1 :]
    return words, []


def _duration_ms(word: str) -> int:
    matched = re.fullmatch(r"(-?\d+)([a-z]+)", word)
    assert matched is not None
    return int(matched[1]) * _DURATIONS[matched[2]]
