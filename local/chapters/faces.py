"""Faces: found and marked, enrolled with consent, told apart in another picture, and erased for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import httpx

from local import page
from local.pictures import collage, portraits
from local.stack import StackError

if TYPE_CHECKING:
    from local.pictures import Picture
    from local.tour import Tour

TITLE: Final = "Who is who"
CONSENT: Final = "2026-01"
MADE: Final = (
    "The second picture is the first one mirrored, darkened and tilted, because no other portrait comes with this "
    "machine's packages; with DARKROOM_TESTDATA there are other pictures of other people."
)


def run(tour: Tour) -> page.Chapter:
    enrolled, seen_later = portraits()
    found = _find(tour, enrolled)
    transcripts = tour.last()
    marked = [
        page.Plate(_download(seen["annotatedUrl"]), "image/jpeg", picture.title, _told(seen))
        for picture, seen in zip(enrolled, found["results"], strict=True)
    ]
    transcripts += _enrol(tour, enrolled)
    names = {picture.slug: picture.title for picture in enrolled}
    group = collage(seen_later)
    with tour.step("POST /upload-images with another picture, POST /faces/search for each face in it"):
        later = _upload(tour, "Another picture", [group], {})["results"][0]
        transcripts += tour.last()
        boxes, rows = [], []
        for face in later["faces"]:
            answer = tour.call(
                "Who is this?",
                "POST",
                "/faces/search",
                body={"embedding": face["embedding"], "limit": 1, "threshold": -1},
                expect=200,
            ).json()
            best = answer["matches"][0]
            known = best["similarity"] >= answer["model"]["threshold"]
            name = names[best["personId"]] if known else "nobody we know"
            boxes.append(page.Box(name, max(0.0, best["similarity"]), tuple(face["bbox"])))
            rows.append((name, names[best["personId"]], f"{best['similarity']:.3f}", f"{face['score']:.2f}"))
        transcripts += tour.last()
    for row in rows:
        tour.say(f"{row[0]}: nearest is {row[1]} at {row[2]}")
    transcripts += _erase(tour, enrolled[0], later["faces"])

    model = found["model"]
    tour.found["facts"] += [(str(len(enrolled)), "people enrolled with consent, and one of them erased for good")]
    figure = page.Figure(group.shown(), later["imageWidth"], later["imageHeight"], group.title, group.credit, boxes)
    return page.Chapter(
        TITLE,
        f"Found by {model['engine']} with the weights {model['pack']} ({model['licence']} use): "
        f"{model['dimensions']} numbers a face, one person from a cosine of {model['threshold']:.2f}. "
        f"{MADE if len(enrolled) == 1 else ''}",
        [
            page.Paragraph("Each face has a box, five landmarks, a score and a vector; draw=true has them marked."),
            page.Plates(marked),
            page.Paragraph("Enrolled by those pictures, the same people are told apart in another one."),
            page.Gallery([figure]),
            page.Table(("Told to be", "Nearest enrolled", "Similarity", "Detector's score"), rows),
            *transcripts,
        ],
    )


def _find(tour: Tour, pictures: list[Picture]) -> dict[str, Any]:
    with tour.step(f"POST /upload-images with {len(pictures)} portrait(s)"):
        found = _upload(tour, "Which faces are here?", pictures, {"draw": "true"})
    model = found["model"]
    tour.say(f"engine {model['engine']}, pack {model['pack']}, for {model['licence']} use")
    return found


def _upload(tour: Tour, title: str, pictures: list[Picture], fields: dict[str, str]) -> dict[str, Any]:
    """What stands in the pictures, sent as a form; the answer is waited for where it takes long."""
    answer = tour.send(
        title, "/upload-images", [(picture.name, picture.jpeg) for picture in pictures], fields, expect=(200, 202)
    ).json()
    if "results" not in answer:
        answer = tour.wait("The job", f"/jobs/{answer['jobId']}", until="COMPLETED")["result"]
    wrong = next((seen["error"] for seen in answer["results"] if "error" in seen), None)
    if wrong:
        raise StackError(f"A picture was not read: {wrong['message']}", fix="See .darkroom/demo/embedded.log.")
    return dict(answer)


def _enrol(tour: Tour, pictures: list[Picture]) -> list[page.Exchange]:
    transcripts = []
    with tour.step("POST /people and /people/{personId}/faces; without consent it is refused"):
        for place, picture in enumerate(pictures):
            tour.call(
                "A person",
                "POST",
                "/people",
                body={"personId": picture.slug, "name": picture.title},
                expect=201,
            )
            transcripts += tour.last()
            path = f"/people/{picture.slug}/faces"
            files = [(picture.name, picture.jpeg)]
            if place == 0:
                tour.send("Nobody has consented", path, files, {}, expect=403)
                transcripts += tour.last()
            answer = tour.send(
                "Enrolled, with the consent on record", path, files, {"consentVersion": CONSENT}, expect=(200, 202)
            ).json()
            transcripts += tour.last()
            if "jobId" in answer:
                answer = tour.wait("The job", f"/jobs/{answer['jobId']}", until="COMPLETED")["result"]
            if answer["enrolled"] != 1:
                raise StackError(
                    f"{picture.title} was not enrolled: {answer['faces'][0].get('error')}",
                    fix="See .darkroom/demo/embedded.log.",
                )
    return transcripts


def _erase(tour: Tour, picture: Picture, faces: list[dict[str, Any]]) -> list[page.Exchange]:
    with tour.step("DELETE /people/{personId}: vectors, pictures and rows go"):
        answer = tour.call("Erased", "DELETE", f"/people/{picture.slug}", expect=(200, 202)).json()
        transcripts = tour.last()
        tour.wait("The job", f"/jobs/{answer['jobId']}", until="COMPLETED")
        tour.call("Nobody finds the person any more", "GET", f"/people/{picture.slug}", expect=404)
        transcripts += tour.last()
        for face in faces:
            left = tour.call(
                "Nor the face", "POST", "/faces/search", body={"embedding": face["embedding"]}, expect=200
            ).json()
            if any(match["personId"] == picture.slug for match in left["matches"]):
                raise StackError(f"{picture.title} is still found", fix="See .darkroom/demo/embedded.log.")
        transcripts += tour.last()
    tour.say(f"{picture.title} is gone")
    return transcripts


def _told(seen: dict[str, Any]) -> str:
    count = seen["faceCount"]
    best = max((face["quality"]["size"] for face in seen["faces"]), default=0)
    return f"{count} face{'' if count == 1 else 's'}, the largest {best:.0f} pixels wide"


def _download(url: str) -> bytes:
    answer = httpx.get(url, timeout=30, trust_env=False)
    if answer.status_code != 200:
        raise StackError(f"A picture's URL answered {answer.status_code}", fix="See .darkroom/demo/embedded.log.")
    return answer.content
