"""Health, and the one shape of every error."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from darkroom.contracts.wire import Wire


class HealthQuery(Wire):
    deep: Literal["0", "1"] = Field(default="0", description="1 touches every dependency, and needs a key.")


class Check(Wire):
    status: Literal["ok", "failing"]
    milliseconds: Annotated[int, Field(ge=0)]


class HealthAnswer(Wire):
    status: Literal["ok"]
    stage: str
    checks: dict[str, Check] | None = Field(default=None, description="By dependency, where `deep=1` asked for it.")


class FieldProblem(Wire):
    field: str
    message: str


class Problem(Wire):
    """RFC 9457 problem details. `code` is for machines and stable; `fix` says what to do about it."""

    type: str
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    code: str
    request_id: str
    fix: str
    message: str | None = Field(default=None, description="The same as `detail`, on the first routes.")
    errors: list[FieldProblem] | None = None
    checks: dict[str, Check] | None = None
