"""Objects in pictures: one job for all of them, polled as a client would, its boxes drawn."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from local import page

if TYPE_CHECKING:
    from local.pictures import Picture
    from local.tour import Tour

TITLE: Final = "Objects, found by a job"


def run(tour: Tour) -> page.Chapter:
    taken: list[Picture] = tour.found["pictures"]
    with tour.step(f"POST /process with {len(taken)} pictures"):
        accepted = tour.call(
            "One job for all pictures",
            "POST",
            "/process",
            body={"imageUrls": tour.found["urls"], "userId": "demo-user", "metadata": {"album": "tour"}},
            expect=202,
        ).json()
    transcripts = tour.last()
    began = time.monotonic()
    with tour.step("GET /jobs/{jobId} until it is COMPLETED"):
        job = tour.wait("The job", f"/jobs/{accepted['jobId']}", until="COMPLETED")
    took = time.monotonic() - began
    transcripts += tour.last()
    tour.found["job"] = job

    engine, model = job["engine"], job["model"]
    tour.say(f"engine {engine}, model {model}")
    figures, rows = [], []
    for picture, seen in zip(taken, job["detections"], strict=True):
        boxes = [page.Box(one["label"], one["confidence"], tuple(one["bbox"])) for one in seen["detections"]]
        names = ", ".join(f"{box.label} {box.confidence:.0%}" for box in boxes) or "nothing"
        tour.say(f"{picture.name}: {names}")
        figures.append(
            page.Figure(picture.shown(), seen["imageWidth"], seen["imageHeight"], picture.title, picture.credit, boxes)
        )
        rows.append((picture.name, f"{seen['imageWidth']} by {seen['imageHeight']}", names))
    found = sum(len(figure.boxes) for figure in figures)
    tour.found["facts"] = [(str(found), f"objects found in {len(taken)} pictures"), (engine, "was the detector")]
    note = (
        "This machine has no object detector's weights and could not fetch any, so dlib looked for faces only: "
        "make models, or DETECT_MODEL_DIR, brings the other eighty kinds of things."
        if engine == "dlib"
        else f"The detector is {model} on {engine}."
    )
    cost = job["cost"]
    return page.Chapter(
        TITLE,
        f"{len(taken)} pictures in one job, done in {took:.1f} s. {note}",
        [
            page.Gallery(figures),
            page.Table(("Picture", "Pixels", "Found"), rows),
            page.Table(
                ("", "Estimate before", "Actual after"),
                [
                    ("US dollars", f"{job['estimate']['usd']:.6f}", f"{cost['usd']:.6f}"),
                    ("GB-seconds", f"{job['estimate']['gbSeconds']:.2f}", f"{cost['gbSeconds']:.2f}"),
                    ("Bytes read", "not estimated", f"{cost['bytesIn']:,}"),
                ],
            ),
            *transcripts,
        ],
    )
