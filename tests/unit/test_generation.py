"""A chain of engines: who draws, who is passed over and why, what stands on the bill, and what a later worker finds."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.adapters.memory.generation import MemoryEngine
from darkroom.adapters.memory.messages import MemoryMeter
from darkroom.adapters.memory.storage import MemoryObjectStore
from darkroom.domain import limits
from darkroom.domain.generation import Ability, AnalyseRequest, DrawRequest
from darkroom.domain.jobs import State
from darkroom.errors import (
    AttemptsExhaustedError,
    CostLimitError,
    InterruptedCallError,
    InvalidRequestError,
    LeaseLostError,
    NotChargedError,
    ProviderAnswerError,
    ProviderRefusedError,
    SettingsError,
    TransientError,
)
from darkroom.usecases.generation import Generation, PassedOver

from tests.memory_platform import Platform

if TYPE_CHECKING:
    from collections.abc import Callable

    from darkroom.domain.jobs import Job
    from darkroom.errors import DarkroomError
    from darkroom.usecases.generation import Drawing
    from darkroom.usecases.running import Run

PRICE = 0.05
DOODLE = DrawRequest("Draw.", "a cat", needs=frozenset({Ability.DOODLE}), width=8, height=8)
LOOK = AnalyseRequest(b"png", "Say what this shows.")


class Stage:
    """A platform with engines, and what each turn of a worker at one job drew or raised."""

    def __init__(self, **engines: MemoryEngine) -> None:
        self.platform = Platform()
        self.engines = engines
        self.meter = MemoryMeter()
        self.objects: MemoryObjectStore = self.platform.objects
        self.seen: list[Drawing | DarkroomError] = []
        self.job: Job = self.platform.submit()

    def generation(self) -> Generation:
        made: dict[str, Callable[[], Any]] = {name: partial(self.engines.__getitem__, name) for name in self.engines}
        return Generation(made, made, objects=self.objects, clock=self.platform.clock, meter=self.meter)

    def turn(self, chain: tuple[str, ...], request: DrawRequest = DOODLE, *, dies: bool = False) -> None:
        """One worker's turn at the job; one that dies does so after it drew."""

        def work(run: Run) -> object:
            try:
                self.seen.append(self.generation().draw(chain, request, run=run))
            except Exception as error:
                self.seen.append(error)  # type: ignore[arg-type]
                raise
            if dies:
                raise LeaseLostError("The worker is gone")
            return {}

        self.platform.run(self.job, work)
        now = self.platform.read(self.job)
        if not now.state.terminal:
            self.platform.clock.advance(limits.LEASE + limits.CLOCK_SKEW + limits.SECOND)

    @property
    def ended(self) -> Job:
        return self.platform.read(self.job)

    @property
    def charged(self) -> float:
        """On the bill, without the function's own time."""
        job = self.ended
        return round(job.cost.usd - job.cost.gb_seconds * 0.0000166667, 5)


def paid(name: str, *trouble: DarkroomError | None, **fields: Any) -> MemoryEngine:
    return MemoryEngine(name, usd=PRICE, trouble=trouble, **fields)


def drawing(stage: Stage) -> Drawing:
    last = stage.seen[-1]
    assert not isinstance(last, Exception), last
    return last


# --- who draws -------------------------------------------------------------------------------------------------------


def test_the_first_that_can_draws_and_no_other_is_made() -> None:
    stage = Stage(openai=paid("openai"))
    stage.turn(("openai", "gemini"))
    drawn = drawing(stage)
    assert (drawn.provider, drawn.model, drawn.passed_over) == ("openai", "openai-memory", ())
    assert stage.charged == PRICE


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (NotChargedError("Busy", retry_after=60), "TEMPORARILY_UNAVAILABLE"),
        (InterruptedCallError("Broke"), "PROVIDER_INTERRUPTED"),
        (ProviderRefusedError("No key", code="PROVIDER_KEY"), "PROVIDER_KEY"),
        (ProviderRefusedError("No credit", code="PROVIDER_CREDIT"), "PROVIDER_CREDIT"),
        (ProviderRefusedError("What?", code="PROVIDER_BAD_REQUEST"), "PROVIDER_BAD_REQUEST"),
        (ProviderAnswerError("A poem"), "PROVIDER_ANSWER"),
        (AttemptsExhaustedError("Paid often enough"), "ATTEMPTS_EXHAUSTED"),
    ],
)
def test_who_is_in_trouble_is_passed_over_and_the_answer_says_why(trouble: DarkroomError, code: str) -> None:
    stage = Stage(openai=paid("openai", trouble), sketch=MemoryEngine())
    stage.turn(("openai", "sketch"))
    drawn = drawing(stage)
    assert drawn.provider == "sketch"
    assert drawn.passed_over == (PassedOver("openai", code, trouble.detail),)


def test_what_one_may_not_draw_no_other_is_asked_for() -> None:
    stage = Stage(openai=paid("openai", ProviderRefusedError("No", code="MODERATED")), sketch=MemoryEngine())
    stage.turn(("openai", "sketch"))
    assert isinstance(stage.seen[-1], ProviderRefusedError)
    assert stage.engines["sketch"].calls == []
    failure = stage.ended.failure
    assert failure is not None
    assert failure.code == "MODERATED"
    assert stage.charged == 0


def test_who_cannot_is_not_asked() -> None:
    stage = Stage(gemini=paid("gemini"), openai=paid("openai"))
    stage.turn(("gemini", "openai"), replace(DOODLE, needs=frozenset({Ability.DOODLE, Ability.VECTOR})))
    assert drawing(stage).passed_over == (PassedOver("gemini", "UNSUPPORTED", "gemini cannot do this"),)
    assert stage.engines["gemini"].calls == []


def test_a_model_is_named_to_whose_it_is_alone() -> None:
    stage = Stage(openai=paid("openai", ProviderAnswerError("A poem")), gemini=paid("gemini"))
    stage.turn(("openai", "gemini"), replace(DOODLE, model="gpt-image-2"))
    assert [stage.engines[name].calls[0].model for name in ("openai", "gemini")] == ["gpt-image-2", None]


def test_of_several_that_are_in_trouble_the_one_that_may_pass_decides() -> None:
    stage = Stage(openai=paid("openai", NotChargedError("Busy")), gemini=paid("gemini", ProviderAnswerError("A poem")))
    stage.turn(("openai", "gemini"))
    assert isinstance(stage.seen[-1], NotChargedError)
    assert stage.ended.state is State.PENDING, "the job is tried again"


def test_where_nothing_may_pass_the_job_fails_with_the_last_reason() -> None:
    stage = Stage(
        openai=paid("openai", ProviderRefusedError("No key", code="PROVIDER_KEY")),
        gemini=paid("gemini", ProviderAnswerError("A poem")),
    )
    stage.turn(("openai", "gemini"))
    failure = stage.ended.failure
    assert failure is not None
    assert failure.code == "PROVIDER_ANSWER"
    assert failure.message == "No key; A poem", "whoever was asked is accounted for"


@pytest.mark.parametrize("error", [SettingsError("No role"), LeaseLostError("Gone"), TransientError("The table")])
def test_what_says_nothing_of_the_engine_ends_the_turn(error: DarkroomError) -> None:
    stage = Stage(openai=paid("openai", error), sketch=MemoryEngine())
    with suppress(type(error)):
        stage.turn(("openai", "sketch"))
    assert stage.seen == [error]
    assert stage.engines["sketch"].calls == []


# --- several calls for one request -----------------------------------------------------------------------------------


def test_who_gives_one_a_call_is_called_for_each_and_seeds_go_on() -> None:
    stage = Stage(gemini=paid("gemini"))
    stage.turn(("gemini",), replace(DOODLE, count=5, seed=10))
    drawn = drawing(stage).drawn
    assert [picture.seed for picture in drawn.pictures] == [10, 11, 12, 13, 14]
    assert drawn.cost.usd == pytest.approx(5 * PRICE)
    assert stage.charged == pytest.approx(5 * PRICE)
    assert sorted(call.count for call in stage.engines["gemini"].calls if isinstance(call, DrawRequest)) == [1] * 5


def test_who_gives_ten_a_call_is_called_once() -> None:
    stage = Stage(openai=paid("openai"))
    stage.turn(("openai",), replace(DOODLE, count=10))
    assert len(drawing(stage).drawn.pictures) == 10
    assert len(stage.engines["openai"].calls) == 1


def test_of_several_calls_only_the_missing_one_is_made_again() -> None:
    stage = Stage(gemini=paid("gemini", None, NotChargedError("Busy")))
    wanted = replace(DOODLE, count=3)
    stage.turn(("gemini",), wanted)
    assert stage.ended.state is State.PENDING
    stage.turn(("gemini",), wanted)
    assert len(drawing(stage).drawn.pictures) == 3
    assert len(stage.engines["gemini"].calls) == 4
    assert stage.charged == pytest.approx(3 * PRICE)


def test_an_animation_is_one_call_whatever_its_frames() -> None:
    stage = Stage(gemini=paid("gemini"))
    stage.turn(("gemini",), replace(DOODLE, frames=24))
    assert len(stage.engines["gemini"].calls) == 1


# --- the ledger ------------------------------------------------------------------------------------------------------


def test_what_was_drawn_for_a_worker_that_died_is_not_paid_for_again() -> None:
    stage = Stage(openai=paid("openai"))
    stage.turn(("openai",), replace(DOODLE, count=2), dies=True)
    stage.turn(("openai",), replace(DOODLE, count=2))
    first, second = stage.seen
    assert first == second
    assert len(stage.engines["openai"].calls) == 1
    assert stage.ended.state is State.COMPLETED
    assert stage.charged == PRICE


def test_a_refusal_is_remembered_and_costs_nothing() -> None:
    stage = Stage(openai=paid("openai", ProviderRefusedError("No key", code="PROVIDER_KEY", fix="Get one")))
    stage.engines["gemini"] = paid("gemini", NotChargedError("Busy"), None)
    stage.turn(("openai", "gemini"))
    stage.turn(("openai", "gemini"))
    assert drawing(stage).passed_over == (PassedOver("openai", "PROVIDER_KEY", "No key"),)
    assert len(stage.engines["openai"].calls) == 1
    assert stage.charged == PRICE, "gemini's alone"


def test_a_bad_answer_is_remembered_and_stays_on_the_bill() -> None:
    stage = Stage(openai=paid("openai", ProviderAnswerError("A poem")))
    stage.engines["gemini"] = paid("gemini", NotChargedError("Busy"), None)
    stage.turn(("openai", "gemini"))
    stage.turn(("openai", "gemini"))
    assert len(stage.engines["openai"].calls) == 1
    assert stage.charged == 2 * PRICE


def test_interruptions_are_paid_for_three_times_in_all_workers_together() -> None:
    stage = Stage(openai=paid("openai", *[InterruptedCallError("Broke")] * 9), sketch=MemoryEngine())
    chain = ("openai",)
    for _ in range(limits.PAID_ATTEMPTS_PER_STEP):
        stage.turn(chain)
        assert stage.ended.state is State.PENDING
    stage.turn(("openai", "sketch"))
    assert drawing(stage).passed_over[0].code == "ATTEMPTS_EXHAUSTED"
    assert len(stage.engines["openai"].calls) == limits.PAID_ATTEMPTS_PER_STEP
    assert stage.charged == pytest.approx(limits.PAID_ATTEMPTS_PER_STEP * PRICE), "nobody knows that it was less"


def test_what_was_not_charged_is_counted_by_nobody() -> None:
    stage = Stage(openai=paid("openai", *[NotChargedError("Busy")] * 4))
    for _ in range(4):
        stage.turn(("openai",))
    stage.turn(("openai",))
    assert drawing(stage).provider == "openai"
    assert stage.charged == PRICE


def test_the_bill_is_what_was_truly_charged() -> None:
    stage = Stage(openai=paid("openai", charged=0.01))
    stage.turn(("openai",))
    assert stage.charged == 0.01


def test_too_dear_for_the_job_is_passed_over_for_what_is_free() -> None:
    stage = Stage(openai=paid("openai"), sketch=MemoryEngine())
    stage.job = stage.platform.submit(max_cost=PRICE / 2)
    stage.turn(("openai", "sketch"))
    assert drawing(stage).passed_over[0].code == "COST_LIMIT"
    assert stage.engines["openai"].calls == []
    assert stage.charged == 0


def test_of_calls_that_are_too_dear_together_none_is_made() -> None:
    stage = Stage(gemini=paid("gemini"), sketch=MemoryEngine())
    stage.job = stage.platform.submit(max_cost=2.5 * PRICE)
    stage.turn(("gemini", "sketch"), replace(DOODLE, count=3))
    assert drawing(stage).passed_over[0].code == "COST_LIMIT"
    assert stage.engines["gemini"].calls == []


def test_too_dear_for_the_job_and_nobody_else_is_the_end_of_it() -> None:
    stage = Stage(openai=paid("openai"))
    stage.job = stage.platform.submit(max_cost=PRICE / 2)
    stage.turn(("openai",))
    assert isinstance(stage.seen[-1], CostLimitError)
    assert stage.engines["openai"].calls == []


class Forgetful(MemoryObjectStore):
    """A bucket that fails to write, or forgets what it was given."""

    def __init__(self, *, fails: bool) -> None:
        super().__init__()
        self._fails = fails

    def write(self, key: str, body: bytes, *, content_type: str) -> None:
        if self._fails:
            raise TransientError("Storage did not answer")


def test_a_picture_that_cannot_be_stored_is_used_all_the_same() -> None:
    stage = Stage(openai=paid("openai"))
    stage.objects = Forgetful(fails=True)
    stage.turn(("openai",))
    assert drawing(stage).drawn.pictures
    assert stage.charged == PRICE


@pytest.mark.parametrize("fails", [True, False])
def test_what_was_paid_for_and_lost_is_not_paid_for_again(fails: bool) -> None:
    stage = Stage(openai=paid("openai"), sketch=MemoryEngine())
    stage.objects = Forgetful(fails=fails)
    stage.turn(("openai", "sketch"), dies=True)
    stage.turn(("openai", "sketch"))
    assert drawing(stage).passed_over[0].code == "ATTEMPTS_EXHAUSTED"
    assert len(stage.engines["openai"].calls) == 1


def test_every_worker_writes_under_keys_of_its_own() -> None:
    stage = Stage(openai=paid("openai", InterruptedCallError("Broke")))
    stage.turn(("openai",))
    stage.turn(("openai",))
    (key,) = stage.objects.list(f"results/{stage.job.job_id}/")
    assert key == f"results/{stage.job.job_id}/steps/draw-openai-0/2-0.png"


def test_an_engine_of_ours_asks_no_ledger_and_stores_nothing() -> None:
    stage = Stage(sketch=MemoryEngine())
    stage.turn(("sketch",))
    assert drawing(stage).drawn.pictures
    assert list(stage.objects.list("results/")) == []
    assert stage.platform.store.attempts(stage.job.job_id) == []


# --- without a job, and the meter ------------------------------------------------------------------------------------


def test_without_a_job_it_draws_all_the_same() -> None:
    stage = Stage(openai=paid("openai", NotChargedError("Busy")), gemini=paid("gemini"))
    drawn = stage.generation().draw(("openai", "gemini"), replace(DOODLE, count=2))
    assert (drawn.provider, len(drawn.drawn.pictures)) == ("gemini", 2)
    assert drawn.drawn.cost.usd == pytest.approx(2 * PRICE)


def test_what_engines_took_is_metered_by_their_name() -> None:
    stage = Stage(openai=paid("openai", ProviderAnswerError("A poem")), gemini=paid("gemini", charged=0.02))
    stage.turn(("openai", "gemini"))
    assert stage.meter.counts == {("EngineItems", "openai"): 1, ("EngineItems", "gemini"): 1}
    assert stage.meter.usd == pytest.approx(PRICE + 0.02), "a bad answer was paid for"


# --- an analysis -----------------------------------------------------------------------------------------------------


def test_an_analysis_goes_through_the_same_chain_and_ledger() -> None:
    stage = Stage(
        openai=paid("openai", ProviderAnswerError("A poem")), gemini=paid("gemini"), replicate=paid("replicate")
    )
    seen = []

    def work(run: Run) -> object:
        seen.append(stage.generation().analyse(("replicate", "openai", "gemini"), LOOK, run=run))
        raise LeaseLostError("The worker is gone")

    for _ in range(2):
        stage.platform.run(stage.job, work)
        stage.platform.clock.advance(limits.LEASE + limits.CLOCK_SKEW + limits.SECOND)
    assert seen[0] == seen[1]
    assert seen[0].provider == "gemini"
    assert seen[0].reading.caption == "One colour"
    assert [each.code for each in seen[0].passed_over] == ["UNSUPPORTED", "PROVIDER_ANSWER"]
    assert [len(stage.engines[name].calls) for name in ("replicate", "openai", "gemini")] == [0, 1, 1]


def test_nobody_who_can_is_told_to_who_asked() -> None:
    with pytest.raises(InvalidRequestError, match="replicate cannot do this"):
        Stage(replicate=paid("replicate")).generation().analyse(("replicate",), LOOK)
