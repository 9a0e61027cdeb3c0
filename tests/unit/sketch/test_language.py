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
        ("a cat in a hat", [("cat", "wearing", "top hat")]),
        ("a cat in a hat box", [("cat", "in", "box")]),
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
        ("a pie with candles", [("pie", "topped with", "candle")]),
    ],
)
def test_relations_are_read_between_the_right_things(description: str, links: list[tuple[str, str, str]]) -> None:
    assert linked(read(description)) == links


COMPOUNDS = """
    pirate ship: pirate ship; pirate boat: pirate ship; sailing ship: sailing ship; viking ship: sailing ship;
    cruise ship: ship; cargo ship: ship; sailing boat: sailboat; rowing boat: canoe; fishing boat: sailboat;
    fire truck: fire engine; fire engine: fire engine; fire man: firefighter; police car: police car;
    police man: police officer; ice cream truck: truck; monster truck: truck; garbage truck: truck; school bus: bus;
    race car: race car; toy car: car; steam train: train; toy train: train; motor boat: speedboat;
    motor bike: motorcycle; mountain bike: bicycle; hot air balloon: hot air balloon; space ship: ufo;
    space rocket: rocket; paper plane: airplane; polar bear: polar bear; teddy bear: teddy; guinea pig: hamster;
    sea lion: seal; sea gull: bird; star fish: starfish; jelly fish: jellyfish; gold fish: fish; sword fish: fish;
    cat fish: fish; tiger shark: shark; killer whale: whale; butter fly: butterfly; lady bug: ladybug;
    honey bee: bee; vampire bat: bat; bull dog: dog; mountain lion: leopard; snow leopard: leopard;
    palm tree: palm; pine tree: pine; cherry tree: tree; lemon tree: tree; Christmas tree: christmas tree;
    money tree: tree; sun flower: sunflower; ice cream: ice cream cone; cherry pie: pie; apple pie: pie;
    pumpkin pie: pie; carrot cake: birthday cake; chocolate cake: birthday cake; wedding cake: birthday cake;
    cup cake: cupcake; pan cake: pancakes; tomato soup: stew; hot dog: hot dog; fried egg: fried egg; tea cup: teacup;
    coffee cup: coffee; coffee mug: coffee; tea pot: teapot; wine bottle: champagne bottle; snow man: snowman;
    rain bow: rainbow; rain drop: drop; snow flake: snowflake; thunder storm: storm cloud; shooting star: shooting star;
    full moon: full moon; light house: lighthouse; wind mill: windmill; tree house: tree house; dog house: house;
    bird house: house; gingerbread house: house; ferris wheel: ferris wheel; desk fan: fan; ceiling fan: fan;
    alarm clock: alarm clock; wall clock: alarm clock; grandfather clock: mantel clock; tooth brush: toothbrush;
    book shelf: shelf; light bulb: light bulb; street light: street lamp; traffic light: traffic light;
    bow tie: bow tie; cowboy hat: sun hat; pirate hat: top hat; witch hat: top hat; gold coin: coin;
    diamond ring: ring; wedding ring: ring; door bell: bell; church bell: bell; basket ball: basketball;
    foot ball: soccer ball; tennis ball: tennis; baseball bat: cricket bat; golf club: golf;
    crystal ball: crystal ball; treasure chest: money bag; piggy bank: pig; computer mouse: computer mouse;
    pirate captain: pilot; ghost pirate: bearded man; rubber duck: duck; flying saucer: ufo
"""
"""Two words for one thing, and what is drawn for it."""


@pytest.mark.parametrize(
    ("compound", "thing"),
    [tuple(part.strip() for part in entry.split(":")) for entry in COMPOUNDS.replace("\n", " ").split(";")],
)
@pytest.mark.parametrize("before", ["a ", ""])
def test_a_compound_is_one_thing_and_its_last_word_says_which(before: str, compound: str, thing: str) -> None:
    scene = read(before + compound)
    assert told(scene) == [(thing, 1)]
    assert scene.settings == ()


@pytest.mark.parametrize(
    ("description", "things"),
    [
        ("cat dog", ["cat", "dog"]),
        ("sun tree house dog", ["sun", "tree house", "dog"]),
        ("a cat, a dog", ["cat", "dog"]),
        ("the pirate's ship", ["bearded man", "ship"]),
        ("\U0001f408\U0001f415", ["cat", "dog"]),
        ("three pirate ships", ["pirate ship"]),
        ("a cat on a pirate ship", ["cat", "pirate ship"]),
        ("a soccer player", ["boy", "soccer ball"]),
    ],
)
def test_a_list_is_no_compound(description: str, things: list[str]) -> None:
    assert [subject.thing.name for subject in read(description).subjects] == things


def test_what_of_a_compound_is_not_drawn_is_handed_back() -> None:
    assert read("a cherry pie").unmatched == ("cherry",)
    assert read("a pirate ship").unmatched == ()
    assert read("a dog house with a dog in it").unmatched == ()


@pytest.mark.parametrize(
    ("description", "links"),
    [
        ("a fish bowl", [("bowl", "full of", "fish")]),
        ("a fruit bowl", [("bowl", "full of", name) for name in ("apple", "banana", "grapes")]),
        ("an apple basket", [("basket", "full of", "apple")]),
    ],
)
def test_a_compound_of_what_holds_things_holds_them(description: str, links: list[tuple[str, str, str]]) -> None:
    assert linked(read(description)) == links


@pytest.mark.parametrize(
    ("description", "links"),
    [
        ("a pirate at sea", [("bearded man", "in", "sailboat")]),
        ("a dog on the ocean", [("dog", "in", "sailboat")]),
        ("a cat and a dog at sea", [("cat", "in", "sailboat"), ("dog", "in", "sailboat")]),
        ("a bear on a lake", [("bear", "in", "canoe")]),
        ("a cat in a boat at sea", [("cat", "in", "sailboat")]),
        ("a pirate ship at sea", []),
        ("a duck on the lake", []),
        ("a whale at sea", []),
        ("a bird at sea", []),
        ("a boy at the lake", []),
        ("a dog by the sea", []),
        ("a lighthouse at sea", []),
        ("a man sailing on the sea", [("man", "in", "sailboat")]),
        ("a dog swimming in the sea", []),
    ],
)
def test_who_would_stand_on_the_water_has_a_boat(description: str, links: list[tuple[str, str, str]]) -> None:
    assert linked(read(description)) == links


@pytest.mark.parametrize(
    ("description", "links"),
    [
        ("a tree with a star on top", [("tree", "topped with", "star")]),
        ("a cake with a cherry on the top", [("birthday cake", "topped with", "cherry")]),
        ("a house with a bird on its top", [("house", "topped with", "bird")]),
        ("a star on top of a tree", [("star", "on", "tree")]),
        ("a table and a cat on top", [("table", "topped with", "cat")]),
        ("a cat on top", []),
        ("a pirate ship with a cat on it", [("pirate ship", "topped with", "cat")]),
        ("a bowl with a fish in it", [("bowl", "full of", "fish")]),
        ("a Christmas tree with presents under it", [("gift", "under", "christmas tree")]),
    ],
)
def test_on_top_is_said_of_what_was_just_named(description: str, links: list[tuple[str, str, str]]) -> None:
    assert linked(read(description)) == links


@pytest.mark.parametrize(
    ("description", "things"),
    [
        ("a Christmas tree with a star on top", ["christmas tree"]),
        ("a star on top of a Christmas tree", ["christmas tree"]),
        ("a cake with candles", ["birthday cake"]),
        ("a coffee cup with steam", ["coffee"]),
        ("a cup of tea with steam", ["coffee"]),
        ("a sailboat with a sail", ["sailboat"]),
        ("a pirate ship with a pirate flag", ["pirate ship"]),
        ("a snowman with a hat", ["snowman"]),
        ("a fairy with wings", ["fairy"]),
        ("a wizard with a hat and a wand", ["wizard"]),
        ("a cake with a cat", ["birthday cake", "cat"]),
        ("a girl in a dress", ["girl"]),
        ("a girl wearing a red dress", ["girl", "dress"]),
        ("a snowman wearing a hat", ["snowman"]),
    ],
)
def test_what_a_drawing_shows_is_not_drawn_again(description: str, things: list[str]) -> None:
    scene = read(description)
    assert [subject.thing.name for subject in scene.subjects] == things
    assert scene.unmatched == ()


def test_a_number_is_kept_where_the_drawing_shows_another() -> None:
    scene = read("a cake with five candles")
    assert [subject.thing.drawing[0] + subject.thing.name for subject in scene.subjects][:1] == ["@birthday cake"]
    assert [subject.count for subject in scene.subjects] == [1, 5]
    assert linked(scene) == [("birthday cake", "topped with", "candle")]


@pytest.mark.parametrize(
    ("description", "things"),
    [
        ("a dog without a hat", ["dog"]),
        ("a dog with no hat", ["dog"]),
        ("a dog wearing no hat", ["dog"]),
        ("a dog without a red hat or a scarf", ["dog"]),
        ("a dog without a hat and a cat", ["dog", "cat"]),
        ("a dog without a hat on a sofa", ["dog", "sofa"]),
        ("a street without cars", ["tree"]),
        ("without a hat", []),
        ("a cat without friends", ["cat"]),
        ("a beach, no people", ["palm", "beach umbrella", "crab"]),
        ("a cat without clouds or rain", ["cat"]),
    ],
)
def test_what_is_said_not_to_be_there_is_not_drawn(description: str, things: list[str]) -> None:
    scene = read(description)
    assert [subject.thing.name for subject in scene.subjects] == things
    assert not set(scene.settings) & {"rain"}


def test_what_a_drawing_shows_is_left_out_where_there_is_one_without_and_else_handed_back() -> None:
    assert read("a cake without candles").subjects[0].thing.drawing == "@cake"
    assert read("a snowman without a hat").unmatched == ("hat",)


@pytest.mark.parametrize(
    ("description", "relation"),
    [
        ("a frog jumping over a log", Relation.OVER),
        ("a horse leaps over a fence", Relation.OVER),
        ("a jumping frog over a log", Relation.OVER),
        ("a bird flying over a log", Relation.ABOVE),
        ("a balloon over a log", Relation.ABOVE),
    ],
)
def test_who_jumps_over_something_gets_to_its_other_side(description: str, relation: Relation) -> None:
    assert [link.relation for link in read(description).links] == [relation]


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
        ("a cat at sea", ("sea",)),
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
