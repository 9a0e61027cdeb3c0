"""A job of faces meets trouble: it stops, ends or comes again as every other job does, and counts what it took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from darkroom.adapters.memory.faces import MemoryFaces
from darkroom.domain import limits
from darkroom.domain.faces import FUNCTION_GIGABYTES
from darkroom.domain.jobs import State
from darkroom.domain.uploads import Arrival, Purpose
from darkroom.errors import BadImageError, CostLimitError, InvalidRequestError, TooLargeError, TransientError
from darkroom.usecases.faces import TIME, FaceUploads
from darkroom.usecases.sources import Sent, one, sent

from tests.api import Api
from tests.face_parts import photograph

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from darkroom.domain.faces import Face
    from darkroom.domain.jobs import Job


class Acting(MemoryFaces):
    """Does something before it looks at each picture."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self._act = act

    def faces(self, pixels: Any) -> Sequence[Face]:
        self._act()
        return super().faces(pixels)


def read(api: Api, job_id: str) -> Job:
    found = api.parts.job_store.get(job_id)
    assert found is not None
    return found


def test_a_job_counts_what_it_read_and_reports_each_use_of_the_engine() -> None:
    api = Api()
    job_id = api.faces_job(photograph("red"), photograph("blue"))
    assert read(api, job_id).estimate.gb_seconds == pytest.approx(2 * 1.5 * 3.0)
    api.find_faces()
    job = read(api, job_id)
    assert (job.state, job.cost.bytes_in) == (State.COMPLETED, len(photograph("red")) + len(photograph("blue")))
    assert api.parts.meter.counts["EngineItems", "memory"] == 2
    assert FUNCTION_GIGABYTES == 3_008 / 1_024


def test_a_job_that_is_cancelled_stops_before_its_next_picture() -> None:
    api = Api()
    job_id = api.faces_job(*[photograph("red")] * 5)

    def cancel() -> None:
        api.parts.clock.advance(2 * limits.SECOND)
        api.parts.jobs().cancel("ann", job_id)

    engine = Acting(cancel)
    api.parts.face_models = {"colours": engine}
    api.find_faces()
    assert (read(api, job_id).state, engine.calls) == (State.CANCELLED, 1)


def test_pictures_that_had_no_turn_in_time_say_so_and_the_others_stand() -> None:
    api = Api()
    waits = iter([TIME])
    api.parts.face_models = {"colours": Acting(lambda: api.parts.clock.advance(next(waits, 0)))}
    job_id = api.faces_job(*[photograph("red")] * 20)
    api.find_faces()
    results = api.parts.jobs().result(read(api, job_id))["results"]
    assert results[0]["faceCount"] == 1
    assert results[-1]["error"]["code"] == "OUT_OF_TIME"
    assert len(results) == 20


def test_storage_that_is_in_trouble_has_the_job_tried_again() -> None:
    api = Api()
    job_id = api.faces_job(photograph("red"))
    whole = api.parts.objects.read

    def throttled(key: str, *, limit: int) -> bytes:
        raise TransientError(f"{key} of at most {limit} bytes was throttled")

    api.parts.objects.read = throttled  # type: ignore[method-assign]
    api.find_faces()
    assert read(api, job_id).state is State.PENDING
    api.parts.objects.read = whole  # type: ignore[method-assign]
    api.parts.clock.advance(limits.MINUTE)
    api.parts.face_queue().send(f'{{"jobId": "{job_id}"}}')
    api.find_faces()
    assert read(api, job_id).state is State.COMPLETED


def test_a_picture_that_the_engine_does_not_take_fails_alone() -> None:
    api = Api()
    api.parts.face_models = {"colours": MemoryFaces(trouble=[None, BadImageError("Too thin for this engine"), None])}
    job_id = api.faces_job(*[photograph("red")] * 3)
    api.find_faces()
    results = api.parts.jobs().result(read(api, job_id))["results"]
    assert ["error" in each for each in results] == [False, True, False]
    assert results[1]["error"] == {"code": "BAD_IMAGE", "message": "Too thin for this engine"}


def test_an_engine_that_breaks_is_our_fault_and_not_the_pictures() -> None:
    api = Api()
    api.parts.face_models = {"colours": Acting(lambda: 1 / 0)}
    job_id = api.faces_job(photograph("red"))
    for _ in range(limits.RECEIVES_PER_MESSAGE):
        api.find_faces()
        api.parts.clock.advance(10 * limits.MINUTE)
    job = read(api, job_id)
    assert (job.state, job.failure and job.failure.code) == (State.FAILED, "INTERNAL")


def test_a_job_above_its_cost_is_refused_before_anything_is_looked_at() -> None:
    api = Api()
    with pytest.raises(CostLimitError):
        api.faces_job(photograph("red"), max_cost=0.0)


def test_requests_too_large_for_a_row_are_refused() -> None:
    api = Api()
    url = "https://example.com/".ljust(limits.URL_CHARACTERS, "é")
    images = [Sent(f"images[{n}]", source={"url": url}, name="é" * 255) for n in range(limits.IMAGES_PER_JOB)]
    with pytest.raises(TooLargeError):
        api.parts.face_requests().submit("ann", images)


def test_a_name_that_people_may_not_see_is_cleaned_or_left_out() -> None:
    names = ["../../a.png", "a\u202egnp.exe", "\x00", "..", "x" * 1_000 + ".png", "", "C:\\b.png"]
    shown = [each.name for each in sent([], [(name, b"x") for name in names])]
    assert shown == ["a.png", "agnp.exe", None, None, "x" * 251 + ".png", None, "b.png"]


def test_a_picture_is_named_in_one_way() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        one({"url": "https://example.com", "s3_uri": "s3://media/x"}, "faces[1]")
    assert "s3Uri and url" in str(caught.value.problems)


def test_uploads_are_of_this_bucket_alone() -> None:
    api = Api()
    upload = api.parts.uploads().presign("ann", "a.png", purpose=Purpose.FACES)
    uploads = FaceUploads(api.parts.submissions(), api.parts.upload_store, api.parts.clock, bucket="media", gigabytes=3)
    assert uploads.submit(Arrival("theirs", upload.key, "1")) is None
    assert uploads.submit(Arrival("media", "faces/../x", "1")) is None
    job = uploads.submit(Arrival("media", upload.key, "1"))
    assert job is not None
    assert job.owner == "ann"
