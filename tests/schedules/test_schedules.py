"""Random schedules of everything that goes wrong, against six invariants."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, seed, settings

from tests.schedules.invariants import check
from tests.schedules.plans import schedules
from tests.schedules.world import Schedule, World

if TYPE_CHECKING:
    from tests.schedules.world import Aws

SCHEDULES = int(os.environ.get("DARKROOM_SCHEDULES", "2000"))
SHARDS = 20


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
