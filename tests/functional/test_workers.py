"""The functions behind queues and the schedule, wired as deployed, fed with `events/`; moto is their AWS."""

from __future__ import annotations

import importlib.util
import json
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from darkroom import wiring
from darkroom.adapters.aws import clients
from darkroom.domain import limits
from darkroom.domain.jobs import Cost, DeliveryState, Failure, Job, Kind, State
from darkroom.domain.uploads import Purpose, Upload
from darkroom.domain.webhooks import first_delivery
from moto import mock_aws

from tests.conftest import ROOT
from tests.jobs_table import client_of, jobs_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Event, Material

JOB_ID = "7d1f0a52-3c4b-4e6d-9f80-a1b2c3d4e5f6"
"""The job that the events name."""
QUEUES = {
    "QUEUE_URL": "detect",
    "FACE_QUEUE_URL": "faces",
    "FACE_UPLOADS_QUEUE_URL": "face-uploads",
    "GENERATION_QUEUE_URL": "generation",
    "WEBHOOK_QUEUE_URL": "webhooks",
}


def forget() -> None:
    """What a process keeps for its life, so that each test is a process of its own."""
    for part in (*vars(wiring).values(), clients.session, clients.client, clients.paid_client):
        if callable(clear := getattr(part, "cache_clear", None)):
            clear()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dict[str, str]]:
    """An AWS with what the workers need, and the environment that names it; returns that environment."""
    environment = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "BUCKET_NAME": "media",
        "UPLOADS_TABLE_NAME": "uploads",
        "DETECT_ENGINE": "onnx",
        "DETECT_MODEL_DIR": str(tmp_path),
        "FACE_ENGINE": "onnx",
        "FACE_PACK_DIR": str(tmp_path),
    }
    with mock_aws():
        sqs = client_of("sqs")
        for name, queue in QUEUES.items():
            environment[name] = sqs.create_queue(QueueName=queue)["QueueUrl"]
        client_of("s3").create_bucket(Bucket="media")
        client_of("dynamodb").create_table(
            TableName="uploads",
            AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        secrets = client_of("secretsmanager")
        environment["WEBHOOK_SECRET_ID"] = secrets.create_secret(Name="master", SecretString="m" * 64)["ARN"]
        with jobs_table(client_of("dynamodb")) as environment["TABLE_NAME"]:
            for name, value in environment.items():
                monkeypatch.setenv(name, value)
            forget()
            yield environment
            forget()


def handler(name: str) -> Callable[[object, object], Any]:
    spec = importlib.util.spec_from_file_location(f"{name}_handler", ROOT / f"functions/{name}/handler.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Callable[[object, object], Any] = module.handler
    return function


def a_job(**told: Any) -> Job:
    now = time.time_ns() // 1_000_000
    job = Job(
        job_id=JOB_ID,
        owner="acme",
        kind=Kind.DETECTION,
        request={"imageUrls": ["s3://media/uploads/2026/01/02/gone.jpg"]},
        created_at=now,
        deadline=now + limits.JOB_DEADLINE,
        write_id="1",
        due_at=now + limits.SUBMISSION_GRACE,
    )
    return replace(job, **told)


def bodies(url: str) -> list[str]:
    received = client_of("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [message["Body"] for message in received.get("Messages", [])]


# --- functions/detect -------------------------------------------------------------------------------------------------


def test_detect_ends_the_job_of_its_message(aws: dict[str, str], event: Event) -> None:
    wiring.job_store().create(a_job(callback_url="https://example.com/hook"))

    assert handler("detect")(event("detect/job.json"), None) == {"batchItemFailures": []}

    job = wiring.job_store().get(JOB_ID)
    assert job is not None
    assert job.state is State.FAILED
    assert job.failure is not None
    assert job.failure.code == "NO_MODEL"
    assert bodies(aws["WEBHOOK_QUEUE_URL"]) == [json.dumps({"jobId": JOB_ID})]


@pytest.mark.parametrize("name", ["job", "last-receive", "unreadable"])
def test_detect_acknowledges_a_message_that_names_nothing(aws: dict[str, str], event: Event, name: str) -> None:
    assert handler("detect")(event(f"detect/{name}.json"), None) == {"batchItemFailures": []}


# --- functions/face_embed ---------------------------------------------------------------------------------------------

FACE_KEY = "faces/2026/01/02/9b2f7c1e-5a4d-4e3f-8b6a-0c1d2e3f4a5b-ada.png"
"""Of the events."""


def put_upload(key: str = FACE_KEY) -> None:
    now = time.time_ns() // 1_000_000
    row = Upload(key, "acme", Purpose.FACES, "ada.png", "image/png", None, now, now + limits.UPLOAD_KEPT)
    wiring.upload_store().put(row)


def test_face_embed_ends_the_job_of_its_message(aws: dict[str, str], event: Event) -> None:
    request = {"images": [{"url": "https://example.com/a.png"}], "embeddings": True, "draw": False}
    wiring.job_store().create(a_job(kind=Kind.FACES, request=request))

    assert handler("face_embed")(event("face_embed/job.json"), SimpleNamespace(aws_request_id="r")) == {
        "batchItemFailures": []
    }

    job = wiring.job_store().get(JOB_ID)
    assert job is not None
    assert (job.state, job.failure and job.failure.code) == (State.FAILED, "NO_MODEL")


@pytest.mark.parametrize(
    ("name", "messages"),
    [("arrival", 1), ("arrival-twice", 1), ("arrival-overwritten", 2), ("arrival-of-nobody", 0), ("test-event", 0)],
)
def test_face_embed_makes_a_job_of_each_arrival(aws: dict[str, str], event: Event, name: str, messages: int) -> None:
    put_upload()
    answered = handler("face_embed")(event(f"face_embed/{name}.json"), SimpleNamespace(aws_request_id="r"))
    assert answered == {"batchItemFailures": []}
    sent = bodies(aws["FACE_QUEUE_URL"])
    assert len(sent) == messages
    for body in sent:
        job = wiring.job_store().get(json.loads(body)["jobId"])
        assert job is not None
        assert (job.owner, job.kind) == ("acme", Kind.FACES)
        assert job.request["images"] == [{"s3Uri": f"s3://media/{FACE_KEY}", "name": "ada.png"}]


def test_face_embed_without_weights_says_which_command_gets_them(aws: dict[str, str], event: Event) -> None:
    answered = handler("face_embed")(event("face_embed/direct.json"), SimpleNamespace(aws_request_id="r"))
    assert (answered["status"], answered["code"]) == (503, "NO_MODEL")
    assert answered["fix"]


def test_face_embed_finds_faces_and_logs_how_long_it_took_to_be_ready(
    aws: dict[str, str],
    small_pack: Path,
    testdata: Material,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("FACE_PACK_DIR", str(small_pack))
    forget()
    client_of("s3").put_object(Bucket="media", Key="people/x", Body=testdata("faces/obama.jpg").read_bytes())
    asked = {"images": [{"key": "people/x"}], "crops": True, "draw": True}
    answered = handler("face_embed")(asked, SimpleNamespace(aws_request_id="r"))
    (face,) = answered["results"][0]["faces"]
    assert len(face["embedding"]) == answered["model"]["dimensions"]
    assert face["cropUrl"].startswith("https://")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (loaded,) = [line for line in lines if line.get("message") == "Loaded the face model"]
    assert loaded["loadMs"] > 0
    assert loaded["initMs"] > 0
    assert str(face["embedding"][0]) not in json.dumps(lines)


# --- functions/worker -------------------------------------------------------------------------------------------------


def test_worker_does_the_doodles_of_its_message(aws: dict[str, str], event: Event) -> None:
    failed = {"error": {"code": "INVALID_REQUEST", "message": "count: must be 1 or more"}}
    job = a_job(kind=Kind.DOODLE, request={"several": True, "actions": [failed]})
    wiring.job_store().create(job)

    assert handler("worker")(event("worker/job.json"), None) == {"batchItemFailures": []}

    done = wiring.job_store().get(JOB_ID)
    assert done is not None
    assert done.state is State.COMPLETED
    assert wiring.jobs().result(done) == {"several": True, "results": [failed]}


def test_worker_fails_the_product_picture_whose_page_must_not_be_fetched(aws: dict[str, str], event: Event) -> None:
    request = {"productUrl": "https://10.0.0.1/mug", "chain": ["studio"]}
    wiring.job_store().create(a_job(kind=Kind.PRODUCT_IMAGE, request=request, callback_url="https://example.com/hook"))

    assert handler("worker")(event("worker/job.json"), None) == {"batchItemFailures": []}

    job = wiring.job_store().get(JOB_ID)
    assert job is not None
    assert job.state is State.FAILED
    assert job.failure is not None
    assert job.failure.code == "UNACCEPTABLE_URL"
    assert job.cost.provider_units == 0
    assert bodies(aws["WEBHOOK_QUEUE_URL"]) == [json.dumps({"jobId": JOB_ID})]


@pytest.mark.parametrize("name", ["job", "last-receive", "unreadable"])
def test_worker_acknowledges_a_message_that_names_nothing(aws: dict[str, str], event: Event, name: str) -> None:
    assert handler("worker")(event(f"worker/{name}.json"), None) == {"batchItemFailures": []}


# --- functions/webhooks -----------------------------------------------------------------------------------------------


def test_webhooks_records_the_try_of_each_job_and_drops_what_is_no_message(aws: dict[str, str], event: Event) -> None:
    store = wiring.job_store()
    job = a_job(callback_url="https://receiver.invalid/hook")
    store.create(job)
    now = job.created_at
    ended = replace(job, state=State.FAILED, ended_at=now, failure=Failure("BAD_IMAGE", "It is none"), cost=Cost())
    delivery = first_delivery(ended, now)
    store.end(JOB_ID, state=State.FAILED, now=now, failure=ended.failure, delivery=delivery)

    assert handler("webhooks")(event("webhooks/batch.json"), None) == {"batchItemFailures": []}

    tried = store.delivery(JOB_ID)
    assert tried is not None
    assert tried.state is DeliveryState.PENDING
    assert [one.status for one in tried.log] == [None]


# --- functions/sweeper ------------------------------------------------------------------------------------------------


def test_sweeper_sends_the_message_that_was_never_sent(aws: dict[str, str], event: Event) -> None:
    job = a_job()
    wiring.job_store().create(replace(job, due_at=job.created_at))

    assert handler("sweeper")(event("sweeper/each-minute.json"), None) == {"mended": 1, "failed": 0, "webhooks": 0}

    assert bodies(aws["QUEUE_URL"]) == [json.dumps({"jobId": JOB_ID})]


@pytest.mark.parametrize("kind", [Kind.DOODLE, Kind.PRODUCT_IMAGE])
def test_sweeper_sends_the_message_of_a_generation_to_its_own_queue(
    aws: dict[str, str], event: Event, kind: Kind
) -> None:
    job = a_job(kind=kind)
    wiring.job_store().create(replace(job, due_at=job.created_at))

    assert handler("sweeper")(event("sweeper/each-minute.json"), None) == {"mended": 1, "failed": 0, "webhooks": 0}

    assert bodies(aws["GENERATION_QUEUE_URL"]) == [json.dumps({"jobId": JOB_ID})]
    assert bodies(aws["QUEUE_URL"]) == []


@pytest.mark.parametrize("name", ["detect", "worker", "webhooks"])
def test_who_invokes_a_function_of_a_queue_without_messages_is_told_where_to_go(
    aws: dict[str, str], name: str, event: Event, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = handler(name)(event(f"{name}/direct.json"), SimpleNamespace(aws_request_id="invocation-1"))
    assert (answer["status"], answer["code"], answer["requestId"]) == (400, "NO_MESSAGES", "invocation-1")
    assert "UnhandledErrors" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["detect", "worker", "webhooks", "sweeper"])
def test_a_warmup_needs_no_aws(name: str, event: Event) -> None:
    assert handler(name)(event(f"{name}/warmup.json"), None) == {"warm": True}
