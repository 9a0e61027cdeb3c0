"""What functions check requests with: `compiled.json` behind pydantic's core, without pydantic."""

from __future__ import annotations

import json
import sys
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import SchemaValidator

CORE: Final = "pydantic_core._pydantic_core"


@cache
def core() -> Any:
    """pydantic's core without the package around it, which declares the type of every schema: a tenth of a cold start.

    What holds `SchemaValidator` and `ValidationError`; where pydantic itself is loaded, the very same.
    """
    if CORE in sys.modules:
        return sys.modules[CORE]
    package = PathFinder.find_spec("pydantic_core")
    spec = package and PathFinder.find_spec(CORE, package.submodule_search_locations)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"{CORE} is not installed", name=CORE)
    module = sys.modules[CORE] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def _schemas() -> dict[str, Any]:
    schemas: dict[str, Any] = json.loads(Path(__file__).with_name("compiled.json").read_bytes())
    return schemas


@cache
def validator(name: str) -> SchemaValidator:
    """The validator of a request or query model of the route table: to a dict by Python names, defaults filled."""
    made: SchemaValidator = core().SchemaValidator(_schemas()[name])
    return made


@cache
def types(name: str) -> Mapping[str, str]:
    """What each field of a model is ("str", "int", "float", "bool", "list" ...), by its name on the wire."""
    found = {}
    for field in _schemas()[name]["fields"].values():
        schema = field["schema"]
        while schema["type"] in {"default", "nullable"}:
            schema = schema["schema"]
        found[field["validation_alias"]] = schema["type"]
    return found


@cache
def discriminator(name: str) -> str | None:
    """The field that says which of several models a body is of; None for a model that is alone."""
    found: str | None = _schemas()[name].get("discriminator")
    return found
