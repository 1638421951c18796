"""`bursar secret` takes a key from standard input and never shows it."""

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes.conversation import conversation
from fakes.desktop import MISSING, desktop

from bursar.secrets import seal
from bursar.secrets.sealed_file import SealedFile
from bursar.secrets.secret_file import write_private_bytes

Bursar = Callable[..., Any]
Started = Callable[..., Any]
Typed = Callable[[str], None]

CANARY = "sk-canary-0123456789"


@pytest.fixture
def keyring(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine whose keyring accepts everything and keeps nothing."""
    return {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", "HOME": str(tmp_path)}


def test_a_keyring_that_forgets_is_refused(start: Callable[..., Any], keyring: dict[str, str]) -> None:
    process = start("secret", "set", "main", env=keyring, stdin=subprocess.PIPE)
    out, err = process.communicate(f"{CANARY}\n", timeout=60)
    assert (process.returncode, out) == (1, "")
    assert "forgets" in err
    assert CANARY not in err


@pytest.mark.parametrize("pasted", ["", "\n", f"{CANARY} {CANARY}\n"])
def test_what_is_no_key_is_refused(start: Callable[..., Any], keyring: dict[str, str], pasted: str) -> None:
    process = start("secret", "set", "main", env=keyring, stdin=subprocess.PIPE)
    out, err = process.communicate(pasted, timeout=60)
    assert (process.returncode, out) == (1, "")
    assert "This is no key" in err
    assert "canary" not in err


def test_a_key_in_place_of_a_name_is_wrong_use(start: Callable[..., Any], keyring: dict[str, str]) -> None:
    process = start("secret", "check", f"{CANARY} ", env=keyring)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "canary" not in err


PASSPHRASE = "a canary's long passphrase"
CONFIG = """
[server]
port = 0
[upstreams.lab]
kind = "openai_compatible"
base_url = "{practice}"
secret = "sealed:lab"
[upstreams.free]
kind = "openai_compatible"
base_url = "{practice}"
"""


@pytest.fixture
def at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the passphrase, as a service would have it."""
    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE)
    file.chmod(0o600)
    monkeypatch.setenv("BURSAR_PASSPHRASE_FILE", str(file))
    return file


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Has something piped in."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


@pytest.fixture
def sealed(config_file: Path, practice: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration with a key in the sealed file, whose passphrase costs nothing to try, and which has none yet."""
    file = config_file.parent / "data" / "secrets.sealed"
    file.parent.mkdir(parents=True, mode=0o700)
    monkeypatch.setattr(seal, "_N", 2)  # nor has another one that is taken in its place
    config_file.write_text(CONFIG.format(practice=practice))
    write_private_bytes(file, seal.sealed({}, seal.derived(PASSPHRASE, b"s" * 16, 2, 8, 1)))
    return file


def test_a_sealed_key_is_set_listed_moved_and_removed_without_a_proxy(
    bursar: Bursar, sealed: Path, config_file: Path, at_hand: Path, typed: Typed, tmp_path: Path
) -> None:
    typed(CANARY)
    assert "Stored as sealed:lab" in bursar("secret", "set", "lab").out
    assert CANARY.encode() not in sealed.read_bytes()
    listed = bursar("secret", "list", "--json").json
    assert listed["places"] == [{"reference": "sealed:lab", "used_by": ["upstream lab"], "reason": ""}]
    assert listed["sealed"] == "open"
    assert bursar("secret", "check", "lab").status == 0
    moved = bursar("secret", "move", "lab", f"file:{tmp_path}/key")
    assert "Moved from sealed:lab" in moved.out
    assert (tmp_path / "key").read_text() == CANARY + "\n"
    assert f'secret = "file:{tmp_path}/key"' in config_file.read_text()
    assert "has no secret" in bursar("secret", "check", "sealed:lab").err
    assert "still: take it away" in bursar("secret", "move", "lab", "sealed:lab").out
    assert SealedFile(sealed, lambda _: PASSPHRASE).get("lab") == CANARY
    assert "is named by upstream lab still" in bursar("secret", "remove", "lab").err
    assert bursar("secret", "check", "lab").status == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["move", "lab", "env:KEY"], "moved to the keyring"),
        (["move", "lab", "nonsense"], "no place for a secret"),
        (["check", "sealed:"], "no name of a secret"),
    ],
)
def test_what_cannot_be_is_said(bursar: Bursar, sealed: Path, words: list[str], sentence: str) -> None:
    ran = bursar("secret", *words)
    assert ran.status in (1, 2, 3)
    assert sentence in ran.err


def test_there_is_no_passphrase_of_no_file(bursar: Bursar) -> None:
    assert "no sealed file yet" in bursar("secret", "passphrase").err
    assert "No proxy is running" in bursar("secret", "unlock").err


def test_another_passphrase_opens_it_and_the_one_before_no_more(
    bursar: Bursar, sealed: Path, at_hand: Path, typed: Typed
) -> None:
    SealedFile(sealed, lambda _: PASSPHRASE).put("lab", CANARY)
    typed("another and longer\n")
    changed = bursar("secret", "passphrase")
    assert "change it there too" in changed.err
    assert "not the passphrase" in bursar("secret", "check", "lab").err
    at_hand.write_text("another and longer")
    assert bursar("secret", "check", "lab").status == 0
    assert "canary" not in changed.out + changed.err


def test_passphrases_are_piped_in_a_line_each(
    bursar: Bursar, sealed: Path, typed: Typed, tmp_path: Path, config_file: Path
) -> None:
    SealedFile(sealed, lambda _: PASSPHRASE).put("lab", CANARY)
    typed(f"{PASSPHRASE}\n")
    assert "is there" in bursar("secret", "check", "lab", "--piped").out
    typed(f"{PASSPHRASE}\nanother and longer\n")
    changed = bursar("secret", "passphrase", "--piped")
    assert changed.status == 0, changed.err
    typed(f"{PASSPHRASE}\n")
    assert "not the passphrase" in bursar("secret", "check", "lab", "--piped").err
    typed("")
    assert "No passphrase was given" in bursar("secret", "check", "lab", "--piped").err
    typed("another and longer\n")
    assert bursar("secret", "move", "lab", f"file:{tmp_path}/key", "--piped").status == 0
    assert f'secret = "file:{tmp_path}/key"' in config_file.read_text()


def test_without_a_passphrase_the_proxy_serves_the_rest_until_it_is_opened(
    bursar: Bursar, sealed: Path, start: Started, typed: Typed, at_hand: Path
) -> None:
    SealedFile(sealed, lambda _: PASSPHRASE).put("lab", CANARY)
    process = start("serve", env={"BURSAR_PASSPHRASE_FILE": ""})
    assert process.stdout.readline().startswith("listening on ")
    assert [each["health"] for each in bursar("upstream", "list", "--json").json] == ["off", "ok"]
    assert "is shut" in bursar("status").out
    assert bursar("upstream", "check", "free").status == 0
    asked = {each["check"]: each["state"] for each in bursar("doctor", "--json").json}
    assert asked["sealed file"] == "well"  # the passphrase is at hand here, if not there
    assert "open for the running proxy" in bursar("secret", "unlock").out
    assert [each["health"] for each in bursar("upstream", "list", "--json").json] == ["ok", "ok"]
    typed(f"{CANARY}-2")
    assert "takes the key" in bursar("secret", "set", "lab").out
    assert SealedFile(sealed, lambda _: PASSPHRASE).get("lab") == f"{CANARY}-2"


def test_whoever_starts_it_at_a_terminal_is_asked(sealed: Path, bursar: Bursar) -> None:
    SealedFile(sealed, lambda _: PASSPHRASE).put("lab", CANARY)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    answers = [("Passphrase of the sealed file", "wrong"), ("Passphrase of the sealed file", PASSPHRASE)]
    screen = conversation([sys.executable, "-m", "bursar", "serve"], env, answers, until="listening on", limit_s=60)
    assert "listening on" in screen
    assert "has no key" not in screen
    assert "canary" not in screen


@pytest.mark.skipif(bool(MISSING), reason=f"this machine has no {' and no '.join(MISSING)}")
def test_a_locked_keyring_holds_up_one_upstream_and_only_until_it_is_unlocked(
    bursar: Bursar, config_file: Path, practice: str, start: Started, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    config_file.parent.mkdir(parents=True)
    config_file.write_text(CONFIG.format(practice=practice).replace("sealed:", "keyring:"))
    with desktop() as machine:
        for name, value in machine.environ.items():
            monkeypatch.setenv(name, value)
        process = start("secret", "set", "lab", stdin=subprocess.PIPE)
        out, err = process.communicate(CANARY, timeout=60)
        assert (out, process.returncode) == ("Stored as keyring:lab.\n", 0), err
        with machine.nobody_answers():
            machine.lock()
            assert start("serve").stdout.readline().startswith("listening on ")
            assert [each["health"] for each in bursar("upstream", "list", "--json").json] == ["off", "ok"]
            assert "Unlock it" in bursar("status").out
            assert bursar("upstream", "check", "free").status == 0
            machine.unlock()
            until = time.monotonic() + 60
            while bursar("upstream", "list", "--json").json[0]["health"] != "ok":
                assert time.monotonic() < until, "it does not notice that the keyring is open"
                time.sleep(0.2)
        assert bursar("upstream", "check", "lab").status == 0
