"""The place of a scene: what surrounds the things that it is about. Each function draws one kind of place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from darkroom.adapters.ai.sketch.hand import ellipse, polygon, smooth
from darkroom.adapters.ai.sketch.language import LIVING
from darkroom.adapters.ai.sketch.shapes import arc, line
from darkroom.adapters.ai.sketch.stage import standing
from darkroom.adapters.ai.sketch.styles import darker, filled, mixed
from darkroom.domain.doodles import Style

if TYPE_CHECKING:
    from collections.abc import Callable

    from darkroom.adapters.ai.sketch.stage import Layer, Stage

GROUNDS: Final = {
    "night": "#4f6b7a",
    "rain": "#a9c39a",
    "storm": "#93a98c",
    "snow": "#ffffff",
    "sunny": "#a9d98a",
    "forest": "#a3cf88",
    "beach": "#f6e0ab",
    "underwater": "#f0dca8",
    "hill": "#a9d98a",
    "garden": "#b3dd93",
    "mountains": "#b5d3a0",
    "desert": "#f3cf8a",
    "city": "#c9ced8",
    "road": "#a9d98a",
    "room": "#e3bd8f",
    "party": "#f6d3a3",
    "sunset": "#b98f7a",
    "farm": "#b3d98a",
    "autumn": "#dcb878",
    "moon": "#cfd0dc",
    "wind": "#b5d9a0",
    "concert": "#8a5f9a",
    "sea": "#8fcbe6",
}
"""The colour of the ground, in a cartoon."""
FLOATING: Final = frozenset({"space", "sky", "underwater"})
"""Places where nothing stands on the ground."""


def drawn(stage: Stage, *, touch: int = 0) -> list[Layer]:
    """The scenery, from far to near. `touch` 1 or 2 adds a little where there is no place, for another picture."""
    if not stage.settings:
        stage.bare(touch)
        return stage.layers
    stage.sky()
    for name, place in PLACES.items():
        if name in stage.settings:
            place(stage)
    if stage.layout.ground is not None and not set(stage.settings) & FLOATING:
        stage.shadows(0.7)
    return stage.layers


def passing(stage: Stage, motion: str, *, upwards: bool) -> None:
    """Where there is no place, what somebody passes who stays in the middle of the picture, going on and on."""
    side = stage.side
    if upwards:
        for number in range(9):
            x, y = stage.width * (number * 0.618 % 1.0), stage.height * (number * 0.236 % 1.0)
            long = side * (0.05 + 0.03 * (number % 3))
            stage.add(stage.strokes(line((x, y), (x - long * 0.7, y + long * 0.7), step=long / 4)), "rush", (x, y))
    elif motion == "fly":
        for number, y in enumerate((0.16, 0.84)):
            x, wide = stage.width * (0.2 + 0.5 * number), side * (0.2 - 0.03 * number)
            stage.cloud(x, stage.height * y, wide, motion="pass")
        for number, y in enumerate((0.34, 0.62, 0.72)):
            x = stage.width * (0.9 - 0.37 * number)
            stage.add(
                stage.strokes(
                    line((x, stage.height * y), (x + side * 0.08, stage.height * y), step=side * 0.02), weight=0.9
                ),
                "rush",
                (x, stage.height * y),
            )
    elif motion == "swim":
        for number in range(7):
            x, y, r = number / 7 * stage.width, stage.height * (0.12 + 0.76 * (number * 0.618 % 1.0)), side * 0.012
            ring = ellipse(x, y, r * (1 + number % 2), r * (1 + number % 2), 20)
            wavelet = smooth([(x, y), (x + 2 * r, y - r), (x + 4 * r, y), (x + 6 * r, y - r), (x + 8 * r, y)])
            marks = stage.strokes(wavelet if number % 2 else np.concatenate([ring, ring[:2]]), weight=0.9)
            stage.add(marks, "pass", (x, y))
    else:
        _roadside(stage, "pass" if motion == "walk" else "rush")


def _roadside(stage: Stage, pace: str) -> None:
    """Tufts and pebbles beside the way."""
    low = stage.height - stage.ground
    for number in range(6):
        x, y = number / 6 * stage.width, stage.ground + low * (0.22 + 0.5 * (number * 0.618 % 1.0))
        size = stage.side * 0.022
        if number % 2:
            pebble = arc(x, y, size, size * 0.6, 180, 360, 12)
            marks = [pebble, line((x - size * 1.4, y), (x + size * 1.4, y), step=size)]
        else:
            marks = [
                smooth(
                    [(x + size * 0.3 * lean, y), (x + size * 0.5 * lean, y - size), (x + size * lean, y - 1.7 * size)]
                )
                for lean in (-0.9, 0.05, 0.9)
            ]
        stage.add(stage.strokes(*marks, weight=0.9), pace, (x, y))


def night(stage: Stage) -> None:
    stage.moon()
    stage.stars(16, 0.62 if stage.layout.ground is not None else 1.0)
    if len(stage.settings) == 1 and stage.layout.ground is not None:
        stage.horizon(GROUNDS["night"])


def space(stage: Stage) -> None:
    size = stage.side * 0.15
    x, y = stage.corner(size)
    stage.add(stage.thing("saturn", x, y + size * 0.5, size * 0.9, faint=not stage.colourful), "float", (x, y))
    stage.stars(24)


def moonscape(stage: Stage) -> None:
    size = stage.side * 0.17
    x, y = stage.corner(size)
    stage.add(stage.thing("earth", x, y + size * 0.5, size, faint=not stage.colourful), "spin", (x, y))
    stage.stars(16, 0.6)
    stage.horizon(GROUNDS["moon"], bumps=0.012)
    for _ in range(5):
        cx = stage.rng.uniform(0.05, 0.95) * stage.width
        cy = stage.ground + (stage.height - stage.ground) * stage.rng.uniform(0.3, 0.85)
        r = stage.side * stage.rng.uniform(0.03, 0.06)
        stage.add(stage.area(ellipse(cx, cy, r, r * 0.32), darker(GROUNDS["moon"], 0.1), outlined=not stage.colourful))


def rain(stage: Stage) -> None:
    stage.rain()
    if first(stage, "rain"):
        stage.horizon(GROUNDS["rain"])
        puddle = ellipse(
            stage.width * stage.rng.uniform(0.3, 0.7),
            stage.ground + (stage.height - stage.ground) * 0.6,
            stage.side * 0.12,
            stage.side * 0.016,
        )
        stage.add(stage.area(puddle, "#a5cbe6", outlined=not stage.colourful))


def storm(stage: Stage) -> None:
    stage.rain(heavy=True)
    x = stage.free_x(stage.side * 0.12)
    if x is not None:
        stage.add(
            stage.thing("lightning", x, stage.height * 0.38, stage.side * 0.2, faint=False),
            "twinkle",
            (x, stage.height * 0.3),
        )
    if first(stage, "storm"):
        stage.horizon(GROUNDS["storm"])


def snow(stage: Stage) -> None:
    stage.horizon(GROUNDS["snow"], bumps=0.018)
    if first(stage, "snow"):
        stage.behind(("pine",), 4, 0.3)
    stage.snow()


def wind(stage: Stage) -> None:
    lines = []
    for _ in range(5):
        x, y = stage.rng.uniform(0.05, 0.7) * stage.width, stage.rng.uniform(0.08, 0.5) * stage.height
        if not stage.clear(x + stage.side * 0.1, y, stage.side * 0.06):
            continue
        long = stage.side * stage.rng.uniform(0.16, 0.26)
        curl = arc(x + long, y - long * 0.12, long * 0.12, long * 0.12, 90, -170, 16)
        lines.append(np.concatenate([line((x, y), (x + long * 0.95, y), step=long * 0.1), curl]))
    stage.add(stage.strokes(*lines), "drift", (stage.width / 2, stage.height * 0.3))
    if first(stage, "wind") and stage.layout.ground is not None:
        stage.horizon(GROUNDS["wind"])


def sunny(stage: Stage) -> None:
    stage.sun()
    stage.clouds(2)
    if first(stage, "sunny") and stage.layout.ground is not None:
        stage.horizon(GROUNDS["sunny"])
        stage.grass(9)


def forest(stage: Stage) -> None:
    stage.behind(("pine", "tree", "pine"), 6, 0.5)
    stage.horizon(GROUNDS["forest"], outlined=True)
    stage.grass(12)
    stage.sprinkled(("mushroom", "fern"), 3, 0.07)


def beach(stage: Stage) -> None:
    line_y = stage.ground - stage.height * 0.14
    stage.sun()
    stage.waves(line_y, 3, fill="#8fd3ec")
    stage.horizon(GROUNDS["beach"], bumps=0.008)
    x = stage.free_x(stage.side * 0.24)
    if x is not None:
        stage.add(
            stage.thing("palm", x, stage.ground + stage.height * 0.03, stage.height * 0.46, flip=x > stage.width / 2),
            "sway",
            (x, stage.ground),
        )
    stage.sprinkled(("seashell", "crab"), 2, 0.06)


def underwater(stage: Stage) -> None:
    stage.waves(stage.height * 0.07, 1)
    bottom = stage.height * 0.9
    ground, stage.ground = stage.ground, bottom
    stage.horizon(GROUNDS["underwater"], bumps=0.012)
    for x in (0.08, 0.2, 0.82, 0.93):
        at = stage.width * (x + stage.rng.uniform(-0.02, 0.02))
        high = stage.side * stage.rng.uniform(0.14, 0.26)
        blades = []
        for shift in (-0.3, 0.0, 0.32):
            foot = at + shift * stage.side * 0.07
            tall = high * (1 - abs(shift))
            blades.append(
                smooth(
                    [
                        (foot, bottom + 4),
                        (foot + tall * 0.09, bottom - tall * 0.3),
                        (foot - tall * 0.08, bottom - tall * 0.65),
                        (foot + tall * 0.05, bottom - tall),
                    ]
                )
            )
        stage.add(
            stage.strokes(*blades, weight=2.4 if stage.colourful else 1.2, colour="#4fae7a" if stage.colourful else ""),
            "sway",
            (at, bottom),
        )
    spot = stage.free_x(stage.side * 0.1)
    if spot is not None:
        coral = stage.thing("coral", spot, bottom + stage.side * 0.015, stage.side * 0.12)
        stage.add(coral, "sway", (spot, bottom))
    for _ in range(9):
        x, y = stage.rng.uniform(0.05, 0.95) * stage.width, stage.rng.uniform(0.14, 0.82) * stage.height
        r = stage.side * stage.rng.uniform(0.008, 0.02)
        if stage.clear(x, y, r * 2):
            ring = ellipse(x, y, r, r, 20)
            svg = filled([ring], "#e6f7fd", opacity=0.8) if stage.colourful else ""
            stage.add(
                svg
                + stage.strokes(
                    np.concatenate([ring, ring[:2]]), weight=0.6, colour="#5fb4d6" if stage.colourful else ""
                ),
                "bubble",
                (x, y),
            )
    stage.ground = ground


def sea(stage: Stage) -> None:
    if first(stage, "sea"):
        stage.clouds(2)
    if standing(stage.layout.items):
        # Who does not float stands on the bank.
        stage.waves(stage.ground - stage.height * 0.15, 3, fill="#8fcbe6")
        stage.horizon(GROUNDS["hill"], bumps=0.006)
        stage.grass(7)
        return
    low = stage.ground - 0.02 * stage.height
    afloat = [item for item in stage.layout.items if item.thing.place == "water" or (item.aloft and item.box[3] > low)]
    swimmers = [item for item in afloat if item.thing.section in LIVING]
    if not swimmers or len(swimmers) < len(afloat):
        stage.waves(stage.ground - stage.height * 0.05, 3, fill="#8fcbe6")
        return
    # Who swims is in the water, and seen through it.
    top = stage.ground - SUNK * min(item.h for item in swimmers)
    stage.waves(top, 4, fill="#8fcbe6")
    if stage.colourful:
        x, y = stage.width + 9, stage.height + 9
        sheet = np.array([[-9, top], [x, top], [x, y], [-9, y]], dtype=np.float64)
        stage.add(filled([sheet], "#8fcbe6", opacity=0.62), front=True)


SUNK: Final = 0.38
"""Share of who swims that is under water."""


def hill(stage: Stage) -> None:
    if len(stage.settings) == 1:
        stage.sun()
        stage.clouds(1)
    stage.hills(GROUNDS["hill"])
    stage.horizon(GROUNDS["hill"])
    stage.grass(14)
    stage.sprinkled(("daisy",), 3, 0.05)


def garden(stage: Stage) -> None:
    if len(stage.settings) == 1:
        stage.sun()
    stage.hills(GROUNDS["garden"])
    stage.horizon(GROUNDS["garden"])
    stage.grass(9)
    stage.sprinkled(("tulip", "daisy", "sunflower"), 6, 0.08)


def mountains(stage: Stage) -> None:
    stage.clouds(2, 0.2)
    for number, share in enumerate((0.16, 0.86, 0.5)):
        x, high = stage.width * share, stage.height * (0.46 if number < 2 else 0.36) * stage.rng.uniform(0.9, 1.1)
        wide = high * 0.95
        peak = line(
            (x - wide, stage.ground),
            (x - wide * 0.35, stage.ground - high * 0.55),
            (x, stage.ground - high),
            (x + wide * 0.4, stage.ground - high * 0.5),
            (x + wide, stage.ground),
            step=stage.side * 0.03,
        )
        svg = filled([stage.hand.bent(peak)], "#aebccb" if stage.colourful else stage.look.paper)
        cap = np.array(
            [
                (x, stage.ground - high),
                (x + wide * 0.23, stage.ground - high * 0.71),
                (x + wide * 0.08, stage.ground - high * 0.76),
                (x, stage.ground - high * 0.66),
                (x - wide * 0.09, stage.ground - high * 0.75),
                (x - wide * 0.2, stage.ground - high * 0.69),
            ]
        )
        svg += filled([stage.hand.bent(cap)], "#ffffff") if stage.colourful else stage.strokes(cap[1:])
        stage.add(svg + stage.strokes(peak))
    stage.horizon(GROUNDS["mountains"])
    stage.behind(("pine",), 5, 0.14)
    stage.grass(8)


def desert(stage: Stage) -> None:
    stage.sun()
    stage.hills(GROUNDS["desert"])
    stage.horizon(GROUNDS["desert"], bumps=0.012)
    x = stage.free_x(stage.side * 0.14)
    if x is not None:
        stage.add(
            stage.thing("cactus", x, stage.ground + stage.height * 0.02, stage.side * 0.22), "sway", (x, stage.ground)
        )


def city(stage: Stage) -> None:
    base = stage.ground - (stage.height * 0.01)
    x = -stage.width * 0.02
    pieces = []
    tones = ("#c9d3e3", "#d8dfec", "#bccadd", "#e3e3ee")
    number = 0
    while x < stage.width * 1.02:
        wide = stage.side * stage.rng.uniform(0.09, 0.16)
        high = stage.height * stage.rng.uniform(0.34, 0.6)
        block = polygon((x, base), (x, base - high), (x + wide, base - high), (x + wide, base), step=stage.side * 0.04)
        pieces.append(stage.area(block, tones[number % 4]))
        windows = []
        for row in range(int(high / (stage.side * 0.055))):
            for column in range(int(wide / (stage.side * 0.04))):
                if stage.rng.random() < 0.72:
                    wx, wy = x + stage.side * (0.014 + 0.04 * column), base - high + stage.side * (0.02 + 0.055 * row)
                    s = stage.side * 0.017
                    windows.append(np.array([(wx, wy), (wx + s, wy), (wx + s, wy + s * 1.3), (wx, wy + s * 1.3)]))
        pieces.append(
            filled(windows, "#fdf3c8" if stage.colourful else mixed(stage.ink, stage.look.paper, 0.55), rule="nonzero")
        )
        x += wide + stage.side * stage.rng.uniform(0.0, 0.02)
        number += 1
    if stage.look.style is Style.MINIMALIST:
        pieces = [outlined_city(stage, base)]
    stage.add("".join(pieces))
    stage.horizon(GROUNDS["city"])


def outlined_city(stage: Stage, base: float) -> str:
    x, points = 0.0, [(0.0, base)]
    while x < stage.width:
        wide, high = stage.side * stage.rng.uniform(0.07, 0.15), stage.height * stage.rng.uniform(0.16, 0.46)
        points += [(x, base - high), (x + wide, base - high)]
        x += wide
    points.append((x, base))
    return stage.strokes(line(*points, step=stage.side * 0.03))


def road(stage: Stage) -> None:
    if len(stage.settings) == 1:
        stage.clouds(2)
        stage.behind(("tree", "pine"), 4, 0.26)
    stage.horizon(GROUNDS["road"], lift=stage.side * 0.05)
    top, low = stage.ground - stage.side * 0.03, min(stage.ground + stage.side * 0.1, stage.height)
    strip = np.array([(-9, top), (stage.width + 9, top), (stage.width + 9, low), (-9, low)])
    dash = stage.side * 0.07
    y = stage.ground + (low - stage.ground) * 0.55
    dashes = [line((x, y), (x + dash, y), step=dash * 0.3) for x in np.arange(-dash, stage.width, dash * 2)]
    edges = [
        line((-9, top), (stage.width + 9, top), step=stage.side * 0.05),
        line((-9, low), (stage.width + 9, low), step=stage.side * 0.05),
    ]
    svg = filled([strip], "#8f97a5") if stage.colourful else stage.strokes(*edges)
    stage.add(svg)
    stage.add(stage.strokes(*dashes, weight=1.3, colour="#fdf6e0" if stage.colourful else ""), "dashes")


def airy(stage: Stage) -> None:
    stage.clouds(4, 0.85)


def room(stage: Stage) -> None:
    wall = stage.side * 0.26
    stage.horizon(GROUNDS["room"], lift=stage.side * 0.03)
    x = stage.free_x(wall * 0.8)
    if x is not None:
        y = min(stage.layout.focus[1] + wall * 0.3, stage.height * 0.3)
        stage.add(stage.thing("window", x, y + wall * 0.4, wall * 0.8))
    other = stage.free_x(wall * 0.5)
    if other is not None and (x is None or abs(other - x) > wall):
        stage.add(
            stage.thing(
                "painting",
                other,
                stage.height * 0.3,
                wall * 0.5,
            )
        )


def party(stage: Stage) -> None:
    stage.horizon(GROUNDS["party"]) if stage.layout.ground is not None else None
    y = stage.height * 0.05
    sag = smooth(
        [
            (0, y),
            (stage.width * 0.25, y + stage.side * 0.06),
            (stage.width * 0.5, y),
            (stage.width * 0.75, y + stage.side * 0.06),
            (stage.width, y),
        ]
    )
    svg = stage.strokes(sag)
    tones = ("#ef5f6a", "#f7c948", "#5fa8e0", "#6cc07a")
    for number, at in enumerate(range(3, len(sag) - 2, 4)):
        px, py = float(sag[at, 0]), float(sag[at, 1])
        size = stage.side * 0.032
        svg += stage.area(
            polygon((px - size * 0.6, py), (px + size * 0.6, py), (px, py + size * 1.3), step=size),
            tones[number % 4],
        )
    stage.add(svg, "sway", (stage.width / 2, y))
    pieces = []
    for number in range(36):
        x, cy = stage.width * (number * 0.7549 % 1.0), stage.height * (0.14 + 0.6 * (number * 0.5698 % 1.0))
        if not stage.clear(x, cy, stage.side * 0.015):
            continue
        size = stage.side * stage.rng.uniform(0.008, 0.014)
        turn = stage.rng.uniform(0, math.pi)
        bit = smooth(
            [
                (x - math.cos(turn) * size, cy - math.sin(turn) * size),
                (x + math.sin(turn) * size * 0.4, cy - math.cos(turn) * size * 0.4),
                (x + math.cos(turn) * size, cy + math.sin(turn) * size),
            ]
        )
        pieces.append(stage.strokes(bit, weight=1.3, colour=tones[number % 4] if stage.colourful else ""))
    stage.add("".join(pieces), "snow")


def sunset(stage: Stage) -> None:
    radius = stage.side * 0.25
    x, y = stage.width * stage.rng.choice((0.27, 0.73)), stage.ground - stage.side * 0.04
    stage.add(stage.area(arc(x, y, radius, radius, 180, 360, 40), "#f7914d"))
    rays = [
        np.array([x, y]) + np.outer(np.linspace(1.15, 1.5, 5) * radius, [math.cos(t), math.sin(t)])
        for t in np.linspace(math.pi * 1.06, math.pi * 1.94, 9)
    ]
    stage.add(stage.strokes(*rays, weight=1.2, colour="#f7a85f" if stage.colourful else ""), "twinkle", (x, y))
    stage.horizon(GROUNDS["sunset"])


def farm(stage: Stage) -> None:
    if len(stage.settings) == 1:
        stage.sun()
    stage.hills(GROUNDS["farm"])
    x = stage.free_x(stage.side * 0.26)
    if x is not None:
        stage.add(stage.thing("house", x, stage.ground, stage.side * 0.24))
    stage.horizon(GROUNDS["farm"])
    y = stage.ground + stage.side * 0.005
    posts = [
        line((x, y), (x, y - stage.side * 0.06), step=stage.side * 0.02)
        for x in np.arange(0.02 * stage.width, stage.width, stage.side * 0.09).tolist()
        if stage.clear(x, y - stage.side * 0.02, stage.side * 0.02)
    ]
    rails = [
        line((0, y - stage.side * lift), (stage.width, y - stage.side * lift), step=stage.side * 0.04)
        for lift in (0.02, 0.045)
    ]
    stage.add(stage.strokes(*rails, *posts, weight=1.2, colour="#b98d5c" if stage.colourful else ""))
    stage.grass(8)


def autumn(stage: Stage) -> None:
    if len(stage.settings) == 1:
        stage.behind(("tree",), 3, 0.42)
    stage.horizon(GROUNDS["autumn"])
    for number in range(9):
        x, y = stage.rng.uniform(0.05, 0.95) * stage.width, stage.rng.uniform(0.1, 0.95) * stage.height
        size = stage.side * stage.rng.uniform(0.035, 0.055)
        if stage.clear(x, y - size / 2, size * 0.7):
            stage.add(stage.thing("maple leaf", x, y, size, flip=number % 2 == 0), "snow", (x, y))


def concert(stage: Stage) -> None:
    stage.horizon(GROUNDS["concert"], lift=stage.side * 0.02)
    for share in (0.15, 0.5, 0.85):
        x = stage.width * share
        beam = np.array([(x, -9), (x - stage.width * 0.12, stage.ground), (x + stage.width * 0.12, stage.ground)])
        if stage.colourful:
            stage.add(filled([beam], "#fdf0b0", opacity=0.22), "twinkle", (x, 0))
        else:
            stage.add(
                stage.strokes(
                    line((x, 0), tuple(beam[1]), step=stage.side * 0.05),
                    line((x, 0), tuple(beam[2]), step=stage.side * 0.05),
                    weight=0.6,
                )
            )


def first(stage: Stage, name: str) -> bool:
    """Is it the only place that says what the ground is like?"""
    return not (set(stage.settings) - {name, "night", "rain", "storm", "wind", "sunny", "sunset", "sky"})


PLACES: Final[dict[str, Callable[[Stage], None]]] = {
    "sunset": sunset, "sunny": sunny, "night": night, "space": space,
    "moon": moonscape, "sky": airy, "mountains": mountains, "city": city,
    "hill": hill, "garden": garden, "desert": desert, "beach": beach,
    "forest": forest, "farm": farm, "autumn": autumn, "sea": sea,
    "underwater": underwater, "room": room, "road": road, "party": party,
    "concert": concert, "wind": wind, "snow": snow, "rain": rain, "storm": storm,
}  # fmt: skip
"""In the order in which they are painted, from far to near."""
