"""A platform in one process, in virtual time, whose every call to AWS may be cut short.

DynamoDB, S3 and SQS are moto's, behind real botocore clients. What moto has not, the world plays by AWS's rules: the
event source mapping (visibility, receive counts, dead letters, partial batches), the sweeper's schedule, clocks that
are off, workers that are killed at a call or stop in the middle of one and come back as zombies.

What runs in it is the real thing: entry code, use cases, adapters.
"""

from __future__ import annotations

import heapq
import itertools
import json
import logging
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from io import BytesIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from botocore.httpchecksum import apply_request_checksum
from darkroom.adapters.aws.idempotency import DynamoIdempotencyStore
from darkroom.adapters.aws.jobs import DynamoJobStore
from darkroom.adapters.aws.objects import S3ObjectStore
from darkroom.adapters.aws.queues import SqsQueue
from darkroom.adapters.memory.messages import MemoryMeter
from darkroom.adapters.memory.web import MemoryFetcher
from darkroom.domain.jobs import Cost, Kind
from darkroom.domain.limits import HEARTBEAT, HOUR, INLINE_RESULT_BYTES, MINUTE, SECOND
from darkroom.entry.http import serve
from darkroom.entry.queue import consume
from darkroom.errors import DarkroomError, LeaseLostError, NotChargedError, TransientError
from darkroom.ports import Fetched
from darkroom.usecases.detection import DetectionRequests
from darkroom.usecases.endings import Endings
from darkroom.usecases.idempotency import Idempotency
from darkroom.usecases.jobs import Jobs
from darkroom.usecases.running import Disposition, JobRunner
from darkroom.usecases.submission import Submissions
from darkroom.usecases.sweeping import Sweeper
from darkroom.usecases.webhooks import Webhooks
from moto import mock_aws
from moto.dynamodb.models import dynamodb_backends
from moto.sqs.models import sqs_backends

from functions.receiver.handler import OPERATIONS
from tests.api import Context, MemoryParts, envelope
from tests.jobs_table import client_of, jobs_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from darkroom.ports import Clock, JobStore, ObjectStore
    from darkroom.settings import Settings
    from darkroom.usecases.access import Access
    from darkroom.usecases.running import Run

START: Final = 1_767_323_040_000  # a whole minute
HORIZON: Final = 4 * HOUR
"""Longer than any deadline, backoff and visibility: what has not settled by then never will."""
OUTAGE: Final = 75 * MINUTE
"""How long a world is watched in which a service is gone for good: beyond every job's deadline."""
LATENCY: Final = 5
"""Milliseconds of an AWS call."""
OWNER: Final = "owner"
CALLER: Final = {"owner": OWNER, "keyId": "0123456789abcdef", "scopes": "jobs:write", "rate": "999999999"}
"""What the authorizer says of whoever sends the requests."""
HOOK: Final = "https://hooks.example/darkroom"
RECEIVES: Final = 5
VISIBILITY: Final = {"detect": 30 * MINUTE, "webhook": 12 * MINUTE}
PATIENCE: Final = (3 * SECOND, 20 * SECOND, 70 * SECOND)
"""After how long a client repeats a request that was not answered, or answered that the first is not done yet."""
MOST_CALLS: Final = 5_000
"""A world that has made so many is stopped: no budget is near it."""
ACCOUNT, REGION = "123456789012", "us-east-1"


# --- what may happen -------------------------------------------------------------------------------------------------


class Fault(StrEnum):
    """What becomes of one AWS call."""

    REFUSED = "refused"  # throttled, each time botocore tried
    UNREACHED = "unreached"  # no connection, each time
    UNHEARD = "unheard"  # carried out, and no answer came back, each time
    REPEATED = "repeated"  # carried out, its answer lost, and carried out again by botocore's retry
    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    STOPPED_BEFORE = "stopped before"  # the process stands still for `Blow.pause`, then goes on
    STOPPED_AFTER = "stopped after"


@dataclass(frozen=True, slots=True)
class Blow:
    fault: Fault
    pause: int = 0

    @property
    def interrupts(self) -> bool:
        """Whether a worker that it strikes may lose its lease, or its job, by it."""
        return self.fault is not Fault.REPEATED and (not self.pause or self.pause >= 20 * SECOND)


@dataclass(frozen=True, slots=True)
class Curse:
    """The same blow on every call of one operation, so many times."""

    operation: str
    blow: Blow
    times: int


@dataclass(frozen=True, slots=True)
class JobPlan:
    """One submission and the work it asks for: `steps` are the milliseconds that each takes, in the provider's call
    where it is `paid`. With a `key`, the same request may come `again`, so many milliseconds later."""

    at: int = 0
    steps: tuple[int, ...] = (200,)
    paid: bool = True
    large: bool = False
    poison: bool = False
    key: bool = True
    again: int | None = None
    callback: bool = False
    cancelled_at: int | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """`blows` by the number of the AWS call they strike; `duplicates` by the number of the receive, with the delay of
    the second copy; `delays` are added to the messages in the order of their sending, over and over; `beats` are the
    milliseconds between a worker's heartbeats, over and over."""

    jobs: tuple[JobPlan, ...] = (JobPlan(),)
    blows: Mapping[int, Blow] = field(default_factory=dict)
    skew: int = 0
    skewed: tuple[bool, ...] = (False,)
    duplicates: Mapping[int, int] = field(default_factory=dict)
    delays: tuple[int, ...] = (0,)
    newest_first: bool = False
    batch: int = 1
    beats: tuple[int, ...] = (HEARTBEAT,)
    unpaid_answers: frozenset[int] = frozenset()
    """Provider calls, by number, that were charged and whose answer was lost."""
    throttled: frozenset[int] = frozenset()
    """Provider calls, by number, that were refused before they were charged."""
    curse: Curse | None = None
    outage: tuple[str, int] | None = None
    """A service that refuses every call from that number of call on, for good."""


class Killed(BaseException):
    """The process is gone. Not even `except Exception` sees it."""


# --- the parts a test may plant a bug in ------------------------------------------------------------------------------


class Parts:
    """How the platform is put together; a planted bug is a subclass that puts in another part."""

    def store(self, client: Any, table: str) -> JobStore:
        return DynamoJobStore(client, table)

    def objects(self, client: Any, bucket: str) -> ObjectStore:
        return S3ObjectStore(client, bucket)

    def submissions(self, **parts: Any) -> Submissions:
        return Submissions(**parts)

    def idempotency(self, client: Any, table: str, clock: Clock) -> Idempotency:
        return Idempotency(DynamoIdempotencyStore(client, table), clock)

    def runner(self, **parts: Any) -> JobRunner:
        return JobRunner(**parts)

    def sweeper(self, **parts: Any) -> Sweeper:
        return Sweeper(**parts)

    def acknowledges(self, disposition: Disposition) -> bool:
        return disposition is Disposition.DONE


# --- queues with AWS's semantics --------------------------------------------------------------------------------------


@dataclass(slots=True)
class Message:
    message_id: str
    body: str
    visible_at: int
    receives: int = 0
    receipt: str = ""
    disturbed: list[int] = field(default_factory=list)
    """The receives whose function was killed, or had an AWS call fail."""

    @property
    def job_id(self) -> str:
        return str(json.loads(self.body)["jobId"])


class Queue:
    """What SQS and Lambda's poller do with messages, in virtual time."""

    def __init__(self, visibility: int) -> None:
        self.visibility = visibility
        self.messages: list[Message] = []
        self.dead: list[Message] = []

    def receive(self, now: int, limit: int, *, newest_first: bool) -> list[Message]:
        visible = [message for message in self.messages if message.visible_at <= now]
        for message in [message for message in visible if message.receives >= RECEIVES]:
            self.messages.remove(message)
            visible.remove(message)
            self.dead.append(message)
        taken = sorted(visible, key=lambda message: message.visible_at, reverse=newest_first)[:limit]
        for message in taken:
            message.receives += 1
            message.visible_at = now + self.visibility
            message.receipt = f"{message.message_id}/{message.receives}"
        return taken

    def settle(self, batch: list[tuple[Message, int]], answer: dict[str, Any] | None) -> None:
        """`batch` are the messages with the count of their receive; no answer is that of a function that was killed."""
        if answer is None:
            return
        failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
        taken = {message.message_id for message, _ in batch}
        if failed - taken:
            failed = taken  # an unknown identifier fails the whole batch
        done = taken - failed
        self.messages = [message for message in self.messages if message.message_id not in done]

    def put_off(self, receipt: str, until: int) -> None:
        for message in self.messages:
            if message.receipt == receipt:
                message.visible_at = until


# --- AWS in this process ----------------------------------------------------------------------------------------------


class Aws:
    """moto's AWS with clients, table, bucket and queues, made once and emptied between worlds."""

    def __init__(self, table: str, clients: Mapping[str, Any]) -> None:
        self.table = table
        self.dynamodb, self.s3, self.sqs = clients["dynamodb"], clients["s3"], clients["sqs"]
        self.bucket = "media"
        self.s3.create_bucket(Bucket=self.bucket)
        self.urls = {name: self.sqs.create_queue(QueueName=name)["QueueUrl"] for name in VISIBILITY}
        self.world: World | None = None
        for client in clients.values():
            endpoint = client._endpoint
            client.meta.events.register_last("before-call", self._hook(endpoint))

    def _hook(self, endpoint: Any) -> Callable[..., Any]:
        def before_call(model: Any, params: dict[str, Any], **_: Any) -> Any:
            if self.world is None or self.world.actor is None:
                return None
            apply_request_checksum(params)
            return self.world.call(model, params, lambda: endpoint.make_request(model, params))

        return before_call

    def clear(self) -> None:
        self._table().items.clear()
        for key in self.object_keys():
            self.s3.delete_object(Bucket=self.bucket, Key=key)
        self.sent()

    def rows(self) -> list[dict[str, Any]]:
        """Every item, read past the API: looking is no call."""
        return [
            item.to_json()["Attributes"] for partition in self._table().items.values() for item in partition.values()
        ]

    def object_keys(self) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=self.bucket)
        return [item["Key"] for item in found.get("Contents", ())]

    def object_body(self, key: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body

    def sent(self) -> list[tuple[str, str, str, int]]:
        """What SQS took since this was asked last: queue, id, body, delay in milliseconds."""
        found = []
        for name in self.urls:
            queue = sqs_backends[ACCOUNT][REGION].queues[name]
            for message in queue._messages:
                waits = message.delayed_until - (message.sent_timestamp or 0)
                found.append((name, message.id, message.body, max(0, round(waits / SECOND) * SECOND)))
            queue._messages = []
        return found

    def _table(self) -> Any:
        return dynamodb_backends[ACCOUNT][REGION].tables[self.table]


@contextmanager
def aws() -> Iterator[Aws]:
    with mock_aws():
        clients = {service: client_of(service) for service in ("dynamodb", "s3", "sqs")}
        with jobs_table(clients["dynamodb"]) as table:
            yield Aws(table, clients)


# --- actors -----------------------------------------------------------------------------------------------------------


class Actor:
    """A process with a clock of its own. It runs in a thread, but only while the world waits for it."""

    def __init__(
        self, world: World, skew: int, act: Callable[[Actor], None], done: Callable[[Actor], None] | None
    ) -> None:
        """`act` is what the process does; `done` is called by the world once it has ended, killed or not."""
        self.world = world
        self.skew = skew
        self.done = done
        self.dead = False
        self.struck = False
        self.finished = False
        self.error: BaseException | None = None
        self.paying: tuple[str, str, str] | None = None
        """The job, the step and the lease's token of the paid call that it is in."""
        self.turn = threading.Semaphore(0)
        self._beat: Callable[[], None] | None = None
        self._beat_at = 0
        self._intervals = itertools.cycle(world.schedule.beats)
        self._act = act
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def now(self) -> int:
        return self.world.time + self.skew

    def sleep(self, milliseconds: int) -> None:
        """Be at work for so long, with a heart that beats beside it."""
        until = self.world.time + milliseconds
        while self._beat is not None and self._beat_at <= until:
            self.world.pass_time(self, max(0, self._beat_at - self.world.time))
            self._pulse(self._beat)
        self.world.pass_time(self, max(0, until - self.world.time))

    @contextmanager
    def heartbeat(self, beat: Callable[[], None]) -> Iterator[None]:
        """In place of the thread, in the process's own: so it beats at the same places each time, and dies with it."""
        self._beat = beat
        self._beat_at = self.world.time + next(self._intervals)
        try:
            yield
        finally:
            self._beat = None

    def _pulse(self, beat: Callable[[], None]) -> None:
        self._beat_at = self.world.time + next(self._intervals)
        self.world.beats.append(self.world.calls.total() + 1)
        try:
            beat()
        except LeaseLostError:
            self._beat = None
        except TransientError:
            return

    def _run(self) -> None:
        self.turn.acquire()
        try:
            self._act(self)
        except Killed:
            self.dead = True
        except BaseException as error:  # noqa: BLE001 - the world raises it where the test can see it
            self.error = error
        self.finished = True
        self.world.back.release()


class Front(MemoryParts):
    """What the function that takes requests is made of: AWS's parts wherever a request leaves what outlives it."""

    def __init__(self, world: World, clock: Clock) -> None:
        super().__init__()
        self._world = world
        self._now = clock

    def settings(self) -> Settings:
        return SHARED.settings()

    def access(self) -> Access:
        return SHARED.access()

    def idempotency(self) -> Idempotency:
        aws = self._world.aws
        return self._world.parts.idempotency(aws.dynamodb, aws.table, self._now)

    def jobs(self) -> Jobs:
        return self._world.jobs(self._now)

    def detection_requests(self) -> DetectionRequests:
        submissions = self._world.submissions(self._now)
        return DetectionRequests(
            submissions, self.uploads(), self.fetcher, bucket="media", engine="onnx", gigabytes=1.0
        )


SHARED: Final = MemoryParts()


class World:
    def __init__(self, aws: Aws, schedule: Schedule, parts: Parts | None = None) -> None:
        self.aws = aws
        self.schedule = schedule
        self.parts = parts or Parts()
        self.time = START
        self.actor: Actor | None = None
        self.back = threading.Semaphore(0)
        self.queues = {name: Queue(visibility) for name, visibility in VISIBILITY.items()}
        self.calls: Counter[str] = Counter()
        self.interruptions = 0
        self.setbacks = 0
        self.interrupted: Counter[tuple[str, str]] = Counter()
        """How often the attempt at a job's paid step was cut short after it was begun."""
        self.answers: dict[int, list[tuple[int, str]]] = {}
        """By the number of the plan: status and body of each answer that its client heard."""
        self.beats: list[int] = []
        """The heartbeats, each by the number of the AWS call that would be its own."""
        self.cursed = 0
        self.paid: Counter[tuple[str, str]] = Counter()
        self.provider_calls = 0
        self.history: dict[str, list[tuple[str, str | None, int | None]]] = {}
        self.plans: dict[str, JobPlan] = {}
        self.web = MemoryFetcher({HOOK: Fetched(HOOK, 200, {}, b"")})
        self.meter = MemoryMeter()
        self._begun: set[tuple[str, str, str]] = set()
        self._recorded: set[tuple[str, str, str]] = set()
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._actors: list[Actor] = []
        self._received = 0
        self._sent = 0
        self._sweep_at: int | None = None
        self._over = False

    # --- running ---

    def run(self) -> None:
        """From the first submission until nothing is left that would ever happen, or the horizon."""
        self.aws.clear()
        self.aws.world = self
        logging.disable(logging.CRITICAL)
        try:
            for number, plan in enumerate(self.schedule.jobs):
                self.at(START + plan.at, partial(self._submit, number, plan, PATIENCE if plan.key else ()))
                if plan.key and plan.again is not None:
                    self.at(START + plan.at + plan.again, partial(self._submit, number, plan))
            until = START + (OUTAGE if self.schedule.outage else HORIZON)
            while self._events and self.time < until and self.calls.total() < MOST_CALLS:
                at, _, event = heapq.heappop(self._events)
                self.time = max(self.time, at)
                event()
                self._look()
        finally:
            self._over = True
            for actor in self._actors:
                if not actor.finished:
                    self._resume(actor)
            logging.disable(logging.NOTSET)
            self.aws.world = None

    def at(self, time: int, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (time, next(self._order), event))

    def spawn(self, act: Callable[[Actor], None], done: Callable[[Actor], None] | None = None) -> None:
        pattern = self.schedule.skewed
        skew = self.schedule.skew if pattern[len(self._actors) % len(pattern)] else 0
        actor = Actor(self, skew, act, done)
        self._actors.append(actor)
        actor.start()
        self._resume(actor)

    def pass_time(self, actor: Actor, milliseconds: int) -> None:
        """In the actor's thread: it goes on so much later, after everything else that comes before that."""
        until = self.time + milliseconds
        if self._events and self._events[0][0] <= until:
            self.at(until, lambda: self._resume(actor))
            self.actor = None
            self.back.release()
            actor.turn.acquire()
            self.actor = actor
            if self._over:
                raise Killed
        self.time = max(self.time, until)

    def _resume(self, actor: Actor) -> None:
        self.actor = actor
        actor.turn.release()
        self.back.acquire()
        self.actor = None
        if actor.error is not None:
            raise actor.error
        if actor.finished and actor.done is not None and not self._over:
            actor.done(actor)

    # --- AWS calls ---

    def call(self, model: Any, params: dict[str, Any], request: Callable[[], Any]) -> Any:
        """One call of the running actor, blow included; what botocore is to take as the answer."""
        actor = self.actor
        assert actor is not None
        if actor.dead or self._over:
            raise Killed
        service = model.service_model.service_name
        self.calls[f"{service}.{model.name}"] += 1
        number = self.calls.total()
        if number >= MOST_CALLS:
            raise Killed
        self.time += LATENCY
        outage = self.schedule.outage
        if outage is not None and outage[0] == service and number >= outage[1]:
            self._interrupt(actor)
            return refusal()
        blow = self.schedule.blows.get(number)
        curse = self.schedule.curse
        if curse is not None and curse.operation == model.name and self.cursed < curse.times:
            self.cursed += 1
            blow = curse.blow
        carry_out = partial(self._carry_out, model, params, request)
        return carry_out() if blow is None else self._strike(actor, blow, carry_out)

    def _strike(self, actor: Actor, blow: Blow, carry_out: Callable[[], Any]) -> Any:
        try:
            return self._struck(actor, blow, carry_out)
        finally:
            if blow.interrupts:
                self._interrupt(actor)

    def _interrupt(self, actor: Actor) -> None:
        """Counted where it did its harm: an attempt counts whose beginning was written and whose outcome was not."""
        self.interruptions += 1
        actor.struck = True
        if actor.paying in self._begun - self._recorded:
            job_id, step, _ = actor.paying
            self.interrupted[job_id, step] += 1

    def _struck(self, actor: Actor, blow: Blow, carry_out: Callable[[], Any]) -> Any:
        match blow.fault:
            case Fault.REFUSED:
                return refusal()
            case Fault.UNREACHED:
                raise ConnectTimeoutError(endpoint_url="aws")
            case Fault.UNHEARD:
                carry_out()
                raise ReadTimeoutError(endpoint_url="aws")
            case Fault.REPEATED:
                carry_out()
            case Fault.KILLED_BEFORE:
                actor.dead = True
                raise Killed
            case Fault.KILLED_AFTER:
                carry_out()
                actor.dead = True
                raise Killed
            case Fault.STOPPED_BEFORE:
                self.pass_time(actor, blow.pause)
            case Fault.STOPPED_AFTER:
                answer = carry_out()
                self.pass_time(actor, blow.pause)
                return answer
        return carry_out()

    def _carry_out(self, model: Any, params: dict[str, Any], request: Callable[[], Any]) -> Any:
        if model.name == "ChangeMessageVisibility":
            asked = json.loads(params["body"])
            name = next(name for name, url in self.aws.urls.items() if url == asked["QueueUrl"])
            until = self.time + asked["VisibilityTimeout"] * SECOND
            self.queues[name].put_off(asked["ReceiptHandle"], until)
            self.at(until, lambda: self._poll(name))
            return SimpleNamespace(status_code=200), {"ResponseMetadata": {"HTTPStatusCode": 200}}
        answer = request()
        if isinstance(params["body"], BytesIO):
            params["body"].seek(0)  # as botocore does before it sends again
        if model.name in {"PutItem", "UpdateItem", "TransactWriteItems"}:
            self._note_rows()
        return answer

    def _note_rows(self) -> None:
        for row in self.aws.rows():
            kind, _, step = row["sk"]["S"].partition("#")
            if kind == "step" and "token" in row:
                attempt = row["pk"]["S"].partition("#")[2], step, row["token"]["S"]
                self._begun.add(attempt)
                if "outcome" in row:
                    self._recorded.add(attempt)
            if kind == "job":
                digest = row["result_digest"]["S"] if "result_digest" in row else None
                ended_at = int(row["ended_at"]["N"]) if "ended_at" in row else None
                seen = self.history.setdefault(row["pk"]["S"].partition("#")[2], [])
                state = (row["state"]["S"], digest, ended_at)
                if not seen or seen[-1] != state:
                    seen.append(state)

    # --- who acts ---

    def _store(self) -> JobStore:
        return self.parts.store(self.aws.dynamodb, self.aws.table)

    def _objects(self) -> ObjectStore:
        return self.parts.objects(self.aws.s3, self.aws.bucket)

    def _queue(self, name: str) -> SqsQueue:
        return SqsQueue(self.aws.sqs, self.aws.urls[name])

    def _endings(self, clock: Clock) -> Endings:
        return Endings(store=self._store(), webhooks=self._queue("webhook"), clock=clock, meter=self.meter)

    def _webhooks(self, clock: Clock) -> Webhooks:
        return Webhooks(
            jobs=self._store(),
            fetcher=self.web,
            queue=self._queue("webhook"),
            master=lambda: "master",
            clock=clock,
            meter=self.meter,
        )

    def jobs(self, clock: Clock) -> Jobs:
        return Jobs(store=self._store(), objects=self._objects, endings=lambda: self._endings(clock), clock=clock)

    def submissions(self, clock: Clock) -> Submissions:
        queues = {Kind.DETECTION: self._queue("detect")}
        return self.parts.submissions(store=self._store(), queues=queues, clock=clock)

    def _submit(self, number: int, plan: JobPlan, repeats: tuple[int, ...] = ()) -> None:
        """A client, and the function that the gateway hands its request to."""
        body: dict[str, Any] = {
            "imageUrls": [f"https://pictures.example/{step}.jpg" for step in range(max(1, len(plan.steps)))],
            "metadata": {"plan": number},
        }
        if plan.callback:
            body["callbackUrl"] = HOOK
        headers = {"Idempotency-Key": f"key-{number}"} if plan.key else {}
        request = envelope("POST", "/process", body=body, headers=headers)
        request["requestContext"]["authorizer"] = CALLER
        replies: list[dict[str, Any]] = []

        def act(actor: Actor) -> None:
            replies.append(serve("receiver", OPERATIONS, request, Context(), Front(self, actor)))

        def done(_: Actor) -> None:
            heard = self.answers.setdefault(number, [])
            heard += [(reply["statusCode"], reply["body"]) for reply in replies]
            accepted = [json.loads(text)["jobId"] for status, text in heard if status == 202]
            if replies and len(accepted) == 1 and plan.cancelled_at is not None:
                self.at(self.time + plan.cancelled_at, partial(self._cancel, accepted[0]))
            if repeats and not accepted:
                self.at(self.time + repeats[0], partial(self._submit, number, plan, repeats[1:]))

        self.spawn(act, done)

    def _cancel(self, job_id: str) -> None:
        def act(actor: Actor) -> None:
            try:
                self.jobs(actor).cancel(OWNER, job_id)
            except DarkroomError:
                return  # it had ended, or the caller was told to try again

        self.spawn(act)

    def _poll(self, name: str) -> None:
        limit = self.schedule.batch if name == "detect" else 10
        queue = self.queues[name]
        while taken := queue.receive(self.time, limit, newest_first=self.schedule.newest_first):
            for message in taken:
                self._received += 1
                delay = self.schedule.duplicates.get(self._received)
                if delay is not None:
                    self.at(self.time + delay, partial(self._hand_out_again, name, message))
                self.at(message.visible_at, lambda: self._poll(name))
            self._invoke(name, [(message, message.receives) for message in taken])

    def _hand_out_again(self, name: str, message: Message) -> None:
        if message in self.queues[name].messages:
            message.visible_at = self.time
            self._poll(name)

    def _invoke(self, name: str, batch: list[tuple[Message, int]]) -> None:
        event = {
            "Records": [
                {
                    "messageId": message.message_id,
                    "receiptHandle": message.receipt,
                    "body": message.body,
                    "attributes": {"ApproximateReceiveCount": str(receive)},
                }
                for message, receive in batch
            ]
        }
        answers: list[dict[str, Any]] = []

        def detect(actor: Actor) -> None:
            runner = self.parts.runner(
                store=self._store(),
                objects=self._objects(),
                endings=self._endings(actor),
                clock=actor,
                heartbeat=actor.heartbeat,
                gigabytes=1.0,
            )
            work = PlannedWork(self, actor)

            def handle(job_id: str, receive_count: int) -> bool:
                return self.parts.acknowledges(runner.run(job_id, work, receive_count))

            answers.append(consume(event, handle, queue=lambda: self._queue("detect")))

        def deliver(actor: Actor) -> None:
            webhooks = self._webhooks(actor)

            def handle(job_id: str, _: int) -> bool:
                webhooks.deliver(job_id)
                return True

            answers.append(consume(event, handle))

        def done(actor: Actor) -> None:
            for message, receive in batch if actor.struck else ():
                message.disturbed.append(receive)
            self.queues[name].settle(batch, None if actor.dead or not answers else answers[0])

        self.spawn(detect if name == "detect" else deliver, done)

    def _sweep(self, at: int) -> None:
        if self._sweep_at != at:
            return
        self._sweep_at = None

        def act(actor: Actor) -> None:
            self.parts.sweeper(
                store=self._store(),
                objects=self._objects(),
                queues={Kind.DETECTION: self._queue("detect")},
                endings=self._endings(actor),
                webhooks=self._webhooks(actor),
                clock=actor,
            ).sweep(until=actor.now() + 35 * SECOND)

        self.spawn(act)

    def _look(self) -> None:
        """After each event: messages that were sent become visible in their time, and the minutes in which the sweeper
        would find nothing are left out."""
        for name, message_id, body, delay in self.aws.sent():
            late = self.schedule.delays[self._sent % len(self.schedule.delays)]
            self._sent += 1
            visible_at = self.time + delay + late
            self.queues[name].messages.append(Message(message_id, body, visible_at))
            self.at(visible_at, partial(self._poll, name))
        due = [int(row["due_at"]["N"]) for row in self.aws.rows() if "due_at" in row]
        if due and min(due) < START + 20 * HOUR:
            at = max(-(-min(due) // MINUTE) * MINUTE, (self.time // MINUTE + 1) * MINUTE)
            if self._sweep_at is None or at < self._sweep_at:
                self._sweep_at = at
                self.at(at, lambda: self._sweep(at))


class PlannedWork:
    """What a job's plan says, through the same Run as real work: checks between steps, paid calls, progress."""

    def __init__(self, world: World, actor: Actor) -> None:
        self._world = world
        self._actor = actor

    def run(self, run: Run) -> object:
        plan = self._world.schedule.jobs[run.job.request["metadata"]["plan"]]
        answers = []
        for number, takes in enumerate(plan.steps):
            self._actor.sleep(0)  # where the heart may beat between two steps
            run.check()
            if plan.paid:
                answers.append(self._paid(run, number, takes))
            else:
                self._actor.sleep(takes)
                answers.append(number)
            run.progress(number + 1)
        if plan.poison:
            raise ZeroDivisionError
        return expected_result(plan, answers)

    def _paid(self, run: Run, number: int, takes: int) -> Any:
        step = f"step-{number}"
        self._actor.paying = run.job.job_id, step, run.token
        try:
            return run.pay(step, partial(self._provide, run, step, takes), price=Cost(usd=0.001, provider_units=1))
        finally:
            self._actor.paying = None

    def _provide(self, run: Run, step: str, takes: int) -> int:
        world = self._world
        world.provider_calls += 1
        number = world.provider_calls
        if number in world.schedule.throttled:
            world.setbacks += 1
            raise NotChargedError("The provider is busy")
        world.paid[run.job.job_id, step] += 1
        self._actor.sleep(takes)
        if number in world.schedule.unpaid_answers:
            world.interruptions += 1
            world.interrupted[run.job.job_id, step] += 1
            raise TransientError("The provider's answer was lost")
        return int(step.partition("-")[2])


def expected_result(plan: JobPlan, answers: list[int] | None = None) -> dict[str, Any]:
    padding = "x" * INLINE_RESULT_BYTES if plan.large else ""
    return {"answers": list(range(len(plan.steps))) if answers is None else answers, "padding": padding}


def refusal() -> tuple[Any, dict[str, Any]]:
    error = {"Code": "ThrottlingException", "Message": "Rate exceeded"}
    return SimpleNamespace(status_code=400), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}
