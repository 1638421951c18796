"""Traffic: the calls of each client key that run now, what was used of its rates, and who presents wrong keys."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType, TracebackType
from typing import Self

from bursar.domain.client_key import ClientKey
from bursar.domain.clock import Clock
from bursar.domain.rates import Rate, RateUnit, Window
from bursar.domain.refusals import AboveRate, RateLimited, WrongKeys

LONGEST_RETRY_S = 60
"""No client is told to wait longer: some would do so in silence, others then ignore what they are told."""
PARALLEL_RETRY_S = 5
"""When to ask again while too many calls run: nobody knows when one of them ends."""

WRONG_KEYS = Rate(10, 60_000)
"""How many wrong keys an address may present in a minute."""
_MOST_ADDRESSES = 4_096

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Place:
    """A running call's place among those of its key, given up at the end of the block.

    `headers` say how the key's rates stand, for its answer.
    """

    __slots__ = ("_lane", "headers")

    def __init__(self, lane: "_Lane | None", headers: Mapping[str, str]) -> None:
        self._lane = lane
        self.headers = headers

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lane is not None:
            self._lane.running -= 1


_ANYWHERE = Place(None, _NO_HEADERS)
"""Of a call whose key has no limits: nothing is kept of it, so that all may have the same."""


class _Lane:
    """What one key does."""

    __slots__ = ("running", "windows")

    def __init__(self) -> None:
        self.running = 0
        self.windows: tuple[Window, ...] = ()

    def take_rates(self, rates: tuple[Rate, ...]) -> None:
        """Go by these rates; what was used of one that stays still counts."""
        if tuple(window.rate for window in self.windows) != rates:
            known = {window.rate: window for window in self.windows}
            self.windows = tuple(known.get(rate) or Window(rate) for rate in rates)


class Traffic:
    """Which keys may call now. Kept in memory alone: a restart gives every key its rates afresh.

    A request counts when it is let in, a prompt too; the tokens of an answer once they are settled. So a
    running answer is never cut by a rate, and what it was above the rate, the calls after it wait for.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lanes: dict[str, _Lane] = {}
        self._wrong: dict[str, Window] = {}

    @property
    def lanes(self) -> int:
        """How many keys with limits were seen."""
        return len(self._lanes)

    @property
    def addresses(self) -> int:
        """How many addresses that presented wrong keys are remembered."""
        return len(self._wrong)

    def enter(self, key: ClientKey, prompt_tokens: int = 0) -> Place:
        """Let a call in. Raises RateLimited where it must wait, AboveRate where that would not help."""
        limits = key.limits
        if limits.parallel is None and not limits.rates:
            return _ANYWHERE
        lane = self._lanes.setdefault(key.name, _Lane())
        if limits.parallel is not None and lane.running >= limits.parallel:
            raise _too_many(key, limits.parallel)
        if not limits.rates:
            lane.running += 1
            return Place(lane, _NO_HEADERS)
        now_ms = self._clock.now_ms()
        lane.take_rates(limits.rates)
        self._check(key, lane, prompt_tokens, now_ms)
        for window in lane.windows:
            window.use(_amount(window.rate, prompt_tokens), now_ms)
        lane.running += 1
        return Place(lane, _headers(lane.windows, now_ms))

    def used(self, key: str, answer_tokens: int) -> None:
        """An answer to a key took so many tokens."""
        lane = self._lanes.get(key)
        if lane is not None:
            for window in lane.windows:
                if window.rate.unit is RateUnit.TOKENS:
                    window.use(answer_tokens, self._clock.now_ms())

    def wrong_key(self, address: str) -> None:
        """A wrong key came from this address. Raises WrongKeys where too many did."""
        now_ms = self._clock.now_ms()
        window = self._wrong.get(address)
        if window is None:
            if len(self._wrong) >= _MOST_ADDRESSES:
                del self._wrong[next(iter(self._wrong))]
            window = self._wrong[address] = Window(WRONG_KEYS)
        wait_ms = window.wait_ms(1, now_ms)
        if wait_ms:
            wait_s = _seconds(wait_ms)
            raise WrongKeys(
                f"Too many wrong API keys came from {address}: {WRONG_KEYS.limit} a minute are looked at. "
                f"Set a key that Bursar issued (bursar key issue NAME) and ask again in {wait_s} s.",
                retry_after_s=wait_s,
            )
        window.use(1, now_ms)

    @staticmethod
    def _check(key: ClientKey, lane: _Lane, prompt_tokens: int, now_ms: int) -> None:
        """All of the rates, before any is used."""
        longest, slowest = 0, None
        for window in lane.windows:
            amount = _amount(window.rate, prompt_tokens)
            if amount > window.rate.limit:
                raise AboveRate(
                    f'The prompt has {prompt_tokens:,} tokens, and the key "{key.name}" may use {window.rate.words}. '
                    f"Shorten it, or allow more: {_raise_with(key, window.rate, amount)}",
                    detail={"key": key.name, "limit": str(window.rate), "needed": amount},
                )
            wait_ms = window.wait_ms(amount, now_ms)
            if wait_ms > longest:
                longest, slowest = wait_ms, window
        if slowest is not None:
            raise _used_up(key, slowest, _amount(slowest.rate, prompt_tokens), longest, now_ms)


def _amount(rate: Rate, prompt_tokens: int) -> int:
    """What a call takes of a rate before anything is known of its answer; at least one, so that none left is none."""
    return max(1, prompt_tokens) if rate.unit is RateUnit.TOKENS else 1


def _too_many(key: ClientKey, parallel: int) -> RateLimited:
    raise_with = f"bursar key set {key.name} --parallel {parallel * 2}"
    calls, run = ("call", "runs") if parallel == 1 else ("calls", "run")
    return RateLimited(
        f'The key "{key.name}" may run {parallel} {calls} at once, and {parallel} {run} now. '
        f"Ask again when one has ended, or allow more: {raise_with}",
        detail={
            "key": key.name,
            "limit": f"{parallel} at once",
            "used": parallel,
            "available": 0,
            "raise_with": raise_with,
        },
        retry_after_s=PARALLEL_RETRY_S,
    )


def _used_up(key: ClientKey, slowest: Window, needed: int, wait_ms: int, now_ms: int) -> RateLimited:
    rate, wait_s, left = slowest.rate, _seconds(wait_ms), slowest.left(now_ms)
    raise_with = _raise_with(key, rate, needed)
    used = f"has used up its {rate.words}" if not left else f"has {left:,} left of its {rate.words}"
    lacks = f", and this prompt takes {needed:,}" if left else ""
    refusal = RateLimited(
        f'The key "{key.name}" {used}{lacks}. There is room in {_in_words(wait_s)}. Allow more: {raise_with}',
        detail={
            "key": key.name,
            "limit": str(rate),
            "unit": rate.unit.value,
            "used": rate.limit - left,
            "available": left,
            "needed": needed,
            "resets_at": datetime.fromtimestamp((now_ms + wait_ms) // 1000, UTC).isoformat(),
            "raise_with": raise_with,
        },
        retry_after_s=min(wait_s, LONGEST_RETRY_S),
        headers=_headers((slowest,), now_ms),
    )
    # A client that asks again sooner is refused again.
    refusal.may_retry = wait_s <= LONGEST_RETRY_S
    return refusal


def _raise_with(key: ClientKey, rate: Rate, needed: int) -> str:
    """The command that doubles a rate, and leaves the key's other rates as they are."""
    more = Rate(max(rate.limit * 2, needed), rate.window_ms, rate.unit)
    rates = " ".join(str(more if each == rate else each) for each in key.limits.rates)
    return f"bursar key set {key.name} --rate {rates}"


def _headers(windows: tuple[Window, ...], now_ms: int) -> dict[str, str]:
    """The tightest rate of each unit; when it starts afresh is Unix time, as vendors say it."""
    headers: dict[str, str] = {}
    for unit, suffix in ((RateUnit.REQUESTS, ""), (RateUnit.TOKENS, "-Tokens")):
        of_unit = [window for window in windows if window.rate.unit is unit]
        if of_unit:
            tightest = min(of_unit, key=lambda window: (window.left(now_ms), -window.ends_ms(now_ms)))
            headers[f"X-RateLimit-Limit{suffix}"] = str(tightest.rate.limit)
            headers[f"X-RateLimit-Remaining{suffix}"] = str(tightest.left(now_ms))
            headers[f"X-RateLimit-Reset{suffix}"] = str(_seconds(tightest.ends_ms(now_ms)))
    return headers


def _seconds(milliseconds: int) -> int:
    return -(-milliseconds // 1000)


def _in_words(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} s"
    minutes = -(-seconds // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
