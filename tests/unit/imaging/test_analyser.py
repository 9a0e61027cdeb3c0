"""What our own engine draws is named by its shape; what nobody can name is measured all the same."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
import resvg_py
from darkroom.adapters.ai.sketch.drawing import compose
from darkroom.adapters.ai.sketch.vocabulary import rendered
from darkroom.adapters.imaging.analyser import ShapeAnalyser, colour_name
from darkroom.adapters.imaging.encode import PillowEncoder
from darkroom.adapters.imaging.reader import PillowPictures
from darkroom.domain.doodles import Style
from darkroom.domain.generation import Ability, AnalyseRequest, Reading, straight
from PIL import Image

from tests.drawn import WHITE, disc, drawn, ring

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

WORDS = ("cat", "house", "rocket", "bicycle", "fish", "umbrella", "guitar", "balloon", "snail", "key", "crown", "tree")


@pytest.fixture(scope="module")
def analyser() -> ShapeAnalyser:
    return ShapeAnalyser(PillowPictures(), rendered)


def sketched(description: str, style: Style, *, seed: int = 11, transparent: bool = False) -> NDArray[np.uint8]:
    svg = compose(description, style, width=384, height=384, seed=seed, transparent=transparent).svg()
    with Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True)))) as image:
        return np.asarray(image.convert("RGBA"))


@pytest.mark.parametrize("style", list(Style))
def test_most_of_what_the_engine_draws_is_named_first(style: Style, analyser: ShapeAnalyser) -> None:
    right = 0
    for seed, word in enumerate(WORDS):
        reading = analyser.read(sketched(word, style, seed=seed, transparent=seed % 2 == 0))
        confidences = [label.confidence for label in reading.labels]
        assert confidences == sorted(confidences, reverse=True)
        assert all(0 < confidence <= 1 for confidence in confidences)
        right += bool(reading.labels) and reading.labels[0].name == word
    assert right >= len(WORDS) - 2


def test_a_mirrored_drawing_has_the_same_name(analyser: ShapeAnalyser) -> None:
    pixels = sketched("snail", Style.SIMPLE)
    assert [analyser.read(view).labels[0].name for view in (pixels, pixels[:, ::-1])] == ["snail", "snail"]


@pytest.mark.parametrize("style", [Style.SIMPLE, Style.CARTOON])
def test_subjects_that_stand_apart_are_named_one_by_one(style: Style, analyser: ShapeAnalyser) -> None:
    reading = analyser.read(sketched("a bicycle and a house", style))
    assert {label.name for label in reading.labels[:2]} == {"bicycle", "house"}
    assert "bicycle" in reading.caption
    assert "house" in reading.caption


def test_subjects_of_one_kind_are_counted(analyser: ShapeAnalyser) -> None:
    assert "3 balloons" in analyser.read(sketched("three balloons", Style.SIMPLE)).caption


def test_what_is_no_drawing_of_anything_gets_no_name_in_its_caption(analyser: ShapeAnalyser) -> None:
    chance = np.random.default_rng(3)
    scrawl = Image.new("RGBA", (300, 300), "white")
    for x, y in chance.integers(20, 280, (60, 2)):
        scrawl.paste("black", (int(x), int(y), int(x) + 9, int(y) + 9))
    reading = analyser.read(np.asarray(scrawl))
    assert all(label.confidence < 0.5 for label in reading.labels)
    assert " of " not in reading.caption
    assert "parts" in reading.caption


def test_a_photo_is_not_taken_for_a_drawing(analyser: ShapeAnalyser) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (90, 120, 4), np.uint8)
    noise[..., 3] = 255
    reading = analyser.read(noise)
    assert reading.labels == ()
    assert "fills its frame" in reading.caption


@pytest.mark.parametrize(("paper", "words"), [((0, 0, 0, 0), "a transparent background"), (WHITE, "white paper")])
def test_an_empty_sheet_is_told_as_such(paper: tuple[int, int, int, int], words: str, analyser: ShapeAnalyser) -> None:
    reading = analyser.read(np.full((40, 50, 4), paper, np.uint8))
    assert reading.labels == ()
    assert reading.caption == f"An empty sheet, on {words}."


def test_a_caption_tells_what_was_measured(analyser: ShapeAnalyser) -> None:
    caption = analyser.read(drawn(ring(120, 6), ink=(211, 38, 38, 255), paper=WHITE)).caption
    for words in ("red line drawing", "white paper", "mostly symmetrical", "in one piece", "6 pixels wide"):
        assert words in caption
    assert "black" in analyser.read(drawn(disc(90))).caption


def test_it_is_an_engine_that_costs_nothing_and_calls_through_its_trial(analyser: ShapeAnalyser) -> None:
    assert (analyser.name, analyser.abilities) == ("sketch", frozenset({Ability.ANALYSE}))
    data = PillowEncoder().still(sketched("key", Style.SIMPLE), "image/png")
    request = AnalyseRequest(data, "What is this?")
    assert analyser.price_to_analyse(request).usd == 0
    calls: list[Reading] = []

    def trial(call: Callable[[], Reading]) -> Reading:
        calls.append(call())
        return calls[0]

    reading = analyser.analyse(request, trial=trial)
    assert calls == [reading]
    assert reading == analyser.analyse(request, trial=straight)
    assert reading.labels[0].name == "key"
    assert reading.model


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ("#000000", "black"),
        ("#ffffff", "white"),
        ("#e02020", "red"),
        ("#1d4ed8", "blue"),
        ("#15803d", "green"),
        ("#fbf3dc", "cream"),
        ("#ffd166", "yellow"),
        ("#777777", "grey"),
    ],
)
def test_colours_have_plain_names(colour: str, name: str) -> None:
    assert colour_name(colour) == name
