"""A home of its own for each test, and the commands run in it."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bursar.cli.main import main


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its output as the one JSON value that it is."""
        return json.loads(self.out)


Bursar = Callable[..., Ran]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for everything, with nothing in it."""
    for name in ("BURSAR_CONFIG", "BURSAR_HOST", "BURSAR_PORT"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "home"
    monkeypatch.setenv("BURSAR_HOME", str(folder))
    return folder


@pytest.fixture
def config_file(home: Path) -> Path:
    """Where its configuration is, or will be."""
    return home / "config.toml"


@pytest.fixture
def bursar(home: Path, capsys: pytest.CaptureFixture[str]) -> Bursar:
    """Runs a command in this process."""

    def run(*words: str) -> Ran:
        capsys.readouterr()
        try:
            status = main(words)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        said = capsys.readouterr()
        return Ran(int(status), said.out, said.err)

    return run


Started = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(home: Path) -> Iterator[Started]:
    """Starts a command as a process of its own, which ends with the test."""
    with starting() as begin:
        yield begin


@contextmanager
def starting() -> Iterator[Started]:
    """Starts commands as processes of their own, which end with the block."""
    processes: list[subprocess.Popen[str]] = []

    def begin(*words: str, env: Mapping[str, str] | None = None, **options: Any) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "bursar", *words],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **(env or {})},
            stdin=options.pop("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE,
            stderr=options.pop("stderr", subprocess.PIPE),
            text=True,
            **options,
        )
        processes.append(process)
        return process

    try:
        yield begin
    finally:
        for process in processes:
            process.terminate()
            try:
                process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def listening(process: "subprocess.Popen[str]") -> str:
    """The base URL that a started proxy or practice server prints once it answers."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("listening on http://127.0.0.1:"), (line, process.stderr.read() if process.stderr else "")
    return line.removeprefix("listening on ").strip()


@pytest.fixture(scope="session")
def practice() -> Iterator[str]:
    """The base URL of a practice upstream, the same for all tests: what one asks of it does not matter to another."""
    with starting() as begin:
        yield listening(begin("practice", stderr=subprocess.DEVNULL))


@pytest.fixture
def proxy(start: Started, practice: str, config_file: Path) -> str:
    """The base URL of a running proxy in this home, with the practice upstream behind the alias `fast`."""
    config_file.parent.mkdir(parents=True, exist_ok=True)
    config_file.write_text(
        f"""
[server]
port = 0
drain_s = 1

[upstreams.practice]
kind = "openai_compatible"
base_url = "{practice}"

[aliases.fast]
routes = ["practice/practice-tokens-20"]

[prices."practice/*"]
input = "3"
output = "15"

[caps.daily]
usd = "1.00"
every = "day"
"""
    )
    return listening(start("serve"))


@pytest.fixture
def call() -> Callable[[str, str], tuple[int, dict[str, Any]]]:
    """Asks a proxy for its alias `fast` with a key; status and body of the answer."""
    return _call


def _call(proxy: str, key: str) -> tuple[int, dict[str, Any]]:
    body = json.dumps({"model": "fast", "messages": [{"role": "user", "content": "Hello"}]}).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "User-Agent": "test/1"}
    request = urllib.request.Request(f"{proxy}/chat/completions", body, headers)  # noqa: S310 - the proxy's own URL
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as no:
        with no:
            return no.code, json.load(no)
