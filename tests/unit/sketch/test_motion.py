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
from darkroom.adapters.ai.sketch.motion import MOTIONS, Move, Mover, _alive, film, groups
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
        "a witch riding a broom", "unknown blorp", "a bird flying", "a butterfly flying over a flower", "a dog walking",
        "a robot walking", "a horse running", "a girl waving", "a flag waving", "a rocket flying",
        "a girl walking a dog", "a spinning windmill", "a ferris wheel", "a helicopter flying",
        "a frog jumping over a log", "a horse jumping over a fence", "a pirate ship at sea",
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


@pytest.mark.parametrize(
    "material", ["a bird flying", "a dog walking", "a fish swimming", "a rocket flying", "3 birds"]
)
def test_who_travels_alone_stays_in_the_picture_and_the_way_goes_by(engine: SketchEngine, material: str) -> None:
    frames = moved(engine, replace(REQUEST, material=material, frames=16))
    ink = np.stack([frame[..., :3].mean(axis=2) < 128 for frame in frames])
    share = ink.mean(axis=(1, 2))
    assert share.min() > 0.6 * share.max()
    middle = ink[:, :, 32:96].mean(axis=(1, 2))
    assert middle.min() > 0.5 * middle.max()
    # What is passed is pale, and seen at the edges, where nobody travels.
    marks = np.stack([frame[..., :3].mean(axis=2) < 225 for frame in frames])
    edges = np.concatenate([marks[:, :, :16], marks[:, :, -16:]], axis=2)
    assert (edges.any(axis=0) & ~edges.all(axis=0)).sum() > 10


def test_who_travels_past_something_goes_out_of_the_picture_and_comes_back() -> None:
    picture = compose("a bird flying over a house", Style.SIMPLE, width=128, height=128, seed=1, roomy=True)
    movers = {items[0].thing.name: mover for items, _, mover in groups(picture)}
    assert movers["bird"].strays
    hovering = compose("a butterfly flying over a house", Style.SIMPLE, width=128, height=128, seed=1, roomy=True)
    butterfly = next(mover for items, _, mover in groups(hovering) if items[0].thing.name == "butterfly")
    assert not butterfly.strays
    assert butterfly.roams > 0
    assert butterfly.box[0] - butterfly.roams >= 0
    assert butterfly.box[2] + butterfly.roams <= 128


def test_a_jump_is_pressed_flat_on_the_ground_and_stretched_in_the_air() -> None:
    moves = [MOTIONS["jump"](MOVER, number / 400) for number in range(400)]
    lowest, highest = min(moves, key=lambda move: move.sy), min(moves, key=lambda move: move.dy)
    assert lowest.dy == 0
    assert lowest.sy < 0.85
    assert lowest.sx > 1.15
    assert highest.dy < -0.2 * MOVER.high
    assert highest.sy == pytest.approx(1, abs=0.02)
    assert max(move.sy for move in moves) > 1.05
    for move in moves:
        assert move.sx * move.sy == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("material", ["a spinning windmill", "a windmill", "a spinning ferris wheel", "a spinning fan"])
def test_of_what_has_something_that_turns_that_alone_turns(engine: SketchEngine, material: str) -> None:
    picture = compose(material, Style.SIMPLE, width=128, height=128, seed=5, roomy=True)
    ((_, motion, mover),) = groups(picture)
    assert {where(MOTIONS[motion](mover, number / 24))[:2] for number in range(24)} == {(0.0, 0.0)}
    assert max(abs(MOTIONS[motion](mover, number / 24).turn) for number in range(24)) < 3
    _, y1, _, y2 = mover.box
    frames = moved(engine, replace(REQUEST, material=material, frames=8))
    ink = np.stack([frame[..., :3].mean(axis=2) < 128 for frame in frames])
    turning, foot = ink[:, int(y1) : int((y1 + y2) / 2)], ink[:, int(y2 - 0.1 * (y2 - y1)) : int(y2)]
    changed = [(part != part[:1]).mean() / part.mean() for part in (turning, foot)]
    assert changed[0] > 2 * changed[1]


@pytest.mark.parametrize(
    "material", ["a frog jumping over a log", "a horse jumping over two fences", "a cat leaps over a dog"]
)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_jump_over_something_goes_from_its_one_side_to_the_other_and_back(material: str, seed: int) -> None:
    picture = compose(material, Style.SIMPLE, width=256, height=256, seed=seed, roomy=True)
    ((_, motion, mover),) = [each for each in groups(picture) if each[1] == "vault"]
    over = [item.box for item in picture.layout.items if item.subject == 1]
    left, top = min(box[0] for box in over), min(box[1] for box in over)
    right, low = max(box[2] for box in over), max(box[3] for box in over)
    x1, _, x2, y2 = mover.box
    steps = [MOTIONS[motion](mover, number / 240) for number in range(240)]
    landed = [step for step in steps if y2 + step.dy > low - 0.5]
    assert {step.dx > 0 for step in landed} == {True, False}
    for step in steps:
        middle = (x1 + x2) / 2 + step.dx
        # On the ground it is beside what it jumps over, and over its middle above it; never out of the picture.
        if step in landed:
            assert middle < left or middle > right
        if abs(middle - (left + right) / 2) < 0.2 * (right - left):
            assert y2 + step.dy < top + 0.02 * (low - top)
        assert x1 + step.dx > -1
        assert x2 + step.dx < 257
        assert mover.box[1] + step.dy > -1
    # It fills a good part of the sheet.
    assert right - left + 2 * (x2 - x1) > 0.5 * 256


def test_who_looks_to_a_side_turns_round_on_the_ground_between_two_jumps() -> None:
    picture = compose("a horse jumping over a fence", Style.SIMPLE, width=256, height=256, seed=1, roomy=True)
    ((_, motion, mover),) = [each for each in groups(picture) if each[1] == "vault"]
    assert mover.turns
    steps = [MOTIONS[motion](mover, number / 240) for number in range(240)]
    for before, after in pairwise([*steps, steps[0]]):
        if abs(after.dx - before.dx) > 1e-6:
            assert (after.dx > before.dx) == (mover.way * after.sx > 0)


@pytest.mark.parametrize("material", ["a dog walking", "a robot walking", "a bird flying", "a girl waving", "a bee"])
@pytest.mark.parametrize("frames", [4, 9, 24])
def test_limbs_move_in_each_frame_and_close_with_the_loop(engine: SketchEngine, material: str, frames: int) -> None:
    picture = compose(material, Style.SIMPLE, width=128, height=128, seed=5, roomy=True)
    ((items, motion, mover),) = groups(picture, frames)
    layer = next(layer for layer, item in picture.layers if item is items[0])
    shown = [_alive(layer, motion, mover, number / frames) for number in range(frames)]
    assert len(set(shown)) > 1
    assert _alive(layer, motion, mover, 1.0) == shown[0]
    assert len({len(each.split("<path")) for each in shown}) == 1


def test_whom_somebody_walks_goes_the_same_way() -> None:
    picture = compose("a girl walking a dog", Style.SIMPLE, width=128, height=128, seed=1, roomy=True)
    found = groups(picture)
    assert {motion for _, motion, _ in found} == {"walk"}
    assert len({mover.heading for _, _, mover in found}) == 1


def test_nobody_flies_away_from_what_they_sit_on() -> None:
    picture = compose("a bird sitting on a branch", Style.SIMPLE, width=128, height=128, seed=1, roomy=True)
    moving = {item.thing.name: motion for items, motion, _ in groups(picture) for item in items}
    assert moving["bird"] == "sway"


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
