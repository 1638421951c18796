"""The bar: a pass-through of plain aiohttp that reads nothing. `python -m bench.bare http://127.0.0.1:PORT`."""

import asyncio
import sys

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web
from bench.children import announce, stop_with_parent

HOP_BY_HOP = {"host", "connection", "keep-alive", "transfer-encoding", "content-length", "accept-encoding"}


async def main(upstream: str) -> None:
    """Serves until the process that started it ends."""
    stop_with_parent()
    session = ClientSession(
        connector=TCPConnector(limit=0), timeout=ClientTimeout(), cookie_jar=DummyCookieJar(), auto_decompress=False
    )

    async def forward(request: web.Request) -> web.StreamResponse:
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP]
        body = await request.read()
        async with session.post(upstream + request.path, data=body, headers=headers, allow_redirects=False) as answer:
            reply = web.StreamResponse(status=answer.status)
            reply.headers.update((n, v) for n, v in answer.headers.items() if n.lower() not in HOP_BY_HOP)
            reply.content_length = answer.content_length
            await reply.prepare(request)
            async for piece in answer.content.iter_any():
                await reply.write(piece)
            await reply.write_eof()
            return reply

    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/v1/chat/completions", forward)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    announce(runner.addresses[0][1])
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
