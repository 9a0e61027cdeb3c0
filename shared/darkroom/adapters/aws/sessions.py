"""botocore's session with the handlers of the services that we call.

botocore registers those of every service, and those that write documentation, one by one: 3 % of a cold start.
"""

from __future__ import annotations

from typing import Final

from botocore.handlers import BUILTIN_HANDLERS, REGISTER_FIRST, REGISTER_LAST
from botocore.session import Session

SERVICES: Final = frozenset({"dynamodb", "lambda", "rekognition", "s3", "secretsmanager", "sqs", "ssm"})
DOCUMENTATION: Final = "docs"


def lean_session() -> Session:
    """Its clients of SERVICES behave as any session's do; those of other services may not."""
    session = Session(include_builtin_handlers=False)
    events = session.get_component("event_emitter")
    register = {REGISTER_FIRST: events.register_first, REGISTER_LAST: events.register_last}
    for event, handler, *place in BUILTIN_HANDLERS:
        # `before-parameter-build.s3.PutObject`: what happens, of which service (`*` is any), at which operation.
        kind, *of = event.split(".")
        if kind != DOCUMENTATION and (not of or of[0] == "*" or of[0] in SERVICES):
            register.get(place[0] if place else None, events.register)(event, handler)
    return session
