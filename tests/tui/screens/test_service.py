"""Service: how it is, what can be done about it then, and each thing done by the command that does it in a shell."""

import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tui.attached import Hands, attached

from bursar_tui.screens.service import ServicePage

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")

STAND_IN = """#!/bin/sh
# A systemctl that knows the units of one folder; what runs is the process that `process` names.
here=$(dirname "$0")
echo "$*" >> "$here/asked"
case "$*" in
*" show "*)
    loaded=not-found; state=inactive; pid=0
    [ -e "$here/config/systemd/user/bursar.service" ] && loaded=loaded
    [ -e "$here/process" ] && state=active && pid=$(cat "$here/process")
    printf 'LoadState=%s\\nActiveState=%s\\nMainPID=%s\\nExecMainStatus=0\\nNRestarts=0\\n' $loaded $state $pid
    printf 'UnitFileState=enabled\\n\\nLoadState=not-found\\nActiveState=inactive\\n' ;;
*" stop "*) rm -f "$here/process" ;;
esac
"""


@asynccontextmanager
async def managed(folder: Path, *, installed: bool = False) -> AsyncIterator[Hands]:
    """The page over a service manager that stands in for systemd, in a folder of its own."""
    systemctl = folder / "systemctl"
    systemctl.write_text(STAND_IN)
    systemctl.chmod(0o755)
    config = folder / "config" / "systemd" / "user"
    config.mkdir(parents=True)
    if installed:
        (config / "bursar.service").write_text("[Service]\n")
        (folder / "process").write_text(str(os.getpid()))
    environ = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "XDG_CONFIG_HOME": str(folder / "config")}
    async with attached("", environ=environ, size=(100, 30)) as hands:
        await hands.press("b")
        await hands.until(lambda: isinstance(hands.app.screen, ServicePage))
        await hands.sees("looks again")
        yield hands


def asked(folder: Path) -> str:
    """All that the manager was asked."""
    return (folder / "asked").read_text()


async def test_beside_a_proxy_started_by_hand_it_is_installed_once_what_is_written_has_been_seen(
    tmp_path: Path,
) -> None:
    async with managed(tmp_path) as hands:
        await hands.sees("service: none is installed")
        assert "restarts" not in hands.text
        await hands.press("x")
        await hands.sees("bursar stop")
        assert "It was started by hand." in hands.text
        await hands.press("escape", "b")
        await hands.sees("looks again")
        await hands.press("l")
        await hands.sees("service logs")
        await ends(hands)
        await hands.press("i")
        await hands.sees("y does it")
        assert "ExecStart=" in "\n".join(each.text for each in page(hands).run_.lines)  # type: ignore[union-attr]
        assert "temporary folder" in said(hands)
        unit = tmp_path / "config" / "systemd" / "user" / "bursar.service"
        assert not unit.exists()
        await hands.press("y")
        await hands.sees("a installs it anyway")
        assert not unit.exists()
        await hands.press("a")
        await hands.until(lambda: page(hands).run_.status is not None)  # type: ignore[union-attr]
        assert "A proxy runs already, started by hand" in said(hands)
        await hands.press("escape")
        assert not isinstance(hands.app.screen, ServicePage)


async def test_it_is_restarted_stopped_and_uninstalled(tmp_path: Path) -> None:
    async with managed(tmp_path, installed=True) as hands:
        await hands.sees("r restarts")
        await hands.press("r")
        await hands.sees("Calls that run go on to their end first")
        await hands.press("escape")
        await hands.sees("Service: proxy: http://")
        assert "--user restart bursar.service" in asked(tmp_path), "leaving the page does not end what was begun"
        await hands.press("b")
        await hands.sees("r restarts")
        await hands.press("x")
        await hands.sees("Then nothing answers here until it is started again.")
        assert " stop " not in asked(tmp_path)
        await hands.press("y")
        await ends(hands)
        assert "Stopped." in said(hands)
        assert "--user stop bursar.service" in asked(tmp_path)
        await hands.sees("uninstalls")
        await hands.press("u")
        await hands.sees("y does it")
        assert "would remove" in said(hands)
        await hands.press("y")
        await ends(hands)
        assert "The service is gone." in said(hands)
        assert not (tmp_path / "config" / "systemd" / "user" / "bursar.service").exists()


def page(hands: Hands) -> ServicePage:
    """The page itself."""
    assert isinstance(hands.app.screen, ServicePage)
    return hands.app.screen


def said(hands: Hands) -> str:
    """All that the command on the page has said."""
    run = page(hands).run_
    return "\n".join(each.text for each in run.lines) if run is not None else ""


async def ends(hands: Hands) -> None:
    """Wait until what runs has ended, and the page offers what can be done next."""
    over: Callable[[], bool] = lambda: (run := page(hands).run_) is not None and run.status is not None  # noqa: E731
    await hands.until(over)
    await hands.sees("looks again")
