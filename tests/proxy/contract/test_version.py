"""A proxy of another version is told from ours, and the one that is to be started again is named."""

import pytest

from bursar import __version__
from bursar.contract.codec import CONTRACT
from bursar.contract.version import mismatch


def test_ours_is_no_mismatch() -> None:
    assert mismatch(__version__, CONTRACT) is None


@pytest.mark.parametrize(
    ("version", "contract", "here", "todo"),
    [
        ("0.1.0", CONTRACT, "0.2.0", "restart the proxy"),
        ("0.9.0", CONTRACT, "0.10.0", "restart the proxy"),
        ("0.2.0", CONTRACT, "0.1.0", "start this program again"),
        ("0.1.0", CONTRACT + 1, "0.1.0", "start this program again"),
        ("0.1.0", CONTRACT - 1, "0.2.0", "restart the proxy"),
        ("odd", CONTRACT, "0.1.0", "restart the proxy"),
    ],
)
def test_whichever_is_older_is_to_be_started_again(version: str, contract: int, here: str, todo: str) -> None:
    sentence = mismatch(version, contract, here)
    assert sentence is not None
    assert todo in sentence
    assert version in sentence
    assert here in sentence
    assert ("contract" in sentence) == (contract != CONTRACT)
