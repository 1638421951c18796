"""What a broken answer had sent is given up with it: no circle keeps it until the collector's next round."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.running import running_proxy

from bursar.domain.refusals import Refusal

LIMITS = "line_mib = 1\nstall_s = 2\nfirst_event_s = 5\nprogress_s = 5\n"


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize(
    "model", ["fault-endless-line", "fault-close-midstream", "fault-invalid-json", "fault-200-html"]
)
async def test_no_refusal_outlives_its_call(tmp_path: Path, no_collector: None, model: str, stream: bool) -> None:
    extra = f'[aliases.double]\nroutes = ["main/{model}", "main/{model}"]\n'
    async with running_proxy(tmp_path, extra, limits=LIMITS) as proxy:
        for asked in (f"main/{model}", "double"):
            await proxy.chat(asked, stream=stream)
        await proxy.settled()
        left = [each for each in gc.get_objects() if isinstance(each, Refusal)]
        assert all(each.__traceback__ is None and each.__context__ is None for each in left)
