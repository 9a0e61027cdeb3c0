"""What makes a job trustworthy: one answer per key, one end per job, walls between owners, hostile URLs refused."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

from local import page
from local.stack import StackError

if TYPE_CHECKING:
    from local.tour import Tour

TITLE: Final = "Jobs that can be trusted"


def run(tour: Tour) -> page.Chapter:
    urls = tour.found["urls"]
    blocks: list[page.Block] = []

    with tour.step("The same Idempotency-Key twice: one job, one answer"):
        once = {"Idempotency-Key": str(uuid.uuid4())}
        body = {"imageUrls": urls[:1]}
        first = tour.call("A request with a key", "POST", "/process", body=body, headers=once, expect=202).json()
        again = tour.call("The same, sent again", "POST", "/process", body=body, headers=once, expect=202).json()
        tour.call(
            "The same key, another body", "POST", "/process", body={"imageUrls": urls[:2]}, headers=once, expect=422
        )
        blocks += [page.Paragraph("A repeated request is answered once:"), *tour.last(3)]
    if again != first:
        raise StackError(f"One key made two answers: {first} and {again}", fix="See .darkroom/demo/embedded.log.")
    tour.say(f"job {first['jobId']} both times")

    with tour.step("A job that has ended stays as it is"):
        ended = tour.found["job"]["jobId"]
        tour.call("Cancelling a completed job", "DELETE", f"/jobs/{ended}", expect=409)
        blocks += [page.Paragraph("An end is an end:"), *tour.last()]

    with tour.step("Another owner's job is as unknown as one that never was"):
        stranger = {"x-api-key": tour.stack.make_key("stranger")}
        tour.call("The job, asked for by a stranger", "GET", f"/jobs/{ended}", headers=stranger, expect=404)
        tour.call("The picture, named by a stranger", "POST", "/process", body=body, headers=stranger, expect=404)
        blocks += [page.Paragraph("What is another owner's is not there:"), *tour.last(2)]

    with tour.step("No URL reaches an address that is not public; no job costs more than its request allows"):
        inside = {"imageUrls": ["http://169.254.169.254/latest/meta-data/"]}
        tour.call("The metadata address", "POST", "/process", body=inside, expect=422)
        tour.call(
            "A webhook to loopback", "POST", "/process", body={**body, "callbackUrl": "http://0x7f.1/"}, expect=422
        )
        tour.call("A cost cap of nothing", "POST", "/process", body={**body, "maxCost": 0}, expect=422)
        blocks += [page.Paragraph("No request reaches inside, or costs more than it may:"), *tour.last(3)]

    return page.Chapter(
        TITLE,
        "A repeated request finds its first answer, a terminal state never changes, what belongs to one owner does "
        "not exist for another, and every refusal says in plain words how to mend it.",
        blocks,
    )
