"""The sets that a product is photographed on: eight designs, drawn as SVG around the place where it will stand.

A design is one function from a Scene to a Set, one line in DESIGNS, and one in LOOKS, which a request chooses from. The
same numbers from the same generator give the same set, so a seed gives one picture, and the next seed another of its
kind.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from darkroom.adapters.studio.colours import Colour, mixed
from darkroom.adapters.studio.scene import Design, Light, Set
from darkroom.adapters.studio.svg import blur, faded, linear, path, pool, radial, ramp, tag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from darkroom.adapters.studio.scene import Scene
    from darkroom.adapters.studio.svg import Value

WHITE: Final = Colour(1.0, 0.0, 0.0)


def _all(scene: Scene, fill: str | Colour) -> str:
    return tag("rect", width=scene.width, height=scene.height, fill=fill)


def _on_the_floor(y: float, flat: float, *content: str) -> str:
    """Pressed flat about a height: what is a circle from above lies there as an ellipse."""
    return tag("g", *content, transform=f"translate(0 {y:.1f}) scale(1 {flat}) translate(0 {-y:.1f})")


def studio(scene: Scene) -> Set:
    """A roll of paper, wall and floor in one, lit from above."""
    palette, unit = scene.palette, scene.unit
    lightness = palette.behind(0.84, 0.93)
    chroma = scene.between(0.022, 0.04) if lightness > 0.7 else 0.05
    turn = scene.either(-18, 0, 18, 180)
    wall = palette.tint(lightness, chroma, turn)
    bright = palette.tint(min(lightness + 0.06, 0.985), chroma * 0.6, turn)
    deep = palette.tint(lightness - 0.075, chroma * 1.25, turn)
    floor = palette.tint(lightness - 0.012, chroma, turn)
    x, y = scene.centre
    bottom = scene.box[3]
    bend = bottom - 0.075 * unit
    lamp = x + scene.either(-1, 1) * 0.08 * unit
    paper = ramp(wall, (0.35, mixed(wall, deep, 0.3)), (0.62, deep), (0.8, mixed(deep, floor, 0.7)), floor)
    behind = (
        tag(
            "defs",
            linear("paper", paper, (0, bend - 0.62 * unit), (0, bend + 0.22 * unit)),
            radial("lit", pool(bright, 0.95), (lamp, y - 0.1 * unit), scene.reach * 1.5),
            radial("floor", pool(bright, 0.55), (x, bottom), 0.62 * unit),
        )
        + _all(scene, "url(#paper)")
        + _all(scene, "url(#lit)")
        + _on_the_floor(
            bottom, 0.3, tag("rect", y=bottom - unit, width=scene.width, height=2 * unit, fill="url(#floor)")
        )
    )
    slant = 0.75 if lamp < x else -0.75
    return Set(behind, Light(palette.tint(0.22, 0.03, turn), contact=0.62, cast=0.26, slant=slant, mirror=0.05))


def spotlight(scene: Scene) -> Set:
    """A dark room and one lamp."""
    palette, unit = scene.palette, scene.unit
    turn = scene.either(0, 20, -25, 160)
    chroma = scene.between(0.035, 0.06)
    dark = palette.tint(0.17, chroma * 0.7, turn)
    # A dark product has to be seen against what the lamp lights.
    lit = max(0.46, palette.behind(0.4, 0.66)) if palette.edge[1] < 0.45 else 0.42
    wall = palette.tint(lit, chroma * 1.7, turn)
    beam = palette.tint(0.82, chroma, turn)
    x, y = scene.centre
    bottom = scene.box[3]
    lean = scene.either(-1, 1) * scene.between(0.16, 0.3) * unit
    half = max(0.56 * (scene.box[2] - scene.box[0]), 0.2 * unit)
    lamp, top = x + lean, -0.08 * unit
    cone = path(*("M", lamp - 0.05 * unit, top, "H", lamp + 0.05 * unit, "L", x + half, bottom, "H", x - half, "z"))
    behind = (
        tag(
            "defs",
            radial("wall", pool(wall, 0.95), (x, y), max(scene.reach * 1.5, 0.46 * unit)),
            radial("floor", pool(mixed(wall, beam, 0.45), 0.9), (x, bottom), half * 1.9),
            linear("beam", faded(beam, 0.34, 0.13, 0.0), (lamp, top), (x, bottom)),
            blur("soft", 0.03 * unit),
        )
        + _all(scene, dark)
        + _all(scene, "url(#wall)")
        + tag("path", d=cone, fill="url(#beam)", filter="url(#soft)")
        + _on_the_floor(bottom, 0.22, tag("circle", cx=x, cy=bottom, r=half * 1.9, fill="url(#floor)"))
    )
    slant = -2.2 * lean / unit
    light = Light(palette.tint(0.06, 0.02, turn), contact=0.8, cast=0.35, slant=slant, mirror=0.16)
    return Set(behind, light, grain=1.3)


def podium(scene: Scene) -> Set:
    """A round plinth before an arch, a ball beside it."""
    palette, unit, height = scene.palette, scene.unit, scene.height
    lightness = palette.behind(0.76, 0.88)
    turn = scene.either(0, 150, 180, 30)
    chroma = scene.between(0.045, 0.075)
    wall = palette.tint(lightness, chroma, turn)
    arch = palette.tint(lightness + (0.055 if lightness < 0.9 else -0.07), chroma * 0.8, turn - 12)
    lit, shaded = palette.tint(lightness + 0.05, chroma * 0.8, turn), palette.tint(lightness - 0.13, chroma * 1.2, turn)
    dark = shaded.at(lightness=max(shaded.lightness - 0.25, 0.12))
    x, _ = scene.centre
    x1, y1, x2, bottom = scene.box
    radius = min(max(0.62 * (x2 - x1), 0.17 * unit), (0.27 if scene.side else 0.46) * scene.width)
    flat = radius * 0.17
    top = bottom - flat * 0.42
    half = radius * scene.between(0.98, 1.12)
    crown = max(y1 - 0.05 * unit, 0.04 * unit) if scene.side else max(y1 - 0.045 * unit, 0.2 * unit)
    floor = top + flat + 0.02 * unit
    spring = crown + max(half, (floor - crown) * 0.2)
    opening = path(
        *("M", x - half, height, "V", spring, "A", half, spring - crown, "0 0 1", x + half, spring, "V", height, "z")
    )
    rim = lit.at(lightness=min(lit.lightness + 0.05, 1))
    behind = (
        tag(
            "defs",
            linear("wall", ramp(mixed(wall, lit, 0.5), mixed(wall, shaded, 0.25)), (0, 0), (0, height)),
            linear("arch", ramp(arch, mixed(arch, wall, 0.75)), (0, crown), (0, floor + 0.2 * unit)),
            linear(
                "side",
                ramp(mixed(shaded, lit, 0.25), (0.28, lit), (0.55, mixed(lit, shaded, 0.4)), shaded),
                (x - radius, 0),
                (x + radius, 0),
            ),
            linear("top", ramp(lit, mixed(lit, shaded, 0.35)), (x - radius, 0), (x + radius, 0)),
            blur("soft", 0.018 * unit),
        )
        + _all(scene, "url(#wall)")
        + tag(
            "path",
            d=opening,
            fill=shaded,
            opacity=0.35,
            filter="url(#soft)",
            transform=f"translate({0.012 * unit:.1f} {0.012 * unit:.1f})",
        )
        + tag("path", d=opening, fill="url(#arch)")
        + _shadow_on_floor(x + 0.05 * unit, height - 0.02 * unit, radius * 1.12, flat * 1.3, dark)
        + tag("rect", x=x - radius, y=top, width=2 * radius, height=height + flat - top, fill="url(#side)")
        + tag("ellipse", cx=x, cy=top, rx=radius, ry=flat, fill="url(#top)")
        + tag(
            "ellipse",
            cx=x,
            cy=top,
            rx=radius - 0.004 * unit,
            ry=flat - 0.0035 * unit,
            fill="none",
            stroke=rim,
            stroke_width=0.003 * unit,
            opacity=0.8,
        )
    )
    size = scene.between(0.030, 0.046) * unit
    ball_x = x + scene.either(-1, 1) * (radius + size * 1.7)
    if size * 1.5 < ball_x < scene.width - size * 1.5:
        behind += _ball(scene, ball_x, height - 0.045 * unit - size, size, shaded)
    return Set(behind, Light(palette.tint(0.25, 0.04, turn), contact=0.6, cast=0.2, slant=0.9))


def _shadow_on_floor(x: float, y: float, across: float, deep: float, colour: Colour) -> str:
    return tag("ellipse", cx=x, cy=y, rx=across, ry=deep, fill=colour, opacity=0.5, filter="url(#soft)")


def _ball(scene: Scene, x: float, y: float, size: float, shaded: Colour) -> str:
    """In the product's own colour."""
    key = scene.palette.key
    colour = scene.palette.tint(min(key.lightness + 0.08, 0.8), max(key.chroma * 0.9, 0.09))
    glaze = ramp(mixed(colour, WHITE, 0.35), mixed(colour, shaded, 0.55))
    return (
        tag("defs", radial("ball", glaze, (x - 0.3 * size, y - 0.4 * size), 1.6 * size))
        + _shadow_on_floor(x + 0.3 * size, y + size, size * 1.1, size * 0.3, shaded.at(lightness=0.25))
        + tag("circle", cx=x, cy=y, r=size, fill="url(#ball)")
    )


def split(scene: Scene) -> Set:
    """Two fields of colour that meet behind the product, the deep one for the words."""
    palette, unit, width, height = scene.palette, scene.unit, scene.width, scene.height
    lightness = palette.behind(0.8, 0.9)
    turn = scene.either(150, 180, 210, 60)
    field = palette.tint(lightness, scene.between(0.06, 0.09), turn)
    disc = palette.tint(min(lightness + 0.07, 0.97), 0.045, turn)
    deep = palette.tint(0.34, 0.085, scene.either(0, 0, -20))
    lean = scene.either(-1, 1) * scene.between(0.03, 0.07) * unit
    x1, y1, x2, y2 = scene.box
    if scene.side:
        edge = x1 + 0.12 * (x2 - x1) if scene.side < 0 else x2 - 0.12 * (x2 - x1)
        far = 0 if scene.side < 0 else width
        words = path("M", far, 0, "H", edge + lean, "L", edge - lean, height, "H", far, "z")
    else:
        edge = y1 + 0.13 * (y2 - y1) if scene.above else y2 - 0.13 * (y2 - y1)
        far = 0 if scene.above else height
        words = path("M", 0, far, "V", edge + lean, "L", width, edge - lean, "V", far, "z")
    x, y, radius = scene.disc(scene.between(0.82, 0.95))
    ring: dict[str, Value] = {"fill": "none", "stroke": field, "stroke_width": 0.0025 * unit, "opacity": 0.6}
    behind = (
        _all(scene, field)
        + tag("circle", cx=x, cy=y, r=radius, fill=disc)
        + tag("path", d=words, fill=deep)
        + tag("circle", cx=x, cy=y, r=max(1.0, radius - 0.03 * unit), **ring)
    )
    return Set(behind, Light(palette.tint(0.16, 0.03), drop=0.42, drop_at=(0.014, 0.03, 0.026)), grain=0.6)


def paper(scene: Scene) -> Set:
    """Sheets of cut paper, each throwing a shadow on the next, open where the product lies."""
    palette, unit, width, height = scene.palette, scene.unit, scene.width, scene.height
    lightness = palette.behind(0.86, 0.94)
    turn = scene.either(0, 25, 180, 200)
    step = scene.between(14, 24) * scene.either(-1, 1)
    darker = -1 if lightness < 0.55 else 1
    tones = [
        palette.tint(lightness - (0.06 + 0.055 * index) * darker, 0.045 + 0.02 * index, turn + step * index)
        for index in range(4)
    ]
    parts = [_all(scene, palette.tint(lightness, 0.025 if darker > 0 else 0.05, turn))]
    far = height if scene.above else 0
    corners = [(0, far), (width, far)]
    if scene.side:
        outer = width if scene.side < 0 else 0
        corners = [(outer, 0), (outer, height)]
    x, y = scene.centre
    for corner_x, corner_y in corners:
        phase = scene.between(0, 2 * math.pi)
        # From the product outwards: the nearest sheet is the lowest.
        for index, tone in enumerate(tones):
            radius = math.hypot(corner_x - x, corner_y - y) * 0.78 * (1 - 0.2 * index)
            sheet = _wavy((corner_x, corner_y), radius, phase + 0.5 * index, 0.055 + 0.012 * index)
            # Strokes one over the other look like a blur, and take a tenth of its time.
            edge: dict[str, Value] = {"fill": "none", "stroke": tones[0].at(lightness=0.25), "stroke_opacity": 0.035}
            strokes = [tag("path", d=sheet, stroke_width=0.006 * unit * (wide + 1), **edge) for wide in range(8)]
            moved = f"translate({0.003 * unit:.1f} {0.007 * unit:.1f})"
            parts += [tag("g", *strokes, transform=moved), tag("path", d=sheet, fill=tone)]
    light = Light(palette.tint(0.2, 0.03, turn), drop=0.4, drop_at=(0.008, 0.026, 0.022))
    return Set("".join(parts), light, grain=1.6)


def _wavy(centre: tuple[float, float], radius: float, phase: float, depth: float) -> str:
    """A closed curve: a circle whose radius swells and shrinks."""
    parts: list[str | float] = []
    for index in range(72):
        angle = 2 * math.pi * index / 72
        away = radius * (1 + depth * math.sin(5 * angle + phase) + 0.5 * depth * math.sin(3 * angle - 2 * phase))
        parts += ["L" if index else "M", centre[0] + away * math.cos(angle), centre[1] + away * math.sin(angle)]
    return path(*parts, "z")


def glow(scene: Scene) -> Set:
    """Colours that run into one another, and a ring of glass."""
    palette, unit = scene.palette, scene.unit
    lightness = palette.behind(0.74, 0.86)
    bright = lightness > 0.5
    chroma = scene.between(0.10, 0.13)
    turns = [0.0, scene.either(40, 55), scene.either(-40, -60), scene.either(110, -110)]
    x, y = scene.centre
    corners = [(0.1, 0.05), (0.95, 0.15), (0.05, 0.9), (0.9, 0.95)]
    order = scene.rng.permutation(4)
    defs, fields = [], []
    for index, turn in enumerate(turns):
        across, down = corners[int(order[index])]
        lift = scene.between(-0.05, 0.06)
        colour = palette.tint(min(max(lightness + lift, 0.2), 0.93), chroma if bright else chroma * 0.9, turn)
        defs.append(radial(f"c{index}", pool(colour, 0.95), (across * scene.width, down * scene.height), 0.85 * unit))
        fields.append(_all(scene, f"url(#c{index})"))
    heart = palette.tint(min(lightness + 0.1, 0.97) if bright else lightness + 0.14, chroma * 0.45, turns[1] / 2)
    round_x, round_y, radius = scene.disc(0.92)
    defs += [
        radial("heart", pool(heart, 0.85), (x, y), scene.reach * 1.35),
        linear(
            "ring",
            faded(WHITE, 0.75, 0.12, 0.4),
            (round_x - radius, round_y - radius),
            (round_x + radius, round_y + radius),
        ),
    ]
    glass: dict[str, Value] = {"fill": WHITE, "fill_opacity": 0.1, "stroke": "url(#ring)", "stroke_width": 0.004 * unit}
    behind = (
        tag("defs", *defs)
        + _all(scene, palette.tint(lightness, chroma * 0.7, turns[1] / 2))
        + "".join(fields)
        + _all(scene, "url(#heart)")
        + tag("circle", cx=round_x, cy=round_y, r=radius, **glass)
    )
    return Set(behind, Light(palette.tint(0.3, 0.09), drop=0.34, drop_at=(0.0, 0.04, 0.04)), grain=2.2)


def minimal(scene: Scene) -> Set:
    """Almost nothing: paper white, a hairline, room."""
    palette, unit = scene.palette, scene.unit
    lightness = max(palette.behind(0.95, 0.975), 0.9)
    inset = 0.032 * unit
    x, y, radius = scene.disc(0.8)
    radius = max(1.0, min(radius, scene.width - 2 * inset - x, x - 2 * inset))
    behind = _all(scene, palette.tint(lightness, 0.008, scene.either(0, 180)))
    if scene.rng.random() < 0.5:
        behind += tag("circle", cx=x, cy=y, r=radius, fill=palette.tint(lightness - 0.035, 0.016))
    line: dict[str, Value] = {
        "fill": "none",
        "stroke": palette.tint(lightness - 0.2, 0.02),
        "stroke_width": max(1.0, 0.0014 * unit),
    }
    behind += tag("rect", x=inset, y=inset, width=scene.width - 2 * inset, height=scene.height - 2 * inset, **line)
    return Set(behind, Light(palette.tint(0.3, 0.02), contact=0.42, cast=0.10, slant=0.5), grain=0.4)


def poster(scene: Scene) -> Set:
    """Print: one loud colour, rays, a disc, dots, a hard shadow."""
    palette, unit = scene.palette, scene.unit
    turn = scene.either(180, 150, 210, 30)
    lightness = palette.loud(0.62, 0.82, turn)
    ray = palette.tint(lightness + (0.035 if lightness < 0.85 else -0.04), 0.15, turn)
    ink = palette.tint(max(lightness - 0.42, 0.2), 0.09, turn)
    # The disc carries the product, so it is the disc that has to be apart from it.
    disc = palette.tint(palette.behind(0.86, 0.96), 0.05, turn + 20)
    x, y, radius = scene.disc(0.84)
    hard = 0.012 * unit
    behind = (
        _all(scene, palette.tint(lightness, 0.16, turn))
        + tag("path", d=_rays(scene, count=20), fill=ray)
        + tag("g", _dots(scene), fill=ink, opacity=0.5)
        + tag("circle", cx=x + hard, cy=y + hard, r=radius, fill=ink)
        + tag("circle", cx=x, cy=y, r=radius, fill=disc)
    )
    tilt = scene.either(-1, 1) * scene.between(3, 7)
    return Set(behind, Light(ink, drop=0.85, drop_at=(0.012, 0.012, 0.0), turn=tilt), grain=0.5)


def _rays(scene: Scene, *, count: int) -> str:
    x, y = scene.centre
    far = math.hypot(scene.width, scene.height)
    first = scene.between(0, 2 * math.pi / count)
    parts: list[str | float] = []
    for index in range(count):
        start, end = (first + 2 * math.pi * (index + part) / count for part in (0, 0.5))
        parts += ["M", x, y, "L", x + far * math.cos(start), y + far * math.sin(start)]
        parts += ["L", x + far * math.cos(end), y + far * math.sin(end), "z"]
    return path(*parts)


def _dots(scene: Scene) -> str:
    """A halftone that runs out from one upper corner."""
    corner = scene.either(0, 1) * scene.width
    pitch, rows = 0.026 * scene.unit, 11
    dots = []
    for row in range(rows):
        for column in range(rows):
            size = pitch * 0.42 * (1 - math.hypot(row, column) / rows)
            if size > 0.0008 * scene.unit:
                across = (column + (row % 2) / 2) * pitch
                dots.append(tag("circle", cx=abs(corner - across), cy=row * pitch * 0.87, r=size))
    return "".join(dots)


DESIGNS: Final[Mapping[str, Design]] = {
    "studio": Design(studio),
    "spotlight": Design(spotlight),
    "podium": Design(podium, above=True, fill=0.92),
    "split": Design(split, standing=False),
    "paper": Design(paper, standing=False),
    "glow": Design(glow, standing=False),
    "minimal": Design(minimal, fill=0.9),
    "poster": Design(poster, standing=False),
}
"""The looks of `domain.products.LOOKS`, as they are drawn."""
