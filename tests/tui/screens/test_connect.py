"""Connect: what would be written is shown and nothing is done; then it is, and the program's own first call arrives."""

import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.events import Paste
from tui.attached import Hands, attached

from bursar_tui.on_this_machine import CURSORS_TUNNEL
from bursar_tui.screens.command_run import Stage
from bursar_tui.screens.connect import ConnectPage, CursorPage

ALIASES = """
[aliases.other]
routes = ["main/practice-small"]
"""
PUBLIC = "quiet-river-7.trycloudflare.com"
CLINE = ".cline/data/settings/providers.json"


@asynccontextmanager
async def user_of(
    folder: Path, size: tuple[int, int] = (100, 40), environ: Mapping[str, str] | None = None
) -> AsyncIterator[Hands]:
    """Somebody with a home folder of their own, and none of the variables that lead elsewhere."""
    names = ("XDG_CONFIG_HOME", "CODEX_HOME", "CLINE_DIR", "CONTINUE_GLOBAL_DIR", "OPENCODE_CONFIG", "APPDATA")
    elsewhere = {name: str(folder / ".config") for name in names if name == "XDG_CONFIG_HOME"}
    surroundings = {"HOME": str(folder), "USERPROFILE": str(folder), **elsewhere, **(environ or {})}
    async with attached(ALIASES, environ=surroundings, size=size) as hands:
        yield hands


async def pick(hands: Hands, title: str) -> None:
    """Choose a program by its row in the list."""
    await hands.press("4", "c")
    await hands.sees("Connect which program?")
    found = re.search(r"(\d)  " + re.escape(title), hands.text)
    assert found is not None
    await hands.press(found[1])


def page(hands: Hands) -> ConnectPage:
    assert isinstance(hands.app.screen, ConnectPage)
    return hands.app.screen


def said(hands: Hands) -> str:
    run = page(hands).run_
    return "\n".join(each.text for each in run.lines) if run is not None else ""


async def test_a_program_is_connected_and_its_own_first_call_arrives(tmp_path: Path) -> None:
    async with user_of(tmp_path, (80, 24)) as hands:
        await pick(hands, "Cline")
        await hands.sees("y writes it and makes a call")
        assert '+        "model": "fast",' in hands.text
        assert 'Its key: "cline", which is issued for it.' in said(hands)
        assert not (tmp_path / CLINE).exists()
        assert "cline" not in hands.snapshot.keys
        await hands.press("y")
        await hands.sees("◌ waiting for the first call of Cline itself …")
        assert "Arrived, in the manner of Cline: exchange " in said(hands)
        await hands.sees("Arrived, in the manner of Cline")
        key = re.search(r"bk-\w{40}", (tmp_path / CLINE).read_text())
        assert key is not None
        assert key[0] not in said(hands)
        await hands.proxy.chat("fast", key=key[0])
        await hands.sees("✓ arrived: ")
        assert "asked for fast, done" in hands.text
        await hands.press("u")
        await hands.sees("y puts it back")
        assert "-" in said(hands)
        await hands.press("y")
        await hands.sees("Removed, since it was not there before")
        assert not (tmp_path / CLINE).exists()
        await hands.press("escape")
        assert hands.app.screen.TAB == "keys"  # type: ignore[attr-defined]


async def test_keys_that_are_there_what_is_typed_beside_and_what_has_no_file(tmp_path: Path) -> None:
    (tmp_path / CLINE).parent.mkdir(parents=True)
    (tmp_path / CLINE).write_text('{"version": 1, "note": "[red]\\u001b[31m\x9b2J[/]", "providers": {}}')
    async with user_of(tmp_path, environ={"PATH": str(tmp_path)}) as hands:
        await a_key_that_is_there_is_replaced_only_where_that_is_wanted(hands)
        await no_file_acts(hands)
        await what_can_be_said_beside_is_typed(hands, tmp_path)
        await what_has_no_file_is_entered_by_hand_or_written_where_that_is_said(hands, tmp_path)


async def a_key_that_is_there_is_replaced_only_where_that_is_wanted(hands: Hands) -> None:
    await hands.proxy.daemon.keys.issue("aider")
    await pick(hands, "aider")
    await hands.sees("✗ there is a problem")
    assert 'There is a key "aider" already' in said(hands)
    await hands.press("k")
    await hands.sees("which is refused from then on")
    assert "--new-key" in hands.text
    await hands.press("k")
    await hands.sees("✗ there is a problem")
    await hands.press("escape")


async def no_file_acts(hands: Hands) -> None:
    await pick(hands, "Cline")
    await hands.sees("y writes it")
    assert "[red]" in hands.text
    assert not set(hands.text) & {"\x1b", "\x9b"}
    await hands.press("escape")


async def what_can_be_said_beside_is_typed(hands: Hands, folder: Path) -> None:
    await pick(hands, "Zed")
    await hands.sees("y writes it")
    await hands.press("o")
    hands.app.post_message(Paste("other"))
    await hands.press("down")
    hands.app.post_message(Paste("3usd/day"))
    await hands.press("enter")
    await hands.sees("bursar connect zed --write --model other --cap 3usd/day")
    await hands.sees('"name": "other"')
    await hands.press("h")
    await hands.sees("In settings.json of Zed:")
    await hands.sees("y issues the key and makes a call")
    await hands.press("y")
    await hands.sees("Arrived, in the manner of Zed")
    assert "zed-day" in hands.proxy.places.config_file.read_text()
    assert not (folder / ".config" / "zed").exists()
    await hands.press("escape")


async def what_has_no_file_is_entered_by_hand_or_written_where_that_is_said(hands: Hands, folder: Path) -> None:
    await pick(hands, "OpenAI's SDKs")
    await hands.sees("y issues the key")
    assert "have it written" not in hands.text
    await hands.press("o", "down", "down", "down")
    hands.app.post_message(Paste(str(folder / "my.env")))
    await hands.press("enter")
    await hands.sees("y writes it")
    assert "+OPENAI_BASE_URL=" in said(hands)
    await hands.press("escape")
    assert not (folder / "my.env").exists()
    await pick(hands, "Cursor")
    await hands.sees("a tunnel program that is on this machine, or the public name of a")
    await hands.press("enter")
    assert "Connect Cursor by a tunnel" in hands.text


# --- Cursor ------------------------------------------------------------------------------------------------


@pytest.fixture
def tunnel(tmp_path: Path) -> dict[str, str]:
    """A tunnel program on the PATH, and the folder where it notes what it is."""
    if os.name != "posix":
        pytest.skip("the tunnel program of the tests is a script")
    text = (Path(__file__).parents[2] / "fakes" / "tunnel.py").read_text()
    (tmp_path / "cloudflared").write_text(text.replace("/usr/bin/env python3", sys.executable, 1))
    (tmp_path / "cloudflared").chmod(0o755)
    return {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "TUNNEL_NOTES": str(tmp_path)}


def has_gone(folder: Path) -> bool:
    """Whether the tunnel's process has ended."""
    try:
        os.kill(int((folder / "pid").read_text()), 0)
    except ProcessLookupError:
        return True
    return False


async def expose(hands: Hands) -> None:
    """Open Cursor's tunnel."""
    await pick(hands, "Cursor")
    await hands.sees("bursar connect cursor --tunnel cloudflared --expires 7d --cap 2usd/day")
    await hands.press("enter")
    await hands.sees(f"▲ EXPOSED as https://{PUBLIC}")


async def test_cursors_tunnel_runs_until_it_is_ended_by_a_key(tmp_path: Path, tunnel: dict[str, str]) -> None:
    async with user_of(tmp_path, environ=tunnel) as hands:
        await expose(hands)
        await hands.sees("x ends the tunnel")
        await hands.until(lambda: "Override OpenAI Base URL" in said(hands))
        assert hands.snapshot.exposures[PUBLIC].keys == ("cursor",)
        await hands.press("escape")
        await hands.sees("EXPOSED")
        assert not has_gone(tmp_path)
        assert CURSORS_TUNNEL in [each.title for each in hands.app.get_system_commands()]
        await pick(hands, "Cursor")
        await hands.sees("x ends the tunnel")
        assert isinstance(hands.app.screen, CursorPage)
        await hands.press("x")
        await hands.until(lambda: not hands.snapshot.exposures)
        await hands.until(lambda: page(hands).stage is Stage.OVER)
        assert "No longer exposed." in said(hands)
        await hands.until(lambda: has_gone(tmp_path))


async def test_leaving_the_interface_asks_and_ends_the_tunnel(tmp_path: Path, tunnel: dict[str, str]) -> None:
    async with user_of(tmp_path, environ=tunnel) as hands:
        await expose(hands)
        await hands.press("escape", "q")
        await hands.sees("Cursor's tunnel runs, and ends with this program.")
        assert not has_gone(tmp_path)
        await hands.press("y")
        await hands.until(lambda: not hands.app.is_running)
        await hands.until(lambda: has_gone(tmp_path))
        await hands.until(lambda: not hands.snapshot.exposures)
