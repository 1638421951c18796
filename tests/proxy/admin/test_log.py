"""GET /log: the process's own log at the local door, in pages; and lines as they are said."""

from pathlib import Path

import pytest
from fakes.running import running_proxy

from bursar.contract.client import AdminClient, Refused
from bursar.contract.events import Logged
from bursar.contract.log_line import Level
from bursar.contract.snapshot import KEPT_LINES
from bursar.log.process_log import process_log


async def test_what_the_proxy_says_is_told_and_kept(tmp_path: Path) -> None:
    with process_log(tmp_path / "log", level=Level.INFO, size=1_000_000, files=2) as log:
        async with running_proxy(tmp_path, log=log) as proxy, AdminClient(proxy.places) as client:
            feed = proxy.daemon.feed
            await proxy.daemon.keys.issue("ci")
            told = await feed.wait_for(lambda event: isinstance(event, Logged) and "ci" in event.line.said, since=0)
            assert isinstance(told, Logged)
            assert told.line in feed.snapshot.log
            page = await client.log(limit=1, having="KEY ci")
            assert page.lines == (told.line,)
            assert page.next is None
            first = await client.log(limit=2)
            rest = await client.log(first.next, 500)
            numbers = [line.number for line in (*first.lines, *rest.lines)]
            assert numbers == sorted(numbers, reverse=True)
            assert len(numbers) == len(set(numbers)) >= 3
            assert (await client.log(least=Level.ERROR)).lines == ()
            for bad in ("limit=0", "limit=501", "level=loud"):
                with pytest.raises(Refused):
                    await client._request("GET", f"/log?{bad}")
            assert len(feed.snapshot.log) <= KEPT_LINES


async def test_a_proxy_without_a_log_says_nothing(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy, AdminClient(proxy.places) as client:
        assert (await client.log()).lines == ()
        assert proxy.daemon.feed.snapshot.log == []
