"""Calls that the rates of their key refuse are seen, and a client that hammers fills neither screen nor store."""

from pathlib import Path

from fakes.running import running_proxy

from bursar.contract.events import Event, ExchangeClosed, ExchangeOpened
from bursar.dialects.openai_chat_request import read_request
from bursar.domain.client_key import ClientKey
from bursar.domain.clock import FixedClock
from bursar.domain.exchange import Outcome
from bursar.domain.refusals import AboveRate, RateLimited
from bursar.endpoints.turned_away import TurnedAway
from bursar.pipeline.call import Call

MINUTE_MS = 60_000


def call(number: int, at_ms: int, key: str = "ci") -> Call:
    request = read_request(b'{"model":"fast","messages":[{"role":"user","content":"Hello"}]}', "")
    return Call(f"x{number}", at_ms, ClientKey(key, b"", "", 0), "", "aider/1", request)


async def test_one_refusal_is_in_view_and_none_in_the_history(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        _, key = await proxy.daemon.keys.issue("ci", rates=("1/hour",))
        answers = [await proxy.chat(key=key) for _ in range(6)]
        assert [answer.status for answer in answers] == [200, *[429] * 5]
        exchanges = await proxy.exchanges()
        refused = [each for each in exchanges if each.outcome is Outcome.REFUSED]
        assert 1 <= len(refused) <= 2  # a minute may have begun meanwhile
        assert (refused[0].key, refused[0].status, refused[0].code) == ("ci", 429, "rate_limit_exceeded")
        assert refused[0].attempts == []
        assert refused[0].id == answers[1].headers["x-bursar-exchange"]
        assert [row.outcome for row in await proxy.records()] == [Outcome.COMPLETE]


def test_of_a_thousand_in_a_minute_one_is_told_and_the_next_says_how_many_there_were() -> None:
    told: list[Event] = []
    away = TurnedAway(told.append, FixedClock(5 * MINUTE_MS))
    for number in range(1_000):
        away.note(call(number, 4 * MINUTE_MS), RateLimited("Wait."))
    away.note(call(1, 4 * MINUTE_MS), AboveRate("Shorten it."))
    away.note(call(2, 4 * MINUTE_MS, "other"), RateLimited("Wait."))
    away.note(call(3, 5 * MINUTE_MS), RateLimited("Wait."))
    closed = [event for event in told if isinstance(event, ExchangeClosed)]
    assert len(told) == 2 * len(closed)
    assert [event.message for event in closed] == [
        "Wait.",
        "Shorten it.",
        "Wait.",
        "Wait. Since it was last told, 999 more were refused so.",
    ]
    assert [event.key for event in told if isinstance(event, ExchangeOpened)] == ["ci", "ci", "other", "ci"]
