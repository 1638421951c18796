"""The self-test at work: a practice upstream, a proxy before it in a folder of its own, and a client of both."""

import asyncio
import http.client
import logging
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from bursar.cli.selftest_cases import CAP, KEY_FILE, Case, configuration
from bursar.cli.selftest_verdict import Answered, Verdict, judge
from bursar.config.schema import Config
from bursar.contract.places import Places
from bursar.daemon.daemon import Daemon
from bursar.practice.server import Practice, practice_server
from bursar.tokens.text import TextCounter
from bursar.tokens.vocabulary import Vocabularies

AT_ONCE = 8
MOST_S = 270.0
"""What has not begun by then is not tried."""

_HANG_S = 45.0
"""A client that waits longer than this for anything takes it for hung."""
_PAUSE_SCALE = 0.2
_SECRET = b"sk-selftest-0123456789abcdef0123456789abcdef"
_MESSAGES = [{"role": "user", "content": "Tell me something about faults, and what follows from them."}]


@dataclass(frozen=True, slots=True)
class Played:
    """All verdicts, in the order of the cases, and what was wrong beside what clients saw."""

    verdicts: tuple[Verdict, ...]
    problems: tuple[str, ...]
    took_s: float

    @property
    def right(self) -> bool:
        """Whether everything is as it should be."""
        return not self.problems and all(verdict.right for verdict in self.verdicts)


async def play(config: Config, cases: Sequence[Case], tell: Callable[[Verdict], None]) -> Played:
    """Play every case, a few at once, and look at what they left behind; `tell` hears of each as it ends."""
    begun_s = time.monotonic()
    with _bugs() as bugs:
        async with _proxy(config, cases) as (daemon, practice, key):
            client = _Client(daemon.base_url, key)
            with ThreadPoolExecutor(AT_ONCE, "selftest") as threads:
                ask = asyncio.get_running_loop().run_in_executor

                async def one(case: Case) -> Verdict:
                    body = msgspec.json.encode({"model": case.name, "messages": _MESSAGES, "stream": case.stream})
                    verdict = judge(case, await ask(threads, client.post, body, begun_s + MOST_S), _SECRET)
                    tell(verdict)
                    return verdict

                verdicts = await asyncio.gather(*map(one, cases))
            problems = await _left_behind(daemon, practice, config)
    return Played(tuple(verdicts), (*problems, *bugs), time.monotonic() - begun_s)


class _Client:
    """Asks as a client application does, each question on a connection of its own."""

    def __init__(self, base_url: str, key: str) -> None:
        url = urlsplit(base_url)
        self._host, self._port = url.hostname or "127.0.0.1", url.port
        self._path = f"{url.path}/chat/completions"
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def post(self, body: bytes, before_s: float) -> Answered:
        """The answer, with how long it took; not asked for any more after an instant of the monotonic clock."""
        begun_s = time.monotonic()
        if begun_s > before_s:
            return Answered(problem="not tried: there was no time left")
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_HANG_S)
        try:
            answered = self._exchange(connection, body)
        except TimeoutError:
            answered = Answered(problem="nothing: it hangs")
        except (OSError, http.client.HTTPException) as error:
            answered = Answered(problem=f"no answer at all ({type(error).__name__})")
        finally:
            connection.close()
        return replace(answered, took_s=time.monotonic() - begun_s)

    def _exchange(self, connection: http.client.HTTPConnection, body: bytes) -> Answered:
        connection.request("POST", self._path, body, self._headers)
        response = connection.getresponse()
        try:
            return Answered(response.status, response.read())
        except http.client.IncompleteRead as cut:
            return Answered(response.status, cut.partial, broken=True)


@asynccontextmanager
async def _proxy(config: Config, cases: Sequence[Case]) -> AsyncIterator[tuple[Daemon, Practice, str]]:
    """Both servers and a client key, in a folder that is gone afterwards."""
    vocabularies = Vocabularies()
    async with AsyncExitStack() as stack:
        home = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="bursar-selftest-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        practice = await stack.enter_async_context(
            practice_server(speed=0, pause_scale=_PAUSE_SCALE, counter=TextCounter(vocabularies))
        )
        places = Places(home / "config.toml", home / "data", home / "run", home / "log")
        secret = home / KEY_FILE
        secret.touch(0o600)
        secret.write_bytes(_SECRET)
        places.config_file.write_text(configuration(config, cases, practice.base_url), "utf-8")
        daemon = Daemon(places, "127.0.0.1", 0, vocabularies)
        await daemon.open(stack)
        _, key = await daemon.keys.issue("selftest")
        yield daemon, practice, key


async def _left_behind(daemon: Daemon, practice: Practice, config: Config) -> list[str]:
    """What is wrong once every call has ended."""
    problems = []
    await daemon.ledger.drain()
    if daemon.ledger.open_holds:
        problems.append(f"{daemon.ledger.open_holds} holds are still open")
    account = next(each for each in daemon.feed.snapshot.accounts.values() if each.name == CAP)
    standing = (await daemon.ledger.standings([account]))[account.id]
    if standing.held:
        problems.append(f"the cap still holds {standing.held} nano-dollars")
    problems += await daemon.statement.audit()
    page = await daemon.statement.history(limit=1000)
    most = max((row.attempt for row in page.rows), default=0)
    if most > config.limits.max_attempts:
        problems.append(f"a call was tried {most} times, where {config.limits.max_attempts} are allowed")
    if practice.tally.other_origin.requests:
        problems.append("a redirect to another origin was followed")
    return problems


@contextmanager
def _bugs() -> Iterator[list[str]]:
    """What the proxy says of bugs of its own meanwhile; all else that it says stays unsaid."""
    said: list[str] = []
    log = logging.getLogger("bursar")
    before, handler = (log.propagate, log.level), _Gathering(said)
    log.addHandler(handler)
    log.propagate = False
    try:
        yield said
    finally:
        log.removeHandler(handler)
        log.propagate, log.level = before


class _Gathering(logging.Handler):
    """Keeps the errors that are logged, each as one line."""

    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self._said.append(f"the proxy logged an error: {record.getMessage()}")
