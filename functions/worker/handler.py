"""Generation: each message names the job of a doodle or of a product picture."""

from typing import Any

from darkroom import wiring
from darkroom.entry.queue import consume
from darkroom.observability import Context, observed
from darkroom.usecases.running import Disposition

AT_ONCE = 10
"""A whole batch: most of a job's time is a provider's, and ten can be waited for as well as one."""


@observed
def handler(event: object, _context: Context) -> dict[str, Any]:
    runner, work = wiring.job_runner(), wiring.generation_work()

    def run(job_id: str, receive_count: int) -> bool:
        return runner.run(job_id, work, receive_count) is Disposition.DONE

    return consume(event, run, at_once=AT_ONCE, queue=wiring.generation_queue)
