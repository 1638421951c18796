"""The disk turns read-only while calls run, as Linux does with one that fails: refused, said, and nothing lost."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from fakes.commands import home

CONFIG = """
[server]
port = 0
[storage]
durability = "full"  # what was only handed to the system goes down with the disk
[upstreams.main]
kind = "openai_compatible"
base_url = "{url}"
[aliases.slow]
routes = ["main/practice-tokens-200-rate-100"]
[prices."practice-*"]
input = "1"
output = "2"
[caps.all]
usd = "5"
every = "total"
"""


@contextmanager
def disk(image: Path, at: Path) -> Iterator[None]:
    """A file system of its own, on an image that stays; its journal is replayed where it was left in the middle."""
    subprocess.run(["/sbin/fsck.ext4", "-p", image], capture_output=True, check=False)
    subprocess.run(["mount", "-o", "loop", image, at], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", at], check=True, capture_output=True)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An empty file system; skips where none can be mounted here."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("mkfs.ext4", path="/sbin:/usr/sbin") is None:
        pytest.skip("only root may mount a file system of its own, and mkfs.ext4 has to be there")
    file, at = tmp_path / "disk.img", tmp_path / "try"
    with file.open("wb") as empty:
        empty.truncate(32 * 1024 * 1024)
    at.mkdir()
    subprocess.run(["/sbin/mkfs.ext4", "-q", file], check=True)
    try:
        with disk(file, at):
            subprocess.run(["mount", "-o", "remount,abort", at], check=True, capture_output=True)
    except subprocess.CalledProcessError:
        pytest.skip("no file system can be mounted, or made to fail, on this machine")
    subprocess.run(["/sbin/mkfs.ext4", "-q", file], check=True)
    return file


def post(session: aiohttp.ClientSession, url: str, key: str, *, stream: bool = False) -> Any:
    """One call, to be entered."""
    body = {"model": "slow", "stream": stream, "messages": [{"role": "user", "content": "Tell me a story."}]}
    return session.post(f"{url}/chat/completions", json=body, headers={"Authorization": f"Bearer {key}"})


async def ask(session: aiohttp.ClientSession, url: str, key: str) -> tuple[int, bytes]:
    """One plain call, read to its end."""
    async with post(session, url, key) as response:
        return response.status, await response.read()


async def fail(at: Path) -> None:
    """What Linux does with a file system whose disk gives errors."""
    words = ["mount", "-o", "remount,abort", str(at)]
    await asyncio.to_thread(lambda: subprocess.run(words, check=True, capture_output=True))


async def test_calls_are_refused_and_the_ledger_is_whole_afterwards(tmp_path: Path, image: Path) -> None:
    folder = tmp_path / "mounted"
    folder.mkdir()
    with home(tmp_path / "practice") as other:
        _, practice_url = other.start("practice", "--port", "0")
        with disk(image, folder), home(folder / "home") as at:
            at.configure(CONFIG.format(url=practice_url))
            os.sync()
            process, url = at.start("serve")
            key = at.json("key", "issue", "laptop")["key"]
            async with aiohttp.ClientSession() as session:
                status, body = await ask(session, url, key)
                assert status == 200, body
                before = (await asyncio.to_thread(at.settled, 1))["rows"]
                async with post(session, url, key, stream=True) as running:
                    begun = await running.content.readany()
                    await fail(folder)
                    # Its hold was on disk before it began, so it goes on.
                    assert b"data: [DONE]" in begun + await running.content.read()
                status, body = await ask(session, url, key)
            assert status == 503
            assert b"Nothing was sent, because no budget can be held" in body
            assert process.poll() is None
            doctor = at.run("doctor", check=False)
            assert doctor.returncode != 0
            assert "read-only" in doctor.stdout
            process.terminate()
            assert await asyncio.to_thread(process.wait, 20) is not None

        with disk(image, folder), home(folder / "home") as at:
            _, url = at.start("serve")
            # The end of the stream was never on disk, so somebody has to say what it cost.
            assert at.json("status")["holds_in_doubt"] == 1
            assert at.json("usage")["rows"] == before
            assert "is sound and adds up" in at.run("doctor", check=False).stdout
            async with aiohttp.ClientSession() as session:
                status, body = await ask(session, url, key)
                assert status == 200, body
