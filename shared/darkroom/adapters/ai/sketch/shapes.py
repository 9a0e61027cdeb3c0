"""Drawings that the font has not: furniture, buildings, and bodies for those of its people and animals that are heads.

Units are as the font's: a drawing is about 2,000 of them high or wide, and stands at y = 2,000.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from darkroom.adapters.ai.sketch.art import Bent, Drawing, GlyphArt, Part, Shape, Stroke, bounds
from darkroom.adapters.ai.sketch.hand import ellipse, polygon, resampled_corners, ribbon, smooth
from darkroom.adapters.ai.sketch.limbs import Fold, Hinge, Orbit, Ripple, Wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from darkroom.adapters.ai.sketch.glyphs import Glyph
    from darkroom.adapters.ai.sketch.limbs import Limb

    Points = NDArray[np.float64]

GROUND: Final = 2000.0
INK: Final = "#33333c"


def line(*points: tuple[float, float], step: float = 60.0) -> Points:
    return resampled_corners(np.array(points, dtype=np.float64), step)


def box(x1: float, y1: float, x2: float, y2: float) -> Points:
    return polygon((x1, y1), (x2, y1), (x2, y2), (x1, y2))


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float, steps: int = 30) -> Points:  # noqa: PLR0917
    """Part of an ellipse from one angle to another, in degrees clockwise from rightwards."""
    turn = np.deg2rad(np.linspace(start, end, steps))
    points: Points = np.stack([x + rx * np.cos(turn), y + ry * np.sin(turn)], axis=1)
    return points


def mirrored(points: Points) -> Points:
    """About x = 0, still running the same way round."""
    turned: Points = (points * np.array([-1.0, 1.0]))[::-1]
    return turned


Layer = tuple[int, "Points"] | tuple[int, "Points", tuple["Stroke", ...]] | Stroke


def _drawn(colours: Sequence[str], *layers: Shape) -> Drawing:
    outlines = [outline for layer in layers for _, outline in layer.fills]
    outlines += [stroke.points for layer in layers for stroke in layer.strokes]
    return Drawing(bounds(outlines), tuple(Part(layer, tuple(colours), INK) for layer in layers))


def fill(rank: int, *outlines: Points, strokes: Sequence[Points] = (), bare: bool = False) -> Shape:
    return Shape(tuple((rank, each) for each in outlines), tuple(Stroke(each, 0.85) for each in strokes), bare)


def only(*strokes: Points, weight: float = 1.0) -> Shape:
    return Shape((), tuple(Stroke(each, weight) for each in strokes))


# --- things ----------------------------------------------------------------------------------------------------------


def _table(colours: Sequence[str]) -> Drawing:
    legs = [box(x, 1060, x + 110, GROUND) for x in (-900, 790)]
    top = polygon((-1080, 900), (1080, 900), (1080, 1060), (-1080, 1060))
    return _drawn(
        colours, fill(1, *legs), fill(0, top, strokes=[line((-900, 980), (-300, 985)), line((100, 975), (700, 980))])
    )


def _bench(colours: Sequence[str]) -> Drawing:
    back = [box(-1000, y, 1000, y + 130) for y in (900, 1100)]
    posts = [box(x, 860, x + 90, GROUND) for x in (-850, 760)]
    seat = box(-1060, 1380, 1060, 1510)
    return _drawn(colours, fill(0, *posts), fill(0, *back), fill(0, seat))


def _stool(colours: Sequence[str]) -> Drawing:
    legs = [
        polygon((-330, 1300), (-240, 1300), (-340, GROUND), (-430, GROUND)),
        polygon((240, 1300), (330, 1300), (430, GROUND), (340, GROUND)),
    ]
    return _drawn(colours, fill(0, *legs), fill(0, ellipse(0, 1270, 470, 120)), only(line((-350, 1720), (350, 1720))))


def _shelf(colours: Sequence[str]) -> Drawing:
    books = []
    x = -640.0
    for number in range(9):
        width, height = 100 + 37 * (number * 7 % 4), 330 + 41 * (number * 5 % 4)
        books.append((1 + number % 3, box(x, 1290 - height, x + width, 1290)))
        x += width + 8
        if x > 480:
            break
    frame = fill(0, box(-800, 600, 800, GROUND))
    inside = Shape(((1, box(-700, 700, 700, 1300)), (1, box(-700, 1400, 700, 1900))))
    palette = (colours[0], "#f6ead2", "#e0604f", "#5fa8d8", "#f9cf4b")
    lower = Shape(
        ((2, box(-620, 1540, -470, 1890)), (3, box(-460, 1480, -320, 1890)), (4, ellipse(280, 1740, 190, 150)))
    )
    return _drawn(palette, frame, inside, Shape(tuple(books)), lower)


def _rug(colours: Sequence[str]) -> Drawing:
    outer = polygon((-900, 1780), (900, 1780), (1150, GROUND), (-1150, GROUND))
    inner = polygon((-760, 1830), (760, 1830), (900, 1950), (-900, 1950))
    fringe = [
        line((x * s, y), (x * s + s * 70, y + 12))
        for s in (-1, 1)
        for x, y in ((920, 1790), (985, 1840), (1040, 1890), (1095, 1945), (1145, 1990))
    ]
    return _drawn(colours, fill(0, outer, strokes=fringe), fill(1, inner))


def _cushion(colours: Sequence[str]) -> Drawing:
    pillow = smooth(
        [(-900, 1500), (0, 1440), (900, 1500), (830, 1720), (900, GROUND), (0, 1960), (-900, GROUND), (-830, 1720)],
        closed=True,
    )
    return _drawn(colours, fill(0, pillow, strokes=[arc(0, 1700, 500, 90, 200, 340)]))


def _box(colours: Sequence[str]) -> Drawing:
    flaps = [
        polygon((-800, 1000), (-1080, 820), (-860, 760), (-620, 900)),
        polygon((800, 1000), (1080, 820), (860, 760), (620, 900)),
    ]
    front = box(-800, 1000, 800, GROUND)
    return _drawn(
        colours, fill(1, *flaps), fill(0, front, strokes=[line((-130, 1000), (-130, 1260), (130, 1260), (130, 1000))])
    )


def _fence(colours: Sequence[str]) -> Drawing:
    pickets = [
        polygon((x - 85, 1120), (x, 1000), (x + 85, 1120), (x + 85, GROUND), (x - 85, GROUND))
        for x in range(-1200, 1201, 300)
    ]
    rails = [box(-1330, y, 1330, y + 90) for y in (1250, 1680)]
    return _drawn(colours, fill(0, *rails), fill(0, *pickets))


def _branch(colours: Sequence[str]) -> Drawing:
    spine = smooth([(-1300, 1700), (-700, 1600), (0, 1640), (700, 1560), (1250, 1600)])
    limb = ribbon(spine, np.linspace(190, 60, len(spine)))
    twig = ribbon(smooth([(350, 1600), (560, 1420), (700, 1340)]), np.linspace(70, 40, 17))
    leaves = [
        _leaf(x, y, turn, 230)
        for x, y, turn in ((700, 1330, -50), (760, 1400, 10), (1240, 1600, -25), (1200, 1620, 40), (-600, 1720, 110))
    ]
    return _drawn(colours, fill(0, twig), fill(0, limb, strokes=[line((-900, 1650), (-500, 1610))]), fill(1, *leaves))


def _leaf(x: float, y: float, turn: float, length: float) -> Points:
    angle = math.radians(turn)
    along, aside = np.array([math.cos(angle), math.sin(angle)]), np.array([-math.sin(angle), math.cos(angle)])
    outline = smooth([(0, 0), (0.35, 0.26), (0.7, 0.2), (1, 0), (0.7, -0.2), (0.35, -0.26)], closed=True)
    leaf: Points = np.array([x, y]) + length * (outline[:, :1] * along + outline[:, 1:] * aside)
    return leaf


def _swing(colours: Sequence[str]) -> Drawing:
    frame = [
        line((-700, GROUND), (-480, 300)),
        line((-260, GROUND), (-480, 300)),
        line((-480, 300), (480, 300)),
        line((700, GROUND), (480, 300)),
        line((260, GROUND), (480, 300)),
    ]
    ropes = [line((-200, 310), (-200, 1620)), line((200, 310), (200, 1620))]
    return _drawn(colours, only(*frame, weight=2.2), only(*ropes), fill(0, box(-280, 1610, 280, 1690)))


def _lamppost(colours: Sequence[str]) -> Drawing:
    lamp = polygon((-150, 250), (150, 250), (210, 560), (-210, 560))
    roof = polygon((-240, 250), (0, 90), (240, 250))
    return _drawn(
        colours,
        fill(1, box(-45, 570, 45, 1880)),
        fill(1, polygon((-170, 1880), (170, 1880), (220, GROUND), (-220, GROUND))),
        fill(0, lamp),
        fill(1, roof),
    )


def _stage(colours: Sequence[str]) -> Drawing:
    return _drawn(
        colours,
        fill(0, box(-1200, 1620, 1200, 1720)),
        fill(1, box(-1120, 1720, 1120, GROUND), strokes=[line((x, 1740), (x, 1980)) for x in range(-900, 901, 300)]),
    )


def _vase(colours: Sequence[str]) -> Drawing:
    right = smooth([(200, 900), (150, 1020), (330, 1300), (400, 1560), (260, 1900), (230, GROUND)])
    body = np.concatenate([right, mirrored(right)])
    rim = box(-240, 840, 240, 920)
    return _drawn(
        colours, fill(0, body, strokes=[arc(0, 1450, 370, 60, 10, 170), arc(0, 1560, 390, 60, 10, 170)]), fill(0, rim)
    )


def _lilypad(colours: Sequence[str]) -> Drawing:
    pad = np.concatenate([arc(0, 1860, 1100, 150, 9, 350, 60), np.array([[640.0, 1856.0]])])
    return _drawn(colours, fill(0, pad, strokes=[line((100, 1850), (-700, 1830)), line((100, 1850), (-300, 1960))]))


def _air_balloon(colours: Sequence[str]) -> Drawing:
    right = smooth([(0, 0), (480, 110), (730, 520), (640, 930), (260, 1400)])
    envelope = np.concatenate([right, mirrored(right)[:-1]])
    gore = smooth([(0, 0), (270, 120), (390, 520), (340, 940), (130, 1400)])
    middle = np.concatenate([gore, mirrored(gore)[:-1]])
    inner = smooth([(0, 0), (95, 120), (130, 520), (115, 940), (45, 1400)])
    stripe = np.concatenate([inner, mirrored(inner)[:-1]])
    ropes = [line((-230, 1420), (-180, 1680)), line((230, 1420), (180, 1680))]
    return _drawn(
        colours,
        only(*ropes),
        fill(0, envelope),
        fill(1, middle),
        fill(2, stripe),
        fill(1, box(-270, 1380, 270, 1450)),
        fill(
            3,
            polygon((-220, 1670), (220, 1670), (180, GROUND), (-180, GROUND)),
            strokes=[line((-200, 1780), (200, 1780)), line((-190, 1890), (190, 1890))],
        ),
    )


def _lighthouse(colours: Sequence[str]) -> Drawing:
    tower = polygon((-250, 620), (250, 620), (370, 1850), (-370, 1850))
    bands = [
        polygon(
            (-280 - 0.0976 * (y - 925), y),
            (280 + 0.0976 * (y - 925), y),
            (280 + 0.0976 * (y - 725), y + 200),
            (-280 - 0.0976 * (y - 725), y + 200),
        )
        for y in (900, 1300)
    ]
    rock = smooth([(-640, GROUND), (-520, 1850), (-150, 1790), (200, 1800), (560, 1860), (680, GROUND)])
    return _drawn(
        colours,
        fill(0, tower),
        fill(1, *bands),
        fill(0, box(-330, 550, 330, 630)),
        fill(2, box(-180, 330, 180, 550)),
        fill(1, np.concatenate([arc(0, 330, 230, 220, 180, 360), np.array([[230.0, 330.0]])])),
        fill(3, np.concatenate([rock, np.array([[0.0, GROUND]])])),
        fill(1, box(-80, 1590, 80, 1790)),
    )


def _windmill(colours: Sequence[str]) -> Drawing:
    tower = polygon((-280, 800), (280, 800), (420, GROUND), (-420, GROUND))
    cap = np.concatenate([arc(0, 800, 330, 280, 180, 360), np.array([[330.0, 800.0]])])
    blades = []
    for number in range(4):
        angle = math.radians(number * 90 + 35)
        along, aside = np.array([math.cos(angle), math.sin(angle)]), np.array([-math.sin(angle), math.cos(angle)])
        corners = [
            np.array([0.0, 640.0]) + a * along + b * aside for a, b in ((140, 0), (860, 0), (860, 200), (260, 200))
        ]
        blades.append(polygon(*[(float(x), float(y)) for x, y in corners]))
    drawing = _drawn(
        colours,
        fill(0, tower),
        fill(1, cap),
        fill(2, box(-110, 1640, 110, 1990)),
        fill(3, ellipse(0, 1200, 90, 90)),
        fill(3, *blades),
        fill(2, ellipse(0, 640, 70, 70)),
    )
    return _moving(drawing, {4: (Wheel("spin", 0.0, 640.0),)})


def _igloo(colours: Sequence[str]) -> Drawing:
    dome = np.concatenate([arc(0, GROUND, 1000, 900, 180, 360, 40), np.array([[1000.0, GROUND]])])
    courses = [arc(0, GROUND, 1000, 900, 180, 360)[[4, 25]], np.array([[-960.0, 1750.0], [-420, 1750]])]
    rows = [
        line((-970, 1760), (-420, 1760)),
        line((420, 1760), (970, 1760)),
        line((-840, 1500), (840, 1500)),
        line((-540, 1250), (540, 1250)),
    ]
    bricks = [
        line((x, y1), (x, y2))
        for x, y1, y2 in (
            (-700, 1760, 1990),
            (700, 1760, 1990),
            (-520, 1500, 1750),
            (520, 1500, 1750),
            (0, 1250, 1500),
            (-260, 1105, 1245),
            (260, 1105, 1245),
        )
    ]
    door = np.concatenate([arc(0, GROUND, 400, 450, 180, 360), np.array([[400.0, GROUND]])])
    hole = np.concatenate([arc(0, GROUND, 260, 300, 180, 360), np.array([[260.0, GROUND]])])
    del courses
    return _drawn(
        (*colours, colours[0], "#4b5a6b"), fill(0, dome, strokes=[*rows, *bricks]), fill(0, door), fill(2, hole)
    )


def _pyramid(colours: Sequence[str]) -> Drawing:
    light, dark = (
        polygon((-200, 700), (420, GROUND), (-1150, GROUND)),
        polygon((-200, 700), (1000, 1900), (420, GROUND)),
    )
    courses = [line((-200 - 0.73 * d, 700 + d), (-200 + 0.477 * d, 700 + d)) for d in (350, 620, 880, 1110)]
    return _drawn(colours, fill(1, dark), fill(0, light, strokes=courses))


def _submarine(colours: Sequence[str]) -> Drawing:
    hull = ellipse(0, 1560, 1100, 430, 60)
    ports = [ellipse(x, 1520, 130, 130) for x in (-520, -80, 360)]
    tower = polygon((-300, 900), (220, 900), (280, 1180), (-360, 1180))
    scope = ribbon(
        line((-60, 900), (-60, 640), (-260, 640)), np.full(len(line((-60, 900), (-60, 640), (-260, 640))), 60.0)
    )
    fins = [polygon((1020, 1480), (1330, 1240), (1360, 1860), (1020, 1640))]
    return _drawn(colours, fill(0, scope), fill(0, *fins), fill(0, tower), fill(0, hull), fill(1, *ports))


def _treehouse(colours: Sequence[str]) -> Drawing:
    crown = smooth(
        [(-900, 900), (-950, 420), (-500, 120), (0, 0), (520, 110), (960, 450), (880, 920), (420, 1060), (-420, 1060)],
        closed=True,
    )
    trunk = polygon((-170, 1000), (170, 1000), (250, GROUND), (-250, GROUND))
    return _drawn(
        colours,
        fill(2, trunk),
        fill(0, crown),
        fill(1, box(-420, 520, 420, 1080)),
        fill(3, polygon((-540, 540), (0, 180), (540, 540))),
        fill(2, box(-560, 1080, 560, 1150)),
        fill(4, box(-110, 700, 110, 1075)),
        only(
            line((60, 1160), (60, 1980)),
            line((240, 1160), (240, 1980)),
            *[line((60, y), (240, y)) for y in range(1260, 1960, 140)],
        ),
    )


def _rainbow(colours: Sequence[str]) -> Drawing:
    bands = []
    for number in range(5):
        outer, inner = 1200 - 130 * number, 1070 - 130 * number
        band = np.concatenate([arc(0, GROUND, outer, outer, 180, 360, 60), arc(0, GROUND, inner, inner, 360, 180, 60)])
        bands.append(fill(number, band))
    clouds = []
    for x in (-875.0, 875.0):
        puff = smooth(
            [
                (x - 420, 1960),
                (x - 380, 1800),
                (x - 200, 1780),
                (x - 60, 1660),
                (x + 150, 1700),
                (x + 230, 1800),
                (x + 400, 1830),
                (x + 420, 1960),
                (x, 2010),
            ],
            closed=True,
        )
        clouds.append(fill(5, puff))
    return _drawn((*colours[:5], "#ffffff"), *bands, *clouds)


def _leaf_alone(colours: Sequence[str]) -> Drawing:
    blade = _leaf(-900, 1900, -24, 1900)
    vein = smooth([(-1100, 2000), (-700, 1800), (200, 1420), (700, 1190)])
    sides = [
        smooth([(x, y), (x + dx * 0.5, y + dy * 0.4), (x + dx, y + dy)])
        for x, y, dx, dy in (
            (-350, 1650, 240, -230),
            (50, 1480, 230, -200),
            (-250, 1610, 330, 110),
            (170, 1430, 300, 90),
        )
    ]
    return _drawn(colours, fill(0, blade), only(vein, *sides))


def _lamp(colours: Sequence[str]) -> Drawing:
    shade = polygon((-330, 700), (330, 700), (560, 1250), (-560, 1250))
    return _drawn(
        colours,
        fill(1, box(-45, 1250, 45, 1890)),
        fill(1, np.concatenate([arc(0, GROUND, 330, 120, 180, 360), np.array([[330.0, GROUND]])])),
        fill(0, shade, strokes=[line((-120, 720), (-200, 1230)), line((120, 720), (200, 1230))]),
    )


def _pot(colours: Sequence[str]) -> Drawing:
    body = polygon((-480, 1350), (480, 1350), (350, GROUND), (-350, GROUND))
    return _drawn(colours, fill(0, body), fill(0, box(-560, 1180, 560, 1360)))


def _moving(drawing: Drawing, limbs: dict[int, tuple[Limb, ...]]) -> Drawing:
    """The same with limbs, by the number of their part."""
    parts = [replace(part, limbs=limbs.get(number, part.limbs)) for number, part in enumerate(drawing.parts)]
    return replace(drawing, parts=tuple(parts))


def _sail(left: float, right: float, high: float, low: float) -> Points:
    """Square, and full of wind."""
    belly = (right - left) * 0.1
    side = smooth([(right, high), (right + belly, (high + low) / 2), (right - belly * 0.2, low)])
    foot = smooth([(right - belly * 0.2, low), ((left + right) / 2, low - belly), (left + belly * 0.6, low)])
    back = smooth([(left + belly * 0.6, low), (left + belly, (high + low) / 2), (left, high)])
    return np.concatenate([side, foot[1:], back[1:]])


def _ship(colours: Sequence[str], *, pirates: bool) -> Drawing:
    stern = [(-1000, 1130), (-560, 1190), (-530, 1420), (560, 1430), (600, 1270), (1010, 1210)]
    keel = smooth([(1010, 1210), (860, 1640), (640, 1960), (560, GROUND)])
    rest = smooth([(-640, GROUND), (-800, 1900), (-930, 1600), (-1000, 1130)])
    hull = np.concatenate([line(*stern), keel[1:], rest])
    planks = [
        smooth([(-860, 1560), (0, 1620), (800, 1540)]),
        smooth([(-790, 1800), (0, 1850), (700, 1780)]),
    ]
    ports = [ellipse(x, 1700 + 12 * abs(number - 2), 62, 62) for number, x in enumerate((-520, -240, 40, 320, 580))]
    masts = [box(-160, 330, -90, 1440), box(440, 560, 500, 1440)]
    bowsprit = line((930, 1240), (1330, 1000))
    edges = [(-90, -140), (150, -190), (400, -110), (650, -160), (640, 250), (390, 300), (150, 220), (-90, 270)]
    flag = np.concatenate([smooth(edges[:4]), smooth(edges[4:])])
    top = [only(line((-125, -190), (-125, 340)), weight=1.6)]
    if pirates:
        skull, jaw = ellipse(280, 20, 135, 120), box(205, 90, 355, 195)
        eyes = [ellipse(x, 25, 38, 42, 16) for x in (225, 335)]
        pennant = [fill(5, flag), fill(1, jaw, skull), Shape(tuple((5, eye) for eye in eyes))]
    else:
        pennant = [fill(4, flag)]
    palette = (*colours[:3], "#5b4327", "#e0604f", "#3a3a42")
    drawing = _drawn(
        palette,
        fill(2, *masts),
        only(bowsprit, weight=2.6),
        fill(0, hull, strokes=planks),
        fill(3, *ports),
        fill(1, _sail(300, 700, 640, 860), _sail(240, 790, 880, 1240)),
        fill(1, _sail(-440, 160, 480, 760), _sail(-520, 210, 780, 1270)),
        *top,
        *pennant,
    )
    cloth = (Ripple("cloth", -90.0, 650.0, 70.0, 0.75),)
    first = len(drawing.parts) - len(pennant)
    return _moving(drawing, dict.fromkeys(range(first, len(drawing.parts)), cloth))


def _pirate_ship(colours: Sequence[str]) -> Drawing:
    return _ship(colours, pirates=True)


def _sailing_ship(colours: Sequence[str]) -> Drawing:
    return _ship(colours, pirates=False)


CABINS: Final = 8


def _ferris_wheel(colours: Sequence[str]) -> Drawing:
    x, y, far = 0.0, 1000.0, 760.0
    turns = [math.tau * (number + 0.5) / CABINS for number in range(CABINS)]
    spokes = [line((x, y), (x + far * math.cos(t), y + far * math.sin(t))) for t in turns]
    rings = [ellipse(x, y, r, r, 60) for r in (far, far * 0.8)]
    wheel = only(*(np.concatenate([ring, ring[:1]]) for ring in rings), *spokes)
    legs = [
        polygon((side * 40, y), (side * 120, y), (side * 560, GROUND), (side * 440, GROUND))[::side] for side in (-1, 1)
    ]
    base = box(-720, 1930, 720, GROUND)
    cabins, hung = [], []
    for number, t in enumerate(turns):
        cx, cy = x + far * math.cos(t), y + far * math.sin(t)
        roof = arc(cx, cy + 110, 130, 110, 180, 360, 14)
        cabin = np.concatenate([roof, [[cx + 105, cy + 230], [cx - 105, cy + 230]]])
        cabins.append(fill(1 + number % 4, cabin, strokes=[line((cx - 120, cy + 120), (cx + 120, cy + 120))]))
        hung.append((cx, cy))
    palette = (colours[0], *colours[1:5])
    drawing = _drawn(palette, fill(0, *legs), wheel, *cabins, fill(0, base), fill(0, ellipse(x, y, 95, 95)))
    # The wheel turns both ways beyond what is drawn of it: its box holds the cabins wherever they are.
    left, _, right, low = drawing.box
    drawing = replace(drawing, box=(left, y - far, right, low))
    limbs: dict[int, tuple[Limb, ...]] = {1: (Wheel("spin", x, y),), 2 + CABINS + 1: (Wheel("spin", x, y),)}
    return _moving(drawing, limbs | {2 + n: (Orbit("spin", x, y, at),) for n, at in enumerate(hung)})


def _fan(colours: Sequence[str]) -> Drawing:
    x, y, far = 0.0, 850.0, 720.0
    blades = []
    for number in range(3):
        turn = math.radians(120 * number - 90)
        spin = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
        outline = [(60, -50), (280, -230), (540, -220), (600, 0), (470, 130), (230, 90), (60, 50)]
        blades.append(smooth(outline, closed=True) @ spin + np.array([x, y]))
    cage, ring = ellipse(x, y, far, far, 70), ellipse(x, y, far * 0.86, far * 0.86, 60)
    foot = np.concatenate([arc(0, GROUND, 470, 170, 180, 360), np.array([[470.0, GROUND]])])
    drawing = _drawn(
        colours,
        fill(2, box(-60, 1540, 60, 1880)),
        fill(2, foot),
        fill(1, cage),
        fill(0, *blades),
        only(np.concatenate([ring, ring[:1]]), weight=0.8),
        fill(2, ellipse(x, y, 110, 110)),
    )
    return _moving(drawing, {3: (Wheel("spin", x, y),)})


def _wind_turbine(colours: Sequence[str]) -> Drawing:
    x, y = 0.0, 760.0
    blades = []
    for number in range(3):
        turn = math.radians(120 * number - 90)
        spin = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
        outline = [(60, -40), (180, -80), (420, -55), (760, 0), (420, 20), (60, 40)]
        blades.append(smooth(outline, closed=True) @ spin + np.array([x, y]))
    tower = polygon((-38, y), (38, y), (75, GROUND), (-75, GROUND))
    drawing = _drawn(colours, fill(1, tower), fill(0, *blades), fill(1, ellipse(x, y, 80, 80)))
    return _moving(drawing, {1: (Wheel("spin", x, y),)})


def _cake(colours: Sequence[str]) -> Drawing:
    side = np.concatenate([
        arc(0, 1840, 900, 160, 180, 0, 40), np.array([[900.0, 950.0]]), arc(0, 950, 900, 170, 360, 180, 40),
    ])  # fmt: skip
    drips = [(900, 950), (880, 1200), (700, 1260), (560, 1130), (380, 1340), (180, 1360), (60, 1180), (-160, 1200)]
    drips += [(-300, 1380), (-480, 1340), (-600, 1150), (-760, 1260), (-890, 1180), (-900, 950)]
    icing = np.concatenate([smooth(drips), arc(0, 950, 900, 170, 180, 360, 40)])
    return _drawn(colours, fill(0, side), fill(1, icing, strokes=[arc(0, 950, 900, 170, 170, 10, 40)]))


def _bow_tie(colours: Sequence[str]) -> Drawing:
    wing = polygon((60, 1700), (600, 1460), (660, 1720), (600, GROUND), (60, 1760))
    folds = [line((120, 1715), (330, 1650)), line((120, 1745), (330, 1810))]
    other = [mirrored(fold) for fold in folds]
    return _drawn(colours, fill(0, wing, mirrored(wing), strokes=[*folds, *other]), fill(1, ellipse(0, 1730, 110, 130)))


SHAPES: Final[dict[str, Callable[[Sequence[str]], Drawing]]] = {
    "table": _table,
    "bench": _bench,
    "stool": _stool,
    "shelf": _shelf,
    "rug": _rug,
    "cushion": _cushion,
    "box": _box,
    "fence": _fence,
    "branch": _branch,
    "swing": _swing,
    "lamppost": _lamppost,
    "stage": _stage,
    "vase": _vase,
    "lilypad": _lilypad,
    "airballoon": _air_balloon,
    "lighthouse": _lighthouse,
    "windmill": _windmill,
    "igloo": _igloo,
    "pyramid": _pyramid,
    "submarine": _submarine,
    "treehouse": _treehouse,
    "rainbow": _rainbow,
    "leaf": _leaf_alone,
    "lamp": _lamp,
    "pot": _pot,
    "pirateship": _pirate_ship,
    "sailingship": _sailing_ship,
    "ferriswheel": _ferris_wheel,
    "fan": _fan,
    "windturbine": _wind_turbine,
    "cake": _cake,
    "bowtie": _bow_tie,
}


def shape(name: str, colours: Sequence[str]) -> Drawing:
    """A drawing of ours by its name in the table. Raises KeyError for one that is not there."""
    return SHAPES[name]((*colours, "#c98545", "#8a929c", "#7b5034"))


# --- bodies ----------------------------------------------------------------------------------------------------------


def figure(
    glyph: Glyph, body: str, colours: Sequence[str], solid: str, *, pose: str, clothes: Sequence[str], dress: bool
) -> Drawing:
    """A head of the font on a body of ours: "plush" in its own fur, else in `clothes` (top, trousers, shoes).

    A "finned" body ends in a fish's tail, a "caped" one has a cape, a "winged" one wings, and a "haloed" one a halo,
    too; these have the second of the colours.
    """
    x1, y1, x2, y2 = glyph.box
    wide = 1150.0 if body == "plush" else 900.0
    scale = wide / (x2 - x1)
    high = (y2 - y1) * scale
    chin = 60.0 + high
    neck = chin - (140 if body == "plush" else 70)
    skin, extra = colours[0], colours[min(1, len(colours) - 1)]
    faces = tuple(colours) if body in {"plush", "person"} else (skin,)
    head = Part(GlyphArt(glyph, scale, -(x1 + x2) / 2 * scale, 60 - y1 * scale), faces, solid)
    if body == "plush":
        parts, grip, seat = _plush(neck, skin, colours, solid, pose)
    elif body == "finned":
        parts, grip, seat = _finned(neck, skin, (clothes[0], extra), pose, dress=dress)
    else:
        parts, grip, seat = _person(neck, skin, clothes, pose, dress=dress)
    if body == "caped":
        parts = [_cape(neck, extra), *parts, _emblem(neck, extra)]
    elif body in {"winged", "haloed"}:
        parts = [_spread_wings(neck, extra), *parts]
    if body == "haloed":
        ring = Shape(((0, ellipse(0, -70, 290, 80)),), (Stroke(ellipse(0, -70, 190, 36)),))
        parts.insert(1, Part(ring, ("#f6d04d",), INK))
    outlines = [outline for part in parts for outline in part.art.silhouette]
    low = bounds([*outlines, np.array([[-wide / 2, 60.0], [wide / 2, chin]])])
    return Drawing(
        low, (*parts, head), grip=grip, head=(0.0, 60 + high * 0.52, wide * 0.92), seat=seat if pose == "sit" else None
    )


def _limb(points: Sequence[tuple[float, float]], width: float, end: float | None = None) -> Points:
    spine = smooth(points)
    return _rounded(spine, np.linspace(width, end or width, len(spine)))


def _rounded(spine: Points, widths: NDArray[np.float64]) -> Points:
    """A band with round ends."""
    outline = ribbon(spine, widths)
    count = len(spine)
    tip, root = spine[-1], spine[0]
    ahead = spine[-1] - spine[-2]
    turn = math.degrees(math.atan2(ahead[1], ahead[0]))
    cap = arc(float(tip[0]), float(tip[1]), widths[-1] / 2, widths[-1] / 2, turn + 90, turn - 90, 9)
    back = spine[0] - spine[1]
    turned = math.degrees(math.atan2(back[1], back[0]))
    start = arc(float(root[0]), float(root[1]), widths[0] / 2, widths[0] / 2, turned + 90, turned - 90, 9)
    return np.concatenate([outline[:count], cap, outline[count:], start])


ARMS: Final = {
    "stand": (((0, 0), (-150, 170), (-190, 360)), ((0, 0), (150, 170), (190, 360))),
    "step": (((0, 0), (-190, 120), (-300, 300)), ((0, 0), (60, 190), (60, 380))),
    "hold": (((0, 0), (-150, 170), (-190, 360)), ((0, 0), (200, 40), (390, -80))),
    "play": (((0, 0), (-110, 190), (90, 250)), ((0, 0), (150, 170), (-40, 330))),
    "cheer": (((0, 0), (-200, -40), (-330, -260)), ((0, 0), (200, -40), (330, -260))),
    "wave": (((0, 0), (-150, 170), (-190, 360)), ((0, 0), (230, -60), (290, -330))),
    "walk": (((0, 0), (-90, 190), (-70, 380)), ((0, 0), (90, 190), (120, 370))),
    "sit": (((0, 0), (-140, 170), (-120, 330)), ((0, 0), (140, 170), (120, 330))),
    "ride": (((0, 0), (-190, 110), (-380, 150)), ((0, 0), (-60, 170), (-280, 230))),
}
"""From each shoulder, as offsets; the left arm first."""


def _arms(
    pose: str, shoulder: float, top: float, width: float, *, hand: float = 0.0
) -> list[tuple[Points, Points | None, tuple[float, float], tuple[Limb, ...]]]:
    """Left and right: the arm, its hand if it has one of its own, where that is, and how the arm swings."""
    arms = []
    for side, way in zip((-1, 1), ARMS[pose], strict=True):
        points = [(side * shoulder + x, top + y) for x, y in way]
        (x, y), (elbow_x, elbow_y) = points[-1], points[1]
        swing: tuple[Limb, ...] = ()
        if pose == "wave" and side > 0:
            swing = (Hinge("wave", elbow_x, elbow_y, -14.0, 44.0, sector=(-165.0, 30.0)),)
        elif pose in {"walk", "cheer", "stand", "wave"}:
            # Each arm goes with the leg of the other side.
            swing = (Hinge("arm", side * shoulder, top, -17.0, 17.0, shift=0.0 if side > 0 else 0.5),)
        palm = ellipse(x, y, hand, hand, 20) if hand else None
        arms.append((_limb(points, width, width * 0.8), palm, (x, y), swing))
    return arms


def _person(
    neck: float, skin: str, clothes: Sequence[str], pose: str, *, dress: bool
) -> tuple[list[Part], tuple[float, float], float]:
    """The parts of a body, where its right hand is, and how far down it sits."""
    top, bottom, shoes = clothes[0], clothes[1], clothes[2]
    shoulder, hip, hem = 210.0, neck + 430, neck + 520
    feet = hip + (330 if pose == "sit" else 390)
    shirt = smooth(
        [
            (-110, neck - 20),
            (-shoulder - 30, neck + 70),
            (-190, neck + 260),
            (-200, hem - 40),
            (0, hem),
            (200, hem - 40),
            (190, neck + 260),
            (shoulder + 30, neck + 70),
            (110, neck - 20),
        ],
        closed=True,
    )
    if dress:
        low, wide = (hem + 40, 330) if pose == "sit" else (hem + 80, 340) if pose == "walk" else (hem + 140, 360)
        shirt = smooth(
            [
                (-110, neck - 20),
                (-shoulder, neck + 70),
                (-190, neck + 240),
                (-wide, low - 20),
                (0, low + 20),
                (wide, low - 20),
                (190, neck + 240),
                (shoulder, neck + 70),
                (110, neck - 20),
            ],
            closed=True,
        )
    cloth = skin if dress else bottom
    legs = [part for side in (-1, 1) for part in _leg(side, hip, feet, pose, (cloth, shoes))]
    sleeves = []
    arms = _arms(pose, shoulder, neck + 110, 105, hand=62)
    for arm, palm, _, swing in arms:
        if palm is not None:
            sleeves.append(Part(Shape(((0, palm),)), (skin,), INK, swing))
        sleeves.append(Part(Shape(((0, arm),)), (top,), INK, swing))
    torso = Part(Shape(((0, shirt),)), (top,), INK)
    knees = [
        Part(Shape(((0, ellipse(side * 115, hip + 60, 112, 92)),)), (bottom,), INK)
        for side in (-1, 1)
        if pose == "sit" and not dress
    ]
    if pose in {"play", "ride"}:
        # The arm before the hand, so that the hand is seen on what it holds.
        ordered = [*legs, torso, *sleeves[1::2], *sleeves[0::2]]
    else:
        ordered = [*legs, *sleeves, torso, *knees]
    return ordered, arms[1][2], hip + 120


def _leg(side: int, hip: float, feet: float, pose: str, colours: tuple[str, str]) -> list[Part]:
    """One leg and its shoe, which go together."""
    apart, spread = {"walk": (55.0, 60.0), "sit": (115.0, 125.0)}.get(pose, (95.0, 150.0))
    step: tuple[Limb, ...] = (Hinge("leg", side * apart, hip, -25.0, 25.0, shift=0.5 if side > 0 else 0.0, lift=75.0),)
    if pose == "ride":
        leg = _limb([(side * 60, hip), (side * 230 - 60, hip + 90), (side * 200 - 90, feet - 130)], 130, 115)
        return [Part(Shape(((0, leg),)), colours[:1], INK)]
    start = hip + 60 if pose == "sit" else hip
    middle = (side * (apart + spread) / 2, (start + feet) / 2)
    leg = _limb([(side * apart, start), middle, (side * spread, feet - 40)], 130, 115)
    sole = smooth(
        [(-75, feet - 60), (30, feet - 75), (125, feet - 25), (110, feet + 25), (-80, feet + 25)], closed=True
    )
    # Who walks has both shoes in the way they go.
    if side < 0 and pose != "walk":
        sole = mirrored(sole)
    sole += np.array([side * spread, 0.0])
    moves = () if pose == "sit" else step
    return [Part(Shape(((0, leg),)), colours[:1], INK, moves), Part(Shape(((0, sole),)), colours[1:], INK, moves)]


def _plush(
    neck: float, fur: str, colours: Sequence[str], solid: str, pose: str
) -> tuple[list[Part], tuple[float, float], float]:
    """The parts of a body, where its right hand is, and how far down it sits."""
    belly = colours[1] if len(colours) > 1 and colours[1] != fur else "#fff6ea"
    dark = solid in {"#3c3c46", "#8a5a38"}
    limbs = solid if dark else fur
    body_top, body_low = neck - 40, neck + 620
    torso = smooth(
        [
            (-170, body_top),
            (-330, neck + 220),
            (-370, neck + 450),
            (-230, body_low),
            (0, body_low + 20),
            (230, body_low),
            (370, neck + 450),
            (330, neck + 220),
            (170, body_top),
        ],
        closed=True,
    )
    patch = ellipse(0, neck + 390, 200, 190, 36)
    legs = []
    for side in (-1, 1):
        if pose == "sit":
            # Legs towards us: what is seen of them is their soles.
            sole, pad = ellipse(side * 250, body_low - 60, 140, 155), ellipse(side * 250, body_low - 40, 68, 78)
            legs += [Part(Shape(((0, sole),)), (limbs,), solid), Part(Shape(((0, pad),)), (belly,), INK)]
            continue
        foot = smooth([(-130, 60), (-120, -60), (0, -100), (120, -60), (130, 60)], closed=True)
        step = Hinge("leg", side * 210, body_low - 420, -13.0, 13.0, shift=0.5 if side > 0 else 0.0, lift=90.0)
        legs.append(Part(Shape(((0, foot + np.array([side * 210, body_low])),)), (limbs,), solid, (step,)))
    arms = _arms(pose, 270, neck + 170, 170)
    coat = solid if solid == "#8a5a38" else fur
    body = [Part(Shape(((0, torso),)), (coat,), solid), Part(Shape(((0, patch),)), (belly,), INK)]
    sleeves = [Part(Shape(((0, arm),)), (limbs,), solid, swing) for arm, _, _, swing in arms]
    ordered = [*body, *legs, *sleeves] if pose in {"play", "ride"} else [*sleeves, *body, *legs]
    return ordered, arms[1][2], body_low + 40


def _finned(
    neck: float, skin: str, colours: tuple[str, str], pose: str, *, dress: bool
) -> tuple[list[Part], tuple[float, float], float]:
    """As `_person`, with a fish's tail for legs: `colours` are those of the top and of the tail."""
    shoulder, hip = 190.0, neck + 400
    torso = smooth(
        [
            (-100, neck - 20), (-shoulder, neck + 70), (-165, neck + 230), (-190, hip + 60),
            (190, hip + 60), (165, neck + 230), (shoulder, neck + 70), (100, neck - 20),
        ],
        closed=True,
    )  # fmt: skip
    shells = [ellipse(side * 88, neck + 165, 92, 78, 24) for side in (-1, 1)] if dress else []
    left = smooth([(-215, hip - 40), (-250, hip + 160), (-190, hip + 400), (10, hip + 600), (200, hip + 640)])
    right = smooth([(270, hip + 520), (170, hip + 470), (160, hip + 330), (235, hip + 150), (215, hip - 40)])
    waist = smooth([(215, hip - 40), (0, hip + 20), (-215, hip - 40)])
    tail = np.concatenate([left, right, waist[1:-1]])
    scales = []
    for row in range(4):
        y, wide = hip + 130 + 95 * row, (4, 3, 4, 3)[row]
        middle = -10 - 12 * row
        scales += [arc(middle + (number - (wide - 1) / 2) * 96, y, 48, 52, 10, 170, 10) for number in range(wide)]
    fluke = [_leaf(225, hip + 580, turn, 360) for turn in (-62, 28)]
    arms = _arms(pose, shoulder - 10, neck + 110, 95, hand=0.0)
    sleeves = [Part(Shape(((0, arm),)), (skin,), INK, swing) for arm, _, _, swing in arms]
    body = [
        Part(Shape(tuple((0, each) for each in fluke)), colours[1:], INK),
        Part(Shape(((0, torso),)), (skin,), INK),
        *(Part(Shape(((0, each),)), colours[:1], INK) for each in shells),
        Part(Shape(((0, tail),), tuple(Stroke(each, 0.75) for each in scales)), colours[1:], INK),
    ]
    ordered = [*body, *sleeves] if pose in {"play", "ride", "hold"} else [*sleeves, *body]
    return ordered, arms[1][2], hip + 120


def _cape(neck: float, colour: str) -> Part:
    low = neck + 780
    cape = smooth(
        [
            (-150, neck + 20), (-330, neck + 300), (-470, low - 60), (-300, low), (-150, low - 50), (0, low),
            (150, low - 50), (300, low), (470, low - 60), (330, neck + 300), (150, neck + 20),
        ],
        closed=True,
    )  # fmt: skip
    return Part(Shape(((0, cape),)), (colour,), INK)


def _emblem(neck: float, colour: str) -> Part:
    sign = polygon((-85, neck + 130), (85, neck + 130), (110, neck + 190), (0, neck + 310), (-110, neck + 190))
    return Part(Shape(((0, sign),)), (colour,), INK)


def _spread_wings(neck: float, colour: str) -> Part:
    """A pair of wings behind the shoulders, rounder below."""
    upper = smooth(
        [
            (60, neck + 160),
            (250, neck - 120),
            (560, neck - 260),
            (760, neck - 120),
            (640, neck + 150),
            (300, neck + 260),
        ],
        closed=True,
    )
    lower = smooth(
        [
            (60, neck + 200),
            (330, neck + 250),
            (560, neck + 330),
            (560, neck + 520),
            (360, neck + 560),
            (150, neck + 400),
        ],
        closed=True,
    )
    outlines = [each for wing in (lower, upper) for each in (wing, mirrored(wing))]
    return Part(Shape(tuple((0, each) for each in outlines)), (colour,), INK, (Fold("fold", 0.0, 60.0, 0.4, 0.2),))


# --- wings -----------------------------------------------------------------------------------------------------------

WING: Final = (
    (-0.02, -0.16), (0.22, -0.27), (0.52, -0.27), (0.82, -0.17), (1.0, 0.0), (0.84, 0.05), (0.78, 0.16), (0.62, 0.14),
    (0.54, 0.25), (0.38, 0.21), (0.28, 0.29), (0.1, 0.2), (-0.04, 0.06),
)  # fmt: skip
"""A spread wing from its root to its tip, which is at (1, 0); its feathers are below."""
BEAT: Final = (-24.0, 76.0)
"""Degrees that it turns, from where it is drawn: up, and backwards and down."""


TUCKED: Final = 62.0
"""Degrees that legs are turned back in the air."""


def _tucked(body: Part, box: tuple[float, float, float, float], legs: Sequence[float], side: float) -> Part:
    """The same with its legs, which begin there, drawn up towards its tail."""
    if not legs:
        return body
    x, y = box[0] + legs[0] * (box[2] - box[0]), box[1] + legs[1] * (box[3] - box[1])
    back = Hinge("leg", x, y, side * TUCKED, side * TUCKED, sector=(22.0, 158.0))
    return replace(body, art=Bent(body.art, lambda points: back.bent(points, 0.0, 1.0)), limbs=())


def winged(drawing: Drawing, pinions: Sequence[float], head: tuple[float, float, float] | None, looks: str) -> Drawing:
    """The same with its wings spread, one before and one behind it, or, where it looks at us, one to each side."""
    x1, y1, x2, y2 = drawing.box
    x, y = x1 + pinions[0] * (x2 - x1), y1 + pinions[1] * (y2 - y1)
    long = pinions[2] * (x2 - x1)
    body = drawing.parts[0]
    colours = (body.solid,) if len(body.art.cores) and not body.art.areas else (body.colours[0], *body.colours[1:])
    side = 1.0 if looks == "right" else -1.0

    def wing(root: tuple[float, float], turn: float, back: float, size: float = 1.0) -> Part:
        """Its root there, `turn` degrees up from where its tip would point straight back."""
        angle = np.deg2rad(-turn)
        spin = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        outline = smooth([(px * long * size, py * long * size) for px, py in WING], closed=True) @ spin
        at = np.array([x, y]) + np.array(root) * long
        low, high = BEAT if back > 0 else (-BEAT[0], -BEAT[1])
        beat = Hinge("wing", float(at[0]), float(at[1]), low, high)
        return Part(Shape(((0, outline * np.array([back, 1.0]) + at),)), colours, body.solid, (beat,))

    if looks:
        body = _tucked(body, drawing.box, pinions[3:], side)
        far, near = wing((0.08 * side, -0.1), 84, -side, 0.86), wing((0.0, 0.0), 62, -side)
        parts = [far, body, *drawing.parts[1:], near]
    else:
        parts = [wing((way * 0.3, 0.0), 42, way) for way in (-1.0, 1.0)] + [*drawing.parts]
    spread = bounds([np.array([[x1, y1], [x2, y2]]), *(each for part in parts for each in part.art.silhouette)])
    where = None
    if head is not None:
        where = x1 + head[0] * (x2 - x1), y1 + head[1] * (y2 - y1), head[2] * (x2 - x1)
    return Drawing(spread, tuple(parts), head=where)
