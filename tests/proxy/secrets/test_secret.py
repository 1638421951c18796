"""A secret shows itself to nobody who does not ask for it by name, and only what can be a key becomes one."""

import copy
import logging
import pickle
import traceback
from dataclasses import dataclass

import pytest

from bursar.secrets.secret import Secret, secret_of

CANARY = "sk-canary-0123456789"


@dataclass
class Holder:
    secret: Secret


def test_no_ordinary_way_of_showing_shows_it(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(CANARY)
    logging.getLogger("test").error("%s %r %s", secret, secret, {"key": secret})
    try:
        raise RuntimeError(secret)
    except RuntimeError:
        trace = traceback.format_exc()
    ways = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret!r:>20}",
        str([secret]),
        str(Holder(secret)),
        trace,
        caplog.text,
    ]
    assert not [way for way in ways if "canary" in way]
    assert secret.reveal() == CANARY


def test_it_cannot_be_written_or_kept_in_a_set() -> None:
    for write in (pickle.dumps, copy.deepcopy, hash):
        with pytest.raises(TypeError):
            write(Secret(CANARY))
    assert not hasattr(Secret(CANARY), "__dict__")


def test_secrets_are_compared_by_what_they_are() -> None:
    assert Secret(CANARY) == Secret(CANARY)
    assert Secret(CANARY) != Secret(CANARY + "x")
    assert Secret(CANARY) != CANARY


@pytest.mark.parametrize(
    "pasted",
    [
        CANARY,
        f" {CANARY}\n",
        f"Bearer {CANARY}",
        f"bearer  {CANARY}\r\n",
        f"Authorization: Bearer {CANARY}",
        f"\t{CANARY}",
    ],
)
def test_what_people_paste_around_a_key_is_taken_off(pasted: str) -> None:
    assert secret_of(pasted).reveal() == CANARY


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        " \n",
        "Bearer ",
        f"{CANARY} x",
        f"{CANARY}\n{CANARY}",
        f"{CANARY}\x00",
        f"{CANARY}\x1b[2J",
        f"{CANARY}é",
        CANARY * 500,
    ],
)
def test_what_is_no_key_is_refused_without_showing_it(pasted: str) -> None:
    with pytest.raises(ValueError, match="^it ") as refused:
        secret_of(pasted)
    assert "canary" not in str(refused.value)
