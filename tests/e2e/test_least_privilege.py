"""Each role holds what its function needs and nothing that it does not.

The embedded AWS evaluates roles, so that the whole suite shows that they suffice. Here every grant (one action on one
resource) is taken out of its deployed role by itself, and what needs it must then fail. A statement without a probe, or
a grant whose loss no probe notices, is red: either is written, or the grant goes.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import time
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
from darkroom.adapters.aws.jobs import DynamoJobStore
from darkroom.domain.jobs import Delivery, Job, Kind, Result, State, result_key, results_prefix
from darkroom.domain.limits import HOUR, INLINE_RESULT_BYTES, MINUTE
from darkroom.errors import JobEndedError
from PIL import Image

from local import overlay
from local.pictures import pictures, portraits
from local.reload import Functions
from local.stack import ROOT, Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.stack import Embedded
    from tests.stub_providers import Providers

TEMPLATE: Final = overlay.load(ROOT / "template.yaml")
OWNER: Final = "privileged"
CALLBACK: Final = "https://hooks.invalid/darkroom"
FOREIGN: Final = "s3://a-bucket-that-is-not-ours/" + "x" * 2_000
"""An image that is refused without a call; a hundred of them make a result too large for a row."""
PLAIN_DOODLE: Final = {
    "action": "generate-doodle",
    "description": "a cat",
    "style": "simple",
    "count": 1,
    "format": "png",
    "background": "paper",
    "size": 64,
    "seed": None,
    "model": None,
    "fresh": True,
    "inline": False,
}
"""An action as the API leaves it to a worker."""
RACES: Final = 2
"""Tries, in each of two ways, at losing a lease between a worker's last look and the job's end."""


class RefusedError(Exception):
    """A function failed instead of answering."""


# --- what is granted --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Grant:
    """One action on one resource of a statement: the places that they have in its lists."""

    function: str
    sid: str
    action: int
    resource: int

    @property
    def statement(self) -> tuple[str, str]:
        return self.function, self.sid

    def __str__(self) -> str:
        return f"{self.function.removesuffix('Function').lower()}-{self.sid}-{self.action}-{self.resource}"


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def grants() -> list[Grant]:
    return [
        Grant(name, statement["Sid"], action, resource)
        for name, function in TEMPLATE["Resources"].items()
        if function["Type"] == overlay.FUNCTION
        for policy in function["Properties"].get("Policies", [])
        for statement in policy["Statement"]
        for action in range(len(listed(statement["Action"])))
        for resource in range(len(listed(statement["Resource"])))
    ]


def without(statement: dict[str, Any], grant: Grant) -> list[dict[str, Any]]:
    """The statement as those that allow everything of it but one action on one resource."""
    actions, resources = listed(statement["Action"]), listed(statement["Resource"])
    other_actions = [one for place, one in enumerate(actions) if place != grant.action]
    other_resources = [one for place, one in enumerate(resources) if place != grant.resource]
    left = []
    if other_actions:
        left.append({**statement, "Action": other_actions})
    if other_resources:
        left.append({**statement, "Sid": "Others", "Action": actions[grant.action], "Resource": other_resources})
    return left


# --- the deployed stack, held still -----------------------------------------------------------------------------------


class World:
    """The stack with its mappings and its schedule off, so that a function runs when it is called and not otherwise."""

    def __init__(self, stack: Stack, providers: Providers) -> None:
        self.stack = stack
        self.providers = providers
        self.names = stack.resources()
        self.functions = Functions(stack, TEMPLATE, ROOT)
        self.lambda_, self.iam, self.sqs, self.s3 = map(stack.client, ("lambda", "iam", "sqs", "s3"))
        self.jobs = DynamoJobStore(stack.client("dynamodb"), stack.outputs["TableName"])
        self.bucket = stack.outputs["BucketName"]
        self.api = httpx.Client(
            base_url=stack.api_url, headers={"x-api-key": stack.make_key(OWNER)}, timeout=30, trust_env=False
        )
        self.picture = pictures()[1].jpeg
        self.image = self.upload()
        self.portrait = portraits()[0][0].jpeg

    def fresh(self, function: str) -> None:
        """A new process, which remembers no key, no secret and no client."""
        self.functions.reload([function])

    @contextmanager
    def taken_out(self, grant: Grant) -> Iterator[None]:
        role = self.names[f"{grant.function}Role"]
        for name in self.iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = self.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            kept = [one for one in document["Statement"] if one["Sid"] != grant.sid]
            if len(kept) < len(document["Statement"]):
                break
        else:
            raise AssertionError(f"the deployed role {role} has no statement {grant.sid}")
        (statement,) = [one for one in document["Statement"] if one["Sid"] == grant.sid]
        kept += without(statement, grant)
        if kept:
            self._put(role, name, {**document, "Statement": kept})
        else:
            self.iam.delete_role_policy(RoleName=role, PolicyName=name)
        try:
            yield
        finally:
            self._put(role, name, document)

    def _put(self, role: str, name: str, document: Any) -> None:
        self.iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))

    def allows(self, grant: Grant) -> bool:
        """What IAM itself says, for what no function of ours calls on the embedded AWS."""
        role = self.iam.get_role(RoleName=self.names[f"{grant.function}Role"])["Role"]
        action = listed(self.statement(grant)["Action"])[grant.action]
        resource = listed(self.statement(grant)["Resource"])[grant.resource]
        if isinstance(resource, dict) and "Fn::Sub" in resource:
            resource = (
                resource["Fn::Sub"].replace("${MediaBucket.Arn}", f"arn:aws:s3:::{self.bucket}").replace("*", "x")
            )
        elif isinstance(resource, dict):
            queue = self.sqs.get_queue_attributes(
                QueueUrl=self.names[resource["Fn::GetAtt"][0]], AttributeNames=["QueueArn"]
            )
            resource = queue["Attributes"]["QueueArn"]
        answer = self.iam.simulate_principal_policy(
            PolicySourceArn=role["Arn"], ActionNames=[action], ResourceArns=[resource]
        )
        return all(result["EvalDecision"] == "allowed" for result in answer["EvaluationResults"])

    @staticmethod
    def statement(grant: Grant) -> dict[str, Any]:
        policies = TEMPLATE["Resources"][grant.function]["Properties"]["Policies"]
        found: dict[str, Any] = next(
            one for policy in policies for one in policy["Statement"] if one["Sid"] == grant.sid
        )
        return found

    # --- what probes are made of ---

    def call(self, function: str, payload: Any) -> tuple[Any, str]:
        """A function's answer and the end of its log."""
        answer = self.lambda_.invoke(FunctionName=self.names[function], Payload=json.dumps(payload), LogType="Tail")
        log = base64.b64decode(answer.get("LogResult", "")).decode(errors="replace")
        if "FunctionError" in answer:
            raise RefusedError(log)
        return json.loads(answer["Payload"].read()), log

    def deliver(self, function: str, job_id: str, receipt: str = "receipt") -> str:
        record = {
            "messageId": str(uuid.uuid4()),
            "receiptHandle": receipt,
            "body": json.dumps({"jobId": job_id}),
            "attributes": {"ApproximateReceiveCount": "1"},
        }
        return self.call(function, {"Records": [record]})[1]

    @contextmanager
    def engine(self, name: str) -> Iterator[None]:
        """The detector under another engine."""
        function = self.names["DetectFunction"]
        variables = self.lambda_.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
        other = {**variables, "DETECT_ENGINE": name}
        self.lambda_.update_function_configuration(FunctionName=function, Environment={"Variables": other})
        try:
            yield
        finally:
            self.lambda_.update_function_configuration(FunctionName=function, Environment={"Variables": variables})

    def upload(self, purpose: str = "process", content: bytes | None = None) -> str:
        content = content or self.picture
        asked = self.api.post("/uploads/presign", json={"filename": "coffee.jpg", "purpose": purpose})
        assert asked.status_code == 200, asked.text
        signed = asked.json()
        sent = httpx.put(signed["url"], content=content, headers=signed["headers"], trust_env=False)
        assert sent.status_code == 200, sent.text
        return f"s3://{signed['bucket']}/{signed['key']}"

    @property
    def inline(self) -> dict[str, Any]:
        """A picture with one face, as it stands in a request; another one each time."""
        with Image.open(io.BytesIO(self.portrait), formats=["JPEG"]) as image:
            held = io.BytesIO()
            image.save(held, "JPEG", quality=90, comment=uuid.uuid4().hex.encode())
        return {"imageData": base64.b64encode(held.getvalue()).decode()}

    def found(self, *, expect: int = 202, headers: dict[str, str] | None = None, **image: Any) -> dict[str, Any]:
        """What POST /upload-images answered."""
        asked = {"Prefer": "respond-async", **(headers or {})}
        answer = self.api.post("/upload-images", json={"images": [image or self.inline]}, headers=asked)
        assert answer.status_code == expect, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def person(self) -> str:
        answer = self.api.post("/people", json={"consentVersion": "1"})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["personId"])

    def enrolment(self, person: str, *, expect: int = 202, **image: Any) -> str:
        """The job that enrols a face of the person."""
        body = {"images": [{"faceId": "one", **(image or self.inline)}], "consentVersion": "1"}
        answer = self.api.post(f"/people/{person}/faces", json=body, headers={"Prefer": "respond-async"})
        assert answer.status_code == expect, answer.text
        return str(answer.json()["jobId"])

    def enrolled(self, **image: Any) -> str:
        """A person whose face stands in the index."""
        person = self.person()
        job = self.enrolment(person, **image)
        self.deliver("IndexFunction", job)
        assert self.state(job) is State.COMPLETED
        assert json.loads(self.jobs.inline_result(job) or "")["enrolled"] == 1
        return person

    def erasure(self, person: str) -> str:
        answer = self.api.delete(f"/people/{person}", headers={"Prefer": "respond-async"})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["jobId"])

    def arrival(self, key: str) -> dict[str, Any]:
        """What S3 tells the queue of an object, as Lambda hands it on."""
        told = {"bucket": {"name": self.bucket}, "object": {"key": key, "eTag": uuid.uuid4().hex, "sequencer": "1"}}
        body = json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": told}]})
        return {
            "messageId": str(uuid.uuid4()),
            "receiptHandle": "receipt",
            "body": body,
            "attributes": {"ApproximateReceiveCount": "1"},
        }

    def beats(self, kind: Kind) -> str:
        """How many jobs of a kind its workers have told of, for forecasts."""
        table, key = self.stack.outputs["TableName"], {"pk": {"S": f"pulse#{kind}"}, "sk": {"S": "pulse"}}
        row = self.stack.client("dynamodb").get_item(TableName=table, Key=key, ConsistentRead=True).get("Item", {})
        return str(row.get("beats"))

    def below(self, prefix: str) -> list[str]:
        answer = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [one["Key"] for one in answer.get("Contents", [])]

    def process(self, *, expect: int = 202, headers: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
        answer = self.api.post("/process", json={"imageUrls": [self.image], **fields}, headers=headers)
        assert answer.status_code == expect, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def planted(self, urls: list[str] | None = None, **fields: Any) -> Job:
        """A job that stands in the table, as an earlier request would have left it."""
        now = int(time.time() * 1000)
        urls = [self.image] if urls is None else urls
        job = Job(
            job_id=str(uuid.uuid4()),
            owner=OWNER,
            items=len(urls),
            write_id=uuid.uuid4().hex,
            **{
                "kind": Kind.DETECTION,
                "request": {"imageUrls": urls},
                "created_at": now,
                "deadline": now + HOUR,
                **fields,
            },
        )
        return self.jobs.create(job)

    def planted_doodles(self, *actions: dict[str, Any], chain: tuple[str, ...] = ("sketch",), **fields: Any) -> Job:
        """The same of actions on doodles; one that is an error already costs no time."""
        told = [
            action
            if "error" in action
            else {"action": PLAIN_DOODLE | action, "chain": list(chain), "digest": uuid.uuid4().hex * 2}
            for action in actions
        ]
        return self.planted(kind=Kind.DOODLE, request={"several": len(actions) > 1, "actions": told}, **fields)

    def ai(self, *, expect: int = 200, headers: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
        body = {"action": "generate-doodle", "description": "a cat", "size": 64, "fresh": True, **fields}
        answer = self.api.post("/ai", json=body, headers=headers)
        assert answer.status_code == expect, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def claimed(self, job: Job) -> str:
        now = int(time.time() * 1000)
        token = uuid.uuid4().hex
        self.jobs.claim(job.job_id, token=token, now=now, until=now + MINUTE)
        return token

    def completed(self, job_id: str, **made: Any) -> None:
        """End a job as a worker does whose result is too large for a row."""
        now = int(time.time() * 1000)
        token = uuid.uuid4().hex
        self.jobs.claim(job_id, token=token, now=now, until=now + MINUTE)
        body = json.dumps(made or {"engine": "x", "model": "y", "detections": []}).encode()
        key = result_key(job_id, 1)
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        result = Result(hashlib.sha256(body).hexdigest(), INLINE_RESULT_BYTES + 1, key=key)
        self.jobs.end(job_id, state=State.COMPLETED, now=now, token=token, result=result)

    def ended_with_webhook(self) -> Job:
        job = self.planted(callback_url=CALLBACK)
        now = int(time.time() * 1000)
        delivery = Delivery(job.job_id, OWNER, CALLBACK, f"msg_{job.job_id}", due_at=now)
        self.jobs.end(job.job_id, state=State.CANCELLED, now=now, delivery=delivery)
        return job

    def told(self, queue: str, job_id: str) -> bool:
        """Whether a message of the queue names the job; takes every message out."""
        found = False
        while True:
            answer = self.sqs.receive_message(QueueUrl=self.names[queue], MaxNumberOfMessages=10, WaitTimeSeconds=0)
            if not answer.get("Messages"):
                return found
            for message in answer["Messages"]:
                found |= job_id in message["Body"]
                self.sqs.delete_message(QueueUrl=self.names[queue], ReceiptHandle=message["ReceiptHandle"])

    def stored(self, job_id: str) -> list[str]:
        answer = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=results_prefix(job_id))
        return [one["Key"] for one in answer.get("Contents", [])]

    def state(self, job_id: str) -> State:
        job = self.jobs.get(job_id)
        assert job is not None
        return job.state


@pytest.fixture(scope="module")
def world(stack: Stack, embedded: Embedded, providers: Providers) -> Iterator[World]:
    lambda_, events = stack.client("lambda"), stack.client("events")
    names = stack.resources()
    mappings = [names[name] for name in names if name.endswith("Mapping")]
    rules = [names[name] for name in names if name.endswith(("FunctionEachMinute", "FunctionEachHour"))]
    assert mappings
    assert len(rules) == 2
    for mapping in mappings:
        lambda_.update_event_source_mapping(UUID=mapping, Enabled=False)
    for rule in rules:
        events.disable_rule(Name=rule)
    world = World(stack, providers)
    yield world
    world.api.close()
    for mapping in mappings:
        lambda_.update_event_source_mapping(UUID=mapping, Enabled=True)
    for rule in rules:
        events.enable_rule(Name=rule)


# --- one probe a statement: it does what the statement is for ---------------------------------------------------------

PROBES: Final[dict[tuple[str, str], Callable[[World], None]]] = {}
SIMULATED: Final = {
    ("DetectFunction", "TakeMessages"): "Lambda's poller takes them; the embedded one does so without the role",
    ("WorkerFunction", "TakeMessages"): "Lambda's poller takes them; the embedded one does so without the role",
    ("WebhooksFunction", "TakeMessages"): "Lambda's poller takes them; the embedded one does so without the role",
    ("DetectFunction", "AskRekognition"): "the embedded AWS has no Rekognition",
    ("FaceEmbedFunction", "TakeMessages"): "Lambda's poller takes them; the embedded one does so without the role",
    ("IndexFunction", "TakeMessages"): "Lambda's poller takes them; the embedded one does so without the role",
    (
        "FaceEmbedFunction",
        "TakeBack",
    ): "a lease lost before the end of a large job, by the lines that Detect's probe runs",
    ("IndexFunction", "KeepResults"): "a result of a job of a hundred faces, by the lines that Detect's probe runs",
    ("FacesFunction", "TakeBack"): "a person who is erased while a request about them is taken: no probe is so quick",
}
"""Statements that no call on the embedded AWS needs, and why: there IAM's own simulator is asked."""


def probe(function: str, *sids: str) -> Callable[[Callable[[World], None]], Callable[[World], None]]:
    def keep(run: Callable[[World], None]) -> Callable[[World], None]:
        PROBES.update({(f"{function}Function", sid): run for sid in sids})
        return run

    return keep


@probe("Authorizer", "LookUpKeys")
def a_new_key_is_known(world: World) -> None:
    key = world.stack.make_key(OWNER)
    assert world.api.get("/jobs", headers={"x-api-key": key}).status_code == 200


@probe("Presign", "CountRequests", "RecordUploads")
def an_upload_is_signed(world: World) -> None:
    assert world.api.post("/uploads/presign", json={"filename": "a.jpg"}).status_code == 200


@probe("Presign", "SignUploads")
def what_was_signed_is_taken(world: World) -> None:
    for purpose in ("process", "library", "faces"):
        world.upload(purpose)


@probe("Receiver", "CountRequests", "ReadUploads")
def a_job_is_accepted(world: World) -> None:
    world.process()


@probe("Receiver", "KeepJobs")
def a_job_is_made_and_cancelled(world: World) -> None:
    job = world.process()["jobId"]
    assert world.api.delete(f"/jobs/{job}").status_code == 202


@probe("Receiver", "AbandonIdempotencyKeys")
def a_refused_request_gives_its_key_back(world: World) -> None:
    once = {"Idempotency-Key": str(uuid.uuid4())}
    unknown = f"s3://{world.bucket}/uploads/2026/01/02/{uuid.uuid4()}-x.jpg"
    world.process(imageUrls=[unknown], headers=once, expect=404)
    world.process(headers=once)


@probe("Receiver", "SendHints")
def workers_are_told(world: World) -> None:
    job = world.process()["jobId"]
    assert world.told("DetectQueue", job)
    asked = world.api.post("/generative-ai-images/generate", json={"productUrl": "https://shop.invalid/mug"})
    assert asked.status_code == 202, asked.text
    assert world.told("GenerationQueue", asked.json()["jobId"])
    ended = world.ended_with_webhook().job_id
    assert world.api.post(f"/jobs/{ended}/webhook/replay").status_code == 202
    assert world.told("WebhookQueue", ended)


@probe("Receiver", "ReadResults")
def a_waiting_request_gets_a_large_result(world: World) -> None:
    once = {"Idempotency-Key": str(uuid.uuid4())}
    world.completed(world.process(headers=once)["jobId"])
    assert world.process(headers={**once, "Prefer": "wait=1"}, expect=200)["detections"] == []


@probe("Status", "CountRequests", "ListJobs")
def jobs_are_listed(world: World) -> None:
    job = world.planted().job_id
    answer = world.api.get("/jobs")
    assert answer.status_code == 200
    assert job in answer.text


@probe("Status", "LookUpKeys", "TouchUploads", "TouchPeople", "TouchMedia", "TouchQueues")
def everything_is_touched(world: World) -> None:
    assert world.api.get("/health", params={"deep": "1"}).status_code == 200


@probe("Status", "ReadJobs")
def a_job_is_read(world: World) -> None:
    assert world.api.get(f"/jobs/{world.planted().job_id}").status_code == 200


@probe("Status", "ReadResults")
def a_large_result_is_read(world: World) -> None:
    job = world.planted().job_id
    world.completed(job)
    answer = world.api.get(f"/jobs/{job}")
    assert answer.status_code == 200
    assert answer.json()["detections"] == []


@probe("Detect", "ReadUploadRows", "ReadUploads")
def a_picture_is_looked_at(world: World) -> None:
    job = world.planted().job_id
    world.deliver("DetectFunction", job)
    assert world.state(job) is State.COMPLETED
    (seen,) = json.loads(world.jobs.inline_result(job) or "")["detections"]
    assert "error" not in seen


@probe("Detect", "KeepJobs")
def a_job_is_done_with_its_ledger(world: World) -> None:
    job = world.planted(urls=[FOREIGN])
    world.deliver("DetectFunction", job.job_id)
    assert world.state(job.job_id) is State.COMPLETED
    assert world.jobs.inline_result(job.job_id)
    # The second worker of a job reads the ledger before it pays, and writes it before the call, however that ends.
    paid = world.planted()
    now = int(time.time() * 1000)
    world.jobs.release(paid.job_id, token=world.claimed(paid), now=now, due_at=now, cost=paid.cost)
    with world.engine("rekognition"):
        world.deliver("DetectFunction", paid.job_id)
    assert [attempt.step for attempt in world.jobs.attempts(paid.job_id)] == ["image-0"]


@probe("Detect", "PutOff")
def a_failed_message_is_put_off(world: World) -> None:
    poison = world.planted(request={})
    world.told("DetectQueue", "")
    url = world.names["DetectQueue"]
    world.sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"jobId": poison.job_id}))
    (message,) = world.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0)["Messages"]
    try:
        log = world.deliver("DetectFunction", poison.job_id, message["ReceiptHandle"])
    finally:
        world.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert poison.job_id in log
    assert "only after its visibility timeout" not in log


@probe("Detect", "KeepResults")
def large_results_are_stored_and_withdrawn(world: World) -> None:
    job = world.planted(urls=[FOREIGN] * 100).job_id
    world.deliver("DetectFunction", job)
    assert world.state(job) is State.COMPLETED
    assert len(world.stored(job)) == 1
    # A lease that is lost after the worker's last look at it and before the end. That look is taken before the last
    # picture, which is so large that its turn is longer than any answer here takes. A worker that got there within a
    # second of its claim does not look again, and any time is right; a slower one says by its progress that it has.
    large = world.upload(content=enlarged(world.picture))
    for wait_for_progress in [False, True] * RACES:
        lost = world.planted(urls=[*[FOREIGN] * 99, large]).job_id
        worker = Thread(target=world.deliver, args=("DetectFunction", lost))
        worker.start()
        while worker.is_alive() and not moved_on(world, lost, 99 if wait_for_progress else 0):
            time.sleep(0.005)
        with suppress(JobEndedError):  # it was too quick this time
            world.jobs.end(lost, state=State.CANCELLED, now=int(time.time() * 1000))
            worker.join()
            assert world.stored(lost) == []
        worker.join()


def moved_on(world: World, job_id: str, progress: int) -> bool:
    """Whether a worker has the job and has come so far with it, or is done with it."""
    job = world.jobs.get(job_id)
    assert job is not None
    return job.state.terminal or (job.state is State.PROCESSING and job.progress >= progress)


def enlarged(jpeg: bytes) -> bytes:
    held = io.BytesIO()
    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
        image.resize((image.width * 6, image.height * 6)).save(held, "JPEG")
    return held.getvalue()


@probe("Detect", "SendHints")
def the_end_is_told(world: World) -> None:
    job = world.planted(urls=[FOREIGN], callback_url=CALLBACK).job_id
    world.deliver("DetectFunction", job)
    assert world.told("WebhookQueue", job)


@probe("Doodle", "CountRequests", "KeepPictures")
def a_doodle_is_drawn_and_shown(world: World) -> None:
    (doodle,) = world.ai(inline=True)["doodles"]
    assert doodle["imageData"]


@probe("Doodle", "KeepJobs")
def a_doodle_becomes_a_job(world: World) -> None:
    headers = {"Prefer": "respond-async, wait=1", "Idempotency-Key": str(uuid.uuid4())}
    assert world.ai(expect=202, headers=headers)["jobId"] == world.ai(expect=202, headers=headers)["jobId"]


@probe("Doodle", "AbandonIdempotencyKeys")
def a_refused_doodle_gives_its_key_back(world: World) -> None:
    once = {"Idempotency-Key": str(uuid.uuid4())}
    world.ai(callbackUrl="http://10.0.0.1/", headers=once, expect=422)
    world.ai(headers=once)


@probe("Doodle", "SendHints")
def its_worker_is_told(world: World) -> None:
    assert world.told("GenerationQueue", world.ai(expect=202, headers={"Prefer": "respond-async"})["jobId"])


@probe("Preview", "CountRequests")
def a_preview_is_tried(world: World) -> None:
    answer = world.api.post("/generative-ai-images/preview", json={"productUrl": "https://shop.invalid/mug"})
    assert (answer.status_code, answer.json()["code"]) == (422, "HOST_NOT_FOUND")


@probe("Worker", "KeepJobs", "ReadProviderKeys")
def a_doodle_is_done_with_its_ledger(world: World) -> None:
    ssm, name = world.stack.client("ssm"), f"{overlay.keys_prefix(world.stack.stage)}/openai_api_key"
    ssm.put_parameter(Name=name, Value=world.providers.key("ok"), Type="SecureString", Overwrite=True)
    paid = world.planted_doodles({}, chain=("openai",))
    # The second worker of a job reads the ledger before it pays, and writes it before the call.
    now = int(time.time() * 1000)
    world.jobs.release(paid.job_id, token=world.claimed(paid), now=now, due_at=now, cost=paid.cost)
    try:
        world.deliver("WorkerFunction", paid.job_id)
    finally:
        ssm.delete_parameter(Name=name)
    assert world.state(paid.job_id) is State.COMPLETED
    assert [attempt.step for attempt in world.jobs.attempts(paid.job_id)] == ["0-openai-0"]


@probe("Worker", "PutOff")
def a_failed_generation_is_put_off(world: World) -> None:
    poison = world.planted(kind=Kind.DOODLE, request={})
    world.told("GenerationQueue", "")
    url = world.names["GenerationQueue"]
    world.sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"jobId": poison.job_id}))
    (message,) = world.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0)["Messages"]
    try:
        log = world.deliver("WorkerFunction", poison.job_id, message["ReceiptHandle"])
    finally:
        world.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert poison.job_id in log
    assert "only after its visibility timeout" not in log


@probe("Worker", "KeepResults")
def pictures_are_read_and_stored_and_large_results_withdrawn(world: World) -> None:
    image = base64.b64encode(pictured()).decode()
    body = {"action": "optimize-doodle", "imageData": image, "width": 64, "height": 64, "fresh": True}
    asked = world.api.post("/ai", json=body, headers={"Prefer": "respond-async"})
    assert asked.status_code == 202, asked.text
    world.deliver("WorkerFunction", asked.json()["jobId"])
    assert world.state(asked.json()["jobId"]) is State.COMPLETED
    # A lease that is lost after the worker's last look at it and before the end: while it makes the last picture of a
    # result that is too large for a row.
    error = {"error": {"code": "BAD_IMAGE", "message": "x" * (INLINE_RESULT_BYTES // 8)}}
    film = {"action": "generate-animation", "frame_count": 24, "fps": 12, "format": "gif", "size": 256}
    lost = world.planted_doodles(*[error] * 9, film)
    worker = Thread(target=world.deliver, args=("WorkerFunction", lost.job_id))
    worker.start()
    while worker.is_alive() and not moved_on(world, lost.job_id, 0):
        time.sleep(0.005)
    world.jobs.end(lost.job_id, state=State.CANCELLED, now=int(time.time() * 1000))
    worker.join()
    assert world.stored(lost.job_id) == []


def pictured() -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (64, 64), (uuid.uuid4().int % 256, 0, 0)).save(held, "PNG")
    return held.getvalue()


@probe("Worker", "SendHints")
def the_end_of_a_generation_is_told(world: World) -> None:
    job = world.planted_doodles({"error": {"code": "X", "message": "x"}}, callback_url=CALLBACK).job_id
    world.deliver("WorkerFunction", job)
    assert world.told("WebhookQueue", job)


@probe("Webhooks", "KeepDeliveries", "ReadSecret")
def a_webhook_is_tried(world: World) -> None:
    job = world.ended_with_webhook().job_id
    world.deliver("WebhooksFunction", job)
    delivery = world.jobs.delivery(job)
    assert delivery is not None
    assert [one.status for one in delivery.log] == [None]
    assert "no host" in delivery.log[0].note


@probe("Faces", "CountRequests")
def people_are_listed(world: World) -> None:
    assert world.api.get("/people").status_code == 200


@probe("Faces", "KeepPeople")
def a_person_is_made_read_changed_and_listed(world: World) -> None:
    person = world.person()
    assert world.api.get(f"/people/{person}").status_code == 200
    assert world.api.patch(f"/people/{person}", json={"name": "Ada"}).status_code == 200
    assert world.api.get("/people", params={"limit": 1}).status_code == 200


@probe("Faces", "ReadUploads")
def faces_of_an_upload_are_asked_for(world: World) -> None:
    world.found(s3Uri=world.image)


@probe("Faces", "KeepJobs")
def a_request_about_faces_becomes_one_job(world: World) -> None:
    headers = {"Prefer": "respond-async, wait=1", "Idempotency-Key": str(uuid.uuid4())}
    image = world.inline
    assert world.found(headers=headers, **image)["jobId"] == world.found(headers=headers, **image)["jobId"]


@probe("Faces", "AbandonIdempotencyKeys")
def a_refused_request_about_faces_gives_its_key_back(world: World) -> None:
    once = {"Idempotency-Key": str(uuid.uuid4())}
    unknown = f"s3://{world.bucket}/uploads/2026/01/02/{uuid.uuid4()}-x.jpg"
    world.found(expect=404, headers=once, s3Uri=unknown)
    world.found(headers=once)


@probe("Faces", "SendHints")
def those_who_find_and_enrol_faces_are_told(world: World) -> None:
    assert world.told("FaceQueue", world.found()["jobId"])
    assert world.told("IndexQueue", world.enrolment(world.person()))


@probe("Faces", "KeepPictures")
def pictures_of_requests_are_stored_and_results_and_crops_are_shown(world: World) -> None:
    once, image = {"Idempotency-Key": str(uuid.uuid4())}, world.inline
    job = world.found(headers=once, **image)["jobId"]
    world.completed(job, model={}, results=[])
    assert world.found(expect=200, headers={**once, "Prefer": "wait=1"}, **image)["results"] == []
    answer = world.api.get(f"/people/{world.enrolled()}/faces")
    assert answer.status_code == 200, answer.text
    (face,) = answer.json()["faces"]
    assert httpx.get(face["cropUrl"], trust_env=False).status_code == 200


@probe("Faces", "ReadFaces")
def two_pictures_are_compared(world: World) -> None:
    answer = world.api.post("/faces/compare", json={"faces": [world.inline, world.inline]})
    assert answer.status_code == 200, answer.text


@probe("FaceEmbed", "KeepJobs", "ReadUploadRows", "ReadPictures")
def faces_are_found_wherever_a_picture_stands(world: World) -> None:
    before = world.beats(Kind.FACES)
    for purpose in ("process", "faces"):
        job = world.found(s3Uri=world.upload(purpose, world.portrait))["jobId"]
        world.deliver("FaceEmbedFunction", job)
        assert world.state(job) is State.COMPLETED
        (seen,) = json.loads(world.jobs.inline_result(job) or "")["results"]
        assert seen.get("faceCount") == 1, seen
    key = f"people/{uuid.uuid4().hex}/a/b/original"
    world.s3.put_object(Bucket=world.bucket, Key=key, Body=world.portrait)
    answer, _ = world.call("FaceEmbedFunction", {"images": [{"key": key}]})
    assert answer["results"][0].get("faceCount") == 1, answer
    arrived = world.upload("faces", world.portrait).partition(f"{world.bucket}/")[2]
    answer, _ = world.call("FaceEmbedFunction", {"Records": [world.arrival(arrived)]})
    assert answer == {"batchItemFailures": []}
    assert world.beats(Kind.FACES) != before


@probe("FaceEmbed", "PutOff")
def failed_messages_about_faces_are_put_off(world: World) -> None:
    unread = f"faces/2026/01/02/{uuid.uuid4()}-x.jpg"
    # A row that no version of this wrote: reading it fails, as a fault of ours would.
    uploads = world.stack.client("dynamodb")
    uploads.put_item(TableName=world.stack.outputs["UploadsTableName"], Item={"key": {"S": unread}})
    poison = world.planted(kind=Kind.FACES, request={})
    records = {
        "FaceQueue": {"body": json.dumps({"jobId": poison.job_id})},
        "FaceUploadsQueue": {"body": world.arrival(unread)["body"]},
    }
    for queue, record in records.items():
        world.told(queue, "")
        url = world.names[queue]
        world.sqs.send_message(QueueUrl=url, MessageBody=record["body"])
        (message,) = world.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0)["Messages"]
        handed = {**world.arrival(unread), **record, "receiptHandle": message["ReceiptHandle"]}
        try:
            answer, log = world.call("FaceEmbedFunction", {"Records": [handed]})
        finally:
            world.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        assert len(answer["batchItemFailures"]) == 1, log
        assert "only after its visibility timeout" not in log


@probe("FaceEmbed", "KeepResults")
def pictures_that_were_sent_are_read_and_faces_drawn(world: World) -> None:
    body = {"images": [world.inline], "draw": True}
    asked = world.api.post("/upload-images", json=body, headers={"Prefer": "respond-async"})
    assert asked.status_code == 202, asked.text
    job = asked.json()["jobId"]
    world.deliver("FaceEmbedFunction", job)
    assert world.state(job) is State.COMPLETED
    (seen,) = json.loads(world.jobs.inline_result(job) or "")["results"]
    assert seen.get("annotatedKey"), seen


@probe("FaceEmbed", "SendHints")
def an_arrival_becomes_a_message_and_the_end_of_a_job_another(world: World) -> None:
    world.told("FaceQueue", "")
    arrived = world.upload("faces", world.portrait).partition(f"{world.bucket}/")[2]
    world.call("FaceEmbedFunction", {"Records": [world.arrival(arrived)]})
    assert world.told("FaceQueue", "jobId")
    request = {"images": [{"s3Uri": FOREIGN}], "embeddings": False, "draw": False}
    job = world.planted(kind=Kind.FACES, request=request, callback_url=CALLBACK).job_id
    world.deliver("FaceEmbedFunction", job)
    assert world.told("WebhookQueue", job)


def searched(world: World, **side: Any) -> list[str]:
    answer = world.api.post("/faces/search", json=side)
    assert answer.status_code == 200, answer.text
    return [match["personId"] for match in answer.json()["matches"]]


@probe("Search", "CountRequests", "ReadPeople", "ReadVectors", "FindVectors", "ReadFaces")
def somebody_is_found(world: World) -> None:
    person = world.enrolled()
    assert person in searched(world, **world.inline, limit=100)


@probe("Search", "ReadUploads")
def somebody_is_looked_for_by_an_upload(world: World) -> None:
    searched(world, s3Uri=world.upload(content=world.portrait))


@probe("Index", "KeepJobs", "KeepFaces", "FindFaces", "ReadUploadRows", "TakeUploads", "ReadFaces")
def somebody_is_enrolled_and_erased(world: World) -> None:
    before = world.beats(Kind.ENROLMENT)
    for purpose in ("process", "faces"):
        upload = world.upload(purpose, world.portrait)
        person = world.enrolled(s3Uri=upload)
        job = world.erasure(person)
        world.deliver("IndexFunction", job)
        assert world.state(job) is State.COMPLETED
        assert world.below(upload.partition(f"{world.bucket}/")[2]) == []
        assert not [key for key in world.below("people/") if f"/{person}/" in key]
    world.enrolled()
    assert world.beats(Kind.ENROLMENT) != before


@probe("Index", "KeepPeople")
def the_rows_of_somebody_come_and_go(world: World) -> None:
    job = world.erasure(world.enrolled())
    world.deliver("IndexFunction", job)
    assert world.state(job) is State.COMPLETED


@probe("Index", "PutOff")
def a_failed_enrolment_is_put_off(world: World) -> None:
    poison = world.planted(kind=Kind.ENROLMENT, request={})
    world.told("IndexQueue", "")
    url = world.names["IndexQueue"]
    world.sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"jobId": poison.job_id}))
    (message,) = world.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0)["Messages"]
    try:
        log = world.deliver("IndexFunction", poison.job_id, message["ReceiptHandle"])
    finally:
        world.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert poison.job_id in log
    assert "only after its visibility timeout" not in log


@probe("Index", "SendHints")
def the_end_of_an_erasure_is_told(world: World) -> None:
    request = {"personId": "nobody"}
    job = world.planted(kind=Kind.ERASURE, request=request, callback_url=CALLBACK).job_id
    world.deliver("IndexFunction", job)
    assert world.told("WebhookQueue", job)


def swept(world: World) -> None:
    world.call("SweeperFunction", {"source": "darkroom.schedule"})


@probe("Sweeper", "MendJobs", "FindDue")
def an_overdue_job_is_ended(world: World) -> None:
    long_ago = int(time.time() * 1000) - 2 * HOUR
    job = world.planted(created_at=long_ago, deadline=long_ago + 1, due_at=long_ago, callback_url=CALLBACK).job_id
    swept(world)
    assert world.state(job) is State.EXPIRED
    assert world.jobs.delivery(job) is not None


@probe("Sweeper", "SendHints")
def lost_messages_are_sent(world: World) -> None:
    now = int(time.time() * 1000)
    job = world.planted(due_at=now - 1).job_id
    doodle = world.planted_doodles({}, due_at=now - 1).job_id
    faces = world.planted(kind=Kind.FACES, due_at=now - 1).job_id
    erasure = world.planted(kind=Kind.ERASURE, due_at=now - 1).job_id
    ended = world.ended_with_webhook().job_id
    swept(world)
    assert world.told("DetectQueue", job)
    assert world.told("GenerationQueue", doodle)
    assert world.told("FaceQueue", faces)
    assert world.told("IndexQueue", erasure)
    assert world.told("WebhookQueue", ended)


@probe("Sweeper", "FindResults", "DropResults")
def stray_results_are_removed(world: World) -> None:
    job = world.planted()
    token = world.claimed(job)
    now = int(time.time() * 1000)
    world.s3.put_object(Bucket=world.bucket, Key=result_key(job.job_id, 1), Body=b"{}")
    world.jobs.end(job.job_id, state=State.CANCELLED, now=now, token=token, due_at=now - 1)
    swept(world)
    assert world.stored(job.job_id) == []


# --- the tests --------------------------------------------------------------------------------------------------------


def test_every_statement_has_a_probe_and_every_probe_a_statement() -> None:
    assert {grant.statement for grant in grants()} == PROBES.keys() | SIMULATED.keys()
    assert not PROBES.keys() & SIMULATED.keys()


@pytest.fixture(scope="module")
def passed() -> set[Callable[[World], None]]:
    """Probes that were seen to pass under the whole role."""
    return set()


@pytest.mark.parametrize("grant", [grant for grant in grants() if grant.statement not in SIMULATED], ids=str)
def test_without_the_grant_what_needs_it_fails(
    world: World, grant: Grant, passed: set[Callable[[World], None]]
) -> None:
    run = PROBES.get(grant.statement)
    assert run is not None, f"{grant} has no probe: write one, or take the statement out of template.yaml"
    if run not in passed:
        world.fresh(grant.function)
        run(world)
        passed.add(run)
    with world.taken_out(grant):
        world.fresh(grant.function)
        with pytest.raises((AssertionError, RefusedError)):
            run(world)
    world.fresh(grant.function)


@pytest.mark.parametrize("grant", [grant for grant in grants() if grant.statement in SIMULATED], ids=str)
def test_what_no_function_calls_here_is_allowed_by_its_grant_alone(world: World, grant: Grant) -> None:
    assert world.allows(grant)
    with world.taken_out(grant):
        assert not world.allows(grant)
