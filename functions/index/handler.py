"""What changes people and their vectors: each message names a job; the schedule sweeps what was left."""

from dataclasses import asdict
from typing import Any

from darkroom import wiring
from darkroom.domain.limits import MINUTE
from darkroom.entry.queue import consume
from darkroom.observability import Context, emit, function_name, observed
from darkroom.usecases.running import Disposition

TIME = 10 * MINUTE
"""For one sweep, of the function's 15; what is left then waits for the next."""


def sweep() -> dict[str, Any]:
    swept = wiring.index_sweep().sweep(until=wiring.clock().now() + TIME)
    emit(
        {
            "StraysErased": (swept.vectors + swept.objects + swept.erasures, "Count"),
            "OwnersNotSwept": (swept.failed, "Count"),
        },
        {"function": function_name()},
    )
    return asdict(swept)


@observed
def handler(event: object, _context: Context) -> dict[str, Any]:
    if isinstance(event, dict) and event.get("source") == "aws.events":
        return sweep()
    runner, work = wiring.job_runner(), wiring.index_work()

    def run(job_id: str, receive_count: int) -> bool:
        return runner.run(job_id, work, receive_count) is Disposition.DONE

    return consume(event, run, queue=wiring.index_queue)
