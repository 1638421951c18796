"""The forms in which people paste an address all lead to the same one."""

import pytest

from bursar.config.base_url import base_url, is_loopback, is_near, is_this_machine
from bursar.config.values import Wrong

PASTED = {
    "https://api.example.com": "https://api.example.com/v1",
    "https://api.example.com/": "https://api.example.com/v1",
    "https://api.example.com/v1": "https://api.example.com/v1",
    "https://api.example.com/v1/": "https://api.example.com/v1",
    "https://api.example.com/v1/chat/completions": "https://api.example.com/v1",
    "https://api.example.com/v1/chat/completions/": "https://api.example.com/v1",
    "https://api.example.com/v1/chat/completions/v1/chat/completions": "https://api.example.com/v1",
    "https://api.example.com/v1/v1": "https://api.example.com/v1",
    "https://api.example.com/chat/completions": "https://api.example.com/v1",
    "https://API.Example.com//v1": "https://api.example.com/v1",
    "api.example.com": "https://api.example.com/v1",
    "api.example.com/v1": "https://api.example.com/v1",
    "localhost:1234": "http://localhost:1234/v1",
    "127.0.0.1:8080/v1": "http://127.0.0.1:8080/v1",
    "http://[::1]:8080": "http://[::1]:8080/v1",
    "https://openrouter.ai": "https://openrouter.ai/api/v1",
    "https://openrouter.ai/api/v1": "https://openrouter.ai/api/v1",
    "https://host.example/openai/v2beta": "https://host.example/openai/v2beta",
}


@pytest.mark.parametrize("pasted", PASTED)
def test_pasted_forms_mean_one_address(pasted: str) -> None:
    assert base_url(pasted) == PASTED[pasted]
    assert base_url(PASTED[pasted]) == PASTED[pasted]


@pytest.mark.parametrize(
    "text",
    [
        "", "ftp://x/v1", "https://", "https:///v1", "https://a b/v1", "https://a:99999/v1", "https://a:0/v1",
        "https://x/v1?key=1", "https://x/v1#a", "https://u:p@x/v1", "https://x\\y/v1", "https://x\n/v1",
        "file:///etc/passwd", "javascript://x", "https://[::1/v1", "https://exämple.com", 5, None,
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: object) -> None:
    with pytest.raises(Wrong):
        base_url(text)


def test_what_is_near_may_go_without_encryption() -> None:
    near = ["127.0.0.1", "localhost", "::1", "10.0.0.3", "192.168.1.2", "172.17.0.1", "ollama", "nas.local", "fd00::1"]
    far = ["api.example.com", "8.8.8.8", "2001:4860:4860::8888", "172.32.0.1", "localhost.example.com"]
    assert [host for host in near + far if is_near(host)] == near


def test_only_this_machine_is_loopback() -> None:
    hosts = [
        "127.0.0.1",
        "127.1.2.3",
        "::1",
        "localhost",
        "[::1]",
        "0.0.0.0",
        "10.0.0.1",
        "localhost.example.com",
        "::",
    ]
    assert [host for host in hosts if is_loopback(host)] == ["127.0.0.1", "127.1.2.3", "::1", "localhost", "[::1]"]


def test_addresses_that_lead_to_ourselves() -> None:
    assert all(is_this_machine(host, "192.168.1.2") for host in ("192.168.1.2", "127.0.0.1", "LOCALHOST", "0.0.0.0"))
    assert not is_this_machine("192.168.1.3", "192.168.1.2")
