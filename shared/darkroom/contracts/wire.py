"""What every model of the wire has in common: strict types, camelCase, no unknown fields."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from darkroom.domain.jobs import JOB_ID

JOB_ID_PATTERN: Final = f"^{JOB_ID.pattern}$"


class Wire(BaseModel):
    """Base of all. Requests hold declarative constraints only: `compile.py` must be able to write them as data."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, alias_generator=to_camel, allow_inf_nan=False)


Timestamp = Annotated[
    str,
    StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"),
    Field(json_schema_extra={"format": "date-time"}, examples=["2026-01-02T03:04:05.678Z"]),
]
JobId = Annotated[str, StringConstraints(pattern=JOB_ID_PATTERN)]
