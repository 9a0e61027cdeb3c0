"""The font, read as vectors."""

from __future__ import annotations

import numpy as np
import pytest
from darkroom.adapters.ai.sketch.glyphs import GRID, font


def test_a_glyph_has_the_same_points_at_both_weights() -> None:
    for text in "\U0001f408\U0001f697\U0001f333\U0001f3e0":
        glyph = font().glyph(text)
        assert len(glyph.light) == len(glyph.heavy) > 0
        for light, heavy in zip(glyph.light, glyph.heavy, strict=True):
            assert light.shape == heavy.shape
            assert np.hypot(*(light - heavy).T).max() < 200


def test_no_piece_of_an_outline_is_too_long_to_bend() -> None:
    for outline in font().glyph("\U0001f3e0").light:
        assert np.hypot(*np.diff(outline, axis=0).T).max() < 100


@pytest.mark.parametrize("text", ["\U0001f43b‍❄️", "\U0001f43b‍❄", "\U0001f469‍\U0001f680", "❤️", "⛄"])
def test_sequences_are_found_with_and_without_selectors(text: str) -> None:
    assert font().name(text) is not None


@pytest.mark.parametrize("text", ["", "x", "\U0001f43b\U0001f43b", "\U000e0041"])
def test_what_the_font_cannot_draw_is_none(text: str) -> None:
    assert font().name(text) is None
    with pytest.raises(KeyError):
        font().glyph(text)


def test_shape_areas_and_solid_parts_are_told_apart() -> None:
    cow = font().glyph("\U0001f404")
    assert cow.ink.shape == cow.shape.shape == (GRID, GRID)
    assert cow.shape.sum() > 2 * cow.ink.sum()
    assert (cow.shape | ~cow.ink).all()
    assert len(cow.areas) >= 2
    assert len(cow.cores) >= 3


def test_the_extent_of_a_tree_is_highest_in_the_middle() -> None:
    tops, bottoms = font().glyph("\U0001f332").extent
    assert np.nanargmin(tops) in range(24, 40)
    assert np.nanmax(bottoms) == pytest.approx(1.0, abs=0.02)
