"""The two ends of API Gateway's contract with a REQUEST authorizer: an event in, a policy or a 401 out.

A refusal is an exception whose message is exactly `Unauthorized`: the gateway answers that with 401 (and with our
problem+json, through its UNAUTHORIZED response). A Deny would be 403, which says that the caller is known and may not;
any other exception is 500. So Lambda counts a refusal as an error of the function: alarm on UnhandledErrors, which
counts our own faults alone.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final, Protocol

from darkroom.errors import UnauthenticatedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from darkroom.domain.callers import Caller
    from darkroom.usecases.access import Access

UNAUTHORIZED: Final = "Unauthorized"

log = logging.getLogger(__name__)


class Parts(Protocol):
    def access(self) -> Access: ...


def decide(event: object, parts: Parts) -> dict[str, Any] | None:
    """The policy for the request's caller; None for a caller that nobody knows. The reason is for the log alone."""
    asked: Mapping[str, Any] = event if isinstance(event, dict) else {}
    headers = _headers(asked)
    scheme, _, token = headers.get("authorization", "").partition(" ")
    try:
        caller = parts.access().authenticate(
            api_key=headers.get("x-api-key", "").strip(),
            bearer=token.strip() if scheme.lower() == "bearer" else None,
        )
    except UnauthenticatedError as error:
        log.info("A request was refused: %s", error.detail)
        return None
    return allow(caller, str(asked.get("methodArn", "")))


def unauthorized() -> Exception:
    """To be raised out of the function: the documented form, a bare Exception."""
    return Exception(UNAUTHORIZED)


def allow(caller: Caller, method_arn: str) -> dict[str, Any]:
    """Leave to call any method of the stage: what a caller may do is decided where the route is known.

    A policy for one method only would be wrong for the next, were the gateway ever set to keep it. The gateway takes
    strings in a context, and hands them to the functions.
    """
    api_and_stage = "/".join(method_arn.split("/")[:2])
    return {
        "principalId": caller.key_id,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": f"{api_and_stage}/*"}],
        },
        "context": {
            "owner": caller.owner,
            "keyId": caller.key_id,
            "scopes": " ".join(sorted(caller.scopes)),
            "rate": str(caller.requests_per_minute),
        },
    }


def _headers(event: Mapping[str, Any]) -> dict[str, str]:
    """Names in lower case, since clients and gateways spell them as they like; where one is repeated, the last."""
    headers = event.get("headers")
    if not isinstance(headers, dict):
        return {}
    return {str(name).lower(): value for name, value in headers.items() if isinstance(value, str)}
