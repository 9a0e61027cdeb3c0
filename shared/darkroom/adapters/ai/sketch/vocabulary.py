"""What the engine can draw, and by which names: `things.txt`, and the names that Unicode gives to every other emoji."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from darkroom.adapters.ai.sketch.limbs import WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

TABLE: Final = Path(__file__).with_name("things.txt")
LONGEST_NAME: Final = 5
"""Words of the longest name that is looked for."""
EMOJI: Final = re.compile("[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff]")
"""What may begin an emoji."""
NO_THINGS: Final = re.compile(
    r"button|arrow|sign|japanese|o.clock|thirty|_square|_circle|diamond|triangle|keycap|input|symbol|emblem|zodiac"
    r"|skin|_hair|bald|curly|flag|cross|aries|taurus|gemini|cancer|leo|virgo|libra|scorpi|sagitt|capricorn|aquari"
    r"|pisces|ophiuchus|mark|no_|non-|littering|prohibited|menorah|khanda|_om|^om$|atm|wireless|restroom|room|closet"
    r"|bar_chart|chart|plus|minus|multiply|divide|dollar|bank|part_altern|trade|registered|copyright|_suit|middle"
    r"|wavy|curly_loop|black_|white_"
)
"""Names of signs, which nobody means by a word in a sentence."""
PALETTE: Final = (
    "#f4a259", "#7fb8d8", "#f6cf5a", "#9fce7a", "#ef8f9f", "#b39ddb", "#e0b58a", "#7fc8b8",
)  # fmt: skip
IRREGULAR: Final = {
    "mice": "mouse", "geese": "goose", "feet": "foot", "teeth": "tooth", "children": "child", "people": "person",
    "men": "man", "women": "woman", "policemen": "policeman", "firemen": "fireman", "snowmen": "snowman",
    "spacemen": "spaceman", "mermen": "merman", "oxen": "ox", "dice": "die", "cacti": "cactus", "octopi": "octopus",
    "wolves": "wolf", "leaves": "leaf", "knives": "knife", "loaves": "loaf", "elves": "elf", "calves": "calf",
    "scarves": "scarf", "hooves": "hoof", "shelves": "shelf", "wives": "wife", "thieves": "thief", "folks": "person",
    "sheep": "sheep", "fish": "fish", "deer": "deer", "fishes": "fish", "potatoes": "potato", "tomatoes": "tomato",
    "mangoes": "mango", "volcanoes": "volcano", "heroes": "hero", "buffaloes": "buffalo", "dominoes": "domino",
    "bees": "bee", "trees": "tree", "cookies": "cookie", "pies": "pie", "ties": "tie", "bookshelves": "bookshelf",
    "movies": "movie", "shoes": "shoe", "toes": "toe", "horses": "horse", "houses": "house", "roses": "rose",
    "vases": "vase", "noses": "nose", "cases": "case", "geckos": "gecko", "snowflakes": "snowflake",
    "grandchildren": "child", "kangaroos": "kangaroo", "buses": "bus", "busses": "bus", "gases": "gas",
}  # fmt: skip
"""Plurals that the rules would not undo; some of them are their own singular."""
SAME: Final = frozenset({"sheep", "fish", "deer", "moose", "bison", "shrimp", "trout", "salmon", "reindeer"})
"""Words whose plural is themselves."""


@dataclass(frozen=True)
class Thing:
    """Something that can be drawn. `drawing` is an emoji of the font, or "@" and the name of a shape of our own.

    Positions are shares of the drawing's box, from its top left corner. `height` is in metres.
    """

    name: str
    drawing: str
    height: float = 0.5
    colours: tuple[str, ...] = ()
    solid: str | None = None
    place: str = "ground"
    looks: str = ""
    motion: str = "sway"
    head: tuple[float, float, float] | None = None
    seat: tuple[float, float] | None = None
    rim: float | None = None
    turn: float = 0.0
    body: str = ""
    face: str = ""
    others: tuple[str, ...] = ()
    section: str = ""
    limbs: tuple[tuple[str, tuple[float, ...]], ...] = ()
    """What of it moves by itself, as limbs.WORDS reads it."""
    shows: tuple[str, ...] = ()
    """What its drawing shows besides: names of things, and words."""
    bare: str = ""
    """Its drawing without that."""
    pinions: tuple[float, ...] = ()
    """Where its wings are hinged, how long they are, and where the legs begin that it tucks up: it is drawn at rest."""


def singular(word: str) -> str:
    """The singular of an English noun by rule; the word itself where no rule fits."""
    if word in IRREGULAR:
        return IRREGULAR[word]
    for ending, instead in (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("sses", "ss"), ("xes", "x"), ("zes", "z")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word[: -len(ending)] + instead
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        return word[:-1]
    return word


def find(words: Sequence[str], start: int) -> tuple[Thing, int, bool] | None:
    """The thing that the words from `start` on name, longest name first; how many words, and whether it is a plural.

    What is written in two words though it is one ("sun flower") is found as well.
    """
    names = by_name()
    for count in range(min(LONGEST_NAME, len(words) - start), 0, -1):
        *first, last = words[start : start + count]
        if thing := names.get(" ".join([*first, last])):
            plural = last in IRREGULAR and last not in SAME and IRREGULAR[last] != last
            return thing, count, plural
        one = singular(last)
        if one != last and (thing := names.get(" ".join([*first, one]))):
            return thing, count, True
        if count == 2 and len(first[0]) >= SYLLABLE <= len(last):
            one = singular(whole := first[0] + last)
            if thing := names.get(whole) or names.get(one):
                return thing, count, whole not in names
    return None


SYLLABLE: Final = 3
"""Letters of the least half of a word that is looked for in two."""


@cache
def known_drawings() -> dict[str, Thing]:
    return {bare(thing.drawing): thing for thing in reversed(_table())}


def bare(text: str) -> str:
    """An emoji without variation selectors, by which equal ones are equal."""
    return text.replace("\ufe0f", "")


def emoji_thing(text: str) -> Thing | None:
    """The thing of an emoji that stands in a description; None where the font has no drawing of it."""
    from darkroom.adapters.ai.sketch.glyphs import font

    known = known_drawings().get(bare(text))
    if known:
        return known
    toneless = re.sub("[\U0001f3fb-\U0001f3ff]", "", text)
    if toneless != text:
        return emoji_thing(toneless)
    return _unlisted(text, text) if font().name(text) else None


@cache
def by_name() -> dict[str, Thing]:
    """Every name in lower case, words parted by one blank. What stands in the table wins over Unicode's names."""
    import emoji

    from darkroom.adapters.ai.sketch.glyphs import font

    names: dict[str, Thing] = {}
    for text, about in emoji.EMOJI_DATA.items():
        if (
            about["status"] > emoji.STATUS["fully_qualified"]
            or len(bare(text)) != 1
            or NO_THINGS.search(about["en"].lower())
            or font().name(text) is None  # newer than the font
        ):
            continue
        for name in (about["en"], *about.get("alias", ())):
            words = plain(name)
            # "red car" is a car that is red, and drawn as such.
            if len(words) > 2 and words.split()[0] not in HUES and not NO_THINGS.search(name.lower()):
                names.setdefault(words, known_drawings().get(bare(text)) or _unlisted(words, text))
    for word in NOT_NAMES:
        names.pop(word, None)
    listed: dict[str, Thing] = {}
    for thing, synonyms in _parsed():
        for name in synonyms:
            listed.setdefault(name, thing)
    return names | listed


HUES: Final = frozenset(
    {"red", "blue", "green", "yellow", "orange", "pink", "purple", "brown", "white", "grey", "gray"}
)
NOT_NAMES: Final = frozenset({
    "man", "person", "sleeping", "running", "walking", "swimming", "dancing", "family", "back", "end", "soon", "top",
    "up", "new", "free", "cool", "hot", "cold", "angry", "sad", "love", "cry", "sob", "happy", "joy", "wink", "fire",
    "point up", "point down", "point left", "point right", "raised", "sleepy", "surfer", "rage", "worried", "open",
    "relaxed", "confused", "dizzy", "pouting", "right", "left", "punch", "facepunch", "snow", "fog", "rain", "night",
    "beach", "desert", "city", "sea", "space", "park", "forest", "garden", "sky", "water", "name", "label", "link",
    "stuck out tongue", "seat", "mask", "sweat", "secret", "accept", "congratulations", "tada", "hash", "zero", "one",
    "beautiful", "pretty", "smoking", "hole", "high brightness", "low brightness", "date", "tone", "guard", "hut",
})  # fmt: skip
"""Names of emoji that mean something else, or nothing that is drawn, in a sentence."""


def plain(name: str) -> str:
    """A name of Unicode's, `:hot_beverage:`, as words."""
    return " ".join(re.findall(r"[a-z0-9]+", re.sub("[\u2019']s", "s", name.lower())))


def _unlisted(name: str, drawing: str) -> Thing:
    turn = hashlib.sha256(drawing.encode()).digest()[0]
    colours = (PALETTE[turn % len(PALETTE)], PALETTE[(turn + 3) % len(PALETTE)])
    return Thing(name, drawing, colours=colours, solid="#4b4b57")


# --- the table -------------------------------------------------------------------------------------------------------


@cache
def _parsed() -> tuple[tuple[Thing, tuple[str, ...]], ...]:
    found = []
    base = Thing("", "")
    for number, line in enumerate(TABLE.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("["):
            section, _, how = line[1:].partition("]")
            base = _with(Thing("", "", section=section), how.split(), number)
            continue
        head, _, how = line.partition("|")
        drawing, _, names = head.partition(" ")
        synonyms = tuple(name.strip() for name in names.split(",") if name.strip())
        found.append((_with(replace(base, name=synonyms[0], drawing=drawing), how.split(), number), synonyms))
    return tuple(found)


def _with(thing: Thing, how: Iterable[str], line: int) -> Thing:
    for word in how:
        try:
            thing = replace(thing, **_said(word))
        except (KeyError, ValueError) as error:
            message = f"{TABLE.name}:{line}: {word!r} is no way to draw a thing; see the top of the file."
            raise ValueError(message) from error
    return thing


FLAGS: Final = {
    **dict.fromkeys(("ground", "sky", "water"), "place"),
    **dict.fromkeys(("left", "right"), "looks"),
    **dict.fromkeys(("plush", "person", "finned", "caped", "winged", "haloed"), "body"),
}


def _said(word: str) -> dict[str, Any]:
    """What one word of the table's right side says of a thing: the fields of `Thing` that it sets."""
    key, equals, value = word.partition("=")
    if word[0] in "!#":
        return {"solid": word[1:]} if word[0] == "!" else {"colours": tuple(word.split("/"))}
    if equals:
        name, read = VALUES[key]
        return {name: read(value)}
    return {FLAGS.get(word, "motion"): word} if word.isalpha() else {"height": float(word)}


def _emojis(text: str) -> list[str]:
    import emoji

    return [found["emoji"] for found in emoji.emoji_list(text)]


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(number) for number in text.split(","))


def _moving(text: str) -> tuple[str, tuple[float, ...]]:
    word, _, numbers = text.partition(":")
    if word not in WORDS:
        raise KeyError(word)
    return word, _numbers(numbers)


VALUES: Final[dict[str, tuple[str, Callable[[str], object]]]] = {
    "head": ("head", _numbers),
    "seat": ("seat", _numbers),
    "in": ("rim", float),
    "turn": ("turn", float),
    "face": ("face", str),
    "moves": ("limbs", lambda text: tuple(_moving(each) for each in text.split("/"))),
    "pinions": ("pinions", _numbers),
    "shows": ("shows", lambda text: tuple(text.replace("+", " ").split(","))),
    "bare": ("bare", str),
    "alt": ("others", lambda text: tuple(_emojis(text))),
}
"""What may be written with an equals sign: the field of `Thing`, and how it is read."""


def _table() -> tuple[Thing, ...]:
    return tuple(thing for thing, _ in _parsed())


# --- shapes of the vocabulary, for whoever compares a drawing with it ------------------------------------------------


@cache
def rendered(size: int) -> tuple[tuple[str, ...], NDArray[np.uint8], NDArray[np.uint8]]:
    """Every drawing of the table that is an emoji: names, lines and shapes; computed once a process, about a second.

    `names[i]` is the thing's own name, which `find` knows. `lines[i]` is (size, size) uint8: its ink in black line art,
    0 bare to 255 full, scaled to fill the square in its longer direction and centred in the other. `shapes[i]` is the
    same with everything that the lines enclose filled, 0 or 255. Names are not unique: a cat is drawn as a whole and as
    a face. Heads that get a body (a fox, a girl) are there as the font draws them, heads.
    """
    from darkroom.adapters.ai.sketch.glyphs import font
    from darkroom.adapters.ai.sketch.masks import fill_holes
    from darkroom.adapters.rendering import pixels

    drawings: dict[str, str] = {}
    for thing in _table():
        for drawing in (thing.drawing, *thing.others):
            if not drawing.startswith("@"):
                drawings.setdefault(bare(drawing), (known_drawings().get(bare(drawing)) or thing).name)
    across = 32
    rows = -(-len(drawings) // across)
    cells = []
    for number, drawing in enumerate(drawings):
        path, (x1, y1, x2, y2) = font().path(drawing)
        scale = (size - 2) / max(x2 - x1, y2 - y1)
        x = (number % across + 0.5) * size - (x1 + x2) / 2 * scale
        y = (number // across + 0.5) * size + (y1 + y2) / 2 * scale
        cells.append(f'<path transform="translate({x:.2f} {y:.2f}) scale({scale:.5f} {-scale:.5f})" d="{path}"/>')
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{across * size}" height="{rows * size}">{"".join(cells)}</svg>'
    )
    sheet = pixels(svg)[..., 3]
    lines = np.stack(
        [
            sheet[row * size : (row + 1) * size, column * size : (column + 1) * size]
            for row, column in (divmod(number, across) for number in range(len(drawings)))
        ]
    )
    shapes = np.stack([fill_holes(ink > 96).astype(np.uint8) * 255 for ink in lines])
    return tuple(drawings.values()), lines, shapes
