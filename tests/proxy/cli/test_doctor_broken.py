"""`bursar doctor` on broken set-ups: each is found, said in a line with what to do, and makes the exit status 1."""

import os
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from bursar.storage.sqlite.lock import OwnerLock

Bursar = Callable[..., Any]

WHOLE = """
[server]
port = 0
[alerts]
desktop = false
"""


@pytest.fixture
def configured(config_file: Path) -> Callable[..., Path]:
    """Writes a configuration that is well but for what is added."""

    def write(more: str = "", whole: str = WHOLE) -> Path:
        config_file.parent.mkdir(mode=0o700, exist_ok=True)
        config_file.write_text(whole + more)
        return config_file

    return write


@pytest.fixture
def database(bursar: Bursar, home: Path, configured: Callable[..., Path]) -> Path:
    """A ledger with something in it."""
    configured()
    assert bursar("key", "issue", "laptop").status == 0
    return home / "data" / "ledger.sqlite3"


def the_problem(ran: Any, check: str) -> str:
    """The one thing that is wrong."""
    [found] = [each for each in ran.json if each["state"] == "problem"]
    assert (ran.status, found["check"]) == (1, check), found
    return str(found["sentence"])


def upstream(port: int, secret: str = "none") -> str:
    return f"""
[upstreams.main]
kind = "openai_compatible"
base_url = "http://127.0.0.1:{port}/v1"
secret = "{secret}"
"""


def vendor(status: int, body: bytes, date: str | None = None) -> HTTPServer:
    """An upstream that answers one thing, at a time of its own."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return date or super().date_time_string(timestamp)

        def log_message(self, *words: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, daemon=True, kwargs={"poll_interval": 0.01}).start()
    return server


def test_a_port_is_held_and_it_is_said_by_whom(bursar: Bursar, configured: Callable[..., Path]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        configured(whole=WHOLE.replace("port = 0", f"port = {port}"))
        said = the_problem(bursar("doctor", "--json", "--offline"), "port")
    if sys.platform == "linux":
        assert f"127.0.0.1:{port} is held by " in said
        assert f"process {os.getpid()};" in said
    assert f"bursar config set server.port {port + 1}" in said


def test_of_a_broken_configuration_nothing_else_is_concluded(bursar: Bursar, configured: Callable[..., Path]) -> None:
    configured('[upstreams.main]\nkind = "opnai"\n')
    ran = bursar("doctor", "--json")
    assert 'did you mean "openai"' in the_problem(ran, "configuration").replace("Did", "did")
    checks = {each["check"] for each in ran.json}
    assert not checks & {"upstream", "prices", "port", "alerts"}, "none of these could be known"


def test_an_upstream_that_cannot_be_reached(bursar: Bursar, configured: Callable[..., Path]) -> None:
    configured(upstream(9))
    said = the_problem(bursar("doctor", "--json"), "upstream main")
    assert said == (
        "Upstream main cannot be reached: connection refused. Does it run, and is its base_url right "
        "(http://127.0.0.1:9/v1)?"
    )


def test_an_upstream_that_refuses_the_key(
    bursar: Bursar, configured: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIN_KEY", "sk-canary-0000")
    server = vendor(401, b'{"error": {"message": "Incorrect API key provided: sk-canary-0000", "code": "x"}}')
    configured(upstream(server.server_port, "env:MAIN_KEY"))
    ran = bursar("doctor", "--json")
    server.shutdown()
    server.server_close()
    said = the_problem(ran, "upstream main")
    assert "(401)" in said
    assert said.endswith("The key that env:MAIN_KEY names is not the right one.")
    assert "canary" not in ran.out


def test_a_clock_that_is_not_the_upstreams(bursar: Bursar, configured: Callable[..., Path]) -> None:
    server = vendor(200, b'{"data": [{"id": "m"}]}', "Fri, 20 Nov 2020 12:00:00 GMT")
    configured(upstream(server.server_port))
    ran = bursar("doctor", "--json")
    server.shutdown()
    server.server_close()
    said = the_problem(ran, "clock")
    assert "at upstream main" in said
    assert "set the clock of this machine" in said


@pytest.mark.parametrize("backend", ["fail", "null"])
def test_a_keyring_that_is_not_there_or_keeps_nothing(
    bursar: Bursar, configured: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", f"keyring.backends.{backend}.Keyring")
    configured(upstream(9, "keyring:main"))
    ran = bursar("doctor", "--json", "--offline")
    said = {each["check"]: each["sentence"] for each in ran.json if each["state"] == "problem"}
    assert (ran.status, set(said)) == (1, {"keyring", "upstream main"})
    assert "env:NAME" in said["keyring"], "the way out"


def test_a_disk_that_is_nearly_full(
    bursar: Bursar, configured: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    configured()
    real = shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: real(folder)._replace(free=5 * 1024 * 1024))
    assert "only 5 MiB are free" in the_problem(bursar("doctor", "--json", "--offline"), "disk")


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is a folder that nobody can write, whoever he is")
def test_a_folder_that_cannot_be_written(bursar: Bursar, configured: Callable[..., Path]) -> None:
    configured('[storage]\npath = "/proc/bursar/ledger.sqlite3"\n')
    assert "/proc cannot be written" in the_problem(bursar("doctor", "--json", "--offline"), "disk")


def test_a_ledger_that_is_damaged_and_its_backup(bursar: Bursar, database: Path) -> None:
    content = bytearray(database.read_bytes())
    content[4096:12288] = b"\xa5" * 8192
    backups = database.parent / "backups"
    backups.mkdir()
    backup = backups / "ledger-2026-11-20.sqlite3"
    backup.write_bytes(database.read_bytes())
    database.write_bytes(content)
    said = the_problem(bursar("doctor", "--json", "--offline"), "ledger")
    assert said.endswith(f"go back to the last backup: bursar restore {backup}")
    assert "\n" not in said
    backup.unlink()
    assert f"mv {database}" in the_problem(bursar("doctor", "--json", "--offline"), "ledger")


def test_a_file_that_is_no_ledger(bursar: Bursar, database: Path) -> None:
    database.unlink()
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE theirs (a)")
    database.chmod(0o600)
    assert "another program made it" in the_problem(bursar("doctor", "--json", "--offline"), "ledger")
    database.write_text("dear diary")
    assert "no SQLite file" in the_problem(bursar("doctor", "--json", "--offline"), "ledger")


def test_a_ledger_of_a_newer_release(bursar: Bursar, database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA user_version = 99")
    said = the_problem(bursar("doctor", "--json", "--offline"), "ledger")
    assert "made by a newer Bursar (form 99" in said
    assert said.endswith("bring this program up to date")


def test_a_ledger_of_an_earlier_release_is_taken_over(bursar: Bursar, database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA user_version = 1")
    ran = bursar("doctor", "--json", "--offline")
    assert ran.status == 0
    assert any("earlier version: the next start takes it over" in each["sentence"] for each in ran.json)


def test_a_ledger_that_another_program_has_locked(bursar: Bursar, database: Path) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        said = the_problem(bursar("doctor", "--json", "--offline"), "ledger")
        assert "another program has locked it" in said
    assert bursar("doctor", "--json", "--offline").status == 0


def test_a_ledger_that_another_proxy_has(bursar: Bursar, database: Path) -> None:
    """Such as one that was started with other folders for its sockets, so that nobody answers here."""
    lines = (
        "import sys; from pathlib import Path; from bursar.storage.sqlite.lock import OwnerLock\n"
        "lock = OwnerLock.take(Path(sys.argv[1])); print('mine', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", lines, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "mine\n"
        said = the_problem(bursar("doctor", "--json", "--offline"), "ledger")
        assert f"in use by process {other.pid}" in said
        other.communicate("", timeout=60)
    OwnerLock.take(database).release()


def test_a_model_without_a_price_where_dollars_are_counted(bursar: Bursar, configured: Callable[..., Path]) -> None:
    alias = '[aliases.fast]\nroutes = ["main/unheard-of-1"]\n'
    configured(upstream(9) + alias)
    assert bursar("doctor", "--json", "--offline").status == 0, "nobody counts dollars"
    configured(upstream(9) + alias + '[caps.daily]\nusd = "5"\nevery = "day"\n')
    said = the_problem(bursar("doctor", "--json", "--offline"), "prices")
    assert said.startswith("main/unheard-of-1 has none, so that calls to it are refused")
    command = said.partition("state it: bursar config set ")[2]
    assert command == """'prices."main/unheard-of-1"' '{ input = "0.15", output = "0.60" }'"""
    assert bursar("config", "set", 'prices."main/unheard-of-1"', '{ input = "0.15", output = "0.60" }').status == 0
    assert bursar("doctor", "--json", "--offline").status == 0
    configured(upstream(9) + alias + '[caps.other]\nusd = "5"\nevery = "day"\nmodel = "gpt-*"\n')
    assert bursar("doctor", "--json", "--offline").status == 0, "the cap is for other models"


@pytest.mark.skipif(os.name != "posix", reason="folders have modes there alone")
def test_a_local_door_that_others_may_enter(bursar: Bursar, configured: Callable[..., Path], home: Path) -> None:
    configured()
    run = home / "run"
    run.mkdir()
    run.chmod(0o755)
    assert the_problem(bursar("doctor", "--json", "--offline"), "local door").endswith(f"chmod 700 {run}")
    run.chmod(stat.S_IRWXU)
    (run / "admin.sock").write_text("")
    assert "is in the way and is no socket" in the_problem(bursar("doctor", "--json", "--offline"), "local door")
    (run / "admin.sock").unlink()
    assert bursar("doctor", "--json", "--offline").status == 0


def test_a_command_for_alerts_that_is_not_there(bursar: Bursar, configured: Callable[..., Path]) -> None:
    configured('command = ["nothing-such"]\n')
    said = the_problem(bursar("doctor", "--json", "--offline"), "alerts")
    assert (
        said
        == "none arrives by command: There is no program nothing-such that can be run. Try again: bursar alerts test"
    )
