"""`bursar secret` takes a key from standard input and never shows it."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
