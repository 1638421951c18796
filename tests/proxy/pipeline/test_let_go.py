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


async def test_no_refusal_outlives_its_call(tmp_path: Path, no_collector: None) -> None:
    for model in ("fault-endless-line", "fault-close-midstream", "fault-invalid-json", "fault-200-html"):
        extra = f'[aliases.double]\nroutes = ["main/{model}", "main/{model}"]\n'
        for stream in (False, True):
            async with running_proxy(tmp_path / f"{model}-{stream}", extra, limits=LIMITS) as proxy:
                for asked in (f"main/{model}", "double"):
                    await proxy.chat(asked, stream=stream)
    # All at once: to look through everything there is takes longer than a call.
    left = [each for each in gc.get_objects() if isinstance(each, Refusal)]
    assert [each for each in left if each.__traceback__ is not None or each.__context__ is not None] == []
