"""Are the dependencies there? Each is touched once, with a call that changes nothing."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain.limits import SECOND
from darkroom.errors import UnhealthyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from darkroom.ports import Clock

log = logging.getLogger(__name__)

BUDGET: Final = 10 * SECOND
"""After this no further dependency is asked, so that an answer leaves before the gateway gives up on it."""


class Health:
    def __init__(self, probes: Mapping[str, Callable[[], object]], clock: Clock) -> None:
        """`probes` touch one dependency each and raise where it does not answer."""
        self._probes = probes
        self._clock = clock

    def check(self) -> dict[str, dict[str, Any]]:
        """How each dependency stands: `{"status": "ok" | "failing", "milliseconds": ...}` by name.

        Raises UnhealthyError holding the same where one is failing, or was not asked because others took too long.
        """
        began = self._clock.now()
        checks: dict[str, dict[str, Any]] = {}
        for name, probe in self._probes.items():
            before = self._clock.now()
            ok = before - began < BUDGET and _answers(name, probe)
            checks[name] = {
                "status": "ok" if ok else "failing",
                "milliseconds": max(0, self._clock.now() - before),
            }
        if any(check["status"] != "ok" for check in checks.values()):
            raise UnhealthyError(checks)
        return checks


def _answers(name: str, probe: Callable[[], object]) -> bool:
    try:
        probe()
    except Exception:
        log.exception("A dependency does not answer: %s", name)
        return False
    return True
