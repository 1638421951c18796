"""A webhook on loopback that keeps what it gets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Receiver:
    """A webhook that keeps what it gets, and answers with what `statuses` has, the last of them again and again."""

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [204])
    headers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    silent: bool = False
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def said(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]

    async def arrived(self, count: int) -> None:
        """Wait until so many have come."""
        async with asyncio.timeout(60), self._news:
            await self._news.wait_for(lambda: len(self.got) >= count)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        async with self._news:
            self.got.append((dict(request.headers), body))
            self._news.notify_all()
        if self.silent:
            await asyncio.sleep(60)
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return web.Response(status=status, headers=self.headers)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A webhook on a free port; the last part of its address is as good as a key."""
    found, app = Receiver(), web.Application()
    app.router.add_post("/hook/{path:.*}", found.take)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    found.url = f"http://{host}:{port}/hook/T0P-S3CRET"
    try:
        yield found
    finally:
        await runner.cleanup()
