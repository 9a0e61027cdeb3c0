"""Where things stand: on the sheet, apart from each other, and as their relations say."""

from __future__ import annotations

import random
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from darkroom.adapters.ai.sketch.language import read
from darkroom.adapters.ai.sketch.layout import Layout, collisions, laid_out
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
