"""A sealed text opens with its passphrase alone, shows nothing else, and says what is wrong with it."""

import hashlib
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.secrets.seal import (
    Damaged,
    SealKey,
    derived,
    fits,
    key_for,
    names_in,
    new_key,
    sealed,
    unsealed,
)
from bursar.secrets.secret import WrongPassphrase

CANARY = "sk-canary-0123456789"
PASSPHRASE = "correct horse canary staple"
SECRETS = {"main": CANARY, "spare": f"{CANARY}-2"}


@pytest.fixture(scope="module")
def key() -> SealKey:
    """As strong as the user's is not: a test has no half seconds to give away."""
    return derived(PASSPHRASE, b"s" * 16, 2, 8, 1)


@pytest.fixture(scope="module")
def text(key: SealKey) -> bytes:
    return sealed(SECRETS, key)


def test_what_is_sealed_comes_out_with_the_passphrase_and_is_not_seen_without(text: bytes, key: SealKey) -> None:
    again = key_for(text, PASSPHRASE)
    assert unsealed(text, again) == SECRETS
    assert names_in(text) == ("main", "spare")
    assert b"canary" not in text
    assert b"canary" not in repr((key, again)).encode()
    assert sealed(SECRETS, key) != text  # a nonce of its own each time


def test_the_key_that_is_used_costs_a_guesser_what_it_should() -> None:
    key = new_key(PASSPHRASE)
    assert (key.n, key.r, key.p, len(key.salt), len(key.material)) == (65536, 8, 2, 16, 64)
    assert key.material == hashlib.scrypt(
        PASSPHRASE.encode(), salt=key.salt, n=65536, r=8, p=2, maxmem=1 << 27, dklen=64
    )
    assert not fits(sealed({}, key), derived(PASSPHRASE, b"t" * 16, 2, 8, 1))


@pytest.mark.parametrize("passphrase", ["", "correct horse", PASSPHRASE.upper(), PASSPHRASE + " "])
def test_another_passphrase_is_told_from_damage(text: bytes, passphrase: str) -> None:
    with pytest.raises(WrongPassphrase):
        key_for(text, passphrase)


def with_checksum(lines: list[bytes]) -> bytes:
    """What somebody who can write the file, but not open it, would leave."""
    above = b"\n".join(lines[:3]) + b"\n"
    return above + hashlib.sha256(above).hexdigest().encode() + b"\n"


def renamed(lines: list[bytes]) -> bytes:
    return with_checksum([lines[0], lines[1].replace(b'"spare"', b'"other"'), lines[2]])


def exchanged(lines: list[bytes]) -> bytes:
    other = sealed({"main": "sk-of-an-attacker"}, derived("another", b"s" * 16, 2, 8, 1)).split(b"\n")
    return with_checksum([lines[0], lines[1], other[2]])


@pytest.mark.parametrize("change", [renamed, exchanged])
def test_a_change_by_somebody_without_the_passphrase_is_said(
    text: bytes, key: SealKey, change: Callable[[list[bytes]], bytes]
) -> None:
    changed = change(text.split(b"\n"))
    assert fits(changed, key)
    with pytest.raises(Damaged, match="changed by somebody"):
        unsealed(changed, key)


def test_a_newer_form_is_said(text: bytes) -> None:
    newer = text.replace(b"secrets 1\n", b"secrets 2\n", 1)
    with pytest.raises(Damaged, match="newer version"):
        names_in(newer)


def asking_for(text: bytes, **numbers: object) -> bytes:
    lines = text.split(b"\n")
    header = msgspec.json.decode(lines[1])
    return with_checksum([lines[0], msgspec.json.encode(header | numbers), lines[2]])


@pytest.mark.parametrize(
    "numbers", [{"n": 1 << 40}, {"n": 3}, {"n": 0}, {"r": 1 << 30}, {"p": 1000}, {"kdf": "md5"}, {"cipher": "none"}]
)
def test_nobody_may_ask_for_a_costly_or_a_weak_way(text: bytes, numbers: dict[str, object]) -> None:
    with pytest.raises(Damaged, match="does not know"):
        key_for(asking_for(text, **numbers), PASSPHRASE)


@given(st.data())
def test_every_damage_is_said(text: bytes, key: SealKey, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text) - 1))
    damaged = data.draw(
        st.sampled_from(
            [
                text[:place],
                text[:place] + bytes([text[place] ^ (1 << data.draw(st.integers(0, 7)))]) + text[place + 1 :],
                text[place:],
                text + text[:place] if place else b"",
            ]
        )
    )
    if damaged != text:
        with pytest.raises((Damaged, WrongPassphrase)):
            unsealed(damaged, key_for(damaged, PASSPHRASE))


@given(st.binary(max_size=400))
def test_anything_at_all_may_stand_there(content: bytes) -> None:
    with pytest.raises(Damaged):
        names_in(content)
