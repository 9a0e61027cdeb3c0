"""One AWS a process for all schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.schedules.world import Aws, aws

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def simulated_aws() -> Iterator[Aws]:
    with aws() as made:
        yield made
