"""The seed's flow, as a client lives it: presign, upload, process, poll, read the detections."""

from __future__ import annotations

import json
import re
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import httpx
import pytest
from darkroom.contracts.detection import ProcessAnswer
from darkroom.contracts.jobs import DeliveryAnswer, JobAnswer, JobPage
from darkroom.contracts.uploads import PresignAnswer
from standardwebhooks import Webhook, WebhookVerificationError

from local.pictures import Picture, pictures
from local.stack import OWNER

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.stack import Stack
    from tests.e2e.conftest import Command
    from tests.e2e.loopback import Loopback

PATIENCE = 60
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
UNKNOWN_JOB = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def taken() -> dict[str, Picture]:
    return {picture.name: picture for picture in pictures()}


class Upload(Protocol):
    def __call__(self, api: httpx.Client, content: bytes, name: str) -> str: ...


@pytest.fixture(scope="module")
def upload(storage: httpx.Client) -> Upload:
    """Presign and PUT; the `s3://` URL of what was stored."""

    def put(api: httpx.Client, content: bytes, name: str) -> str:
        asked = api.post("/uploads/presign", json={"filename": name, "size": len(content)})
        assert asked.status_code == 200, asked.text
        signed = PresignAnswer.model_validate_json(asked.text)
        stored = storage.put(signed.url, content=content, headers=signed.headers)
        assert stored.status_code == 200, stored.text
        return f"s3://{signed.bucket}/{signed.key}"

    return put


def ended(api: httpx.Client, job_id: str) -> dict[str, Any]:
    """The job once it has ended, asked for as a client would."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        answer = api.get(f"/jobs/{job_id}", headers={"Prefer": "wait=5"})
        assert answer.status_code == 200, answer.text
        job: dict[str, Any] = answer.json()
        if job["status"] not in ("PENDING", "PROCESSING"):
            return job
    raise AssertionError(f"job {job_id} did not end in {PATIENCE} s")


def processed(api: httpx.Client, urls: list[str], **fields: Any) -> dict[str, Any]:
    answer = api.post("/process", json={"imageUrls": urls, **fields})
    assert answer.status_code == 202, answer.text
    return ended(api, answer.json()["jobId"])


def test_a_put_upload_and_a_form_upload_become_detections(
    stack: Stack, api: httpx.Client, storage: httpx.Client, upload: Upload, taken: dict[str, Picture]
) -> None:
    chelsea, coffee = taken["chelsea.jpg"], taken["coffee.jpg"]
    first = upload(api, chelsea.jpeg, "chelsea.jpg")
    signed = api.post("/uploads/presign", json={"filename": "coffee.jpg", "contentType": "image/jpeg"}).json()
    assert re.fullmatch(rf"uploads/\d{{4}}/\d{{2}}/\d{{2}}/{UUID}-coffee\.jpg", signed["key"])
    form = storage.post(signed["post"]["url"], data=signed["post"]["fields"], files={"file": coffee.jpeg})
    assert form.status_code == 204, form.text
    second = f"s3://{signed['bucket']}/{signed['key']}"

    answer = api.post("/process", json={"imageUrls": [first, second], "userId": "u1", "metadata": {"album": 7}})
    accepted = ProcessAnswer.model_validate_json(answer.text)
    assert answer.status_code == 202
    assert answer.json() | {"jobId": "", "estimate": {}} == {
        "success": True,
        "jobId": "",
        "status": "PENDING",
        "message": "Job created for 2 image(s)",
        "imageCount": 2,
        "estimate": {},
    }
    assert answer.headers["location"] == f"/{stack.stage}/jobs/{accepted.job_id}"
    assert api.get(str(answer.url.join(answer.headers["location"]))).json()["jobId"] == accepted.job_id
    assert int(answer.headers["retry-after"]) >= 1

    job = ended(api, accepted.job_id)
    JobAnswer.model_validate_json(json.dumps(job))
    assert job["status"] == "COMPLETED"
    assert job["progress"] == 100
    assert (job["userId"], job["metadata"]) == ("u1", {"album": 7})
    assert job["cost"]["bytesIn"] == len(chelsea.jpeg) + len(coffee.jpeg)
    assert 0 < job["cost"]["usd"] <= job["estimate"]["usd"]
    for place, (picture, url) in enumerate(((chelsea, first), (coffee, second))):
        seen = job["detections"][place]
        assert (seen["imageUrl"], seen["imageIndex"]) == (url, place)
        assert (seen["imageWidth"], seen["imageHeight"]) == (picture.width, picture.height)
        assert seen["detectionCount"] == len(seen["detections"])
        for found in seen["detections"]:
            x1, y1, x2, y2 = found["bbox"]
            assert 0 <= x1 < x2 <= picture.width
            assert 0 <= y1 < y2 <= picture.height
    if job["engine"] == "onnx":
        assert "cat" in {found["label"] for found in job["detections"][0]["detections"]}
        assert "cup" in {found["label"] for found in job["detections"][1]["detections"]}


def test_a_picture_that_is_none_fails_alone(api: httpx.Client, upload: Upload, taken: dict[str, Picture]) -> None:
    good = upload(api, taken["chelsea.jpg"].jpeg, "chelsea.jpg")
    broken = upload(api, b"\xff\xd8\xff\xe0 not a picture", "broken.jpg")
    empty = api.post("/uploads/presign", json={"filename": "never-sent.jpg"}).json()
    never = f"s3://{empty['bucket']}/{empty['key']}"
    job = processed(api, [broken, good, never])
    assert job["status"] == "COMPLETED"
    errors = [seen.get("error", {}).get("code") for seen in job["detections"]]
    assert errors == ["BAD_IMAGE", None, "IMAGE_NOT_FOUND"]
    assert job["detections"][1]["imageWidth"] == taken["chelsea.jpg"].width


def test_an_upload_of_another_owner_or_bucket_is_as_unknown_as_none(
    api: httpx.Client, stranger: httpx.Client, upload: Upload, taken: dict[str, Picture]
) -> None:
    theirs = upload(stranger, taken["coffee.jpg"].jpeg, "coffee.jpg")
    bucket, key = theirs.removeprefix("s3://").split("/", 1)
    never = f"s3://{bucket}/uploads/2026/01/02/{UNKNOWN_JOB}-x.jpg"
    answers = [
        api.post("/process", json={"imageUrls": [url]})
        for url in (theirs, never, f"s3://another-bucket/{key}", f"s3://{bucket}/results/x.json")
    ]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert {answer.json()["code"] for answer in answers} == {"IMAGE_NOT_FOUND"}


@pytest.mark.parametrize(
    "route",
    ["GET /jobs/{job}", "DELETE /jobs/{job}", "GET /jobs/{job}/webhook", "POST /jobs/{job}/webhook/replay"],
)
def test_another_owners_job_is_as_unknown_as_none(
    api: httpx.Client, stranger: httpx.Client, upload: Upload, taken: dict[str, Picture], route: str
) -> None:
    method, path = route.split()
    job = processed(api, [upload(api, taken["coffee.jpg"].jpeg, "coffee.jpg")])["jobId"]

    def asked(job_id: str) -> tuple[int, Any]:
        answer = stranger.request(method, path.format(job=job_id))
        return answer.status_code, {**answer.json(), "requestId": ""}

    assert asked(job) == asked(UNKNOWN_JOB)
    assert asked(job)[0] == 404
    assert api.get(f"/jobs/{job}").json()["status"] == "COMPLETED"


def test_an_idempotency_key_has_one_job_and_one_body(
    api: httpx.Client, upload: Upload, taken: dict[str, Picture]
) -> None:
    url = upload(api, taken["coffee.jpg"].jpeg, "coffee.jpg")
    once = {"Idempotency-Key": str(uuid.uuid4())}
    answers = [api.post("/process", json={"imageUrls": [url]}, headers=once) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    other = api.post("/process", json={"imageUrls": [url, url]}, headers=once)
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_MISMATCH")


def test_prefer_wait_answers_with_the_ended_job(api: httpx.Client, upload: Upload, taken: dict[str, Picture]) -> None:
    url = upload(api, taken["coffee.jpg"].jpeg, "coffee.jpg")
    answer = api.post("/process", json={"imageUrls": [url]}, headers={"Prefer": "wait=20"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "COMPLETED"
    assert answer.headers["preference-applied"].startswith("wait=")


def test_an_ended_job_cannot_be_cancelled(api: httpx.Client, upload: Upload, taken: dict[str, Picture]) -> None:
    job = processed(api, [upload(api, taken["coffee.jpg"].jpeg, "coffee.jpg")])["jobId"]
    answer = api.delete(f"/jobs/{job}")
    assert (answer.status_code, answer.json()["code"]) == (409, "JOB_ENDED")


def test_jobs_are_listed_newest_first_in_pages_that_only_their_owner_can_turn(
    stack: Stack, upload: Upload, taken: dict[str, Picture], api_with_key: Callable[[str], httpx.Client]
) -> None:
    with api_with_key(stack.make_key("lister")) as lister, api_with_key(stack.make_key("other")) as other:
        url = upload(lister, taken["coffee.jpg"].jpeg, "coffee.jpg")
        made = [processed(lister, [url])["jobId"] for _ in range(3)]
        first = JobPage.model_validate_json(lister.get("/jobs", params={"limit": 2}).text)
        assert [job.job_id for job in first.jobs] == [made[2], made[1]]
        rest = JobPage.model_validate_json(lister.get("/jobs", params={"limit": 2, "cursor": first.cursor}).text)
        assert [job.job_id for job in rest.jobs] == [made[0]]
        assert rest.cursor is None
        assert lister.get("/jobs", params={"status": "FAILED"}).json() == {"jobs": []}
        assert other.get("/jobs").json() == {"jobs": []}
        assert other.get("/jobs", params={"cursor": first.cursor}).status_code == 422


def test_a_webhook_that_nobody_answers_is_logged_and_can_be_replayed(
    api: httpx.Client, upload: Upload, taken: dict[str, Picture]
) -> None:
    url = upload(api, taken["coffee.jpg"].jpeg, "coffee.jpg")
    job = processed(api, [url], callbackUrl="https://hooks.invalid/darkroom")["jobId"]
    deadline = time.monotonic() + PATIENCE
    while True:
        log = DeliveryAnswer.model_validate_json(api.get(f"/jobs/{job}/webhook").text)
        if log.tries or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    assert log.status == "PENDING"
    assert log.tries[0].status is None
    assert log.tries[0].note
    replayed = api.post(f"/jobs/{job}/webhook/replay")
    assert replayed.status_code == 202, replayed.text
    assert replayed.json()["messageId"] != log.message_id


def delivered(api: httpx.Client, job: str, *answers: int) -> DeliveryAnswer:
    """The delivery log of a job's webhook, once its tries were answered so."""
    deadline = time.monotonic() + PATIENCE
    while True:
        log = DeliveryAnswer.model_validate_json(api.get(f"/jobs/{job}/webhook").text)
        if [tried.status for tried in log.tries] == list(answers):
            return log
        assert time.monotonic() < deadline, log
        time.sleep(0.2)


@pytest.fixture(scope="module")
def refused_once(api: httpx.Client, upload: Upload, taken: dict[str, Picture], loopback: Loopback) -> str:
    """An ended job whose receiver was down when its webhook first came."""
    loopback.refusals["/down"] = [503]
    url = upload(api, taken["coffee.jpg"].jpeg, "coffee.jpg")
    job: str = processed(api, [url], callbackUrl=loopback.url("/down"))["jobId"]
    return job


@pytest.fixture
def signed_by(darkroom: Command, named: tuple[str, ...]) -> Callable[[str], Webhook]:
    """What an owner verifies its webhooks with, from the terminal."""

    def verifier(owner: str) -> Webhook:
        status, secret, _ = darkroom("webhooks", "secret", "--owner", owner, *named)
        assert status == 0
        return Webhook(secret.strip())

    return verifier


@pytest.mark.usefixtures("refused_once")  # so that its time runs while the other tests do
def test_a_webhook_is_delivered_signed_and_again_where_it_is_replayed(
    api: httpx.Client,
    upload: Upload,
    taken: dict[str, Picture],
    loopback: Loopback,
    signed_by: Callable[[str], Webhook],
) -> None:
    job = processed(
        api, [upload(api, taken["coffee.jpg"].jpeg, "coffee.jpg")], callbackUrl=loopback.url("/hook?of=darkroom")
    )
    log = delivered(api, job["jobId"], 204)
    assert log.status == "DELIVERED"
    (posted,) = loopback.on("/hook?of=darkroom")
    assert posted.headers["webhook-id"] == log.message_id
    told = signed_by(OWNER).verify(posted.body, dict(posted.headers))
    assert told["type"] == "job.completed"
    assert told["data"]["jobId"] == job["jobId"]
    with pytest.raises(WebhookVerificationError):
        signed_by("stranger").verify(posted.body, dict(posted.headers))

    replayed = api.post(f"/jobs/{job['jobId']}/webhook/replay").json()
    assert delivered(api, job["jobId"], 204, 204).message_id == replayed["messageId"] != log.message_id
    assert [each.headers["webhook-id"] for each in loopback.on("/hook?of=darkroom")] == [
        log.message_id,
        replayed["messageId"],
    ]


def test_a_picture_and_its_redirect_are_fetched_from_the_place_that_the_laptop_lets_by_and_from_no_other(
    api: httpx.Client, taken: dict[str, Picture], loopback: Loopback
) -> None:
    picture = taken["chelsea.jpg"]
    loopback.pages["/chelsea.jpg"] = picture.jpeg
    loopback.redirects |= {"/moved": "/chelsea.jpg", "/inside": "http://127.0.0.1:1/"}
    urls = [loopback.url(path) for path in ("/chelsea.jpg", "/moved", "/inside")]
    seen = processed(api, urls)["detections"]
    assert [each.get("imageWidth") for each in seen[:2]] == [picture.width] * 2
    assert seen[2]["error"]["code"] == "UNACCEPTABLE_URL"
    answer = api.post("/process", json={"imageUrls": ["http://127.0.0.1:1/chelsea.jpg"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "UNACCEPTABLE_URL")


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/x.jpg", "http://169.254.169.254/latest", "http://[::ffff:10.0.0.1]/", "ftp://example.com/x.jpg"],
)
def test_a_url_that_leads_inside_is_refused_before_there_is_a_job(api: httpx.Client, url: str) -> None:
    answer = api.post("/process", json={"imageUrls": [url]})
    assert (answer.status_code, answer.json()["code"]) == (422, "UNACCEPTABLE_URL")
    answer = api.post("/process", json={"imageUrls": ["https://example.com/x.jpg"], "callbackUrl": url})
    assert (answer.status_code, answer.json()["code"]) == (422, "UNACCEPTABLE_URL")


def test_without_a_key_only_the_open_paths_answer(stack: Stack) -> None:
    with httpx.Client(base_url=stack.api_url, trust_env=False) as anybody:
        for path in ("/health", "/openapi.json", "/docs"):
            assert anybody.get(path).status_code == 200
        for method, path in (("GET", "/jobs"), ("POST", "/process"), ("POST", "/uploads/presign")):
            assert anybody.request(method, path).status_code in (401, 403)
        assert anybody.get("/jobs", headers={"x-api-key": "dk_local_" + "0" * 49}).status_code in (401, 403)


def test_a_wrong_method_reaches_us_and_is_told_the_right_ones(api: httpx.Client) -> None:
    answer = api.put("/process", json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, "OPTIONS, POST")
    answer = api.patch(f"/jobs/{UNKNOWN_JOB}")
    assert answer.status_code == 405
    assert set(answer.headers["allow"].replace(" ", "").split(",")) >= {"GET", "DELETE"}


def test_a_deep_health_check_touches_what_the_service_stands_on(api: httpx.Client) -> None:
    answer = api.get("/health", params={"deep": "1"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["checks"]
    assert {check["status"] for check in answer.json()["checks"].values()} == {"ok"}


FUNCTIONS = [
    "presign",
    "receiver",
    "doodle",
    "preview",
    "status",
    "detect",
    "worker",
    "webhooks",
    "sweeper",
    "authorizer",
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_warmup_is_answered_by_every_function(stack: Stack, function: str) -> None:
    answer = stack.client("lambda").invoke(
        FunctionName=f"{stack.stack_name}-{function}", Payload=json.dumps({"warmup": True})
    )
    assert json.loads(answer["Payload"].read()) == {"warm": True}


def test_a_webhook_that_was_refused_is_sent_again_by_the_sweeper_under_the_same_id(
    stack: Stack, api: httpx.Client, loopback: Loopback, refused_once: str
) -> None:
    """Last in this file, because the first repetition is due a minute after the refusal."""
    refused = delivered(api, refused_once, 503)
    assert refused.status == "PENDING"
    assert refused.next_try_at is not None
    due = datetime.fromisoformat(refused.next_try_at)
    time.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()) + 0.1)
    stack.client("lambda").invoke(FunctionName=stack.outputs["SweeperFunctionName"], Payload=b"{}")
    log = delivered(api, refused_once, 503, 204)
    assert log.status == "DELIVERED"
    first, second = loopback.on("/down")
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == log.message_id
    assert first.body == second.body
