"""The desktop is told by the program of its system; text from outside is data to it, whatever it says."""

import json
import stat
import sys
from pathlib import Path

import pytest

from bursar.alerts.desktop import Desktop, desktop
from bursar.alerts.way import WayFailed
from bursar.domain.alert import Alert, AlertKind, Urgency

EVIL = '--help <b>x</b> & $(id) \\033[2J \x1b[2J " & quit'
ALERT = Alert("upstream:main", AlertKind.UPSTREAM, Urgency.URGENT, EVIL, 1_790_000_000_000)


def at_hand(folder: Path, name: str, out: Path) -> str:
    """A path on which a program of that name keeps what it is started with."""
    file = folder / name
    file.write_text(f"#!{sys.executable} -IS\nimport json, sys\njson.dump(sys.argv[1:], open({str(out)!r}, 'w'))\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(folder)


async def test_on_linux(tmp_path: Path) -> None:
    path = at_hand(tmp_path, "notify-send", tmp_path / "out")
    found = desktop({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}, "linux", path)
    await found.send(ALERT)
    argv = json.loads((tmp_path / "out").read_text())
    assert argv[:5] == ["--app-name", "Bursar", "--urgency", "critical", "--"]
    assert argv[5:] == ["Bursar", '--help &lt;b&gt;x&lt;/b&gt; &amp; $(id) \\\\033[2J ␛[2J " &amp; quit']


def test_on_macos_the_text_comes_after_the_script() -> None:
    argv, _ = Desktop("/usr/bin/osascript", "darwin").command(ALERT)
    *script, title, text = argv
    assert title == "Bursar"
    assert text.startswith("--help <b>")
    assert script[1::2] == ["-e"] * 3
    assert not any("help" in each for each in script)


def test_on_windows_the_text_is_in_the_environment() -> None:
    argv, more = Desktop("powershell.exe", "win32").command(ALERT)
    assert not any("help" in each for each in argv)
    assert more["BURSAR_TEXT"].startswith("--help <b>")
    assert "\x1b" not in more["BURSAR_TEXT"]


def test_a_long_sentence_is_cut() -> None:
    alert = Alert("x", AlertKind.TEST, Urgency.NOTE, "x" * 10_000, 0)
    argv, _ = Desktop("notify-send", "linux").command(alert)
    assert argv[-1] == "x" * 299 + "…"


def test_where_there_is_none_it_is_said_why(tmp_path: Path) -> None:
    with pytest.raises(WayFailed, match="no desktop session"):
        desktop({}, "linux", str(tmp_path))
    with pytest.raises(WayFailed, match="notify-send is not installed"):
        desktop({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}, "linux", str(tmp_path))
    with pytest.raises(WayFailed, match="no desktop session"):
        desktop({"XDG_RUNTIME_DIR": str(tmp_path)}, "linux", str(tmp_path))
