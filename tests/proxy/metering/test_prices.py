"""The price book: whose price counts, under which name, and what a usage costs at it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.domain.exchange import Price
from bursar.domain.usage import Usage
from bursar.metering.price_table import ShippedPrices
from bursar.metering.prices import CONFIGURATION, FREE_UPSTREAM, PriceBook, UpstreamPricing

NOW = 1_795_000_000_000  # 18 November 2026
DOLLAR = 10**9
OPENROUTER = UpstreamPricing(base_url="https://openrouter.ai/api/v1")
RELAY = UpstreamPricing(base_url="https://relay.example.test/v1", factor=700_000)


@pytest.fixture
def book(shipped: ShippedPrices) -> PriceBook:
    return PriceBook(
        own={
            "relay/mine": Price(3, 4),
            "mine": Price(1, 2, source="a list"),
            "relay/gpt-4o": Price(7, 8),
            "local/*": Price(0, 0),
            "any-*": Price(5, 6),
        },
        upstreams={
            "openrouter": OPENROUTER,
            "relay": RELAY,
            "openai": UpstreamPricing(base_url="https://api.openai.com/v1"),
            "xai": UpstreamPricing(provider="xai"),
            "ollama": UpstreamPricing(base_url="http://127.0.0.1:11434/v1", free=True),
            "aporto": UpstreamPricing(factor=700_000, factors=(("gpt-4o*", 200_000), ("claude-*", 500_000))),
        },
        shipped=shipped,
    )


def listed(price: Price | None) -> str:
    """The listing that a price is from."""
    assert price is not None
    return price.source.rpartition(" ")[2]


class TestWhosePriceCounts:
    def test_the_users_own_for_the_upstream_then_for_the_model(self, book: PriceBook) -> None:
        # What is stated for the very upstream is what it costs there; a list's price has the upstream's factor.
        assert book.price("relay", "mine", NOW) == Price(3, 4, source=CONFIGURATION)
        assert book.price("openai", "mine", NOW) == Price(1, 2, source="a list")
        assert book.price("relay", "gpt-4o", NOW) == Price(7, 8, source=CONFIGURATION)
        assert book.price("relay", "any-model", NOW) == Price(5, 6, factor=700_000, source=CONFIGURATION)

    def test_the_users_own_by_glob(self, book: PriceBook) -> None:
        assert book.price("local", "whatever/this", NOW) == Price(0, 0, source=CONFIGURATION)
        assert book.price("openai", "any-model", NOW) == Price(5, 6, source=CONFIGURATION)

    def test_what_the_upstream_lists_where_nobody_else_knows(self, shipped: ShippedPrices) -> None:
        said = {("relay", "a-model-nobody-knows"): Price(9, 9), ("relay", "gpt-4o"): Price(1, 1)}
        book = PriceBook(
            {"stated": Price(2, 2)}, {"relay": RELAY}, shipped, lambda upstream, model: said.get((upstream, model))
        )
        assert book.price("relay", "a-model-nobody-knows", NOW) == Price(9, 9, factor=700_000, source="list of relay")
        assert book.price("relay", "gpt-4o", NOW) != Price(1, 1, factor=700_000, source="list of relay")
        del said["relay", "a-model-nobody-knows"]
        assert book.price("relay", "a-model-nobody-knows", NOW) is None
        assert book.price("other", "a-model-nobody-knows", NOW) is None

    def test_a_free_upstream_costs_nothing_but_what_the_user_says(self, book: PriceBook) -> None:
        assert book.price("ollama", "qwen3-coder:30b", NOW) == Price(0, 0, source=FREE_UPSTREAM)
        assert book.price("ollama", "mine", NOW) == Price(1, 2, source="a list")

    def test_the_table_for_the_rest_with_its_version_and_the_upstreams_factor(self, book: PriceBook) -> None:
        price = book.price("aporto", "o3", NOW)
        assert price is not None
        assert price.source == f"{book.shipped.table.version} openai/o3"
        assert (price.input, price.output, price.factor) == (2 * DOLLAR, 8 * DOLLAR, 700_000)

    def test_a_models_own_factor_stands_in_place_of_the_upstreams(self, book: PriceBook) -> None:
        factors = [
            price.factor if (price := book.price("aporto", model, NOW)) else None
            for model in ("gpt-4o-mini", "claude-sonnet-4-5", "o3")
        ]
        assert factors == [200_000, 500_000, 700_000]

    def test_an_upstream_that_nobody_described_has_list_prices(self, book: PriceBook) -> None:
        price = book.price("unheard-of", "gpt-4o", NOW)
        assert price is not None
        assert price.factor == 1_000_000


class TestUnderWhichName:
    @pytest.mark.parametrize(
        ("upstream", "model", "listing"),
        [
            ("openai", "gpt-4o", "openai/gpt-4o"),
            ("openai", "openai/gpt-4o", "openai/gpt-4o"),
            ("openai", "gpt-4o-2024-05-13", "openai/gpt-4o-2024-05-13"),
            ("openrouter", "openai/gpt-4o", "openrouter/openai/gpt-4o"),
            ("openrouter", "openai/gpt-4o:nitro", "openrouter/openai/gpt-4o"),
            ("openrouter", "deepseek/deepseek-chat-v3-0324", "openrouter/deepseek/deepseek-chat-v3-0324"),
            ("openrouter", "deepseek/deepseek-r1:free", "openrouter/deepseek/deepseek-r1:free"),
            ("xai", "grok-4", "x-ai/grok-4-0709"),
            ("aporto", "gpt-4o", "openai/gpt-4o"),
            ("aporto", "GPT-4o", "openai/gpt-4o"),
            ("aporto", "gpt-4o:web", "openai/gpt-4o"),
            ("aporto", "gpt-5.2-20251211", "openai/gpt-5.2"),
            ("aporto", "o3-20301231", "openai/o3"),
            ("aporto", "azure/gpt-4o", "azure/gpt-4o"),
            ("aporto", "models/gemini-2.5-pro", "google/gemini-2.5-pro"),
            ("aporto", "google/gemini-2.5-pro", "google/gemini-2.5-pro"),
            ("aporto", "claude-3-5-sonnet-20241022", "anthropic/claude-3-5-sonnet"),
            ("aporto", "claude-sonnet-4.5", "anthropic/claude-sonnet-4-5"),
            ("aporto", "anthropic/claude-sonnet-4.5", "anthropic/claude-sonnet-4-5"),
            ("aporto", "meta-llama/llama-3.3-70b-instruct", "openrouter/meta-llama/llama-3.3-70b-instruct"),
            ("aporto", "deepseek/deepseek-r1:free", "deepseek/deepseek-reasoner"),
        ],
    )
    def test_relays_names_are_understood(self, book: PriceBook, upstream: str, model: str, listing: str) -> None:
        assert listed(book.price(upstream, model, NOW)) == listing

    def test_lists_that_agree_are_believed(self, book: PriceBook) -> None:
        price = book.price("aporto", "text-embedding-3-small", NOW)
        assert price is not None
        assert (price.input, price.output) == (20_000_000, 0)

    @pytest.mark.parametrize(
        "model",
        ["my-local-model", "gpt-oss:20b", "qwen3-coder:30b", "small-model", "x:free", "", "/", "whisper-1", "tts-1"]
        + ["llama-3.3-70b", "perplexity/sonar-deep-research", "gpt-7-imagined", "stealth/crouton-alpha"],
    )
    def test_what_nobody_lists_has_no_price(self, book: PriceBook, model: str) -> None:
        assert book.price("aporto", model, NOW) is None

    def test_what_is_free_elsewhere_is_not_free_here(self, book: PriceBook) -> None:
        for model in ("qwen/qwen3-coder:free", "openai/gpt-oss-20b:free"):
            free, here = book.price("openrouter", model, NOW), book.price("aporto", model, NOW)
            assert free is not None
            assert (free.input, free.output) == (0, 0)
            assert here is None or here.input > 0

    @given(upstream=st.sampled_from(["openrouter", "aporto", "openai", "?"]), model=st.text(max_size=30))
    def test_any_name_has_a_price_or_none(self, shipped: ShippedPrices, upstream: str, model: str) -> None:
        book = PriceBook(upstreams={"openrouter": OPENROUTER, "aporto": RELAY}, shipped=shipped)
        price = book.price(upstream, model, NOW)
        assert price is None or price.input >= 0


class TestWhenAndHowLong:
    def test_long_prompts_are_dearer_above_the_threshold(self, book: PriceBook) -> None:
        prices = [book.price("aporto", "gpt-5.6-sol", NOW, tokens) for tokens in (0, 272_000, 272_001)]
        assert [price and price.input for price in prices] == [4 * DOLLAR, 4 * DOLLAR, 8 * DOLLAR]

    @pytest.mark.parametrize(
        ("upstream", "model", "is_fixed"),
        [
            ("aporto", "gpt-4o", True),
            ("relay", "mine", True),
            ("ollama", "any", True),
            ("aporto", "gpt-5.6-sol", False),
            ("aporto", "deepseek-chat", False),
            ("openai", "nobody-knows-it", False),
        ],
    )
    def test_a_fixed_price_is_that_of_every_instant_and_length(
        self, book: PriceBook, upstream: str, model: str, is_fixed: bool
    ) -> None:
        fixed = book.fixed(upstream, model)
        assert (fixed is not None) is is_fixed
        if fixed is not None:
            asked = [(NOW + hours * 3_600_000, tokens) for hours in range(24) for tokens in (0, 10**6)]
            assert {book.price(upstream, model, at_ms, tokens) for at_ms, tokens in asked} == {fixed}

    def test_prices_have_their_days_and_hours(self, book: PriceBook) -> None:
        night, day = NOW - NOW % 86_400_000 + 20 * 3_600_000, NOW - NOW % 86_400_000 + 12 * 3_600_000
        cheap, dear = (book.price("aporto", "deepseek-chat", at) for at in (night, day))
        assert cheap is not None
        assert dear is not None
        assert cheap.input < dear.input

    def test_a_service_tier_has_its_own(self, book: PriceBook) -> None:
        standard, priority = (book.price("openai", "gpt-4.1", NOW, 0, tier) for tier in ("", "priority"))
        assert standard is not None
        assert priority is not None
        assert standard.input < priority.input

    def test_the_window_is_known_where_the_table_has_it(self, book: PriceBook) -> None:
        assert book.window("openai", "gpt-4o") == 128_000
        assert book.window("relay", "mine") is None
        assert book.window("relay", "my-local-model") is None


PRICE = Price(
    input=1_000_000,
    output=10_000_000,
    cached_input=100_000,
    cache_write=1_250_000,
    reasoning=20_000_000,
    audio_input=5_000_000,
    audio_output=50_000_000,
    request=7,
    cache_write_1h=2_000_000,
    image_input=3_000_000,
    image_output=30_000_000,
)


class TestWhatAUsageCosts:
    def test_each_part_at_its_own_price_and_the_rest_at_the_wholes(self, book: PriceBook) -> None:
        usage = Usage(
            prompt_tokens=100,
            completion_tokens=50,
            cached_tokens=10,
            cache_write_tokens=20,
            cache_write_1h_tokens=5,
            audio_prompt_tokens=6,
            image_prompt_tokens=4,
            reasoning_tokens=8,
            audio_completion_tokens=2,
            image_completion_tokens=1,
        )
        prompt = 60 * 1 + 10 * 0.1 + 15 * 1.25 + 5 * 2 + 6 * 5 + 4 * 3
        completion = 39 * 10 + 8 * 20 + 2 * 50 + 1 * 30
        assert book.cost(PRICE, usage) == 819 == int(prompt + completion + 7 + 0.999)

    def test_parts_without_a_price_cost_as_their_whole(self, book: PriceBook) -> None:
        usage = Usage(1_000_000, 1_000_000, 5, 6, 7, 8, 9, 1, 3, 4, 5)
        assert book.cost(Price(2, 3), usage) == 5

    def test_the_factor_is_on_everything_and_it_is_rounded_up_once(self, book: PriceBook) -> None:
        price = Price(1_000_000, 0, request=10, factor=700_000)
        assert book.cost(price, Usage(3, 0)) == 10  # 13 × 0.7 = 9.1
        assert book.cost(price, Usage(0, 0, requests=0)) == 0
        assert book.cost(Price(1, 1), Usage(1, 1)) == 1

    def test_a_price_of_apertis_example_is_exact(self, book: PriceBook) -> None:
        price = Price(18_750_000, 0)
        assert book.cost(price, Usage(1_000_000, 0)) == 18_750_000

    def test_cached_sound_is_taken_for_new_sound(self, book: PriceBook) -> None:
        usage = Usage(100, 0, cached_tokens=80, audio_prompt_tokens=60, requests=0)
        assert book.cost(PRICE, usage) == 60 * 5 + 4

    @given(
        st.builds(Usage, *[st.integers(-100, 10**12)] * 7, st.integers(-1, 3), *[st.integers(-100, 10**12)] * 3),
        st.sampled_from([PRICE, Price(1, 1), Price(0, 0), Price(3, 7, factor=333_333, reasoning=0)]),
    )
    def test_a_cost_is_a_whole_number_that_is_never_negative_nor_above_the_dearest(
        self, usage: Usage, price: Price
    ) -> None:
        cost = PriceBook().cost(price, usage)
        assert type(cost) is int
        tokens = max(0, usage.prompt_tokens) + max(0, usage.completion_tokens)
        assert 0 <= cost <= (tokens * 50_000_000 // 1_000_000 + 7 * max(0, usage.requests)) + 1

    @given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9))
    def test_more_tokens_never_cost_less(self, prompt: int, completion: int, more_prompt: int, more: int) -> None:
        book = PriceBook()
        less = book.cost(PRICE, Usage(prompt, completion))
        assert less <= book.cost(PRICE, Usage(prompt + more_prompt, completion + more))


def test_what_there_is_can_be_described(book: PriceBook) -> None:
    quotes = book.describe("gpt-4o", NOW)
    assert [(quote.upstream, quote.provider) for quote in quotes if quote.upstream] == [
        ("openrouter", ""),
        ("relay", ""),
        ("openai", ""),
        ("xai", "xai"),
        ("ollama", ""),
        ("aporto", ""),
    ]
    lists = [quote for quote in quotes if not quote.upstream]
    assert ("openai", "gpt-4o") in [(quote.provider, quote.model) for quote in lists]
    assert all(quote.price.factor == 1_000_000 for quote in lists)
    assert book.describe("my-local-model", NOW)[0].upstream == "ollama"


def test_sources_are_named_with_their_dates(book: PriceBook) -> None:
    own, table = book.sources()
    assert (own.name, own.date, own.models) == (CONFIGURATION, "", 5)
    assert f"{table.name} {table.date}" == book.shipped.table.version
    assert re.fullmatch(r"genai-prices \d+\.\d+\.\d+ 20\d\d-\d\d-\d\d", book.shipped.table.version)
    assert table.models > 2000


def test_nothing_is_read_until_a_price_is_asked_for() -> None:
    book = PriceBook(own={"mine": Price(1, 2)})
    assert book.price("any", "mine", NOW) is not None
    assert book.shipped._table is None
