"""A raw server that plays bytes, so that an upstream can break every rule of HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class RawServer:
    """What the server saw: one entry a request, with the number of its connection."""

    port: int
    requests: list[tuple[int, bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """One request with its body, or nothing where the client has gone."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    return head + await reader.readexactly(length)


StartRaw = Callable[..., Awaitable[RawServer]]


@asynccontextmanager
async def raw_servers() -> AsyncIterator[StartRaw]:
    """`await start(play, …)`: connection n is played by the n-th, later ones by the last.

    Each play is called once a request, after the request was read whole.
    """
    async with AsyncExitStack() as stack:

        async def start(*plays: Play) -> RawServer:
            connections = 0

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                nonlocal connections
                number, connections = connections, connections + 1
                try:
                    while request := await read_request(reader):
                        seen.requests.append((number, request))
                        await plays[min(number, len(plays) - 1)](reader, writer)
                        if writer.is_closing():
                            break
                except ConnectionError:
                    pass
                finally:
                    writer.close()

            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            stack.push_async_callback(server.wait_closed)
            stack.callback(server.close)
            seen = RawServer(server.sockets[0].getsockname()[1])
            return seen

        yield start
