"""How well similarities tell one person from two, and from which one on two faces are taken for one person."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

FALSE_ACCEPTS: Final = 0.001
"""Of pairs of two people, so many at the most are taken for one."""
CAUTION: Final = 0.25
"""So far from there the threshold lies to the least similar pair of one person: nearer to the strangers, because pairs
that are made of one picture are more alike than pictures of years apart."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Similarities of pairs that show the same person and of pairs that show different ones, each in rising order."""

    same: tuple[float, ...]
    different: tuple[float, ...]

    @property
    def area(self) -> float:
        """Under the ROC curve: the chance that a pair of the same person is more alike than one of two; a tie is half.

        The Mann-Whitney statistic (Hanley and McNeil, "The meaning and use of the area under a ROC curve", 1982).
        """
        below = sum(bisect_left(self.different, one) + bisect_right(self.different, one) for one in self.same)
        return below / (2 * len(self.same) * len(self.different))

    @property
    def threshold(self) -> float:
        allowed = int(FALSE_ACCEPTS * len(self.different))
        strangers, least = self.different[-1 - allowed], self.same[0]
        return strangers + CAUTION * max(0.0, least - strangers)

    def false_accepts(self, threshold: float) -> float:
        """The share of different people that are taken for one."""
        return 1 - bisect_left(self.different, threshold) / len(self.different)

    def false_rejects(self, threshold: float) -> float:
        """The share of pairs of the same person that are taken for two."""
        return bisect_left(self.same, threshold) / len(self.same)


def curve(same: Iterable[float], different: Iterable[float]) -> Curve:
    """Raises ValueError where there is no pair of either sort."""
    made = Curve(tuple(sorted(same)), tuple(sorted(different)))
    if not made.same or not made.different:
        raise ValueError("There are no pairs to tell apart")
    return made
