"""Request models as plain data: `python -m darkroom.contracts.compile` writes `compiled.json`.

Importing pydantic and building one model costs an API function more than everything else it does on a cold start.
Its core does not: so the models stay the truth, and what functions load is each request model's core schema with the
Python classes taken out (a model becomes a typed dict), which `pydantic_core` validates with the same rules and the
same errors. A test compares the committed file with a fresh one, and both validators on random input.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from darkroom.contracts.models import model
from darkroom.contracts.routes import ROUTES

COMPILED: Final = Path(__file__).with_name("compiled.json")

PLAIN: Final = frozenset({"str", "int", "float", "bool", "any", "literal"})
WRAPPING: Final = {
    "nullable": ("schema",),
    "default": ("schema",),
    "list": ("items_schema",),
    "dict": ("keys_schema", "values_schema"),
}


def compiled() -> dict[str, Any]:
    """Core schemas of every request and query model in the route table, by name."""
    names = sorted({name for route in ROUTES for name in (*route.models, route.query) if name})
    return {name: plain(model(name).__pydantic_core_schema__) for name in names}


def plain(schema: Any) -> dict[str, Any]:
    """A core schema without classes, functions or references to them.

    Raises TypeError for what cannot be data (a Python validator, a default factory, a recursive model), which is why
    request models hold declarative constraints only.
    """
    kind = schema["type"]
    if kind == "model" and schema["root_model"]:
        return plain(schema["schema"])
    if kind == "tagged-union":
        choices = {tag: plain(choice) for tag, choice in schema["choices"].items()}
        return {"type": kind, "discriminator": schema["discriminator"], "choices": choices}
    if kind == "model":
        if schema["config"]["extra_fields_behavior"] != "forbid":
            raise TypeError(f"{schema['cls'].__name__} lets unknown fields in")
        config = {key: value for key, value in schema["config"].items() if key != "title"}
        fields = {name: _field(field) for name, field in schema["schema"]["fields"].items()}
        return {"type": "typed-dict", "config": config, "extra_behavior": "forbid", "fields": fields}
    if kind not in PLAIN and kind not in WRAPPING:
        raise TypeError(f"a {kind!r} schema cannot be written as data: use declarative constraints in request models")
    if "default_factory" in schema:
        raise TypeError("a default factory cannot be written as data: use a literal default in request models")
    inner = WRAPPING.get(kind, ())
    kept = {key: value for key, value in schema.items() if key not in {"metadata", "ref", *inner}}
    return kept | {key: plain(schema[key]) for key in inner if key in schema}


def _field(field: Any) -> dict[str, Any]:
    schema = plain(field["schema"])
    return {
        "type": "typed-dict-field",
        "schema": schema,
        "required": schema["type"] != "default",
        "validation_alias": field["validation_alias"],
    }


def text() -> str:
    return json.dumps(compiled(), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    COMPILED.write_text(text())
