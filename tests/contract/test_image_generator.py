"""One suite for every ImageGenerator and ImageAnalyser: the providers' SDKs (to a stub server), ours, and the twin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from darkroom.adapters.ai.sketch.engine import SketchEngine
from darkroom.adapters.ai.sketch.vocabulary import rendered
from darkroom.adapters.imaging.analyser import ShapeAnalyser
from darkroom.adapters.imaging.encode import PillowEncoder
from darkroom.adapters.imaging.reader import PillowPictures
from darkroom.adapters.memory.generation import MemoryEngine, png
from darkroom.adapters.studio.engine import Studio
from darkroom.domain import ai_models
from darkroom.domain.generation import Ability, AnalyseRequest, Drawn, DrawRequest, straight
from darkroom.errors import InvalidRequestError, LeaseLostError, ProviderRefusedError

from tests.provider_engines import close_engines, engine
from tests.stub_providers import providers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from darkroom.ports import ImageAnalyser, ImageGenerator

    from tests.stub_providers import Providers

PAID = ("gemini", "openai", "replicate")
NAMES = ("memory", "sketch", "studio", *PAID)
READERS = ("memory", "sketch", "gemini", "openai")


@pytest.fixture(scope="module")
def stub() -> Iterator[Providers]:
    with providers() as running:
        yield running


def made(name: str, stub: Providers) -> Any:
    match name:
        case "memory":
            return MemoryEngine()
        case "sketch":
            return SketchEngine()
        case "studio":
            return Studio(PillowPictures())
        case _:
            return engine(stub, name, stub.key())


@pytest.fixture(params=NAMES)
def generator(request: pytest.FixtureRequest, stub: Providers) -> Iterator[ImageGenerator]:
    yield made(request.param, stub)
    close_engines()


@pytest.fixture(params=READERS)
def analyser(request: pytest.FixtureRequest, stub: Providers) -> Iterator[ImageAnalyser]:
    yield ShapeAnalyser(PillowPictures(), rendered) if request.param == "sketch" else made(request.param, stub)
    close_engines()


def request(generator: ImageGenerator, **fields: Any) -> DrawRequest:
    """Of what the engine is there for."""
    ability = Ability.DOODLE if Ability.DOODLE in generator.abilities else Ability.PRODUCT
    given: dict[str, Any] = {"needs": frozenset({ability}), "width": 256, "height": 256, "seed": 3}
    return DrawRequest("A friendly drawing.", "a cat", **given | fields)


def test_an_engine_is_one_of_the_table_and_can_what_that_says(generator: ImageGenerator) -> None:
    reads = {Ability.ANALYSE}  # another part may do that under the same name
    assert generator.abilities | reads == ai_models.ABILITIES[generator.name] | reads


def test_it_draws_pictures_that_can_be_read_of_about_the_size_that_was_asked_for(generator: ImageGenerator) -> None:
    drawn = generator.draw(request(generator), trial=straight)
    assert len(drawn.pictures) == 1
    assert drawn.model
    for picture in drawn.pictures:
        (pixels,) = PillowPictures().frames(picture.data).pixels
        assert pixels.shape == (picture.height, picture.width, 4)
        assert 0 < picture.width * picture.height <= 4 * 256 * 256


def test_ours_are_free_and_the_others_are_not(generator: ImageGenerator) -> None:
    asked = request(generator)
    price, drawn = generator.price(asked), generator.draw(asked, trial=straight)
    assert (price.usd > 0) is (generator.name in PAID)
    assert drawn.cost.usd <= price.usd
    assert (drawn.cost.usd > 0) is (generator.name in PAID)


def test_every_call_goes_through_the_trial(generator: ImageGenerator) -> None:
    trials = 0

    def trial(call: Callable[[], Drawn]) -> Drawn:
        nonlocal trials
        trials += 1
        return call()

    generator.draw(request(generator), trial=trial)
    assert trials <= 1
    assert trials == 1 or generator.name in ai_models.OFFLINE


@pytest.mark.parametrize("name", PAID)
def test_what_a_trial_raises_goes_through_and_nothing_is_called(name: str, stub: Providers) -> None:
    key = stub.key()

    def refuse(_: Callable[[], Drawn]) -> Drawn:
        raise LeaseLostError("Another worker has it")

    generator = engine(stub, name, key)
    with pytest.raises(LeaseLostError):
        generator.draw(request(generator), trial=refuse)
    assert stub.calls(key) == []


@pytest.mark.parametrize("name", ["memory", "studio", *PAID])  # sketch draws something whatever is asked of it
def test_what_it_cannot_do_is_refused_before_it_is_tried(name: str, stub: Providers) -> None:
    generator = made(name, stub)
    lacking = set(Ability) - generator.abilities - {Ability.ANALYSE}
    assert lacking, "there is nothing that it cannot do"

    def trial(_: Callable[[], Drawn]) -> Drawn:
        raise AssertionError("it was tried")

    with pytest.raises((InvalidRequestError, ProviderRefusedError)):
        generator.draw(request(generator, needs=frozenset(lacking)), trial=trial)


def test_where_a_seed_counts_the_same_one_gives_the_same_picture(generator: ImageGenerator) -> None:
    asked = request(generator)
    once, again = (generator.draw(asked, trial=straight).pictures for _ in range(2))
    if Ability.SEED in generator.abilities:
        assert once == again
        assert once[0].seed == asked.seed


def test_frames_are_as_many_as_were_asked_for_and_of_one_size(generator: ImageGenerator) -> None:
    if Ability.DOODLE not in generator.abilities:
        return
    drawn = generator.draw(request(generator, frames=6, width=128, height=128), trial=straight)
    assert len(drawn.pictures) == 6
    assert len({(picture.width, picture.height) for picture in drawn.pictures}) == 1


def test_a_picture_is_read_with_the_surest_first(analyser: ImageAnalyser) -> None:
    picture = PillowEncoder().still(PillowPictures().frames(png(64, 64, 200)).pixels[0], "image/png")
    asked = AnalyseRequest(picture, "Say what this shows.")
    read = analyser.analyse(asked, trial=straight)
    assert read.caption
    assert read.model
    confidences = [label.confidence for label in read.labels]
    assert confidences == sorted(confidences, reverse=True)
    assert all(0 <= confidence <= 1 for confidence in confidences)
    assert (analyser.price_to_analyse(asked).usd > 0) is (analyser.name in PAID)
    assert (read.cost.usd > 0) is (analyser.name in PAID)
