"""What every test runs under."""

from collections.abc import Callable, Iterator
from functools import wraps

import pytest
import tiktoken
from hypothesis import HealthCheck, settings

from bursar.tokens import vocabulary

# A slow machine is no reason to fail: neither one slow example nor slow drawing says anything about our code.
settings.register_profile("bursar", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bursar")


@pytest.fixture(scope="session", autouse=True)
def _vocabularies_are_built_once() -> Iterator[None]:
    """Building one takes half a second, and the same file always gives the same; another file is built anew."""
    built: dict[tuple[str, Callable[..., object]], tiktoken.Encoding] = {}
    build = vocabulary._build

    @wraps(build)
    def build_once(name: str) -> tiktoken.Encoding:
        key = (name, vars(vocabulary)["files"])
        if key not in built:
            built[key] = build(name)
        return built[key]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(vocabulary, "_build", build_once)
        yield
