"""Faces: jobs from their queue, uploads that storage tells of, and the pictures of whoever invokes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from darkroom import wiring
from darkroom.entry import face_reading, s3
from darkroom.entry.queue import consume
from darkroom.observability import Context, observed
from darkroom.usecases.running import Disposition

if TYPE_CHECKING:
    from darkroom.domain.uploads import Arrival
    from darkroom.ports import MessageQueue
    from darkroom.usecases.faces import FaceReading, FaceUploads
    from darkroom.usecases.running import JobRunner, Work
    from darkroom.usecases.shelf import Shelf


class Parts(Protocol):
    """What this function is made of. The module `wiring` is one; a test has its own."""

    def job_runner(self) -> JobRunner: ...

    def face_work(self) -> Work: ...

    def face_uploads(self) -> FaceUploads: ...

    def face_reading(self) -> FaceReading: ...

    def shelf(self) -> Shelf: ...

    def face_queue(self) -> MessageQueue: ...

    def face_uploads_queue(self) -> MessageQueue: ...


def serve(event: object, request_id: str, parts: Parts) -> dict[str, Any]:
    if not (isinstance(event, dict) and "Records" in event):
        return face_reading.answer(event, parts.face_reading, parts.shelf, request_id)
    if s3.are_arrivals(event):
        return begin(event, parts)
    runner, work = parts.job_runner(), parts.face_work()

    def run(job_id: str, receive_count: int) -> bool:
        return runner.run(job_id, work, receive_count) is Disposition.DONE

    return consume(event, run, queue=parts.face_queue)


def begin(event: object, parts: Parts) -> dict[str, Any]:
    """A job for each picture that arrived; it comes back by the other queue."""
    uploads = parts.face_uploads()

    def submit(arrivals: list[Arrival], _receive_count: int) -> bool:
        for arrival in arrivals:
            uploads.submit(arrival)
        return True

    return consume(event, submit, read=s3.arrivals, queue=parts.face_uploads_queue)


@observed
def handler(event: object, context: Context) -> dict[str, Any]:
    return serve(event, context.aws_request_id, wiring)
