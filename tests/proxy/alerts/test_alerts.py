"""Alerts of a running proxy: said once however many calls cross a level, remembered through restarts, seen by whoever
watches, sent on their ways, and harmless to calls whatever becomes of them."""

import asyncio
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fakes.receiver import Receiver
from fakes.running import VOCABULARIES, Running, configuration, proxy_with, running_proxy

from bursar.alerts.alerts import Alerts
from bursar.contract.alerts import alerts, dismiss_alerts, try_alerts
from bursar.contract.client import AdminClient
from bursar.contract.events import Alerted, AlertEnded, Event
from bursar.domain.alert import Alert
from bursar.practice.server import practice_server
from bursar.tokens.text import TextCounter

QUIET = "[alerts]\ndesktop = false\n"


def told(receiver: Receiver, more: str = "") -> str:
    return f'{QUIET}webhook = "{receiver.url}"\n{more}'


def cap(requests: int) -> str:
    return f'[caps.few]\nrequests = {requests}\nevery = "day"\n'


def about(cause: str) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, Alerted) and event.alert.cause == cause


async def said(proxy: Running, cause: str) -> Alert:
    """Wait until something is said of a cause."""
    async with asyncio.timeout(60):
        event = await proxy.daemon.feed.wait_for(about(cause), since=0)
    assert isinstance(event, Alerted)
    return event.alert


async def test_two_hundred_calls_at_once_are_one_alert_a_level(tmp_path: Path, receiver: Receiver) -> None:
    extra = told(receiver, "levels = [80]\n") + cap(220)
    async with running_proxy(tmp_path, extra) as proxy:
        answers = await asyncio.gather(*(proxy.chat() for _ in range(200)))
        assert {each.status for each in answers} == {200}
        alert = await said(proxy, "account:cap:few")
        assert alert.sentence.startswith('Cap "few" is ')
        # One more call, and a look at what it did, so that whatever else was to be said has been.
        proxy.daemon.alerts._looked_at_disk_ms = None
        await proxy.chat()
        await proxy.settled()
        await receiver.arrived(1)
        async with AdminClient(proxy.places) as client:
            view = await client.ask(alerts())
        assert [each.cause for each in view.standing] == ["account:cap:few"]
        assert [(way.name, way.left_out, way.problem) for way in view.ways] == [("webhook", 0, "")]
        feed = proxy.daemon.feed
        count = sum(about("account:cap:few")(event) for event in feed._recent)
    assert (count, len(receiver.got)) == (1, 1)


async def test_a_restart_repeats_nothing_and_shows_what_stands(tmp_path: Path, receiver: Receiver) -> None:
    extra = told(receiver) + cap(2)
    async with practice_server(speed=0, counter=TextCounter(VOCABULARIES)) as practice:
        text = configuration(practice, extra)
        async with proxy_with(tmp_path, text, practice) as proxy:
            await proxy.chat()
            assert "50 % used" in (await said(proxy, "account:cap:few")).sentence
        async with proxy_with(tmp_path, text, practice, "other") as proxy:
            assert "50 % used" in proxy.daemon.feed.snapshot.alerts["account:cap:few"].sentence
            await proxy.chat()
            assert "used up" in (await said(proxy, "account:cap:few")).sentence
            async with AdminClient(proxy.places) as client:
                assert (await client.ask(dismiss_alerts("account:cap:few"))).count == 1
                assert (await client.ask(dismiss_alerts())).count == 0
            await proxy.daemon.feed.wait_for(lambda event: isinstance(event, AlertEnded), since=0)
        async with proxy_with(tmp_path, text, practice, "third") as proxy:
            assert not proxy.daemon.feed.snapshot.alerts, "dismissed stays dismissed"
    assert [each["sentence"].partition(":")[0] for each in receiver.said] == [
        'Cap "few" is 50 % used',
        'Cap "few" is used up',
    ]


async def test_an_upstream_that_is_gone_is_said_and_calls_go_on(tmp_path: Path, receiver: Receiver) -> None:
    gone = """
[upstreams.gone]
kind = "openai_compatible"
base_url = "http://127.0.0.1:9/v1"
free = true
[aliases.both]
routes = ["gone/any", "main/practice-small"]
"""
    async with running_proxy(tmp_path, told(receiver) + gone) as proxy:
        for _ in range(3):
            assert (await proxy.chat("both")).status == 200
        alert = await said(proxy, "upstream:gone")
        assert alert.sentence.startswith("Upstream gone is down: it cannot be reached")
        await receiver.arrived(1)


async def test_a_broken_configuration_is_said_and_over_once_it_is_mended(tmp_path: Path, receiver: Receiver) -> None:
    async with running_proxy(tmp_path, told(receiver)) as proxy:
        whole = proxy.places.config_file.read_text()
        proxy.places.config_file.write_text(whole + "\n[caps.bad]\nusd = 1.5\n")
        await proxy.daemon.in_force.reload()
        alert = await said(proxy, "configuration")
        assert alert.sentence.startswith("The new configuration is not in force: ")
        assert alert.sentence.endswith("See: bursar config check")


async def test_a_webhook_and_a_command_that_are_wrong_hurt_no_call(tmp_path: Path) -> None:
    extra = f'{QUIET}webhook = "http://127.0.0.1:9/x"\ncommand = ["{tmp_path}/nothing"]\n{cap(4)}'
    async with running_proxy(tmp_path, extra) as proxy:
        for _ in range(4):
            assert (await proxy.chat()).status == 200
        await said(proxy, "account:cap:few")
        async with AdminClient(proxy.places) as client:
            tried = await client.ask(try_alerts())
        assert {each.name: bool(each.problem) for each in tried.ways} == {"webhook": True, "command": True}


async def test_in_quiet_hours_it_is_shown_and_not_sent(tmp_path: Path, receiver: Receiver) -> None:
    async with running_proxy(tmp_path, told(receiver, 'quiet = "00:00-23:59"\n') + cap(1)) as proxy:
        await proxy.chat()
        await said(proxy, "account:cap:few")
        async with AdminClient(proxy.places) as client:
            assert (await client.ask(try_alerts())).ways[0].problem == "", "a test is sent at any hour"
    assert [each["kind"] for each in receiver.said] == ["test"]


async def test_a_disk_that_is_nearly_full_is_said_once(tmp_path: Path, receiver: Receiver) -> None:
    async with running_proxy(tmp_path, told(receiver)) as proxy:
        daemon = proxy.daemon
        alerts = Alerts(
            daemon.feed,
            daemon.store,
            daemon._clock,
            daemon.alerts._ways,
            daemon.alerts._settings,
            tmp_path,
            free_bytes=lambda folder: 5 * 1024 * 1024,
        )
        await alerts._look()
        await alerts._look()
        assert "only 5 MiB are free" in (await said(proxy, "disk")).sentence
        await receiver.arrived(1)
    assert len(receiver.got) == 1


async def test_a_full_disk_is_said_once(tmp_path: Path, receiver: Receiver) -> None:
    """What was said cannot be remembered then; it is said all the same, and once."""
    async with running_proxy(tmp_path, told(receiver) + cap(100)) as proxy:
        await proxy.settled()
        with full_disk(proxy.places.database):
            for _ in range(3):
                assert (await proxy.chat()).status == 503
            alert = await said(proxy, "store")
            assert "Calls are refused until it can be" in alert.sentence
            await receiver.arrived(1)
        assert (await proxy.chat()).status == 200
    assert [each["urgency"] for each in receiver.said] == ["urgent"]


@contextmanager
def full_disk(database: Path) -> Iterator[None]:
    """While it lasts, the ledger's log cannot grow: the same error as where a disk is full, from the same calls."""
    log = database.with_name(database.name + "-wal")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 100, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
