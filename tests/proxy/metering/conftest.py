"""A counter with the shipped vocabularies, and requests in the form in which dialects hand them over."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from bursar.dialects.canonical import PromptParts
from bursar.metering.count import PromptCounter
from bursar.metering.price_table import ShippedPrices
from bursar.tokens.text import TextCounter
from bursar.tokens.vocabulary import Vocabularies

MakeParts = Callable[..., PromptParts]


@pytest.fixture(scope="session")
def text_counter() -> TextCounter:
    return TextCounter(Vocabularies())


@pytest.fixture
def counter(text_counter: TextCounter) -> PromptCounter:
    """A counter that remembers nothing yet."""
    return PromptCounter(text_counter)


@pytest.fixture(scope="session")
def shipped() -> ShippedPrices:
    return ShippedPrices()


@pytest.fixture(scope="session")
def parts_of() -> MakeParts:
    """Makes the parts of a request from plain Python: messages, then named fields."""

    def make(messages: list[Any], *, text: tuple[str, ...] = (), **fields: Any) -> PromptParts:
        raws = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in fields.items()}
        return PromptParts(tuple(map(msgspec.json.encode, messages)), text=text, **raws)

    return make
