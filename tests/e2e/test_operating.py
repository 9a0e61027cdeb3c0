"""What an operator does to a deployed stack from a terminal: look at jobs, redrive dead letters, show a secret."""

from __future__ import annotations

import re
import time
import uuid
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest
from darkroom.adapters.aws.jobs import DynamoJobStore
from darkroom.domain import webhooks
from darkroom.domain.jobs import Failure, Job, Kind, State
from darkroom.domain.limits import HOUR
from darkroom.domain.messages import message
from darkroom.entry.commands.jobs import QUEUES

if TYPE_CHECKING:
    from local.stack import Stack
    from tests.e2e.conftest import Command

CALLBACK = "https://hooks.invalid/in?token=abracadabra"


@pytest.fixture
def jobs(darkroom: Command) -> Command:
    """`darkroom jobs ...`"""
    return partial(darkroom, "jobs")


@pytest.fixture
def store(stack: Stack) -> DynamoJobStore:
    return DynamoJobStore(stack.client("dynamodb"), stack.outputs["TableName"])


def failed(store: DynamoJobStore, owner: str) -> Job:
    """A job that failed, with a webhook that was tried once. Nothing is sent, so no function touches it."""
    now = time.time_ns() // 1_000_000
    job = store.create(
        Job(
            job_id=str(uuid.uuid4()),
            owner=owner,
            kind=Kind.DETECTION,
            request={"imageUrls": ["https://example.com/?token=abracadabra"]},
            created_at=now,
            updated_at=now,
            deadline=now + HOUR,
            write_id=uuid.uuid4().hex,
            items=2,
            callback_url=CALLBACK,
        )
    )
    first = webhooks.first_delivery(job, now)
    assert first is not None
    tried = webhooks.answered(webhooks.begun(first, now, "s"), duration=12, status=503)
    later = replace(tried, due_at=now + HOUR)
    store.end(job.job_id, state=State.FAILED, now=now, failure=Failure("NO_MODEL", "No weights"), delivery=later)
    return job


def test_a_job_is_shown_with_its_webhook_and_without_what_was_asked(
    jobs: Command, named: tuple[str, ...], store: DynamoJobStore
) -> None:
    job = failed(store, "shown")
    status, out, _ = jobs("show", job.job_id, *named)
    assert status == 0
    facts = dict(line.split("  ", 1) for line in re.sub(r" {3,}", "  ", out).splitlines())
    assert facts["job"] == job.job_id
    assert facts["owner"] == "shown"
    assert facts["state"] == "failed, 0 % of 2"
    assert facts["failure"] == "NO_MODEL: No weights"
    assert facts["webhook"].startswith(f"pending, msg_{job.job_id}, looked at again ")
    assert "503 in 12 ms" in out
    assert "abracadabra" not in out


def test_an_owners_jobs_are_listed_newest_first(jobs: Command, named: tuple[str, ...], store: DynamoJobStore) -> None:
    made = [failed(store, "listed-jobs") for _ in range(3)]
    newest_first = [job.job_id for job in sorted(made, key=lambda job: (job.created_at, job.job_id), reverse=True)]
    status, out, _ = jobs("list", "--owner", "listed-jobs", *named)
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == newest_first
    assert [line.split()[3] for line in out.splitlines()] == ["failed"] * 3
    assert len(jobs("list", "--owner", "listed-jobs", "--limit", "2", *named)[1].splitlines()) == 2
    assert jobs("list", "--owner", "listed-jobs", "--status", "completed", *named)[1] == ""
    assert jobs("list", "--owner", "nobody", *named)[1] == ""


@pytest.mark.parametrize("job_id", ["00000000-0000-4000-8000-000000000000", "../x", "idem#a#b"])
def test_a_job_that_is_none_is_told(jobs: Command, named: tuple[str, ...], job_id: str) -> None:
    status, out, err = jobs("show", job_id, *named)
    assert (status, out) == (1, "")
    assert "Job not found" in err


def test_dead_letters_are_moved_back_with_their_count_and_progress(
    jobs: Command, named: tuple[str, ...], stack: Stack
) -> None:
    sqs = stack.client("sqs")
    dead, queue = stack.outputs["WebhookDeadLetterQueueUrl"], stack.outputs["WebhookQueueUrl"]
    for n in range(13):  # of jobs that do not exist, so the function has nothing to do with them
        sqs.send_message(QueueUrl=dead, MessageBody=message(f"00000000-0000-4000-8000-{n:012d}"))
    status, out, err = jobs("redrive", "--queue", "webhook", *named)
    assert status == 0
    assert out == "webhook  13\n"
    assert "webhook: about 13 to move" in err
    assert "webhook: 10 moved" in err
    assert "webhook: 13 moved" in err
    assert jobs("redrive", "--queue", "webhook", *named)[:2] == (0, "webhook  0\n")
    deadline = time.monotonic() + 30
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    while any(
        int(count)
        for url in (queue, dead)
        for count in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()
    ):
        assert time.monotonic() < deadline, "what was moved back was not taken up"
        time.sleep(0.5)


def test_without_a_name_every_queue_is_redriven(jobs: Command, named: tuple[str, ...]) -> None:
    status, out, _ = jobs("redrive", *named)
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == list(QUEUES)


def test_an_owners_webhook_secret_is_the_one_that_its_webhooks_are_signed_with(
    darkroom: Command, named: tuple[str, ...], stack: Stack
) -> None:
    master = stack.client("secretsmanager").get_secret_value(SecretId=stack.outputs["WebhookSecretArn"])["SecretString"]
    status, out, err = darkroom("webhooks", "secret", "--owner", "acme", *named)
    assert (status, out.strip()) == (0, webhooks.secret(master, "acme"))
    assert out.strip() not in err
    assert master not in out + err
    assert darkroom("webhooks", "secret", "--owner", "globex", *named)[1] != out
