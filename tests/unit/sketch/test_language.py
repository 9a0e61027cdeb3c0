"""What is read out of a description: a table of sentences, and texts that nobody meant to be drawn."""

from __future__ import annotations

import pytest
from darkroom.adapters.ai.sketch.language import MOST, THINGS, Relation, Scene, read
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawings import HOSTILE


def told(scene: Scene) -> list[tuple[str, int]]:
    return [(subject.thing.name, subject.count) for subject in scene.subjects]


def linked(scene: Scene) -> list[tuple[str, str, str]]:
    names = [subject.thing.name for subject in scene.subjects]
    return [(names[link.subject], link.relation.value, names[link.object]) for link in scene.links]


@pytest.mark.parametrize(
    ("description", "things"),
    [
        ("a cat", [("cat", 1)]),
        ("cats", [("cat", 3)]),
        ("three cats", [("cat", 3)]),
        ("3 cats and a dog", [("cat", 3), ("dog", 1)]),
        ("a pair of mice", [("mouse", 2)]),
        ("a couple of geese", [("goose", 2)]),
        ("half a dozen wolves", [("wolf", 6)]),
        ("a flock of birds", [("bird", 7)]),
        ("a school of fish", [("fish", 7)]),
        ("two sheep", [("sheep", 2)]),
        ("lots of children", [("child", 9)]),
        ("thousands of stars", [("star", 24)]),
        ("a hot air balloon", [("hot air balloon", 1)]),
        ("a red balloon", [("balloon", 1)]),
        ("an ice cream cone", [("ice cream cone", 1)]),
        ("a palm tree", [("palm", 1)]),
        ("a fire truck", [("fire engine", 1)]),
        ("a hot dog", [("hot dog", 1)]),
        ("a hot dog in the sun", [("hot dog", 1), ("sun", 1)]),
        ("kitty, puppy and bunny", [("cat", 1), ("dog", 1), ("rabbit", 1)]),
        ("the cat's hat", [("cat", 1), ("top hat", 1)]),
        ("a picture of a cat", [("cat", 1)]),
        ("a painting", [("painting", 1)]),
        ("fruit", [("apple", 1), ("banana", 1), ("grapes", 1)]),
        ("A CAT", [("cat", 1)]),
    ],
)
def test_things_and_how_many_of_them_are_read(description: str, things: list[tuple[str, int]]) -> None:
    assert told(read(description)) == things


@pytest.mark.parametrize(
    ("description", "links"),
    [
        ("a cat on a mat", [("cat", "on", "rug")]),
        ("a cat sitting on top of a fence", [("cat", "sitting on", "fence")]),
        ("a mouse under the table", [("mouse", "under", "table")]),
        ("a mouse next to an elephant", [("mouse", "beside", "elephant")]),
        ("a cat between two trees", [("cat", "between", "tree")]),
        ("a cat between a dog and a bird", [("cat", "between", "dog"), ("cat", "between", "bird")]),
        ("a rabbit behind a tree", [("rabbit", "behind", "tree")]),
        ("a princess in front of a castle", [("princess", "in front of", "castle")]),
        ("a cat in a box", [("cat", "in", "box")]),
        ("a bird flying over a house", [("bird", "above", "house")]),
        ("a cat playing a guitar", [("cat", "playing", "guitar")]),
        ("a guitar-playing cat", [("cat", "playing", "guitar")]),
        ("a boy holding a balloon", [("boy", "holding", "balloon")]),
        ("a girl with a balloon", [("girl", "holding", "balloon")]),
        ("a girl with a dog", [("girl", "beside", "dog")]),
        ("a dog with a hat", [("dog", "wearing", "top hat")]),
        ("a penguin with a hat and a scarf", [("penguin", "wearing", "top hat"), ("penguin", "wearing", "scarf")]),
        ("a house with a tree", [("house", "beside", "tree")]),
        ("a bear riding a bicycle", [("bear", "riding", "bicycle")]),
        ("a man driving a car", [("man", "riding", "car")]),
        ("an elephant wearing a crown", [("elephant", "wearing", "crown")]),
        ("a dog chasing a cat", [("dog", "chasing", "cat")]),
        ("a cat looking at a fish in a bowl", [("cat", "looking at", "fish"), ("fish", "in", "bowl")]),
        ("a dog dreaming of a bone", [("dog", "dreaming of", "bone")]),
        ("a basket full of apples", [("basket", "full of", "apple")]),
        ("a basket of apples", [("basket", "full of", "apple")]),
        ("a boy flying a kite", [("boy", "holding", "kite")]),
        ("a monkey eating a banana", [("monkey", "holding", "banana")]),
        ("a cat and a dog on a sofa", [("cat", "on", "sofa"), ("dog", "on", "sofa")]),
        ("under the tree a fox is waiting", [("fox", "under", "tree")]),
        ("a flower in a vase on a table", [("flower", "in", "vase"), ("flower", "on", "table")]),
        ("a cat. a dog", []),
        ("a cake with candles", [("birthday cake", "topped with", "candle")]),
    ],
)
def test_relations_are_read_between_the_right_things(description: str, links: list[tuple[str, str, str]]) -> None:
    assert linked(read(description)) == links


@pytest.mark.parametrize(
    ("description", "colours"),
    [
        ("a red car", ["#e5484d"]),
        ("a car that is red", ["#e5484d"]),
        ("an orange cat", ["#f28f3b"]),
        ("an orange", [""]),
        ("a light blue bird", ["#9fd0f0"]),
        ("a red hat and a blue dress", ["#e5484d", "#4a90d9"]),
        ("colourful balloons", ["rainbow"]),
        ("a rainbow", [""]),
        ("a green apple and a red apple", ["#5fae5a", "#e5484d"]),
    ],
)
def test_a_colour_is_said_of_its_thing_and_a_fruit_is_no_colour(description: str, colours: list[str]) -> None:
    assert [subject.colour for subject in read(description).subjects] == colours


@pytest.mark.parametrize(
    ("description", "motion"),
    [
        ("a flying pig", "fly"),
        ("a pig that flies", "fly"),
        ("a jumping frog", "jump"),
        ("a frog jumps", "jump"),
        ("a dog is running", "run"),
        ("a spinning wheel", "spin"),
        ("a rolling ball", "roll"),
        ("a boy waving", "wave"),
        ("a growing tree", "grow"),
        ("falling leaves", "fall"),
        ("a dancing robot", "dance"),
        ("a twinkling star", "twinkle"),
        ("a cat", ""),
    ],
)
def test_a_motion_is_said_of_what_moves(description: str, motion: str) -> None:
    scene = read(description)
    assert scene.subjects[0].motion == motion
    assert scene.moved is bool(motion)


def test_who_flies_a_kite_stays_on_the_ground() -> None:
    boy, kite = read("a boy flying a kite").subjects
    assert (boy.motion, kite.motion) == ("", "fly")


@pytest.mark.parametrize("description", ["a heart that draws itself", "a heart being drawn", "a heart drawing itself"])
def test_a_drawing_may_be_asked_to_draw_itself(description: str) -> None:
    assert read(description).whole == "draw"


@pytest.mark.parametrize(
    ("description", "places"),
    [
        ("a cat in the rain", ("rain",)),
        ("a cat on the beach at night", ("beach", "night")),
        ("a fish under the sea", ("underwater",)),
        ("a boat on the sea", ("sea",)),
        ("a rocket in outer space", ("space",)),
        ("a cat on the moon", ("moon",)),
        ("a deer in the snowy forest", ("snow", "forest")),
        ("balloons over the city", ("city",)),
        ("a beach umbrella", ()),
        ("rain boots", ("rain",)),
        ("a cat", ()),
    ],
)
def test_places_are_read_and_are_not_things(description: str, places: tuple[str, ...]) -> None:
    assert read(description).settings == places


def test_a_place_alone_shows_what_is_found_there() -> None:
    assert "tree" in [subject.thing.name for subject in read("a forest at night").subjects]


def test_moods_have_faces_where_there_are_such_and_signs_elsewhere() -> None:
    assert read("a happy cat").subjects[0].thing.drawing == "\U0001f63a"
    asleep = read("a fox is sleeping")
    assert [subject.thing.name for subject in asleep.subjects] == ["fox", "zzz"]
    assert asleep.links[0].relation is Relation.FEEL


def test_sizes_multiply_the_thing_that_follows() -> None:
    big, tiny = read("a huge mouse and a tiny elephant").subjects
    assert big.size > 1.5
    assert tiny.size < 0.6


def test_emoji_in_the_text_are_drawn_whatever_their_skin_or_presentation() -> None:
    assert told(read("\U0001f680 to the \U0001f319")) == [("rocket", 1), ("moon", 1)]
    assert told(read("\U0001f44b\U0001f3fd")) == [("waving hand", 1)]
    assert told(read("❤️"))[0][1] == 1


@pytest.mark.parametrize(
    ("description", "unmatched"),
    [
        ("a cat", ()),
        ("a zorblax cat", ("zorblax",)),
        ("xylem resonance", ("xylem", "resonance")),
        ("please draw me a nice cat", ("nice",)),
        ("кошка", ("кошка",)),
        ("חתול", ("חתול",)),
    ],
)
def test_words_that_nothing_is_known_of_are_handed_back(description: str, unmatched: tuple[str, ...]) -> None:
    words = read(description).unmatched
    assert tuple(word for word in words if word != "me") == unmatched


def test_a_list_without_end_is_cut_and_said_to_be() -> None:
    names = [
        "cat",
        "dog",
        "cow",
        "pig",
        "horse",
        "goat",
        "duck",
        "fox",
        "bear",
        "lion",
        "tiger",
        "wolf",
        "frog",
        "snake",
        "turtle",
        "whale",
        "shark",
        "crab",
    ]
    scene = read(", ".join(names))
    assert len(scene.subjects) == THINGS
    assert set(scene.unmatched) == {"shark", "crab"}
    assert read("1000000000 cats").subjects[0].count == MOST


@pytest.mark.parametrize("description", HOSTILE)
def test_no_text_makes_reading_fail(description: str) -> None:
    scene = read(description)
    assert all(1 <= subject.count <= MOST for subject in scene.subjects)
    assert all(0 <= link.object < len(scene.subjects) for link in scene.links)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_no_random_text_makes_reading_fail(description: str) -> None:
    read(description)
