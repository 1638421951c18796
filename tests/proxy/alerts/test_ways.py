"""The ways out: each on its own, bounded, waited for by nobody; what cannot be had is said once and hurts nothing."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.receiver import Receiver

from bursar.alerts import ways as module
from bursar.alerts.ways import Ways
from bursar.config.alerting import AlertSettings
from bursar.domain.alert import Alert, AlertKind, Urgency
from bursar.domain.clock import FixedClock
from bursar.domain.secret_reference import reference_of
from bursar.secrets.secrets import Secrets
from bursar.upstreams.connection import Connection

NOW = 1_790_000_000_000
HOUR_MS = 3_600_000


def alert(number: int = 0) -> Alert:
    return Alert(f"upstream:u{number}", AlertKind.UPSTREAM, Urgency.WARNING, f"Upstream u{number} is down.", NOW)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
async def ways(connection: Connection, clock: FixedClock, tmp_path: Path) -> AsyncIterator[Ways]:
    made = Ways(connection, Secrets(environ={"HOOK_SECRET": "hush"}, folder=tmp_path), clock)
    yield made
    await made.close()


def by_webhook(receiver: Receiver, secret: str = "none") -> AlertSettings:
    return AlertSettings(desktop=False, webhook=receiver.url, webhook_secret=reference_of(secret))


async def test_an_alert_arrives_and_is_counted(ways: Ways, receiver: Receiver) -> None:
    await ways.take(by_webhook(receiver, "env:HOOK_SECRET"))
    ways.send([alert(1), alert(2)])
    await receiver.arrived(2)
    assert [each["cause"] for each in receiver.said] == ["upstream:u1", "upstream:u2"]
    assert all("X-Bursar-Signature" in headers for headers, _ in receiver.got)
    [view] = ways.views
    assert (view.name, view.problem) == ("webhook", "")
    assert "S3CRET" not in str(ways.views)


async def test_a_silent_receiver_holds_up_nobody(ways: Ways, receiver: Receiver) -> None:
    """`send` is no coroutine, and what waits is bounded."""
    receiver.silent = True
    await ways.take(by_webhook(receiver))
    ways.send([alert()])
    await receiver.arrived(1)
    ways.send(alert(number) for number in range(1000))
    [view] = ways.views
    assert view.left_out == 1000 - module._WAITING
    async with asyncio.timeout(60):
        await ways.close()


async def test_no_more_than_so_many_an_hour(ways: Ways, receiver: Receiver, clock: FixedClock) -> None:
    await ways.take(by_webhook(receiver))
    for number in range(module._MOST_AN_HOUR + 5):
        ways.send([alert(number)])
        await receiver.arrived(min(number + 1, module._MOST_AN_HOUR))
        await asyncio.sleep(0)
    assert len(receiver.got) == module._MOST_AN_HOUR
    clock.turn(HOUR_MS)
    ways.send([alert(99)])
    await receiver.arrived(module._MOST_AN_HOUR + 1)
    assert receiver.said[-1]["cause"] == "upstream:u99"


async def test_it_is_tried_again_where_that_may_help(
    ways: Ways, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_PAUSES_S", (0.01, 0.01))
    receiver.statuses = [503, 500, 204, 503, 503, 503, 503, 503, 503, 404, 204]
    await ways.take(by_webhook(receiver))
    with caplog.at_level(logging.WARNING):
        ways.send([alert(1), alert(2), alert(3), alert(4), alert(5)])
        await receiver.arrived(11)
    causes = [each["cause"][-1] for each in receiver.said]
    assert causes == [*"111222333", "4", "5"], "three tries, or one where the no is final"
    said = [record.message for record in caplog.records]
    assert [each.rpartition(" ")[2] for each in said] == ["503.", "404."], "the same failure is said once"
    assert not any("S3CRET" in each for each in said)


async def test_what_cannot_be_had_is_said_and_the_rest_goes(
    ways: Ways, receiver: Receiver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = AlertSettings(
        desktop=False,
        command=(str(tmp_path / "nothing"),),
        webhook=receiver.url,
        webhook_secret=reference_of("env:NOT_THERE"),
    )
    with caplog.at_level(logging.WARNING):
        await ways.take(settings)
        await ways.take(settings)
    assert [record.message for record in caplog.records] == [
        "alerts do not go by webhook: The variable NOT_THERE is not set in the environment of the proxy."
    ]
    tried = {each.name: each.problem for each in await ways.tried(alert())}
    assert tried["command"].startswith("There is no program")
    assert "NOT_THERE" in tried["webhook"]
    assert not receiver.got


async def test_an_address_that_is_kept_like_a_key(
    connection: Connection, clock: FixedClock, receiver: Receiver
) -> None:
    for kept, arrives in ((receiver.url, True), ("http://example.com/hook", False)):
        ways = Ways(connection, Secrets(environ={"HOOK": kept}), clock)
        await ways.take(AlertSettings(desktop=False, webhook="env:HOOK"))
        [tried] = await ways.tried(alert())
        assert (not tried.problem) is arrives
        await ways.close()
    assert len(receiver.got) == 1


async def test_what_comes_later_is_found(
    connection: Connection, clock: FixedClock, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    """A keyring that is locked when the proxy starts is unlocked by its user later."""
    kept: dict[str, str] = {}
    ways = Ways(connection, Secrets(environ=kept), clock)
    settings = AlertSettings(desktop=False, webhook="env:HOOK")
    with caplog.at_level(logging.WARNING):
        await ways.take(settings)
        kept["HOOK"] = receiver.url
        await ways.take(settings)
        assert ways.views[0].problem, "it is not asked for at every look"
        clock.turn(module._AGAIN_MS)
        await ways.take(settings)
    assert len(caplog.records) == 1
    ways.send([alert()])
    await receiver.arrived(1)
    await ways.close()


async def test_other_settings_replace_the_ways(ways: Ways, receiver: Receiver) -> None:
    await ways.take(by_webhook(receiver))
    await ways.take(AlertSettings(desktop=False))
    ways.send([alert()])
    assert ways.views == ()
    assert await ways.tried(alert()) == ()
