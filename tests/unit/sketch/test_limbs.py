"""Limbs: wings beat, legs step by turns, arms wave; what does not move stays where it is, and no outline tears."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from darkroom.adapters.ai.sketch import vocabulary
from darkroom.adapters.ai.sketch.art import Bent, GlyphArt
from darkroom.adapters.ai.sketch.drawing import compose
from darkroom.adapters.ai.sketch.glyphs import font
from darkroom.adapters.ai.sketch.items import drawn
from darkroom.adapters.ai.sketch.language import read
from darkroom.adapters.ai.sketch.layout import laid_out
from darkroom.adapters.ai.sketch.limbs import BEATS, FRAMES_PER_BEAT, WORDS, Legs, beats, limbs
from darkroom.adapters.ai.sketch.motion import MOTIONS
from darkroom.domain.doodles import Style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from darkroom.adapters.ai.sketch.art import Drawing, Part
    from numpy.typing import NDArray

    Points = NDArray[np.float64]

PHASES = [number / 12 for number in range(13)]


def drawing(description: str, *, airborne: bool = False, pose: str = "stand") -> Drawing:
    """The drawing of a description's first thing."""
    subject = read(description).subjects[0]
    return drawn(subject, random.Random(1), airborne=airborne, pose=pose)[0]


def outlines(part: Part) -> list[Points]:
    """What is inked of it, in units, as a thin pen draws it."""
    if isinstance(part.art, Bent):
        return [part.art.bend(outline) for outline in outlines(replace(part, art=part.art.art))]
    if isinstance(part.art, GlyphArt):
        return list(part.art.glyph.light)
    return list(part.art.silhouette)


def bent(part: Part, points: Points, phase: float, motion: str) -> Points:
    for limb in part.limbs:
        often, strength = BEATS.get(motion, {}).get(limb.kind, (0, 0.0))
        if often:
            points = limb.bent(points, phase, strength)
    return points


def moving() -> list[vocabulary.Thing]:
    return [thing for thing, _ in vocabulary._parsed() if thing.limbs]


def frames(part: Part, motion: str) -> NDArray[np.float64]:
    """(phases, points, 2): where all points of its ink are over one beat."""
    points = np.concatenate(outlines(part))
    return np.stack([bent(part, points, phase, motion) for phase in PHASES])


# --- all that the table says -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("thing", moving(), ids=lambda thing: thing.name)
def test_a_beat_ends_where_it_began_and_no_outline_tears_on_the_way(thing: vocabulary.Thing) -> None:
    glyph = font().glyph(thing.drawing)
    x1, y1, x2, y2 = glyph.box
    for limb in limbs(thing.limbs, glyph.box, looks=thing.looks):
        for outline in glyph.light:
            steps = np.hypot(*np.diff(outline, axis=0, append=outline[:1]).T)
            for phase in PHASES:
                moved = limb.bent(outline, phase, 1.35)
                after = np.hypot(*np.diff(moved, axis=0, append=moved[:1]).T)
                # Points that were neighbours stay so: no step is much longer than it was.
                assert (after <= 3.2 * steps + 0.03 * (x2 - x1 + y2 - y1)).all()
            assert limb.bent(outline, 1.0, 1.0) == pytest.approx(limb.bent(outline, 0.0, 1.0), abs=1e-6)


@pytest.mark.parametrize("thing", moving(), ids=lambda thing: thing.name)
def test_what_the_table_lets_move_moves_far_enough_to_be_seen_and_leaves_the_rest_alone(
    thing: vocabulary.Thing,
) -> None:
    glyph = font().glyph(thing.drawing)
    points = np.concatenate(glyph.light)
    size = max(glyph.box[2] - glyph.box[0], glyph.box[3] - glyph.box[1])
    for limb in limbs(thing.limbs, glyph.box, looks=thing.looks):
        places = np.stack([limb.bent(points, phase, 1.0) for phase in PHASES])
        reach = np.ptp(places, axis=0).max(axis=1)
        assert reach.max() > 0.04 * size, limb
        if limb.kind not in {"hand", "tail", "cloth"}:
            assert (reach < 0.002 * size).mean() > 0.05, limb


def test_every_motion_that_moves_limbs_is_one_and_every_kind_of_limb_is_moved() -> None:
    assert set(BEATS) <= set(MOTIONS)
    kinds = {limb.kind for thing in moving() for limb in limbs(thing.limbs, (0.0, 0.0, 1.0, 1.0), looks=thing.looks)}
    assert kinds <= {kind for moved in BEATS.values() for kind in moved}
    assert {word for thing in moving() for word, _ in thing.limbs} == set(WORDS)


# --- wings -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bird", "crow", "parrot", "duck", "goose", "swan"])
def test_a_flying_birds_wings_go_up_and_down_while_its_body_stays_whole(name: str) -> None:
    flying = drawing(f"a {name} flying", airborne=True)
    far, body, near = flying.parts
    _, top, _, bottom = drawing(f"a {name}").box
    high = bottom - top
    for wing in (far, near):
        tips = frames(wing, "fly")[:, :, 1]
        assert np.ptp(tips.mean(axis=1)) > 0.15 * high
        assert np.ptp(tips.min(axis=1)) > 0.2 * high
    assert np.ptp(frames(body, "fly"), axis=0).max() <= 0.2 * high
    above = np.concatenate(outlines(body))[:, 1] < top + 0.7 * high
    assert np.ptp(frames(body, "fly")[:, above], axis=0).max() == 0


@pytest.mark.parametrize("name", ["bird", "crow", "duck", "flamingo", "chick"])
def test_a_flying_bird_tucks_up_its_legs_and_keeps_the_rest_as_it_is(name: str) -> None:
    rest = np.concatenate(outlines(drawing(f"a {name}").parts[0]))
    flying = np.concatenate(outlines(drawing(f"a {name} flying", airborne=True).parts[1]))
    high = np.ptp(rest[:, 1])
    moved = np.abs(flying - rest).max(axis=1) > 0.001 * high
    assert 0.03 < moved.mean() < 0.5
    assert rest[moved, 1].min() > rest[:, 1].min() + 0.5 * high
    assert flying[moved, 0].mean() > rest[moved, 0].mean(), "towards the tail, which is on the right"


def test_a_bird_that_sits_keeps_its_wings_folded() -> None:
    assert len(drawing("a bird").parts) == 1
    layout = laid_out(read("a bird sitting on a branch"), random.Random(1), width=400, height=400, margin=0.1,
                      variant=0, grounded=False, roomy=True)  # fmt: skip
    bird = next(item for item in layout.items if item.thing.name == "bird")
    assert len(bird.drawing.parts) == 1
    assert not bird.aloft


@pytest.mark.parametrize("name", ["dove", "eagle", "bee", "mosquito"])
def test_wings_that_the_font_has_drawn_beat_about_their_hinge(name: str) -> None:
    part = drawing(f"a {name} flying").parts[0]
    x1, y1, x2, y2 = part.art.glyph.box  # type: ignore[attr-defined]
    places = frames(part, "fly")
    reach = np.ptp(places, axis=0).max(axis=1) / max(x2 - x1, y2 - y1)
    assert reach.max() > 0.08
    assert (reach < 0.002).mean() > 0.35
    tip = int(np.argmax(reach))
    assert np.ptp(places[:, tip, 1]) > 0.04 * (y2 - y1)


@pytest.mark.parametrize("name", ["butterfly", "bat", "fairy", "angel"])
def test_wings_on_both_sides_close_alike_and_the_body_between_them_stays(name: str) -> None:
    part = drawing(f"a {name} flying").parts[0]
    places = frames(part, "fly")
    wide = np.ptp(places[..., 0], axis=1)
    assert wide.min() < 0.9 * wide.max()
    fold = part.limbs[0]
    middle = np.abs(places[0, :, 0] - fold.x) < fold.body  # type: ignore[attr-defined]
    assert middle.any()
    assert np.ptp(places[:, middle], axis=0).max() == 0
    left, right = (places[..., 0] - fold.x).min(axis=1), (places[..., 0] - fold.x).max(axis=1)  # type: ignore[attr-defined]
    assert np.argmin(-left) == np.argmin(right)


# --- legs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "thing", [thing for thing in moving() if thing.limbs[0][0] == "legs"], ids=lambda each: each.name
)
def test_a_walkers_feet_alternate_and_all_above_its_hips_stays(thing: vocabulary.Thing) -> None:
    glyph = font().glyph(thing.drawing)
    (legs,) = limbs(thing.limbs, glyph.box, looks=thing.looks)
    assert isinstance(legs, Legs)
    soles = np.array([(foot, legs.ground) for foot in legs.feet])
    begin, half = (legs.bent(soles, phase, 1.0) - soles for phase in (0.0, 0.5))
    for one in range(len(soles) - 1):
        assert begin[one, 0] * begin[one + 1, 0] < 0, "neighbours go opposite ways"
    assert (np.sign(begin[:, 0]) == -np.sign(half[:, 0])).all()
    # A foot goes forwards in the air and backwards on the ground, and never all of them are in the air.
    for phase in PHASES[:-1]:
        before, now, after = (legs.bent(soles, phase + step, 1.0) for step in (-0.02, 0.0, 0.02))
        lifted = soles[:, 1] - now[:, 1] > 0.25 * legs.stride
        assert not lifted.all()
        ahead = (after - before)[:, 0] * legs.ahead
        assert (ahead[lifted] >= -1e-6).all()
    paths = np.stack([legs.bent(soles, phase, 1.0) for phase in PHASES])
    near = [number for number, far in enumerate(legs.far) if not far]
    assert (np.ptp(paths[:, near, 0], axis=0) > legs.stride).all()
    assert (np.ptp(paths[:, near, 1], axis=0) > 0.3 * legs.stride).all()
    high = np.concatenate(glyph.light)
    high = high[high[:, 1] <= legs.hip]
    for phase in PHASES:
        assert (legs.bent(high, phase, 1.35) == high).all()


def test_feet_that_come_together_do_not_run_through_each_other() -> None:
    legs = Legs("leg", 0.0, 100.0, (20.0, 40.0, 80.0), (True, False, False), -1, 14.0)
    along = np.stack([np.linspace(0, 100, 300), np.full(300, 100.0)], axis=1)
    for phase in PHASES:
        assert (np.diff(legs.bent(along, phase, 1.5)[:, 0]) >= 0).all()


@pytest.mark.parametrize("who", ["a robot", "a girl", "an astronaut", "a bear", "a frog"])
def test_a_body_of_ours_steps_with_one_leg_and_then_the_other(who: str) -> None:
    walking = drawing(f"{who} walking", pose="walk")
    legs = [part for part in walking.parts if any(limb.kind == "leg" for limb in part.limbs)]
    assert len(legs) in {2, 4}
    left, right = (frames(part, "walk").mean(axis=1) for part in (legs[0], legs[-1]))
    rest = [np.concatenate(outlines(part)).mean(axis=0) for part in (legs[0], legs[-1])]
    assert (left[0, 0] - rest[0][0]) * (right[0, 0] - rest[1][0]) < 0
    assert np.ptp(left[:, 0]) > 60
    assert np.argmin(left[:-1, 1]) != np.argmin(right[:-1, 1])


def test_shoes_go_with_their_legs_and_hands_with_their_arms() -> None:
    walking = drawing("a girl walking", pose="walk")
    kinds = [part.limbs[0].kind if part.limbs else "" for part in walking.parts]
    assert kinds.count("leg") == 4
    assert kinds.count("arm") == 4
    for one in range(0, 4, 2):
        assert walking.parts[one].limbs == walking.parts[one + 1].limbs


# --- waving ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["a girl", "a bear", "a robot"])
def test_who_waves_moves_one_forearm_to_and_fro(who: str) -> None:
    waving = drawing(f"{who} waving", pose="wave")
    places = [frames(part, "wave") for part in waving.parts]
    reach = [np.ptp(each[..., 0], axis=0).max() for each in places]
    moved = [part for part, far in zip(waving.parts, reach, strict=True) if far > 0]
    assert moved
    assert max(reach) > 150
    middle = (waving.box[0] + waving.box[2]) / 2
    for part in moved:
        points = np.concatenate(outlines(part))
        assert points[:, 0].mean() > middle, "it is the right arm, and nothing else"


def test_a_flag_ripples_and_its_pole_stands() -> None:
    part = drawing("a flag").parts[0]
    x1, _, x2, _ = part.art.glyph.box  # type: ignore[attr-defined]
    places = frames(part, "wave")
    reach = np.ptp(places[..., 1], axis=0)
    pole = places[0, :, 0] < x1 + 0.08 * (x2 - x1)
    end = places[0, :, 0] > x1 + 0.9 * (x2 - x1)
    assert reach[pole].max() == 0
    assert reach[end].min() > 50


# --- in a film -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 3, 4, 6, 12, 24, 60])
def test_no_limb_beats_faster_than_frames_can_show(count: int) -> None:
    for motion, kinds in BEATS.items():
        for kind in kinds:
            often, strength = beats(motion, kind, count)
            assert often == 1 or often * FRAMES_PER_BEAT <= count
            assert strength > 0
    assert beats("still", "leg", count)[0] == 0
    assert beats("sway", "cloth", count)[0] > 0


def test_all_ink_of_a_drawing_is_bent_alike() -> None:
    picture = compose("a dog walking", Style.DETAILED, width=200, height=200, seed=1, roomy=True)
    layer = next(layer for layer, item in picture.layers if item is not None)
    assert layer.drawn is not None
    shift = np.array([100.0, 0.0])
    assert layer.drawn.bent(lambda _: None) == layer.svg
    moved = layer.drawn.bent(lambda _: lambda points: points + shift)
    begins = _begins(layer.svg), _begins(moved)
    assert len(begins[0]) == len(begins[1]) > 5
    scale = abs(layer.drawn.by[0, 0]) * 100 * 10
    steps = np.abs(begins[1] - begins[0])
    assert steps[:, 0] == pytest.approx(np.full(len(steps), scale), abs=2)
    assert steps[:, 1].max() <= 1


def _begins(svg: str) -> NDArray[np.float64]:
    """Where each path of an SVG begins, in tenths of a pixel."""
    found: Sequence[str] = [piece.split("l")[0] for piece in svg.split('d="M')[1:]]
    return np.array([[float(number) for number in each.split()] for each in found])
