"""The shipped table beside the library it is made from: the same models, the same costs."""

import importlib.util
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import msgspec
import pytest
from fakes.work import calls_made
from genai_prices import Usage as TheirUsage
from genai_prices.data import providers as their_providers
from genai_prices.data_snapshot import find_provider_by_id
from genai_prices.types import ModelInfo
from genai_prices.types import Provider as TheirProvider

from bursar.domain.exchange import Price
from bursar.domain.usage import Usage
from bursar.metering.price_table import Model, PriceTable, ShippedPrices
from bursar.metering.prices import PriceBook

pytestmark = pytest.mark.skipif(
    ShippedPrices().table.source != f"genai-prices {version('genai-prices')}",
    reason="the table is of another version of genai-prices: python .ci/make_prices.py makes it anew",
)

NANO = 10**9
USAGES = [
    Usage(1_000, 500),
    Usage(1, 0),
    Usage(0, 0),
    Usage(150_000, 7, cached_tokens=100_000, cache_write_tokens=1_234, cache_write_1h_tokens=234),
    Usage(300_001, 12_345, cached_tokens=1, reasoning_tokens=2_345),
    Usage(9_999, 5_000, audio_prompt_tokens=3_000, audio_completion_tokens=1_000),
    Usage(9_999, 5_000, image_prompt_tokens=3_000, image_completion_tokens=1_000),
]
INSTANTS = [
    datetime(2024, 6, 1, tzinfo=UTC),
    datetime(2025, 3, 1, 12, tzinfo=UTC),
    datetime(2026, 11, 21, 2, tzinfo=UTC),
    datetime(2026, 11, 21, 20, tzinfo=UTC),
]
# What their calculator charges that we leave out, see `.ci/make_prices.py`.
INEXPRESSIBLE = {
    "input_video_mtok",
    "output_video_mtok",
    "output_citation_mtok",
    "audio_hours",
    "input_audio_hours",
} | {
    "input_mchars",
    "input_text_messages_kcount",
    "input_document_kpages",
    "input_annotated_document_kpages",
}


@pytest.fixture(scope="module")
def table(shipped: ShippedPrices) -> PriceTable:
    return shipped.table


@pytest.fixture(scope="module")
def make_prices() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_prices", Path(__file__).parents[3] / ".ci/make_prices.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pairs(table: PriceTable) -> list[tuple[TheirProvider, ModelInfo, Model]]:
    return [
        (theirs, their_model, model)
        for theirs, ours in zip(their_providers, table.providers, strict=True)
        for their_model, model in zip(theirs.models, ours.models, strict=True)
    ]


def test_the_table_is_what_the_script_makes_of_the_installed_library(
    table: PriceTable, make_prices: ModuleType
) -> None:
    made = make_prices.table(date.fromisoformat(table.date))
    assert msgspec.convert(made, PriceTable) == table
    assert table.version == f"{made['source']} {made['date']}"


def test_every_model_costs_what_their_calculator_says(table: PriceTable) -> None:
    book, compared = PriceBook(), 0
    for provider, info, model in pairs(table):
        for instant in INSTANTS:
            for usage in USAGES:
                rates = model.rates(int(instant.timestamp() * 1000), usage.prompt_tokens)
                if rates is None:
                    continue
                stated = {
                    "input_tokens": usage.prompt_tokens,
                    "output_tokens": usage.completion_tokens,
                    "cache_read_tokens": usage.cached_tokens,
                    "cache_write_tokens": usage.cache_write_tokens,
                    "cache_write_1h_tokens": usage.cache_write_1h_tokens,
                    "output_reasoning_tokens": usage.reasoning_tokens,
                    "input_audio_tokens": usage.audio_prompt_tokens,
                    "output_audio_tokens": usage.audio_completion_tokens,
                    "input_image_tokens": usage.image_prompt_tokens,
                    "output_image_tokens": usage.image_completion_tokens,
                    "cache_audio_read_tokens": 0,
                    "cache_image_read_tokens": 0,
                }
                theirs = info.calc_price(TheirUsage(**stated), provider, genai_request_timestamp=instant).total_price
                ours = book.cost(Price(**{"input": 0, "output": 0, **rates}, source=""), usage)
                assert theirs * NANO <= ours < theirs * NANO + 1, (provider.id, info.id, usage)
                compared += 1
    assert compared > 60_000


def test_what_has_no_price_here_is_what_our_form_has_no_word_for(table: PriceTable) -> None:
    for _, info, model in pairs(table):
        stated = [each.prices for each in info.prices] if isinstance(info.prices, list) else [info.prices]
        for (_, rates), price in zip(model.prices, stated, strict=True):
            keys = {key for key, value in price.__dict__.items() if value is not None}
            assert (rates is None) == (not keys or bool(keys & INEXPRESSIBLE)) or info.id.endswith(":free")


def test_service_tiers_cost_what_their_calculator_says(table: PriceTable) -> None:
    book, usage, compared = PriceBook(), Usage(300_001, 500, cached_tokens=100), 0
    at = INSTANTS[-1]
    for provider, info, model in pairs(table):
        for tier in {name for name, _, _ in model.variants}:
            rates = model.rates(int(at.timestamp() * 1000), usage.prompt_tokens, tier)
            assert rates is not None
            stated = {"input_tokens": 300_001, "output_tokens": 500, "cache_read_tokens": 100, "cache_write_tokens": 0}
            context = {"service_tier": tier}
            theirs = info.calc_price(
                TheirUsage(**stated), provider, genai_request_timestamp=at, price_context=context
            ).total_price
            ours = book.cost(Price(**{"input": 0, "output": 0, **rates}, source=""), usage)
            assert theirs * NANO <= ours < theirs * NANO + 1, (provider.id, info.id, tier)
            compared += 1
    assert compared > 30


def test_names_find_the_models_that_theirs_find(table: PriceTable) -> None:
    for theirs, ours in zip(their_providers, table.providers, strict=True):
        for model in ours.models[:60]:
            for name in (model.id, f"{model.id}-20260415", f"{model.id}-preview", model.id.rpartition("/")[2]):
                expected = theirs.find_model(name, all_providers=their_providers)
                found = table.offered(ours, name)
                assert (found.id if found else None) == (expected.id.lower() if expected else None), name


@pytest.mark.parametrize("name", ["openai", "xai", "X-AI", "anthropic", "google", "nobody", "vertex_ai", "gemini"])
def test_providers_are_found_by_name(table: PriceTable, name: str) -> None:
    expected, found = find_provider_by_id(their_providers, name), table.named(name)
    assert (found.id if found else None) == (expected.id if expected else None)


def test_providers_are_found_by_address(table: PriceTable) -> None:
    assert [
        provider.id if (provider := table.provider_of("", url)) else None
        for url in ("https://api.openai.com/v1", "https://openrouter.ai/api/v1", "https://example.test/v1", "")
    ] == ["openai", "openrouter", None, None]


def test_it_is_read_once_when_it_is_asked_for_and_in_one_go() -> None:
    fresh = ShippedPrices()
    made = calls_made(lambda: fresh.table)
    # Nothing is done for each of its thousands of models: that would take ten times as long.
    assert 10 < made < 500 < sum(len(provider.models) for provider in fresh.table.providers)
    assert calls_made(lambda: fresh.table) < 10


def test_conditions_may_pass_midnight() -> None:
    night = Model("m", None, None, ((None, {"input": 1}), ((84_600, 1_800), {"input": 2})), ())
    assert [night.rates(second * 1000, 0) for second in (84_599, 84_600, 0, 1_799, 1_800)] == [
        {"input": price} for price in (1, 2, 2, 2, 1)
    ]


def test_a_price_without_its_day_yet_is_the_first() -> None:
    model = Model("m", None, None, ((10, {"input": 1}), (20, {"input": 2})), ())
    day = 86_400_000
    assert [model.rates(at, 0) for at in (0, 10 * day, 20 * day - 1, 20 * day)] == [
        {"input": price} for price in (1, 1, 1, 2)
    ]
