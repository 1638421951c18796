"""Only a keyring that keeps secrets is used, and one that does not answer stops nothing."""

import asyncio
import importlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from keyring.backend import KeyringBackend
from keyring.backends import chainer, fail, null
from keyring.errors import KeyringLocked, PasswordSetError

from bursar.secrets.os_keyring import REAL, SERVICE, OsKeyring
from bursar.secrets.secret import SecretUnavailable

CANARY = "sk-canary-0123456789"


class Drawer(KeyringBackend):
    """A keyring that lives as long as the test."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.items.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.items[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.items[service, username]


class Forgetful(Drawer):
    """Accepts, and keeps a part."""

    def set_password(self, service: str, username: str, password: str) -> None:
        super().set_password(service, username, password[:8])


class Talkative(Drawer):
    """Fails, and quotes the password in doing so."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise PasswordSetError(f"cannot set {password}")


class Locked(Drawer):
    """Is locked."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("locked")


class Waiting(Drawer):
    """Waits for a password that nobody enters."""

    entered = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.entered.wait(60)
        return None


def keyring_of(backend: KeyringBackend, limit_s: float = 60.0) -> OsKeyring:
    accepted = frozenset(
        f"{kind.__module__}.{kind.__qualname__}" for kind in (Drawer, Forgetful, Talkative, Locked, Waiting)
    )
    return OsKeyring(lambda: backend, accepted=accepted, limit_s=limit_s)


async def test_what_is_kept_is_there_until_it_is_forgotten() -> None:
    drawer = Drawer()
    keyring = keyring_of(drawer)
    await keyring.put("main", CANARY)
    assert drawer.items == {(SERVICE, "main"): CANARY}
    assert await keyring.get("main") == CANARY
    await keyring.forget("main")
    await keyring.forget("main")
    assert await keyring.get("main") is None
    assert (await keyring.backend()).endswith(".Drawer")


async def test_what_is_not_kept_whole_is_said() -> None:
    with pytest.raises(SecretUnavailable, match="did not keep it"):
        await keyring_of(Forgetful()).put("main", CANARY)


async def test_a_back_ends_own_words_are_not_passed_on() -> None:
    with pytest.raises(SecretUnavailable, match="PasswordSetError") as refused:
        await keyring_of(Talkative()).put("main", CANARY)
    assert "canary" not in repr(refused.value) + str(refused.value)
    assert refused.value.__context__ is None


async def test_a_locked_keyring_is_said() -> None:
    with pytest.raises(SecretUnavailable, match="locked"):
        await keyring_of(Locked()).get("main")


async def test_a_keyring_that_waits_is_left_alone() -> None:
    # Else there is an answer in the end, which says that there is no such item.
    with pytest.raises(SecretUnavailable, match="did not answer"):
        await keyring_of(Waiting(), limit_s=0.1).get("main")
    Waiting.entered.set()


BAD: dict[str, Callable[[], KeyringBackend]] = {"fail": fail.Keyring, "null": null.Keyring}


@pytest.mark.parametrize("name", BAD)
async def test_a_keyring_that_is_none_is_refused_with_the_way_out(name: str) -> None:
    keyring = OsKeyring(BAD[name])
    for ask in (keyring.get("main"), keyring.put("main", CANARY), keyring.forget("main"), keyring.backend()):
        with pytest.raises(SecretUnavailable, match='secret = "env:NAME"'):
            await ask


async def test_of_a_chain_only_a_real_member_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    make_chain: Callable[[], KeyringBackend] = chainer.ChainerBackend
    drawer = Drawer()
    monkeypatch.setattr(chainer.ChainerBackend, "backends", [BAD["null"](), drawer])
    await keyring_of(make_chain()).put("main", CANARY)
    assert drawer.items == {(SERVICE, "main"): CANARY}
    monkeypatch.setattr(chainer.ChainerBackend, "backends", [BAD["null"](), BAD["fail"]()])
    with pytest.raises(SecretUnavailable, match="none that is known"):
        await keyring_of(make_chain()).get("main")


@pytest.mark.parametrize("name", sorted(REAL))
def test_the_real_ones_exist_under_their_names(name: str) -> None:
    module, _, kind = name.rpartition(".")
    assert issubclass(getattr(importlib.import_module(module), kind), KeyringBackend)


PROGRAM = """
import asyncio
from bursar.secrets.os_keyring import OsKeyring
from bursar.secrets.secret import SecretUnavailable
try:
    asyncio.run(OsKeyring().put("main", "sk-canary"))
except SecretUnavailable as error:
    print(error.sentence)
"""

PLAIN = """
from keyring.backend import KeyringBackend
class PlaintextKeyring(KeyringBackend):
    priority = 9
    def get_password(self, service, username): return open(__file__ + ".txt").read()
    def set_password(self, service, username, password): open(__file__ + ".txt", "w").write(password)
    def delete_password(self, service, username): pass
"""


@pytest.mark.parametrize("module", ["keyrings/alt/file.py", "keyrings/cryptfile/cryptfile.py", "elsewhere/rings.py"])
def test_a_plain_keyring_that_the_library_would_use_is_refused(tmp_path: Path, module: str) -> None:
    file = tmp_path / module
    file.parent.mkdir(parents=True)
    file.write_text(PLAIN)
    name = module.removesuffix(".py").replace("/", ".") + ".PlaintextKeyring"
    path = os.pathsep.join([str(tmp_path), *sys.path])
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": path, "PYTHON_KEYRING_BACKEND": name, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "The keyring in use here" in answer.stdout
    assert "file:PATH" in answer.stdout
    assert not list(tmp_path.rglob("*.txt"))
    assert "canary" not in answer.stdout + answer.stderr


def test_a_process_ends_though_its_keyring_never_answers() -> None:
    program = """
import asyncio, threading
from bursar.secrets.os_keyring import OsKeyring
from bursar.secrets.secret import SecretUnavailable
async def main():
    try:
        await OsKeyring(lambda: threading.Event().wait(), limit_s=0.2).get("main")
    except SecretUnavailable:
        print("left")
asyncio.run(main())
"""
    path = os.pathsep.join(sys.path)
    answer = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert answer.stdout == b"left\n"


async def test_waiting_for_the_keyring_does_not_stop_the_loop() -> None:
    Waiting.entered.clear()
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(keyring_of(Waiting(), limit_s=60).get("main"))
        await asyncio.sleep(0)
        assert not asking.done()
        Waiting.entered.set()
    assert asking.result() is None


class Slow(Drawer):
    """Answers when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.may = threading.Event(), threading.Event()
        self.questions = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.questions += 1
        self.asked.set()
        self.may.wait(60)
        return super().get_password(service, username)


async def test_what_comes_late_is_told_and_had_without_asking_again() -> None:
    slow, told = Slow(), asyncio.Queue[None]()
    slow.items = {(SERVICE, name): f"{CANARY}-{name}" for name in ("main", "spare")}
    keyring = OsKeyring(lambda: slow, accepted=frozenset({f"{Slow.__module__}.{Slow.__qualname__}"}), limit_s=0.1)
    keyring.came_late = lambda: told.put_nowait(None)
    for _ in range(2):
        answers = await asyncio.gather(keyring.get("main"), keyring.get("spare"), return_exceptions=True)
        assert ["did not answer" in str(answer) for answer in answers] == [True, True]
    await asyncio.to_thread(slow.asked.wait, 60)
    assert slow.questions == 1  # one at a time: each might show a prompt
    slow.may.set()
    async with asyncio.timeout(60):
        await told.get()
        await told.get()
    assert await keyring.get("main") == f"{CANARY}-main"
    assert await keyring.get("spare") == f"{CANARY}-spare"
    assert slow.questions == 2
