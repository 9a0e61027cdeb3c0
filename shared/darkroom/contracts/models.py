"""From the names in the route table to the pydantic models: what generators and tests use, and no function does."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from darkroom.contracts.wire import Wire


def model(name: str) -> type[Wire]:
    """The model of a `module.Class` name of the route table."""
    module, _, attribute = name.partition(".")
    found: type[Wire] = getattr(import_module(f"darkroom.contracts.{module}"), attribute)
    return found
