"""The one composition root: which adapter stands behind which port in a deployed function.

Everything is made on first use and kept for the life of the process, so a warm function pays nothing and a cold one
only for what its first request touches. Adapters are imported inside the functions for the same reason.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from darkroom import ports


@cache
def clock() -> ports.Clock:
    from darkroom.adapters.clock import SystemClock

    return SystemClock()
