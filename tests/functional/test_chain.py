"""A worker, its ledger, real SDKs and a server that fails: what is paid for, in all workers together."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.adapters.memory.generation import MemoryEngine, MemoryKeys
from darkroom.domain import limits
from darkroom.domain.generation import Ability, DrawRequest, straight
from darkroom.domain.jobs import State
from darkroom.errors import LeaseLostError
from darkroom.usecases.generation import Generation

from tests.memory_platform import Platform
from tests.provider_engines import KINDS, close_engines, engine
from tests.stub_providers import providers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from darkroom.usecases.generation import Drawing
    from darkroom.usecases.running import Run

    from tests.stub_providers import Providers

DOODLE = DrawRequest("A drawing.", "a cat", needs=frozenset({Ability.DOODLE}), width=256, height=256)
PROVIDERS = sorted(KINDS)


@pytest.fixture(scope="module")
def stub() -> Iterator[Providers]:
    with providers() as running:
        yield running


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    close_engines()


def generation(platform: Platform, **engines: Any) -> Generation:
    made = {name: partial(engines.__getitem__, name) for name in engines}
    return Generation(made, made, objects=platform.objects, clock=platform.clock, meter=platform.meter)


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("scenario", ["500", "reset"])
def test_all_workers_together_pay_for_three_interruptions_at_most(stub: Providers, name: str, scenario: str) -> None:
    platform, key = Platform(), stub.key(scenario)
    job = platform.submit()
    seen: list[Drawing] = []

    def work(run: Run) -> object:
        # A process of its own each time: its circuit knows nothing of the others'.
        engines = {name: engine(stub, name, key, deadline=60_000), "sketch": MemoryEngine()}
        seen.append(generation(platform, **engines).draw((name, "sketch"), DOODLE, run=run))
        raise LeaseLostError("The worker is gone")

    for _ in range(3):
        platform.run(job, work)
        platform.clock.advance(limits.LEASE + limits.CLOCK_SKEW + limits.SECOND)
    assert [each.provider for each in seen] == ["sketch"] * 3
    assert [each.passed_over[0].code for each in seen] == ["PROVIDER_INTERRUPTED"] + ["ATTEMPTS_EXHAUSTED"] * 2
    assert len(stub.calls(key)) == limits.PAID_ATTEMPTS_PER_STEP


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_worker_that_dies_after_the_call_has_it_paid_for_once(stub: Providers, name: str) -> None:
    platform, key = Platform(), stub.key()
    job = platform.submit()
    seen: list[Drawing] = []

    def work(run: Run) -> object:
        seen.append(generation(platform, **{name: engine(stub, name, key)}).draw((name,), DOODLE, run=run))
        if len(seen) == 1:
            raise LeaseLostError("The worker is gone")
        return {}

    for _ in range(2):
        platform.run(job, work)
        platform.clock.advance(limits.LEASE + limits.CLOCK_SKEW + limits.SECOND)
    assert platform.read(job).state is State.COMPLETED
    assert seen[0] == seen[1]
    assert len(stub.calls(key)) == 1
    assert 0 < platform.read(job).cost.usd < 2 * seen[0].drawn.cost.usd


def test_a_chain_goes_on_to_who_draws_and_tells_why(stub: Providers) -> None:
    platform = Platform()
    engines = {
        "openai": engine(stub, "openai", stub.key("429:600")),
        "gemini": engine(stub, "gemini", keys=MemoryKeys({})),
        "replicate": engine(stub, "replicate", stub.key()),
    }
    drawing = generation(platform, **engines).draw(("openai", "gemini", "replicate"), DOODLE)
    assert drawing.provider == "replicate"
    assert [(each.provider, each.code) for each in drawing.passed_over] == [
        ("openai", "TEMPORARILY_UNAVAILABLE"),
        ("gemini", "PROVIDER_KEY"),
    ]


@pytest.mark.parametrize("name", PROVIDERS)
def test_ten_at_once_share_one_client_and_take_hardly_longer_than_one(stub: Providers, name: str) -> None:
    key = stub.key(delay=0.6)
    provider = engine(stub, name, key)
    provider.draw(DOODLE, trial=straight)  # connects
    began = time.monotonic()
    with ThreadPoolExecutor(10) as pool:
        drawn = list(pool.map(lambda _: provider.draw(DOODLE, trial=straight), range(10)))
    assert time.monotonic() - began < 10 * 0.6 / 2
    assert all(each.pictures for each in drawn)
    assert len(stub.calls(key)) == 11
    assert len(provider._clients) == 1
