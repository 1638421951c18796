"""The keyring of a real Linux desktop: open, locked, with a prompt that nobody answers, and not there."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.desktop import MISSING, Desktop, desktop

from bursar.domain.secret_reference import reference_of
from bursar.secrets.os_keyring import OsKeyring
from bursar.secrets.secret import OutOfReach, Secret, SecretUnavailable
from bursar.secrets.secrets import Secrets

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"this machine has no {' and no '.join(MISSING)}"),
    # The keyring library leaves its connection to the collector where the keyring is locked.
    pytest.mark.filterwarnings("ignore:.*<socket.socket:pytest.PytestUnraisableExceptionWarning"),
]

CANARY = "sk-canary-0123456789"


@pytest.fixture(scope="module")
def machine() -> Iterator[Desktop]:
    with desktop() as made:
        yield made


@pytest.fixture(autouse=True)
def here(machine: Desktop, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process on that desktop, with its keyring open."""
    import keyring

    for name, value in machine.environ.items():
        monkeypatch.setenv(name, value)
    machine.unlock()
    # What the library found on the machine of another test is not to be what it finds here.
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    vars(keyring.backend.get_all_keyring).pop("saved_result", None)
    yield
    vars(keyring.backend.get_all_keyring).pop("saved_result", None)


async def test_a_key_is_kept_and_had_again() -> None:
    keyring = OsKeyring()
    assert await keyring.backend() == "keyring.backends.SecretService.Keyring"
    await keyring.put("main", CANARY)
    assert await keyring.get("main") == CANARY
    assert await keyring.get("none") is None
    assert await keyring.within_reach("main")
    assert not await keyring.within_reach("none")
    await keyring.forget("main")
    assert await keyring.get("main") is None


async def test_a_locked_one_whose_prompt_cannot_be_shown_is_said_at_once(machine: Desktop) -> None:
    await OsKeyring().put("main", CANARY)
    machine.lock()
    # Not "did not answer", which is what is said once it has been waited for.
    with pytest.raises(OutOfReach, match="The keyring is locked"):
        await OsKeyring(limit_s=60).get("main")
    assert not await OsKeyring().within_reach("main")


async def test_a_prompt_that_nobody_answers_is_left_alone_and_the_key_had_once_it_is_unlocked(
    machine: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyrings = [OsKeyring(limit_s=60), OsKeyring(limit_s=60)]
    secrets, fresh = (Secrets(keyring=each) for each in keyrings)
    await secrets.put("keyring:main", Secret(CANARY))
    with machine.nobody_answers():
        machine.lock()
        with monkeypatch.context() as short:
            for each in keyrings:
                short.setattr(each, "_limit_s", 0.4)
            names = [f"keyring:{name}" for name in ("main", "spare", "other")]
            answers = await asyncio.gather(*map(fresh.get, names), return_exceptions=True)
            assert ["did not answer" in str(answer) for answer in answers] == [True] * 3
            assert await secrets.get("keyring:main") == Secret(CANARY)  # it was had before, and is not lost
        assert not await fresh.within_reach(reference_of("keyring:main"))
        machine.unlock()
        assert await fresh.within_reach(reference_of("keyring:main"))
        assert await fresh.get("keyring:main") == Secret(CANARY)


async def test_a_change_while_it_is_locked_is_refused_and_says_nothing_of_the_key(machine: Desktop) -> None:
    machine.lock()
    with pytest.raises(SecretUnavailable, match="locked") as refused:
        await OsKeyring().put("main", CANARY)
    assert "canary" not in repr(refused.value)


async def test_one_that_comes_after_us_is_found(monkeypatch: pytest.MonkeyPatch, machine: Desktop) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    keyring = OsKeyring()
    with pytest.raises(OutOfReach, match="no keyring"):
        await keyring.get("main")
    assert not await keyring.within_reach("main")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", machine.address)
    assert await keyring.get("nobody-set-it") is None


@pytest.mark.parametrize("address", ["unix:path=/nowhere", "", "nonsense"])
def test_without_a_bus_the_command_says_so(tmp_path: Path, address: str) -> None:
    env = {**os.environ, "DBUS_SESSION_BUS_ADDRESS": address, "BURSAR_HOME": str(tmp_path)}
    env["PYTHONPATH"] = os.pathsep.join(sys.path)
    command = [sys.executable, "-m", "bursar", "secret", "set", "keyring:main"]
    answer = subprocess.run(
        command, env=env, input=f"{CANARY}\n", capture_output=True, text=True, timeout=60, check=False
    )
    assert answer.returncode == 1
    assert "sealed:NAME" in answer.stderr
    assert CANARY not in answer.stderr + answer.stdout
