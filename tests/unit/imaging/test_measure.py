"""What is measured of drawings whose measures are known."""

from __future__ import annotations

import numpy as np
import pytest
from darkroom.adapters.imaging.measure import PixelMeter, lab
from PIL import Image

from tests.drawn import BLACK, CLEAR, WHITE, both, box, disc, drawn, ring

METER = PixelMeter()
NOTHING = box(0, 0, 0, 0)


@pytest.mark.parametrize("stroke", [2, 3, 4, 6, 8, 12, 20])
@pytest.mark.parametrize("paper", [CLEAR, WHITE])
def test_a_ring(stroke: int, paper: tuple[int, int, int, int]) -> None:
    radius = 120
    measures = METER.measure(drawn(ring(radius, stroke), paper=paper))
    outer = radius + stroke / 2
    assert measures.ink_box is not None
    np.testing.assert_allclose(measures.ink_box, [200 - outer, 200 - outer, 200 + outer, 200 + outer], atol=1)
    assert measures.coverage == pytest.approx(2 * np.pi * radius * stroke / 400**2, rel=0.04)
    assert measures.stroke_width == pytest.approx(stroke, abs=1)
    assert measures.symmetry > 0.97
    assert measures.parts == 1
    assert measures.colours == (("#000000", 1.0),)
    assert measures.background == ("transparent" if paper == CLEAR else "#ffffff")
    assert (measures.width, measures.height) == (400, 400)


def test_a_ring_that_is_not_smoothed_measures_the_same() -> None:
    rough, smooth = (METER.measure(drawn(ring(120, 6), smooth=smooth)) for smooth in (False, True))
    assert rough.ink_box == smooth.ink_box
    assert rough.coverage == pytest.approx(smooth.coverage, rel=0.02)
    assert rough.stroke_width == pytest.approx(smooth.stroke_width, abs=0.5)


def test_perimetric_complexity_of_a_disc_is_none_and_of_a_ring_is_that_of_two_circles() -> None:
    assert METER.measure(drawn(disc(120))).complexity == pytest.approx(0, abs=0.02)
    # Perimeter 4 pi r and area 2 pi r w: squared by 4 pi times the area that is 2 r / w.
    for stroke in (4, 8, 16):
        expected = np.log(2 * 120 / stroke) / np.log(1000)
        assert METER.measure(drawn(ring(120, stroke))).complexity == pytest.approx(expected, abs=0.03)


def test_two_discs() -> None:
    measures = METER.measure(drawn(both(disc(50, x=100), disc(50, x=300))))
    assert measures.ink_box == (50, 150, 350, 250)
    assert measures.parts == 2
    assert measures.coverage == pytest.approx(2 * np.pi * 50**2 / 400**2, rel=0.01)
    assert measures.stroke_width == pytest.approx(100, rel=0.05)
    assert measures.symmetry > 0.99


def test_a_half_plane() -> None:
    measures = METER.measure(drawn(box(0, 0, 200, 400)))
    assert measures.ink_box == (0, 0, 200, 400)
    assert measures.coverage == 0.5
    assert measures.parts == 1
    assert measures.line_density == 1.0


@pytest.mark.parametrize(
    ("paper", "name"), [(CLEAR, "transparent"), (WHITE, "#ffffff"), ((250, 240, 220, 255), "#faf0dc")]
)
def test_an_empty_sheet(paper: tuple[int, int, int, int], name: str) -> None:
    measures = METER.measure(drawn(NOTHING, paper=paper))
    assert measures.ink_box is None
    assert measures.background == name
    assert (measures.coverage, measures.stroke_width, measures.line_density, measures.complexity) == (0, 0, 0, 0)
    assert (measures.parts, measures.colours) == (0, ())


def test_white_on_black_measures_as_black_on_white() -> None:
    one = METER.measure(drawn(ring(120, 6), paper=WHITE))
    other = METER.measure(drawn(ring(120, 6), ink=WHITE, paper=BLACK))
    assert other.background == "#000000"
    assert other.colours == (("#ffffff", 1.0),)
    assert (other.ink_box, other.parts) == (one.ink_box, one.parts)
    assert other.coverage == pytest.approx(one.coverage, rel=0.05)
    assert other.stroke_width == pytest.approx(one.stroke_width, abs=0.5)


def test_line_density_is_the_share_of_the_box_near_a_line() -> None:
    # Vertical strokes of 4 in a box of 204 by 200; with 4 on both sides, each covers 12, the outer two 8.
    strokes = both(*[box(100 + 50 * number, 100, 104 + 50 * number, 300) for number in range(5)])
    assert METER.measure(drawn(strokes)).line_density == pytest.approx((3 * 12 + 2 * 8) / 204, abs=0.02)


def test_a_letter_l_is_not_symmetrical() -> None:
    assert METER.measure(drawn(both(box(100, 50, 120, 300), box(100, 280, 300, 300)))).symmetry < 0.6


def test_parts_that_touch_at_a_corner_are_one_and_specks_are_none() -> None:
    corner = both(box(100, 100, 150, 150), box(150, 150, 200, 200))
    assert METER.measure(drawn(corner)).parts == 1
    assert METER.measure(drawn(both(corner, box(300, 300, 302, 302)))).parts == 1
    assert METER.measure(drawn(both(corner, box(300, 300, 320, 320)))).parts == 2


def test_colours_come_with_their_shares_and_without_smoothed_edges() -> None:
    red = drawn(disc(100), ink=(214, 40, 40, 255), paper=WHITE)
    blue = drawn(disc(50), ink=(30, 80, 220, 255), paper=WHITE)
    picture = np.where((np.abs(blue.astype(int) - 255).max(axis=2) > 100)[..., None], blue, red)
    colours = dict(METER.measure(picture).colours)
    assert list(colours) == ["#d62828", "#1e50dc"]
    assert colours["#d62828"] == pytest.approx(0.75, abs=0.03)


def test_the_lines_of_a_coloured_drawing_are_measured_and_not_its_fills() -> None:
    fill = drawn(disc(120), ink=(255, 209, 102, 255), paper=WHITE)
    line = drawn(ring(120, 8))
    share = line[..., 3:] / 255
    picture = np.rint(line * share + fill * (1 - share)).astype(np.uint8)
    picture[..., 3] = 255
    measures = METER.measure(picture)
    assert measures.stroke_width == pytest.approx(8, abs=1)
    assert measures.coverage == pytest.approx(np.pi * 124**2 / 400**2, rel=0.02)
    assert [name for name, _ in measures.colours] == ["#ffd166", "#000000"]


def test_a_photo_has_no_paper() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (60, 60, 4), np.uint8)
    noise[..., 3] = 255
    measures = METER.measure(noise)
    assert measures.background == "mixed"
    assert measures.coverage == 1.0


def test_a_large_drawing_is_measured_in_its_own_pixels() -> None:
    large = np.asarray(Image.fromarray(drawn(ring(120, 8))).resize((2_000, 2_000), Image.Resampling.NEAREST))
    measures = METER.measure(large)
    assert measures.stroke_width == pytest.approx(40, rel=0.1)
    assert measures.ink_box is not None
    np.testing.assert_allclose(measures.ink_box, [380, 380, 1620, 1620], atol=6)
    assert (measures.width, measures.height) == (2_000, 2_000)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (3, 2)])
def test_a_picture_of_few_pixels_is_measured_too(size: tuple[int, int]) -> None:
    assert METER.measure(np.zeros((*size, 4), np.uint8)).ink_box is None
    dot = np.zeros((*size, 4), np.uint8)
    dot[0, 0] = BLACK
    assert METER.measure(dot).parts <= 1


def test_lab_of_known_colours() -> None:
    # CIE L*a*b* under D65 as tabulated by B. Lindbloom's calculator.
    found = lab(np.array([[255, 255, 255], [255, 0, 0], [0, 0, 255], [128, 128, 128]], np.uint8))
    expected = np.array([[100, 0, 0], [53.24, 80.09, 67.20], [32.30, 79.19, -107.86], [53.59, 0, 0]])
    np.testing.assert_allclose(found, expected, atol=0.05)
