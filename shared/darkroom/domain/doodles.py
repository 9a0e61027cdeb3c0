"""Doodles: which styles there are, and what can be measured of a drawing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Style(StrEnum):
    SIMPLE = "simple"
    DETAILED = "detailed"
    CARTOON = "cartoon"
    MINIMALIST = "minimalist"


@dataclass(frozen=True, slots=True)
class Measures:
    """What a drawing is, measured: lengths in pixels, shares from 0 to 1.

    `ink_box` is [x1, y1, x2, y2] of everything that is not background, None for an empty sheet. `coverage` is the share
    of inked pixels, `line_density` the share of the box within a stroke's width of a line, `symmetry` how alike left
    and right are, `complexity` from 0 (a dot) to 1. `colours` are the ink's, as (#rrggbb, share), most first.
    """

    width: int
    height: int
    ink_box: tuple[int, int, int, int] | None
    coverage: float
    stroke_width: float
    line_density: float
    symmetry: float
    parts: int
    colours: tuple[tuple[str, float], ...]
    background: str
    complexity: float
