"""Object detection: each message names a job of that kind."""

from typing import Any

from darkroom import wiring
from darkroom.entry.queue import consume
from darkroom.observability import Context, observed
from darkroom.usecases.running import Disposition


@observed
def handler(event: object, _context: Context) -> dict[str, Any]:
    runner, work = wiring.job_runner(), wiring.detection_work()

    def run(job_id: str, receive_count: int) -> bool:
        return runner.run(job_id, work, receive_count) is Disposition.DONE

    return consume(event, run, queue=wiring.detect_queue)
