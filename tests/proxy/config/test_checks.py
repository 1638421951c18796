"""What is wrong only together with something else: where a key would go, and who would be let in."""

from pathlib import Path

import pytest

from bursar.config.load import parse
from bursar.config.problems import BrokenConfig


def problems(text: str) -> list[str]:
    """The sentences on a configuration; none where it can be used."""
    try:
        parse(text.encode(), Path("config.toml"), environ={})
    except BrokenConfig as broken:
        return [problem.sentence for problem in broken.problems]
    return []


def upstream(base_url: str, secret: str = "none") -> str:
    return f'[upstreams.main]\nkind = "openai_compatible"\nbase_url = "{base_url}"\nsecret = "{secret}"\n'


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "LOCALHOST", "127.0.0.2", "[::1]", "0.0.0.0", "[::]", "x.localhost"]
)
def test_an_upstream_that_leads_back_to_the_proxy_is_refused(host: str) -> None:
    for port in (4141, 5000):
        text = f"[server]\nport = {port}\n{upstream(f'http://{host}:{port}/v1')}"
        assert problems(text) == [f'the upstream "main" leads back to this proxy itself (port {port}).']
    assert problems(f"[server]\nport = 5000\n{upstream(f'http://{host}:5001/v1')}") == []


@pytest.mark.parametrize(
    ("base_url", "sent"),
    [
        ("http://api.example.com/v1", False),
        ("http://8.8.8.8/v1", False),
        ("https://api.example.com/v1", True),
        ("http://127.0.0.1:11434/v1", True),
        ("http://192.168.1.7:8000/v1", True),
        ("http://box:8000/v1", True),
    ],
)
def test_a_key_is_sent_over_the_internet_only_under_encryption(base_url: str, sent: bool) -> None:
    assert (problems(upstream(base_url, "env:KEY")) == []) is sent
    assert problems(upstream(base_url)) == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "box.example"])
def test_other_machines_are_let_in_by_two_settings_alone(host: str) -> None:
    (said,) = problems(f'[server]\nhost = "{host}"\n')
    assert "lets other machines in" in said
    assert problems(f'[server]\nhost = "{host}"\nallow_remote = true\n') == []
