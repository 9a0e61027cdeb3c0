"""A product comes off its background softly and whole, or not at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
import resvg_py
from darkroom.adapters.studio.matte import CutOut, cut_out
from PIL import Image

from local import shop
from tests.product_photos import PALE, SHADOWS, backdrop, drawn, photo
from tests.studio_pictures import busy, cropped, likeness, pixels_of, scaled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Coverage = NDArray[np.float64]

SIDE = 600
PHOTOS = [
    ("serum", "white", "", 0.0),
    ("mug", "white", "pool", 2.0),
    ("sneaker", "grey", "pool", 1.0),
    ("headphones", "vignette", "pool", 2.0),
    ("lamp", "warm", "", 3.0),
    ("serum", "sweep", "pool", 1.0),
    ("mug", "grey", "pool", 4.0),
    ("ring", "white", "", 1.0),
]


GROUNDS = [("white", 0.4), ("grey", 0.6), ("tinted", 0.25), ("white", 0.6), ("tinted", 0.4), ("grey", 0.25)]
"""Backgrounds, and how dark the shadow on each is."""


def shadowed(*products: str) -> list[tuple[str, str, str, float]]:
    """Each product with each kind of shadow, on grounds in turn."""
    pairs = [(product, shadow) for product in products for shadow in SHADOWS]
    return [(*pair, *GROUNDS[index % len(GROUNDS)]) for index, pair in enumerate(pairs)]


def taken(product: str, on: str, *, shadow: str = "", darkness: float = 0.4, grain: float = 0.0) -> CutOut | None:
    taken_from = photo(product, on=on, shadow=shadow, darkness=darkness, grain=grain)
    return cut_out(scaled(pixels_of(taken_from, "RGBA"), SIDE))


def truth(product: str) -> Coverage:
    """The product's true coverage, cropped as a cut-out is."""
    return cropped(scaled(drawn(product), SIDE))


def part(alpha: NDArray[np.uint8], rows: tuple[float, float], columns: tuple[float, float]) -> NDArray[np.uint8]:
    """Between these shares of the height and the width."""
    height, width = alpha.shape
    return alpha[int(rows[0] * height) : int(rows[1] * height), int(columns[0] * width) : int(columns[1] * width)]


@pytest.mark.parametrize(("product", "on", "shadow", "grain"), PHOTOS)
def test_the_outline_is_the_true_one(product: str, on: str, shadow: str, grain: float) -> None:
    found = taken(product, on, shadow=shadow, grain=grain)
    assert found is not None
    alpha = found.pixels[..., 3].astype(float) / 255
    expected = truth(product)
    assert abs(alpha.shape[0] - expected.shape[0]) <= 4
    assert abs(alpha.shape[1] - expected.shape[1]) <= 4
    assert likeness(alpha, expected) > 0.985


@pytest.mark.parametrize(("product", "shadow", "on", "darkness"), shadowed("serum", "mug", "headphones", "stool"))
def test_no_shadow_stays_under_a_product(product: str, shadow: str, on: str, darkness: float) -> None:
    found = taken(product, on, shadow=shadow, darkness=darkness, grain=1.0)
    assert found is not None
    alpha, expected = found.pixels[..., 3].astype(float) / 255, truth(product)
    for axis in (0, 1):
        seen, true = (np.flatnonzero((share > 0.25).any(axis=axis)) for share in (alpha, expected))
        assert abs(np.ptp(seen) - np.ptp(true)) <= 3
    assert likeness(alpha, expected) > 0.975


@pytest.mark.parametrize(("product", "shadow", "on", "darkness"), shadowed("boot", "lamp", "jar"))
def test_what_is_as_grey_as_its_shadow_is_taken_whole_or_not_at_all(
    product: str, shadow: str, on: str, darkness: float
) -> None:
    found = taken(product, on, shadow=shadow, darkness=darkness, grain=1.0)
    assert found is None or likeness(found.pixels[..., 3].astype(float) / 255, truth(product)) > 0.975


@pytest.mark.parametrize("product", ["boot", "lamp", "stool"])
def test_grey_soles_and_black_feet_stay_where_the_shadow_is_paler(product: str) -> None:
    found = taken(product, "white", shadow="pool", darkness=0.25)
    assert found is not None
    assert likeness(found.pixels[..., 3].astype(float) / 255, truth(product)) > 0.985


@pytest.mark.parametrize("product", shop.PRODUCTS, ids=lambda product: product.slug)
def test_the_products_of_the_tour_s_shop_leave_their_shadows_behind(product: shop.Product) -> None:
    bare = re.sub(r"<rect[^>]*/>|<ellipse[^>]*#floor[^>]*/>", "", product.drawing)
    expected = cropped(pixels_of(bytes(resvg_py.svg_to_bytes(svg_string=bare, skip_system_fonts=True)), "RGBA"))
    found = cut_out(pixels_of(shop.photograph(product), "RGBA"))
    assert found is not None
    alpha = found.pixels[..., 3].astype(float) / 255
    assert abs(alpha.shape[0] - expected.shape[0]) <= 3
    assert likeness(alpha, expected) > 0.985


PALE_PHOTOS = [
    *[
        (product, "white", "pool", 0.2)
        for product in ("white-mug", "high-key-mug", "white-sneaker", "t-shirt", "lotion")
    ],
    *[(product, "white", "", 0.0) for product in ("plate", "soap", "headset", "candle", "white-box")],
    *[(product, "white", "ellipse", 0.12) for product in ("white-sneaker", "white-box", "headset", "candle")],
]
"""What is as pale as its background and has an outline all around, if a faint one."""


@pytest.mark.parametrize(("product", "on", "shadow", "darkness"), PALE_PHOTOS)
def test_what_is_as_pale_as_its_background_comes_off_by_its_outline(
    product: str, on: str, shadow: str, darkness: float
) -> None:
    found = taken(product, on, shadow=shadow, darkness=darkness, grain=1.0)
    assert found is not None
    alpha, expected = found.pixels[..., 3].astype(float) / 255, truth(product)
    assert abs(alpha.shape[0] - expected.shape[0]) <= 6
    assert likeness(alpha, expected) > 0.98


@pytest.mark.parametrize("product", [product for product in PALE if product != "white-stool"])
@pytest.mark.parametrize(("on", "shadow", "darkness"), [("tinted", "tight", 0.3), ("sweep", "pool", 0.25)])
def test_what_is_pale_and_melts_into_its_ground_is_taken_whole_or_not_at_all(
    product: str, on: str, shadow: str, darkness: float
) -> None:
    found = taken(product, on, shadow=shadow, darkness=darkness, grain=1.0)
    assert found is None or likeness(found.pixels[..., 3].astype(float) / 255, truth(product)) > 0.975


def test_a_face_of_the_ground_s_own_colour_is_not_cut_away() -> None:
    assert taken("white-box", "tinted", shadow="tight", darkness=0.3) is None


def test_a_shadow_seen_through_a_product_goes_too() -> None:
    found = taken("ring", "white", shadow="pool", darkness=0.6)
    assert found is not None
    assert part(found.pixels[..., 3], (0.8, 0.9), (0.4, 0.6)).max() < 20


def test_its_edge_is_soft() -> None:
    found = taken("headphones", "white")
    assert found is not None
    alpha = found.pixels[..., 3]
    partly = (alpha > 20) & (alpha < 235)
    assert 0.002 < partly.mean() < 0.05


def test_none_of_the_background_is_left_along_the_edge() -> None:
    found = taken("headphones", "white")
    assert found is not None
    alpha, colour = found.pixels[..., 3], found.pixels[..., :3].astype(int)
    edge = (alpha > 60) & (alpha < 200)
    # The product is nearly black and its background was white: anything bright along the edge is a fringe.
    assert np.percentile(colour[edge].max(axis=-1), 95) < 120


def test_what_is_seen_through_a_handle_goes_too() -> None:
    found = taken("mug", "white")
    assert found is not None
    alpha = found.pixels[..., 3]
    assert part(alpha, (0.45, 0.55), (0.84, 0.87)).max() < 20


def test_a_pale_label_on_a_product_stays() -> None:
    found = taken("serum", "white")
    assert found is not None
    alpha = found.pixels[..., 3]
    assert part(alpha, (0.5, 0.75), (0.2, 0.8)).min() == 255


def test_a_white_label_with_print_on_it_stays_on_a_white_background() -> None:
    pixels = np.full((400, 400, 4), 255, np.uint8)
    pixels[60:340, 100:300, :3] = (40, 90, 160)
    pixels[140:260, 130:270, :3] = 255
    for row in range(160, 250, 20):
        pixels[row : row + 6, 150:250, :3] = 30
    found = cut_out(pixels)
    assert found is not None
    assert found.pixels[..., 3].mean() > 250


def test_its_own_transparency_is_kept_as_it_is() -> None:
    pixels = drawn("sneaker", 400)
    found = cut_out(pixels)
    assert found is not None
    rows, columns = np.flatnonzero((pixels[..., 3] > 12).any(axis=1)), np.flatnonzero((pixels[..., 3] > 12).any(axis=0))
    expected = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert np.array_equal(found.pixels, expected)


def test_a_photograph_of_a_place_is_left_alone() -> None:
    noise = busy(400, 400)
    assert cut_out(np.dstack([noise, np.full((400, 400), 255, np.uint8)])) is None


def test_a_product_that_runs_out_of_the_picture_is_left_alone() -> None:
    pixels = scaled(pixels_of(photo("mug"), "RGBA"), SIDE)
    assert cut_out(np.ascontiguousarray(pixels[: SIDE // 2, SIDE // 4 : SIDE * 3 // 4])) is None


def test_a_stripe_on_what_fills_the_picture_is_no_product() -> None:
    pixels = np.full((400, 400, 4), (181, 138, 88, 255), np.uint8)
    pixels[180:200, :, :3] = (110, 80, 45)
    assert cut_out(pixels) is None
    assert cut_out(np.ascontiguousarray(pixels.swapaxes(0, 1))) is None


def test_a_product_that_was_trimmed_to_its_outline_is_cut_out_all_the_same() -> None:
    pixels = pixels_of(photo("ring", on="grey"), "RGBA")
    rows, columns = (np.flatnonzero((drawn("ring")[..., 3] > 128).any(axis=axis)) for axis in (1, 0))
    found = cut_out(np.ascontiguousarray(pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]))
    assert found is not None
    assert found.pixels.shape[0] == pytest.approx(rows[-1] - rows[0], abs=3)
    assert 0.1 < float((found.pixels[..., 3] > 128).mean()) < 0.4


def test_on_black_nothing_is_cut_out() -> None:
    cut = drawn("headphones", 400).astype(float)
    share = cut[..., 3:] / 255
    pixels = np.full((400, 400, 4), 255, np.uint8)
    pixels[..., :3] = np.rint(cut[..., :3] * share + 9 * (1 - share))
    assert cut_out(pixels) is None


def test_a_product_of_its_background_s_colour_is_left_alone() -> None:
    ground = backdrop("vignette", 400)
    ground[120:280, 120:280] -= 2.5
    pixels = np.dstack([np.rint(ground).astype(np.uint8), np.full((400, 400), 255, np.uint8)])
    assert cut_out(pixels) is None


@pytest.mark.parametrize("shape", [(1, 1), (3, 400), (8, 8), (400, 2)])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_pictures_with_nothing_on_them_are_no_product(shape: tuple[int, int], value: int) -> None:
    assert cut_out(np.full((*shape, 4), value, np.uint8)) is None


@pytest.mark.parametrize(
    "name", ["detect/coffee.png", "detect/chelsea.png", "detect/japanese-shop.jpg", "photos/prairie_falcon.jpg"]
)
def test_real_photographs_of_scenes_are_left_alone(name: str, testdata: Callable[[str], Path]) -> None:
    with Image.open(testdata(name)) as image:
        image.thumbnail((SIDE, SIDE))
        assert cut_out(np.asarray(image.convert("RGBA"))) is None
