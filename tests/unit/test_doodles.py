"""Doodles: what is done at once and what becomes a job, who may be asked, what is remembered, what a worker does."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.adapters.memory.generation import MemoryEngine, png
from darkroom.domain import doodles, limits
from darkroom.domain.generation import PNG, AnalyseRequest, DrawRequest
from darkroom.domain.jobs import Job, Kind, State
from darkroom.entry import gate
from darkroom.errors import (
    BadImageError,
    CostLimitError,
    DarkroomError,
    InvalidRequestError,
    NotChargedError,
    ProviderRefusedError,
    UnacceptableUrlError,
)
from PIL import Image

from tests.api import Api, MemoryParts

if TYPE_CHECKING:
    from darkroom.usecases.doodles import Asked

CAT = {"action": "generate-doodle", "description": "a cat", "size": 64, "seed": 7}
FILM = {"action": "generate-animation", "description": "a cat jumps", "size": 64, "frameCount": 3}
PICTURE = png(32, 32, 20)
LOOK = {"action": "analyze-doodle", "imageData": base64.b64encode(PICTURE).decode()}
FIT = {"action": "optimize-doodle", "imageData": base64.b64encode(PICTURE).decode(), "width": 16, "height": 16}


def drawn(side: int, form: str) -> bytes:
    """A bar on white."""
    image = Image.new("RGB", (side, side), "white")
    image.paste("black", (side // 10, side // 10, side // 2, side * 3 // 20))
    held = io.BytesIO()
    image.save(held, form)
    return held.getvalue()


def grainy(side: int) -> bytes:
    """A JPEG of grain."""
    held = io.BytesIO()
    Image.effect_noise((side, side), 20).convert("RGB").save(held, "JPEG", quality=60)
    return held.getvalue()


class Studio:
    """An owner's requests for doodles, on parts in memory."""

    def __init__(self) -> None:
        self.api = Api(MemoryParts())
        self.parts = self.api.parts
        self.engines = self.parts.engines

    def asked(self, action: dict[str, Any], *, alone: bool = True) -> Asked:
        return self.parts.doodle_requests().asked(gate.fields("doodles.AiRequest", action), alone=alone)

    def answer(self, *actions: dict[str, Any] | DarkroomError, **options: Any) -> Any:
        """The results, or the job."""
        several = options.pop("several", len(actions) > 1)
        asked = [each if isinstance(each, DarkroomError) else self.asked(each, alone=not several) for each in actions]
        return self.parts.doodle_requests().answer("ann", asked, several=several, **options)

    def job(self, *actions: dict[str, Any] | DarkroomError, **options: Any) -> Job:
        job = self.answer(*actions, in_background=True, **options)
        assert isinstance(job, Job)
        return job

    def done(self, job: Job) -> Job:
        self.api.work_off()
        return self.parts.jobs().get("ann", job.job_id)

    def results(self, job: Job) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.parts.jobs().result(self.done(job))["results"]
        return found

    def called(self, name: str = "sketch") -> int:
        return len(self.engines[name].calls)


@pytest.fixture
def studio() -> Studio:
    return Studio()


# --- who may be asked -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider", "chain", "offline"),
    [
        (None, ("sketch",), True),
        ("mock", ("sketch",), True),
        ("openai", ("openai",), False),
        (["openai", "gemini", "sketch"], ("openai", "gemini", "sketch"), False),
        (["sketch", "openai"], ("sketch",), True),  # it never fails, so nobody behind it has a turn
        (["openai", "sketch", "gemini"], ("openai", "sketch"), False),
        (["studio", "sketch", "openai"], ("studio", "sketch"), True),  # studio makes no doodles
        (["studio", "openai"], ("studio", "openai"), False),
    ],
    ids=str,
)
def test_a_chain_goes_as_far_as_somebody_may_be_asked(
    studio: Studio, provider: Any, chain: tuple[str, ...], offline: bool
) -> None:
    asked = studio.asked(CAT | {"provider": provider})
    assert (asked.chain, asked.offline) == (chain, offline)


def test_an_engine_of_ours_that_cannot_is_passed_over_for_a_provider_only_in_a_job(studio: Studio) -> None:
    job = studio.answer(CAT | {"provider": ["studio", "openai"]})
    assert isinstance(job, Job)
    (result,) = studio.results(job)
    assert result["provider"] == "openai"
    assert [(each["provider"], each["code"]) for each in result["passedOver"]] == [("studio", "UNSUPPORTED")]


def test_a_webhook_and_a_cap_are_of_the_whole_request(studio: Studio) -> None:
    for field in ({"callbackUrl": "https://example.com/hook"}, {"maxCost": 1}):
        with pytest.raises(InvalidRequestError, match="of the whole request"):
            studio.asked(CAT | field, alone=False)
        studio.asked(CAT | field)


def test_a_webhook_that_must_not_be_called_is_refused_before_anything_is_drawn(studio: Studio) -> None:
    with pytest.raises(UnacceptableUrlError, match="callbackUrl"):
        studio.answer(CAT, callback_url="http://10.0.0.1/")
    assert studio.called() == 0


# --- at once, or as a job ---------------------------------------------------------------------------------------------


def test_what_is_quick_and_offline_is_done_at_once(studio: Studio) -> None:
    (result,) = studio.answer(CAT)
    assert (result["action"], result["provider"], result["cached"]) == ("generate-doodle", "sketch", False)
    assert studio.parts.generation_queue.bodies == []


@pytest.mark.parametrize(
    ("actions", "options"),
    [
        ([CAT], {"in_background": True}),
        ([CAT], {"callback_url": "https://example.com/hook"}),
        ([CAT | {"provider": "openai"}], {}),
        ([CAT, CAT | {"provider": "openai"}], {}),
        ([CAT | {"size": 2_048, "count": 10}], {}),
        ([FILM | {"size": 1_024, "frameCount": 60}], {}),
        ([CAT | {"size": 1_024, "seed": seed} for seed in range(10)] + [FILM | {"frameCount": 60, "size": 512}], {}),
    ],
    ids=["wanted", "told", "paid", "one paid", "large", "long", "many"],
)
def test_anything_else_becomes_a_job(studio: Studio, actions: list[dict[str, Any]], options: dict[str, Any]) -> None:
    job = studio.answer(*actions, **options)
    assert isinstance(job, Job)
    assert (job.kind, job.state, job.items) == (Kind.DOODLE, State.PENDING, len(actions))
    assert job.estimate.gb_seconds > 0
    assert sum(map(studio.called, studio.engines)) == 0
    assert len(studio.parts.generation_queue.bodies) == 1


def test_the_larger_the_picture_and_its_box_the_sooner_it_becomes_a_job(studio: Studio) -> None:
    def is_a_job(data: bytes, **fields: Any) -> bool:
        asked = studio.asked(FIT | {"imageData": base64.b64encode(data).decode()} | fields)
        return asked.milliseconds > doodles.QUICK

    drawing, photo = drawn(2_048, "PNG"), grainy(2_048)
    assert not is_a_job(drawing, width=2_048, height=2_048)
    assert is_a_job(photo, width=2_048, height=2_048)
    assert not is_a_job(photo, width=1_024, height=1_024)
    assert not is_a_job(grainy(1_024), width=4_096, height=4_096)  # nothing is enlarged
    assert is_a_job(drawn(6_000, "PNG"), width=2_048, height=2_048)
    assert is_a_job(drawn(2_048, "JPEG"), width=2_048, height=2_048)  # it may be a photograph


def test_a_photograph_that_takes_long_is_optimised_in_a_job(studio: Studio) -> None:
    job = studio.answer(FIT | {"imageData": base64.b64encode(grainy(2_048)).decode(), "width": 2_048, "height": 2_048})
    assert isinstance(job, Job)
    assert job.estimate.gb_seconds == pytest.approx(8.05, abs=0.01)
    assert len(studio.parts.generation_queue.bodies) == 1


def test_a_crowd_takes_longer_than_a_scene() -> None:
    def expected(description: str, action: str = "generate-doodle") -> int:
        fields = gate.fields("doodles.AiRequest", {"action": action, "description": description})
        return doodles.milliseconds(fields)

    for action in ("generate-doodle", "generate-animation"):
        assert expected("a cat", action) < expected("a cat under a tree beside a house", action)
        assert expected("7 cats", action) < expected("24 cats", action) == expected("9999 cats", action)
        assert expected("24 cats", action) < expected("24 cats and 24 dogs", action)
        assert expected("a dozen cats", action) > expected("a small cat", action)
    assert expected("24 cats " * 125) == expected("24 cats " * 60)  # a picture holds no more


def test_an_analysis_is_quick_whatever_the_picture(studio: Studio) -> None:
    asked = studio.asked(LOOK | {"imageData": base64.b64encode(drawn(7_000, "PNG")).decode()})
    assert 2_500 < asked.milliseconds <= doodles.QUICK


def test_an_engine_looks_at_a_large_picture_scaled_down(studio: Studio) -> None:
    (result,) = studio.answer(LOOK | {"imageData": base64.b64encode(drawn(2_500, "PNG")).decode()})
    (call,) = studio.engines["sketch"].calls
    assert isinstance(call, AnalyseRequest)
    assert Image.open(io.BytesIO(call.data)).size == (doodles.ANALYSED_SIDE, doodles.ANALYSED_SIDE)
    assert (result["analysis"]["width"], result["analysis"]["height"]) == (2_500, 2_500)
    assert result["analysis"]["inkBox"] == pytest.approx([250, 250, 1_250, 375], abs=3)


def test_the_estimate_is_of_what_is_asked_for(studio: Studio) -> None:
    def estimate(**fields: Any) -> float:
        return studio.job(CAT | {"provider": "openai", **fields}).estimate.usd

    one = estimate(size=1024)
    assert 0.06 <= one < 0.07
    assert estimate(size=1024, count=4) > 3 * one
    assert estimate(size=2048) > 3 * one
    look = studio.job(LOOK | {"provider": "openai"}).estimate.usd
    assert look < one / 4  # a model that reads, not one that draws


def test_a_cap_below_the_estimate_is_refused_at_once_and_for_a_job(studio: Studio) -> None:
    for fields, options in (({}, {}), ({"provider": "openai"}, {}), ({}, {"in_background": True})):
        with pytest.raises(CostLimitError):
            studio.answer(CAT | fields, max_cost=0.0, **options)
    assert sum(map(studio.called, studio.engines)) == 0
    assert studio.parts.generation_queue.bodies == []


# --- pictures that come with a request --------------------------------------------------------------------------------


@pytest.mark.parametrize("action", [LOOK, FIT], ids=["analyse", "optimise"])
def test_a_picture_that_is_looked_at_once_is_not_stored(studio: Studio, action: dict[str, Any]) -> None:
    studio.answer(action)
    bodies = [studio.parts.objects.read(key, limit=10**6) for key in studio.parts.objects.list("results/")]
    assert PICTURE not in bodies


@pytest.mark.parametrize("action", [LOOK, FIT], ids=["analyse", "optimise"])
def test_a_jobs_picture_stands_in_storage_and_not_in_its_row(studio: Studio, action: dict[str, Any]) -> None:
    job = studio.job(action)
    (told,) = job.request["actions"]
    assert studio.parts.shelf().read(told["action"]["imageKey"]) == PICTURE
    assert "imageData" not in str(job.request)
    (result,) = studio.results(job)
    assert result["action"] == action["action"]


def test_a_picture_that_cannot_be_read_fails_alone(studio: Studio) -> None:
    broken = LOOK | {"imageData": base64.b64encode(PICTURE[:60]).decode()}
    results = studio.answer(CAT, broken)
    assert [each.get("error", {}).get("code") for each in results] == [None, "BAD_IMAGE"]
    with pytest.raises(BadImageError):
        studio.answer(broken)


# --- what is remembered -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "cached"),
    [
        ({}, True),
        ({"inline": True}, True),
        ({"provider": "sketch"}, True),
        ({"provider": ["sketch", "openai"]}, True),
        ({"fresh": True}, False),
        ({"description": "a cat "}, False),
        ({"seed": 8}, False),
        ({"size": 65}, False),
        ({"style": "cartoon"}, False),
        ({"background": "transparent"}, False),
        ({"format": "webp"}, False),
        ({"count": 2}, False),
    ],
    ids=str,
)
def test_an_equal_request_is_recalled_and_no_other(studio: Studio, change: dict[str, Any], cached: bool) -> None:
    studio.answer(CAT)
    (again,) = studio.answer(CAT | change)
    assert again["cached"] is cached
    assert studio.called() == (1 if cached else 2)
    if cached:
        assert set(again["cost"].values()) == {0}


def test_equal_requests_are_drawn_equally_also_without_a_seed(studio: Studio) -> None:
    body = {name: value for name, value in CAT.items() if name != "seed"}
    (first,), (again,) = studio.answer(body), Studio().answer(body)
    assert again["cached"] is False
    assert first["doodles"] == again["doodles"]


@pytest.mark.parametrize("kind", [CAT, FILM])
def test_what_is_to_be_drawn_anew_gets_another_seed_and_says_which(studio: Studio, kind: dict[str, Any]) -> None:
    body = {name: value for name, value in kind.items() if name != "seed"}

    def seed(made: dict[str, Any]) -> int:
        found: int = made["doodles"][0]["seed"] if "doodles" in made else made["seed"]
        return found

    (first,) = studio.answer(body)
    seeds = {seed(first), *(seed(studio.answer(body | {"fresh": True})[0]) for _ in range(3))}
    assert len(seeds) == 4
    # The newest is what is recalled.
    (recalled,) = studio.answer(body)
    assert recalled["cached"] is True
    assert seed(recalled) in seeds - {seed(first)}
    # A job decides by its id, so that another attempt draws the same; each of its actions has its own.
    fresh = body | {"fresh": True}
    several = [*studio.results(studio.job(fresh, fresh)), *studio.results(studio.job(fresh, fresh))]
    assert len({*seeds, *(seed(each) for each in several)}) == 8


def test_a_seed_of_the_caller_s_is_kept_also_where_it_is_drawn_anew(studio: Studio) -> None:
    (first,), (again,) = studio.answer(CAT), studio.answer(CAT | {"fresh": True})
    assert first["doodles"] == again["doodles"]


def test_what_was_made_before_needs_no_job(studio: Studio) -> None:
    studio.results(studio.job(CAT, FILM))
    results = studio.answer(CAT, FILM, in_background=True)
    assert [each["cached"] for each in results] == [True, True]
    assert studio.called() == 2


def test_a_job_is_estimated_by_what_is_left_of_it_and_makes_that_alone(studio: Studio) -> None:
    studio.answer(CAT)
    both, film = studio.job(CAT, FILM), studio.job(FILM | {"seed": 3})
    assert both.estimate == film.estimate
    results = studio.results(both)
    assert [each["cached"] for each in results] == [True, False]
    assert [type(call) for call in studio.engines["sketch"].calls] == [DrawRequest] * 3


# --- what a worker does -----------------------------------------------------------------------------------------------


def test_a_job_tells_what_each_action_made(studio: Studio) -> None:
    job = studio.job(CAT | {"count": 2}, FILM, LOOK, FIT)
    made = studio.results(job)
    assert [each["action"] for each in made] == [each["action"] for each in (CAT, FILM, LOOK, FIT)]
    assert [len(made[0]["doodles"]), len(made[1]["frames"])] == [2, 3]
    ended = studio.parts.jobs().get("ann", job.job_id)
    assert (ended.state, ended.progress) == (State.COMPLETED, 100)


def test_of_several_one_that_fails_leaves_the_others_alone(studio: Studio) -> None:
    refused = ProviderRefusedError("It depicts what it must not", code="MODERATED")
    studio.engines["openai"] = MemoryEngine("openai", trouble=[refused])
    job = studio.job(CAT, CAT | {"provider": "openai", "seed": 8}, InvalidRequestError("count: must be 1 or more"))
    results = studio.results(job)
    assert [each.get("error", {}).get("code") for each in results] == [None, "MODERATED", "INVALID_REQUEST"]


def test_a_single_action_that_fails_is_its_jobs_failure(studio: Studio) -> None:
    refused = ProviderRefusedError("It depicts what it must not", code="MODERATED")
    studio.engines["openai"] = MemoryEngine("openai", trouble=[refused])
    ended = studio.done(studio.job(CAT | {"provider": "openai"}))
    assert ended.state is State.FAILED
    assert ended.failure is not None
    assert ended.failure.code == "MODERATED"


def test_trouble_that_passes_has_the_job_tried_again_and_what_was_paid_is_not_paid_twice(studio: Studio) -> None:
    studio.engines["openai"] = MemoryEngine("openai", usd=0.05)
    studio.engines["gemini"] = MemoryEngine("gemini", usd=0.05, trouble=[NotChargedError("It is down"), None])
    job = studio.job(CAT | {"provider": "openai"}, CAT | {"provider": "gemini", "seed": 8})
    waiting = studio.done(job)
    assert (waiting.state, waiting.leases) == (State.PENDING, 1)
    studio.parts.clock.advance(limits.MINUTE)
    studio.parts.generation_queue.send(f'{{"jobId": "{job.job_id}"}}')
    results = studio.results(job)
    assert [each["provider"] for each in results] == ["openai", "gemini"]
    assert studio.called("openai") == 1
    ended = studio.parts.jobs().get("ann", job.job_id)
    assert ended.cost.usd == pytest.approx(0.10, abs=0.001)


def test_what_each_action_cost_is_told_beside_it(studio: Studio) -> None:
    studio.engines["openai"] = MemoryEngine("openai", usd=0.05, charged=0.03)
    results = studio.results(studio.job(CAT | {"provider": "openai"}, CAT | {"seed": 8}))
    assert results[0]["cost"]["usd"] == pytest.approx(0.03)
    assert results[1]["cost"]["usd"] < 0.001


def test_a_drawing_is_stored_in_the_format_that_was_asked_for(studio: Studio) -> None:
    (result,) = studio.answer(CAT | {"format": "webp"})
    (doodle,) = result["doodles"]
    body = studio.parts.shelf().read(doodle["key"])
    assert (doodle["contentType"], body[8:12]) == ("image/webp", b"WEBP")
    (call,) = studio.engines["sketch"].calls
    assert isinstance(call, DrawRequest)
    assert call.media_type == PNG


def test_an_animation_says_how_fast_it_is_really_shown(studio: Studio) -> None:
    asked = studio.asked(FILM | {"format": "gif"})
    faster = replace(asked, action={**asked.action, "fps": 60})  # a GIF cannot; no request may ask for so many
    shown = studio.parts.doodle_actions().perform("ann", faster)
    assert shown["fps"] == 50
    assert studio.answer(FILM | {"format": "gif", "fps": 12})[0]["fps"] == 12
