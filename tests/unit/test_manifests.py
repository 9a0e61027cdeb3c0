"""What may be said of a model, and what is said of a wrong manifest."""

from __future__ import annotations

import json
from typing import Any

import pytest
from darkroom.adapters.vision.manifests import NOTHING_TOLD, Manifest, Scaling, read

FULL: dict[str, Any] = {
    "layout": "yolov7",
    "size": [320, 640],
    "colours": "bgr",
    "scaling": {"mean": [1, 2, 3], "std": [4, 5, 6]},
    "fit": "stretch",
    "order": "yxyx",
    "units": "fractions",
    "scores": "softmax",
    "numbering": "coco91",
    "columns": ["image", "x1", "y1", "x2", "y2", "score", "label"],
}


def test_every_key_is_read() -> None:
    found = read(FULL)
    assert found.size == (320, 640)
    assert found.scaling == Scaling((1, 2, 3), (4, 5, 6))
    assert found.columns == ("image", "x1", "y1", "x2", "y2", "score", "label")
    assert None not in (found.layout, found.colours, found.fit, found.order, found.units, found.scores, found.numbering)


def test_short_forms_are_read() -> None:
    assert read({}) == NOTHING_TOLD
    assert read({"size": 512, "scaling": "imagenet", "columns": "label score x1 y1 x2 y2"}) == Manifest(
        size=(512, 512), scaling="imagenet", columns=("label", "score", "x1", "y1", "x2", "y2")
    )


@pytest.mark.parametrize("given", [FULL, {}, {"scaling": "0-1", "layout": "detr"}])
def test_what_is_written_reads_the_same(given: dict[str, Any]) -> None:
    assert read(json.loads(read(given).written())) == read(given)


def test_what_is_said_wins_over_what_is_usual() -> None:
    usual = Manifest(colours="rgb", scaling="0-1")
    assert Manifest(colours="bgr", layout="detr").over(usual) == Manifest(layout="detr", colours="bgr", scaling="0-1")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ([], "object"),
        ({"color": "rgb"}, "color"),
        ({"colours": "grey"}, "colours"),
        ({"colours": None}, "colours"),
        ({"fit": ["stretch"]}, "fit"),
        ({"layout": 8}, "layout"),
        ({"size": 0}, "size"),
        ({"size": 100_000}, "size"),
        ({"size": True}, "size"),
        ({"size": [640]}, "size"),
        ({"size": [640, 640.5]}, "size"),
        ({"scaling": "0-100"}, "scaling"),
        ({"scaling": {"mean": [1, 2, 3]}}, "scaling"),
        ({"scaling": {"mean": [1, 2, 3], "std": [1, 0, 1]}}, "scaling"),
        ({"scaling": {"mean": [1, 2, float("nan")], "std": [1, 1, 1]}}, "scaling"),
        ({"scaling": {"mean": ["1", 2, 3], "std": [1, 1, 1]}}, "scaling"),
        ({"columns": "x1 y1 x2 y2 score"}, "columns"),
        ({"columns": "x1 y1 x2 y2 score label label"}, "columns"),
        ({"columns": "x1 y1 x2 y2 score label angle"}, "columns"),
        ({"columns": [[1]]}, "columns"),
    ],
)
def test_a_wrong_manifest_is_refused_by_the_key(given: object, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        read(given)
