"""Upstreams: a key is typed, shown nowhere, kept by the proxy where the file says, and used at once."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.events import Paste
from tui.attached import Hands, attached
from tui.money import wealthy
from tui.stage import Stage, staged

from bursar.secrets import seal
from bursar.secrets.sealed_file import SealedFile
from bursar.secrets.secret_file import write_private_bytes

CANARY = "sk-canary-0123456789"
PASSPHRASE = "correct horse canary"

SHUT = """
[upstreams.shut]
kind = "openai_compatible"
base_url = "http://127.0.0.1:9/v1"
secret = "sealed:shut"
"""
VARIABLE = SHUT.replace("shut]", "variable]").replace("sealed:shut", "env:BURSAR_TEST_KEY")


async def at(hands: Hands, name: str) -> None:
    """Open the upstream of this name."""
    await hands.press("5")
    for _ in range(4):
        if hands.app.screen.list.cursor_id == name:  # type: ignore[attr-defined]
            return
        await hands.press("down")


async def paste(hands: Stage, text: str) -> None:
    """As a key comes out of a vendor's page: all at once."""
    hands.app.post_message(Paste(text))
    await hands.pilot.pause()


async def test_a_sealed_file_is_made_and_a_key_kept_in_it() -> None:
    async with attached(SHUT) as hands:
        sealed = SealedFile(hands.proxy.places.sealed_file, lambda _: PASSPHRASE)
        await at(hands, "shut")
        await hands.sees("has no secret")
        await hands.sees("sealed:shut; s sets it")
        await hands.press("s")
        await paste(hands, CANARY)
        await hands.press("enter")
        await hands.sees("There is no sealed file yet")
        await hands.press("u")
        await paste(hands, PASSPHRASE)
        await hands.press("down", "x")
        assert PASSPHRASE not in hands.text
        await hands.press("enter")
        await hands.sees("the two are not the same")
        await hands.press("backspace")
        await paste(hands, PASSPHRASE)
        await hands.press("enter")
        await hands.sees("The sealed file is open")
        await hands.press("s")
        await paste(hands, CANARY)
        assert "bursar secret set shut" in hands.text
        assert CANARY not in hands.text
        assert "•" * len(CANARY) in hands.text
        await hands.press("enter")
        await hands.sees("The key is kept")
        assert sealed.get("shut") == CANARY
        assert not hands.proxy.daemon.in_force.assembly.missing
        assert "canary" not in hands.text
        assert "canary" not in hands.proxy.places.config_file.read_text()


async def test_an_upstream_that_is_asked_without_a_key_needs_none() -> None:
    async with attached(SHUT) as hands:
        await at(hands, "main")
        await hands.press("s")
        await hands.sees("main is asked without a key, so it needs none.")
        await hands.sees("upstreams.main.secret keyring:main")


async def test_one_that_is_shut_is_opened_by_its_passphrase(tmp_path: Path) -> None:
    key = seal.derived(PASSPHRASE, b"s" * 16, 2, 8, 1)  # costs no time
    write_private_bytes(tmp_path / "data" / "secrets.sealed", seal.sealed({"shut": CANARY}, key))
    async with attached(SHUT, tmp_path) as hands:
        await at(hands, "shut")
        await hands.sees("is shut")
        for text in ("not the passphrase", PASSPHRASE):
            await hands.press("u")
            await paste(hands, text)
            await hands.press("enter")
            await hands.sees("This is not the passphrase" if text != PASSPHRASE else "every key is there.")
        await hands.until(lambda: hands.snapshot.upstreams["shut"].health == "ok")


async def test_what_is_kept_elsewhere_is_answered_with_what_to_do() -> None:
    async with attached(VARIABLE) as hands:
        await at(hands, "variable")
        await hands.sees("is not set in the environment")
        assert "unlock" not in hands.text.splitlines()[-1]
        await hands.press("s")
        await paste(hands, CANARY)
        await hands.press("enter")
        await hands.sees("bursar secret move variable")


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_the_dialog_fits(size: tuple[int, int]) -> None:
    snapshot = wealthy()
    snapshot.upstreams = {name: replace(each, secret="keyring:k") for name, each in snapshot.upstreams.items()}
    async with staged(snapshot, size) as stage:
        await stage.press("5", "s")
        await paste(stage, CANARY)
        assert "•••" in stage.text
        assert CANARY not in stage.text
        await stage.press("escape")
        assert "•••" not in stage.text
