"""The sealed file: made, opened, changed by several, and never written half."""

import asyncio
import os
import stat
import threading
import time
from pathlib import Path

import pytest

from bursar.domain.secret_reference import reference_of
from bursar.secrets import seal
from bursar.secrets.passphrase import passphrase_at_hand
from bursar.secrets.sealed_file import SealedFile
from bursar.secrets.secret import SealedShut, Secret, SecretUnavailable, WrongPassphrase
from bursar.secrets.secrets import Secrets

CANARY = "sk-canary-0123456789"
PASSPHRASE = "correct horse canary staple"


@pytest.fixture(autouse=True)
def _new_keys_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one really costs is tried beside the seal itself."""
    monkeypatch.setattr(seal, "_N", 2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "secrets.sealed"


@pytest.fixture
def file(path: Path) -> SealedFile:
    """One that is there and shut, whose passphrase costs nothing to try."""
    path.parent.mkdir(mode=0o700)
    path.write_bytes(seal.sealed({"main": CANARY}, seal.derived(PASSPHRASE, b"s" * 16, 2, 8, 1)))
    path.chmod(0o600)
    return SealedFile(path)


def test_a_file_is_made_by_the_first_key_for_this_user_alone(path: Path) -> None:
    asked = []

    def ask(new: bool) -> str:
        asked.append(new)
        return PASSPHRASE

    made = SealedFile(path, ask)
    before = os.umask(0)
    try:
        made.put("main", CANARY)
        made.put("spare", f"{CANARY}-2")
    finally:
        os.umask(before)
    assert asked == [True]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["secrets.sealed"]
    assert b"canary" not in path.read_bytes()
    again = SealedFile(path, lambda _: PASSPHRASE)
    assert (again.get("main"), again.get("none"), again.names()) == (CANARY, None, ("main", "spare"))
    again.forget("main")
    again.forget("main")
    assert made.names() == ("spare",)
    assert made.get("main") is None


def test_a_short_passphrase_is_not_taken(path: Path) -> None:
    with pytest.raises(SecretUnavailable, match="at least 10"):
        SealedFile(path, lambda _: "horse").put("main", CANARY)
    assert not path.exists()


def test_without_a_passphrase_the_names_are_known_and_nothing_else(file: SealedFile) -> None:
    assert file.names() == ("main",)
    assert file.get("other") is None
    assert not file.is_open
    with pytest.raises(SealedShut, match="bursar secret unlock"):
        file.get("main")
    with pytest.raises(SealedShut, match="bursar secret unlock"):
        file.put("spare", CANARY)
    with pytest.raises(SealedShut, match="bursar secret unlock"):
        file.forget("main")
    with pytest.raises(SealedShut):
        SealedFile(file.path.with_name("another")).put("main", CANARY)


def test_once_opened_it_stays_open_until_somebody_changes_the_passphrase(file: SealedFile) -> None:
    with pytest.raises(WrongPassphrase, match="not the passphrase of the sealed file"):
        file.unlock("wrong")
    file.unlock(PASSPHRASE)
    assert (file.is_open, file.get("main")) == (True, CANARY)
    other = SealedFile(file.path, lambda _: PASSPHRASE)
    other.change_passphrase("another, and longer")
    assert not file.is_open
    with pytest.raises(SealedShut):
        file.get("main")
    file.unlock("another, and longer")
    assert file.get("main") == CANARY
    with pytest.raises(SecretUnavailable, match="at least"):
        file.change_passphrase("short")
    with pytest.raises(SecretUnavailable, match="already"):
        file.begin(PASSPHRASE)


def test_what_is_wrong_with_it_is_said_with_its_name(file: SealedFile) -> None:
    file.unlock(PASSPHRASE)
    good = file.path.read_bytes()
    for content, sentence in {
        b"": "is none that Bursar wrote",
        good[:-20]: "is damaged",
        good.replace(b"secrets 1", b"secrets 9"): "newer version",
    }.items():
        file.path.write_bytes(content)
        with pytest.raises(SecretUnavailable, match=f"secrets.sealed {sentence}|{sentence}"):
            file.get("main")
        with pytest.raises(SecretUnavailable, match=sentence):
            file.put("main", CANARY)
        assert file.path.read_bytes() == content
    file.path.write_bytes(good)
    file.path.chmod(0o644)
    with pytest.raises(SecretUnavailable, match="chmod 600"):
        file.get("main")


def test_many_who_change_it_at_once_lose_nothing(file: SealedFile) -> None:
    opened = []
    for _ in range(4):
        each = SealedFile(file.path)
        each.unlock(PASSPHRASE)
        opened.append(each)
    threads = [
        threading.Thread(target=each.put, args=(f"key-{place}-{count}", CANARY))
        for place, each in enumerate(opened)
        for count in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(file.names()) == 21
    assert [each.name for each in file.path.parent.iterdir()] == [file.path.name]


def test_what_a_killed_program_left_is_in_nobodys_way_for_long(file: SealedFile) -> None:
    lock = file.path.with_name(f".{file.path.name}.lock")
    lock.touch()
    os.utime(lock, (time.time() - 60, time.time() - 60))
    file.unlock(PASSPHRASE)
    file.put("spare", CANARY)
    assert not lock.exists()


async def test_a_key_is_had_by_its_reference(file: SealedFile) -> None:
    secrets = Secrets(sealed=file)
    with pytest.raises(SealedShut):
        await secrets.get("sealed:main")
    assert not await secrets.within_reach(reference_of("sealed:main"))
    file.unlock(PASSPHRASE)
    assert await secrets.within_reach(reference_of("sealed:main"))
    assert await secrets.get("sealed:main") == Secret(CANARY)
    with pytest.raises(SecretUnavailable, match="bursar secret set sealed:other"):
        await secrets.get("sealed:other")
    await secrets.put("sealed:other", Secret(CANARY))
    assert await secrets.get("sealed:other") == Secret(CANARY)
    await secrets.forget("sealed:other")
    with pytest.raises(SecretUnavailable):
        await secrets.get("sealed:other")


async def test_what_was_had_stays_known_while_the_file_is_shut(file: SealedFile) -> None:
    secrets = Secrets(sealed=file)
    file.unlock(PASSPHRASE)
    await secrets.get("sealed:main")
    await asyncio.to_thread(SealedFile(file.path, lambda _: PASSPHRASE).change_passphrase, "another, and longer")
    assert await secrets.get("sealed:main") == Secret(CANARY)
    file.path.unlink()
    with pytest.raises(SecretUnavailable, match="has no secret"):
        await secrets.get("sealed:main")


def test_the_passphrase_at_hand_is_a_credential_or_a_closed_file(tmp_path: Path) -> None:
    assert passphrase_at_hand({}) is None
    named = tmp_path / "passphrase"
    named.write_text(f"{PASSPHRASE}\n")
    named.chmod(0o600)
    assert passphrase_at_hand({"BURSAR_PASSPHRASE_FILE": str(named)}) == PASSPHRASE
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "bursar-passphrase").write_text("from systemd, as it is")
    environ = {"BURSAR_PASSPHRASE_FILE": str(named), "CREDENTIALS_DIRECTORY": str(credentials)}
    assert passphrase_at_hand(environ) == "from systemd, as it is"
    assert passphrase_at_hand({"BURSAR_PASSPHRASE": PASSPHRASE}) is None
    named.chmod(0o644)
    with pytest.raises(SecretUnavailable, match="chmod 600") as refused:
        passphrase_at_hand({"BURSAR_PASSPHRASE_FILE": str(named)})
    assert "canary" not in str(refused.value)
