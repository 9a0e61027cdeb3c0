"""The engine as the port sees it: the same picture for the same request, four styles, any text, clean SVG."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from darkroom.adapters.ai.sketch.engine import SketchEngine
from darkroom.adapters.rendering import pixels
from darkroom.domain.doodles import Style
from darkroom.domain.generation import PNG, SVG, Ability, Drawn, DrawRequest
from PIL import Image

from tests.drawings import HOSTILE, assert_clean

REQUEST = DrawRequest(
    instruction="", material="a cat playing a guitar on the moon", style="simple", width=192, height=192, seed=11
)
SHARED = Path(__file__).resolve().parents[3] / "shared"


@pytest.fixture(scope="module")
def engine() -> SketchEngine:
    return SketchEngine()


def svg(engine: SketchEngine, request: DrawRequest) -> str:
    return engine.draw(replace(request, media_type=SVG)).pictures[0].data.decode()


def looks(engine: SketchEngine, request: DrawRequest) -> np.ndarray:
    """(height, width, 3) of the picture on white, 0 to 1."""
    rgba = pixels(svg(engine, request)).astype(float) / 255
    return rgba[..., :3] * rgba[..., 3:] + 1 - rgba[..., 3:]


def test_it_says_what_it_can_do_and_that_it_is_free(engine: SketchEngine) -> None:
    assert engine.abilities >= {Ability.DOODLE, Ability.ANIMATE, Ability.TRANSPARENT, Ability.VECTOR, Ability.SEED}
    assert engine.price(REQUEST).usd == 0


def test_each_call_goes_through_the_trial(engine: SketchEngine) -> None:
    calls = []

    def trial(call: object) -> Drawn:
        calls.append(call)
        return call()  # type: ignore[operator, no-any-return]

    assert engine.draw(REQUEST, trial=trial).pictures
    assert len(calls) == 1


def test_png_has_the_size_that_was_asked_for(engine: SketchEngine) -> None:
    drawn = engine.draw(replace(REQUEST, width=240, height=96))
    picture = drawn.pictures[0]
    assert (picture.media_type, picture.width, picture.height, picture.seed) == (PNG, 240, 96, 11)
    with Image.open(io.BytesIO(picture.data), formats=["PNG"]) as image:
        assert image.size == (240, 96)
    assert picture.subject is not None
    x1, y1, x2, y2 = picture.subject
    assert 0 <= x1 < x2 <= 240
    assert 0 <= y1 < y2 <= 96


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(engine: SketchEngine) -> None:
    first = engine.draw(REQUEST).pictures[0].data
    assert engine.draw(REQUEST).pictures[0].data == first
    assert SketchEngine().draw(REQUEST).pictures[0].data == first
    assert engine.draw(replace(REQUEST, seed=12)).pictures[0].data != first


def test_without_a_seed_equal_requests_are_equal(engine: SketchEngine) -> None:
    unseeded = replace(REQUEST, seed=None)
    assert svg(engine, unseeded) == svg(engine, unseeded)


@pytest.mark.parametrize("hashing", ["0", "1"])
def test_another_process_draws_the_same(engine: SketchEngine, hashing: str) -> None:
    code = (
        "import hashlib\n"
        "from darkroom.adapters.ai.sketch.engine import SketchEngine\n"
        "from darkroom.domain.generation import DrawRequest, SVG\n"
        f"request = {REQUEST!r}\n"
        "import dataclasses\n"
        "drawn = SketchEngine().draw(dataclasses.replace(request, media_type=SVG, style='cartoon'))\n"
        "print(hashlib.sha256(drawn.pictures[0].data).hexdigest())\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": str(SHARED), "PYTHONHASHSEED": hashing},
    )  # fmt: skip
    here = hashlib.sha256(svg(engine, replace(REQUEST, style="cartoon")).encode()).hexdigest()
    assert answer.stdout.strip() == here


def test_threads_of_one_process_draw_what_one_alone_draws(engine: SketchEngine) -> None:
    materials = [
        f"a {name} and a {other}" for name in ("yak", "otter", "kiwi", "scroll") for other in ("gnat", "squid")
    ]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda each: svg(engine, replace(REQUEST, material=each)), materials))
    assert together == [svg(engine, replace(REQUEST, material=each)) for each in materials]


def test_count_gives_that_many_different_drawings_of_the_same(engine: SketchEngine) -> None:
    drawn = engine.draw(replace(REQUEST, material="a cat", count=6))
    assert len({picture.data for picture in drawn.pictures}) == 6
    shown = [np.asarray(Image.open(io.BytesIO(each.data)).convert("L"), dtype=float) for each in drawn.pictures]
    for number, one in enumerate(shown):
        for two in shown[number + 1 :]:
            # Not a jitter of the pen: a good part of the ink is elsewhere.
            inked = ((one < 128) | (two < 128)).sum()
            assert ((one < 128) ^ (two < 128)).sum() > 0.25 * inked


MATERIALS = ("a fox", "a house and a tree", "a girl holding a flower", "a car")


def measured(picture: np.ndarray) -> dict[str, float]:
    """Of a picture: shares of dark ink, of saturated colour and of grey, and the area of the ink's box."""
    saturation = picture.max(axis=2) - picture.min(axis=2)
    light = picture.mean(axis=2)
    rows, columns = np.nonzero(light < 0.35)
    return {
        "ink": float((light < 0.35).mean()),
        "colour": float((saturation > 0.25).mean()),
        "box": float(np.ptp(rows) * np.ptp(columns)),
        "grey": float(((light > 0.35) & (light < 0.8) & (saturation < 0.2)).mean()),
    }


@pytest.mark.parametrize("material", MATERIALS)
def test_styles_are_told_apart_by_measure(engine: SketchEngine, material: str) -> None:
    simple, detailed, cartoon, minimalist = (
        measured(looks(engine, replace(REQUEST, material=material, style=style, width=384, height=384)))
        for style in (Style.SIMPLE, Style.DETAILED, Style.CARTOON, Style.MINIMALIST)
    )
    assert simple["colour"] < 0.01
    assert cartoon["colour"] > 0.05
    assert 0.0005 < minimalist["colour"] < cartoon["colour"] / 2
    assert detailed["grey"] > 1.5 * simple["grey"]
    assert minimalist["ink"] < 0.6 * simple["ink"]
    assert minimalist["box"] < 0.7 * simple["box"]
    assert cartoon["ink"] > simple["ink"]


def test_colours_of_the_description_win(engine: SketchEngine) -> None:
    for style in Style:
        blue = looks(engine, replace(REQUEST, material="a blue car", style=style))
        is_blue = (blue[..., 2] > blue[..., 0] + 0.2) & (blue[..., 2] > 0.5)
        red = looks(engine, replace(REQUEST, material="a red car", style=style))
        is_red = (red[..., 0] > red[..., 2] + 0.2) & (red[..., 0] > 0.5)
        assert is_blue.mean() > 0.02, style
        assert is_red.mean() > 0.02, style


def test_a_transparent_sheet_is_transparent_beside_the_drawing(engine: SketchEngine) -> None:
    for style in Style:
        for material in ("a cat", "a cat in the rain"):
            rgba = pixels(svg(engine, replace(REQUEST, material=material, style=style, transparent=True)))
            assert (rgba[..., 3] == 0).mean() > 0.3, (style, material)
            assert (rgba[..., 3] == 255).mean() > 0.005, (style, material)
    assert (pixels(svg(engine, REQUEST))[..., 3] == 255).all()


def test_words_that_it_does_not_know_are_listed_and_still_drawn(engine: SketchEngine) -> None:
    request = replace(REQUEST, material="quiet xylem resonance")
    drawn = engine.draw(request)
    assert drawn.unmatched == ("quiet", "xylem", "resonance")
    ink = looks(engine, request).mean(axis=2) < 0.5
    assert 0.003 < ink.mean() < 0.3
    other = looks(engine, replace(request, material="blorptic frabjous")).mean(axis=2) < 0.5
    assert (ink ^ other).mean() > 0.003


@pytest.mark.parametrize("material", HOSTILE)
@pytest.mark.parametrize("style", ["simple", "cartoon"])
def test_no_text_makes_it_fail_or_gets_into_the_drawing(engine: SketchEngine, material: str, style: str) -> None:
    drawing = svg(engine, replace(REQUEST, material=material, style=style, width=96, height=96))
    assert_clean(drawing)


@pytest.mark.parametrize("style", list(Style))
def test_svg_is_clean_and_of_a_reasonable_size(engine: SketchEngine, style: Style) -> None:
    drawing = svg(engine, replace(REQUEST, material="a girl holding a red umbrella in the rain", style=style))
    assert_clean(drawing)
    assert len(drawing) < 600_000


@pytest.mark.parametrize("size", [(64, 64), (1, 1), (16, 640), (640, 16), (2048, 300)])
def test_any_sheet_will_do(engine: SketchEngine, size: tuple[int, int]) -> None:
    for style in Style:
        drawn = engine.draw(replace(REQUEST, style=style, width=size[0], height=size[1]))
        with Image.open(io.BytesIO(drawn.pictures[0].data)) as image:
            assert image.size == size


PLACES = (
    "night", "rain", "storm", "snow", "windy", "sunny day", "forest", "beach", "underwater", "sea", "space",
    "on the moon", "meadow", "garden", "mountains", "desert", "city", "road", "sky", "kitchen", "party",
    "at sunset", "farm", "autumn", "concert",
)  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_every_place_can_be_drawn_in_every_style(engine: SketchEngine, place: str) -> None:
    plain = looks(engine, replace(REQUEST, material="a cat", width=128, height=128))
    for style in Style:
        material = f"a cat in the {place}"
        assert engine.draw(replace(REQUEST, material=material, style=style, width=96, height=96)).unmatched == ()
    there = looks(engine, replace(REQUEST, material=f"a cat in the {place}", width=128, height=128))
    assert (np.abs(there - plain).max(axis=2) > 0.2).mean() > 0.01


def test_a_style_that_there_is_not_is_an_error(engine: SketchEngine) -> None:
    with pytest.raises(ValueError, match="baroque"):
        engine.draw(replace(REQUEST, style="baroque"))
