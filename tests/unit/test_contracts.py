"""The models are the truth; what is generated from them says the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from darkroom.contracts import compile as compiling
from darkroom.contracts import openapi
from darkroom.contracts.models import model
from darkroom.contracts.routes import ROUTES
from darkroom.contracts.validators import validator
from darkroom.contracts.wire import Wire
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ValidationError as CoreValidationError

BODIES = sorted({route.request for route in ROUTES if route.request})
QUERIES = sorted({route.query for route in ROUTES if route.query})

WORDS = st.sampled_from(
    [
        "",
        "cat.jpg",
        "image/jpeg",
        "process",
        "library",
        "s3://b/k",
        "https://a.example/x",
        "PENDING",
        "detection",
        "1",
        "0",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers(-3, 3_000_000_000) | st.floats(allow_nan=True) | WORDS | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


def field_names(name: str) -> st.SearchStrategy[str]:
    fields = model(name).model_fields
    aliases = [str(field.alias) for field in fields.values()]
    return st.sampled_from([*aliases, *aliases, *fields]) | st.text(max_size=8)


def faults(error: ValidationError | CoreValidationError) -> list[tuple[Any, str, str]]:
    """By place, kind and words; the words differ only where pydantic's name the Python class."""
    shown = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        kind = "dict_type" if fault["type"] == "model_type" else fault["type"]
        shown.append((fault["loc"], kind, "" if kind == "dict_type" else fault["msg"]))
    return sorted(shown, key=str)


def outcome_of_model(name: str, content: Any, *, strings: bool) -> Any:
    try:
        wire = model(name).model_validate_strings(content) if strings else model(name).model_validate(content)
    except ValidationError as error:
        return faults(error)
    return wire.model_dump()


def outcome_of_compiled(name: str, content: Any, *, strings: bool) -> Any:
    compiled = validator(name)
    try:
        return compiled.validate_strings(content) if strings else compiled.validate_python(content)
    except CoreValidationError as error:
        return faults(error)


def test_the_committed_validators_are_those_of_the_models() -> None:
    assert compiling.COMPILED.read_text() == compiling.text(), "run: make contracts"


def test_the_committed_openapi_is_that_of_the_routes_and_models() -> None:
    assert openapi.DOCUMENT.read_text() == openapi.text(), "run: make contracts"


@pytest.mark.parametrize("name", BODIES)
def test_compiled_validators_and_models_agree_on_any_body(name: str) -> None:
    @settings(max_examples=400, deadline=None)
    @example(content={"filename": "cat.jpg"})
    @example(content={"imageUrls": ["s3://media/cat.jpg"], "maxCost": 1})
    @given(content=st.dictionaries(field_names(name), VALUES, max_size=6) | VALUES)
    def agree(content: Any) -> None:
        expected = json.dumps(outcome_of_model(name, content, strings=False), default=str, sort_keys=True)
        compiled = outcome_of_compiled(name, content, strings=False)
        assert json.dumps(compiled, default=str, sort_keys=True) == expected

    agree()


@pytest.mark.parametrize("name", QUERIES)
def test_compiled_validators_and_models_agree_on_any_query(name: str) -> None:
    @settings(max_examples=400, deadline=None)
    @given(content=st.dictionaries(field_names(name), WORDS | st.text() | st.integers().map(str), max_size=5))
    def agree(content: dict[str, str]) -> None:
        expected = outcome_of_model(name, content, strings=True)
        assert outcome_of_compiled(name, content, strings=True) == expected

    agree()


def test_a_request_is_spelled_by_its_wire_names_only() -> None:
    by_python_name = outcome_of_compiled("detection.ProcessRequest", {"image_urls": ["s3://b/k"]}, strings=False)
    assert {place for place, _, _ in by_python_name} == {("image_urls",), ("imageUrls",)}


def test_a_python_validator_cannot_be_compiled() -> None:
    class Checked(Wire):
        name: str

        @field_validator("name")
        @classmethod
        def check(cls, value: str) -> str:
            return value

    with pytest.raises(TypeError, match="declarative"):
        compiling.plain(Checked.__pydantic_core_schema__)


def test_a_default_factory_cannot_be_compiled() -> None:
    class Made(Wire):
        names: list[str] = Field(default_factory=list)

    with pytest.raises(TypeError, match="literal default"):
        compiling.plain(Made.__pydantic_core_schema__)


def test_a_model_that_lets_unknown_fields_in_cannot_be_compiled() -> None:
    class Open(Wire):
        model_config = ConfigDict(extra="allow")
        name: str

    with pytest.raises(TypeError, match="unknown fields"):
        compiling.plain(Open.__pydantic_core_schema__)


def test_operations_are_named_once_and_each_belongs_to_one_function() -> None:
    assert len({route.operation for route in ROUTES}) == len(ROUTES)
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


def test_every_schema_of_the_document_is_closed_or_says_what_else_it_takes() -> None:
    schemas = openapi.document()["components"]["schemas"]
    open_ones = {name: schema for name, schema in schemas.items() if schema.get("additionalProperties") is not False}
    choices = {name: schema.get("anyOf") or schema.get("oneOf") or [] for name, schema in open_ones.items()}
    assert set(choices) == {"AiAnswer", "AiRequest", "EnrolAnswer", "UploadImagesAnswer"}
    for among in choices.values():
        assert among
        assert all(set(choice) == {"$ref"} for choice in among)


def test_every_reference_of_the_document_leads_somewhere() -> None:
    document = openapi.document()

    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [each for value in node.values() for each in references(value)]
        return [each for value in node for each in references(value)] if isinstance(node, list) else []

    found = set(references(document))
    assert len(found) > 20
    for reference in found:
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
