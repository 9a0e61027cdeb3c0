"""Random schedules of everything that goes wrong, against six invariants."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, given, seed, settings

from tests.schedules.invariants import check
from tests.schedules.plans import schedules
from tests.schedules.world import JobPlan, Schedule, World

if TYPE_CHECKING:
    from tests.schedules.world import Aws

SCHEDULES = int(os.environ.get("DARKROOM_SCHEDULES", "2000"))
SHARDS = 20


FOUND: Final = [
    # A worker with a slow clock looked dead to the sweeper at each look. The messages sent for it took the place of the
    # poison's own, whose receives were then never counted up.
    Schedule(jobs=(JobPlan(steps=(150_000,), paid=False, poison=True),), skew=-60_000, skewed=(False, True)),
]
"""Schedules that broke an invariant, each with what was wrong."""


@pytest.mark.parametrize("schedule", FOUND)
def test_what_was_found_once_stays_mended(simulated_aws: Aws, schedule: Schedule) -> None:
    world = World(simulated_aws, schedule)
    world.run()
    check(world)


@pytest.mark.schedules
@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_schedule_breaks_an_invariant(simulated_aws: Aws, shard: int) -> None:
    @seed(shard)
    @settings(
        max_examples=-(-SCHEDULES // SHARDS), deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(schedule=schedules())
    def holds(schedule: Schedule) -> None:
        world = World(simulated_aws, schedule)
        world.run()
        check(world)

    holds()
