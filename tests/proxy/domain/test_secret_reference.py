"""A reference names where a key is, and never quotes what may be the key itself."""

import pytest

from bursar.domain.secret_reference import NO_SECRET, SecretForm, reference_of


@pytest.mark.parametrize(
    "text", ["keyring:main", "sealed:main", "env:KEY", "file:/run/secrets/main", "file:~/key", "none"]
)
def test_a_reference_is_written_as_it_was_read(text: str) -> None:
    assert str(reference_of(text)) == text


def test_none_is_no_secret() -> None:
    assert reference_of("none") == NO_SECRET
    assert NO_SECRET.form is SecretForm.NONE


@pytest.mark.parametrize(
    "text",
    [
        "sk-canary-1234",
        "keyring:",
        "keyring:sk canary",
        "keyring:../canary",
        "sealed:can ary",
        "env:sk-canary",
        "file:",
        "none:canary",
        "",
        "main",
    ],
)
def test_anything_else_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(ValueError, match='"') as refused:
        reference_of(text)
    assert "canary" not in str(refused.value)
