"""From a request to a job, and from a job to what is seen on each image: with every part in memory."""

from __future__ import annotations

import json
import threading
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.adapters.memory.jobs import MemoryJobStore
from darkroom.adapters.memory.messages import MemoryMeter, MemoryQueue
from darkroom.adapters.memory.storage import MemoryObjectStore, MemoryUploadStore
from darkroom.adapters.memory.vision import MemoryDetector, MemoryImages, written
from darkroom.adapters.memory.web import MemoryFetcher
from darkroom.adapters.vision.images import PillowImages
from darkroom.adapters.vision.onnx_detector import OnnxDetector
from darkroom.adapters.vision.session import open_session
from darkroom.contracts.jobs import ImageDetections
from darkroom.domain import limits
from darkroom.domain.jobs import Kind, State
from darkroom.domain.uploads import Purpose
from darkroom.errors import (
    BadImageError,
    CostLimitError,
    FetchFailedError,
    ImageNotFoundError,
    InvalidRequestError,
    NoModelError,
    NotChargedError,
    SettingsError,
    TooLargeError,
    TransientError,
    UnacceptableUrlError,
)
from darkroom.ports import Fetched
from darkroom.usecases.detection import DetectionRequests, DetectionWork
from darkroom.usecases.endings import Endings
from darkroom.usecases.running import Disposition, JobRunner
from darkroom.usecases.sources import AHEAD
from darkroom.usecases.submission import Submissions
from darkroom.usecases.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from darkroom.domain.jobs import Job
    from darkroom.errors import DarkroomError
    from darkroom.ports import ImageReader, ObjectDetector

    from tests.conftest import Material

SQUARE = [{"label": "red", "confidence": 1.0, "bbox": [2.0, 1.0, 6.0, 4.0]}]


def picture(colour: tuple[int, int, int] = (255, 0, 0), size: tuple[int, int] = (8, 10)) -> bytes:
    """A PPM, 10 wide and 8 high unless told: black, with a block of the colour at (2, 1) to (6, 4)."""
    pixels = np.zeros((*size, 3), np.uint8)
    pixels[1:4, 2:6] = colour
    return written(pixels)


class Darkroom:
    """All of object detection on parts in memory."""

    def __init__(
        self,
        detector: ObjectDetector | Callable[[], ObjectDetector] | None = None,
        web: Mapping[str, Fetched | DarkroomError] | None = None,
        *,
        engine: str = "onnx",
        reader: ImageReader | None = None,
        store: MemoryJobStore | None = None,
    ) -> None:
        self.clock = MemoryClock()
        self.store = store or MemoryJobStore()
        self.queue = MemoryQueue(self.clock)
        self.objects = MemoryObjectStore("media")
        self.rows = MemoryUploadStore()
        self.fetcher = MemoryFetcher(web or {})
        self.meter = MemoryMeter()
        self.uploads = Uploads(self.objects, self.rows, self.clock)
        self.requests = DetectionRequests(
            Submissions(store=self.store, queues={Kind.DETECTION: self.queue}, clock=self.clock),
            self.uploads,
            self.fetcher,
            bucket="media",
            engine=engine,
            gigabytes=2.0,
        )
        made = MemoryDetector() if detector is None else detector
        self.work = DetectionWork(
            made if callable(made) else lambda: made,
            reader or MemoryImages(),
            objects=self.objects,
            uploads=self.rows,
            fetcher=self.fetcher,
            clock=self.clock,
        )
        endings = Endings(store=self.store, webhooks=MemoryQueue(self.clock), clock=self.clock, meter=self.meter)
        self.runner = JobRunner(
            store=self.store,
            objects=self.objects,
            endings=endings,
            clock=self.clock,
            heartbeat=lambda _beat: nullcontext(),
            gigabytes=2.0,
        )

    def upload(self, data: bytes | None, owner: str = "ann", purpose: Purpose = Purpose.PROCESS) -> str:
        """The `s3://` URL of an upload of this owner's; without data, one that was presigned and never sent."""
        made = self.uploads.presign(owner, "cat.png", "image/png", purpose=purpose)
        if data is not None:
            self.objects.write(made.key, data, content_type="image/png")
        return f"s3://media/{made.key}"

    def submit(self, *urls: str, **more: Any) -> Job:
        return self.requests.submit("ann", list(urls), **more)

    def run(self, *urls: str, **more: Any) -> Job:
        """Submit, let one worker do it, and look at how the job stands."""
        return self.take(self.submit(*urls, **more))

    def take(self, job: Job, receive_count: int = 1) -> Job:
        assert self.runner.run(job.job_id, self.work, receive_count) is Disposition.DONE
        found = self.store.get(job.job_id)
        assert found is not None
        return found

    def result(self, job: Job) -> dict[str, Any]:
        assert job.state is State.COMPLETED, job.failure
        text = self.store.inline_result(job.job_id)
        assert text is not None
        result: dict[str, Any] = json.loads(text)
        return result


# --- requests ---------------------------------------------------------------------------------------------------------


def test_a_job_keeps_what_was_asked_for() -> None:
    room = Darkroom()
    url = room.upload(picture())
    job = room.submit(url, "https://example.com/b.ppm", user_id="user-7", metadata={"album": 1})
    assert job.request == {
        "imageUrls": [url, "https://example.com/b.ppm"],
        "userId": "user-7",
        "metadata": {"album": 1},
    }
    assert (job.owner, job.kind, job.items, job.state) == ("ann", Kind.DETECTION, 2, State.PENDING)


def test_the_longest_plain_request_is_taken() -> None:
    room = Darkroom()
    url = "https://example.com/".ljust(limits.URL_CHARACTERS, "a")
    job = room.submit(*[url] * limits.IMAGES_PER_JOB, metadata={"note": "é" * 2_000}, user_id="😀" * 255)
    assert job.items == limits.IMAGES_PER_JOB


@pytest.mark.parametrize("character", ["é", "😀", '"'])
def test_a_request_too_large_to_be_stored_is_refused(character: str) -> None:
    room = Darkroom()
    url = "https://example.com/".ljust(limits.URL_CHARACTERS, character)
    with pytest.raises(TooLargeError) as caught:
        room.submit(*[url] * limits.IMAGES_PER_JOB)
    assert caught.value.fix == "Split the images over several jobs."


def test_nothing_is_read_and_nothing_fetched_for_a_request() -> None:
    room = Darkroom()
    room.submit(room.upload(None), "https://example.com/missing.ppm")
    assert room.fetcher.sent == []


def test_an_upload_of_another_owner_is_not_found() -> None:
    room = Darkroom()
    with pytest.raises(ImageNotFoundError):
        room.submit(room.upload(picture(), owner="bob"))


@pytest.mark.parametrize(
    "url",
    [
        "s3://other/uploads/2026/01/02/1-cat.jpg",
        "s3://media/uploads/2026/01/02/unknown-cat.png",
        "s3://media/results/job/1.json",
        "s3://media/../other/cat.png",
        "s3://MEDIA/uploads/2026/01/02/1-cat.jpg",
    ],
)
def test_a_foreign_bucket_and_an_unknown_key_are_not_found(url: str) -> None:
    with pytest.raises(ImageNotFoundError):
        Darkroom().submit(url)


@pytest.mark.parametrize(
    "url", ["s3://", "s3://media", "s3://media/", "s3:///uploads/cat.jpg", "s3://media@x/k", "s3://media:80/k"]
)
def test_an_upload_is_named_by_its_bucket_and_its_key(url: str) -> None:
    room = Darkroom()
    with pytest.raises(
        UnacceptableUrlError, match=r"^imageUrls\[1\]: The URL is not of the form s3://BUCKET/KEY$"
    ) as caught:
        room.submit(room.upload(picture()), url)
    assert "POST /uploads/presign" in caught.value.fix


def test_an_upload_past_its_keeping_time_is_not_found() -> None:
    room = Darkroom()
    url = room.upload(picture())
    room.clock.advance(limits.UPLOAD_KEPT)
    with pytest.raises(ImageNotFoundError):
        room.submit(url)


def test_an_upload_for_another_purpose_is_named() -> None:
    room = Darkroom()
    with pytest.raises(InvalidRequestError) as caught:
        room.submit(room.upload(picture()), room.upload(picture(), purpose=Purpose.LIBRARY))
    assert caught.value.problems == (("imageUrls[1]", "was uploaded with the purpose library"),)


@pytest.mark.parametrize("url", ["http://127.0.0.1/a.png", "ftp://example.com/a.png", "s3:/media/a.png", "cat.png", ""])
def test_a_url_that_must_not_be_fetched_is_refused_by_its_place(url: str) -> None:
    with pytest.raises(UnacceptableUrlError, match=r"imageUrls\[1\]") as caught:
        Darkroom().submit("https://example.com/a.ppm", url)
    assert "s3:// URL of an upload" in caught.value.fix


def test_a_callback_to_a_private_address_is_refused() -> None:
    with pytest.raises(UnacceptableUrlError, match="callbackUrl"):
        Darkroom().submit("https://example.com/a.ppm", callback_url="http://169.254.169.254/latest")


def test_a_callback_to_storage_is_refused_with_a_fix_that_the_field_takes() -> None:
    with pytest.raises(UnacceptableUrlError, match="callbackUrl") as caught:
        Darkroom().submit("https://example.com/a.ppm", callback_url="s3://media/a.json")
    assert caught.value.fix == "Use an http or https URL of a public host on port 80 or 443."


def test_the_scheme_of_an_upload_is_taken_in_any_case() -> None:
    room = Darkroom()
    url = room.upload(picture()).replace("s3://", "S3://")
    (seen,) = room.result(room.run(url))["detections"]
    assert (seen["imageUrl"], seen["detections"]) == (url, SQUARE)


@pytest.mark.parametrize("count", [0, limits.IMAGES_PER_JOB + 1])
def test_a_job_takes_1_to_100_images(count: int) -> None:
    with pytest.raises(InvalidRequestError):
        Darkroom().submit(*["https://example.com/a.ppm"] * count)


def test_a_hundred_images_are_one_job() -> None:
    assert Darkroom().submit(*["https://example.com/a.ppm"] * limits.IMAGES_PER_JOB).items == 100


def test_metadata_is_measured_as_the_json_that_is_kept() -> None:
    room = Darkroom()
    fits = {"note": "é" * ((limits.METADATA_BYTES - len('{"note": ""}')) // 2)}
    assert room.submit("https://example.com/a.ppm", metadata=fits)
    with pytest.raises(InvalidRequestError) as caught:
        room.submit("https://example.com/a.ppm", metadata={"note": fits["note"] + "é"})
    assert caught.value.problems[0][0] == "metadata"


def test_the_estimate_of_a_paid_engine_holds_its_price() -> None:
    free = Darkroom(engine="onnx").submit("https://example.com/a.ppm").estimate
    paid = Darkroom(engine="rekognition").submit("https://example.com/a.ppm").estimate
    assert paid.usd - free.usd == pytest.approx(0.001)
    assert (free.provider_units, paid.provider_units) == (0, 1)
    assert free.gb_seconds > 0


def test_an_estimate_above_max_cost_is_refused() -> None:
    with pytest.raises(CostLimitError):
        Darkroom(engine="rekognition").submit("https://example.com/a.ppm", max_cost=0.0009)


@pytest.mark.parametrize(
    ("max_cost", "shown"),
    [(0.0, "0"), (1e-7, "0.0000001"), (0.00012345, "0.00012345"), (0.001, "0.001"), (5e-324, "4.94065646e-324")],
)
def test_the_refusal_of_a_cost_shows_every_digit_that_counts(max_cost: float, shown: str) -> None:
    with pytest.raises(CostLimitError) as caught:
        Darkroom(engine="rekognition").submit("https://example.com/a.ppm", max_cost=max_cost)
    assert caught.value.detail.endswith(f"which is above maxCost {shown} USD")
    assert "0.00105" in caught.value.detail


def test_a_repeated_idempotency_key_finds_its_job() -> None:
    room = Darkroom()
    first = room.submit("https://example.com/a.ppm", idempotency_key="k-1")
    assert room.submit("https://example.com/a.ppm", idempotency_key="k-1").job_id == first.job_id


# --- work -------------------------------------------------------------------------------------------------------------


def test_each_image_has_its_entry_in_the_order_of_the_request() -> None:
    web = {"https://example.com/b.ppm": Fetched("https://example.com/b.ppm", 200, {}, picture((0, 0, 255), (20, 30)))}
    room = Darkroom(web=web)
    url = room.upload(picture())
    job = room.run(url, "https://example.com/b.ppm")
    assert room.result(job) == {
        "engine": "memory",
        "model": "colours",
        "detections": [
            {
                "imageUrl": url,
                "imageIndex": 0,
                "detections": SQUARE,
                "detectionCount": 1,
                "imageWidth": 10,
                "imageHeight": 8,
            },
            {
                "imageUrl": "https://example.com/b.ppm",
                "imageIndex": 1,
                "detections": [{"label": "blue", "confidence": 1.0, "bbox": [2.0, 1.0, 6.0, 4.0]}],
                "detectionCount": 1,
                "imageWidth": 30,
                "imageHeight": 20,
            },
        ],
    }
    assert job.progress == 100


def test_a_corrupt_picture_fails_alone() -> None:
    room = Darkroom()
    urls = [room.upload(picture()), room.upload(b"broken"), room.upload(picture())]
    first, second, third = room.result(room.run(*urls))["detections"]
    assert first["detections"] == third["detections"] == SQUARE
    assert second == {
        "imageUrl": urls[1],
        "imageIndex": 1,
        "detections": [],
        "detectionCount": 0,
        "error": {"code": "BAD_IMAGE", "message": "These bytes are not a PPM"},
    }


def test_a_job_of_nothing_but_errors_is_complete() -> None:
    room = Darkroom()
    (entry,) = room.result(room.run(room.upload(b"")))["detections"]
    assert entry["error"]["code"] == "BAD_IMAGE"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Fetched("https://example.com/a.ppm", 404, {}, b"<html>"), "FETCH_FAILED"),
        (Fetched("https://example.com/a.ppm", 206, {}, picture()), "FETCH_FAILED"),
        (FetchFailedError("slow", code="FETCH_TIMEOUT"), "FETCH_TIMEOUT"),
        (UnacceptableUrlError("redirected into the private network"), "UNACCEPTABLE_URL"),
        (Fetched("https://example.com/a.ppm", 200, {}, bytes(limits.IMAGE_BYTES + 1)), "TOO_LARGE"),
        (Fetched("https://example.com/a.ppm", 200, {}, b"P6\n9999 9999\n255\n"), "TOO_MANY_PIXELS"),
    ],
)
def test_what_goes_wrong_with_a_url_is_said_beside_it(answer: Fetched | DarkroomError, code: str) -> None:
    room = Darkroom(web={"https://example.com/a.ppm": answer})
    bad, good = room.result(room.run("https://example.com/a.ppm", room.upload(picture())))["detections"]
    assert bad["error"]["code"] == code
    assert good["detections"] == SQUARE


def test_an_upload_that_was_never_sent_is_said_beside_it() -> None:
    room = Darkroom()
    (entry,) = room.result(room.run(room.upload(None)))["detections"]
    assert entry["error"]["code"] == "IMAGE_NOT_FOUND"


def test_an_object_above_the_limit_is_not_read() -> None:
    room = Darkroom()
    (entry,) = room.result(room.run(room.upload(bytes(limits.IMAGE_BYTES + 1))))["detections"]
    assert entry["error"]["code"] == "TOO_LARGE"


def test_a_row_that_changed_hands_meanwhile_is_not_read() -> None:
    room = Darkroom()
    url = room.upload(picture())
    job = room.submit(url)
    key = url.removeprefix("s3://media/")
    room.rows.put(replace(room.rows.get([key])[key], owner="bob"))
    (entry,) = room.result(room.take(job))["detections"]
    assert entry["error"]["code"] == "IMAGE_NOT_FOUND"


def test_storage_that_is_throttled_sets_the_whole_job_back() -> None:
    room = Darkroom(web={"https://example.com/a.ppm": TransientError("throttled")})
    job = room.run("https://example.com/a.ppm")
    assert job.state is State.PENDING
    assert job.failure is None


def test_no_model_fails_the_job_with_the_command_that_mends_it() -> None:
    def none() -> ObjectDetector:
        raise NoModelError("There are no weights in /cache")

    room = Darkroom(none)
    job = room.run(room.upload(picture()))
    assert job.state is State.FAILED
    assert job.failure is not None
    assert job.failure.code == "NO_MODEL"
    assert "make models" in job.failure.message


def test_what_an_engine_refuses_fails_alone() -> None:
    room = Darkroom(MemoryDetector(trouble=[BadImageError("too narrow"), None]))
    bad, good = room.result(room.run(room.upload(picture()), room.upload(picture())))["detections"]
    assert (bad["error"]["message"], bad["detections"], bad["imageWidth"]) == ("too narrow", [], 10)
    assert good["detections"] == SQUARE


def test_bytes_read_are_on_the_bill() -> None:
    room = Darkroom()
    assert room.run(room.upload(picture()), room.upload(picture())).cost.bytes_in == 2 * len(picture())


def test_a_job_of_slow_hosts_ends_with_what_it_has_by_then() -> None:
    room = Darkroom()

    class SlowFetcher(MemoryFetcher):
        def get(self, url: str, *, limit: int) -> Fetched:
            room.clock.advance(30 * limits.SECOND)
            return super().get(url, limit=limit)

    address = "https://example.com/a.ppm"
    slow = SlowFetcher({address: Fetched(address, 200, {}, picture())})
    room.work = DetectionWork(
        MemoryDetector, MemoryImages(), objects=room.objects, uploads=room.rows, fetcher=slow, clock=room.clock
    )
    entries = room.result(room.run(*[address] * 40))["detections"]
    codes = [entry.get("error", {}).get("code") for entry in entries]
    assert codes[0] is None
    assert codes[-1] == "OUT_OF_TIME"
    assert len(slow.sent) < 40


def test_images_are_fetched_while_others_are_looked_at_and_not_all_at_once() -> None:
    """While the detector holds the first image, the next ones come in, and no more than are wanted soon."""
    address = "https://example.com/a.ppm"
    ahead = threading.Event()

    class CountingFetcher(MemoryFetcher):
        def get(self, url: str, *, limit: int) -> Fetched:
            answer = super().get(url, limit=limit)
            if len(self.sent) == AHEAD + 2:
                ahead.set()
            return answer

    class WaitingDetector(MemoryDetector):
        def detect(self, pixels: Any) -> Any:
            if self.calls == 0:
                seen.append(ahead.wait(10))
                seen.append(len(fetcher.sent) <= AHEAD + 2)
            return super().detect(pixels)

    seen: list[bool] = []
    fetcher = CountingFetcher({address: Fetched(address, 200, {}, picture())})
    room = Darkroom()
    room.work = DetectionWork(
        WaitingDetector, MemoryImages(), objects=room.objects, uploads=room.rows, fetcher=fetcher, clock=room.clock
    )
    room.fetcher = fetcher
    assert len(room.result(room.run(*[address] * 20))["detections"]) == 20
    assert seen == [True, True]


def test_a_cancelled_job_stops_between_two_images() -> None:
    room = Darkroom()

    class CancellingDetector(MemoryDetector):
        def detect(self, pixels: Any) -> Any:
            room.clock.advance(2 * limits.SECOND)
            if self.calls == 2:
                room.store.end(job.job_id, state=State.CANCELLED, now=room.clock.now())
            return super().detect(pixels)

    detector = CancellingDetector()
    room.work = DetectionWork(
        lambda: detector,
        MemoryImages(),
        objects=room.objects,
        uploads=room.rows,
        fetcher=room.fetcher,
        clock=room.clock,
    )
    job = room.submit(*[room.upload(picture()) for _ in range(9)])
    ended = room.take(job)
    assert ended.state is State.CANCELLED
    assert detector.calls == 3
    assert not [thread for thread in threading.enumerate() if "ThreadPool" in thread.name]


# --- paid engines -----------------------------------------------------------------------------------------------------


def test_a_paid_engine_is_charged_an_image() -> None:
    room = Darkroom(MemoryDetector(paid=True, usd_per_image=0.001))
    job = room.run(room.upload(picture()), room.upload(b"broken"), room.upload(picture()))
    assert job.cost.provider_units == 2
    assert job.cost.usd == pytest.approx(0.002, abs=1e-5)


def test_what_was_paid_for_is_not_paid_for_again_by_the_next_worker() -> None:
    detector = MemoryDetector(paid=True, usd_per_image=0.001, trouble=[None, TransientError("timed out")])
    room = Darkroom(detector)
    job = room.submit(room.upload(picture()), room.upload(picture()), room.upload(picture()))
    assert room.take(job).state is State.PENDING
    assert detector.calls == 2
    room.clock.advance(limits.MINUTE)
    done = room.take(job)
    assert [entry["detections"] for entry in room.result(done)["detections"]] == [SQUARE] * 3
    assert detector.calls == 4  # the first image not again, the second again, the third once
    assert done.cost.provider_units == 4


def test_a_refusal_that_was_paid_for_is_remembered() -> None:
    detector = MemoryDetector(
        paid=True, usd_per_image=0.001, trouble=[BadImageError("too narrow"), TransientError("timed out")]
    )
    room = Darkroom(detector)
    job = room.submit(room.upload(picture()), room.upload(picture()))
    room.take(job)
    room.clock.advance(limits.MINUTE)
    first, second = room.result(room.take(job))["detections"]
    assert first["error"]["message"] == "too narrow"
    assert second["detections"] == SQUARE
    assert detector.calls == 3


def test_an_image_that_was_interrupted_too_often_fails_alone() -> None:
    trouble = [TransientError("timed out")] * limits.PAID_ATTEMPTS_PER_STEP
    room = Darkroom(MemoryDetector(paid=True, usd_per_image=0.001, trouble=trouble))
    job = room.submit(room.upload(picture()), room.upload(picture()))
    for _ in trouble:
        assert room.take(job).state is State.PENDING
        room.clock.advance(5 * limits.MINUTE)
    bad, good = room.result(room.take(job))["detections"]
    assert bad["error"]["code"] == "ATTEMPTS_EXHAUSTED"
    assert good["detections"] == SQUARE


def test_a_call_that_was_not_charged_is_neither_on_the_bill_nor_in_the_ledger() -> None:
    trouble = [NotChargedError("throttled")] * (limits.PAID_ATTEMPTS_PER_STEP + 1)
    room = Darkroom(MemoryDetector(paid=True, usd_per_image=0.001, trouble=trouble))
    job = room.submit(room.upload(picture()))
    for _ in trouble:
        seen = room.take(job)
        assert (seen.state, seen.cost.provider_units) == (State.PENDING, 0)
        assert seen.cost.usd < 0.001
        assert [attempt.attempts for attempt in room.store.attempts(job.job_id)] == [0]
        room.clock.advance(5 * limits.MINUTE)
    done = room.take(job)
    assert room.result(done)["detections"][0]["detections"] == SQUARE
    assert done.cost.provider_units == 1


def test_a_job_fails_at_once_where_a_setting_lacks_and_its_words_stay_in_our_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def lacking() -> MemoryDetector:
        raise SettingsError("The role may not call Rekognition", fix="Let the role do it.")

    room = Darkroom(lacking)
    job = room.run(room.upload(picture()))
    assert (job.state, job.leases) == (State.FAILED, 1)
    assert job.failure is not None
    assert job.failure.code == "SETTINGS"
    assert "our side" in job.failure.message
    assert "Rekognition" not in job.failure.message
    logged = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [record.exc_info and str(record.exc_info[1]) for record in logged] == ["The role may not call Rekognition"]


def test_an_attempt_stays_counted_but_off_the_bill_where_taking_it_back_fails() -> None:
    class Forgetful(MemoryJobStore):
        def cancel_attempt(self, *_: Any, **__: Any) -> None:
            raise TransientError("DynamoDB is away")

    room = Darkroom(
        MemoryDetector(paid=True, usd_per_image=0.001, trouble=[NotChargedError("throttled")]), store=Forgetful()
    )
    seen = room.run(room.upload(picture()))
    assert (seen.state, seen.cost.provider_units) == (State.PENDING, 0)
    assert [attempt.attempts for attempt in room.store.attempts(seen.job_id)] == [1]


def test_max_cost_stops_a_paid_engine_before_the_call_that_would_exceed_it() -> None:
    detector = MemoryDetector(paid=True, usd_per_image=0.001)
    room = Darkroom(detector)  # submitted under the free engine's estimate
    job = room.run(*[room.upload(picture()) for _ in range(5)], max_cost=0.0025)
    assert job.state is State.FAILED
    assert job.failure is not None
    assert job.failure.code == "COST_LIMIT"
    assert detector.calls == 2


# --- the wire ---------------------------------------------------------------------------------------------------------


def test_entries_are_what_the_contract_says() -> None:
    room = Darkroom()
    entries = room.result(room.run(room.upload(picture()), room.upload(b"broken")))["detections"]
    for entry in entries:
        read = ImageDetections.model_validate_json(json.dumps(entry))
        assert read.model_dump(by_alias=True, exclude_none=True) == entry


# --- on real pictures -------------------------------------------------------------------------------------------------


def test_real_pictures_of_many_formats_are_one_job_and_the_broken_one_fails_alone(testdata: Material) -> None:
    """Pillow and the real model under the real runner: each picture by what is on it."""
    labels = testdata("models/yolox/coco80.txt").read_text().splitlines()
    session = open_session(testdata("models/yolox/yolox_nano.onnx"), threads=1)
    room = Darkroom(OnnxDetector(session, labels, model="yolox_nano", confidence=0.4), reader=PillowImages())
    names = ["detect/chelsea.png", "malformed/gofuzz/jpeg/00456de89b80d51d.jpeg", "detect/coffee.png", "faces/t1.jpg"]
    names += ["hostile/bomb_20000x20000_1bit.png", "exif/portrait-orientation-6.jpg", "formats/IMG_2682.heic"]
    result = room.result(room.run(*[room.upload(testdata(name).read_bytes()) for name in names]))
    assert (result["engine"], result["model"]) == ("onnx", "yolox_nano")
    entries = dict(zip(names, result["detections"], strict=True))
    seen = {name: {found["label"] for found in entry["detections"]} for name, entry in entries.items()}
    assert seen["detect/chelsea.png"] == {"cat"}
    assert seen["detect/coffee.png"] == {"cup", "dining table"}
    assert {"person", "dining table", "cup", "bottle"} <= seen["faces/t1.jpg"]
    assert "person" in seen["exif/portrait-orientation-6.jpg"]
    assert {name: entry["error"]["code"] for name, entry in entries.items() if "error" in entry} == {
        "malformed/gofuzz/jpeg/00456de89b80d51d.jpeg": "BAD_IMAGE",
        "hostile/bomb_20000x20000_1bit.png": "TOO_MANY_PIXELS",
    }
    assert (entries["formats/IMG_2682.heic"]["imageWidth"], entries["formats/IMG_2682.heic"]["imageHeight"]) == (
        4032,
        3024,
    )
