"""What owners ask of their jobs, where the answers over HTTP do not show it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.adapters.memory.jobs import MemoryJobStore
from darkroom.domain import limits
from darkroom.domain.jobs import Job, Kind, Result, State
from darkroom.entry.commands.jobs import list_jobs, show
from darkroom.errors import JobExpiredError, NotFoundError, TransientError

from tests.api import MemoryParts

if TYPE_CHECKING:
    from darkroom.ports import Pulse
    from darkroom.usecases.jobs import Jobs


class WatchedJobStore(MemoryJobStore):
    """Counts how often a pulse is asked for, and does not know it while it is `troubled`."""

    def __init__(self) -> None:
        super().__init__()
        self.lookups = 0
        self.troubled = False

    def pulse(self, kind: Kind) -> Pulse | None:
        self.lookups += 1
        if self.troubled:
            raise TransientError("throttled")
        return super().pulse(kind)


@pytest.fixture
def store() -> WatchedJobStore:
    return WatchedJobStore()


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture
def jobs(store: WatchedJobStore, clock: MemoryClock) -> Jobs:
    parts = MemoryParts(clock)
    parts.job_store = store
    return parts.jobs()


def new_job(clock: MemoryClock) -> Job:
    now = clock.now()
    return Job(
        job_id="7d1f0a52-3c4b-4e6d-9f80-a1b2c3d4e5f6",
        owner="ann",
        kind=Kind.DETECTION,
        request={},
        created_at=now,
        deadline=now + limits.JOB_DEADLINE,
        write_id="1",
        items=10,
    )


def test_how_a_kind_has_gone_is_looked_up_no_oftener_than_it_is_reported(
    jobs: Jobs, store: WatchedJobStore, clock: MemoryClock
) -> None:
    store.beat(Kind.DETECTION, wait=0, per_item=1_000)
    assert [jobs.forecast(new_job(clock)).retry_after_seconds for _ in range(3)] == [10, 10, 10]
    assert store.lookups == 1
    store.beat(Kind.DETECTION, wait=0, per_item=1_000_000)
    clock.advance(limits.PULSE_EVERY - 1)
    assert jobs.forecast(new_job(clock)).retry_after_seconds == 10
    clock.advance(1)
    assert jobs.forecast(new_job(clock)).retry_after_seconds > 10
    assert store.lookups == 2


def test_what_was_known_of_a_kind_serves_while_its_store_is_in_trouble(
    jobs: Jobs, store: WatchedJobStore, clock: MemoryClock
) -> None:
    store.beat(Kind.DETECTION, wait=0, per_item=1_000)
    assert jobs.forecast(new_job(clock)).retry_after_seconds == 10
    store.troubled = True
    clock.advance(limits.PULSE_EVERY)
    assert jobs.forecast(new_job(clock)).retry_after_seconds == 10


# --- results ----------------------------------------------------------------------------------------------------------

BODY = b'{"engine":"onnx","detections":[]}'
KEY = "results/7d1f0a52-3c4b-4e6d-9f80-a1b2c3d4e5f6/1.json"


def stored(parts: MemoryParts, body: bytes) -> Job:
    """A job whose result is the object of BODY, and what the bucket has in its place."""
    parts.objects.write(KEY, body, content_type="application/json")
    result = Result(hashlib.sha256(BODY).hexdigest(), len(BODY), key=KEY)
    return replace(new_job(parts.clock), state=State.COMPLETED, result=result)


def test_a_result_in_storage_is_read_as_it_was_written() -> None:
    parts = MemoryParts()
    assert parts.jobs().result(stored(parts, BODY)) == {"engine": "onnx", "detections": []}


@pytest.mark.parametrize("body", [BODY[:-1] + b" ", BODY[:-2], BODY + b" ", b"\xff" * len(BODY), b""])
def test_a_result_that_is_not_what_was_written_is_gone_and_told(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    parts = MemoryParts()
    job = stored(parts, body)
    with pytest.raises(JobExpiredError, match="damaged") as caught:
        parts.jobs().result(job)
    assert caught.value.exact_code == "RESULT_DAMAGED"
    (record,) = caplog.records
    assert record.levelname == "ERROR"


def test_a_small_result_that_is_not_what_was_written_is_gone_and_told(caplog: pytest.LogCaptureFixture) -> None:
    parts = MemoryParts()
    job = parts.job_store.create(new_job(parts.clock))
    result = Result(hashlib.sha256(BODY).hexdigest(), len(BODY), inline=BODY[:-1].decode())
    parts.job_store.end(job.job_id, state=State.COMPLETED, now=parts.clock.now(), result=result)
    ended = parts.job_store.get(job.job_id)
    assert ended is not None
    with pytest.raises(JobExpiredError, match="damaged") as caught:
        parts.jobs().result(ended)
    assert caught.value.exact_code == "RESULT_DAMAGED"
    (record,) = caplog.records
    assert record.levelname == "ERROR"


# --- what an operator is told ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("job_id", ["nope", "00000000-0000-4000-8000-000000000000"])
def test_an_operator_who_names_no_job_is_not_told_of_keys(job_id: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        show(MemoryJobStore(), job_id)
    assert "darkroom jobs list" in caught.value.fix
    assert "key" not in caught.value.fix


@pytest.mark.parametrize(("state", "word"), [(None, ""), (State.FAILED, "failed ")])
def test_an_operator_is_told_that_there_are_no_jobs(
    state: State | None, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list_jobs(MemoryJobStore(), "nobody", since=0, state=state, most=20) == 0
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", f"nobody has no {word}jobs of the last day\n")
