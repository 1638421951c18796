"""Another user of this machine before a proxy that runs, its page in a browser and its files: what that user gets."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from fakes.commands import Home, home

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.getuid() != 0, reason="only root can become another user, and /proc is Linux's"
)

NOBODY = 65534
SECRET, PASSPHRASE = "sk-canary-of-another-user-0a1b2c3d", "canary passphrase of nobody"
CONFIG = """
[server]
port = 0
[alerts]
desktop = false
[upstreams.main]
kind = "openai_compatible"
base_url = "http://127.0.0.1:9/v1"
secret = "env:CANARY_KEY"
"""

AS_NOBODY = """
import email.parser, encodings.idna, http.client, json, os, socket, sys  # all that is needed once it may read nothing
asked = json.loads(sys.stdin.read())
os.setgroups([]); os.setgid(65534); os.setuid(65534)
got = {"read": [], "written": [], "listed": [], "proc": [], "cmdline": {}, "socket": [], "http": {}}
for path in asked["files"]:
    for way, flags in (("read", os.O_RDONLY), ("written", os.O_WRONLY)):
        try:
            os.close(os.open(path, flags)); got[way].append(path)
        except OSError: pass
for folder in asked["folders"]:
    try:
        os.listdir(folder); got["listed"].append(folder)
    except OSError: pass
    try:
        os.mkdir(folder + "/planted"); got["written"].append(folder)
    except OSError: pass
for pid in asked["pids"]:
    got["cmdline"][pid] = open(f"/proc/{pid}/cmdline").read()
    for name in ("environ", "mem", "maps", "fd", "cwd", "root", "io", "stack", "auxv"):
        path = f"/proc/{pid}/{name}"
        try:
            looks = {"cwd": os.readlink, "root": os.readlink, "fd": os.listdir}
            looks.get(name, lambda path: open(path, "rb").read(1))(path)
            got["proc"].append(path)
        except OSError: pass
for path in asked["sockets"]:
    with socket.socket(socket.AF_UNIX) as sock:
        try:
            sock.connect(path)
            sock.sendall(b"GET /status HTTP/1.1\\r\\nHost: bursar\\r\\nConnection: close\\r\\n\\r\\n")
            got["socket"].append(sock.recv(12).decode())
        except OSError as error:
            got["socket"].append(type(error).__name__)
for name, (port, method, path, headers) in asked["http"].items():
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, "{}" if method == "POST" else None, headers)
    answer = connection.getresponse()
    got["http"][name] = [answer.status, answer.read().decode("utf-8", "replace")]
print(json.dumps(got))
"""


@pytest.fixture
def here() -> Iterator[tuple[Home, list[int], int, int]]:
    """A home below a folder that everybody may enter, with its processes and the ports of its proxy and its page."""
    with TemporaryDirectory(prefix="bursar-") as outer, ExitStack() as stack:
        Path(outer).chmod(0o755)
        folder = Path(outer) / "home"
        at = stack.enter_context(home(folder))
        at.configure(CONFIG)
        for path in (folder, folder / "config.toml"):  # written by its user, who closed it
            path.chmod(path.stat().st_mode & 0o700)
        before = os.umask(0)  # whatever somebody's shell allows
        try:
            passphrase = Path(outer) / "passphrase"
            passphrase.write_text(PASSPHRASE)
            passphrase.chmod(0o600)
            at.environ |= {"CANARY_KEY": SECRET, "BURSAR_PASSPHRASE_FILE": str(passphrase)}
            subprocess.run(
                [sys.executable, "-m", "bursar", "secret", "set", "sealed:spare"],
                input=SECRET, env=at.environ, text=True, check=True, capture_output=True, timeout=60,
            )  # fmt: skip
            proxy, url = at.start("serve")
            at.run("key", "issue", "laptop", "--cap", "5usd/day")
            at.run("statement", "--pdf", str(folder / "data" / "month.pdf"))
            page = subprocess.Popen(
                [sys.executable, "-m", "bursar", "watch", "--web"],
                env=at.environ, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            stack.callback(page.wait, 20)
            stack.callback(page.terminate)
            assert page.stdout is not None
            stack.callback(page.stdout.close)
            address = re.search(r"127\.0\.0\.1:(\d+)/#(\S+)", page.stdout.readline())
            assert address is not None
            at.environ["TOKEN"] = address[2]
        finally:
            os.umask(before)
        yield at, [proxy.pid, page.pid], int(url.split(":")[2].split("/")[0]), int(address[1])


def as_nobody(asked: dict[str, Any]) -> Any:
    """What another user gets of all this."""
    words = [sys.executable, "-c", AS_NOBODY]
    said = subprocess.run(words, input=json.dumps(asked), capture_output=True, text=True, timeout=60)
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)


def test_another_user_gets_nothing(here: tuple[Home, list[int], int, int]) -> None:
    at, pids, port, page = here
    found = list(at.folder.rglob("*"))
    folders = [at.folder, *(path for path in found if path.is_dir())]
    files = [path for path in found if path.is_file()]
    names = {path.name for path in files}
    assert {"config.toml", "ledger.sqlite3", "secrets.sealed", "bursar.jsonl", "month.pdf"} <= names
    json_type = {"Content-Type": "application/json"}
    own = f"http://127.0.0.1:{page}"
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Origin": own}  # fmt: skip
    asked: dict[str, Any] = {
        "files": [str(path) for path in files],
        "folders": [str(path) for path in folders],
        "pids": pids,
        "sockets": [str(path) for path in found if path.is_socket()],
        "http": {
            "health": (port, "GET", "/healthz", {}),
            "models": (port, "GET", "/v1/models", {}),
            "chat": (port, "POST", "/v1/chat/completions", json_type),
            "usage": (port, "GET", "/v1/token/usage", {}),
            "status": (port, "GET", "/status", {"Host": "bursar"}),
            "no token": (page, "GET", "/watch", {**upgrade, "Sec-WebSocket-Protocol": "bursar.watch"}),
            "guessed": (page, "GET", "/watch", {**upgrade, "Sec-WebSocket-Protocol": "bursar.watch, none"}),
        },
    }
    assert len(asked["sockets"]) == 1
    got = as_nobody(asked)
    assert (got["read"], got["written"], got["listed"], got["proc"]) == ([], [], [], [])
    assert got["socket"] == ["PermissionError"]
    statuses = {name: status for name, (status, _) in got["http"].items()}
    assert statuses == {
        "health": 200, "models": 401, "chat": 401, "usage": 401, "status": 421, "no token": 403, "guessed": 403,
    }  # fmt: skip
    assert got["http"]["health"][1] == "ok"
    shown = json.dumps([got["cmdline"], got["http"]])
    assert not [each for each in (SECRET, PASSPHRASE, at.environ["TOKEN"]) if each in shown]

    # Each file is closed by itself too, should somebody open the folders; and the door asks who it is.
    for folder in folders:
        folder.chmod(0o755)
    for path in found:
        if path.is_socket():
            path.chmod(0o666)
    got = as_nobody({**asked, "http": {}})
    assert (got["read"], got["written"], got["proc"]) == ([], [], [])
    assert got["socket"] == ["HTTP/1.1 403"]
