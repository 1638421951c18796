"""The fallback list that a request brings along: Apertis's three fields, and OpenRouter's `models`.

Sources: Apertis, "Fallback models"; OpenRouter, "Model routing". None of these fields is sent on.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from bursar.dialects.canonical import NOT_JSON
from bursar.domain.refusals import InvalidParameter

FALLBACK_FIELDS = ("fallback_models", "fallback_timeout", "fallback_enabled", "models")

MOST_MODELS = 5
LEAST_MS, MOST_MS, USUAL_MS = 5_000, 300_000, 30_000

_anything = msgspec.json.Decoder()


class Fallback(msgspec.Struct, frozen=True):
    """What a request says of fallbacks: the models to try next, in order, and how long each may take to begin.

    `first_event_s` is None where it leaves that to us; `enabled` is false where it wants none of its own or
    its key's, and `models` is then empty.
    """

    models: tuple[str, ...] = ()
    first_event_s: float | None = None
    enabled: bool = True


def read_fallback(fields: Mapping[str, msgspec.Raw], asked: str) -> Fallback | None:
    """What the fields say; None where there are none of these. Raises InvalidParameter, naming the field."""
    if fields.keys().isdisjoint(FALLBACK_FIELDS):
        return None
    values = {name: _value(fields, name) for name in FALLBACK_FIELDS if name in fields}
    enabled = _flag(values.get("fallback_enabled"))
    first_event_s = _timeout(values.get("fallback_timeout"))
    of_apertis = _names(values.get("fallback_models"), "fallback_models", asked)
    of_openrouter = _names(values.get("models"), "models", asked)
    if enabled is False:
        return Fallback(enabled=False)
    models = of_apertis or of_openrouter
    return Fallback(models, first_event_s or (USUAL_MS / 1000 if models else None))


def first_model(fields: Mapping[str, msgspec.Raw]) -> str:
    """The first of OpenRouter's `models`, which is the one asked for where `model` is left out; else empty."""
    listed = _value(fields, "models") if "models" in fields else None
    return listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], str) else ""


def _names(value: Any, field: str, asked: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise InvalidParameter(f"`{field}` must be a list of model names.", param=field)
    names = tuple(dict.fromkeys(each for each in value if each != asked))
    if len(names) > MOST_MODELS:
        raise InvalidParameter(
            f"`{field}` may name at most {MOST_MODELS} models beside the one asked for, not {len(names)}.", param=field
        )
    return names


def _timeout(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not LEAST_MS <= value <= MOST_MS:
        raise InvalidParameter(
            f"`fallback_timeout` must be from {LEAST_MS:,} to {MOST_MS:,} milliseconds (5 to 300 seconds).",
            param="fallback_timeout",
        )
    return value / 1000


def _flag(value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise InvalidParameter("`fallback_enabled` must be true or false.", param="fallback_enabled")
    return value


def _value(fields: Mapping[str, msgspec.Raw], name: str) -> Any:
    try:
        return _anything.decode(fields[name])
    except NOT_JSON:
        raise InvalidParameter(f"`{name}` cannot be read.", param=name) from None
