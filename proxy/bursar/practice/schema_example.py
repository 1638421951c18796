"""An example that fits a JSON schema: what practice answers where the shape of the answer is given."""

from collections.abc import Mapping
from math import ceil
from typing import Any

_DEEPEST = 8
_FORMATS = {
    "date": "2026-01-31",
    "time": "12:00:00Z",
    "date-time": "2026-01-31T12:00:00Z",
    "duration": "PT1H",
    "email": "practice@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def example(schema: Any, word: str) -> Any:
    """A value that fits `schema`, with `word` where any text will do. Every named property is present.

    Understood: type (also several), enum, const, default, properties, items, prefixItems, anyOf, oneOf,
    allOf, local `$ref`, the limits of numbers, lengths and counts, and the common formats. A `pattern` is not.
    """
    return _value(schema, word, schema if isinstance(schema, Mapping) else {}, 0)


def _value(schema: Any, word: str, root: Mapping[str, Any], depth: int) -> Any:
    if not isinstance(schema, Mapping):
        return None
    schema = _resolved(schema, root)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    if "default" in schema:
        return schema["default"]
    kind = _kind(schema)
    match kind:
        case "object":
            return _object(schema, word, root, depth)
        case "array":
            return _array(schema, word, root, depth)
        case "string":
            return _string(schema, word)
        case "integer" | "number":
            return _number(schema, whole=kind == "integer")
        case "boolean":
            return True
        case _:
            return None


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema with its references followed and its alternatives chosen: the first of each."""
    for _ in range(_DEEPEST):
        if isinstance(schema.get("$ref"), str):
            schema = _at(schema["$ref"], root)
            continue
        branches = schema.get("anyOf") or schema.get("oneOf")
        if branches and isinstance(branches[0], Mapping):
            rest = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf")}
            schema = {**rest, **branches[0]}
            continue
        if not schema.get("allOf"):
            break
        merged: dict[str, Any] = {key: value for key, value in schema.items() if key != "allOf"}
        for part in schema["allOf"]:
            part = _resolved(part, root)
            merged = {**merged, **part, "properties": {**merged.get("properties", {}), **part.get("properties", {})}}
        schema = merged
    return schema


def _at(reference: str, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a local reference (`#/$defs/name`) points at; anything for one that points nowhere."""
    found: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        if step and isinstance(found, Mapping):
            found = found.get(step.replace("~1", "/").replace("~0", "~"))
    return found if isinstance(found, Mapping) else {}


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if isinstance(kind, str):
        return kind
    if "properties" in schema:
        return "object"
    return "array" if "items" in schema else "string"


def _object(schema: Mapping[str, Any], word: str, root: Mapping[str, Any], depth: int) -> dict[str, Any]:
    properties: Mapping[str, Any] = schema.get("properties") or {}
    required = schema.get("required") or []
    # Deep down only what must be there, so that a schema that contains itself comes to an end.
    names = [*properties, *(name for name in required if name not in properties)] if depth < _DEEPEST else required
    if depth > 4 * _DEEPEST:
        return {}
    return {name: _value(properties.get(name, {"type": "string"}), word, root, depth + 1) for name in names}


def _array(schema: Mapping[str, Any], word: str, root: Mapping[str, Any], depth: int) -> list[Any]:
    least = schema.get("minItems", 0)
    if schema.get("prefixItems"):
        return [_value(item, word, root, depth + 1) for item in schema["prefixItems"]]
    count = max(least, 1 if depth < _DEEPEST and schema.get("maxItems", 1) > 0 else 0)
    return [_value(schema.get("items", {"type": "string"}), word, root, depth + 1) for _ in range(count)]


def _string(schema: Mapping[str, Any], word: str) -> str:
    text = _FORMATS.get(schema.get("format", ""), word)
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    if len(text) < least:
        text = (text or "a").ljust(least, "a")
    return text if most is None else text[:most]


def _number(schema: Mapping[str, Any], *, whole: bool) -> int | float:
    least, most = schema.get("minimum"), schema.get("maximum")
    if "exclusiveMinimum" in schema:
        least = schema["exclusiveMinimum"] + 1
    if "exclusiveMaximum" in schema:
        most = schema["exclusiveMaximum"] - 1
    step = schema.get("multipleOf", 1)
    if least is not None:
        number = ceil(least / step) * step
    elif most is not None:
        number = min(most // step, 1) * step
    else:
        number = step
    return int(number) if whole else number
