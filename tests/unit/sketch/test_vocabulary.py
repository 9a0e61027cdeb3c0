"""The table of things: all of it can be drawn, and all of it is found by its names."""

from __future__ import annotations

import numpy as np
import pytest
from darkroom.adapters.ai.sketch import language, motion, vocabulary
from darkroom.adapters.ai.sketch.glyphs import font
from darkroom.adapters.ai.sketch.shapes import SHAPES, shape


def listed() -> list[vocabulary.Thing]:
    return [thing for thing, _ in vocabulary._parsed()]


def test_every_drawing_of_the_table_exists() -> None:
    drawings = {drawing for thing in listed() for drawing in (thing.drawing, thing.face, *thing.others) if drawing}
    missing = [
        drawing
        for drawing in drawings
        if (drawing[1:] not in SHAPES if drawing.startswith("@") else font().name(drawing) is None)
    ]
    assert missing == []


def test_every_name_of_the_table_is_written_as_it_is_looked_up() -> None:
    for thing, names in vocabulary._parsed():
        for name in names:
            assert name == vocabulary.plain(name), name
            assert len(name.split()) <= vocabulary.LONGEST_NAME, name
            assert thing.motion in motion.MOTIONS, (name, thing.motion)


def test_no_name_of_the_table_stands_for_two_things() -> None:
    seen: dict[str, str] = {}
    for thing, names in vocabulary._parsed():
        for name in names:
            assert seen.setdefault(name, thing.drawing) == thing.drawing, name


def test_colours_are_written_in_six_digits() -> None:
    for thing in listed():
        for colour in (*thing.colours, *([thing.solid] if thing.solid else [])):
            assert len(colour) == 7, thing.name
            int(colour[1:], 16)


def test_what_words_for_kinds_of_things_stand_for_is_in_the_table() -> None:
    names = vocabulary.by_name()
    for kind, members in language.GROUPS.items():
        for member in members.split():
            assert member.replace("+", " ") in names, (kind, member)


def test_what_places_show_by_themselves_can_be_drawn() -> None:
    for place in language.SETTINGS.values():
        if place in language.PROMOTED:
            assert all(vocabulary.emoji_thing(token.text) for token in language.tokens(language.PROMOTED[place]))


@pytest.mark.parametrize(
    ("plural", "one"),
    [
        ("cats", "cat"), ("berries", "berry"), ("foxes", "fox"), ("wolves", "wolf"), ("mice", "mouse"),
        ("churches", "church"), ("glasses", "glass"), ("buses", "bus"), ("octopus", "octopus"), ("bus", "bus"),
        ("princess", "princess"), ("cactus", "cactus"), ("shoes", "shoe"), ("gas", "gas"),
    ],
)  # fmt: skip
def test_plurals_are_undone_and_singulars_left_alone(plural: str, one: str) -> None:
    assert vocabulary.singular(plural) == one


def test_the_longest_name_is_found_first() -> None:
    found = vocabulary.find(["hot", "air", "balloons", "over"], 0)
    assert found is not None
    assert (found[0].name, found[1], found[2]) == ("hot air balloon", 3, True)


def test_names_of_unicode_are_known_beyond_the_table() -> None:
    assert vocabulary.find(["scissors"], 0) is not None
    assert vocabulary.find(["stopwatch"], 0) is not None
    assert vocabulary.find(["up"], 0) is None


def test_no_name_stands_for_a_drawing_that_there_is_not() -> None:
    for name, thing in vocabulary.by_name().items():
        assert thing.drawing.startswith("@") or font().name(thing.drawing) is not None, name


def test_a_line_that_says_nothing_known_is_refused_with_its_number() -> None:
    with pytest.raises(ValueError, match=r"things\.txt:12: 'size=3' is no way to draw a thing"):
        vocabulary._with(vocabulary.Thing("cat", "\U0001f408"), ["size=3"], 12)


def test_shapes_of_the_whole_vocabulary_are_given_for_comparison() -> None:
    names, lines, shapes = vocabulary.rendered(32)
    assert lines.shape == shapes.shape == (len(names), 32, 32)
    assert lines.dtype == shapes.dtype == np.uint8
    assert set(np.unique(shapes)) == {0, 255}
    assert all(vocabulary.find(name.split(), 0) for name in set(names))
    # Everything is there, and what lines enclose is more than the lines.
    assert (lines.max(axis=(1, 2)) > 128).all()
    assert ((shapes > 0).mean(axis=(1, 2)) >= (lines > 128).mean(axis=(1, 2))).all()


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_shapes_of_ours_have_a_box_and_parts_within_it(name: str) -> None:
    drawing = shape(name, ("#ff0000", "#00ff00"))
    x1, y1, x2, y2 = drawing.box
    assert x2 - x1 > 200
    assert y2 - y1 > 100
    for part in drawing.parts:
        for outline in part.art.silhouette:
            assert (outline >= np.array([x1, y1]) - 1e-6).all()
            assert (outline <= np.array([x2, y2]) + 1e-6).all()
