"""Uploads: a signed URL from the API, then the bytes straight to storage, which refuses what was not agreed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import httpx

from local import page
from local.pictures import pictures
from local.stack import StackError

if TYPE_CHECKING:
    from local.tour import Tour

TITLE: Final = "Uploads, straight to storage"


def run(tour: Tour) -> page.Chapter:
    taken = pictures()
    urls = []
    with httpx.Client(timeout=60, trust_env=False) as storage:
        for number, picture in enumerate(taken):
            with tour.step(f"{picture.name}: presign, then {len(picture.jpeg):,} bytes to S3"):
                signed = tour.call(
                    f"A URL for {picture.name}",
                    "POST",
                    "/uploads/presign",
                    body={"filename": picture.name, "contentType": "image/jpeg", "size": len(picture.jpeg)},
                    expect=200,
                ).json()
                began = time.monotonic()
                if number % 2 == 0:
                    sent = storage.put(signed["url"], content=picture.jpeg, headers=signed["headers"])
                    way = "PUT to S3"
                else:
                    sent = storage.post(
                        signed["post"]["url"], data=signed["post"]["fields"], files={"file": picture.jpeg}
                    )
                    way = "POST form to S3"
                tour.keep(
                    f"{picture.name} by {way}",
                    f"{way[:4].strip()} {signed['bucket']}/{signed['key']}",
                    None,
                    sent,
                    began,
                )
                if not sent.is_success:
                    raise StackError(f"{way} answered {sent.status_code}: {sent.text[:400]}", fix="See embedded.log.")
                urls.append(f"s3://{signed['bucket']}/{signed['key']}")
        transcripts = tour.last(4)
        with tour.step("What was not agreed is refused: more bytes, the same key twice, a file that can carry script"):
            refused = _refusals(tour, storage, taken[0].jpeg)
    tour.found |= {"pictures": taken, "urls": urls}
    return page.Chapter(
        TITLE,
        "The API signs; it never sees the bytes. Type, size and key are part of the signature, so storage itself turns "
        "away anything else, and every key belongs to its owner before it holds a byte.",
        [
            *transcripts,
            page.Paragraph("And what storage and the API refuse:"),
            *refused,
        ],
    )


def _refusals(tour: Tour, storage: httpx.Client, jpeg: bytes) -> list[page.Exchange]:
    signed = tour.call(
        "A URL for exactly these bytes",
        "POST",
        "/uploads/presign",
        body={"filename": "exact.jpg", "contentType": "image/jpeg", "size": len(jpeg)},
        expect=200,
    ).json()
    kept = []
    for title, content, expected in (
        ("One byte more than was signed", jpeg + b"!", {403}),
        ("The bytes that were signed", jpeg, {200}),
        ("The same key a second time", jpeg, {412}),
    ):
        began = time.monotonic()
        # The client counts its bytes itself, so that it may send more than were signed.
        headers = {name: value for name, value in signed["headers"].items() if name.lower() != "content-length"}
        answer = storage.put(signed["url"], content=content, headers=headers)
        tour.keep(title, f"PUT {signed['bucket']}/{signed['key']}", None, answer, began)
        if answer.status_code not in expected:
            raise StackError(f"{title}: storage answered {answer.status_code}, not {expected}", fix="See embedded.log.")
        kept += tour.last()
    tour.call("A drawing that can carry script", "POST", "/uploads/presign", body={"filename": "x.svg"}, expect=415)
    return [*kept, *tour.last()]
