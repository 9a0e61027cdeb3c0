"""Deliveries: each message names an ended job whose webhook is due."""

from typing import Any

from darkroom import wiring
from darkroom.entry.queue import consume
from darkroom.observability import Context, observed

AT_ONCE = 10
"""A whole batch: a receiver that takes its ten seconds to answer keeps no other waiting."""


@observed
def handler(event: object, _context: Context) -> dict[str, Any]:
    webhooks = wiring.webhooks()

    def deliver(job_id: str, _receive_count: int) -> bool:
        webhooks.deliver(job_id)
        return True

    return consume(event, deliver, at_once=AT_ONCE)
