"""`bursar upstream`: how the upstreams of a running proxy are, whether they answer, and clearing one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Bursar = Callable[..., Any]


def test_listed_checked_and_cleared(bursar: Bursar, proxy: str, config_file: Path) -> None:
    config = config_file.read_text()
    config_file.write_text(
        config + '[upstreams.gone]\nkind = "openai_compatible"\nbase_url = "http://127.0.0.1:9/v1"\n'
    )
    assert bursar("reload").status == 0

    listed = {each["name"]: each for each in bursar("upstream", "list", "--json").json}
    assert {"practice", "gone"} <= set(listed)
    [route] = listed["practice"]["routes"]
    assert (route["model"], route["health"], route["input_nano"]) == ("practice-tokens-20", "ok", 3_000_000_000)
    assert "practice-tokens-20" in bursar("upstream", "list").out

    one = bursar("upstream", "check", "practice")
    assert one.status == 0
    assert one.out.startswith("✓ practice: answers in ")
    both = bursar("upstream", "check", "--json")
    assert both.status == 1
    answers = {each["name"]: each for each in both.json}
    assert (answers["practice"]["ok"], answers["gone"]["code"]) == (True, "upstream_unreachable")
    assert "✗ gone: Upstream gone cannot be reached" in bursar("upstream", "check").out

    assert bursar("upstream", "clear", "gone").out == 'The upstream "gone" is taken for well.\n'
    nobody = bursar("upstream", "clear", "nobody")
    assert (nobody.status, nobody.err) == (1, 'There is no upstream "nobody".\n')


def test_without_a_proxy_it_says_so(bursar: Bursar) -> None:
    assert bursar("upstream", "list").status == 3
