"""`aws lambda invoke` with the bare request: the event becomes the envelope that API Gateway would have sent.

Three forms, `operation` naming one of the function's operations where it is not the first in DEFAULTS:
- the fields of the request: `{"imageUrls": [...]}`, `{"jobId": "..."}`, `{"operation": "listJobs", "limit": 5}`;
- the body apart, as text or as an object: `{"body": "{...}", "headers": {"Idempotency-Key": "..."}}`;
- API Gateway's own envelope, which never comes here.
"""

from __future__ import annotations

import json
from typing import Any, Final

from darkroom.contracts.routes import ROUTES, Route
from darkroom.domain.callers import Scope
from darkroom.errors import InvalidRequestError, MalformedRequestError

DEFAULTS: Final = {
    "presign": "presignUpload",
    "doodle": "performActions",
    "faces": "findFaces",
    "preview": "previewProduct",
    "receiver": "detectObjects",
    "search": "searchFaces",
    "status": "getJob",
}
TOLD_BY: Final = {"faces": {"faces": "compareFaces"}, "receiver": {"productUrl": "generateProductImage"}}
"""Operations that a field of theirs tells apart, so that nobody need name them."""
OWNER: Final = "_direct"
"""Whose work a direct invoke does. IAM has decided who may invoke; no key can be made for an owner of this spelling."""
CALLER: Final = {"owner": OWNER, "keyId": OWNER, "scopes": " ".join(Scope), "rate": "0"}
APART: Final = frozenset({"body", "headers", "isBase64Encoded", "pathParameters", "queryStringParameters"})


def envelope(function: str, event: object) -> dict[str, Any]:
    """Raises MalformedRequestError or InvalidRequestError for an event that names nothing this function does."""
    if not isinstance(event, dict):
        raise MalformedRequestError("The event is no JSON object")
    told = next((operation for name, operation in TOLD_BY.get(function, {}).items() if name in event), None)
    route = _route(function, event.get("operation", told or DEFAULTS[function]))
    rest = {name: value for name, value in event.items() if name != "operation"}
    parts = rest if "body" in rest and rest.keys() <= APART else _apart(route, rest)
    body = parts.get("body")
    if body is not None and not isinstance(body, str):
        body = json.dumps(body)
    return {
        **parts,
        "httpMethod": route.method,
        "resource": route.path,
        "body": body,
        "pathParameters": parts.get("pathParameters") or {},
        "requestContext": {"authorizer": CALLER},
    }


def _apart(route: Route, fields: dict[str, Any]) -> dict[str, Any]:
    """Bare fields to where the route takes them: its path, then its body or its query."""
    path = {name: _text(fields[name]) for name in route.parameters if name in fields}
    rest = {name: value for name, value in fields.items() if name not in path}
    if route.request:
        return {"pathParameters": path, "body": rest}
    query = {name: _text(value) for name, value in rest.items() if value is not None}
    return {"pathParameters": path, "queryStringParameters": query}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _route(function: str, operation: object) -> Route:
    mine = {route.operation: route for route in ROUTES if route.function == function}
    if not isinstance(operation, str) or operation not in mine:
        raise InvalidRequestError(
            "This function has no such operation",
            problems=(("operation", f"is none of {', '.join(mine)}"),),
            fix=f"Name one of {', '.join(mine)}.",
        )
    return mine[operation]
