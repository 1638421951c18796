"""The seal: secrets by name in one text that only a passphrase opens, and that tells what is wrong with it.

Four lines: the version, a header in JSON, the sealed secrets, a checksum. The header has what makes a key of a
passphrase (scrypt, RFC 7914) and the names, which are no secret: the configuration has them too. The secrets are
sealed with ChaCha20-Poly1305 (RFC 8439) together with both lines above them, so that no line can be exchanged.
"""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from bursar.secrets.secret import WrongPassphrase

VERSION = 1
_TITLE = b"bursar sealed secrets "

_N, _R, _P = 1 << 16, 8, 2
"""64 MiB and about half a second: as strong as OWASP's first choice (N = 2^17, r = 8, p = 1), in half the memory."""
_MOST_BYTES = 1 << 28
"""No header may ask for more memory: it is read before anything proves that we wrote it."""
_MOST_P = 16

SHORTEST_PASSPHRASE = 10
"""In characters. Whoever copies the file may guess as long as they like."""


class Damaged(Exception):
    """A text that is no sealed text, or not as it was written. `sentence` completes "The sealed file … "."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The second line. `salt`, `proof` and `nonce` are in base64; `proof` shows whether a passphrase fits."""

    kdf: str
    n: int
    r: int
    p: int
    salt: str
    proof: str
    cipher: str
    nonce: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SealKey:
    """What a passphrase came to, with the salt it came to it by."""

    salt: bytes
    n: int
    r: int
    p: int
    material: bytes = field(repr=False)

    @property
    def proof(self) -> bytes:
        """Shows that a passphrase is the right one, and nothing of the key."""
        return hmac.digest(self.material[32:], b"bursar sealed secrets: proof" + self.salt, "sha256")


def new_key(passphrase: str) -> SealKey:
    """A key by a salt of its own. Takes half a second."""
    return derived(passphrase, os.urandom(16), _N, _R, _P)


def key_for(content: bytes, passphrase: str) -> SealKey:
    """The key of a sealed text. Raises Damaged, and WrongPassphrase where it is another one's."""
    header = _parts(content)[0]
    key = derived(passphrase, base64.b64decode(header.salt), header.n, header.r, header.p)
    if not fits(content, key):
        raise WrongPassphrase("The passphrase is not the one that the sealed file was made with.")
    return key


def fits(content: bytes, key: SealKey) -> bool:
    """Whether a text was sealed with this key. Raises Damaged."""
    return hmac.compare_digest(base64.b64decode(_parts(content)[0].proof), key.proof)


def names_in(content: bytes) -> tuple[str, ...]:
    """The names of what is sealed, without a passphrase. Raises Damaged."""
    return _parts(content)[0].names


def sealed(secrets: Mapping[str, str], key: SealKey) -> bytes:
    """The secrets, sealed."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305  # 20 ms that few need

    nonce = os.urandom(12)
    header = Header(
        kdf="scrypt",
        n=key.n,
        r=key.r,
        p=key.p,
        salt=_text(key.salt),
        proof=_text(key.proof),
        cipher="chacha20-poly1305",
        nonce=_text(nonce),
        names=tuple(sorted(secrets)),
    )
    above = _TITLE + str(VERSION).encode() + b"\n" + msgspec.json.encode(header) + b"\n"
    inner = ChaCha20Poly1305(key.material[:32]).encrypt(nonce, msgspec.json.encode(dict(secrets)), above)
    text = above + base64.b64encode(inner) + b"\n"
    return text + hashlib.sha256(text).hexdigest().encode() + b"\n"


def unsealed(content: bytes, key: SealKey) -> dict[str, str]:
    """The secrets of a text that this key fits. Raises Damaged."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    header, above, inner = _parts(content)
    try:
        plain = ChaCha20Poly1305(key.material[:32]).decrypt(base64.b64decode(header.nonce), inner, above)
        return msgspec.json.decode(plain, type=dict[str, str])
    except (InvalidTag, ValueError, msgspec.MsgspecError):
        raise Damaged("was changed by somebody who does not know its passphrase; restore it from a backup") from None


def _parts(content: bytes) -> tuple[Header, bytes, bytes]:
    """The header, the lines that are sealed with the secrets, and what is sealed. Raises Damaged."""
    lines = content.split(b"\n")
    if not lines[0].startswith(_TITLE) or not lines[0].removeprefix(_TITLE).isdigit():
        raise Damaged("is none that Bursar wrote")
    if int(lines[0].removeprefix(_TITLE)[:9]) > VERSION:
        raise Damaged("was written by a newer version of Bursar; update this one")
    text = b"\n".join(lines[:3]) + b"\n"
    if len(lines) != 5 or lines[4] or lines[3] != hashlib.sha256(text).hexdigest().encode():
        raise Damaged("is damaged; restore it from a backup, or remove it and set its keys anew")
    try:
        header = msgspec.json.decode(lines[1], type=Header)
        inner = base64.b64decode(lines[2], validate=True)
        for field in (header.salt, header.proof, header.nonce):
            base64.b64decode(field, validate=True)
    except (msgspec.MsgspecError, binascii.Error, UnicodeError):
        raise Damaged("is damaged; restore it from a backup, or remove it and set its keys anew") from None
    if not _bearable(header):
        raise Damaged("asks for a way of opening that this version of Bursar does not know")
    return header, lines[0] + b"\n" + lines[1] + b"\n", inner


def _bearable(header: Header) -> bool:
    power_of_two = header.n > 1 and header.n & (header.n - 1) == 0
    return (
        (header.kdf, header.cipher) == ("scrypt", "chacha20-poly1305")
        and power_of_two
        and header.r > 0
        and 128 * header.n * header.r <= _MOST_BYTES
        and 0 < header.p <= _MOST_P
    )


def derived(passphrase: str, salt: bytes, n: int, r: int, p: int) -> SealKey:
    """What a passphrase comes to by these numbers."""
    # OpenSSL counts some blocks beside the table itself.
    memory = 128 * r * (n + p + 64)
    text = passphrase.encode("utf-8", "surrogateescape")
    return SealKey(salt, n, r, p, hashlib.scrypt(text, salt=salt, n=n, r=r, p=p, maxmem=memory, dklen=64))


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
