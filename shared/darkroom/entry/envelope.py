"""API Gateway's REST proxy event, read with care: a client wrote most of it."""

from __future__ import annotations

import re
from typing import Any

from darkroom.contracts.routes import ROUTES, Route
from darkroom.domain.callers import Caller
from darkroom.entry import gate
from darkroom.errors import MalformedRequestError


class Envelope:
    """One event. Raises MalformedRequestError for one that is not of the form."""

    def __init__(self, event: Any) -> None:
        self._context = _mapping(event.get("requestContext"))
        self._resource = str(event.get("resource") or "")
        self._path = str(event.get("path") or "")
        self._parameters = _strings(event.get("pathParameters"))
        self.method = str(event.get("httpMethod") or "").upper()
        self.headers = {
            name.lower(): ", ".join(values)
            for name, values in _several(event.get("multiValueHeaders"), event.get("headers")).items()
        }
        self.query = _several(event.get("multiValueQueryStringParameters"), event.get("queryStringParameters"))
        self.body = event.get("body")
        self.encoded = event.get("isBase64Encoded") is True

    def routes(self) -> list[Route]:
        """Every route on this path: by the gateway's resource, or by the path where that is a catch-all."""
        by_resource = [route for route in ROUTES if route.path == self._resource]
        return by_resource or [route for route in ROUTES if _match(route.path, self._path) is not None]

    def path_parameters(self, route: Route) -> dict[str, str]:
        found = _match(route.path, self._path) or {}
        given = {name: self._parameters.get(name, found.get(name)) for name in route.parameters}
        if missing := [name for name, value in given.items() if value is None]:
            raise gate.one_problem(missing[0], gate.MESSAGES["missing"])
        return {name: value for name, value in given.items() if value is not None}

    def prefix(self, route: Route) -> str:
        """The stage, or the base path of a custom domain: what the URL has before the route's own segments."""
        whole = str(self._context.get("path") or self._path).rstrip("/")
        return "/".join(whole.split("/")[: -route.path.count("/")])

    def caller(self) -> Caller | None:
        """Whom the authorizer let in; None where there was none."""
        said = _mapping(self._context.get("authorizer"))
        owner, key_id, rate = (str(said.get(name) or "") for name in ("owner", "keyId", "rate"))
        if not (owner and key_id and re.fullmatch("[0-9]{1,9}", rate)):
            return None
        return Caller(owner, key_id, frozenset(str(said.get("scopes") or "").split()), int(rate))


def _match(template: str, path: str) -> dict[str, str] | None:
    """The parameters of a path that fits the template; None for one that does not."""
    wanted, given = template.split("/"), path.rstrip("/").split("/")
    if len(wanted) != len(given):
        return None
    pairs = list(zip(wanted, given, strict=True))
    if any(part != value for part, value in pairs if not part.startswith("{")):
        return None
    return {part[1:-1]: value for part, value in pairs if part.startswith("{")}


def _mapping(value: object) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedRequestError("The event is no envelope of API Gateway")
    return value


def _strings(value: object) -> dict[str, str]:
    return {str(name): str(text) for name, text in _mapping(value).items() if text is not None}


def _several(many: object, single: object) -> dict[str, list[str]]:
    """Every value by name; the gateway's single-value form, which keeps the last one, where the other is missing."""
    if many is None:
        return {name: [value] for name, value in _strings(single).items()}
    return {
        str(name): [str(value) for value in (values if isinstance(values, list) else [values])]
        for name, values in _mapping(many).items()
    }
