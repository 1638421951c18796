"""Tools as the model reads them: OpenAI turns their JSON schemas into declarations in the manner of TypeScript.

The form is not documented. It was found by others from what the API charged for small cases, and meets every
published value exactly (`tests/proxy/metering/test_count.py` has them); the JSON itself would be counted up
to three quarters too high. What the form has no word for is written as its JSON.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

_MOST_WORDS = 20_000
_DEEPEST = 24
_NUMBERS = {"integer": "number", "number": "number"}
_PLAIN = ("string", "boolean", "null", "object")


class _TooMuch(Exception):
    """The schema, with its references followed, has no end or none in reach."""


def tool_text(tools: Iterable[object]) -> str:
    """The text of decoded tools, plain functions or inside `{"type": "function", "function": …}`.

    Raises RecursionError where they are nested too deeply.
    """
    lines = ["namespace functions {", ""]
    others: list[str] = []
    for tool in tools:
        function = _function(tool)
        if function is None:
            others.append(as_json(tool))
        else:
            lines += [*_declaration(function), ""]
    return "\n".join([*lines, "} // namespace functions", *others])


def as_json(value: object) -> str:
    """Compact JSON of a decoded value. Raises RecursionError where it is nested too deeply."""
    return msgspec.json.encode(value).decode()


def _function(tool: object) -> Mapping[str, Any] | None:
    if not isinstance(tool, Mapping):
        return None
    inner = tool.get("function", tool)
    return inner if isinstance(inner, Mapping) and isinstance(inner.get("name"), str) else None


def _declaration(function: Mapping[str, Any]) -> list[str]:
    schema = function.get("parameters", function.get("input_schema"))
    lines = [f"// {function['description']}"] if function.get("description") else []
    if not isinstance(schema, Mapping) or not schema.get("properties"):
        return [*lines, f"type {function['name']} = () => any;"]
    try:
        body = _Schema(schema).properties(schema, 0)
    except _TooMuch:
        body = [as_json(schema)]
    return [*lines, f"type {function['name']} = (_: {{", *body, "}) => any;"]


class _Schema:
    """One tool's schema; counts its words, as references may refer to each other without end."""

    def __init__(self, whole: Mapping[str, Any]) -> None:
        self._whole = whole
        self._words = 0

    def properties(self, schema: Mapping[str, Any], depth: int) -> list[str]:
        """An object's properties, a line each. Only the outermost keep their descriptions."""
        properties, required = schema.get("properties"), schema.get("required")
        names = [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
        lines = []
        for name, inner in properties.items() if isinstance(properties, Mapping) else ():
            if depth == 0 and isinstance(inner, Mapping) and inner.get("description"):
                lines.append(f"// {inner['description']}")
            lines.append(f"{name}{'' if name in names else '?'}: {self._type(inner, depth + 1)},")
        return lines

    def _type(self, schema: object, depth: int) -> str:
        self._words += 1
        if self._words > _MOST_WORDS or depth > _DEEPEST:
            raise _TooMuch
        if not isinstance(schema, Mapping):
            return "any"
        if "$ref" in schema:
            return self._type(self._referred(schema["$ref"]), depth + 1)
        if isinstance(schema.get("enum"), list):
            return " | ".join(map(as_json, schema["enum"]))
        if "const" in schema and "type" not in schema:  # beside a type it is left out
            return as_json(schema["const"])
        for word, between in (("anyOf", " | "), ("oneOf", " | "), ("allOf", " & ")):
            if isinstance(schema.get(word), list):
                return between.join(self._type(each, depth + 1) for each in schema[word])
        return self._simple(schema, depth)

    def _simple(self, schema: Mapping[str, Any], depth: int) -> str:
        kind = schema.get("type")
        if isinstance(kind, list):
            return " | ".join(self._type({**schema, "type": each}, depth + 1) for each in kind)
        if kind == "array":
            return f"{self._type(schema['items'], depth + 1)}[]" if "items" in schema else "any[]"
        if schema.get("properties"):
            return "\n".join(["{", *(f"  {line}" for line in self.properties(schema, depth)), "}"])
        if kind in _PLAIN:
            return str(kind)
        return _NUMBERS.get(kind, "any") if isinstance(kind, str) else "any"

    def _referred(self, reference: object) -> object:
        """What `#/$defs/Name` refers to, None where it is nothing in this schema."""
        found: object = self._whole
        for step in str(reference).removeprefix("#/").split("/"):
            found = found.get(step) if isinstance(found, Mapping) else None
        return found
