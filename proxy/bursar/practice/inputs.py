"""Inputs: what completions and embeddings are given: a text, texts, token ids, or lists of them."""

from typing import Any

from bursar.practice.memo import Memo
from bursar.practice.refuse import Declined, bad_request

MOST_INPUTS = 2048
"""As OpenAI's."""

Input = str | tuple[int, ...]
"""A text, or its token ids."""


def inputs_of(value: str | list[Any], param: str) -> list[Input]:
    """Each input by itself. Raises Declined (400) for what is none, and for none at all."""
    if isinstance(value, str):
        return [value]
    if not value or len(value) > MOST_INPUTS:
        raise bad_request(f"Invalid '{param}': expected 1 to {MOST_INPUTS} inputs.", param=param)
    if all(type(one) is int for one in value):
        return [_ids(value, param)]
    return [one if isinstance(one, str) else _ids(one, param) for one in value]


def _ids(value: Any, param: str) -> tuple[int, ...]:
    if isinstance(value, list) and value and all(type(one) is int and one >= 0 for one in value):
        return tuple(value)
    raise _wrong(param)


def _wrong(param: str) -> Declined:
    return bad_request(f"Invalid '{param}': expected a text, texts, token ids or lists of them.", param=param)


def bytes_of(value: Input) -> bytes:
    """What tells one input from another."""
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else repr(value).encode()


def tokens_of_input(value: Input, memo: Memo) -> int:
    """The tokens of it."""
    return memo.count(value) if isinstance(value, str) else len(value)
