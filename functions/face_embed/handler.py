"""Faces: jobs from their queue, uploads that storage tells of, and the pictures of whoever invokes it."""

from typing import Any

from darkroom import wiring
from darkroom.domain.uploads import Arrival
from darkroom.entry import face_reading, s3
from darkroom.entry.queue import consume
from darkroom.observability import Context, observed
from darkroom.usecases.running import Disposition


@observed
def handler(event: object, context: Context) -> dict[str, Any]:
    if not (isinstance(event, dict) and "Records" in event):
        return face_reading.answer(event, wiring.face_reading, wiring.shelf, context.aws_request_id)
    if s3.are_arrivals(event):
        return begin(event)
    runner, work = wiring.job_runner(), wiring.face_work()

    def run(job_id: str, receive_count: int) -> bool:
        return runner.run(job_id, work, receive_count) is Disposition.DONE

    return consume(event, run, queue=wiring.face_queue)


def begin(event: object) -> dict[str, Any]:
    """A job for each picture that arrived; it comes back by the other queue."""
    uploads = wiring.face_uploads()

    def submit(arrivals: list[Arrival], _receive_count: int) -> bool:
        for arrival in arrivals:
            uploads.submit(arrival)
        return True

    return consume(event, submit, read=s3.arrivals, queue=wiring.face_uploads_queue)
