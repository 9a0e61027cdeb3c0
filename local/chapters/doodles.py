"""Doodles: a sheet of drawings in four styles, drawings that move, one that is looked at, one that is made smaller."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from local import page
from local.stack import StackError

if TYPE_CHECKING:
    from local.tour import Tour

TITLE: Final = "Doodles from words, by an engine that needs no key"
STYLES: Final = ("simple", "detailed", "cartoon", "minimalist")
DESCRIPTIONS: Final = (
    "a small cat playing a guitar under a big tree",
    "two penguins holding a red balloon on the snow",
    "a rocket flying over mountains at night",
)
MOVING: Final = (
    ("a bird flying over a house", "gif", "simple"),
    ("a frog jumping beside a pond", "webp", "cartoon"),
)


def run(tour: Tour) -> page.Chapter:
    sheet = []
    for description in DESCRIPTIONS:
        with tour.step(f"POST /ai: {description}, in four styles"):
            actions = [
                {
                    "action": "generate-doodle",
                    "description": description,
                    "style": style,
                    "size": 384,
                    "seed": 7,
                    "inline": True,
                }
                for style in STYLES
            ]
            answer = tour.call(description, "POST", "/ai", body={"actions": actions}, expect=200).json()
        for style, outcome in zip(STYLES, answer["results"], strict=True):
            sheet.append(_plate(outcome["result"]["doodles"][0], description, style))
    transcripts = tour.last()

    moving = []
    for description, form, style in MOVING:
        with tour.step(f"POST /ai: {description}, as a moving {form}"):
            asked = {
                "action": "generate-animation",
                "description": description,
                "style": style,
                "frameCount": 16,
                "fps": 12,
                "size": 320,
                "format": form,
                "seed": 3,
                "inline": True,
            }
            made = tour.call(description, "POST", "/ai", body=asked, expect=200).json()
        moving.append(_plate(made, description, f"{made['frameCount']} frames, {made['bytes']:,} bytes"))
        transcripts += tour.last()

    with tour.step("The first request once more: recalled, not drawn"):
        again = tour.call("The same, asked again", "POST", "/ai", body={"actions": actions}, expect=200).json()
        if not all(outcome["result"]["cached"] for outcome in again["results"]):
            raise StackError("An equal request was drawn anew", fix="See .darkroom/demo/embedded.log.")
        transcripts += tour.last()

    drawn = answer["results"][0]["result"]["doodles"][0]["imageData"]
    with tour.step("analyze-doodle: what is it?"):
        seen = tour.call(
            "What does it show?", "POST", "/ai", body={"action": "analyze-doodle", "imageData": drawn}, expect=200
        ).json()["analysis"]
        transcripts += tour.last()
    tour.say(seen["caption"])
    with tour.step("optimize-doodle: the same in fewer bytes"):
        smaller = tour.call(
            "In fewer bytes",
            "POST",
            "/ai",
            body={"action": "optimize-doodle", "imageData": drawn, "width": 384, "height": 384},
            expect=200,
        ).json()
        transcripts += tour.last()
    tour.say(f"{smaller['bytesBefore']:,} bytes before, {smaller['bytesAfter']:,} after, SSIM {smaller['ssim']}")

    return page.Chapter(
        TITLE,
        "The words are read for things, numbers, colours and where they stand to each other; the scene is laid out and "
        "drawn by a seeded hand. Nothing was asked of anybody outside this machine.",
        [
            page.Plates(sheet),
            page.Paragraph("And moving:"),
            page.Plates(moving),
            page.Table(
                ("Looked at", "Measured"),
                [
                    ("Caption", seen["caption"]),
                    ("Labels", ", ".join(f"{one['name']} {one['confidence']:.0%}" for one in seen["labels"][:3])),
                    ("Coverage, symmetry", f"{seen['coverage']:.0%}, {seen['symmetry']:.0%}"),
                    (
                        "Made smaller",
                        f"{smaller['bytesBefore']:,} to {smaller['bytesAfter']:,} bytes, SSIM {smaller['ssim']}",
                    ),
                ],
            ),
            *transcripts,
        ],
    )


def _plate(made: dict[str, Any], caption: str, note: str) -> page.Plate:
    return page.Plate(base64.b64decode(made["imageData"]), made["contentType"], caption, note)
