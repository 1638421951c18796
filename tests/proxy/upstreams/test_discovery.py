"""Lists are asked for beside each other, kept between runs for an address, and never trusted blindly."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.vendor import answer, vendor

from bursar.config.load import parse
from bursar.config.schema import Config
from bursar.domain.clock import FixedClock
from bursar.domain.exchange import Price
from bursar.domain.route import ListedModel
from bursar.upstreams.connection import Connection
from bursar.upstreams.discovery import KeptList, look_around, read_kept, write_kept
from bursar.upstreams.listing import read_list


@pytest.fixture
async def connection() -> AsyncIterator[Connection]:
    opened = Connection()
    yield opened
    await opened.close()


def configured(text: str) -> Config:
    return parse(text.encode(), Path("config.toml"), environ={})


async def test_only_what_listens_and_is_not_configured_is_found(connection: Connection) -> None:
    clock = FixedClock()
    async with vendor(lambda body: answer(), {"id": "m"}) as there:
        looked = f'[discovery]\nollama = "{there.base_url}"\nlmstudio = "http://127.0.0.1:9/v1"\n'
        found = await look_around(configured(looked), {}, connection, clock)
        assert {name: (each.kind, each.base_url, each.is_free) for name, each in found.items()} == {
            "ollama": ("ollama", there.base_url, True)
        }
        port = there.base_url.rpartition(":")[2]
        same = looked + f'[upstreams.mine]\nkind = "ollama"\nbase_url = "http://localhost:{port}"\n'
        assert await look_around(configured(same), {}, connection, clock) == {}
        named = looked + '[upstreams.ollama]\nkind = "openai"\n'
        assert await look_around(configured(named), {}, connection, clock) == {}
    assert await look_around(configured(looked), found, connection, clock) == {}


async def test_who_answers_something_else_is_none(connection: Connection) -> None:
    async with vendor(lambda body: answer(), {"no": "id"}) as there:
        config = configured(f'[discovery]\nollama = "{there.base_url}"\nlmstudio = ""\n')
        assert await look_around(config, {}, connection, FixedClock()) == {}


def test_what_was_kept_is_read_again_and_what_is_broken_is_nothing(tmp_path: Path) -> None:
    file = tmp_path / "listed-models.json"
    assert read_kept(file) == {}
    kept = {"main": KeptList("https://a.example/v1", (ListedModel("m", window=5, price=Price(7, 8)),))}
    write_kept(file, kept)
    assert read_kept(file) == kept
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    for broken in (b"", b"{", b"[]", b'{"main":{"base_url":1}}', b"\xff"):
        file.write_bytes(broken)
        assert read_kept(file) == {}
    write_kept(tmp_path / "missing" / "x.json", kept)


@pytest.mark.parametrize(
    ("pricing", "price"),
    [
        (
            {"prompt": "0.000001", "completion": "0.000002", "request": "0.005"},
            Price(10**9, 2 * 10**9, request=5 * 10**6),
        ),
        ({"prompt": "0", "completion": "0"}, Price(0, 0)),
        (
            {"prompt": "0.000001", "completion": "0", "input_cache_read": "0.0000001"},
            Price(10**9, 0, cached_input=10**8),
        ),
        ({"prompt": "0.000001", "completion": "0.000002", "input_cache_read": "0"}, Price(10**9, 2 * 10**9)),
        ({"prompt": "0.0000000000000001", "completion": "0.1"}, Price(1, 10**14)),
        ({"prompt": "0.000001", "completion": "0.000002", "image": "0.001"}, None),
        ({"prompt": "0.000001", "completion": "0.000002", "image": "0"}, Price(10**9, 2 * 10**9)),
        ({"prompt": "-1", "completion": "-1"}, None),
        ({"prompt": "0.000001"}, None),
        ({"prompt": 0.000001, "completion": 0.000002}, None),
        ({"prompt": "1e-6", "completion": "Infinity"}, None),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_listed_price_counts_where_it_says_all_that_is_charged(pricing: object, price: Price | None) -> None:
    body = json.dumps({"data": [{"id": "a", "pricing": pricing}]}).encode()
    assert read_list(body) == (ListedModel("a", price=price),)


def test_what_vendors_say_beside_the_name() -> None:
    models = read_list(
        b'{"data":[{"id":"a","context_length":32768,"multiplier":1.5,"tier":"pro"},'
        b'{"id":"b","context_length":9,"top_provider":{"context_length":8192,"max_completion_tokens":4096},'
        b'"pricing":{"prompt":"0.00000015","completion":"0.0000006"}},'
        b'{"id":"c","meta":{"n_ctx":2048}},{"id":"d","max_model_len":77},'
        b'{"id":"e","context_length":"big","pricing":{"prompt":"-1","completion":"NaN"},"top_provider":[]}]}'
    )
    assert models == (
        ListedModel("a", window=32_768, multiplier="1.5", tier="pro"),
        ListedModel("b", window=8192, output_limit=4096, price=Price(150_000_000, 600_000_000)),
        ListedModel("c", window=2048),
        ListedModel("d", window=77),
        ListedModel("e"),
    )
    for none in (b"{}", b"nothing", b'{"data":[{}]}', b'{"data":[{"id":1}]}', b"[1]"):
        assert read_list(none) is None
