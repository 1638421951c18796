"""Kept content on a disk that fills up, and in a process that is killed: calls and money are right all the same."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest
from fakes.commands import Home, home

from bursar.contract.client import AdminClient
from bursar.contract.content import content_of, kept_content, passages
from bursar.contract.places import Places
from bursar.contract.way_in import Refused

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a full disk is made by Linux's means")

CONFIG = """
[server]
port = 0
[upstreams.main]
kind = "openai_compatible"
base_url = "{url}"
[prices."practice-*"]
input = "1"
output = "2"
[caps.all]
usd = "5"
every = "total"
"""


@contextmanager
def serving(folder: Path) -> Iterator[tuple[Home, "subprocess.Popen[str]", str, str]]:
    """A home with a proxy, and a key that has content kept."""
    with home(folder) as at:
        _, practice = at.start("practice", "--port", "0")
        at.configure(CONFIG.format(url=practice))
        process, url = at.start("serve")
        yield at, process, url, at.json("key", "issue", "agent", "--keep-content")["key"]


async def ask(session: aiohttp.ClientSession, url: str, key: str, text: str) -> tuple[int, str]:
    """One plain call: its status and id."""
    body = {"model": "main/practice-tokens-5", "messages": [{"role": "user", "content": text}]}
    headers = {"Authorization": f"Bearer {key}"}
    async with session.post(f"{url}/chat/completions", json=body, headers=headers) as response:
        await response.read()
        return response.status, response.headers.get("x-bursar-exchange", "")


def mount(*words: str) -> None:
    try:
        subprocess.run(["mount", *words], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no file system can be mounted on this machine")


def unmount(place: Path) -> None:
    subprocess.run(["umount", "--lazy", place], check=True, capture_output=True)


async def test_a_full_disk_keeps_nothing_more_and_every_call_goes_on(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system of its own")
    place = tmp_path / "home" / "data" / "content"
    with serving(tmp_path / "home") as (at, _, url, key):
        place.mkdir(mode=0o700)
        mount("-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", str(place))
        try:
            async with aiohttp.ClientSession() as session:
                calls = [await ask(session, url, key, secrets.token_hex(12_000)) for _ in range(10)]
                assert {status for status, _ in calls} == {200}
                full = at.json("content", "list")
                assert full["trouble"] == "No space left on device"
                assert full["missed"] > 3
                assert any("No space left" in each for each in at.json("status")["problems"])
                assert (await asyncio.to_thread(at.settled, 10))["total"]["requests"] == 10
                assert at.json("content", "forget", "--all")["bytes"] > 0
                status, last = await ask(session, url, key, "and on")
                assert status == 200
                assert "and on" in at.run("log", "--id", last, "--content").stdout
                mount("-o", "remount,ro", str(place))
                assert (await ask(session, url, key, "not kept"))[0] == 200
                refused = at.run("content", "forget", "--all", check=False)
                assert (refused.returncode, "Read-only file system" in refused.stderr) == (1, True)
                assert (await asyncio.to_thread(at.settled, 12))["total"]["requests"] == 12
                assert at.json("status")["open_holds"] == 0
        finally:
            unmount(place)


async def test_killed_in_the_middle_what_was_kept_can_be_read_and_the_next_is_kept(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as (at, process, url, key):
        places = Places(at.folder / "config.toml", at.folder / "data", at.folder / "run", at.folder / "log")
        answered: list[str] = []

        async def go_on(session: aiohttp.ClientSession) -> None:
            while True:
                answered.append((await ask(session, url, key, secrets.token_hex(40_000)))[1])

        async with aiohttp.ClientSession() as session:
            asking = [asyncio.ensure_future(go_on(session)) for _ in range(6)]
            while len(answered) < 40:
                await asyncio.wait(asking, timeout=0.01)
            process.send_signal(signal.SIGKILL)
            ended = await asyncio.gather(*asking, return_exceptions=True)
        assert all(isinstance(each, aiohttp.ClientError) for each in ended)
        await asyncio.to_thread(process.wait, 20)
        _, url = await asyncio.to_thread(at.start, "serve")
        async with aiohttp.ClientSession() as session, AdminClient(places) as client:
            read = 0
            for each in answered:
                try:
                    found = await client.ask(content_of(each))
                except Refused:
                    continue
                read += len(next(iter(passages(found))).text) == 80_000
            assert read >= len(answered) - 12
            status, last = await ask(session, url, key, "after the end")
            assert status == 200
            assert next(iter(passages(await client.ask(content_of(last))))).text == "after the end"
            assert not (await client.ask(kept_content())).trouble
        assert at.json("usage")["total"]["requests"] >= len(answered) - 6
