"""How well a model tells people apart, as a picture: how alike pairs of one person are, and pairs of two."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Final

from darkroom.adapters.rendering import font_folder, rendered
from darkroom.adapters.studio.svg import path, tag

if TYPE_CHECKING:
    from darkroom.domain.faces import FaceSpace
    from darkroom.domain.verification import Curve

WIDTH, HEIGHT = 960, 540
LEFT, RIGHT, TOP, BOTTOM = 72, 928, 112, 452
BINS: Final = 80
SAME, DIFFERENT, INK, FAINT = "#0072b2", "#e69f00", "#1c2430", "#d5d9df"
"""Blue and orange of Okabe and Ito's palette ("Color universal design", 2008), which every eye tells apart."""
FONT: Final = "Noto Sans, Helvetica, Arial, sans-serif"
FONT_FILE: Final = "NotoSans[wght].ttf"


def chart(curve: Curve, space: FaceSpace, threshold: float) -> str:
    """An SVG of 960 x 540."""
    low = math.floor(10 * min(curve.different[0], curve.same[0])) / 10
    high = math.ceil(10 * max(curve.same[-1], curve.different[-1])) / 10
    high = high if high > low else low + 0.1
    shares = [_shares(values, low, high) for values in (curve.different, curve.same)]
    most = max(max(one) for one in shares)

    def across(value: float) -> float:
        return LEFT + (value - low) / (high - low) * (RIGHT - LEFT)

    marks = [
        tag("rect", width=WIDTH, height=HEIGHT, fill="#ffffff"),
        _text(LEFT, 40, f"{space.pack} on {space.engine}", size=22, weight=600),
        _text(LEFT, 66, f"Area under the ROC curve {curve.area:.4f}, threshold {threshold:.3f}", size=15),
    ]
    step = 0.1 if high - low > 0.4 else 0.02
    for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1):
        x = across(number * step)
        marks += [
            tag("path", d=path("M", x, TOP, "V", BOTTOM), stroke=FAINT, stroke_width=1),
            _text(x, BOTTOM + 24, f"{number * step:.2f}".removesuffix("0"), size=13, anchor="middle"),
        ]
    for share, colour in zip(shares, (DIFFERENT, SAME), strict=True):
        corners: list[str | float] = ["M", LEFT, BOTTOM]
        for place, part in enumerate(share):
            corners += [
                "V",
                BOTTOM - part / most * (BOTTOM - TOP),
                "H",
                across(low + (place + 1) / BINS * (high - low)),
            ]
        marks.append(tag("path", d=path(*corners, "V", BOTTOM, "Z"), fill=colour, fill_opacity=0.75, stroke=colour))
    x = across(threshold)
    end = x > (LEFT + RIGHT) / 2
    marks += [
        tag("path", d=path("M", LEFT, BOTTOM, "H", RIGHT), stroke=INK, stroke_width=1.5),
        tag("path", d=path("M", x, TOP - 16, "V", BOTTOM), stroke=INK, stroke_width=2, stroke_dasharray="6 5"),
        _text(
            x + (-8 if end else 8), TOP - 6, "taken for one person from here on", 14, anchor="end" if end else "start"
        ),
        _text((LEFT + RIGHT) / 2, BOTTOM + 50, "cosine of two embeddings", size=14, anchor="middle"),
    ]
    for x, colour, words in (
        (LEFT, DIFFERENT, f"two people: {len(curve.different):,} pairs"),
        (LEFT + 260, SAME, f"one person: {len(curve.same):,} pairs"),
    ):
        marks += [
            tag("rect", x=x, y=HEIGHT - 28, width=14, height=14, fill=colour),
            _text(x + 22, HEIGHT - 16, words, size=14),
        ]
    frame = f"0 0 {WIDTH} {HEIGHT}"
    return tag("svg", *marks, xmlns="http://www.w3.org/2000/svg", width=WIDTH, height=HEIGHT, viewBox=frame)


def png(svg: str) -> bytes:
    return rendered(svg, font_files=[str(font_folder() / FONT_FILE)])


def _shares(values: tuple[float, ...], low: float, high: float) -> list[float]:
    counts = [0] * BINS
    for value in values:
        counts[min(BINS - 1, int((value - low) / (high - low) * BINS))] += 1
    return [count / len(values) for count in counts]


def _text(x: float, y: float, words: str, size: int, *, weight: int = 400, anchor: str = "start") -> str:
    return tag(
        "text",
        escape(words),
        x=x,
        y=y,
        font_family=FONT,
        font_size=size,
        font_weight=weight,
        text_anchor=anchor,
        fill=INK,
    )
