"""What a client saw of one answer, and whether it is what may follow the fault."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from bursar.cli.selftest_cases import Case
from bursar.domain.route import Continue
from bursar.practice.faults.fault import Mark

_ERROR_FIELDS = {"message", "type", "code", "param"}
_END = b"data: [DONE]\n\n"

HANDED_ON = frozenset({"fault-400-content-filter", "fault-413", "fault-422-detail", "fault-early-answer"})
"""The caller's own fault, which no other route is asked to judge."""
NEEDS_A_SECOND = frozenset({"fault-slow-first"})
"""Relayed by the next route once the first has had its time; with no other one it is a clean error."""


class Saw(StrEnum):
    """What a client can see that is honest, and what never is."""

    WHOLE = "the whole answer"
    ERROR = "an error"
    BREAK = "a part, then an error"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back. `broken` says that the body was cut; `problem` what kept the client from an answer at all."""

    status: int = 0
    body: bytes = b""
    broken: bool = False
    problem: str = ""
    took_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """One case with what was seen of it, in words, and whether that is right."""

    case: Case
    saw: Saw
    words: str
    right: bool
    took_s: float


def judge(case: Case, answered: Answered, secret: bytes) -> Verdict:
    """The verdict on one answer. `secret` is the upstream's key, which nobody may ever read."""
    saw, words = _seen(answered, stream=case.stream)
    if secret in answered.body:
        saw, words = Saw.WRONG, "the upstream's key"
    return Verdict(case, saw, words, saw in _allowed(case), answered.took_s)


def _allowed(case: Case) -> set[Saw]:
    """What may be seen, by the fault's mark and the chain behind it."""
    fault, second = case.fault, case.chain.has_second
    mark = fault.mark if case.stream else fault.plain
    broken = {Saw.ERROR, Saw.BREAK} if case.stream else {Saw.ERROR}
    if mark is Mark.RELAY:
        return {Saw.WHOLE} | (broken if fault.name in NEEDS_A_SECOND and not second else set())
    if mark is Mark.CLEAN:
        return {Saw.WHOLE} if second and fault.name not in HANDED_ON else {Saw.ERROR}
    if mark is Mark.MID:
        # What breaks together with its first event is lost before anything was promised.
        goes_on = second and case.chain.continued is not Continue.OFF
        return {Saw.BREAK, Saw.WHOLE if second else Saw.ERROR} | ({Saw.WHOLE} if goes_on else set())
    return {Saw.WHOLE, *broken}


def _seen(answered: Answered, *, stream: bool) -> tuple[Saw, str]:
    if answered.problem:
        return Saw.WRONG, answered.problem
    try:
        if answered.status >= 400:
            error = msgspec.json.decode(answered.body)["error"]
            if answered.broken or not _is_error(error):
                return Saw.WRONG, f"{answered.status} without a proper error"
            return Saw.ERROR, f"{answered.status} {error['code']}"
        return _seen_stream(answered) if stream else _seen_plain(answered)
    except (msgspec.DecodeError, UnicodeDecodeError, LookupError, TypeError, AttributeError):
        return Saw.WRONG, f"{answered.status} with something else than an answer"


def _seen_plain(answered: Answered) -> tuple[Saw, str]:
    if answered.broken:
        return Saw.WRONG, "an answer that was cut without a word"
    if not msgspec.json.decode(answered.body)["choices"][0]["finish_reason"]:
        return Saw.WRONG, "an answer that did not end"
    return Saw.WHOLE, Saw.WHOLE


def _seen_stream(answered: Answered) -> tuple[Saw, str]:
    blocks = answered.body.split(b"\n\n")
    payloads = [block.removeprefix(b"data: ") for block in blocks if block.startswith(b"data: ")]
    chunks = [msgspec.json.decode(payload) for payload in payloads if payload != b"[DONE]"]
    ends = payloads.count(b"[DONE]")
    reasons = [reason for chunk in chunks for reason in _reasons(chunk)]
    errors = [chunk for chunk in chunks if "error" in chunk]
    if errors:
        honest = errors == chunks[-1:] and _is_error(errors[0]["error"]) and answered.broken and not ends
        if not honest or reasons:
            return Saw.WRONG, "an error that is no proper end"
        return Saw.BREAK, f"a part, then {errors[0]['error']['code']}"
    if answered.broken or ends != 1 or not answered.body.endswith(_END):
        return Saw.WRONG, "a stream without its one proper end"
    if len(reasons) != 1:
        return Saw.WRONG, "a part that looks like the whole"
    return Saw.WHOLE, Saw.WHOLE


def _reasons(chunk: dict[str, Any]) -> list[str]:
    return [each["finish_reason"] for each in chunk.get("choices", ()) if each.get("finish_reason")]


def _is_error(error: object) -> bool:
    return isinstance(error, dict) and error.keys() >= _ERROR_FIELDS and bool(error["message"])
