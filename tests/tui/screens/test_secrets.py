"""Where the keys of upstreams are: moved, looked for, removed, sealed anew; none is drawn, and none is an argument."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.events import Paste
from tui.attached import Hands, attached

from bursar.contract.secrets import SecretPlace, SecretPlaces
from bursar.secrets import seal
from bursar.secrets.sealed_file import SealedFile
from bursar.secrets.secret_file import write_private_bytes
from bursar_tui.screens.command_run import CommandRun
from bursar_tui.screens.secrets import SecretList
from bursar_tui.secret_deeds import CHANGE_FIELDS, PASSPHRASE_FIELD, moving, read_change, read_one, removing, targets

CANARY = "sk-canary-0123456789"
PASSPHRASE, OTHER = "a canary's passphrase", "another and longer canary"
KEYED = """
[upstreams.lab]
kind = "openai_compatible"
base_url = "http://127.0.0.1:9/v1"
secret = "{secret}"
"""


@asynccontextmanager
async def keyed(folder: Path, *, secret: str = "") -> AsyncIterator[Hands]:
    """The list of keys, over a proxy whose sealed file is there; `lab` has its key in a file, if not elsewhere."""
    file = folder / "lab.key"
    write_private_bytes(file, CANARY.encode())
    key = seal.derived(PASSPHRASE, b"s" * 16, 2, 8, 1)  # costs no time
    write_private_bytes(folder / "data" / "secrets.sealed", seal.sealed({"lab": CANARY}, key))
    async with attached(KEYED.format(secret=secret or f"file:{file}"), folder, (100, 30)) as hands:
        await hands.press("5", "w")
        await hands.until(lambda: isinstance(hands.app.screen, SecretList))
        yield hands


async def paste(hands: Hands, text: str) -> None:
    hands.app.post_message(Paste(text))
    await hands.pilot.pause()


async def done(hands: Hands) -> str:
    """Wait until the command has ended; all that it said."""
    page = hands.app.screen
    assert isinstance(page, CommandRun)
    await hands.until(lambda: page.run_ is not None and page.run_.status is not None)
    run = page.run_
    assert run is not None
    assert "canary" not in " ".join(run.command)
    text = "\n".join(each.text for each in run.lines)
    assert "canary" not in text
    await hands.sees("esc closes")
    await hands.press("escape")
    return text


def sealed(hands: Hands, passphrase: str) -> SealedFile:
    return SealedFile(hands.proxy.places.sealed_file, lambda _: passphrase)


async def test_a_key_is_moved_into_the_sealed_file_and_the_configuration_follows(tmp_path: Path) -> None:
    async with keyed(tmp_path) as hands:
        await hands.sees("The sealed file")
        await hands.sees("upstream lab")
        await hands.press("m", "down")
        await hands.sees("▸ 2  the sealed file")
        await hands.press("enter")
        await paste(hands, PASSPHRASE)
        assert PASSPHRASE not in hands.text
        await hands.press("enter")
        assert "It is sealed:main now." in await done(hands)
        assert 'secret = "sealed:main"' in hands.proxy.places.config_file.read_text()
        assert sealed(hands, PASSPHRASE).get("main") == CANARY
        await hands.until(lambda: hands.snapshot.upstreams["lab"].secret == "sealed:main")
        assert not hands.proxy.daemon.in_force.assembly.missing


async def test_a_key_is_looked_for_sealed_anew_and_removed_once_that_is_confirmed(tmp_path: Path) -> None:
    async with keyed(tmp_path, secret="sealed:lab") as hands:
        await hands.sees("is shut")
        await hands.press("v")
        await paste(hands, "wrong")
        await hands.press("enter")
        assert "This is not the passphrase" in await done(hands)
        await hands.press("w")
        await hands.until(lambda: isinstance(hands.app.screen, SecretList))
        await hands.press("p")
        for text in (PASSPHRASE, OTHER, OTHER):
            await paste(hands, text)
            await hands.press("down")
        assert "canary" not in hands.text
        await hands.press("enter")
        assert "has another passphrase now" in await done(hands)
        await hands.until(lambda: hands.snapshot.upstreams["lab"].health == "ok")
        await hands.press("w")
        await hands.until(lambda: isinstance(hands.app.screen, SecretList))
        await hands.press("x")
        await paste(hands, OTHER)
        await hands.press("enter")
        await hands.sees("sealed:lab is kept nowhere then, and cannot be brought back.")
        await hands.sees("1 user of it: upstream lab.")
        assert sealed(hands, OTHER).get("lab") == CANARY
        await hands.press("y")
        assert "is not kept any more" in await done(hands)
        assert sealed(hands, OTHER).get("lab") is None


def test_no_passphrase_is_part_of_a_command_or_of_what_is_printed() -> None:
    deed, command = read_change((PASSPHRASE, OTHER, OTHER))
    assert deed.typed == f"{PASSPHRASE}\n{OTHER}\n"
    assert command == "bursar secret passphrase"
    assert "canary" not in repr(deed)
    assert all(field.concealed for field in (*PASSPHRASE_FIELD, *CHANGE_FIELDS))
    deed, command = read_one(lambda typed: moving("keyring:lab", "sealed", typed), (PASSPHRASE,))
    assert (deed.unshown, command) == (("--piped",), "bursar secret move keyring:lab sealed")
    assert removing("keyring:lab", (), "").unshown == ()
    assert targets("keyring:lab") == ["sealed"]
    assert targets("file:/x") == ["keyring", "sealed"]
    for typed in ((PASSPHRASE, "", ""), ("", OTHER, OTHER), (PASSPHRASE, OTHER, "else")):
        with pytest.raises(ValueError, match="passphrase|not the same"):
            read_change(typed)


def test_only_what_can_be_done_to_a_key_is_offered() -> None:
    places = (SecretPlace("env:OPENAI", ("upstream a",), "It is not set."), SecretPlace("sealed:b", ("plan c",)))
    page = SecretList(SecretPlaces(places, "/s", "absent"))

    def offers() -> set[str]:
        return {what for what in ("move", "remove", "check", "passphrase") if page.check_action("wish", (what,))}

    assert offers() == {"move", "check"}
    page.action_move(1)
    assert offers() == {"move", "remove", "check"}
    empty = SecretList(SecretPlaces((), "/s", "shut"))
    assert not empty.check_action("wish", ("move",))
    assert empty.check_action("wish", ("passphrase",))
