"""The Secret Service of Linux desktops, looked at in a way that shows nobody a prompt."""

import asyncio
import threading
from contextlib import closing, suppress

DEFAULT_COLLECTION = "/org/freedesktop/secrets/aliases/default"
"""The Secret Service specification, "Collections". The library's own way to it would offer to make one."""
LIMIT_S = 2.0


async def item_is_open(service: str, name: str) -> bool:
    """Whether an item is there and can be read as things are; False also where nobody can say."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[bool] = loop.create_future()

    def run() -> None:
        answer = _looked(service, name)
        with suppress(RuntimeError):  # the loop has ended: nobody waits any more
            loop.call_soon_threadsafe(lambda: None if done.done() else done.set_result(answer))

    threading.Thread(target=run, name="keyring, looked at", daemon=True).start()
    try:
        async with asyncio.timeout(LIMIT_S):
            return await done
    except TimeoutError:
        return False


def _looked(service: str, name: str) -> bool:
    try:
        import secretstorage  # keyring brings it along, on Linux alone

        with closing(secretstorage.dbus_init()) as bus:
            collection = secretstorage.Collection(bus, DEFAULT_COLLECTION)
            if collection.is_locked():
                return False
            items = collection.search_items({"service": service, "username": name})
            return any(not item.is_locked() for item in items)
    except Exception:  # no library, no bus, no service, no collection: all of them mean "not now"
        return False
