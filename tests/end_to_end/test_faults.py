"""Every fault of the practice upstream through the real proxy: with one route, and with a healthy second one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fakes.running import Answered, Running, running_proxy

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


@asynccontextmanager
async def faulty(folder: Path) -> AsyncIterator[Running]:
    aliases = "".join(
        f'[aliases."single/{name}"]\nroutes = ["main/{name}"]\n'
        f'[aliases."double/{name}"]\nroutes = ["main/{name}", "main/practice-tokens-20"]\n'
        for name in FAULTS
    )
    extra = aliases + '[caps.all]\nusd = "100"\nevery = "total"\n[prices."practice-*"]\ninput = "1"\noutput = "1"\n'
    async with running_proxy(folder, extra, limits=LIMITS, pause_scale=0.1) as proxy:
        yield proxy


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


NEEDS_A_SECOND = {"fault-slow-first"}
"""Relayed by the next route, when the first has had its time."""

AT_ONCE = {"fault-bad-chunk-size"}
"""Whose bad part may come in the packet of the first event, which is then lost before anything was promised."""

HANDED_ON = {"fault-400-content-filter", "fault-413", "fault-422-detail", "fault-early-answer"}
"""The caller's fault, which no other route is asked to judge."""


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("second", [False, True], ids=["single", "double"])
async def test_every_fault_is_answered_honestly(tmp_path: Path, stream: bool, second: bool) -> None:
    wrong: list[str] = []
    few = asyncio.Semaphore(8)
    async with faulty(tmp_path) as proxy:

        async def play(name: str) -> None:
            try:
                async with few, asyncio.timeout(30):
                    answer = await proxy.chat(f"{'double' if second else 'single'}/{name}", stream=stream)
            except Exception as error:
                wrong.append(f"{name}: {error!r}")
                return
            if not expected(name, answer, stream=stream, second=second):
                wrong.append(f"{name} ({FAULTS[name].mark}): {answer.status} {answer.broken} {answer.body[-300:]!r}")

        await asyncio.gather(*map(play, FAULTS))
        await proxy.settled()
        assert (await proxy.standing("all")).held == 0
        assert proxy.practice.tally.other_origin.requests == 0
        most = max(served.begun for name, served in proxy.practice.tally.models.items() if name in FAULTS)
        # Once, once more where that is cheap, and each of them once more where a kept connection had just gone.
        assert most <= 4
    assert not wrong, "\n".join(wrong)
