"""Every fault of the practice upstream through the real proxy: plain and streamed, with one route and with a healthy
second one, in random order over a few connections that are kept, so that what one leaves behind meets the next."""

import asyncio
import gc
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import msgspec
import pytest
from fakes.running import MESSAGES, Answered, Running, running_proxy

from bursar.contract.commands import AttemptRow
from bursar.practice.faults.table import FAULTS

LIMITS = """
connect_s = 1
first_event_s = 2
stall_s = 2
progress_s = 2
total_s = 20
late_usage_s = 0.1
line_mib = 12
"""
"""What is long enough for an honest answer here, and short enough to wait for it to be over."""

ERROR_FIELDS = {"message", "type", "code", "param"}


def is_whole(answer: Answered, *, stream: bool) -> bool:
    """The whole answer, exactly once, well formed."""
    if answer.status != 200 or answer.broken:
        return False
    if not stream:
        return bool(answer.json["choices"][0]["finish_reason"])
    ends = answer.events.count("[DONE]") == 1 and answer.body.endswith(b"data: [DONE]\n\n")
    return ends and len(answer.finish_reasons) == 1 and not any("error" in chunk for chunk in answer.chunks)


def is_clean_no(answer: Answered) -> bool:
    """An error in OpenAI's shape and nothing else."""
    return answer.status >= 400 and set(answer.json["error"]) >= ERROR_FIELDS and bool(answer.json["error"]["message"])


def is_honest_break(answer: Answered) -> bool:
    """A prefix, then an error event, then an end that nobody takes for whole."""
    *before, last = answer.chunks or [{"error": {}}]
    return (
        answer.status == 200
        and answer.broken
        and "[DONE]" not in answer.events
        and set(last["error"]) >= ERROR_FIELDS
        and not answer.finish_reasons
        and not any("error" in chunk for chunk in before)
    )


@dataclass(frozen=True)
class Case:
    """One fault, in one form, before one chain; its upstream is its own, as no fault may spare it the next one."""

    number: int
    name: str
    stream: bool
    second: bool

    @property
    def routes(self) -> str:
        behind = f', "up{self.number}/practice-tokens-20"' if self.second else ""
        return f'["up{self.number}/{self.name}"{behind}]'


NEEDS_A_SECOND = {"fault-slow-first"}
"""Relayed by the next route, when the first has had its time."""

CASES = [
    Case(4 * number + 2 * stream + second, name, stream, second)
    for number, (name, fault) in enumerate(FAULTS.items())
    for stream in (False, True)
    for second in (False, True)
    # What is relayed as it comes never gets to a second route, so that one behind it tells nothing more.
    if fault.mark != "relay" or not second or name in NEEDS_A_SECOND
]


@asynccontextmanager
async def faulty(folder: Path) -> AsyncIterator[Running]:
    """A proxy with an alias and an upstream for each case."""
    async with running_proxy(folder, limits=LIMITS, pause_scale=0.1) as proxy:
        base_url = proxy.practice.base_url
        tables = "".join(
            f'[upstreams.up{case.number}]\nkind = "openai_compatible"\nbase_url = "{base_url}"\n'
            f"[aliases.case-{case.number}]\nroutes = {case.routes}\n"
            for case in CASES
        )
        # What is healthy may take its time where the machine has other work.
        tables += f'[upstreams.calm]\nkind = "openai_compatible"\nbase_url = "{base_url}"\nfirst_event_s = 30\n'
        extra = '[discovery]\nmodels = false\nollama = ""\nlmstudio = ""\n'
        extra += '[caps.all]\nusd = "100"\nevery = "total"\n[prices."practice-*"]\ninput = "1"\noutput = "1"\n'
        file = proxy.places.config_file
        file.write_text(file.read_text() + tables + extra)
        assert await proxy.daemon.in_force.reload() == ()
        yield proxy


class Lane:
    """One client with one kept connection."""

    def __init__(self, proxy: Running) -> None:
        self._proxy = proxy
        self.opened = 0
        self.broken = 0
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(self._count)
        connector = aiohttp.TCPConnector(limit=1)
        self.session = aiohttp.ClientSession(connector=connector, trace_configs=[trace], auto_decompress=False)

    async def ask(self, model: str, *, stream: bool) -> Answered:
        body = msgspec.json.encode({"model": model, "messages": MESSAGES, "stream": stream})
        headers = {"Authorization": f"Bearer {self._proxy.key}", "Content-Type": "application/json"}
        url = f"{self._proxy.base_url}/chat/completions"
        async with self.session.post(url, data=body, headers=headers) as response:
            got, broken = bytearray(), False
            try:
                while piece := await response.content.readany():
                    got += piece
            except aiohttp.ClientPayloadError:
                broken = True
                self.broken += 1
            return Answered(response.status, dict(response.headers), bytes(got), broken)

    async def _count(self, *_: object) -> None:
        self.opened += 1


def expected(name: str, answer: Answered, *, stream: bool, second: bool) -> bool:
    mark = FAULTS[name].mark
    whole = is_whole(answer, stream=stream)
    honest = is_clean_no(answer) if answer.status >= 400 else stream and is_honest_break(answer)
    if mark == "relay":
        return whole or (name in NEEDS_A_SECOND and not second and honest)
    if mark == "clean":
        return whole if second and name not in HANDED_ON else is_clean_no(answer)
    if mark == "mid" and stream:
        at_once = name in AT_ONCE and (is_clean_no(answer) if not second else whole)
        return is_honest_break(answer) or at_once
    return whole or honest


AT_ONCE = {"fault-bad-chunk-size"}
"""Whose bad part may come in the packet of the first event, which is then lost before anything was promised."""

HANDED_ON = {"fault-400-content-filter", "fault-413", "fault-422-detail", "fault-early-answer"}
"""The caller's fault, which no other route is asked to judge."""


@pytest.mark.parametrize("seed", [4141])
async def test_every_fault_is_answered_honestly(tmp_path: Path, seed: int) -> None:
    wrong: list[str] = []
    order = random.Random(seed).sample(CASES, len(CASES))
    async with faulty(tmp_path) as proxy:
        lanes = [Lane(proxy) for _ in range(LANES)]
        async with _closing(lanes):
            before = await _at_rest(proxy, lanes)
            waiting = iter(order)
            await asyncio.gather(*(_play(lane, waiting, wrong) for lane in lanes))
            after = await _at_rest(proxy, lanes)
        assert not wrong, "\n".join(wrong)
        # A connection goes on after every answer that was not broken off.
        assert all(lane.opened <= 1 + lane.broken for lane in lanes)
        assert sum(lane.broken for lane in lanes) > 10
        assert abs(after[0] - before[0]) <= 2, f"{before[0]} tasks before, {after[0]} after"
        assert abs(after[1] - before[1]) <= 2, f"{before[1]} descriptors before, {after[1]} after"
        await _assert_settled(proxy)


LANES = int(os.environ.get("BURSAR_FAULT_LANES", "6"))
"""Kept connections side by side, since most of the time is waiting; with 1 all faults follow one another."""


async def _play(lane: Lane, waiting: Iterator[Case], wrong: list[str]) -> None:
    for case in waiting:
        name = f"{case.name}, {'stream' if case.stream else 'plain'}, {'double' if case.second else 'single'}"
        try:
            async with asyncio.timeout(60):
                answer = await lane.ask(f"case-{case.number}", stream=case.stream)
        except Exception as error:
            wrong.append(f"{name}: {error!r}")
            continue
        if not expected(case.name, answer, stream=case.stream, second=case.second):
            mark = FAULTS[case.name].mark
            wrong.append(f"{name} ({mark}): {answer.status} {answer.broken} {answer.body[-300:]!r}")


async def _at_rest(proxy: Running, lanes: Sequence[Lane]) -> tuple[int, int]:
    """The tasks and descriptors of everything here, once all has ended and every lane has one connection open."""
    answers = await asyncio.gather(*(lane.ask("calm/practice-wait-200", stream=True) for lane in lanes))
    broken = [f"{answer.status} {answer.body[-300:]!r}" for answer in answers if not is_whole(answer, stream=True)]
    assert not broken, "\n".join(broken)
    await proxy.settled()
    await proxy.practice.tally.idle()
    gc.collect()
    return len(asyncio.all_tasks()), open_files()


def open_files() -> int:
    """The descriptors of this process, 0 where the system does not list them."""
    folder = Path("/proc/self/fd")
    return sum(1 for _ in folder.iterdir()) if folder.exists() else 0


async def _assert_settled(proxy: Running) -> None:
    """Nothing is held, the key went nowhere else, and nothing was tried more often than is allowed."""
    assert (await proxy.standing("all")).held == 0
    assert proxy.practice.tally.other_origin.requests == 0
    tries = Counter(row.exchange_id for row in await _all_records(proxy))
    assert len(tries) == len(CASES) + 2 * LANES
    assert max(tries.values()) <= 4


async def _all_records(proxy: Running) -> list[AttemptRow]:
    rows: list[AttemptRow] = []
    before: str | None = None
    while True:
        page = await proxy.daemon.statement.history(before, limit=500)
        rows += page.rows
        before = page.next
        if before is None:
            return rows


@asynccontextmanager
async def _closing(lanes: Sequence[Lane]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        for lane in lanes:
            await lane.session.close()
