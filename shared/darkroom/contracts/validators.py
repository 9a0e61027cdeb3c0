"""What functions check requests with: `compiled.json` behind pydantic's core, without pydantic."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from pydantic_core import SchemaValidator


@cache
def _schemas() -> dict[str, Any]:
    schemas: dict[str, Any] = json.loads(Path(__file__).with_name("compiled.json").read_bytes())
    return schemas


@cache
def validator(name: str) -> SchemaValidator:
    """The validator of a request or query model of the route table: to a dict by Python names, defaults filled."""
    return SchemaValidator(_schemas()[name])
