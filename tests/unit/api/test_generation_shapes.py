"""What the routes of generation promise, held to literal answers, field by field: `/ai`, product pictures, preview."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.adapters.memory.generation import png
from darkroom.domain import limits
from darkroom.domain.jobs import State
from darkroom.errors import FetchFailedError
from darkroom.ports import Fetched

from tests.unit.api.test_seed_shapes import UUID, fits

if TYPE_CHECKING:
    from tests.api import Api

STATUS_PATHS = ("/generative-ai-images/status/{}", "/api/status/{}")
CREATED = 1_767_323_045
"""2026-01-02T03:04:05Z, when everything here is asked for."""
NOTHING = {"usd": 0.0, "providerUnits": 0, "gbSeconds": 0.0, "bytesIn": 0, "bytesOut": 0}
SHOP = "https://shop.example/mug"
MUG = "https://shop.example/mug.png"
PAGE = b"""<html lang="en"><head><title>Blue mug | Shop</title>
<script type="application/ld+json">{"@context": "https://schema.org", "@type": "Product", "name": "Blue mug",
"brand": {"@type": "Brand", "name": "Kiln"}, "image": "https://shop.example/mug.png",
"offers": {"@type": "Offer", "price": "12.75", "priceCurrency": "EUR",
"availability": "https://schema.org/InStock"}}</script></head><body><h1>Blue mug</h1></body></html>"""
DRAWING = png(96, 64, 20)


def page(html: bytes) -> Fetched:
    return Fetched(SHOP, 200, {"content-type": "text/html; charset=utf-8"}, html)


def picture(job_id: str) -> dict[str, Any]:
    """What a worker stores of a finished product picture."""
    return {
        "key": f"results/{job_id}/1/{job_id}.jpg",
        "fileName": f"{job_id}.jpg",
        "contentType": "image/jpeg",
        "overlayText": {"name": "Blue mug", "price": "12.75 EUR"},
        "provider": "studio",
        "model": "studio-1",
    }


# --- product pictures -------------------------------------------------------------------------------------------------


def test_a_product_picture_is_accepted_as_promised(api: Api, key: str) -> None:
    reply = api.send("POST", "/generative-ai-images/generate", key=key, body={"productUrl": SHOP})
    assert reply.status == 202
    job_id = reply.json["jobId"]
    assert re.fullmatch(UUID, job_id)
    assert reply.json == {
        "jobId": job_id,
        "message": "Image generation started",
        "statusUrl": f"/api/status/{job_id}",
    }
    assert reply.headers["location"] == f"/dev/api/status/{job_id}"
    assert int(reply.headers["retry-after"]) >= 1
    fits("product_images.GenerateAnswer", reply.json)


@pytest.mark.parametrize("path", STATUS_PATHS)
def test_a_pending_picture_says_when_it_was_asked_for(api: Api, key: str, path: str) -> None:
    job_id = api.product_job()
    reply = api.send("GET", path.format(job_id), key=key)
    assert (reply.status, reply.json) == (200, {"jobId": job_id, "status": "pending", "createdAt": CREATED})
    assert int(reply.headers["retry-after"]) >= 1
    fits("product_images.ImageStatus", reply.json)


@pytest.mark.parametrize("path", STATUS_PATHS)
def test_a_picture_in_the_making_says_so(api: Api, key: str, path: str) -> None:
    job_id = api.product_job()
    api.start(job_id)
    reply = api.send("GET", path.format(job_id), key=key)
    assert (reply.status, reply.json) == (
        200,
        {
            "jobId": job_id,
            "status": "processing",
            "createdAt": CREATED,
            "message": "Image generation in progress",
        },
    )
    fits("product_images.ImageStatus", reply.json)


@pytest.mark.parametrize("path", STATUS_PATHS)
def test_a_completed_picture_has_a_url_that_is_signed_at_each_reading(api: Api, key: str, path: str) -> None:
    job_id = api.product_job()
    api.parts.clock.advance(4_000)
    api.complete(job_id, picture(job_id))
    api.parts.clock.advance(60_000)
    reply = api.send("GET", path.format(job_id), key=key)
    answer = reply.json
    assert answer == {
        "jobId": job_id,
        "status": "completed",
        "createdAt": CREATED,
        "completedAt": CREATED + 4,
        "imageUrl": answer["imageUrl"],
        "urlExpiresAt": CREATED + 64 + 900,
        "fileName": f"{job_id}.jpg",
        "contentType": "image/jpeg",
        "overlayText": {"name": "Blue mug", "price": "12.75 EUR"},
        # added since
        "provider": "studio",
        "cost": {"usd": 0.002, "providerUnits": 2, "gbSeconds": 0.5, "bytesIn": 1000, "bytesOut": 0},
    }
    assert f"results/{job_id}/1/{job_id}.jpg" in answer["imageUrl"]
    assert "retry-after" not in reply.headers
    fits("product_images.ImageStatus", answer)
    api.parts.clock.advance(60_000)
    assert api.send("GET", path.format(job_id), key=key).json["urlExpiresAt"] == answer["urlExpiresAt"] + 60


@pytest.mark.parametrize("path", STATUS_PATHS)
def test_a_failed_picture_says_why(api: Api, key: str, path: str) -> None:
    job_id = api.product_job()
    api.parts.clock.advance(2_000)
    api.fail(job_id, "NO_PRODUCT_DATA", "No product was found on the page")
    answer = api.send("GET", path.format(job_id), key=key).json
    assert answer == {
        "jobId": job_id,
        "status": "failed",
        "createdAt": CREATED,
        "failedAt": CREATED + 2,
        "error": "No product was found on the page",
        # added since
        "errorCode": "NO_PRODUCT_DATA",
    }
    fits("product_images.ImageStatus", answer)


@pytest.mark.parametrize("path", STATUS_PATHS)
@pytest.mark.parametrize(
    "ended",
    [
        (State.CANCELLED, "CANCELLED", "The job was cancelled"),
        (State.EXPIRED, "JOB_EXPIRED", "The job did not end before its deadline"),
    ],
)
def test_a_picture_that_was_cancelled_or_came_too_late_has_failed(
    api: Api, key: str, path: str, ended: tuple[State, str, str]
) -> None:
    state, code, error = ended
    job_id = api.product_job()
    api.parts.clock.advance(3_000)
    api.parts.endings().end(api.parts.jobs().get("ann", job_id), state)
    answer = api.send("GET", path.format(job_id), key=key).json
    assert answer == {
        "jobId": job_id,
        "status": "failed",
        "createdAt": CREATED,
        "failedAt": CREATED + 3,
        "error": error,
        "errorCode": code,
    }
    fits("product_images.ImageStatus", answer)


@pytest.mark.parametrize("path", STATUS_PATHS)
def test_an_unknown_picture_is_404_in_the_words_of_the_first_documents(api: Api, key: str, path: str) -> None:
    reply = api.send("GET", path.format("00000000-0000-4000-8000-000000000000"), key=key)
    assert (reply.status, reply.json["message"], reply.json["code"]) == (404, "Job not found", "JOB_NOT_FOUND")
    fits("service.Problem", reply.json)


@pytest.mark.parametrize("path", STATUS_PATHS)
def test_a_record_is_kept_for_a_day_and_remembered_until_the_seventh_day_ends(api: Api, key: str, path: str) -> None:
    job_id = api.product_job()
    api.complete(job_id, picture(job_id))
    told = []
    for hours in (24 * limits.HOUR - 1, 1, 6 * limits.DAY - 1, 1):
        api.parts.clock.advance(hours)
        reply = api.send("GET", path.format(job_id), key=key)
        told.append((reply.status, reply.json.get("message")))
    gone = (410, "The job's record is no longer kept")
    assert told == [(200, None), gone, gone, (404, "Job not found")]


def test_a_picture_reads_among_the_jobs_too(api: Api, key: str) -> None:
    job_id = api.product_job()
    api.complete(job_id, picture(job_id))
    answer = api.send("GET", f"/jobs/{job_id}", key=key).json
    assert (answer["status"], answer["kind"]) == ("COMPLETED", "product-image")
    assert answer["result"] == {
        "fileName": f"{job_id}.jpg",
        "contentType": "image/jpeg",
        "overlayText": {"name": "Blue mug", "price": "12.75 EUR"},
        "provider": "studio",
        "imageUrl": answer["result"]["imageUrl"],
        "urlExpiresAt": "2026-01-02T03:19:05.000Z",
    }
    fits("jobs.JobAnswer", answer)


def test_a_page_becomes_a_picture_and_its_url(api: Api, key: str) -> None:
    api.parts.web({SHOP: page(PAGE), MUG: Fetched(MUG, 200, {"content-type": "image/png"}, DRAWING)})
    job_id = api.send("POST", "/generative-ai-images/generate", key=key, body={"productUrl": SHOP}).json["jobId"]
    api.work_off()
    answer = api.send("GET", f"/api/status/{job_id}", key=key).json
    assert answer["status"] == "completed", answer
    assert answer["overlayText"]["name"] == "Blue mug"
    assert "12.75" in answer["overlayText"]["price"] or "12,75" in answer["overlayText"]["price"]
    assert api.parts.objects.read(f"results/{job_id}/1/{job_id}.jpg", limit=10**7)[:3] == b"\xff\xd8\xff"


# --- preview ----------------------------------------------------------------------------------------------------------


def test_a_preview_says_what_would_be_read_and_makes_nothing(api: Api, key: str) -> None:
    api.parts.web({SHOP: page(PAGE)})
    reply = api.send("POST", "/generative-ai-images/preview", key=key, body={"productUrl": SHOP})
    assert reply.status == 200
    answer = reply.json
    assert answer["found"] is True
    assert answer["productUrl"] == SHOP
    assert {name: answer[name]["value"] for name in ("name", "availability", "brand")} == {
        "name": "Blue mug",
        "availability": "InStock",
        "brand": "Kiln",
    }
    assert (answer["price"]["amount"], answer["price"]["currency"]) == ("12.75", "EUR")
    assert [each["value"] for each in answer["pictures"]] == [MUG]
    assert all(0 < answer[name]["confidence"] <= 1 for name in ("name", "price", "availability", "brand"))
    assert all(answer[name]["source"] for name in ("name", "price", "availability", "brand"))
    assert answer["overlayText"]["name"] == "Blue mug"
    assert answer["language"] == "en"
    fits("product_images.PreviewAnswer", answer)
    assert not api.parts.job_store.list("ann", since=0, state=None, kind=None, cursor=None, limit=10).jobs
    assert api.parts.engines["studio"].calls == []


def test_a_preview_of_a_page_without_a_product_says_so(api: Api, key: str) -> None:
    api.parts.web({SHOP: page(b"<html><body><h1>About us</h1><p>We are a shop.</p></body></html>")})
    answer = api.send("POST", "/generative-ai-images/preview", key=key, body={"productUrl": SHOP}).json
    assert answer["found"] is False
    assert answer["pictures"] == []
    fits("product_images.PreviewAnswer", answer)


# --- /ai --------------------------------------------------------------------------------------------------------------


def stored(shown: dict[str, Any], data: bytes, content_type: str) -> dict[str, Any]:
    """What the answer says of a stored picture, but for its URL."""
    assert hashlib.sha256(data).hexdigest() in shown["url"]
    return {
        "url": shown["url"],
        "urlExpiresAt": "2026-01-02T03:19:05.000Z",
        "contentType": content_type,
        "bytes": len(data),
    }


def test_doodles_are_answered_at_once(api: Api, key: str) -> None:
    body = {"action": "generate-doodle", "description": "a cat", "count": 2, "seed": 7, "size": 64}
    reply = api.send("POST", "/ai", key=key, body=body)
    assert reply.status == 200
    answer = reply.json
    assert answer == {
        "action": "generate-doodle",
        "provider": "sketch",
        "model": "sketch-memory",
        "doodles": [
            {
                **stored(answer["doodles"][place], png(64, 64, seed), "image/png"),
                "width": 64,
                "height": 64,
                "seed": seed,
            }
            for place, seed in enumerate((7, 8))
        ],
        "unmatched": [],
        "cached": False,
        "cost": NOTHING,
    }
    fits("doodles.AiAnswer", answer)


def test_an_animation_is_one_file_and_its_frames(api: Api, key: str) -> None:
    body = {"action": "generate-animation", "description": "a cat jumps", "frameCount": 3, "fps": 5, "size": 64}
    reply = api.send("POST", "/ai", key=key, body=body)
    assert reply.status == 200
    answer = reply.json
    assert set(answer) == {
        *("action", "provider", "model", "url", "urlExpiresAt", "contentType", "width", "height", "bytes"),
        *("seed", "frameCount", "fps", "frames", "unmatched", "cached", "cost"),
    }
    assert [answer[name] for name in ("action", "provider", "contentType", "width", "height", "frameCount", "fps")] == [
        *("generate-animation", "sketch", "image/gif", 64, 64, 3, 5)
    ]
    assert [set(frame) for frame in answer["frames"]] == [
        {"url", "urlExpiresAt", "contentType", "width", "height", "bytes"}
    ] * 3
    fits("doodles.AiAnswer", answer)


def test_an_analysis_measures_and_names(api: Api, key: str) -> None:
    sent = {"imageData": base64.b64encode(DRAWING).decode(), "mimeType": "image/png"}
    reply = api.send("POST", "/ai", key=key, body={"action": "analyze-doodle", **sent})
    assert reply.status == 200
    answer = reply.json
    assert set(answer) == {"action", "provider", "model", "analysis", "cached", "cost"}
    analysis = answer["analysis"]
    assert {name: analysis[name] for name in ("labels", "caption", "width", "height")} == {
        "labels": [{"name": "colour", "confidence": 1.0}],
        "caption": "One colour",
        "width": 96,
        "height": 64,
    }
    measured = {"coverage", "strokeWidth", "lineDensity", "symmetry", "parts", "colours", "background", "complexity"}
    assert measured <= set(analysis) <= measured | {"labels", "caption", "width", "height", "inkBox", "text"}
    fits("doodles.AiAnswer", answer)


def test_an_optimised_doodle_says_what_it_saved(api: Api, key: str) -> None:
    sent = {"imageData": base64.b64encode(DRAWING).decode(), "width": 48, "height": 32}
    reply = api.send("POST", "/ai", key=key, body={"action": "optimize-doodle", **sent})
    assert reply.status == 200
    answer = reply.json
    assert set(answer) == {
        *("action", "url", "urlExpiresAt", "contentType", "width", "height", "bytes"),
        *("bytesBefore", "bytesAfter", "ssim", "cached", "cost"),
    }
    assert answer["bytesBefore"] == len(DRAWING)
    assert answer["bytesAfter"] == answer["bytes"]
    assert answer["ssim"] >= 0.98
    fits("doodles.AiAnswer", answer)


@pytest.mark.parametrize("inline", [True, False])
def test_pictures_stand_in_the_answer_where_it_is_asked_for(api: Api, key: str, inline: bool) -> None:
    body = {"action": "generate-doodle", "description": "a cat", "seed": 7, "size": 64, "inline": inline}
    (doodle,) = api.send("POST", "/ai", key=key, body=body).json["doodles"]
    held = {"imageData": base64.b64encode(png(64, 64, 7)).decode()} if inline else {}
    assert {name: value for name, value in doodle.items() if name == "imageData"} == held


def test_a_job_is_answered_where_the_caller_wants_one(api: Api, key: str) -> None:
    body = {"action": "generate-doodle", "description": "a cat", "size": 64}
    reply = api.send("POST", "/ai", key=key, body=body, headers={"Prefer": "respond-async"})
    assert reply.status == 202
    job_id = reply.json["jobId"]
    assert reply.json == {
        "jobId": job_id,
        "status": "PENDING",
        "message": "Job created for 1 action(s)",
        "statusUrl": f"/jobs/{job_id}",
        "estimate": reply.json["estimate"],
    }
    assert reply.json["estimate"]["gbSeconds"] > 0
    assert reply.headers["location"] == f"/dev/jobs/{job_id}"
    assert reply.headers["preference-applied"] == "respond-async"
    fits("doodles.AiAccepted", reply.json)

    pending = api.send("GET", f"/jobs/{job_id}", key=key).json
    assert (pending["status"], pending["kind"], "result" in pending) == ("PENDING", "doodle", False)
    fits("jobs.JobAnswer", pending)
    api.work_off()
    done = api.send("GET", f"/jobs/{job_id}", key=key).json
    assert done["status"] == "COMPLETED"
    assert done["result"]["doodles"][0]["width"] == 64
    fits("jobs.JobAnswer", done)
    fits("doodles.AiAnswer", done["result"])


def test_a_provider_is_never_asked_while_the_caller_waits(api: Api, key: str) -> None:
    body = {"action": "generate-doodle", "description": "a cat", "provider": ["openai", "sketch"], "size": 64}
    reply = api.send("POST", "/ai", key=key, body=body)
    assert reply.status == 202
    assert reply.json["estimate"]["usd"] >= 0.06
    assert api.parts.engines["openai"].calls == []
    api.work_off()
    result = api.send("GET", f"/jobs/{reply.json['jobId']}", key=key).json["result"]
    assert result["provider"] == "openai"


def test_one_of_several_fails_alone(api: Api, key: str) -> None:
    sound = {"action": "generate-doodle", "description": "a sun", "size": 64, "seed": 3}
    body = {"actions": [sound, {**sound, "count": 0}, {"action": "sing"}, {**sound, "provider": "nobody"}]}
    reply = api.send("POST", "/ai", key=key, body=body)
    assert reply.status == 200
    answer = reply.json
    assert [each["index"] for each in answer["results"]] == [0, 1, 2, 3]
    assert answer["results"][0]["result"]["doodles"][0]["seed"] == 3
    assert answer["results"][1] == {
        "index": 1,
        "error": {"code": "INVALID_REQUEST", "message": "count: must be 1 or more"},
    }
    assert [each.get("error", {}).get("code") for each in answer["results"]] == [None, *["INVALID_REQUEST"] * 3]
    assert answer["cost"] == NOTHING
    fits("doodles.AiAnswer", answer)


@pytest.mark.parametrize("wrong", [5, None, "a cat", True, [], [{"action": "generate-doodle"}]])
@pytest.mark.parametrize("headers", [{}, {"prefer": "respond-async"}], ids=["at once", "as a job"])
def test_one_of_several_that_is_no_object_fails_alone(api: Api, key: str, wrong: Any, headers: dict[str, str]) -> None:
    sound = {"action": "generate-doodle", "description": "a sun", "size": 64, "seed": 3}
    reply = api.send("POST", "/ai", key=key, body={"actions": [sound, wrong, sound]}, headers=headers)
    answer = reply.json
    if headers:
        assert reply.status == 202
        api.work_off()
        answer = api.send("GET", f"/jobs/{answer['jobId']}", key=key).json["result"]
    assert [each["index"] for each in answer["results"]] == [0, 1, 2]
    assert [("result" in each, "error" in each) for each in answer["results"]] == [
        *((True, False), (False, True), (True, False))
    ]
    assert answer["results"][1]["error"] == {"code": "INVALID_REQUEST", "message": "actions[1]: must be an object"}
    fits("doodles.AiAnswer", answer)


def test_an_equal_request_is_remembered_and_costs_nothing(api: Api, key: str) -> None:
    body = {"action": "generate-doodle", "description": "a cat", "size": 64}
    first = api.send("POST", "/ai", key=key, body=body).json
    again = api.send("POST", "/ai", key=key, body=body | {"inline": True}).json
    anew = api.send("POST", "/ai", key=key, body=body | {"fresh": True}).json
    assert [each["cached"] for each in (first, again, anew)] == [False, True, False]
    assert again["cost"] == NOTHING
    assert again["doodles"][0]["url"] == first["doodles"][0]["url"]
    assert anew["doodles"][0]["seed"] != first["doodles"][0]["seed"]
    assert first["unmatched"] == again["unmatched"] == []
    assert "imageData" in again["doodles"][0]
    assert len(api.parts.engines["sketch"].calls) == 2
    fits("doodles.AiAnswer", again)


def test_a_request_that_is_sent_again_is_answered_as_the_first_was(api: Api, key: str) -> None:
    body = {"action": "generate-doodle", "description": "a cat", "size": 64, "fresh": True}
    headers = {"Idempotency-Key": "k1"}
    first, again = (api.send("POST", "/ai", key=key, body=body, headers=headers) for _ in range(2))
    assert (first.status, first.json) == (again.status, again.json)
    assert len(api.parts.engines["sketch"].calls) == 1
    other = api.send("POST", "/ai", key=key, body=body | {"description": "a dog"}, headers=headers)
    assert (other.status, other.json["code"]) == (422, "IDEMPOTENCY_MISMATCH")


def test_a_shop_that_answers_no_page_is_told(api: Api, key: str) -> None:
    cases: tuple[tuple[Fetched | FetchFailedError, int, str], ...] = (
        (Fetched(SHOP, 404, {}, b""), 422, "PAGE_NOT_FOUND"),
        (Fetched(SHOP, 503, {}, b""), 503, "SHOP_FAILING"),
        (Fetched(SHOP, 429, {}, b""), 503, "SHOP_BUSY"),
        (FetchFailedError("It is silent", code="FETCH_TIMED_OUT"), 503, "FETCH_TIMED_OUT"),
        (Fetched(SHOP, 200, {"content-type": "image/png"}, DRAWING), 415, "UNSUPPORTED_TYPE"),
        (Fetched(SHOP, 200, {}, b"<" * (limits.PAGE_BYTES + 1)), 413, "TOO_LARGE"),
    )
    for answer, status, code in cases:
        api.parts.web({SHOP: answer})
        reply = api.send("POST", "/generative-ai-images/preview", key=key, body={"productUrl": SHOP})
        assert (reply.status, reply.json["code"]) == (status, code)
        assert ("retry-after" in {name.lower() for name in reply.headers}) == (status == 503)


def test_a_shop_that_is_busy_says_when_to_come_again(api: Api, key: str) -> None:
    api.parts.web({SHOP: Fetched(SHOP, 429, {"Retry-After": "77"}, b"")})
    reply = api.send("POST", "/generative-ai-images/preview", key=key, body={"productUrl": SHOP})
    assert reply.headers["retry-after"] == "77"
