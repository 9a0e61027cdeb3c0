"""Loops: they close, they move what the words say, and each frame is a drawing of its own."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from darkroom.adapters.ai.sketch.drawing import compose
from darkroom.adapters.ai.sketch.engine import SketchEngine
from darkroom.adapters.ai.sketch.motion import MOTIONS, Move, Mover, film, groups
from darkroom.adapters.rendering import pixels, rendered
from darkroom.domain.doodles import Style
from darkroom.domain.generation import PNG, DrawRequest
from PIL import Image

from tests.drawings import assert_clean

if TYPE_CHECKING:
    from numpy.typing import NDArray

REQUEST = DrawRequest(
    instruction="", material="a bird flying over a house", style="simple", width=128, height=128, seed=5, frames=12
)
MOVER = Mover((40.0, 60.0, 90.0, 110.0), 1, 0.0, 128.0, 128.0, living=False, diagonal=False, strays=True)


def moved(engine: SketchEngine, request: DrawRequest) -> list[NDArray[np.uint8]]:
    """The frames as pixels, (height, width, 4) RGBA."""
    return [pixels(svg) for svg in engine.films(request)]


@pytest.fixture(scope="module")
def engine() -> SketchEngine:
    return SketchEngine()


def where(move: Move) -> tuple[float, ...]:
    return move.dx, move.dy, move.turn % 360 % 359.999, move.sx, move.sy, move.opacity


@pytest.mark.parametrize("living", [True, False])
@pytest.mark.parametrize("diagonal", [True, False])
@pytest.mark.parametrize("motion", sorted(MOTIONS))
def test_the_end_of_a_motion_is_its_beginning(motion: str, living: bool, diagonal: bool) -> None:
    mover = replace(MOVER, living=living, diagonal=diagonal)
    begin, end = MOTIONS[motion](mover, 0.0), MOTIONS[motion](mover, 1.0)
    assert where(end) == pytest.approx(where(begin), abs=1e-3)


@pytest.mark.parametrize(
    "motion", sorted(set(MOTIONS) - {"roll", "spin", "walk", "run", "drive", "swim", "fly", "fall"})
)
def test_no_motion_that_stays_in_the_picture_jumps(motion: str) -> None:
    steps = [np.array(where(MOTIONS[motion](MOVER, number / 240))) for number in range(241)]
    for before, after in pairwise(steps):
        assert np.abs(after - before)[:2].max() < 8
        assert np.abs(after - before)[3:].max() < 0.16


@pytest.mark.parametrize("motion", ["walk", "run", "drive", "swim", "fly", "roll"])
def test_what_leaves_the_picture_is_out_of_sight_when_it_changes_sides(motion: str) -> None:
    x1, _, x2, _ = MOVER.box
    moves = [MOTIONS[motion](MOVER, number / 200) for number in range(201)]
    for before, after in pairwise(moves):
        if abs(after.dx - before.dx) > 20:
            half = (x2 - x1) / 2
            for move in (before, after):
                middle = (x1 + x2) / 2 + move.dx
                assert middle + half < 6 or middle - half > MOVER.width - 6


@pytest.mark.parametrize("frames", [2, 3, 7, 24, 60])
def test_there_are_as_many_frames_as_asked_for(engine: SketchEngine, frames: int) -> None:
    drawn = engine.draw(replace(REQUEST, frames=frames, width=32, height=32))
    assert len(drawn.pictures) == frames
    assert {picture.media_type for picture in drawn.pictures} == {PNG}
    with Image.open(io.BytesIO(drawn.pictures[-1].data)) as image:
        assert image.size == (32, 32)


def test_the_frames_are_the_film(engine: SketchEngine) -> None:
    films = engine.films(REQUEST)
    assert len(films) == 12
    assert [picture.data for picture in engine.draw(REQUEST).pictures] == [rendered(svg) for svg in films]


def test_the_same_seed_gives_the_same_film(engine: SketchEngine) -> None:
    assert engine.films(REQUEST) == SketchEngine().films(REQUEST)
    assert engine.films(REQUEST) != engine.films(replace(REQUEST, seed=6))


@pytest.mark.parametrize(
    "material",
    [
        "a bird flying over a house", "a ball bouncing", "a dog running in the park", "a spinning wheel",
        "a car on a road",
        "a growing sunflower", "a boy waving", "a boy walking in the snow", "a cat dancing in the rain", "a cat",
        "fish swimming under the sea", "a twinkling star at night", "falling leaves", "a rocket flying in space",
        "a witch riding a broom", "unknown blorp",
    ],
)  # fmt: skip
def test_films_move_and_close(engine: SketchEngine, material: str) -> None:
    frames = [frame.astype(int) for frame in moved(engine, replace(REQUEST, material=material, frames=16))]
    changes = [
        (np.abs(after - before).max(axis=2) > 60).mean()
        for before, after in zip(frames, [*frames[1:], frames[0]], strict=True)
    ]
    assert max(changes) > 0.002
    # From the last frame to the first it is no further than from any frame to the next.
    assert changes[-1] <= 1.6 * max(changes[:-1]) + 0.01


def test_every_frame_is_clean_svg() -> None:
    for material in ("a boy walking in the rain", "a heart that draws itself"):
        for frame in film(material, Style.CARTOON, width=96, height=96, seed=1, transparent=False, frames=8):
            assert_clean(frame)


def test_a_drawing_that_draws_itself_gains_ink_and_begins_complete(engine: SketchEngine) -> None:
    frames = moved(engine, replace(REQUEST, material="a cat that draws itself", frames=24))
    ink = [(frame[..., :3].mean(axis=2) < 128).mean() for frame in frames]
    assert ink[0] > 0.8 * max(ink)
    blank = int(np.argmin(ink))
    assert ink[blank] < 0.1 * max(ink)
    drawn = ink[blank : blank + 12]
    assert all(after >= before - 0.004 for before, after in pairwise(drawn))


def test_who_is_held_ridden_or_worn_moves_along() -> None:
    picture = compose("a bear riding a bicycle and a tree", Style.SIMPLE, width=128, height=128, seed=1)
    moving = {frozenset(item.thing.name for item in items): motion for items, motion, _ in groups(picture)}
    assert moving[frozenset({"bear", "bicycle"})] == "drive"
    assert moving[frozenset({"tree"})] == "sway"


def test_what_the_words_move_moves_and_the_rest_does_not_go_anywhere() -> None:
    picture = compose("a cat dancing next to a car", Style.SIMPLE, width=128, height=128, seed=1)
    moving = {items[0].thing.name: motion for items, motion, _ in groups(picture)}
    assert moving == {"cat": "dance", "car": "sway"}


def test_a_transparent_film_has_transparent_frames(engine: SketchEngine) -> None:
    for frame in moved(engine, replace(REQUEST, transparent=True, frames=4)):
        assert (frame[..., 3] == 0).mean() > 0.3
