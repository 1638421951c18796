"""Keys are read from where their references say, only from safe places, and nothing of them is said."""

import asyncio
import logging
import os
from pathlib import Path

import pytest

from bursar.secrets.os_keyring import OsKeyring
from bursar.secrets.secret import Secret, SecretUnavailable
from bursar.secrets.secrets import Secrets

CANARY = "sk-canary-0123456789"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "key"
    file.write_text(CANARY + "\n")
    file.chmod(0o600)
    return file


async def read(secrets: Secrets, reference: str) -> str:
    secret = await secrets.get(reference)
    assert secret is not None
    return secret.reveal()


async def test_a_variable() -> None:
    secrets = Secrets(environ={"KEY": f"Bearer {CANARY}", "EMPTY": "", "BROKEN": f"{CANARY}\n{CANARY}"})
    assert await read(secrets, "env:KEY") == CANARY
    for name, sentence in {"NONE": "is not set", "EMPTY": "it is empty", "BROKEN": "a line end"}.items():
        with pytest.raises(SecretUnavailable, match=sentence) as refused:
            await secrets.get(f"env:{name}")
        assert "canary" not in refused.value.sentence


async def test_a_file_of_ours(file: Path) -> None:
    assert await read(Secrets(), f"file:{file}") == CANARY
    assert await read(Secrets(folder=file.parent), "file:key") == CANARY


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o601])
def test_a_file_that_others_may_touch_is_refused_with_the_command(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(SecretUnavailable, match=f"chmod 600 {file}") as refused:
        asyncio.run(Secrets().get(f"file:{file}"))
    assert f"{mode:04o}" in refused.value.sentence


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
async def test_a_file_of_another_user_is_refused(file: Path) -> None:
    os.chown(file, 12345, -1)
    with pytest.raises(SecretUnavailable, match="belongs to another user"):
        await Secrets().get(f"file:{file}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "large").write_text("x" * 100_000)
    for each in tmp_path.iterdir():
        each.chmod(0o600)
    return tmp_path


async def test_what_is_no_file_is_refused(folder: Path) -> None:
    secrets = Secrets(folder=folder)
    refused = {"pipe": "no ordinary file", "bytes": "other than text", "large": "too large", "none": "cannot be read"}
    for name, sentence in refused.items():
        with pytest.raises(SecretUnavailable, match=sentence):
            await secrets.get(f"file:{name}")
    with pytest.raises(SecretUnavailable):
        await secrets.get("file:.")


async def test_none_is_no_key() -> None:
    assert await Secrets().get("none") is None


async def test_what_the_service_manager_hands_over_comes_before_the_keyring(tmp_path: Path) -> None:
    (tmp_path / "main").write_text(CANARY)
    (tmp_path / "main").chmod(0o440)
    secrets = Secrets(environ={"CREDENTIALS_DIRECTORY": str(tmp_path)}, keyring=no_keyring())
    assert await read(secrets, "keyring:main") == CANARY
    with pytest.raises(SecretUnavailable, match="no keyring"):
        await secrets.get("keyring:other")


def no_keyring() -> OsKeyring:
    from keyring.backends import fail

    return OsKeyring(fail.Keyring)


async def test_a_file_is_written_for_this_user_alone(tmp_path: Path) -> None:
    secrets = Secrets(folder=tmp_path)
    before = os.umask(0)
    try:
        await secrets.put("file:keys/main", Secret("other"))
        await secrets.put("file:keys/main", Secret(CANARY))
    finally:
        os.umask(before)
    assert await read(secrets, "file:keys/main") == CANARY
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["main"]
    with pytest.raises(SecretUnavailable, match="cannot be written") as refused:
        await secrets.put("file:keys", Secret(CANARY))
    assert "canary" not in refused.value.sentence


async def test_what_is_not_ours_is_not_changed(file: Path) -> None:
    secrets = Secrets()
    for change in (
        secrets.put("env:KEY", Secret(CANARY)),
        secrets.put("none", Secret(CANARY)),
        secrets.forget(f"file:{file}"),
        secrets.forget("env:KEY"),
    ):
        with pytest.raises(SecretUnavailable, match="not changed from here"):
            await change


async def test_a_key_in_place_of_a_reference_is_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for reference in (CANARY, f"keyring:{CANARY} x", f"env:{CANARY}"):
        with pytest.raises(SecretUnavailable) as refused:
            await Secrets().get(reference)
        assert "canary" not in repr(refused.value) + caplog.text


async def test_a_variable_with_a_key_is_not_handed_on_to_programs_that_are_started() -> None:
    environ = {"KEY": CANARY, "OTHER": "stays"}
    secrets = Secrets(environ=environ, conceal=True)
    for _ in range(2):
        assert await read(secrets, "env:KEY") == CANARY
    assert environ == {"OTHER": "stays"}


async def test_a_key_that_was_had_is_forgotten_once_it_is_gone(file: Path) -> None:
    secrets = Secrets()
    assert await read(secrets, f"file:{file}") == CANARY
    await asyncio.to_thread(file.unlink)
    with pytest.raises(SecretUnavailable, match="cannot be read"):
        await secrets.get(f"file:{file}")
