"""The table of models: what a chain may ask for is known without asking anybody, and a retired name names its heir."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, get_args

import pytest
from darkroom.domain import ai_models
from darkroom.domain.ai_models import ABILITIES, ALIASES, MODELS, OFFLINE, READS, Usage
from darkroom.domain.generation import PNG, SVG, Ability, DrawRequest
from darkroom.errors import InvalidRequestError
from darkroom.wiring import PROVIDERS

if TYPE_CHECKING:
    from darkroom.domain.ai_models import Model

DOODLE = frozenset({Ability.DOODLE})
RETIRED = [model for model in MODELS.values() if not model.abilities]


def at(day: str) -> int:
    return round(datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC).timestamp() * 1000)


NOW = at("2026-11-25")


# --- a chain ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider", "chain"),
    [
        (None, ("sketch",)),
        ("openai", ("openai",)),
        ("mock", ("sketch",)),
        (["openai", "gemini", "sketch"], ("openai", "gemini", "sketch")),
        (["mock", "sketch", "openai", "openai"], ("sketch", "openai")),
    ],
)
def test_a_request_names_one_engine_or_several(provider: Any, chain: tuple[str, ...]) -> None:
    assert ai_models.chain(provider) == chain


@pytest.mark.parametrize(
    "provider", [[], "", "OpenAI", "dall-e-3", ["openai", None], 5, {"openai": 1}, ["openai"] * 5, [["openai"]], True]
)
def test_what_names_no_engine_is_refused_with_the_list_of_them(provider: Any) -> None:
    with pytest.raises(InvalidRequestError) as raised:
        ai_models.chain(provider)
    assert raised.value.problems[0][0] == "provider"
    assert all(name in raised.value.fix for name in (*ABILITIES, *ALIASES))


def test_what_nobody_of_the_chain_can_do_is_refused_with_what_each_can() -> None:
    with pytest.raises(InvalidRequestError) as raised:
        ai_models.check(("gemini", "replicate"), frozenset({Ability.DOODLE, Ability.VECTOR}), now=NOW)
    error = raised.value
    assert error.exact_code == "UNSUPPORTED"
    assert "gemini: analyse, doodle, product" in error.detail
    assert "replicate: doodle, product, seed" in error.detail
    assert error.fix == "Use one of: sketch, openai."


def test_one_of_the_chain_that_can_is_enough() -> None:
    ai_models.check(("gemini", "openai"), frozenset({Ability.DOODLE, Ability.VECTOR}), now=NOW)
    ai_models.check(("replicate", "sketch"), READS, now=NOW)


def test_abilities_count_where_one_model_has_them_all() -> None:
    both = frozenset({Ability.DOODLE, Ability.ANALYSE})
    assert both <= ABILITIES["openai"]
    assert not ai_models.can("openai", both, now=NOW)
    assert ai_models.can("sketch", both, now=NOW)


def test_a_model_is_for_whose_it_is() -> None:
    ai_models.check(("openai", "gemini"), DOODLE, model="gemini-3-pro-image", now=NOW)
    with pytest.raises(InvalidRequestError, match="is one of gemini's"):
        ai_models.check(("openai",), DOODLE, model="gemini-3-pro-image", now=NOW)
    with pytest.raises(InvalidRequestError, match="gpt-image-2 cannot do this"):
        ai_models.check(("openai",), frozenset({Ability.VECTOR}), model="gpt-image-2", now=NOW)
    with pytest.raises(InvalidRequestError, match="unknown here"):
        ai_models.check(("openai",), DOODLE, model="gpt-image-99", now=NOW)


# --- models and their time -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dall-e-2", "dall-e-3", "gpt-image-1"])
def test_what_is_gone_is_refused_with_its_successor(name: str) -> None:
    for refuse in (
        lambda: ai_models.check(("openai",), DOODLE, model=name, now=NOW),
        lambda: ai_models.model_for("openai", DOODLE, name, now=NOW),
    ):
        with pytest.raises(InvalidRequestError) as raised:
            refuse()
        assert raised.value.exact_code == "MODEL_RETIRED"
        successor = MODELS[name].successor
        assert successor is not None
        assert successor in raised.value.detail
        assert successor in raised.value.fix


@pytest.mark.parametrize("model", RETIRED, ids=lambda model: model.name)
def test_every_retired_one_leads_to_one_that_is_there(model: Model) -> None:
    assert model.is_retired(NOW)
    heir = MODELS[model.successor or ""]
    assert heir.provider == model.provider
    assert heir.abilities
    assert not heir.is_retired(NOW)


def test_a_day_of_retirement_begins_at_midnight() -> None:
    name = "gpt-4.1-mini"
    last = at("2027-01-14") - 1
    assert ai_models.model_for("openai", READS, name, now=last).name == name
    with pytest.raises(InvalidRequestError, match="2027-01-14"):
        ai_models.model_for("openai", READS, name, now=last + 1)


def test_the_first_that_is_there_and_can_is_taken() -> None:
    assert ai_models.model_for("openai", DOODLE, None, now=NOW).name == "gpt-image-2.6-flare"
    assert ai_models.model_for("openai", READS, None, now=NOW).name == "gpt-5.4-mini"
    assert ai_models.model_for("gemini", DOODLE, None, now=NOW).name == "gemini-3.1-flash-image"
    with pytest.raises(InvalidRequestError, match="replicate cannot do this"):
        ai_models.model_for("replicate", READS, None, now=NOW)


def test_the_names_are_those_that_the_sdks_know() -> None:
    """OpenAI's own types; Gemini's are of an internal module, Replicate's of none."""
    from openai.types import ChatModel, ImageModel

    known = {*get_args(ImageModel), *get_args(ChatModel)}
    assert {model.name for model in MODELS.values() if model.provider == "openai"} <= known


# --- the bill --------------------------------------------------------------------------------------------------------


def test_every_model_that_is_there_has_a_price() -> None:
    for model in MODELS.values():
        if model.abilities:
            assert model.estimate().usd >= 0.001
            assert model.estimate(pictures=3).usd == pytest.approx(3 * model.price.picture)


def test_an_estimate_grows_with_pixels_frames_and_a_reference() -> None:
    model = MODELS["gpt-image-2.6-flare"]
    plain = DrawRequest("", "", count=1)
    assert model.estimate_of(plain).usd == 0.06
    assert model.estimate_of(DrawRequest("", "", count=2, reference=b"x")).usd == 0.15
    assert model.estimate_of(DrawRequest("", "", width=512, height=512, frames=16)).usd == 0.24
    assert model.estimate_of(DrawRequest("", "", width=64, height=64)).usd == 0.06


def test_an_estimate_for_a_chain_is_that_of_its_dearest() -> None:
    assert ai_models.estimate(("sketch",)).usd == 0
    assert ai_models.estimate(("sketch", "replicate", "gemini"), pictures=2).usd == pytest.approx(0.136)
    assert ai_models.estimate(("gemini",), model="gemini-3-pro-image").usd == 0.135
    assert ai_models.estimate(("gemini", "openai"), needs=READS).usd == 0.006


def test_tokens_are_charged_by_their_kind_and_pieces_by_the_piece() -> None:
    image = MODELS["gemini-3.1-flash-image"]
    assert image.charged(Usage(text_in=1000, image_out=1120), 1).usd == pytest.approx(0.0005 + 0.0672)
    assert MODELS["black-forest-labs/flux-schnell"].charged(Usage(pictures=4), 4).usd == pytest.approx(0.012)


def test_a_call_gives_so_many() -> None:
    model = MODELS["gpt-image-2.6-flare"]
    assert model.pictures_a_call(DrawRequest("", "", media_type=PNG)) == 10
    assert model.pictures_a_call(DrawRequest("", "", media_type=SVG)) == 1


# --- the table and the parts -----------------------------------------------------------------------------------------


def test_every_engine_of_the_table_is_wired_and_no_other() -> None:
    assert set(PROVIDERS) == set(ABILITIES)
    assert set(ALIASES.values()) <= set(OFFLINE)


def test_every_model_of_replicate_has_its_input() -> None:
    from darkroom.adapters.ai.replicate import INPUTS

    assert set(INPUTS) == {model.name for model in ai_models.models_of("replicate")}
