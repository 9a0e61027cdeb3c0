"""Every AWS call of every adapter meets every kind of fault once, over real HTTP, and nothing is lost or doubled.

microburst stands before an embedded AWS, in the wire format that botocore parses. The scenarios below are the use cases
end to end; each is rehearsed without a fault first, which shows what calls it makes from which lines of the adapters.
Then, for each kind of fault and each call site, one scenario runs in a world of its own with that fault struck at that
site's first call. A caller repeats what it was told to repeat, workers and sweepers go on as they do each minute, and
the scenario's own assertions say that all is well.
"""

from __future__ import annotations

import hashlib
import io
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
from darkroom.adapters.aws import stacks
from darkroom.domain import limits
from darkroom.domain.jobs import Cost, DeliveryState, Job, Kind, State
from darkroom.domain.messages import message
from darkroom.domain.people import FaceState, Person, PersonState, barred
from darkroom.errors import (
    DarkroomError,
    InvalidRequestError,
    NotChargedError,
    NotFoundError,
    SettingsError,
    TransientError,
    UnauthenticatedError,
)
from darkroom.ports import StoredAnswer
from darkroom.usecases.access import Access, Keys
from PIL import Image

from tests.e2e.faulty_cloud import (
    HOOK,
    IMPATIENT,
    SEES,
    STUBBED,
    Aim,
    Cloud,
    Site,
    World,
    faulty_cloud,
    sites_in_source,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from darkroom.usecases.running import Run

    from tests.e2e.faulty_cloud import Made

AT_ONCE: Final = 12
"""Worlds that run side by side: most of their time is botocore's waiting before it tries again."""


# --- faults -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """`rule` is microburst's; `codes` gives the error's code by service, the empty name meaning any other.

    It strikes `times` calls in a row, and is not tried on the operations that it `spares`. `rejected` says that no
    repetition is called for: what AWS answers is wrong for good (a signature, a clock).
    """

    rule: Mapping[str, Any] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None
    times: int = 1
    rejected: bool = False
    read_seconds: int | None = None
    spares: tuple[str, ...] = ()

    def aim(self, at: Made) -> Aim:
        rule = dict(self.rule)
        if self.codes:
            code = self.codes.get(at.service, self.codes[""])
            rule["error"] = {"code": code} | ({"status": self.status} if self.status else {})
        # Rekognition is called once a try of the job's, and paid for three times at most.
        times = min(self.times, limits.PAID_ATTEMPTS_PER_STEP - 1) if at.service == "rekognition" else self.times
        return Aim(at.site, rule, times)


THROTTLED: Final = {
    "dynamodb": "ProvisionedThroughputExceededException",
    "s3": "SlowDown",
    "sqs": "RequestThrottled",
    "": "ThrottlingException",
}
BROKEN: Final = {"s3": "InternalError", "sqs": "InternalFailure", "": "InternalServerError"}
UNAVAILABLE: Final = {"": "ServiceUnavailable"}
FOR_GOOD: Final = 3
"""As often as botocore tries."""

FAULTS: Final[dict[str, Fault]] = {
    "throttled": Fault(codes=THROTTLED),
    "throttled throughout": Fault(codes=THROTTLED, times=FOR_GOOD),
    "internal error": Fault(codes=BROKEN, status=500),
    "unavailable": Fault(codes=UNAVAILABLE, status=503),
    "unavailable throughout": Fault(codes=UNAVAILABLE, status=503, times=FOR_GOOD),
    "held, then 504": Fault({"timeout_ms": 100}),
    "hung, and carried out later": Fault({"latency": 1_300 * IMPATIENT}, read_seconds=IMPATIENT),
    "reset": Fault({"reset": True}),
    "cut off while sending": Fault({"request": {"cut_upload": {"after_bytes": 8}}}),
    "slow to take": Fault({"request": {"slow_upload": {"rate_kbps": 200}}}),
    "carried out, answer lost": Fault({"response": {"abort_bytes": 0}}),
    "carried out, answer lost throughout": Fault({"response": {"abort_bytes": 0}}, times=FOR_GOOD),
    "answer cut off": Fault({"response": {"abort_frac": 0.5}}),
    "answer truncated": Fault({"response": {"truncate_frac": 0.5}}),
    # Of an object's bytes TLS alone takes care, on AWS too.
    "answer corrupt": Fault({"response": {"corrupt_bytes": 16}}, spares=("GetObject",)),
    "answer trickling": Fault({"response": {"bandwidth_kbps": 8}}),
    "answer of another type": Fault({"response": {"set_headers": {"Content-Type": "text/html"}}}),
    "token expired": Fault(codes={"s3": "ExpiredToken", "": "ExpiredTokenException"}, status=400, rejected=True),
    "clock skewed": Fault(codes={"": "RequestTimeTooSkewed"}, status=403, rejected=True),
    "signature refused": Fault(codes={"": "SignatureDoesNotMatch"}, status=403, rejected=True),
}


OUR_OWN: Final = "trouble that belongs to the scenario"


# --- scenarios --------------------------------------------------------------------------------------------------------


class Looking:
    """Work without a picture: two steps, then a result of a size."""

    def __init__(self, world: World, size: int = 100) -> None:
        self._world = world
        self._size = size
        self.outcome = {"detections": "x" * size}

    def run(self, run: Run) -> object:
        for done in (0, 1):
            run.check()
            self._world.clock.advance(2 * limits.SECOND)
            run.progress(done)
        run.check()
        return self.outcome


def accepted(world: World, **more: object) -> str:
    """A job's id, from the API, asked for as often as it takes; there must be one job in the end."""
    uploaded = world.ask("POST", "/uploads/presign", body={"filename": "cat.png", "contentType": "image/png"})
    assert uploaded.status == 200
    picture = io.BytesIO()
    Image.new("RGB", (120, 90), "orange").save(picture, "PNG")
    world.true_objects.write(uploaded.json["key"], picture.getvalue(), content_type="image/png")
    urls = [f"s3://{uploaded.json['bucket']}/{uploaded.json['key']}"]
    reply = world.ask("POST", "/process", body={"imageUrls": urls, **more}, idempotency_key=world.name)
    assert (reply.status, reply.json["status"]) == (202, "PENDING")
    job_id: str = reply.json["jobId"]
    again = world.ask("POST", "/process", body={"imageUrls": urls, **more}, idempotency_key=world.name)
    assert (again.status, again.json["jobId"]) == (202, job_id)
    page = world.true_jobs.list("ann", since=0, state=None, kind=None, cursor=None, limit=10)
    assert [job.job_id for job in page.jobs] == [job_id]
    return job_id


def digest(outcome: object) -> str:
    return hashlib.sha256(json.dumps(outcome, separators=(",", ":")).encode()).hexdigest()


def check_ended(world: World, job: Job, state: State) -> None:
    """Ended once, in this state; whatever messages are left change nothing."""
    assert job.state is state
    for _ in range(2):
        for job_id in world.take("detect"):
            world.insist(partial(world.runner().run, job_id, Looking(world), 1))
        assert world.true_job(job.job_id) == job


def keys_are_made_used_counted_and_revoked(world: World) -> None:
    keys = Keys(world.key_store, world.clock, stage="dev")
    secret, key = world.insist(lambda: keys.create("bob", requests_per_minute=100))
    access = Access(world.key_store, world.clock, stage="dev", requests_per_minute=60, tokens=None)
    caller = world.insist(lambda: access.authenticate(api_key=secret))
    assert caller.owner == "bob"
    world.insist(lambda: access.admit(caller))
    assert key.key_id in {known.key_id for known in world.insist(keys.list)}
    assert world.insist(lambda: keys.revoke(key.key_id)).revoked_at is not None
    world.clock.advance(limits.KEY_CACHED)
    with pytest.raises(UnauthenticatedError):
        world.insist(lambda: access.authenticate(api_key=secret))


def a_job_runs_and_its_webhook_is_sent(world: World) -> None:
    job_id = accepted(world, callbackUrl=HOOK)
    assert world.ask("GET", f"/jobs/{job_id}").json["status"] == "PENDING"
    work = Looking(world)
    job = world.work_off(job_id, work)
    check_ended(world, job, State.COMPLETED)
    assert job.result is not None
    assert job.result.digest == digest(work.outcome)
    shown = world.ask("GET", f"/jobs/{job_id}")
    assert (shown.json["status"], shown.json["detections"]) == ("COMPLETED", work.outcome["detections"])
    assert [entry["jobId"] for entry in world.ask("GET", "/jobs?status=COMPLETED").json["jobs"]] == [job_id]
    world.deliver_all(job_id)
    assert world.ask("GET", f"/jobs/{job_id}/webhook").json["status"] == "DELIVERED"
    # At least once, under one id; each failure to record an answer may cost one more.
    assert 1 <= len(world.fetcher.sent) <= 2
    assert {sent.headers["webhook-id"] for sent in world.fetcher.sent} == {f"msg_{job_id}"}


def a_webhook_is_replayed(world: World) -> None:
    job_id = accepted(world, callbackUrl=HOOK)
    world.work_off(job_id, Looking(world))
    world.deliver_all(job_id)
    assert world.ask("POST", f"/jobs/{job_id}/webhook/replay").status == 202
    world.deliver_all(job_id)
    delivery = world.true_jobs.delivery(job_id)
    assert delivery is not None
    assert delivery.state is DeliveryState.DELIVERED
    assert 2 <= len({sent.headers["webhook-id"] for sent in world.fetcher.sent}) <= 3


def a_large_result_is_stored_and_tidied_up(world: World) -> None:
    job_id = accepted(world)
    work = Looking(world, limits.INLINE_RESULT_BYTES)
    job = world.work_off(job_id, work)
    check_ended(world, job, State.COMPLETED)
    assert job.result is not None
    assert world.ask("GET", f"/jobs/{job_id}").json["detections"] == work.outcome["detections"]
    world.clock.advance(limits.TIDY_AFTER)
    for _ in range(3):
        world.sweep()
        world.clock.advance(limits.MINUTE)
    assert list(world.true_objects.list(f"results/{job_id}/")) == [job.result.key]
    world.clock.advance(limits.JOB_KEPT)
    for _ in range(3):
        world.sweep()
        world.clock.advance(limits.MINUTE)
    assert list(world.true_objects.list(f"results/{job_id}/")) == []
    assert world.true_job(job_id).request == {}
    assert world.ask("GET", f"/jobs/{job_id}").status == 410


def a_result_is_withdrawn_from_a_job_that_was_cancelled(world: World) -> None:
    job_id = accepted(world)

    class Late(Looking):
        def run(self, run: Run) -> object:
            outcome = super().run(run)
            assert world.ask("DELETE", f"/jobs/{job_id}").status in (202, 409)  # 409 where the first went through
            return outcome

    job = world.work_off(job_id, Late(world, limits.INLINE_RESULT_BYTES))
    check_ended(world, job, State.CANCELLED)
    world.clock.advance(limits.TIDY_AFTER)
    for _ in range(3):
        world.sweep()
        world.clock.advance(limits.MINUTE)
    assert list(world.true_objects.list(f"results/{job_id}/")) == []


def a_paid_image_is_paid_for_once(world: World) -> None:
    job_id = accepted(world)
    job = world.work_off(job_id, world.detection_work())
    check_ended(world, job, State.COMPLETED)
    shown = world.ask("GET", f"/jobs/{job_id}").json["detections"]
    assert [found["label"] for found in shown[0]["detections"]] == ["cat"]
    (attempt,) = world.true_jobs.attempts(job_id)
    # Once, and once more for a call that was cut short; the ledger knows of each.
    assert 1 <= world.paid() <= attempt.attempts <= 1 + len(world.troubles) + (job.leases - 1)
    assert attempt.attempts <= limits.PAID_ATTEMPTS_PER_STEP


def a_lost_worker_is_replaced_and_its_payments_are_kept(world: World) -> None:
    job_id = accepted(world)

    class Killed(BaseException):
        pass

    class Dying(Looking):
        def run(self, run: Run) -> object:
            run.pay("look", lambda: "seen", price=run.cost)
            raise Killed

    class Trying(Looking):
        tries = 0

        def run(self, run: Run) -> object:
            assert run.pay("look", lambda: "paid again", price=run.cost) in ("seen", "paid again")
            self.tries += 1
            if self.tries == 1:
                raise TransientError(OUR_OWN)
            return super().run(run)

    def die() -> None:
        for _ in range(5):  # until a worker has come as far
            world.insist(lambda: world.runner().run(job_id, Dying(world), 1))
            world.clock.advance(limits.LEASE + limits.CLOCK_SKEW + 1)

    with pytest.raises(Killed):
        die()
    work = Trying(world)
    job = world.work_off(job_id, work)
    check_ended(world, job, State.COMPLETED)
    assert job.losses >= 1
    (attempt,) = world.true_jobs.attempts(job_id)
    assert attempt.outcome is not None
    assert attempt.attempts <= 2


def a_call_that_was_not_charged_leaves_room_for_others(world: World) -> None:
    job_id = accepted(world)
    calls: list[int] = []

    def provide() -> str:
        calls.append(1)
        if len(calls) == 1:
            raise NotChargedError(OUR_OWN)
        return "seen"

    class Paying(Looking):
        def run(self, run: Run) -> object:
            assert run.pay("look", provide, price=Cost(usd=0.001, provider_units=1)) == "seen"
            return super().run(run)

    job = world.work_off(job_id, Paying(world))
    check_ended(world, job, State.COMPLETED)
    (attempt,) = world.true_jobs.attempts(job_id)
    assert attempt.outcome is not None
    assert job.cost.provider_units == 1
    assert 1 <= attempt.attempts <= 2  # the other, where taking it back was cut short


def an_unsent_message_is_sent_by_the_sweeper(world: World) -> None:
    urls = ["https://shop.example/cat.jpg"]
    job = world.insist(
        lambda: world.detection_requests().submit("ann", urls, callback_url=HOOK, idempotency_key=world.name)
    )
    world.take("detect")  # lost
    world.true_jobs.postpone(job.job_id, seen_due_at=world.true_job(job.job_id).due_at or 0, due_at=world.clock.now())
    ended = world.work_off(job.job_id, Looking(world))
    check_ended(world, ended, State.COMPLETED)
    world.take("webhooks")  # lost too
    world.deliver_all(job.job_id)
    assert len({sent.headers["webhook-id"] for sent in world.fetcher.sent}) == 1


def a_job_that_kills_its_workers_is_failed_by_the_sweeper(world: World) -> None:
    job_id = accepted(world)
    for _ in range(limits.LEASES_PER_JOB):
        now = world.clock.now()
        world.true_jobs.claim(job_id, token=f"{now}", now=now, until=now + limits.LEASE)
        world.clock.advance(limits.LEASE + limits.CLOCK_SKEW + 1)
    for _ in range(4):
        world.sweep()
        world.clock.advance(limits.LEASE + 2 * limits.CLOCK_SKEW + 1)
    job = world.true_job(job_id)
    check_ended(world, job, State.FAILED)
    assert job.failure is not None
    assert job.failure.code == "WORKER_LOST"


def an_idempotent_request_has_one_answer(world: World) -> None:
    idempotency = world.idempotency()
    made: list[int] = []

    def produce() -> StoredAnswer:
        made.append(1)
        if len(made) == 1:
            raise TransientError(OUR_OWN)  # so that the key is lapsed
        return StoredAnswer(202, {"Location": "/jobs/1"}, "{}")

    def refuse() -> StoredAnswer:
        raise InvalidRequestError("No")

    def repeated(key: str, body: str, make: Callable[[], StoredAnswer]) -> StoredAnswer:
        try:
            return idempotency.answer("ann", key, body, make)
        except DarkroomError as error:
            if error.code != "REQUEST_IN_FLIGHT":
                raise
            world.clock.advance(limits.IDEMPOTENCY_IN_FLIGHT)
            raise TransientError(OUR_OWN) from error

    first = world.insist(lambda: repeated("a", "body", produce))
    assert world.insist(lambda: repeated("a", "body", produce)) == first
    assert len(made) <= 3
    with pytest.raises(InvalidRequestError):
        world.insist(lambda: repeated("b", "wrong body", refuse))
    world.clock.advance(limits.IDEMPOTENCY_IN_FLIGHT)
    corrected = world.insist(lambda: repeated("b", "wrong body", produce))
    assert corrected.status == 202


def the_stack_is_well(world: World) -> None:
    assert world.ask("GET", "/health?deep=1").json["status"] == "ok"
    assert world.insist(lambda: world.objects.head("nothing/here")) is None
    world.true_objects.write(f"{world.name}/a", b"abc", content_type="image/png")
    info = world.insist(lambda: world.objects.head(f"{world.name}/a"))
    assert (info.size, info.content_type) == (3, "image/png")


def a_failed_message_is_put_off(world: World) -> None:
    direct, url = world.cloud.direct["sqs"], world.queue_urls["detect"]
    direct.send_message(QueueUrl=url, MessageBody="{}")
    (held,) = direct.receive_message(QueueUrl=url, VisibilityTimeout=600)["Messages"]
    world.insist(lambda: world.detect_queue.put_off(held["ReceiptHandle"], delay=0))
    assert len(direct.receive_message(QueueUrl=url, WaitTimeSeconds=2).get("Messages", ())) == 1


def a_providers_key_is_read(world: World) -> None:
    assert world.insist(lambda: world.provider_keys.get("openai")) == "k" * 32


def dead_letters_go_back(world: World) -> None:
    direct, dead = world.cloud.direct["sqs"], world.queue_urls["dead"]
    bodies = {message(str(uuid.uuid4())) for _ in range(3)}
    for body in bodies:
        direct.send_message(QueueUrl=dead, MessageBody=body)
    letters = world.dead_letters
    assert world.insist(letters.waiting) == 3
    world.insist(lambda: letters.move_back(lambda _moved: None))
    found = [message(job_id) for job_id in world.take("detect")]
    # None is lost. One whose copy was sent and whose answer was not heard may be in both, or twice in one.
    assert set(found) <= bodies
    assert len(bodies) <= len(set(found)) + world.held("dead")
    assert len(found) + world.held("dead") <= len(bodies) + 3


def stores_do_what_no_scenario_above_asks_of_them(world: World) -> None:
    job_id = accepted(world)
    seen = world.true_job(job_id).due_at or 0
    assert world.insist(lambda: world.job_store.postpone(job_id, seen_due_at=seen, due_at=None)) is True
    assert world.true_job(job_id).due_at is None
    with pytest.raises(NotFoundError):
        world.insist(lambda: world.key_store.revoke("0" * 16, now=world.clock.now()))
    world.insist(lambda: world.job_store.beat(Kind.DETECTION, wait=10, per_item=10))
    world.insist(lambda: world.job_store.beat(Kind.DETECTION, wait=10, per_item=10))
    world.insist(lambda: world.job_store.note_waiting(Kind.DETECTION, since=1))
    pulse = world.true_jobs.pulse(Kind.DETECTION)
    assert pulse is not None
    assert (pulse.wait, pulse.waiting_since) == (10, 1)


def people_and_their_faces_are_kept_and_forgotten(world: World) -> None:
    store, insist, now = world.people_store, world.insist, world.clock.now()
    ada = Person("ann", "ada", "Ada", None, "1", PersonState.ACTIVE, now, now)
    assert insist(lambda: store.create(ada)) == ada
    assert insist(lambda: store.update(replace(ada, name="A."), seen=ada)) is True
    assert insist(lambda: store.get("ann", "ada")).name == "A."
    assert len(insist(lambda: store.list("ann", cursor=None, limit=9)).people) == 1
    faces = [
        replace(barred("ann", "ada", face_id, token="t", now=now), state=FaceState.WRITING, digest="d", until=now + 9)
        for face_id in ("a", "b")
    ]
    for face in faces:
        insist(partial(store.begin_face, face, now=now))
        insist(partial(store.finish_face, face))
    assert insist(lambda: store.hold_face(faces[0], until=now + 9)) is True
    assert insist(lambda: store.set_pack(faces[0], "p")) is True
    assert [face.pack for face in insist(lambda: store.faces("ann", "ada"))] == ["p", ""]
    assert insist(lambda: store.begin_face_erasure("ann", "ada", "a")).state is FaceState.ERASING
    insist(lambda: store.drop_face(faces[0]))
    insist(lambda: store.drop_face(faces[1]))
    assert insist(lambda: store.get("ann", "ada")).faces == 0
    bar = insist(lambda: store.bar_face("ann", "ada", "c", token="s", now=now))
    insist(lambda: store.drop_face(bar))
    assert insist(lambda: store.choose_pack("ann", "p", instead_of=None)) == "p"
    assert insist(lambda: store.pack("ann")) == "p"
    insist(lambda: store.begin_erasure("ann", "ada", now=now))
    assert len(insist(lambda: list(store.erasing("ann")))) == 1
    insist(lambda: store.finish_erasure("ann", "ada"))
    assert insist(lambda: store.get("ann", "ada")) is None


def faces_are_asked_of_the_function_that_finds_them(world: World) -> None:
    reader, insist = world.function_that_sees, world.insist
    assert insist(reader.model) == SEES["model"]
    assert insist(lambda: reader.read("ann", {"key": "people/0/ada/a/original"})) == SEES


def tables_of_vectors_move(world: World) -> None:
    tables, insist = world.face_tables, world.insist
    first = insist(lambda: tables.open("ann", "p", maker="x"))
    insist(lambda: tables.touch("ann", "p"))
    insist(lambda: tables.doom("ann", "p", frozenset({"gone"})))
    moved = insist(lambda: tables.move(first, token="m", now=0, until=9))
    assert (moved.sources, moved.doomed) == (("g1-x",), {"gone"})
    assert insist(lambda: tables.renew(moved, until=99)) is True
    assert insist(lambda: tables.settle(moved, filled=True)) is True
    (known,) = insist(lambda: list(tables.all()))
    assert [known] == insist(lambda: list(tables.of("ann")))
    assert known == insist(lambda: tables.get("ann", "p"))
    assert known.holds == ("g2-m-base", "g2-m")
    # Named once more by a request that was late: it says until when they were put, and those are gone.
    assert known.doomed <= {"gone"}


SCENARIOS: Final[tuple[Callable[[World], None], ...]] = (
    the_stack_is_well,
    a_failed_message_is_put_off,
    a_providers_key_is_read,
    faces_are_asked_of_the_function_that_finds_them,
    people_and_their_faces_are_kept_and_forgotten,
    tables_of_vectors_move,
    dead_letters_go_back,
    stores_do_what_no_scenario_above_asks_of_them,
    keys_are_made_used_counted_and_revoked,
    an_idempotent_request_has_one_answer,
    an_unsent_message_is_sent_by_the_sweeper,
    a_job_that_kills_its_workers_is_failed_by_the_sweeper,
    a_paid_image_is_paid_for_once,
    a_call_that_was_not_charged_leaves_room_for_others,
    a_result_is_withdrawn_from_a_job_that_was_cancelled,
    a_large_result_is_stored_and_tidied_up,
    a_lost_worker_is_replaced_and_its_payments_are_kept,
    a_webhook_is_replayed,
    a_job_runs_and_its_webhook_is_sent,
)
"""The shortest first: a site is tried in the first scenario that reaches it."""


# --- rehearsal --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with faulty_cloud(tmp_path_factory.mktemp("faulty")) as cloud:
        yield cloud


@dataclass(frozen=True)
class Rehearsed:
    scenario: Callable[[World], None]
    first: Made


@pytest.fixture(scope="module")
def rehearsed(cloud: Cloud) -> dict[Site, Rehearsed]:
    """For each site the scenario that reaches it first; every scenario passes where nothing is wrong."""
    found: dict[Site, Rehearsed] = {}
    for scenario in SCENARIOS:
        world = World(cloud)
        scenario(world)
        assert [trouble for trouble in world.troubles if OUR_OWN not in trouble] == []
        for made in world.made:
            found.setdefault(made.site, Rehearsed(scenario, made))
    return found


def test_no_call_site_is_missed(rehearsed: dict[Site, Rehearsed]) -> None:
    in_source = sites_in_source()
    assert {str(site): in_source[site] for site in set(in_source) - set(rehearsed)} == {}
    assert set(rehearsed) - set(in_source) == set()


def trial(cloud: Cloud, reached: Rehearsed, fault: Fault, **how: Any) -> str | None:
    """Run the scenario in a new world with the fault struck at the site; what went wrong, None if nothing did."""
    aim = fault.aim(reached.first)
    world = World(cloud, rejected=fault.rejected, read_seconds=fault.read_seconds, **how)
    proxy = cloud.stub if reached.first.service in STUBBED else cloud.aws
    rule = proxy.strike(world.name, aim)
    try:
        reached.scenario(world)
    except Exception as error:  # noqa: BLE001 - told with the site that it came from
        wrong = f"{type(error).__name__}: {error}, after {world.troubles}"
    else:
        if proxy.struck(rule):
            return None
        wrong = "the fault did not strike"
    method = sites_in_source().get(aim.site)
    return f"{aim.site} {method} ({reached.first.operation}), {reached.scenario.__name__}: {wrong}"


@pytest.mark.parametrize("kind", FAULTS)
def test_every_call_site_stands_the_fault(cloud: Cloud, rehearsed: dict[Site, Rehearsed], kind: str) -> None:
    fault = FAULTS[kind]
    cloud.aws.calm()
    cloud.stub.calm()
    tried = [reached for reached in rehearsed.values() if reached.first.operation not in fault.spares]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        failed = list(filter(None, pool.map(lambda reached: trial(cloud, reached, fault), tried)))
    assert failed == []


# --- that these tests can fail, and what stands apart -----------------------------------------------------------------


def test_clients_that_take_half_an_answer_for_a_whole_one_are_seen(
    cloud: Cloud, rehearsed: dict[Site, Rehearsed]
) -> None:
    reached = next(each for site, each in rehearsed.items() if sites_in_source()[site] == "DynamoKeyStore.get")
    fault = FAULTS["carried out, answer lost throughout"]
    wrong = trial(cloud, reached, fault, finish=lambda client: client)
    assert wrong is not None
    assert "AssertionError" in wrong  # a key that exists was answered 401
    assert trial(cloud, reached, fault) is None


def test_a_fault_that_strikes_nothing_is_seen(cloud: Cloud, rehearsed: dict[Site, Rehearsed]) -> None:
    reached = next(iter(rehearsed.values()))
    elsewhere = replace(reached, first=replace(reached.first, site=Site("nowhere.py", 1)))
    assert "did not strike" in (trial(cloud, elsewhere, FAULTS["reset"]) or "")


def test_an_operator_is_told_cleanly_when_the_stack_cannot_be_described(cloud: Cloud, tmp_path: Any) -> None:
    with httpx.Client(base_url=f"{cloud.aws.url}/_microburst/", timeout=30, trust_env=False) as control:
        for kind, fault in FAULTS.items():
            cloud.aws.calm()
            rule = dict(fault.rule)
            if fault.codes:
                rule["error"] = {"code": fault.codes[""], "status": fault.status or 400}
            control.post("rules", json=[{**rule, "service": "cloudformation", "times": FOR_GOOD}]).raise_for_status()
            with pytest.raises((SettingsError, TransientError)):
                stacks.find("nothing", region="us-east-1", endpoint_url=cloud.aws.url, folder=tmp_path)
            assert control.get("fired").json(), kind
