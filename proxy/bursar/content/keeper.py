"""Keeper: keeps the content of calls whose key says so, in a thread of its own that no call ever waits for.

What is on its way to the disk is bounded; what finds no room, or no disk, is not kept, and that is said. Money is
nowhere near: the ledger knows nothing of this, and goes on without it.
"""

import asyncio
import logging
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bursar.config.schema import ContentSettings
from bursar.content.making import Given, made, packed, unpacked
from bursar.content.recording import TOO_MUCH, Recording
from bursar.content.segments import Segments, Sort, kept_of_keys
from bursar.contract.content import TROUBLE, CallContent, Forgotten, KeptContent, KeptOfKey
from bursar.dialects.openai_chat_request import ChatRequest
from bursar.domain.clock import Clock
from bursar.domain.refusals import UnknownContent

_log = logging.getLogger(__name__)

MOST_WAITING_BYTES = 64 * 1024 * 1024
MOST_WAITING = 2_000
"""What may be on its way to the disk, in bytes and in calls, the answers that are being recorded included."""

DAY_MS = 24 * 3_600_000
_MIB = 1024 * 1024
_MOST_MISSED = 1_000
_CLOSE_S = 5.0
_CALM_MS = 60_000
"""How long nothing may have failed before it is said that all is well again."""
_STALE_MS = 15 * 60_000

T = TypeVar("T")


class Keeper:
    """Made once, in the event loop; `settings` are those in force, `clean` takes keys out of a text."""

    def __init__(
        self, folder: Path, settings: Callable[[], ContentSettings], clean: Callable[[str], str], clock: Clock
    ) -> None:
        self._files = Segments(folder)
        self._settings = settings
        self._clean = clean
        self._clock = clock
        self._thread: _Thread | None = None
        self._waiting = self._waiting_bytes = 0
        self._missed: OrderedDict[str, str] = OrderedDict()
        self._missed_in_all = 0
        self._failed_ms = 0
        self.trouble = ""
        """Why content cannot be kept, while it cannot."""

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong, as a sentence of its own."""
        return (f"{TROUBLE}: {self.trouble}",) if self.trouble else ()

    def record(self, exchange_id: str, key: str, at_ms: int, request: ChatRequest) -> Recording:
        """Begin with one call."""
        fields = {name: raw for name, raw in request.fields.items() if name != "messages"}
        return Recording(Given(exchange_id, key, at_ms, fields, request.parts.messages), self._reserve, self._keep)

    async def find(self, exchange_id: str, *, with_media: bool) -> CallContent:
        """What is kept of one call. Raises UnknownContent where nothing is, with the reason where there is one."""

        def look(files: Segments) -> CallContent | None:
            texts: list[bytes] = []
            media: list[bytes] = []
            for segment, body in files.find(exchange_id):
                (texts if segment.sort is Sort.TEXT else media).append(body)
            return unpacked(texts[-1], media, with_data=with_media) if texts else None

        why = self._missed.get(exchange_id)
        try:
            found = await self._do(look) if why is None else None
        except (OSError, ValueError) as error:
            raise UnknownContent(f"the content of {exchange_id} cannot be read: {_reason(error)}") from None
        if found is None:
            raise UnknownContent(
                f"the content of {exchange_id} is not kept: {why}"
                if why
                else f"no content of {exchange_id} is kept: its key does not say so, it is too old, or it was deleted"
            )
        return found

    async def kept(self) -> KeptContent:
        """What is kept in all."""
        settings = self._settings()
        keys: tuple[KeptOfKey, ...] = ()
        try:
            keys = await self._do(kept_of_keys)
        except OSError as error:
            self._fail(_reason(error))
        return KeptContent(
            str(self._files.folder),
            keys,
            settings.days,
            settings.media_days,
            settings.max_mib,
            self.trouble,
            self._missed_in_all,
        )

    async def forget(self, *, key: str | None = None, exchange_id: str | None = None) -> Forgotten:
        """Delete what is kept of one call, of one key, or all; also what is still on its way. Raises OSError."""

        def drop(files: Segments) -> int:
            return files.forget_call(exchange_id) if exchange_id is not None else files.forget(key)

        gone = await self._do(drop)
        _log.info("kept content was deleted", extra={"fields": {"key": key or "", "exchange": exchange_id or ""}})
        return Forgotten(gone)

    async def tidy(self) -> None:
        """Delete what is too old or too much. What cannot be deleted now will be tried again."""
        settings, now_ms = self._settings(), self._clock.now_ms()
        if self.trouble and now_ms - self._failed_ms >= _STALE_MS:
            self.trouble = ""  # no call has tried since, and whether one would fail is not known
        text_ms, media_ms = (now_ms - days * DAY_MS for days in (settings.days, settings.media_days))

        def sweep(files: Segments) -> None:
            files.retire(text_ms, media_ms)
            files.bound(settings.max_mib * _MIB)

        if self._thread is None and not await asyncio.to_thread(self._files.folder.is_dir):
            return
        try:
            await self._do(sweep)
        except OSError as error:
            self._fail(f"what is too old cannot be deleted: {_reason(error)}")

    async def close(self) -> None:
        """Write what waits, for a bounded time: a disk that does not answer holds up nobody's end."""
        if self._thread is not None:
            thread, self._thread = self._thread, None
            thread.stop()
            await asyncio.to_thread(thread.join, _CLOSE_S)

    # --- within -----------------------------------------------------------------------------------

    def _reserve(self, size: int) -> bool:
        if self._waiting_bytes + size > MOST_WAITING_BYTES:
            return False
        self._waiting_bytes += size
        return True

    def _keep(self, given: Given) -> None:
        """Hand a call over. Of one that finds no room, that alone is kept."""
        if given.missed:
            self._miss(given.exchange_id, given.missed)
            self._fail(given.missed)
        if self._waiting >= MOST_WAITING:
            self._waiting_bytes -= given.size
            self._miss(given.exchange_id, TOO_MUCH)
            self._fail(TOO_MUCH)
            return
        self._waiting += 1
        settings = self._settings()

        def write(files: Segments) -> None:
            text, media = packed(made(given, settings, self._clean))
            most = settings.max_mib * _MIB
            for each in media:
                files.append(Sort.MEDIA, given.key, given.exchange_id, each, most)
            files.append(Sort.TEXT, given.key, given.exchange_id, text, most)

        def written(answer: None, error: Exception | None) -> None:
            self._waiting -= 1
            self._waiting_bytes -= given.size
            if error is None:
                self._went_well()
            else:
                self._miss(given.exchange_id, _reason(error))
                self._fail(_reason(error))

        self._running().do(write, written)

    def _miss(self, exchange_id: str, why: str) -> None:
        self._missed_in_all += 1
        self._missed[exchange_id] = why
        while len(self._missed) > _MOST_MISSED:
            self._missed.popitem(last=False)

    def _fail(self, why: str) -> None:
        """Say why once; it stands until nothing has failed for a while."""
        self._failed_ms = self._clock.now_ms()
        if not self.trouble:
            _log.warning("the content of calls cannot be kept; calls go on without: %s", why)
        self.trouble = why

    def _went_well(self) -> None:
        if self.trouble and self._clock.now_ms() - self._failed_ms >= _CALM_MS:
            self.trouble = ""
            _log.info("the content of calls is kept again")

    def _running(self) -> "_Thread":
        """The thread, which is there once there is something to do."""
        if self._thread is None:
            self._thread = _Thread(self._files, asyncio.get_running_loop())
            self._thread.start()
        return self._thread

    async def _do(self, work: Callable[[Segments], T]) -> T:
        """Have it done after what waits."""
        answered: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def answer(result: T | None, error: Exception | None) -> None:
            if answered.done():
                return
            if error is not None:
                answered.set_exception(error)
            else:
                answered.set_result(result)  # type: ignore[arg-type]

        self._running().do(work, answer)
        return await answered


class _Thread(threading.Thread):
    """Does one thing after the other with the files, and tells the loop of each how it went."""

    def __init__(self, files: Segments, loop: asyncio.AbstractEventLoop) -> None:
        # A disk that does not answer must not hold up the end of the process.
        super().__init__(name="bursar-content", daemon=True)
        self._files = files
        self._loop = loop
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._known = False

    def do(self, work: Callable[[Segments], T], then: Callable[[T | None, Exception | None], None]) -> None:
        """Do this after what was taken before, and tell `then` in the loop."""

        def task() -> None:
            result, failed = None, None
            try:
                if not self._known:
                    self._files.open()
                    self._known = True
                result = work(self._files)
            except Exception as error:  # a bug as well: nothing may end this thread
                failed = error.with_traceback(None)
            try:
                self._loop.call_soon_threadsafe(then, result, failed)
            except RuntimeError:
                return  # the loop has closed: nobody is there to be told

        self._tasks.put(task)

    def stop(self) -> None:
        """End after what was taken."""
        self._tasks.put(None)

    def run(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()


def _reason(error: Exception) -> str:
    """Why, without a word of what was to be kept: an error of ours may quote it."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error) if type(error) is ValueError else f"a bug: {type(error).__name__}"
