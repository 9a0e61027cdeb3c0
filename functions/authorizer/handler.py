"""Who is calling? A key or a bearer token becomes an owner with scopes and a rate, or a 401."""

from darkroom import wiring
from darkroom.entry import authorizer
from darkroom.observability import Context, observed


@observed
def decide(event: object, _context: Context) -> object:
    return authorizer.decide(event, wiring)


def handler(event: object, context: Context) -> object:
    policy = decide(event, context)
    if policy is None:  # beyond `observed`, which hides the message that the gateway must read
        raise authorizer.unauthorized()
    return policy
