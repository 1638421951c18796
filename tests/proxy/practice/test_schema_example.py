"""Examples that fit their schema."""

from typing import Any

import pytest

from bursar.practice.schema_example import example


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, "word"),
        ({"type": "string", "minLength": 6}, "wordaa"),
        ({"type": "string", "maxLength": 2}, "wo"),
        ({"type": "string", "format": "date"}, "2026-01-31"),
        ({"type": "integer"}, 1),
        ({"type": "integer", "minimum": 10, "multipleOf": 4}, 12),
        ({"type": "integer", "maximum": -3}, -3),
        ({"type": "integer", "exclusiveMinimum": 5}, 6),
        ({"type": "number", "minimum": 0.5, "maximum": 2}, 1),
        ({"type": "boolean"}, True),
        ({"type": "null"}, None),
        ({"type": ["null", "integer"]}, 1),
        ({"enum": ["red", "blue"]}, "red"),
        ({"const": 7}, 7),
        ({"type": "string", "default": "x"}, "x"),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 3}, [1, 1, 1]),
        ({"type": "array", "items": {"type": "integer"}, "maxItems": 0}, []),
        ({"prefixItems": [{"type": "integer"}, {"type": "string"}], "type": "array"}, [1, "word"]),
        ({"type": "object"}, {}),
        ({"properties": {"a": {"type": "integer"}}, "required": ["b"]}, {"a": 1, "b": "word"}),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, 1),
        ({"oneOf": [{"const": "x"}]}, "x"),
        (
            {"allOf": [{"type": "object", "properties": {"a": {"const": 1}}}, {"properties": {"b": {"const": 2}}}]},
            {"a": 1, "b": 2},
        ),
        (
            {"$defs": {"n": {"type": "integer"}}, "type": "object", "properties": {"a": {"$ref": "#/$defs/n"}}},
            {"a": 1},
        ),
        ({}, "word"),
        (True, None),
    ],
)
def test_an_example_fits(schema: Any, expected: Any) -> None:
    assert example(schema, "word") == expected


def test_a_schema_that_contains_itself_comes_to_an_end() -> None:
    tree = {
        "$defs": {
            "tree": {"type": "object", "properties": {"left": {"$ref": "#/$defs/tree"}, "v": {"type": "integer"}}}
        },
        "$ref": "#/$defs/tree",
    }
    value, depth = example(tree, "word"), 0
    while value.get("left"):
        value, depth = value["left"], depth + 1
    assert 0 < depth < 20
    endless = {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}
    assert example(endless, "word")
