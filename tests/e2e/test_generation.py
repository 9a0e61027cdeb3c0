"""Doodles and product pictures as a client lives them: through the gateway, with a key, offline."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import time
import uuid
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from darkroom.contracts.models import model
from darkroom.domain.limits import MINUTE
from PIL import Image

from local.overlay import keys_prefix
from local.secrets import lend
from tests.e2e.test_flow import PATIENCE, UNKNOWN_JOB, delivered, ended

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Stack
    from tests.e2e.loopback import Loopback
    from tests.stub_providers import Providers

CAT = {"action": "generate-doodle", "description": "a small cat under a tree", "size": 128, "seed": 7}
PAGE = """<html lang="en"><head><title>Blue mug</title><script type="application/ld+json">
{{"@context": "https://schema.org", "@type": "Product", "name": "Blue mug", "image": "{picture}",
"offers": {{"@type": "Offer", "price": "12.75", "priceCurrency": "EUR", "availability": "https://schema.org/InStock"}}
}}</script></head><body><h1>Blue mug</h1><p>12.75 EUR</p></body></html>"""


def asked(api: httpx.Client, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> dict[str, Any]:
    answer = api.post("/ai", json=body, headers=headers)
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    if status == 200:
        model("doodles.AiAnswer").model_validate(told)
    return told


def picture_at(storage: httpx.Client, url: str) -> Image.Image:
    """What the URL brings to somebody who carries no key."""
    answer = storage.get(url)
    assert answer.status_code == 200, answer.text
    image = Image.open(io.BytesIO(answer.content))
    image.load()
    return image


def drawing() -> str:
    image = Image.new("RGB", (96, 64), "white")
    image.paste("black", (20, 30, 70, 34))
    held = io.BytesIO()
    image.save(held, "PNG")
    return base64.b64encode(held.getvalue()).decode()


# --- /ai --------------------------------------------------------------------------------------------------------------


def test_doodles_are_drawn_while_the_caller_waits(api: httpx.Client, storage: httpx.Client) -> None:
    answer = asked(api, CAT | {"count": 2, "fresh": True})
    assert answer["provider"] == "sketch"
    assert 0 < answer["cost"]["usd"] < 0.001
    first, second = (picture_at(storage, doodle["url"]) for doodle in answer["doodles"])
    assert first.size == second.size == (128, 128)
    assert first.tobytes() != second.tobytes()


def test_a_drawing_comes_as_svg_and_on_nothing(api: httpx.Client, storage: httpx.Client) -> None:
    answer = asked(api, CAT | {"format": "svg", "background": "transparent", "inline": True})
    (doodle,) = answer["doodles"]
    assert doodle["contentType"] == "image/svg+xml"
    assert storage.get(doodle["url"]).content == base64.b64decode(doodle["imageData"])
    assert base64.b64decode(doodle["imageData"]).lstrip().startswith(b"<svg")


def test_an_animation_moves(api: httpx.Client, storage: httpx.Client) -> None:
    body = {"action": "generate-animation", "description": "a bird flies", "frameCount": 12, "size": 96, "fps": 8}
    answer = asked(api, body)
    moving = picture_at(storage, answer["url"])
    assert (moving.format, getattr(moving, "n_frames", 1), moving.size) == ("GIF", 12, (96, 96))
    frames = {picture_at(storage, frame["url"]).tobytes() for frame in answer["frames"]}
    assert len(frames) > 8


def test_a_doodle_is_analysed(api: httpx.Client) -> None:
    analysis = asked(api, {"action": "analyze-doodle", "imageData": drawing()})["analysis"]
    assert analysis["inkBox"] == [20, 30, 70, 34]
    assert (analysis["width"], analysis["height"], analysis["parts"]) == (96, 64, 1)
    assert analysis["caption"]


def test_a_doodle_is_made_smaller_and_doing_it_again_changes_nothing(api: httpx.Client, storage: httpx.Client) -> None:
    body = {"action": "optimize-doodle", "imageData": drawing(), "width": 48, "height": 48}
    answer = asked(api, body | {"inline": True})
    assert answer["ssim"] >= 0.98
    assert answer["bytesAfter"] <= answer["bytesBefore"]
    assert max(picture_at(storage, answer["url"]).size) <= 48
    again = asked(api, body | {"imageData": answer["imageData"]})
    assert storage.get(again["url"]).content == base64.b64decode(answer["imageData"])


def test_an_equal_request_is_remembered_and_costs_nothing(api: httpx.Client, stranger: httpx.Client) -> None:
    body = CAT | {"seed": int(time.time())}
    first, again, theirs = asked(api, body), asked(api, body), asked(stranger, body)
    assert [each["cached"] for each in (first, again, theirs)] == [False, True, False]
    assert set(again["cost"].values()) == {0}
    paths = [each["doodles"][0]["url"].partition("?")[0] for each in (first, again, theirs)]
    assert paths[0] == paths[1] != paths[2]


def test_a_failing_action_leaves_the_others_alone(api: httpx.Client) -> None:
    analysed = {"action": "analyze-doodle", "imageData": base64.b64encode(b"\x89PNG\r\n\x1a\n junk").decode()}
    answer = asked(api, {"actions": [CAT, CAT | {"count": 0}, analysed]})
    codes = [each.get("error", {}).get("code") for each in answer["results"]]
    assert codes == [None, "INVALID_REQUEST", "BAD_IMAGE"]
    assert answer["results"][0]["result"]["doodles"]


@pytest.mark.parametrize("body", [CAT | {"count": 2}, {"actions": [CAT, {"action": "sing"}]}], ids=["one", "several"])
def test_a_caller_who_wants_a_job_gets_one(api: httpx.Client, stack: Stack, body: dict[str, Any]) -> None:
    body = json.loads(json.dumps(body).replace('"seed": 7', f'"seed": {uuid.uuid4().int % 2**32}'))
    answer = api.post("/ai", json=body, headers={"Prefer": "respond-async"})
    assert (answer.status_code, answer.headers["preference-applied"]) == (202, "respond-async")
    begun = answer.json()
    model("doodles.AiAccepted").model_validate(begun)
    assert answer.headers["location"] == f"/{stack.stage}{begun['statusUrl']}"
    job = ended(api, begun["jobId"])
    assert (job["status"], job["kind"], job["progress"]) == ("COMPLETED", "doodle", 100)
    model("jobs.JobAnswer").model_validate(job)
    at_once = asked(api, body)
    made = job["result"]["results"][0]["result"] if "actions" in body else job["result"]
    recalled = at_once["results"][0]["result"] if "actions" in body else at_once
    assert recalled["cached"]
    assert [each["bytes"] for each in recalled["doodles"]] == [each["bytes"] for each in made["doodles"]]


def test_a_job_can_be_waited_for(api: httpx.Client) -> None:
    body = CAT | {"seed": uuid.uuid4().int % 2**32}
    answer = api.post("/ai", json=body, headers={"Prefer": "respond-async, wait=20"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["doodles"]
    model("doodles.AiAnswer").model_validate(answer.json())


def test_an_idempotency_key_has_one_answer_and_one_body(api: httpx.Client) -> None:
    once = {"Idempotency-Key": str(uuid.uuid4())}
    body = CAT | {"fresh": True}
    first, again = asked(api, body, headers=once), asked(api, body, headers=once)
    assert first["cost"] == again["cost"]
    assert not again["cached"]
    assert asked(api, body | {"count": 2}, status=422, headers=once)["code"] == "IDEMPOTENCY_MISMATCH"
    later = {"Idempotency-Key": str(uuid.uuid4()), "Prefer": "respond-async"}
    jobs = {asked(api, body, status=202, headers=later)["jobId"] for _ in range(3)}
    assert len(jobs) == 1


def test_a_webhook_tells_of_a_doodle(api: httpx.Client, loopback: Loopback) -> None:
    body = CAT | {"seed": uuid.uuid4().int % 2**32, "callbackUrl": loopback.url("/doodle")}
    job_id = asked(api, body, status=202)["jobId"]
    ended(api, job_id)
    delivered(api, job_id, 204)
    (posted,) = loopback.on("/doodle")
    assert json.loads(posted.body)["data"]["jobId"] == job_id


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 422),
        (b'{"action": "generate-doodle"}', 422),
        (b'{"action": "generate-doodle", "description": "a cat", "count": 1000000000}', 422),
        (b'{"action": "generate-animation", "description": "a cat", "frameCount": 10000}', 422),
        (b'{"action": "optimize-doodle", "imageData": "data:image/png;base64,iVBORw", "width": 9, "height": 9}', 422),
        (b'{"action": "generate-doodle", "description": "' + b"c" * 100_000 + b'"}', 422),
        (b"\xff" * 40, 400),
    ],
    ids=lambda value: ascii(value)[:50],
)
def test_rubbish_is_refused(api: httpx.Client, content: bytes, status: int) -> None:
    answer = api.post("/ai", content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    model("service.Problem").model_validate(answer.json())


def test_nobody_draws_without_a_key(stack: Stack) -> None:
    with httpx.Client(base_url=stack.api_url, trust_env=False) as anybody:
        for path in ("/ai", "/generative-ai-images/generate", "/generative-ai-images/preview"):
            assert anybody.post(path, json=CAT).status_code in (401, 403)


# --- a provider -------------------------------------------------------------------------------------------------------


@pytest.fixture
def key(stack: Stack, providers: Providers) -> Iterator[str]:
    """OpenAI's key of this laptop, as `make up` lends it to the stack."""
    key = providers.key("ok")
    assert lend(stack, {"OPENAI_API_KEY": f" {key} ", "GEMINI_API_KEY": ""}) == ["OPENAI_API_KEY"]
    yield key
    stack.client("ssm").delete_parameter(Name=f"{keys_prefix(stack.stage)}/openai_api_key")


def test_a_provider_draws_by_changing_one_word(
    api: httpx.Client, storage: httpx.Client, providers: Providers, key: str
) -> None:
    begun = asked(api, CAT | {"provider": "openai", "fresh": True}, status=202)
    assert begun["estimate"]["usd"] >= 0.06
    job = ended(api, begun["jobId"])
    assert job["status"] == "COMPLETED", job
    assert job["result"]["provider"] == "openai"
    assert job["cost"]["usd"] > 0.001
    assert picture_at(storage, job["result"]["doodles"][0]["url"]).size == (128, 128)
    assert len(providers.calls(key)) == 1


def test_a_chain_says_who_was_passed_over(api: httpx.Client) -> None:
    job = ended(api, asked(api, CAT | {"provider": ["gemini", "sketch"], "fresh": True}, status=202)["jobId"])
    assert job["result"]["provider"] == "sketch"
    assert [each["code"] for each in job["result"]["passedOver"]] == ["PROVIDER_KEY"]
    assert job["cost"]["providerUnits"] == 0


# --- product pictures -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shop(loopback: Loopback) -> str:
    """A product's page on loopback, and its picture."""
    mug = Image.new("RGB", (400, 300), "white")
    mug.paste((40, 80, 200), (120, 60, 280, 240))
    held = io.BytesIO()
    mug.save(held, "PNG")
    loopback.pages["/mug.png"] = held.getvalue()
    loopback.pages["/mug"] = PAGE.format(picture=loopback.url("/mug.png")).encode()
    loopback.pages["/about"] = b"<html><body><h1>About us</h1><p>We are a shop.</p></body></html>"
    return loopback.url("/mug")


def generated(api: httpx.Client, url: str, **fields: Any) -> str:
    answer = api.post("/generative-ai-images/generate", json={"productUrl": url, **fields})
    assert answer.status_code == 202, answer.text
    model("product_images.GenerateAnswer").model_validate(answer.json())
    return str(answer.json()["jobId"])


def settled(api: httpx.Client, job_id: str) -> dict[str, Any]:
    """How the picture stands once it is finished or has failed, by its own route."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        answer = api.get(f"/generative-ai-images/status/{job_id}", headers={"Prefer": "wait=5"})
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        model("product_images.ImageStatus").model_validate(told)
        if told["status"] in ("completed", "failed"):
            return told
    raise AssertionError(f"{job_id} did not end in {PATIENCE} s")


def test_a_page_becomes_a_picture_that_can_be_downloaded(api: httpx.Client, storage: httpx.Client, shop: str) -> None:
    job_id = generated(api, shop)
    told = settled(api, job_id)
    assert told["status"] == "completed", told
    assert told["fileName"] == f"{job_id}.jpg"
    assert told["overlayText"]["name"] == "Blue mug"
    assert told["provider"] == "studio"
    assert 0 <= told["urlExpiresAt"] - time.time() <= 900
    image = picture_at(storage, told["imageUrl"])
    assert (image.format, image.size) == ("JPEG", (1024, 1024))
    assert api.get(f"/api/status/{job_id}").json()["fileName"] == told["fileName"]
    job = api.get(f"/jobs/{job_id}").json()
    assert (job["kind"], job["result"]["fileName"]) == ("product-image", told["fileName"])
    assert job["cost"]["providerUnits"] == 0


def test_a_picture_can_be_waited_for(api: httpx.Client, shop: str) -> None:
    body = {"productUrl": shop}
    answer = api.post("/generative-ai-images/generate", json=body, headers={"Prefer": "wait=20"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "completed"


def test_a_preview_reads_the_page_and_spends_nothing(api: httpx.Client, shop: str) -> None:
    answer = api.post("/generative-ai-images/preview", json={"productUrl": shop})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    model("product_images.PreviewAnswer").model_validate(told)
    assert told["found"]
    assert (told["name"]["value"], told["price"]["amount"], told["price"]["currency"]) == ("Blue mug", "12.75", "EUR")


def test_a_page_without_a_product_fails_before_anything_is_spent(
    api: httpx.Client, loopback: Loopback, shop: str
) -> None:
    told = settled(api, generated(api, loopback.url("/about")))
    assert (told["status"], told["errorCode"]) == ("failed", "NO_PRODUCT_DATA")
    assert not api.post("/generative-ai-images/preview", json={"productUrl": loopback.url("/about")}).json()["found"]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/mug", "http://169.254.169.254/latest", "http://[::1]/", "s3://a/b"]
)
@pytest.mark.parametrize("path", ["/generative-ai-images/generate", "/generative-ai-images/preview"])
def test_a_page_inside_is_refused(api: httpx.Client, path: str, url: str) -> None:
    answer = api.post(path, json={"productUrl": url})
    assert (answer.status_code, answer.json()["code"]) == (422, "UNACCEPTABLE_URL")


@pytest.mark.parametrize("path", ["/generative-ai-images/status/{}", "/api/status/{}"])
def test_another_owners_picture_is_as_unknown_as_none(
    api: httpx.Client, stranger: httpx.Client, shop: str, path: str
) -> None:
    job_id = generated(api, shop)

    def told(asked_for: str) -> tuple[int, Any]:
        answer = stranger.get(path.format(asked_for))
        return answer.status_code, {**answer.json(), "requestId": ""}

    assert told(job_id) == told(UNKNOWN_JOB)
    assert told(job_id)[1]["message"] == "Job not found"
    doodle = asked(api, CAT | {"fresh": True}, status=202, headers={"Prefer": "respond-async"})["jobId"]
    assert api.get(path.format(doodle)).status_code == 404


def test_a_cancelled_picture_has_failed_and_its_worker_stops(api: httpx.Client, loopback: Loopback, shop: str) -> None:
    loopback.pages["/slow"] = loopback.pages["/mug"]
    loopback.held["/slow"] = Event()
    try:
        job_id = generated(api, loopback.url("/slow"))
        until_asked(loopback, "/slow")
        assert api.get(f"/api/status/{job_id}").json()["message"] == "Image generation in progress"
        assert api.delete(f"/jobs/{job_id}").status_code == 202
    finally:
        loopback.held.pop("/slow").set()
    told = settled(api, job_id)
    assert (told["status"], told["errorCode"]) == ("failed", "CANCELLED")
    assert api.delete(f"/jobs/{job_id}").status_code == 409


def until_asked(loopback: Loopback, path: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while path not in loopback.asked:
        assert time.monotonic() < deadline, f"nobody asked for {path}"
        time.sleep(0.05)


def workers(stack: Stack) -> list[int]:
    """The processes of the function `worker`, which the embedded AWS of this suite has started."""
    wanted = f"AWS_LAMBDA_FUNCTION_NAME={stack.outputs['WorkerFunctionName']}".encode()
    endpoint = stack.endpoint_url.rpartition(":")[2].encode()
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                environment = (process / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if wanted in environment and any(endpoint in each for each in environment):
                found.append(int(process.name))
    return found


def test_a_picture_whose_worker_was_killed_is_made_by_the_next(
    stack: Stack, api: httpx.Client, loopback: Loopback, shop: str
) -> None:
    loopback.pages["/fatal"] = loopback.pages["/mug"]
    loopback.held["/fatal"] = Event()
    job_id = generated(api, loopback.url("/fatal"))
    until_asked(loopback, "/fatal")
    killed = workers(stack)
    assert killed
    for process in killed:
        os.kill(process, signal.SIGKILL)
    loopback.held.pop("/fatal").set()
    assert api.get(f"/api/status/{job_id}").json()["status"] == "processing"
    # Its lease runs out in a minute, by everybody's clock in two: the row is told that they are over.
    over = int(time.time() * 1000) - 3 * MINUTE
    stack.client("dynamodb").update_item(
        TableName=stack.outputs["TableName"],
        Key={"pk": {"S": f"job#{job_id}"}, "sk": {"S": "job"}},
        UpdateExpression="SET lease_until = :over, due_at = :over",
        ExpressionAttributeValues={":over": {"N": str(over)}},
    )
    stack.client("lambda").invoke(FunctionName=stack.outputs["SweeperFunctionName"], Payload=b"{}")
    told = settled(api, job_id)
    assert told["status"] == "completed", told
    assert loopback.asked.count("/fatal") == 2
