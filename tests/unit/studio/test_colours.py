"""Colours agree with the published numbers, and palettes keep a product apart from what is behind it."""

from __future__ import annotations

import numpy as np
import pytest
from darkroom.adapters.studio.colours import Colour, contrast, luminance, mixed, oklab, shades
from darkroom.adapters.studio.palette import Palette
from hypothesis import given
from hypothesis import strategies as st

from tests.product_photos import drawn

BYTE = st.integers(0, 255)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [  # from https://bottosson.github.io/posts/oklab/ and the CSS Color 4 samples
        ((255, 255, 255), (1.0, 0.0, 0.0)),
        ((255, 0, 0), (0.62796, 0.22486, 0.12585)),
        ((0, 255, 0), (0.86644, -0.23389, 0.17950)),
        ((0, 0, 255), (0.45201, -0.03246, -0.31153)),
    ],
)
def test_oklab_is_the_published_one(rgb: tuple[int, int, int], lab: tuple[float, float, float]) -> None:
    assert oklab(np.array(rgb, np.uint8)) == pytest.approx(lab, abs=2e-4)


@given(BYTE, BYTE, BYTE)
def test_a_colour_of_srgb_comes_back_from_its_polar_form(red: int, green: int, blue: int) -> None:
    back = Colour.of(oklab(np.array([red, green, blue], np.uint8))).rgb
    assert back == pytest.approx((red, green, blue), abs=1)


@given(st.floats(0.1, 1), st.floats(0, 0.4), st.floats(0, 360))
def test_a_colour_that_srgb_lacks_gives_up_chroma_only(lightness: float, chroma: float, hue: float) -> None:
    shown = Colour.of(oklab(np.array(Colour(lightness, chroma, hue).rgb, np.uint8)))
    assert shown.lightness == pytest.approx(lightness, abs=0.02)
    assert shown.chroma <= chroma + 0.02


def test_contrast_is_wcag_s() -> None:
    black, white, grey = (float(luminance(np.array([v, v, v], np.uint8))) for v in (0, 255, 118))
    assert float(contrast(black, white)) == pytest.approx(21)
    assert float(contrast(grey, white)) == pytest.approx(
        4.54, abs=0.01
    )  # #767676: the lightest grey that passes on white


def test_halfway_between_two_hues_there_is_no_third() -> None:
    middle = mixed(Colour(0.6, 0.1, 20), Colour(0.8, 0.1, 60), 0.5)
    assert middle.lightness == pytest.approx(0.7)
    assert middle.hue == pytest.approx(40, abs=1)


def test_the_shades_of_a_picture_are_found_with_their_shares() -> None:
    rgb = np.array([[200, 30, 30]] * 700 + [[20, 20, 120]] * 300, np.uint8)
    found = shades(rgb, np.random.default_rng(0))
    assert [round(shade.share, 1) for shade in found[:2]] == [0.7, 0.3]
    assert found[0].colour.rgb == pytest.approx((200, 30, 30), abs=2)


@pytest.mark.parametrize("product", ["serum", "mug", "sneaker", "headphones", "lamp"])
def test_what_is_behind_a_product_differs_from_most_of_its_outline(product: str) -> None:
    palette = Palette.of(drawn(product, 300), np.random.default_rng(1))
    for low, high in ((0.84, 0.93), (0.4, 0.66), (0.2, 0.3)):
        assert abs(palette.behind(low, high) - palette.edge[1]) > 0.15


def test_a_grey_product_gets_a_hue_and_a_coloured_one_keeps_its_own() -> None:
    grey = Palette.of(drawn("headphones", 300), np.random.default_rng(1))
    assert grey.grey
    assert grey.key.chroma > 0.05
    teal = Palette.of(drawn("mug", 300), np.random.default_rng(1))
    assert not teal.grey
    assert teal.key.hue == pytest.approx(203, abs=15)
