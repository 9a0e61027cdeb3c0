"""What a description asks for: things, how many, their colours and sizes, how they stand to each other, where, and how
they move. English, read from left to right with the longest phrase first; whatever it says, it never fails.

A small grammar, not a language model: a clause has heads ("a cat and a dog"), a relation links them to what follows
("on a red sofa"), adjectives wait for the next thing, a place ("in the rain") is the scene's. Words that none of the
tables knows are handed back.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from darkroom.adapters.ai.sketch import vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from darkroom.adapters.ai.sketch.vocabulary import Thing

GROUPS: Final = {
    "family": "man woman boy",
    "couple": "man woman",
    "parents": "man woman",
    "grandparents": "grandpa grandma",
    "siblings": "boy girl",
    "friends": "boy girl",
    "animals": "cat dog rabbit",
    "pets": "cat dog",
    "animal": "dog",
    "pet": "cat",
    "fruit": "apple banana grapes",
    "fruits": "apple banana grapes",
    "vegetables": "carrot tomato broccoli",
    "vegetable": "carrot",
    "veggies": "carrot tomato broccoli",
    "twins": "girl girl",
    "soccer player": "boy soccer+ball",
    "football player": "boy soccer+ball",
    "basketball player": "boy basketball",
    "tennis player": "girl tennis",
    "baseball player": "boy cricket+bat",
    "toys": "teddy ball kite",
    "toy": "teddy",
    "instruments": "guitar drum trumpet",
    "band": "guitar drum microphone",
    "insects": "bee ladybug butterfly",
    "insect": "ladybug",
    "vehicles": "car bus bicycle",
    "vehicle": "car",
    "planets": "saturn earth",
    "sweets": "candy lollipop",
    "candies": "candy lollipop",
    "drinks": "juice soda",
    "drink": "juice",
    "tools": "hammer wrench",
    "tool": "hammer",
    "food": "pizza hamburger",
    "breakfast": "coffee croissant",
    "lunch": "sandwich juice",
    "picnic": "basket sandwich apple",
    "dessert": "cake",
    "desserts": "cake donut",
    "snack": "cookie",
    "snacks": "cookie popcorn",
    "clothes": "shirt jeans",
    "flowers bed": "tulip daisy tulip",
    "dinosaurs": "dinosaur t+rex",
    "musicians": "singer guitar",
    "creature": "monster",
    "creatures": "monster alien",
    "sea creatures": "octopus fish crab",
    "sea animals": "whale fish turtle",
    "farm animals": "cow pig sheep",
    "wild animals": "lion elephant giraffe",
}
"""Words for several kinds of things: what is drawn for them. "+" joins the words of one name."""
CHARACTERS: Final = 2_000
"""What of a description is read."""
THINGS: Final = 16
"""Different things in one picture; what is named beyond them is left out, and said to be."""
MOST: Final = 24
"""Copies of one thing; more of them are a pattern, not a picture."""
UNMATCHED: Final = 50


class Relation(StrEnum):
    ON = "on"
    SIT = "sitting on"
    UNDER = "under"
    BESIDE = "beside"
    BETWEEN = "between"
    BEHIND = "behind"
    FRONT = "in front of"
    IN = "in"
    ABOVE = "above"
    OVER = "jumping over"
    """From one side of it to the other."""
    PLAY = "playing"
    HOLD = "holding"
    RIDE = "riding"
    WEAR = "wearing"
    CHASE = "chasing"
    FACE = "looking at"
    DREAM = "dreaming of"
    WITH = "with"
    FULL = "full of"
    ON_TOP = "topped with"
    """The other way round than ON."""
    FEEL = "feeling"
    """The sign of a mood, above a head."""


@dataclass(frozen=True)
class Subject:
    """A thing as described. `colour` is #rrggbb or "rainbow"; `size` a factor; `motion` "" for the thing's own."""

    thing: Thing
    count: int = 1
    colour: str = ""
    size: float = 1.0
    mood: str = ""
    motion: str = ""
    place: str = ""


@dataclass(frozen=True)
class Link:
    """`subject` and `object` are indices of Scene.subjects."""

    relation: Relation
    subject: int
    object: int


@dataclass(frozen=True)
class Scene:
    """`moved` says whether the words name a motion at all; `whole` is one of the whole picture ("draw")."""

    subjects: tuple[Subject, ...]
    links: tuple[Link, ...]
    settings: tuple[str, ...]
    unmatched: tuple[str, ...]
    words: tuple[str, ...]
    whole: str = ""
    moved: bool = False


# --- words -----------------------------------------------------------------------------------------------------------


def _table(text: str) -> dict[str, str]:
    """`key: word, word; key: ...` as a table from each word to its key."""
    table = {}
    for entry in text.replace("\n", " ").split(";"):
        key, _, words = entry.partition(":")
        table.update({word.strip(): key.strip() for word in words.split(",") if word.strip()})
    return table


NUMBERS: Final = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "twenty": 20,
    "dozen": 12, "half a dozen": 6, "a pair of": 2, "pair of": 2, "a couple of": 2, "couple of": 2, "both": 2,
    "twin": 2, "a trio of": 3, "trio of": 3, "a few": 3, "few": 3, "some": 3, "several": 5, "many": 8, "lots of": 9,
    "a lot of": 9, "plenty of": 8, "a flock of": 7, "flock of": 7, "a herd of": 5, "herd of": 5, "a pack of": 5,
    "pack of": 5, "a school of": 7, "school of": 7, "a swarm of": 9, "swarm of": 9, "a bunch of": 5, "bunch of": 5,
    "a group of": 4, "group of": 4, "a crowd of": 8, "crowd of": 8, "a row of": 5, "row of": 5, "a line of": 5,
    "a pile of": 5, "pile of": 5, "a stack of": 4, "a team of": 5, "a field of": 9, "a family of": 4, "family of": 4,
    "hundred": 24, "hundreds of": 24, "thousand": 24, "thousands of": 24, "million": 24, "millions of": 24,
    "a dozen": 12, "countless": 20, "single": 1, "another": 1,
}  # fmt: skip

COLOURS: Final = {
    "red": "#e5484d", "blue": "#4a90d9", "green": "#5fae5a", "yellow": "#f7d046", "orange": "#f28f3b",
    "pink": "#f58ab0", "purple": "#9b6fd0", "violet": "#8a63c9", "brown": "#9a6a42", "black": "#3a3a42",
    "white": "#fffdf8", "grey": "#a3a8b0", "gray": "#a3a8b0", "gold": "#e9b93a", "golden": "#f0b93a",
    "silver": "#c3cbd3", "turquoise": "#45c4b8", "teal": "#2f9a94", "cyan": "#5bcbe3", "magenta": "#d94fb0",
    "navy": "#34508a", "maroon": "#8a2f3f", "beige": "#ead9b8", "cream": "#fbf0d3", "tan": "#d6b283",
    "crimson": "#c9263f", "scarlet": "#e0382e", "indigo": "#5157b8", "mint": "#a6e3c4", "lilac": "#c9a6e6",
    "lavender": "#c3b1ec", "peach": "#fbc09a", "coral": "#f5836f", "olive": "#9aa04a", "lime": "#b5dd4b",
    "ginger": "#e08a45", "blonde": "#f3d98a", "light blue": "#9fd0f0", "sky blue": "#8cc8f0", "baby blue": "#b3dcf5",
    "dark blue": "#34508a", "light green": "#a9d98a", "dark green": "#3f7a45", "hot pink": "#f0559a",
    "light pink": "#fac3d6", "dark red": "#a32a35", "bright red": "#ee3f3f", "bright yellow": "#fbdc3a",
    "bright blue": "#3a8ff0", "light brown": "#c79a6b", "dark brown": "#6b4630", "dark grey": "#6b7078",
    "light grey": "#cfd3d8", "colourful": "rainbow", "colorful": "rainbow", "multicolored": "rainbow",
    "multicoloured": "rainbow", "multi coloured": "rainbow", "multi colored": "rainbow", "rainbow coloured": "rainbow",
    "rainbow colored": "rainbow", "rainbow": "rainbow",
}  # fmt: skip

SIZES: Final = {
    "tiny": 0.55, "teeny": 0.5, "mini": 0.6, "miniature": 0.55, "little": 0.75, "small": 0.72, "wee": 0.6,
    "short": 0.85, "big": 1.35, "large": 1.35, "huge": 1.65, "giant": 1.75, "enormous": 1.75, "gigantic": 1.8,
    "massive": 1.7, "tall": 1.3, "colossal": 1.8, "oversized": 1.5, "long": 1.15, "baby": 0.7,
}  # fmt: skip

MOODS: Final = _table("""
    happy: happy, smiling, cheerful, joyful, excited, glad, laughing, grinning, merry, delighted, smiles, laughs;
    sad: sad, unhappy, crying, lonely, depressed, weeping, gloomy, cries;
    angry: angry, mad, grumpy, furious, cross, annoyed, evil;
    asleep: sleeping, asleep, sleepy, tired, napping, snoring, sleeps, snoozing, dozing, resting;
    love: in love, loving, lovestruck, loves;
    scared: scared, frightened, afraid, terrified, surprised, shocked;
    singing: singing, sings, humming, whistling;
    cool: cool
""")

FACES: Final = {
    "happy": {"cat": "😺", "face": "😄"},
    "sad": {"cat": "😿", "face": "😢"},
    "angry": {"cat": "😾", "face": "😡"},
    "love": {"cat": "😻", "face": "😍"},
    "scared": {"cat": "🙀", "face": "😱"},
    "cool": {"face": "😎"},
    "asleep": {"face": "😌"},
}
"""What has a drawing of its own in some mood."""
SIGNS: Final = {"asleep": "💤", "love": "💕", "singing": "🎵", "angry": "💢", "sad": "💧"}
"""What stands above anything else in that mood."""

MOTIONS: Final = _table("""
    fly: fly, flies, flying, flew, soaring, soars, gliding, glides, hovering, swooping, circling;
    flap: flap, flaps, flapping, fluttering, flutters;
    jump: jump, jumps, jumping, jumped, leap, leaps, leaping, hop, hops, hopping, skipping;
    bounce: bounce, bounces, bouncing, dribbling;
    walk: walk, walks, walking, strolling, strolls, marching, marches, wandering, crawling, crawls, hiking,
          skateboarding, skating, skiing, sneaking;
    run: run, runs, running, ran, gallop, gallops, galloping, racing, races, sprinting, rushing, escaping, fleeing;
    swim: swim, swims, swimming, diving, dives, paddling, snorkeling, surfing;
    drive: drive, drives, driving, travelling, traveling, cycling, riding along, speeding, cruising;
    spin: spin, spins, spinning, rotate, rotates, rotating, turning, twirling, twirls, whirling, revolving, orbiting;
    roll: roll, rolls, rolling, tumbling;
    wave: waving, waves goodbye, waves hello, waving goodbye, waving hello, waves its hand, waves her hand,
          waves his hand, greeting;
    grow: grow, grows, growing, blooming, blossoming, sprouting, inflating, expanding;
    shrink: shrink, shrinks, shrinking;
    fall: fall, falls, falling, dropping, raining down;
    float: float, floats, floating, drifting, drifts, sailing, sails, bobbing, levitating, rising, rises;
    dance: dance, dances, dancing, partying, celebrating, wiggling, wriggling;
    shake: shake, shakes, shaking, shivering, trembling, vibrating, ringing, rings;
    twinkle: twinkle, twinkles, twinkling, blinking, glowing, shining, shines, flickering, glows, shimmering, sparkling;
    pulse: pulse, pulses, pulsing, beating, beats, throbbing, breathing;
    swing: swinging, swings, swaying, sways, rocking
""")

WHOLE: Final = _table("""
    draw: draws itself, draw itself, drawing itself, being drawn, is drawn, drawn by hand, drawing themselves,
          draw themselves, gets drawn, sketching itself
""")

RELATIONS: Final = _table("""
    sitting on: sitting on, sits on, sit on, sat on, seated on, sitting on top of, sits on top of, sitting upon,
        sitting in, sits in, sit in;
    on: on top of, on the top of, on, upon, onto, atop, standing on, stands on, lying on, lies on, perched on,
        resting on, perches on, climbing, climbs, climbing up, balancing on;
    under: under, underneath, beneath, below, hiding under;
    beside: beside, next to, near, near to, close to, by, alongside, around, against, along, at, pulling, pushing,
            playing with, plays with, kicking, kicks, juggling, building, visiting, towards, toward, to, from, planting,
            watering, picking, feeding, walking with, and also;
    between: between, in between, among, amongst, amid, in the middle of;
    behind: behind, hiding behind;
    in front of: in front of, before;
    in: in, inside, into, within, out of, through, inside of, from inside;
    above: above, over, across, past, high above, up above;
    playing: playing, plays, playing the, playing on;
    holding: holding, holds, carrying, carries, eating, eats, drinking, drinks, reading, reads, using, uses, catching,
             throwing, bringing, giving, painting with, writing with, licking, blowing, licks, sipping, cooking, baking,
             lifting, has, have, having, offering, selling, chewing, munching, nibbling, biting, smelling, buying;
    riding: riding, rides, riding on, riding in, driving in, mounted on, astride, flying on, flying in, surfing on,
            skating on, sailing on, sailing in, rowing;
    wearing: wearing, wears, dressed in, dressed as;
    chasing: chasing, chases, following, follows, running after, hunting, racing after, leading;
    looking at: looking at, looks at, watching, watches, facing, seeing, admiring, staring at, talking to, talking with,
                hugging, kissing, meeting, fighting, meets, hugs, greets, greeting, versus, vs, and its friend;
    dreaming of: dreaming of, dreaming about, dreams of, dreams about, thinking of, thinking about, imagining,
            wishing for;
    with: with, together with, along with;
    full of: full of, filled with, containing, of
""")

VERB_OBJECTS: Final = {
    "fly": Relation.HOLD,
    "drive": Relation.RIDE,
    "float": Relation.RIDE,
    "wave": Relation.HOLD,
    "shake": Relation.HOLD,
    "spin": Relation.HOLD,
}
"""How a moving verb's own object is meant: who flies a kite holds it, who drives a car is in it."""

AFLOAT: Final = _table("""
    sailboat: at sea, on the sea, on the ocean, on the water, on the waves, on the open sea, on the high seas, on a sea,
              on an ocean, sea voyage;
    canoe: on the lake, on a lake, on the river, on a river
""")
"""Words for the water by which who has no business on it gets a boat: which one."""

SETTINGS: Final = dict.fromkeys(AFLOAT, "sea") | _table("""
    night: night, nighttime, night time, midnight, starry night, night sky, starry sky, moonlight, moonlit, starry,
           evening, under the stars, dark, darkness;
    rain: rain, rainy, raining, rainstorm, downpour, drizzle, shower of rain, monsoon, rainy day, the rain;
    storm: storm, stormy;
    snow: snow, snowy, snowing, winter, wintry, blizzard, arctic, antarctica, north pole, south pole, frozen, snowfall,
          falling snow, ice rink, on ice, on the ice, iceberg;
    wind: windy;
    sunny: sunny, sunny day, summer, summery, summer day, daytime, blue sky;
    forest: forest, forests, wood, woods, jungle, rainforest, woodland, wilderness;
    beach: beach, seaside, shore, coast, sand, sandy beach, sandy, seashore;
    underwater: underwater, under water, under the sea, under the ocean, beneath the waves, under the waves, deep sea,
                sea floor, ocean floor, bottom of the sea, aquarium, bottom of the ocean, seabed, fish tank, in the sea,
                in the ocean;
    sea: sea, ocean, lake, pond, river, water, the waves, waves, harbor, harbour, stream, pool, swimming pool, bay;
    moon: on the moon, moon surface, lunar;
    space: space, outer space, universe, orbit, cosmos, the stars, deep space, zero gravity;
    hill: hill, hills, meadow, meadows, field, fields, grass, valley, countryside, lawn, pasture, savanna, savannah,
          prairie, outside, outdoors, grassland, grassy hill;
    garden: garden, park, yard, backyard, flower garden, spring, flower field, orchard, zoo;
    mountains: mountain range, mountains, mountainside, alpine, alps, himalayas;
    desert: desert, dunes, sahara, sand dunes, dune;
    city: city, town, downtown, urban, metropolis, new york, london, paris, tokyo;
    road: road, street, highway, path, race track, racetrack, lane, track, sidewalk, motorway;
    sky: sky, in the air, in the clouds, air, mid air, heaven;
    room: room, kitchen, living room, bedroom, indoors, classroom, bathroom, restaurant, cafe, floor, home, library,
          studio, at home, dining room, hallway, at school;
    party: party, birthday party, birthday, carnival, festival, parade, new year, disco, wedding party, new years eve;
    sunset: at sunset, at sunrise, at dawn, at dusk, sunset sky, golden hour, during sunset, during sunrise;
    farm: farm, barnyard, farmyard, ranch;
    autumn: autumn, fall season, in autumn, autumnal;
    concert: concert, on stage
""")

PROMOTED: Final = {
    "night": "🌙⭐⭐☁️", "rain": "☂️🌧️", "storm": "🌩️", "snow": "⛄🌲", "wind": "🎏", "sunny": "☀️☁️", "forest": "🌳🌲🌳🌲🍄",
    "beach": "🌴⛱️🦀", "underwater": "🐠🐙🐟", "sea": "⛵🌊", "space": "🚀🪐⭐🌍", "hill": "🌳🌼🐑", "garden": "🌻🌷🦋",
    "mountains": "🏔️🌲🏔️", "desert": "🌵🐪🌵", "city": "🏠🚗🌳", "road": "🚗🌳", "sky": "☁️🐦☁️", "room": "🛋️📺",
    "party": "🎂🎈🎁", "moon": "🧑‍🚀🚀", "sunset": "🌅", "farm": "🐄🚜🐖", "autumn": "🍂🌳🍁", "concert": "🎸🥁🎤",
}  # fmt: skip
"""What a place shows when nothing else is named."""

WITHOUT: Final = frozenset({
    "without", "with no", "wearing no", "having no", "has no", "have no", "holding no", "but no", "and no", "minus",
    "not wearing", "not holding", "there is no", "there are no", "no",
})  # fmt: skip
"""What follows is not to be drawn."""
ATOP: Final = _table("""
    topped with: on top, on the top, on its top, at the top, at its top, on top of it, on top of them, on it, on them;
    full of: in it, inside it, in them, inside of it;
    under: under it, underneath it, beneath it, below it
""")
"""Said of the thing just named: where it is to the one before."""

QUIET: Final = frozenset(
    """
    a an the this that these those its it he she his her their they them we our my your me i you is are was were be been
    being am and or but so as then while when where who whom which what there here if than too very really just only
    also not no yes of to for up down out off away do does did doing done can could will would should may might must
    let make makes making made create creating generate draw draws drawing drawn sketch sketched doodle doodled paint
    illustrate illustration picture image animation animated animate cartoon style styled show showing shows shown scene
    me us want wants wanted would like need needs
    please get gets getting go goes going gone come comes coming sit sits sitting sat stand stands standing stood lie
    lies lying lay stay stays look looks looking seem seems live lives living put puts placed place set kind type sort
    bit piece each other every all any own same such even still again now today day time line art black-and-white logo
    icon simple detailed minimalist minimal background one's themself itself himself herself themselves together loop
    looping frame frames motion moving move moves slowly quickly fast slow gently happily around front side top bottom
    middle left right high low hand hands side-by-side featuring depicting about like into onto
    """.split()  # noqa: SIM905 - quoted one by one they read worse
)
"""Words that say nothing that could be drawn, or talk about the drawing itself."""
BREAKS: Final = frozenset(".;:!?\n")
LISTED: Final = frozenset({
    Relation.BETWEEN, Relation.HOLD, Relation.WEAR, Relation.WITH, Relation.PLAY, Relation.FULL, Relation.IN
})  # fmt: skip
"""Relations whose objects may be a list: "with a hat and a scarf"."""
LOOSE: Final = frozenset({
    Relation.FACE, Relation.CHASE, Relation.BESIDE, Relation.BEHIND, Relation.FRONT, Relation.ABOVE, Relation.OVER,
    Relation.DREAM,
})  # fmt: skip
"""Relations after whose object a further relation is most likely said of that object."""
SERVED: Final = frozenset({"noodles", "rice", "stew", "salad", "spaghetti", "bowl", "coffee", "teacup", "milk", "wine"})
"""Food that is drawn in what it is served in."""
SMALL: Final = 0.75
"""Metres; what is smaller can be held."""
LIVING: Final = frozenset({"pets and farm", "wild animals", "insects", "sea animals", "people", "fantasy", "acts"})


# --- reading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Token:
    text: str
    emoji: bool = False
    joined: bool = False
    """Follows a hyphen."""
    owner: bool = False
    """Has something: the cat of "the cat's hat"."""


OWNER: Final = "'"


def tokens(description: str) -> list[Token]:
    import emoji

    text = unicodedata.normalize("NFC", description[:CHARACTERS])
    found: list[Token] = []
    place = 0
    for match in emoji.emoji_list(text):
        found.extend(_words(text[place : match["match_start"]]))
        found.append(Token(match["emoji"], emoji=True))
        place = match["match_end"]
    return [*found, *_words(text[place:])]


def _words(text: str) -> Iterable[Token]:
    text = unicodedata.normalize("NFKC", text).lower()
    text = re.sub("['\u2019`]s\\b", OWNER, re.sub("['\u2019`](?!s\\b)", "", text.replace(OWNER, " ")))
    for match in re.finditer(r"[a-z0-9]+|[^\W_]+|[-.,;:!?&+\n]", text):
        if match[0] != "-":
            joined = match.start() > 0 and text[match.start() - 1] == "-"
            yield Token(match[0], joined=joined, owner=text[match.end() : match.end() + 1] == OWNER)


def read(description: str) -> Scene:
    """The scene that a description asks for; never fails, whatever the text."""
    reader = _Reader(tokens(description))
    reader.run()
    return reader.scene()


@dataclass
class _Pending:
    """Adjectives on their way to the next thing."""

    count: int = 0
    colour: str = ""
    size: float = 1.0
    mood: str = ""
    motion: str = ""
    article: bool = False

    @property
    def waiting(self) -> bool:
        return bool(self.article or self.count or self.colour or self.mood or self.motion) or self.size != 1.0


@dataclass
class _Reader:
    tokens: Sequence[Token]
    subjects: list[Subject] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    settings: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    heads: list[int] = field(default_factory=list)
    objects: list[int] = field(default_factory=list)
    relation: Relation | None = None
    used: Relation | None = None
    """The relation of the objects read last."""
    fronted: tuple[Relation, list[int]] | None = None
    verb: str = ""
    joins: bool = False
    pending: _Pending = field(default_factory=_Pending)
    compound: list[tuple[Relation, int]] = field(default_factory=list)
    whole: str = ""
    moved: bool = False
    place: str = ""
    counted: bool = False
    """Was a number said of the thing read last?"""
    absent: bool = False
    """Is what comes next said not to be there?"""
    without: bool = False
    """Was the thing read last said not to be there?"""
    missing: list[str] = field(default_factory=list)
    gone: set[int] = field(default_factory=set)
    """Subjects that are not drawn, because the drawing of another shows them."""
    modifiers: list[tuple[Thing, str]] = field(default_factory=list)
    """First halves of a compound, on their way to the last."""
    ended: int = -1
    """Where the thing read last ended."""
    boats: list[tuple[int, str]] = field(default_factory=list)
    """Who may need a boat, and which."""

    def __post_init__(self) -> None:
        self.words = [token.text for token in self.tokens]

    def run(self) -> None:
        at = 0
        while at < len(self.tokens):
            at += self._step(at)

    def _step(self, at: int) -> int:
        """Reads one phrase; how many tokens it was."""
        token = self.tokens[at]
        if token.emoji:
            if (thing := vocabulary.emoji_thing(token.text)) is not None:
                self._thing(thing, plural=False)
            else:
                self._unknown(token.text)
            return 1
        if token.text in BREAKS:
            self.absent, self.without = False, False
            self.heads, self.objects, self.relation, self.used, self.verb = [], [], None, None, ""
            return 1
        for reader in (self._long_thing, self._phrase, self._adjective, self._group, self._short_thing):
            if taken := reader(at):
                return taken
        self._quiet(token.text, at)
        return 1

    # phrases, longest first

    def _match(self, at: int, table: Mapping[str, object]) -> tuple[str, int]:
        for count in range(min(vocabulary.LONGEST_NAME, len(self.words) - at), 0, -1):
            phrase = " ".join(self.words[at : at + count])
            if phrase in table:
                return phrase, count
        return "", 0

    def _long_thing(self, at: int) -> int:
        """A name of two words or more, unless it only begins with what is an adjective."""
        found = vocabulary.find(self.words, at)
        if not found or found[1] < 2 or any(token.emoji for token in self.tokens[at : at + found[1]]):
            return 0
        if self._match(at, SETTINGS)[1] > found[1]:
            return 0
        self._named(*found, at)
        return found[1]

    def _named(self, thing: Thing, count: int, plural: bool, at: int) -> None:
        if self._modifies(thing, count, at, plural=plural):
            self.modifiers.append((thing, " ".join(self.words[at : at + count])))
        else:
            self._thing(thing, plural=plural)
        self.ended = at + count

    def _modifies(self, thing: Thing, count: int, at: int, *, plural: bool) -> bool:
        """Is it the first half of a compound, as the pirate of "a pirate ship" is?

        Without an article, two words are one thing, more are a list, and so are two that live.
        """
        following = at + count
        found = self._noun(following)
        if plural or found is None or self.tokens[at].emoji or self.tokens[following - 1].owner:
            return False
        if thing.section in LIVING and self.words[following].endswith("ing"):
            return False  # "a girl painting"
        if self.pending.article or self.pending.count or self.modifiers:
            return True
        alive = thing.section in LIVING and found[0].section in LIVING
        return self.ended != at and not alive and self._noun(following + found[1]) is None

    def _noun(self, at: int) -> tuple[Thing, int, bool] | None:
        """The thing that is named there, if the words say nothing else."""
        if at >= len(self.tokens) or self.tokens[at].emoji:
            return None
        found = vocabulary.find(self.words, at)
        others: tuple[Mapping[str, object], ...] = (RELATIONS, MOTIONS, MOODS, COLOURS, SETTINGS)
        if found is None or self.words[at] in DOING or max(self._match(at, each)[1] for each in others) >= found[1]:
            return None
        return found

    def _phrase(self, at: int) -> int:
        candidates = [
            (self._match(at, table), kind)
            for kind, table in enumerate((WHOLE, SETTINGS, RELATIONS, MOTIONS, dict.fromkeys(WITHOUT, ""), ATOP))
        ]
        (phrase, count), kind = max(candidates, key=lambda each: (each[0][1], -each[1]))
        longest = max(self._match(at, table)[1] for table in (MOODS, COLOURS, NUMBERS))
        if not count or longest > count:
            return 0
        if kind == 1 and self._names_thing(at, count):
            return 0
        if phrase == "no" and not self._before_thing(at + 1):
            return 0
        readers = (self._whole, self._setting, self._relation, self._motion, self._without, self._atop)
        readers[kind](phrase, at, count)
        return count

    def _names_thing(self, at: int, count: int) -> bool:
        """ "rain boots", "beach umbrella": the place is only the first half of a name."""
        found = vocabulary.find(self.words, at)
        return found is not None and found[1] > count

    def _adjective(self, at: int) -> int:
        word = self.words[at]
        phrase, count = self._match(at, NUMBERS)
        if count:
            self.pending.count = NUMBERS[phrase]
            return count
        if word.isascii() and word.isdigit():
            self.pending.count = min(int(word[:4]), MOST) or 1
            return 1
        phrase, count = self._match(at, COLOURS)
        if count and not (vocabulary.find(self.words, at) and not self._before_thing(at + count)):
            if self._describes_back(at):
                self.subjects[self.heads[-1]] = replace(self.subjects[self.heads[-1]], colour=COLOURS[phrase])
            else:
                self.pending.colour = COLOURS[phrase]
            return count
        if word in SIZES and self._before_thing(at + 1):
            self.pending.size *= SIZES[word]
            return 1
        phrase, count = self._match(at, MOODS)
        if count:
            if self.heads and not self.pending.waiting and self.relation is None:
                for head in self.heads:
                    self.subjects[head] = replace(self.subjects[head], mood=MOODS[phrase])
            else:
                self.pending.mood = MOODS[phrase]
            return count
        return 0

    def _describes_back(self, at: int) -> bool:
        """ "a car that is red": said of what was named before, not of what follows."""
        return bool(self.heads) and not self._before_thing(at + 1) and self.relation is None

    def _before_thing(self, at: int) -> bool:
        """Does a thing follow, perhaps after further adjectives?"""
        while at < len(self.words) and (
            self.words[at] in COLOURS or self.words[at] in SIZES or self.words[at] in MOODS or self.words[at] in MOTIONS
        ):
            if vocabulary.find(self.words, at):
                return True
            at += 1
        return at < len(self.words) and (self.tokens[at].emoji or vocabulary.find(self.words, at) is not None)

    def _short_thing(self, at: int) -> int:
        found = vocabulary.find(self.words, at)
        if not found:
            return 0
        if self.words[at] in DOING and self.heads and self.relation is None and not self.joins:
            self.relation = Relation.HOLD
        # "a picture of a cat": the picture is this one.
        if found[0].name in {"painting", "palette"} and self.words[at + 1 : at + 2] == ["of"]:
            return 2
        following = at + found[1]
        if following < len(self.tokens) and self.tokens[following].joined:
            phrase, count = self._match(following, RELATIONS)
            if count and Relation(RELATIONS[phrase]) in {Relation.PLAY, Relation.HOLD, Relation.RIDE, Relation.WEAR}:
                index = self._add(found[0], plural=found[2])
                if index is not None:
                    self.compound.append((Relation(RELATIONS[phrase]), index))
                return found[1] + count
        self._named(*found, at)
        return found[1]

    def _group(self, at: int) -> int:
        phrase, count = self._match(at, GROUPS)
        if not count or ((found := vocabulary.find(self.words, at)) and found[1] >= count):
            return 0
        members = [vocabulary.by_name()[name.replace("+", " ")] for name in GROUPS[phrase].split()]
        if not phrase.endswith("s") and self._noun(at + count):
            # "a toy car", "a fruit bowl"
            self.modifiers.extend((member, phrase) for member in members)
            return count
        relation, joins = self.relation, self.joins
        if self.absent:
            for thing in members:
                self._leave_out(thing)
            return count
        for number, thing in enumerate(members):
            # Each stands in the relation that the word for all of them stands in.
            self.relation, self.joins = relation, joins or number > 0
            if number and relation is None:
                self.relation = None
            self._thing(thing, plural=False)
        return count

    def _quiet(self, word: str, at: int) -> None:
        if word in {"and", ",", "&", "+", "plus", "or", "nor"}:
            self.joins = True
            self.absent = self.without and word in {"or", "nor"}
            if not self.pending.waiting:
                self.verb = ""
        elif word in {"a", "an", "the", "his", "her", "its", "their", "my", "your", "our", "this", "that"}:
            self.pending.article = word not in {"that", "this"} or self.pending.article
        elif word in SIZES:
            self.pending.size *= SIZES[word]
        elif self.absent:
            self.absent = self._before_thing(at + 1) or word in QUIET
        elif word not in QUIET and not any(word in subject.thing.shows for subject in self.subjects):
            self._unknown(word)

    def _unknown(self, word: str) -> None:
        if word not in self.unmatched and len(self.unmatched) < UNMATCHED:
            self.unmatched.append(word[:40])

    # what the phrases do

    def _whole(self, phrase: str, at: int, count: int) -> None:  # noqa: ARG002 - one signature for all
        self.whole, self.moved = WHOLE[phrase], True

    def _setting(self, phrase: str, at: int, count: int) -> None:  # noqa: ARG002
        name = SETTINGS[phrase]
        if self.absent:
            self.absent, self.without = False, True
            return
        if name == "sea" and (phrase in AFLOAT or self.relation is Relation.RIDE):
            self.boats += [(head, AFLOAT.get(phrase, "sailboat")) for head in self.heads]
        if name not in self.settings:
            self.settings.append(name)
        if self.relation is Relation.ABOVE or (self.relation is Relation.IN and name == "sky"):
            for head in self.heads:
                self.subjects[head] = replace(self.subjects[head], place="sky")
            self.place = "" if self.heads else "sky"
        self.relation, self.verb = None, ""
        self.pending = _Pending(
            motion=self.pending.motion, mood=self.pending.mood, colour=self.pending.colour, size=self.pending.size
        )

    def _relation(self, phrase: str, at: int, count: int) -> None:
        if self.absent:
            return
        self.without = False
        relation = Relation(RELATIONS[phrase])
        if relation is Relation.FULL and phrase == "of" and not self._holds_last():
            return
        if phrase in MOTIONS or phrase.split(maxsplit=1)[0] in MOTIONS:
            self._moves(MOTIONS[phrase if phrase in MOTIONS else phrase.split(maxsplit=1)[0]], at + count)
            self.verb = ""
        if relation is Relation.WITH and self.used is Relation.WITH and self.objects:
            self.heads = self.objects
        if self._said_of_object(relation):
            self.heads, self.objects, self.used = self.objects, [], None
        if relation is Relation.CHASE:
            self._moves("run", at + count)
        if not self.heads and self.pending.article and not self.subjects and phrase not in {"in", "on", "at"}:
            return
        self.relation = relation
        self.joins = False
        self.pending = _Pending()

    def _said_of_object(self, relation: Relation) -> bool:
        """ "a cat looking at a fish in a bowl": it is the fish that is in it."""
        if self.used not in LOOSE or not self.objects:
            return False
        alive = self.subjects[self.objects[-1]].thing.section in LIVING
        return relation is Relation.IN or (
            alive and relation in {Relation.ON, Relation.SIT, Relation.WEAR, Relation.HOLD, Relation.RIDE}
        )

    def _holds_last(self) -> bool:
        last = self.subjects[-1].thing if self.subjects else None
        return last is not None and last.rim is not None and self.words is not None

    def _motion(self, phrase: str, at: int, count: int) -> None:
        if self.absent:
            self.absent = False
            return
        self._moves(MOTIONS[phrase], at + count)

    def _without(self, phrase: str, at: int, count: int) -> None:  # noqa: ARG002
        self.absent, self.relation, self.pending = True, None, _Pending()

    def _leave_out(self, thing: Thing) -> None:
        for head in self.heads:
            shown = self.subjects[head].thing
            if thing.name in shown.shows:
                self._bared(head) if shown.bare else self._unknown(thing.name.split()[-1])
        self.missing.append(thing.name)
        self.pending, self.absent, self.without, self.joins = _Pending(), False, True, False
        self.modifiers = []

    def _cleared(self, head: int, relation: Relation) -> None:
        """A cherry on a cake stands where its candles would."""
        thing = self.subjects[head].thing
        if relation is Relation.ON_TOP and thing.bare and thing.section == "food":
            self._bared(head)

    def _bared(self, head: int) -> None:
        """Draws it without what its drawing shows else."""
        subject = self.subjects[head]
        thing = replace(subject.thing, drawing=subject.thing.bare, shows=(), others=(), bare="")
        if like := vocabulary.known_drawings().get(vocabulary.bare(thing.drawing)):
            thing = replace(thing, colours=like.colours, solid=like.solid)
        self.subjects[head] = replace(subject, thing=thing)

    def _atop(self, phrase: str, at: int, count: int) -> None:  # noqa: ARG002
        relation = Relation(ATOP[phrase])
        objects = self.objects
        if not objects and len(self.heads) > 1 and self.relation is None:
            # "a table and a cat on top"
            base, *objects = self.heads
            self.heads = [base]
            self.links += [Link(relation, base, each) for each in objects]
            self.objects = objects
        for number, link in enumerate(self.links):
            held = self.subjects[link.subject].thing.rim is not None
            if link.object in objects and link.subject in self.heads and (held or relation is Relation.ON_TOP):
                self._cleared(link.subject, relation)
                self.links[number] = replace(link, relation=relation)
            elif link.object in objects and link.subject in self.heads and relation is Relation.UNDER:
                self.links[number] = Link(relation, link.object, link.subject)
        self.relation, self.pending = None, _Pending()

    def _moves(self, motion: str, following: int) -> None:
        self.moved = True
        if self.heads and not self.pending.waiting:
            for head in self.heads:
                self.subjects[head] = replace(self.subjects[head], motion=motion)
            self.verb = motion
        elif self._before_thing(following) or not self.subjects:
            self.pending.motion = motion

    def _add(self, thing: Thing, *, plural: bool) -> int | None:
        if len(self.subjects) >= THINGS:
            self._unknown(thing.name)
            self.pending = _Pending()
            return None
        pending = self.pending
        self.counted = pending.count > 0
        count = pending.count or (3 if plural else 1)
        if thing.name in {"fries", "grapes", "glasses", "jeans", "sunglasses", "books", "popcorn", "eyes", "socks"}:
            count = pending.count or 1
        drawing = FACES.get(pending.mood, {}).get(thing.name)
        if drawing:
            thing = replace(thing, drawing=drawing, head=None, others=())
        self.subjects.append(
            Subject(thing, min(count, MOST), pending.colour, pending.size, pending.mood, pending.motion, self.place)
        )
        self.pending, self.place = _Pending(), ""
        return len(self.subjects) - 1

    def _thing(self, thing: Thing, *, plural: bool) -> None:
        if self.absent or (self.without and self.joins and thing.height <= SMALL and thing.section not in LIVING):
            self._leave_out(thing)
            return
        self.without = False
        relation = self.relation
        if relation is None and self.verb and self.heads and not self.joins:
            relation = self._done_to()
        if relation is Relation.FULL and thing.name in SERVED and self.subjects[-1].thing.section == "food":
            # "a bowl of ramen": the ramen is drawn in a bowl as it is.
            self.subjects[-1] = replace(self.subjects[-1], thing=thing)
            self.relation = None
            return
        index = self._add(thing, plural=plural)
        if index is None:
            self.relation, self.joins, self.verb = None, False, ""
            return
        for kind, compounded in self.compound:
            self.links.append(Link(kind, index, compounded))
        self.compound = []
        self._modified(thing, index)
        if relation is not None and self.heads:
            self._linked(relation, index)
            self.used, self.objects = relation, [index]
        elif relation is not None:
            self.fronted = (relation, [index])
            self.used = relation
        elif self.joins and self.used in LISTED and self.objects and self._belongs(thing):
            self._linked(self.used, index)
            self.objects.append(index)
        else:
            together = self.joins and self.heads and not self.objects
            self.heads = [*self.heads, index] if together else [index]
            self.objects, self.used = [], None
            if self.fronted:
                for other in self.fronted[1]:
                    self._linked(self.fronted[0], other)
                self.fronted = None
        self.relation, self.joins, self.verb = None, False, ""

    def _done_to(self) -> Relation:
        """The relation to the object of a verb of motion."""
        relation = VERB_OBJECTS.get(self.verb, Relation.BESIDE)
        if relation is Relation.HOLD:
            # Who flies a kite stays on the ground.
            self.pending.motion = self.verb
            for head in self.heads:
                self.subjects[head] = replace(self.subjects[head], motion="")
        return relation

    def _modified(self, thing: Thing, index: int) -> None:
        """What the first halves of its compound come to: the fish of a fish bowl is in it, a pirate ship has none."""
        for first, words in self.modifiers:
            holds = thing.rim is not None and thing.section in HOLDING and self.relation is not Relation.IN
            if holds and first.height <= SMALL:
                count = 1 if first.section in LIVING or first.name in SINGLE or len(self.modifiers) > 1 else 3
                if len(self.subjects) < THINGS:
                    self.subjects.append(Subject(first, count))
                    self.links.append(Link(Relation.FULL, index, len(self.subjects) - 1))
            elif first.name not in thing.shows:
                self._unknown(words)
        self.modifiers = []

    def _linked(self, relation: Relation, index: int) -> None:
        for head in self.heads:
            subject = self.subjects[head]
            thing, along = self.subjects[index].thing, self.subjects[index].motion
            dressed = relation in {Relation.IN, Relation.WEAR} and not self.subjects[index].colour
            if (relation in SHOWING or dressed) and thing.name in subject.thing.shows:
                if self.counted and self.subjects[index].count > 1 and subject.thing.bare:
                    self._bared(head)
                else:
                    self.gone.add(index)
            elif relation is Relation.ON and subject.thing.name in thing.shows:
                self.gone.add(head)
            meant = _meant(relation, subject.thing, thing, subject.motion)
            together = meant is Relation.BESIDE and (self.verb in {"walk", "run"} or relation is Relation.WITH)
            if together and not along and thing.section in LIVING:
                # "a girl walking a dog", "a boy running with a dog": who is with somebody goes where they go.
                self.subjects[index] = replace(self.subjects[index], motion=subject.motion)
            if index not in self.gone:
                self._cleared(head, meant)
            self.links.append(Link(meant, head, index))

    def _belongs(self, thing: Thing) -> bool:
        """Is this a further object of the relation, or the next subject?"""
        if self.used is Relation.BETWEEN:
            return len(self.objects) == 1 and self.subjects[self.objects[0]].count == 1
        first = self.subjects[self.objects[0]].thing
        if self.used is Relation.FULL:
            return thing.section == first.section
        return thing.height <= SMALL and thing.section not in LIVING and self.used is not Relation.IN

    def scene(self) -> Scene:
        self._embark()
        self._forget()
        if not self.subjects:
            for name in self.settings:
                for token in tokens(PROMOTED.get(name, "")):
                    thing = vocabulary.emoji_thing(token.text)
                    if thing is not None and thing.name not in self.missing:
                        self.subjects.append(Subject(thing))
                        self.moved = self.moved or False
        drawn = {subject.thing.name for subject in self.subjects}
        self.unmatched = [word for word in self.unmatched if word not in drawn]
        return Scene(
            tuple(self._with_signs()), tuple(self.links), tuple(self.settings), tuple(self.unmatched),
            tuple(self.words), self.whole, self.moved,
        )  # fmt: skip

    def _embark(self) -> None:
        """Gives a boat to whom the words put on the water, unless they are in or on something already."""
        placed = {link.subject for link in self.links if link.relation in ABOARD}
        placed |= {link.object for link in self.links if link.relation not in LOOSE}
        for head, name in dict.fromkeys(self.boats):
            subject = self.subjects[head]
            thing = subject.thing
            if head in placed or thing.place != "ground" or subject.motion in {"swim", "fly"}:
                continue
            if thing.section not in LIVING:
                continue
            if thing.motion == "swim":
                self.subjects[head] = replace(subject, thing=replace(thing, place="water"))
                continue
            boat = next(
                (at for at, each in enumerate(self.subjects) if each.thing.place == "water" and each.thing.rim), None
            )
            if boat is None:
                boat = len(self.subjects)
                self.subjects.append(Subject(vocabulary.by_name()[name]))
            self.links.append(Link(Relation.IN, head, boat))

    def _forget(self) -> None:
        """Takes out what another drawing shows."""
        kept = [index for index in range(len(self.subjects)) if index not in self.gone]
        new = {old: at for at, old in enumerate(kept)}
        self.subjects = [self.subjects[index] for index in kept]
        self.links = [
            replace(link, subject=new[link.subject], object=new[link.object])
            for link in self.links
            if link.subject in new and link.object in new
        ]

    def _with_signs(self) -> list[Subject]:
        subjects = list(self.subjects)
        for index, subject in enumerate(self.subjects):
            sign = SIGNS.get(subject.mood)
            if sign and subject.thing.drawing not in FACES.get(subject.mood, {}).values():
                thing = vocabulary.emoji_thing(sign)
                if thing is not None and len(subjects) < 2 * THINGS:
                    subjects.append(Subject(replace(thing, height=0.3, place="sky")))
                    self.links.append(Link(Relation.FEEL, index, len(subjects) - 1))
        return subjects


def _meant(relation: Relation, subject: Thing, thing: Thing, moved: str) -> Relation:
    """What "with", "playing" and their like come to, by what they are said of."""
    alive = subject.section in LIVING or bool(subject.body) or subject.name in {"teddy", "snowman"}
    worn = thing.section == "clothes" or thing.name in WORN
    meant = relation
    if relation is Relation.WITH and subject.section == "food" and thing.name in {"candle", "cherry", "strawberry"}:
        meant = Relation.ON_TOP
    elif relation is Relation.WITH:
        small = thing.height <= SMALL and thing.section not in LIVING and thing.place != "sky"
        held = small or thing.name in {"balloon", "kite", "umbrella"}
        if worn and subject.section not in BARE:
            meant = Relation.WEAR
        else:
            meant = Relation.HOLD if alive and held else Relation.BESIDE
    elif (relation is Relation.WEAR and not worn) or (
        relation is Relation.RIDE and thing.section in {"clothes", "food"}
    ):
        meant = Relation.HOLD
    elif relation is Relation.SIT and (not alive or thing.rim is not None):
        # Who sits in what holds things is in it; what is not alive has nothing to sit with.
        meant = Relation.IN if thing.rim is not None else Relation.ON
    elif relation is Relation.IN and alive and thing.section == "clothes" and thing.rim is None:
        meant = Relation.WEAR
    elif relation is Relation.ABOVE and moved == "jump":
        meant = Relation.OVER
    elif relation is Relation.BESIDE and moved == "fall":
        meant = Relation.ABOVE
    elif relation is Relation.PLAY and thing.section != "music":
        meant = Relation.HOLD if thing.name in IN_HAND else Relation.BESIDE
    return meant


SHOWING: Final = frozenset({Relation.WITH, Relation.HOLD, Relation.ON_TOP})
"""Relations whose object the subject's own drawing may show already."""
ABOARD: Final = frozenset({Relation.ON, Relation.SIT, Relation.IN, Relation.RIDE, Relation.UNDER})
"""Relations that say what is beneath or around somebody."""
HOLDING: Final = frozenset({"food", "furniture and things", "plants"})
"""Sections whose things, where they have a rim, hold what a compound names first."""
SINGLE: Final = frozenset({"coffee", "milk", "honey", "fire"})
"""What is not counted."""
BARE: Final = frozenset({"buildings", "furniture and things", "vehicles", "clothes"})
"""Sections whose things wear nothing."""
IN_HAND: Final = frozenset({
    "tennis", "ping pong", "badminton", "hockey stick", "cricket bat", "video game", "boxing glove", "fishing pole",
    "bow and arrow", "yo yo",
})  # fmt: skip
"""What is played by holding it."""
DOING: Final = frozenset({"fishing", "boxing", "archery"})
"""Names of things that say what somebody does with them."""
WORN: Final = frozenset({"wing", "crown", "headphones", "ribbon", "glasses", "snorkel", "backpack"})
