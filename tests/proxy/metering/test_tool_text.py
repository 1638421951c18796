"""Tools as text: the parts of JSON schemas that the known counts do not touch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.metering.tool_text import tool_text


def declared(properties: dict[str, object], **more: object) -> str:
    tool = {"name": "f", "parameters": {"type": "object", "properties": properties, **more}}
    text = tool_text([tool])
    start, end = "namespace functions {\n\ntype f = (_: {\n", "\n}) => any;\n\n} // namespace functions"
    assert text.startswith(start)
    assert text.endswith(end)
    return text[len(start) : -len(end)]


@pytest.mark.parametrize(
    ("schema", "written"),
    [
        ({"type": "string"}, "string"),
        ({"type": "integer"}, "number"),
        ({"type": "null"}, "null"),
        ({"type": "object"}, "object"),
        ({"type": "array"}, "any[]"),
        ({"type": "array", "items": {"type": "boolean"}}, "boolean[]"),
        ({"type": ["string", "null"]}, "string | null"),
        ({"enum": ["a", "é"]}, '"a" | "é"'),
        ({"type": "integer", "enum": [1, 2]}, "1 | 2"),
        ({"const": "x"}, '"x"'),
        ({"anyOf": [{"type": "string"}, {"type": "number"}]}, "string | number"),
        ({"oneOf": [{"type": "string"}, {}]}, "string | any"),
        ({"allOf": [{"type": "object"}, {"$ref": "#/$defs/A"}]}, "object & number"),
        ({"$ref": "#/$defs/A"}, "number"),
        ({"$ref": "#/$defs/B"}, "any"),
        ({"type": "date"}, "any"),
        ({"type": 5}, "any"),
        ("string", "any"),
        (None, "any"),
        ({"properties": {"b": {"type": "string", "description": "not said"}}}, "{\n  b?: string,\n}"),
    ],
)
def test_each_kind_of_schema_has_its_words(schema: object, written: str) -> None:
    assert declared({"a": schema}, **{"$defs": {"A": {"type": "number"}}}) == f"a?: {written},"


def test_descriptions_are_said_on_the_first_level_and_required_fields_are() -> None:
    properties: dict[str, object] = {"a": {"type": "string", "description": "Said."}, "b": {"type": "null"}}
    assert declared(properties, required=["b", 5]) == "// Said.\na?: string,\nb: null,"


def test_a_schema_without_end_is_written_as_json() -> None:
    endless = {"$ref": "#/$defs/A"}
    text = declared({"a": endless}, **{"$defs": {"A": {"type": "array", "items": endless}}})
    assert text.startswith('{"type":"object","properties":')
    fan = {
        f"D{n}": {"type": "object", "properties": {p: {"$ref": f"#/$defs/D{n + 1}"} for p in "abcdefghij"}}
        for n in range(9)
    }
    assert len(declared({"a": {"$ref": "#/$defs/D0"}}, **{"$defs": fan})) < 10_000


def test_what_is_no_function_is_written_as_json() -> None:
    text = tool_text([{"type": "web_search", "user_location": "here"}, "odd", None, {"name": 5}])
    assert text.splitlines()[-4:] == ['{"type":"web_search","user_location":"here"}', '"odd"', "null", '{"name":5}']


SCHEMA = st.recursive(
    st.none() | st.integers() | st.sampled_from(["string", "array", "object", "#/properties/a", ["null", "x"]]),
    lambda inner: (
        st.dictionaries(
            st.sampled_from(
                ["type", "properties", "items", "anyOf", "$ref", "enum", "required", "description", "a", "b"]
            ),
            inner,
        )
        | st.lists(inner, max_size=3)
    ),
    max_leaves=15,
)


@given(st.lists(st.fixed_dictionaries({"name": st.just("f"), "parameters": SCHEMA})))
def test_any_schema_is_written(tools: list[object]) -> None:
    assert tool_text(tools).startswith("namespace functions {")
