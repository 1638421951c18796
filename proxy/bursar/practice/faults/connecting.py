"""Faults of connecting, which no model's name can play: addresses where an upstream should be, and is not."""

import asyncio
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

from bursar.practice.faults.fault import Mark

WHERE = "connecting"
_HOST = "127.0.0.1"
_FILLERS = 8
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
_CERTIFICATE = ("req", "-x509", *_KEY, "-days", "2", "-subj", "/CN=127.0.0.1")


class Unplayable(Exception):
    """This machine has not what the fault needs. The message says what."""


@dataclass(frozen=True, slots=True)
class BadAddress:
    """A base URL that fails while connecting. `open` is a block that gives it, and closes what is behind it.

    Raises Unplayable on entering where this machine cannot play it.
    """

    name: str
    mark: Mark
    does: str
    open: Callable[[], AbstractAsyncContextManager[str]]
    where: str = WHERE


@asynccontextmanager
async def refused() -> AsyncIterator[str]:
    """A port that is taken, so that nobody else listens there, but refuses: bound, without a listener."""
    with socket.socket() as taken:
        taken.bind((_HOST, 0))
        yield f"http://{_HOST}:{taken.getsockname()[1]}/v1"


@asynccontextmanager
async def unresolved() -> AsyncIterator[str]:
    """A name under a top-level domain that never exists (RFC 6761)."""
    yield "http://practice.invalid/v1"


@asynccontextmanager
async def never_connects() -> AsyncIterator[str]:
    """A listener whose queue is full and that accepts nobody: the system drops every further attempt.

    Raises Unplayable on Windows, which refuses it instead.
    """
    if sys.platform == "win32":
        raise Unplayable("this system refuses where others let wait")
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((_HOST, 0))
        listener.listen(0)
        for _ in range(_FILLERS):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        # The first of them have to be in the queue before anyone else comes.
        await asyncio.sleep(0.05)
        yield f"http://{_HOST}:{listener.getsockname()[1]}/v1"


@asynccontextmanager
async def untrusted() -> AsyncIterator[str]:
    """A TLS listener whose certificate nobody signed but itself. Raises Unplayable without the openssl program."""
    with TemporaryDirectory(prefix="bursar-practice-") as folder:
        context = await _self_signed(Path(folder))
        server = await asyncio.start_server(_hang_up, _HOST, 0, ssl=context)
        async with server:
            yield f"https://{_HOST}:{server.sockets[0].getsockname()[1]}/v1"


@asynccontextmanager
async def plain_for_tls() -> AsyncIterator[str]:
    """An https address with a server behind it that speaks plain HTTP."""
    server = await asyncio.start_server(_answer_plainly, _HOST, 0)
    async with server:
        yield f"https://{_HOST}:{server.sockets[0].getsockname()[1]}/v1"


async def _self_signed(folder: Path) -> ssl.SSLContext:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ("openssl", *_CERTIFICATE, "-keyout", str(key), "-out", str(certificate))
    quiet = asyncio.subprocess.DEVNULL
    try:
        made = await asyncio.create_subprocess_exec(*command, stdin=quiet, stdout=quiet, stderr=quiet)
    except FileNotFoundError:
        raise Unplayable("it takes the openssl program to make a certificate") from None
    if await made.wait():
        raise Unplayable("the openssl program could not make a certificate")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


async def _hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _answer_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    writer.close()


BAD_ADDRESSES: Mapping[str, BadAddress] = MappingProxyType(
    {
        address.name: address
        for address in (
            BadAddress("address-refused", Mark.CLEAN, "refuses the connection", refused),
            BadAddress("address-unresolved", Mark.CLEAN, "has a name that does not resolve", unresolved),
            BadAddress("address-never-connects", Mark.CLEAN, "never completes the TCP handshake", never_connects),
            BadAddress("address-untrusted", Mark.CLEAN, "has a TLS certificate that nobody trusts", untrusted),
            BadAddress("address-plain", Mark.CLEAN, "is https, with a server that speaks plain HTTP", plain_for_tls),
        )
    }
)
"""Every one of them, by name."""
