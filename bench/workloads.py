"""The workloads that are measured on every way, in turn: each function is one repetition on one way."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from bench import asks
from bench.check import delays_ns, is_plain, is_stream_of
from bench.children import cpu_ns
from bench.figures import Figures, Measure, Way, quantile
from bench.load import Answer, connected, for_a_while, one_by_one, together

BURST = 200
EVERY_MS = 20
MANY_EVERY_MS = 100
STREAMS = 64
MANY_STREAMS = 200
OTHERS = 8
SHORT = 5
"""The chunks of an answer of which only the first matters."""

_AFTER_NS = 30_000_000
"""How long after its first chunk a never-seen conversation may still be counted."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """One way: where it begins, the key it takes, and the process between client and source, if there is one."""

    way: Way
    port: int
    key: str = "sk-none"
    pid: int | None = None

    def request(self, body: bytes) -> bytes:
        """The request that OpenAI's own client would send here."""
        head = (
            "POST /v1/chat/completions HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{self.port}\r\n"
            "Accept: application/json\r\nContent-Type: application/json\r\n"
            "User-Agent: OpenAI/Python 2.8.0\r\nX-Stainless-Lang: python\r\nX-Stainless-Retry-Count: 0\r\n"
            f"Authorization: Bearer {self.key}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def cpu_ns(self) -> int | None:
        """The CPU time that the process between has taken so far."""
        return cpu_ns(self.pid) if self.pid is not None else None


class Workloads:
    """What one repetition of each workload does; `seconds` is about how long."""

    def __init__(self, figures: Figures, seconds: float) -> None:
        self._figures = figures
        self._seconds = seconds

    async def plain(self, at: Entrance, connections: int) -> None:
        """Small whole answers, asked for by so many at once."""
        name = f"plain{connections}"
        title = f"small plain answer, {connections} connection{'s' if connections > 1 else ''}"
        answers, took_s, cpu = await self._keep_asking(at, at.request(asks.plain()), connections, chunks=0)
        took_us = [answer.took_ns / 1e3 for answer in answers]
        if connections == 1:
            self._add(at, Measure(f"{name}.p50", f"{title}: p50", "µs", added=True), quantile(took_us, 0.5))
            self._add(at, Measure(f"{name}.p99", f"{title}: p99", "µs", added=True), quantile(took_us, 0.99))
        self._add(at, Measure(f"{name}.rate", f"{title}: rate", "requests/s"), len(answers) / took_s)
        if cpu is not None:
            self._add(at, Measure(f"{name}.cpu", f"{title}: CPU", "ms/request"), cpu / 1e6 / len(answers))

    async def burst(self, at: Entrance, connections: int) -> None:
        """Streams of 200 chunks without pauses."""
        name = f"burst{connections}"
        title = f"{BURST} chunks, no pause, {connections} stream{'s' if connections > 1 else ''}"
        request = at.request(asks.burst(BURST))
        answers, took_s, cpu = await self._keep_asking(at, request, connections, chunks=BURST)
        if connections == 1:
            first = [answer.first_took_ns / 1e3 for answer in answers]
            self._add(at, Measure(f"{name}.first", f"{title}: first chunk", "µs", added=True), quantile(first, 0.5))
        chunks = len(answers) * BURST
        self._add(at, Measure(f"{name}.rate", f"{title}: rate", "chunks/s"), chunks / took_s)
        if cpu is not None:
            self._add(at, Measure(f"{name}.cpu", f"{title}: CPU", "µs/chunk"), cpu / 1e3 / chunks)

    async def paced(self, at: Entrance, streams: int, every_ms: int) -> None:
        """So many streams at once, a chunk of each every so many milliseconds."""
        name = "paced" if streams == STREAMS else f"paced{streams}"
        title = f"{streams} streams, a chunk each {every_ms} ms"
        chunks = max(25, int(self._seconds * 1.5 * 1000 / every_ms))
        async with connected(at.port, streams) as connections:
            before = at.cpu_ns()
            answers = await together(
                connections,
                at.request(asks.paced(chunks, every_ms)),
                every_ms / 1000 / streams,
                is_stream_of(chunks),
            )
            after = at.cpu_ns()
        delays = [delay / 1e3 for answer in answers for _, delay in delays_ns(answer)]
        self._add(at, Measure(f"{name}.p50", f"{title}: a chunk, p50", "µs", added=True), quantile(delays, 0.5))
        self._add(at, Measure(f"{name}.p99", f"{title}: a chunk, p99", "µs", added=True), quantile(delays, 0.99))
        if before is not None and after is not None:
            cpu = (after - before) / 1e3 / (chunks * streams)
            self._add(at, Measure(f"{name}.cpu", f"{title}: CPU", "µs/chunk"), cpu)

    async def known(self, at: Entrance, bodies: Sequence[bytes]) -> None:
        """A long conversation that was there before, but for its last message; the first one only makes it known."""
        measure = Measure("known.first", "500 KB conversation, last message new: first chunk", "µs", added=True)
        self._add(at, measure, await self._first_us(at, bodies))

    async def unseen(self, at: Entrance, bodies: Sequence[bytes]) -> None:
        """Long conversations of which nothing was there before."""
        measure = Measure("unseen.first", "500 KB never seen before: first chunk", "µs", added=True)
        self._add(at, measure, await self._first_us(at, bodies))

    async def beside(self, at: Entrance, bodies: Sequence[bytes]) -> None:
        """What never-seen conversations do to the streams beside them."""
        title = f"{OTHERS} streams while 500 KB never seen before is counted"
        every_s = 0.12
        chunks = int((every_s * (len(bodies) + 1) + 0.3) * 1000 / EVERY_MS)
        async with connected(at.port, OTHERS + 1) as (asking, *streaming):
            request, check = at.request(asks.paced(chunks, EVERY_MS)), is_stream_of(chunks)
            streams = asyncio.ensure_future(together(streaming, request, EVERY_MS / 1000 / OTHERS, check))
            asked: list[Answer] = []
            try:
                await asyncio.sleep(0.2)
                for body in bodies:
                    asked += await one_by_one(asking, [at.request(body)], is_stream_of(SHORT))
                    await asyncio.sleep(every_s)
                answers = await streams
            finally:
                streams.cancel()
        meanwhile, quiet = _apart([pair for answer in answers for pair in delays_ns(answer)], asked)
        usual = quantile(quiet, 0.5)
        self._add(at, Measure("beside.worst", f"{title}: worst", "µs"), max(meanwhile) - usual)
        self._add(at, Measure("beside.p90", f"{title}: p90", "µs"), quantile(meanwhile, 0.9) - usual)
        self._add(at, Measure("beside.quiet", f"the same {OTHERS} streams in between: worst", "µs"), max(quiet) - usual)

    async def _keep_asking(
        self, at: Entrance, request: bytes, connections: int, chunks: int
    ) -> tuple[list[Answer], float, int | None]:
        """The answers, the seconds and the proxy's CPU nanoseconds they took, after one warm-up answer for each."""
        check = is_stream_of(chunks) if chunks else is_plain
        async with connected(at.port, connections) as opened:
            await together(opened, request, 0, check)
            before = at.cpu_ns()
            answers, took_s = await for_a_while(opened, request, self._seconds, check)
            after = at.cpu_ns()
        return answers, took_s, after - before if before is not None and after is not None else None

    async def _first_us(self, at: Entrance, bodies: Sequence[bytes]) -> float:
        """How long until the first chunk, in the median of all but the first."""
        async with connected(at.port, 1) as (connection,):
            requests = [at.request(body) for body in bodies]
            answers = await one_by_one(connection, requests, is_stream_of(SHORT))
        return quantile([answer.first_took_ns / 1e3 for answer in answers[1:]], 0.5)

    def _add(self, at: Entrance, measure: Measure, value: float) -> None:
        self._figures.add(measure, at.way, value)


def _apart(delays: list[tuple[int, int]], asked: list[Answer]) -> tuple[list[float], list[float]]:
    """The delays (µs) of chunks sent while a conversation was on its way or being counted, and those of all others."""
    spans = [(answer.asked_ns, answer.first_ns + _AFTER_NS) for answer in asked]
    meanwhile: list[float] = []
    quiet: list[float] = []
    for sent, delay in delays:
        busy = any(begin <= sent + delay and sent <= end for begin, end in spans)
        (meanwhile if busy else quiet).append(delay / 1e3)
    return meanwhile, quiet
