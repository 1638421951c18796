"""Bad addresses: each fails while connecting, and in its own way."""

import asyncio
import ssl
import sys

import aiohttp
import pytest

from bursar.practice.faults.connecting import BAD_ADDRESSES, Unplayable, untrusted


async def fails(session: aiohttp.ClientSession, name: str, limit_s: float = 60.0) -> BaseException:
    """How a request to the address fails."""
    try:
        async with BAD_ADDRESSES[name].open() as base_url:
            assert base_url.endswith("/v1")
            limit = aiohttp.ClientTimeout(total=limit_s)
            async with session.get(f"{base_url}/models", timeout=limit) as answer:
                raise AssertionError(f"{name} answered {answer.status}")
    except Unplayable as reason:
        pytest.skip(str(reason))
    except (aiohttp.ClientError, TimeoutError) as error:
        return error


async def test_a_refused_connection(session: aiohttp.ClientSession) -> None:
    error = await fails(session, "address-refused")
    assert isinstance(error, aiohttp.ClientConnectorError)
    assert isinstance(error.os_error, ConnectionRefusedError)


async def test_a_name_that_does_not_resolve(session: aiohttp.ClientSession) -> None:
    assert isinstance(await fails(session, "address-unresolved"), aiohttp.ClientConnectorDNSError)


@pytest.mark.skipif(sys.platform != "linux", reason="how a full queue answers differs by system")
async def test_a_handshake_that_never_completes(session: aiohttp.ClientSession) -> None:
    assert isinstance(await fails(session, "address-never-connects", 0.5), TimeoutError)


async def test_a_certificate_that_nobody_trusts(session: aiohttp.ClientSession) -> None:
    error = await fails(session, "address-untrusted")
    assert isinstance(error, aiohttp.ClientConnectorCertificateError)


async def test_plain_http_behind_https(session: aiohttp.ClientSession) -> None:
    error = await fails(session, "address-plain")
    assert isinstance(error, aiohttp.ClientConnectorSSLError)


async def test_the_certificate_is_the_only_thing_wrong_with_it() -> None:
    careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    careless.check_hostname = False
    careless.verify_mode = ssl.CERT_NONE
    try:
        async with untrusted() as base_url:
            port = int(base_url.removeprefix("https://127.0.0.1:").removesuffix("/v1"))
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=careless)
            assert writer.get_extra_info("cipher")
            writer.close()
    except Unplayable as reason:
        pytest.skip(str(reason))


async def test_without_openssl_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Unplayable, match="openssl"):
        async with untrusted():
            pass
