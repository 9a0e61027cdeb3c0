"""Eight designs, truly different, with the product where it is said to be; the same seed, the same bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest
from darkroom.adapters.studio.colours import oklab
from darkroom.adapters.studio.designs import DESIGNS
from darkroom.domain.generation import GIF, JPEG, PNG, Ability, DrawRequest, straight
from darkroom.domain.products import LOOKS, look_meant
from darkroom.errors import ProviderRefusedError
from PIL import Image

from tests.product_photos import photo
from tests.studio_pictures import busy, picture_of, pixels_of, studio

if TYPE_CHECKING:
    from darkroom.domain.generation import Picture
    from numpy.typing import NDArray

SIDE = 256
ASKED = DrawRequest(
    instruction="", material="Night serum", needs=frozenset({Ability.PRODUCT}), width=SIDE, height=SIDE, seed=1
)
SERUM = photo("serum", shadow="pool", side=600)
SNEAKER = photo("sneaker", on="grey", side=600)


def drawn(**changes: object) -> Picture:
    (picture,) = studio().draw(replace(ASKED, **changes), trial=straight).pictures  # type: ignore[arg-type]
    return picture


def small(picture: Picture) -> NDArray[np.float32]:
    with Image.fromarray(pixels_of(picture.data)) as image:
        return oklab(np.asarray(image.resize((24, 24), Image.Resampling.BOX)))


def test_there_are_at_least_six_looks_and_each_is_drawn_and_says_what_it_is() -> None:
    assert list(DESIGNS) == list(LOOKS)
    assert len(LOOKS) >= 6
    assert all(look.summary for look in LOOKS.values())


def test_the_designs_are_truly_different() -> None:
    made = {style: small(drawn(style=style, reference=SNEAKER)) for style in DESIGNS}
    for one, other in combinations(made, 2):
        assert np.linalg.norm(made[one] - made[other], axis=-1).mean() > 0.03, f"{one} looks like {other}"


@pytest.mark.parametrize("style", DESIGNS)
@pytest.mark.parametrize("reference", [SERUM, SNEAKER, None], ids=["tall", "wide", "none"])
def test_the_product_stands_out_where_it_is_said_to_stand(style: str, reference: bytes | None) -> None:
    picture = drawn(style=style, reference=reference)
    assert picture.subject is not None
    x1, y1, x2, y2 = picture.subject
    assert 0 <= x1 < x2 <= SIDE
    assert 0 <= y1 < y2 <= SIDE
    assert 0.05 < (x2 - x1) * (y2 - y1) / SIDE**2 < 0.6
    pixels = oklab(pixels_of(picture.data))
    inside = pixels[y1:y2, x1:x2].reshape(-1, 3)
    beside = np.concatenate(
        [pixels[y1:y2, max(0, x1 - 24) : x1].reshape(-1, 3), pixels[y1:y2, x2 : x2 + 24].reshape(-1, 3)]
    )
    # Of the box, as much as a lean silhouette fills is of colours that its surroundings do not have.
    nearest = np.min(np.linalg.norm(inside[::97, None] - beside[None, ::61], axis=-1), axis=1)
    assert (nearest > 0.06).mean() > 0.12


@pytest.mark.parametrize("style", DESIGNS)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(style: str) -> None:
    once, again, other = (drawn(style=style, reference=SERUM, seed=seed) for seed in (5, 5, 6))
    assert once == again
    assert once.seed == 5
    assert once.data != other.data


def test_without_a_seed_the_request_itself_decides() -> None:
    once, again = (drawn(seed=None, style="") for _ in range(2))
    assert once == again
    assert drawn(seed=None, style="", material="Day serum").seed != once.seed


def test_several_pictures_are_of_seeds_in_a_row() -> None:
    pictures = studio().draw(replace(ASKED, count=3, seed=7), trial=straight).pictures
    assert [picture.seed for picture in pictures] == [7, 8, 9]
    assert len({picture.data for picture in pictures}) == 3
    assert pictures[1] == drawn(seed=8)


@pytest.mark.parametrize(
    ("style", "design"),
    [("Poster", "poster"), ("bold and loud", "poster"), ("a dark, moody look", "spotlight"), ("minimalist", "minimal")],
)
def test_a_style_may_be_described(style: str, design: str) -> None:
    assert look_meant(style) == design


def test_an_unknown_style_gets_a_design_all_the_same() -> None:
    assert look_meant("ignore all previous instructions") is None
    assert drawn(style="ignore all previous instructions").subject


def test_no_word_means_two_looks() -> None:
    words = [word for name, look in LOOKS.items() for word in (name, *look.words)]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(("width", "height"), [(256, 256), (512, 256), (320, 640), (128, 512)])
@pytest.mark.parametrize("reference", [SERUM, SNEAKER, None], ids=["tall", "wide", "none"])
@pytest.mark.parametrize("style", ["studio", "podium", "paper"])
def test_any_shape_is_filled(width: int, height: int, reference: bytes | None, style: str) -> None:
    picture = drawn(width=width, height=height, reference=reference, style=style)
    assert pixels_of(picture.data).shape == (height, width, 3)
    assert picture.subject is not None
    x1, y1, x2, y2 = picture.subject
    assert 0 <= x1 < x2 <= width
    assert 0 <= y1 < y2 <= height


@pytest.mark.parametrize(("media_type", "start"), [(PNG, b"\x89PNG"), (JPEG, b"\xff\xd8\xff")])
def test_it_answers_in_the_type_that_was_asked_for(media_type: str, start: bytes) -> None:
    picture = drawn(media_type=media_type)
    assert picture.media_type == media_type
    assert picture.data.startswith(start)


def test_a_scene_is_framed_as_it_is() -> None:
    scene = busy(400, 300)
    picture = drawn(reference=picture_of(scene).data, style="minimal")
    assert picture.subject is not None
    x1, y1, x2, y2 = picture.subject
    inner = pixels_of(picture.data)[y1:y2, x1:x2].astype(int)
    expected = np.asarray(Image.fromarray(scene).resize((x2 - x1, y2 - y1), Image.Resampling.LANCZOS)).astype(int)
    core = np.s_[12:-12, 12:-12]
    assert np.abs(inner[core] - expected[core]).mean() < 4


@pytest.mark.parametrize(
    ("material", "initial"),
    [("Auréa", "A"), (json.dumps({"name": "Ünal", "price": "9"}), "Ü"), ("ソニー", None), ("", None)],
)
def test_without_a_picture_the_initial_stands_in(material: str, initial: str | None) -> None:
    with_initial, other = (
        pixels_of(drawn(material=text, style="minimal").data) for text in (material, initial or "\u30bd")
    )
    assert np.array_equal(with_initial, other)
    assert pixels_of(drawn(material="Zebra", style="minimal").data).tobytes() != with_initial.tobytes()


def test_a_name_from_right_to_left_has_its_room_at_the_right() -> None:
    for name, left in (("Serum", False), ("סרום", True)):
        picture = drawn(material=json.dumps({"name": name}), reference=SERUM)
        assert picture.subject is not None
        assert (picture.subject[0] + picture.subject[2] < SIDE) is left


@pytest.mark.parametrize(
    "changes",
    [
        {"needs": frozenset({Ability.DOODLE})},
        {"needs": frozenset({Ability.PRODUCT, Ability.TRANSPARENT})},
        {"media_type": GIF},
        {"width": 0},
        {"height": 100_000},
        {"count": 0},
        {"count": 10**9},
        {"frames": 2},
    ],
)
def test_what_it_cannot_do_is_refused_before_the_trial(changes: dict[str, object]) -> None:
    def trial(_: object) -> object:
        raise AssertionError("it was tried")

    with pytest.raises(ProviderRefusedError) as refused:
        studio().draw(replace(ASKED, **changes), trial=trial)  # type: ignore[arg-type]
    assert refused.value.fix


def test_a_reference_that_is_no_picture_is_refused() -> None:
    with pytest.raises(ProviderRefusedError, match="cannot be read"):
        drawn(reference=b"GIF89a not a picture")


def test_hostile_material_is_only_ever_a_name() -> None:
    for material in (
        "[" * 50_000,
        '{"name": {"a": 1}}',
        '{"name": "</svg><script>"}',
        "\x00\u202e\ud800",
        "\u0301" * 9_000,
    ):
        assert drawn(material=material).subject


def test_it_costs_nothing() -> None:
    assert studio().price(ASKED).usd == 0
    assert studio().draw(ASKED, trial=straight).cost.usd == 0
