"""OpenAPI 3.1 of the whole API: `python -m darkroom.contracts.openapi` writes `openapi.json` from the route table and
the models. It is committed, so that no function needs pydantic to serve it; a test compares it with a fresh one."""

from __future__ import annotations

import json
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from darkroom.contracts.models import model
from darkroom.contracts.routes import FORM, HTML, JSON, PROBLEM, ROUTES, Route
from darkroom.contracts.wire import JOB_ID_PATTERN
from darkroom.domain import limits
from darkroom.domain.people import ID_PATTERN

if TYPE_CHECKING:
    from pydantic_core import CoreSchema, core_schema

DOCUMENT: Final = Path(__file__).with_name("openapi.json")
PEOPLE_ID: Final = f"^{ID_PATTERN}$"
REF: Final = "#/components/schemas/{model}"

DESCRIPTION: Final = """\
Uploads straight to storage, jobs that can be trusted, object detection, doodles and animations from words, pictures of
products from their pages, faces and the people that they belong to.

Send a key as `x-api-key`, or a bearer token of the configured issuer. Every error is problem+json (RFC 9457) with a
`code` for machines and a `fix` for people. A job or a person that is another owner's is 404, like one that never was.
"""
HEADERS: Final[dict[str, dict[str, Any]]] = {
    "Location": {"description": "The job's path, with the stage.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}},
    "Preference-Applied": {"description": "The `wait` that was honoured.", "schema": {"type": "string"}},
    "Allow": {"description": "The methods of this path.", "schema": {"type": "string"}},
    "WWW-Authenticate": {"description": "What to send.", "schema": {"type": "string"}},
}
PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "JobId": {"name": "jobId", "in": "path", "required": True, "schema": {"type": "string", "pattern": JOB_ID_PATTERN}},
    "PersonId": {
        "name": "personId",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": PEOPLE_ID},
    },
    "FaceId": {"name": "faceId", "in": "path", "required": True, "schema": {"type": "string", "pattern": PEOPLE_ID}},
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Of your making, for one request. Sent again with the same body, it gives the first answer again"
        " for 24 hours.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    },
    "Prefer": {
        "name": "Prefer",
        "in": "header",
        "description": f"`wait=N` holds the answer until the job ends, at most N and {limits.WAIT_SECONDS} seconds;"
        " `respond-async`, where work may be done at once, makes it a job in any case. Paths about faces wait"
        f" {limits.FACES_WAIT_SECONDS} seconds where nothing is said.",
        "schema": {"type": "string"},
        "example": "wait=10",
    },
}


class _Schemas(GenerateJsonSchema):
    """Pydantic's, without titles made from names; and what answers may leave out is not null in them."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the base class's signature
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> dict[str, Any]:
        inner: CoreSchema = schema["schema"]
        return self.generate_inner(inner) if self.mode == "serialization" else super().nullable_schema(schema)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> dict[str, Any]:
        made = super().default_schema(schema)
        if made.get("default", "") is None:
            del made["default"]
        return made


def document() -> dict[str, Any]:
    names: dict[tuple[str, JsonSchemaMode], None] = {}
    for route in ROUTES:
        names |= {(name, "validation"): None for name in (*route.models, route.query) if name}
        names |= {(name, "serialization"): None for name in route.answers.values() if name}
    names["service.Problem", "serialization"] = None
    found, definitions = models_json_schema(
        [(model(name), mode) for name, mode in names], ref_template=REF, schema_generator=_Schemas
    )
    refs = {name: found[model(name), mode] for name, mode in names}
    schemas = definitions["$defs"]
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, refs, schemas)
    used = {name for name in schemas if f'"{REF.format(model=name)}"' in json.dumps([paths, schemas])}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Darkroom",
            "version": version("darkroom"),
            "description": DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": ".", "description": "Where this document was read."}],
        "tags": [{"name": name} for name in dict.fromkeys(route.tag for route in ROUTES)],
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in schemas.items() if name in used | {"Problem"}},
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "responses": {_problem_name(status): _problem(status, refs) for status in _refusals()},
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
    }


def _operation(route: Route, refs: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    parameters = [_parameter(f"{name[0].upper()}{name[1:]}") for name in route.parameters] + _query(
        route, refs, schemas
    )
    if route.idempotent:
        parameters.append(_parameter("IdempotencyKey"))
    if route.waits:
        parameters.append(_parameter("Prefer"))
    made: dict[str, Any] = {
        "operationId": route.operation,
        "summary": route.summary,
        "tags": [route.tag],
        "security": [{"key": []}, {"token": []}] if route.scope else [{}, {"key": []}] if 401 in route.errors else [{}],
        "parameters": parameters,
        "responses": {
            str(status): _answer(route, status, refs)
            if status in route.answers
            else {"$ref": f"#/components/responses/{_problem_name(status)}"}
            for status in route.statuses
        },
    }
    if route.scope:
        made["description"] = f"Needs a key with the scope `{route.scope}`."
    if route.request:
        schemas_of_body = [refs[name] for name in route.json_models]
        schema = schemas_of_body[0] if len(schemas_of_body) == 1 else {"oneOf": schemas_of_body}
        made["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}} | _form(route, refs, schemas)}
    return made


def _form(route: Route, refs: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """The same as a form with files, where the route takes one."""
    if not route.form:
        return {}
    fields = schemas[refs[route.form]["$ref"].rpartition("/")[2]]
    files = {
        "type": "array",
        "items": {"type": "string", "contentMediaType": "application/octet-stream"},
        "minItems": 1,
        "maxItems": limits.IMAGES_PER_JOB,
        "description": f"A part for each picture; {limits.INLINE_IMAGE_BYTES:,} bytes in all.",
    }
    properties = {"files": files} | {name: _without_null(each) for name, each in fields["properties"].items()}
    return {FORM: {"schema": {**fields, "properties": properties, "required": ["files"]}}}


def _parameter(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/parameters/{name}"}


def _query(route: Route, refs: dict[str, Any], schemas: dict[str, Any]) -> list[dict[str, Any]]:
    if not route.query:
        return []
    schema = schemas[refs[route.query]["$ref"].rpartition("/")[2]]
    return [
        {"name": name, "in": "query", **_described(_without_null(each)), "required": name in schema.get("required", ())}
        for name, each in schema["properties"].items()
    ]


def _described(schema: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in schema.items() if key != "description"}
    return {"schema": rest} | ({"description": schema["description"]} if "description" in schema else {})


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A query string has no null: a parameter is there or not."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return rest | choices[0] if choices else rest


def _answer(route: Route, status: int, refs: dict[str, Any]) -> dict[str, Any]:
    name = route.answers[status]
    schema = refs[name] if name else {"type": "string" if route.produces == HTML else "object"}
    made: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {route.produces: {"schema": schema}},
    }
    headers = []
    if route.idempotent or (route.waits and 202 in route.answers):
        headers += ["Location", "Retry-After"]
    elif route.waits:
        headers += ["Retry-After"]
    if route.waits:
        headers += ["Preference-Applied"]
    if headers:
        made["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in headers}
    return made


def _refusals() -> list[int]:
    return sorted({status for route in ROUTES for status in route.statuses if status not in route.answers})


def _problem_name(status: int) -> str:
    return "".join(word.capitalize() for word in HTTPStatus(status).phrase.replace("-", " ").split())


def _problem(status: int, refs: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {PROBLEM: {"schema": refs["service.Problem"]}},
    }
    headers = {401: "WWW-Authenticate", 409: "Retry-After", 429: "Retry-After", 503: "Retry-After"}
    if status in headers:
        made["headers"] = {headers[status]: {"$ref": f"#/components/headers/{headers[status]}"}}
    return made


def text() -> str:
    return json.dumps(document(), indent=1) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(text())
