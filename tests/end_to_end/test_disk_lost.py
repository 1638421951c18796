"""The disk turns read-only while calls run, as Linux does with one that fails: refused, said, and nothing lost."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest
from fakes.commands import Home, home

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


async def ask(url: str, key: str, *, stream: bool = False) -> tuple[int, bytes]:
    """One call, read to its end."""
    body = {"model": "slow", "stream": stream, "messages": [{"role": "user", "content": "Tell me a story."}]}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/chat/completions", json=body, headers={"Authorization": f"Bearer {key}"}) as response,
    ):
        return response.status, await response.read()


async def test_calls_are_refused_and_the_ledger_is_whole_afterwards(tmp_path: Path, image: Path) -> None:
    folder = tmp_path / "mounted"
    folder.mkdir()
    practice = tmp_path / "practice"
    with home(practice) as other:
        _, practice_url = other.start("practice", "--port", "0")
        with disk(image, folder), home(folder / "home") as at:
            at.configure(CONFIG.format(url=practice_url))
            process, url = at.start("serve")
            key = at.json("key", "issue", "laptop")["key"]
            status, _ = await ask(url, key)
            assert status == 200
            before = at.json("usage")
            running = asyncio.create_task(ask(url, key, stream=True))
            await until_held(at)
            subprocess.run(["mount", "-o", "remount,abort", folder], check=True, capture_output=True)

            status, body = await running
            assert status == 200, "a running stream goes on: its hold was on disk before it began"
            assert body.rstrip().splitlines()[-1].startswith((b"data: [DONE]", b":"))
            status, body = await ask(url, key)
            assert status == 503
            assert b"Nothing was sent, because no budget can be held" in body
            assert process.poll() is None
            doctor = at.run("doctor", check=False)
            assert doctor.returncode != 0
            assert "read-only" in doctor.stdout, doctor.stdout
            process.terminate()
            assert await asyncio.to_thread(process.wait, 20) is not None

        with disk(image, folder), home(folder / "home") as at:
            _, url = at.start("serve")
            told = at.json("status")
            assert told["holds_in_doubt"] == 1, "the stream's end was never on disk: somebody has to say what it cost"
            assert at.json("usage")["rows"] == before["rows"]
            assert at.run("doctor", check=False).stdout.count("✗") == 0
            status, _ = await ask(url, key)
            assert status == 200


async def until_held(at: Home) -> None:
    """Wait until a call holds something."""
    async with asyncio.timeout(20):
        while not (await asyncio.to_thread(at.json, "status"))["open_holds"]:
            await asyncio.sleep(0.05)
