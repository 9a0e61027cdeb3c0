"""Where things stand: on the sheet, apart from each other, and as their relations say."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest
from darkroom.adapters.ai.sketch import vocabulary
from darkroom.adapters.ai.sketch.drawing import compose
from darkroom.adapters.ai.sketch.language import LIVING, read
from darkroom.adapters.ai.sketch.layout import Layout, collisions, laid_out
from darkroom.adapters.ai.sketch.stage import standing
from darkroom.adapters.rendering import pixels
from darkroom.domain.doodles import Style
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from darkroom.adapters.ai.sketch.items import Item

NAMES = ("cat", "elephant", "mouse", "tree", "car", "balloon", "house", "fish", "girl", "star", "bear", "banana")
PREPOSITIONS = ("next to", "on", "under", "behind", "in front of", "above", "with", "chasing", "looking at", "between")
COUNTS = ("a", "two", "three", "five", "nine")


def lay(description: str, *, width: int = 600, height: int = 600, variant: int = 0, seed: int = 3) -> Layout:
    scene = read(description)
    return laid_out(
        scene, random.Random(seed), width=width, height=height, margin=0.08, variant=variant,
        grounded=bool(scene.settings),
    )  # fmt: skip


def only(layout: Layout, name: str) -> Item:
    return next(item for item in layout.items if item.thing.name == name)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(COUNTS), st.sampled_from(NAMES)), min_size=1, max_size=4),
    st.sampled_from((" and ", ". ", ", ", *(f" {word} " for word in PREPOSITIONS))),
    st.sampled_from([(600, 600), (900, 400), (400, 900), (64, 512)]),
    st.integers(0, 3),
)
def test_nothing_collides_and_nothing_is_cut_off(
    things: list[tuple[str, str]], joint: str, sheet: tuple[int, int], variant: int
) -> None:
    description = joint.join(f"{count} {name}" for count, name in things)
    layout = lay(description, width=sheet[0], height=sheet[1], variant=variant)
    assert layout.items
    assert not collisions(layout.items), description
    x1, y1, x2, y2 = layout.focus
    assert x1 >= -0.5, description
    assert y1 >= -0.5, description
    assert x2 <= sheet[0] + 0.5, description
    assert y2 <= sheet[1] + 0.5, description


def test_what_is_on_something_touches_it_from_above() -> None:
    layout = lay("a cat on a table")
    cat, table = only(layout, "cat"), only(layout, "table")
    assert cat.box[3] == pytest.approx(table.box[1], abs=0.12 * cat.h)
    assert table.box[0] < cat.x < table.box[2]


def test_what_is_above_something_does_not_touch_it() -> None:
    layout = lay("a balloon over a house")
    assert only(layout, "balloon").box[3] < only(layout, "house").box[1]


def test_what_is_under_a_table_is_within_its_legs() -> None:
    layout = lay("a mouse under a table")
    mouse, table = only(layout, "mouse"), only(layout, "table")
    assert table.box[0] < mouse.box[0]
    assert mouse.box[2] < table.box[2]
    assert mouse.box[1] > table.box[1]


def test_what_is_between_is_in_the_middle() -> None:
    layout = lay("a cat between two trees")
    left, right = sorted(item.x for item in layout.items if item.thing.name == "tree")
    assert left < only(layout, "cat").x < right
    two = lay("a cat between a dog and a bear")
    assert sorted(item.x for item in two.items)[1] == only(two, "cat").x


def test_what_is_behind_is_drawn_first_and_in_front_last() -> None:
    layout = lay("a rabbit behind a tree")
    assert [item.thing.name for item in layout.items] == ["rabbit", "tree"]
    layout = lay("a princess in front of a castle")
    assert [item.thing.name for item in layout.items] == ["castle", "princess"]


@pytest.mark.parametrize(
    ("sitter", "seat"),
    [("cat", "chair"), ("dog", "sofa"), ("girl", "bench"), ("frog", "mushroom"), ("bear", "log"), ("king", "rock"),
     ("rabbit", "cushion"), ("monkey", "elephant"), ("owl", "tree"), ("bird", "branch")],
)  # fmt: skip
def test_who_sits_touches_the_seat_at_a_sensible_size(sitter: str, seat: str) -> None:
    layout = lay(f"a {sitter} sitting on a {seat}")
    who, what = (next(item for item in layout.items if item.thing.drawing == vocabulary.by_name()[name].drawing)
                 for name in (sitter, seat))  # fmt: skip
    assert 0.15 < (who.w * who.h) / (what.w * what.h) < 5
    # What it sits with is within the seat: the seat's ink is right beneath it, and it is before the seat.
    low = who.box[3]
    if who.drawing.seat is not None:
        top, bottom = who.drawing.box[1], who.drawing.box[3]
        low = who.box[1] + (who.drawing.seat - top) / (bottom - top) * who.h
    around = np.linspace(who.x - 0.3 * who.w, who.x + 0.3 * who.w, 9)
    down = np.linspace(low - 0.03 * who.h, low + 0.12 * who.h, 9)
    points = np.stack([each.ravel() for each in np.meshgrid(around, down)], axis=1)
    assert what.covers(points).any()
    assert low > what.box[1] - 0.02 * who.h
    assert who.z > what.z or who.box[3] <= what.box[1] + 0.2 * what.h


def test_who_sits_is_drawn_sitting_and_who_stands_standing() -> None:
    assert only(lay("a girl sitting on a bench"), "girl").pose == "sit"
    assert only(lay("a cat sits on a sofa"), "cat").pose == "sit"
    assert only(lay("a girl standing on a bench"), "girl").pose == "stand"
    assert only(lay("a cat on a table"), "cat").pose == ""


def test_feet_of_who_sits_hang_below_the_seat_and_above_the_ground() -> None:
    layout = lay("a boy sitting on a chair")
    boy, chair = only(layout, "boy"), only(layout, "chair")
    assert chair.box[1] + 0.5 * chair.h < boy.box[3] < chair.box[3]


def test_birds_on_a_fence_sit_in_one_row() -> None:
    layout = lay("five birds sitting on a fence")
    fence = only(layout, "fence")
    birds = [item for item in layout.items if item.thing.name == "bird"]
    assert len(birds) == 5
    for bird in birds:
        assert bird.box[3] == pytest.approx(fence.box[1] + 0.1 * fence.h, abs=0.15 * bird.h)


BEHIND = (
    ("dog", "tree"), ("cat", "sofa"), ("elephant", "fence"), ("fox", "bush"), ("lion", "tree"), ("cow", "fence"),
    ("boy", "door"), ("house", "tree"), ("tree", "house"),
)  # fmt: skip


@pytest.mark.parametrize("seed", [3, 4])
@pytest.mark.parametrize(("back", "front"), BEHIND)
def test_what_is_behind_something_is_partly_hidden_and_still_known_by_its_head(
    back: str, front: str, seed: int
) -> None:
    layout = lay(f"a {back} behind a {front}", seed=seed)
    hidden, before = layout.items
    x1, y1, x2, y2 = hidden.box
    across, down = np.meshgrid(np.linspace(x1, x2, 50), np.linspace(y1, y2, 50))
    points = np.stack([across.ravel(), down.ravel()], axis=1)
    points = points[hidden.covers(points)]
    assert 0.12 < before.covers(points).mean() < 0.62
    x, y, wide = hidden.head()
    head = points[np.hypot(points[:, 0] - x, points[:, 1] - y) < 0.4 * wide]
    if hidden.thing.section in LIVING:
        assert before.covers(head).mean() < 0.4


@pytest.mark.parametrize("style", list(Style))
@pytest.mark.parametrize(("back", "front"), [("elephant", "fence"), ("cat", "sofa"), ("house", "tree")])
def test_the_front_ones_silhouette_cuts_the_lines_of_the_back_one(back: str, front: str, style: Style) -> None:
    picture = compose(f"a {back} behind a {front}", style, width=240, height=240, seed=3)
    before = next(item for _, item in picture.layers if item is not None and item.thing.name == front)
    alone = replace(picture, layers=tuple(each for each in picture.layers if each[1] is None or each[1] is before))
    both, one = (pixels(each.svg())[..., :3].astype(int) for each in (picture, alone))
    down, across = np.mgrid[0:240, 0:240]
    inside = np.ones(240 * 240, dtype=bool)
    # Well within the silhouette: a hand strays a little.
    for dx, dy in ((0, 0), (-5, 0), (5, 0), (0, -5), (0, 5)):
        inside &= before.covers(np.stack([across.ravel() + dx, down.ravel() + dy], axis=1).astype(float))
    assert inside.any()
    difference = np.abs(both - one).max(axis=2).ravel()
    assert (difference > 90).any(), "the back one is seen beside it"
    assert (difference[inside] > 90).mean() < 0.02


def test_what_flies_has_no_ground_under_it() -> None:
    owl = only(lay("an owl flying"), "owl")
    assert owl.aloft
    assert standing([owl]) == []
    assert lay("an owl flying").ground is None


def test_what_is_in_a_box_is_between_its_back_and_its_front() -> None:
    layout = lay("a cat in a box")
    assert [item.thing.name for item in layout.items] == ["box", "cat", "box"]
    assert layout.items[0].clip is None
    assert layout.items[2].clip is not None
    assert only(layout, "cat").box[1] < layout.items[0].box[1]


def test_a_hat_is_on_the_head_and_held_things_are_at_the_hand() -> None:
    layout = lay("a bear wearing a top hat")
    bear, hat = only(layout, "bear"), only(layout, "top hat")
    assert hat.y < bear.box[1] + 0.1 * bear.h
    assert abs(hat.x - bear.x) < 0.2 * bear.w
    held = lay("a girl holding a balloon")
    assert only(held, "balloon").string is not None
    assert only(held, "balloon").box[1] < only(held, "girl").box[1]


@pytest.mark.parametrize("holder", ["girl", "bear", "octopus", "dog"])
@pytest.mark.parametrize(
    "held", ["cup and a book", "book and a cup", "umbrella, a cup, a book", "cup, a book, an apple"]
)
def test_things_held_together_do_not_hide_each_other(holder: str, held: str) -> None:
    layout = lay(f"a {holder} holding a {held}")
    boxes = [item.box for item in layout.items if item.thing.name in {"teacup", "book", "apple"}]
    assert len(boxes) == held.count("cup") + held.count("book") + held.count("apple")
    for (x1, y1, x2, y2), (u1, v1, u2, v2) in combinations(boxes, 2):
        across, down = min(x2, u2) - max(x1, u1), min(y2, v2) - max(y1, v1)
        smaller = min((x2 - x1) * (y2 - y1), (u2 - u1) * (v2 - v1))
        assert max(across, 0) * max(down, 0) < 0.1 * smaller


def test_who_chases_is_behind_whom_it_chases() -> None:
    layout = lay("a dog chasing a mouse")
    dog, mouse = only(layout, "dog"), only(layout, "mouse")
    assert dog.x < mouse.x
    assert dog.flip
    assert mouse.flip


def test_nature_is_tempered_but_not_forgotten() -> None:
    layout = lay("a mouse next to an elephant")
    mouse, elephant = only(layout, "mouse"), only(layout, "elephant")
    assert mouse.h < 0.6 * elephant.h
    assert mouse.h > 0.2 * elephant.h


def test_sizes_of_the_description_win() -> None:
    small, big = lay("a tiny cat and a dog"), lay("a huge cat and a dog")
    assert only(small, "cat").h / only(small, "dog").h < 0.6 * only(big, "cat").h / only(big, "dog").h


def test_the_sky_is_above_what_stands() -> None:
    layout = lay("a cat, the moon and three stars")
    lowest = max(item.box[3] for item in layout.items if item.thing.name in {"moon", "star"})
    assert lowest < only(layout, "cat").box[1]


@pytest.mark.parametrize("count", [1, 2, 5, 9, 24])
def test_copies_are_all_there(count: int) -> None:
    assert len(lay(f"{count} cats").items) == count


def test_copies_each_wear_one() -> None:
    layout = lay("three bears wearing hats")
    assert sum(item.thing.name == "bear" for item in layout.items) == 3
    assert sum(item.thing.name == "top hat" for item in layout.items) == 3


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    ("description", "base", "top"),
    [
        ("a tree with a star on top", "tree", "star"),
        ("a house with a bird on top", "house", "bird"),
        ("a cake with a cherry on top", "birthday cake", "cherry"),
        ("a snowman with a bird on top", "snowman", "bird"),
        ("a table and a cat on top", "table", "cat"),
    ],
)
def test_what_is_on_top_stands_on_the_highest_part(description: str, base: str, top: str, seed: int) -> None:
    layout = lay(description, seed=seed)
    below, above = only(layout, base), only(layout, top)
    assert above.box[1] < below.box[1]
    assert abs(above.box[3] - below.box[1]) < 0.35 * above.h + 0.06 * below.h
    assert below.box[0] < above.x < below.box[2]


@pytest.mark.parametrize("description", ["a pirate ship at sea at night", "a pirate at sea", "a dog on the ocean"])
def test_nobody_stands_on_the_sea(description: str) -> None:
    layout = lay(description)
    assert standing(layout.items) == []
    assert any(item.thing.place == "water" for item in layout.items)


@pytest.mark.parametrize(
    "description", ["a mermaid", "a merman", "a fairy", "an angel", "a superhero", "a villain", "a dancer"]
)
def test_who_is_half_human_has_a_head_with_hair_on_a_body_of_ours(description: str) -> None:
    (item,) = lay(description).items
    assert item.drawing.head is not None
    assert len(item.drawing.parts) > 5
    tail = [part for part in item.drawing.parts if part.colours[0] == item.thing.colours[-1]]
    assert tail or description == "a dancer"
