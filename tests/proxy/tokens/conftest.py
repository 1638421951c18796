"""The vocabularies, loaded once for all tests of this folder."""

import pytest

from bursar.tokens.text import TextCounter
from bursar.tokens.vocabulary import Vocabularies


@pytest.fixture(scope="session")
def vocabularies() -> Vocabularies:
    return Vocabularies()


@pytest.fixture(scope="session")
def counter(vocabularies: Vocabularies) -> TextCounter:
    return TextCounter(vocabularies)
