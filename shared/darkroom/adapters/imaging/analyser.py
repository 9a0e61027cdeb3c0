"""The offline ImageAnalyser: names what our own engine can draw, by shape, and describes the rest by measuring it."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from darkroom.adapters.imaging.measure import MIXED, TRANSPARENT, PixelMeter, ink_mask, lab, line_mask, parts, rgb
from darkroom.adapters.imaging.shapes import SIDE, described, likenesses
from darkroom.adapters.imaging.trim import box
from darkroom.domain.generation import Ability, Label, Reading
from darkroom.domain.jobs import Cost

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from darkroom.domain.doodles import Measures
    from darkroom.domain.generation import AnalyseRequest, Trial
    from darkroom.ports import PictureReader

    Mask = NDArray[np.bool_]
    Box = tuple[int, int, int, int]
    Vocabulary = Callable[[int], tuple[Sequence[str], NDArray[np.uint8], NDArray[np.uint8]]]

MODEL: Final = "shapes-1"
LABELS: Final = 5
LEAST: Final = 0.1
"""What is less sure is a guess, and not told."""
SURE: Final = 0.5
"""From here on a name is used in the caption."""
LEAD_WEIGHT, LIKENESS_WEIGHT, LIKENESS_ZERO, BIAS = 41.0, 18.0, 0.9, -2.0
"""Of the logistic that makes a confidence of the likeness of the best name and its lead over the second: fitted on 400
drawings of the engine and on photos, which should be nothing; `benchmarks/analysis.py` prints how true it is."""
SPREAD: Final = 0.03
"""How much less alike than the best a name may be to have 1/e of its confidence."""
FILLED: Final = 205
"""Luma up to which ink counts as solid where a drawing is in colour."""
GROUND_SHARE, GROUND_SLOPE = 0.15, 3
"""A line of the ground runs level for so much of the picture's width, within so many pixels up and down."""
LINE_COVERAGE: Final = 0.35
"""A drawing that inks less of its sheet is called a line drawing."""
HEADS: Final = (0.35, 0.42, 0.5, 0.58, 0.66)
"""Shares of a figure's height that its head may have."""
MANY: Final = 12
"""Parts beyond which nobody would count them."""
NEUTRAL: Final = frozenset({"black", "grey", "light grey", "white", "cream"})
GAP: Final = 0.03
"""Of the picture's longer side: parts nearer to each other than this are one subject."""
SUBJECT: Final = 0.04
"""The share of the ink that a subject of its own has at the least."""
SUBJECTS: Final = 8

COLOURS: Final = {
    "#1a1a1a": "black", "#808080": "grey", "#c4c4c4": "light grey", "#ffffff": "white", "#fbf5e6": "cream",
    "#d32626": "red", "#ff0000": "red", "#7d1616": "dark red", "#f28c28": "orange", "#8a5a33": "brown",
    "#d2ad80": "tan", "#f7d038": "yellow", "#7d7d2a": "olive", "#3a9a3f": "green", "#00ff00": "green",
    "#a5d98f": "light green", "#1d5a2b": "dark green", "#24968f": "teal", "#45cfd0": "turquoise",
    "#9fd0ee": "light blue", "#2f6fd6": "blue", "#1d4ed8": "blue", "#0000ff": "blue", "#1c2d63": "navy",
    "#7b45b5": "purple", "#c4b0ea": "lilac", "#f4a6c0": "pink", "#d13a94": "magenta",
}  # fmt: skip
"""Examples of what a plain word means; where the Lab space is stretched, more than one."""


class ShapeAnalyser:
    """The ImageAnalyser `sketch`. `vocabulary` gives names and line drawings of a size, as the engine's `rendered`."""

    name = "sketch"
    abilities = frozenset({Ability.ANALYSE})

    def __init__(self, reader: PictureReader, vocabulary: Vocabulary) -> None:
        self._reader = reader
        self._vocabulary = vocabulary
        self._meter = PixelMeter()

    def price_to_analyse(self, request: AnalyseRequest) -> Cost:  # noqa: ARG002 - it costs nothing, whatever it is
        return Cost()

    def analyse(self, request: AnalyseRequest, *, trial: Trial[Reading]) -> Reading:
        return trial(lambda: self.read(self._reader.frames(request.data).pixels[0]))

    def read(self, pixels: NDArray[np.uint8]) -> Reading:
        """What a drawing, (height, width, 4) RGBA, shows."""
        measures = self._meter.measure(pixels)
        if measures.ink_box is None or measures.background == MIXED:
            return Reading(labels=(), caption=caption(measures, {}), model=MODEL)
        found, counts = self._named(_views(pixels, measures))
        ranked = sorted(found.items(), key=lambda item: -item[1])
        labels = tuple(Label(name, round(confidence, 3)) for name, confidence in ranked if confidence >= LEAST)
        return Reading(labels=labels, caption=caption(measures, counts), model=MODEL)

    @cached_property
    def _known(self) -> tuple[list[str], NDArray[np.intp], NDArray[np.float32]]:
        """Names without doubles, which of them each shape has, and the shapes described."""
        names, lines, _ = self._vocabulary(SIDE)
        distinct = list(dict.fromkeys(names))
        places = {name: place for place, name in enumerate(distinct)}
        return distinct, np.array([places[name] for name in names]), described(np.asarray(lines / 255, np.float32))

    def _named(self, views: Sequence[Mask]) -> tuple[dict[str, float], Counter[str]]:
        """Names with their confidence, and how many subjects have each name for sure.

        Subjects that stand apart are named one by one, where that explains more of the drawing than one name for all.
        """
        whole = self._candidates(views)
        found = {label.name: label.confidence for label in whole}
        counts = Counter([whole[0].name] if whole[0].confidence >= SURE else [])
        apart = []
        for x1, y1, x2, y2 in _subjects(views[0]):
            cut = [view[y1:y2, x1:x2] for view in views if view[y1:y2, x1:x2].any()]
            apart.append((self._candidates(cut)[0], int(views[0][y1:y2, x1:x2].sum())))
        if not apart:
            head = self._candidates(_heads(views))[0] if not counts else None
            if head is not None and head.confidence >= SURE:
                found[head.name] = max(found.get(head.name, 0.0), head.confidence)
                counts = Counter([head.name])
            return found, counts
        explained = sum(label.confidence * ink for label, ink in apart) / sum(ink for _, ink in apart)
        if explained <= whole[0].confidence:
            return found, counts
        found = {name: confidence * (1 - explained) for name, confidence in found.items()}
        for label, _ in apart:
            found[label.name] = max(found.get(label.name, 0.0), label.confidence)
        return found, Counter(label.name for label, _ in apart if label.confidence >= SURE)

    def _candidates(self, views: Sequence[Mask]) -> list[Label]:
        names, places, shapes = self._known
        alike = np.full(len(names), -1.0)
        np.maximum.at(alike, places, likenesses(views, shapes))
        order = np.argsort(-alike, kind="stable")[:LABELS]
        best, second = alike[order[0]], alike[order[1]]
        odds = LEAD_WEIGHT * (best - second) + LIKENESS_WEIGHT * (best - LIKENESS_ZERO) + BIAS
        confidence = 1 / (1 + np.exp(-odds))
        shares = np.exp((alike[order] - best) / SPREAD)
        # What the best leaves is the most that all others can have between them.
        shares[1:] *= min(1.0, (1 - confidence) / max(confidence * shares[1:].sum(), 1e-9))
        return [Label(names[place], float(confidence * share)) for place, share in zip(order, shares, strict=True)]


def _views(pixels: NDArray[np.uint8], measures: Measures) -> list[Mask]:
    """A drawing as its lines alone, and as all that is not light: solid parts may have a colour of their own."""
    ink = ink_mask(pixels)
    lines = line_mask(pixels, ink, [colour for colour, _ in measures.colours], measures.background)
    luma = pixels[..., :3] @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    solid = ink & (luma < FILLED)
    return [lines, solid] if solid.any() and not np.array_equal(solid, lines) else [lines]


def _heads(views: Sequence[Mask]) -> list[Mask]:
    """The upper parts of a drawing: a figure is known by its head, whatever body it was given."""
    found = []
    for view in views:
        region = box(view)
        if region is not None:
            _, top, _, bottom = region
            found += [view[: top + max(1, round(share * (bottom - top)))] for share in HEADS]
    return found


def _subjects(lines: Mask) -> list[Box]:
    """Boxes of what stands apart from each other, the ground left out; the largest first."""
    height, width = lines.shape
    labels, counted = parts(lines & ~_ground(lines))
    areas = np.bincount(labels.ravel())
    gap = round(GAP * max(height, width))
    regions: list[tuple[Box, int]] = []
    for label in counted:
        region = box(labels == label)
        if region is not None:
            regions.append((region, int(areas[label])))
    merged = True
    while merged:
        merged = False
        for one in range(len(regions)):
            for other in range(one + 1, len(regions)):
                if _near(regions[one][0], regions[other][0], gap):
                    (a, first), (b, second) = regions[one], regions.pop(other)
                    both = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
                    regions[one] = both, first + second
                    merged = True
                    break
            if merged:
                break
    total = sum(area for _, area in regions)
    large = [region for region in regions if region[1] >= SUBJECT * total]
    return [region for region, _ in sorted(large, key=lambda pair: -pair[1])[:SUBJECTS]] if len(large) > 1 else []


def _near(one: Box, other: Box, gap: int) -> bool:
    return one[0] - gap < other[2] and other[0] - gap < one[2] and one[1] - gap < other[3] and other[1] - gap < one[3]


def _ground(lines: Mask) -> Mask:
    """Thin lines that run level for long: they join what stands on them."""
    height, width = lines.shape
    reach = max(GROUND_SLOPE, height // 128)
    padded = np.pad(lines, ((reach, reach), (0, 0)))
    level = np.zeros_like(lines)
    thickness = np.zeros(lines.shape, np.int16)
    for offset in range(2 * reach + 1):
        row = padded[offset : offset + height]
        level |= row
        thickness += row
    steps = np.diff(np.pad(level, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(steps == 1)
    ends = np.nonzero(steps == -1)[1]
    long = ends - starts >= GROUND_SHARE * width
    marks = np.zeros((height, width + 1), np.int16)
    marks[rows[long], starts[long]] += 1
    marks[rows[long], ends[long]] -= 1
    thin = thickness <= reach + 1
    return np.asarray(lines & (np.cumsum(marks, axis=1)[:, :-1] > 0) & thin)


# --- words -----------------------------------------------------------------------------------------------------------


def caption(measures: Measures, subjects: Mapping[str, int]) -> str:
    """One sentence of what was measured, and of the subjects that were named for sure with how many there are."""
    if measures.ink_box is None:
        return f"An empty sheet, {_paper(measures.background)}."
    if measures.background == MIXED:
        return (
            f"A picture that fills its frame, mostly {_listed(_shades(measures)[:3])}, with no paper around a subject."
        )
    subject = f" of {_listed([_counted(name, count) for name, count in subjects.items()])}" if subjects else ""
    kind = "line drawing" if measures.coverage < LINE_COVERAGE else "drawing"
    strokes = max(1, round(measures.stroke_width))
    details = [
        "mostly symmetrical" if measures.symmetry >= 0.85 else "",
        "in one piece" if measures.parts == 1 else f"in {measures.parts if measures.parts <= MANY else 'many'} parts",
        f"with strokes about {strokes} {'pixel' if strokes == 1 else 'pixels'} wide",
        "simple" if measures.complexity < 0.35 else "rich in detail" if measures.complexity > 0.75 else "",
    ]
    told = ", ".join(detail for detail in details if detail)
    return f"{_one(f'{_colouring(measures)} {kind}').capitalize()}{subject}, {_paper(measures.background)}, {told}."


def _colouring(measures: Measures) -> str:
    shades = _shades(measures)
    bright = [shade for shade in shades if shade not in NEUTRAL]
    dark = [shade for shade in shades if shade in ("black", "grey")]
    if not bright:
        return dark[0] if dark else shades[0]
    told = [*dark[:1], *bright]
    return _listed(told) if len(told) <= 2 else "colourful"


def _paper(background: str) -> str:
    if background == TRANSPARENT:
        return "on a transparent background"
    return f"on {colour_name(background)} paper" if background != MIXED else "on a mixed background"


def _shades(measures: Measures) -> list[str]:
    return list(dict.fromkeys(colour_name(colour) for colour, _ in measures.colours))


def colour_name(colour: str) -> str:
    """The plain word for #rrggbb."""
    points = lab(np.array([rgb(value) for value in (colour, *COLOURS)], np.uint8))
    return list(COLOURS.values())[int(np.linalg.norm(points[1:] - points[0], axis=1).argmin())]


def _one(name: str) -> str:
    if name.endswith("s") and not name.endswith(("ss", "us", "is")):
        return name  # glasses, scissors
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _counted(name: str, count: int) -> str:
    if count == 1:
        return _one(name)
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{count} {name[:-1]}ies"
    return f"{count} {name}{'es' if name.endswith(('s', 'x', 'ch', 'sh')) else 's'}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
