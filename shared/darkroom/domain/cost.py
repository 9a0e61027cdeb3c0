"""What work costs, at list price: the rules behind a job's estimate, its bill and its cap."""

from __future__ import annotations

from typing import Final

from darkroom.domain.jobs import Cost
from darkroom.errors import CostLimitError

LAMBDA_USD_PER_GB_SECOND: Final = 0.0000166667
"""x86, first tier, us-east-1: https://aws.amazon.com/lambda/pricing/ has what holds today."""
DETECTION_MILLISECONDS_PER_IMAGE: Final = 1_500
"""Fetch, decode and one pass of a detector on two cores, rounded up: an estimate should not be too low."""

FACES_MILLISECONDS_PER_IMAGE: Final = 1_500
"""Fetch, decode, find and embed half a dozen faces on two cores, rounded up in the same way."""


def compute(gigabytes: float, milliseconds: int) -> Cost:
    """A function of so much memory, running for so long."""
    gb_seconds = gigabytes * max(milliseconds, 0) / 1000
    return Cost(usd=round(gb_seconds * LAMBDA_USD_PER_GB_SECOND, 9), gb_seconds=round(gb_seconds, 6))


def detection(images: int, *, gigabytes: float, usd_per_image: float = 0.0) -> Cost:
    """The estimate of detecting objects on so many images; `usd_per_image` is what a paid engine charges."""
    provider = Cost(usd=round(images * usd_per_image, 9), provider_units=images if usd_per_image else 0)
    return provider + compute(gigabytes, images * DETECTION_MILLISECONDS_PER_IMAGE)


def faces(images: int, *, gigabytes: float) -> Cost:
    """The estimate of finding the faces on so many images."""
    return compute(gigabytes, images * FACES_MILLISECONDS_PER_IMAGE)


def cap(cost: Cost, max_cost: float | None, what: str) -> None:
    """Raises CostLimitError where `cost` is above the request's maxCost. `what` begins the sentence about it."""
    if max_cost is not None and cost.usd > max_cost:
        raise CostLimitError(f"{what} {_plain(cost.usd)} USD, which is above maxCost {_plain(max_cost)} USD")


def _plain(usd: float) -> str:
    """Nine significant digits, written out as far as a cost is counted: to the nano-dollar."""
    from decimal import Decimal  # for a refusal alone

    shown = f"{usd:.9g}"
    return f"{Decimal(shown):f}" if usd >= 1e-9 else shown
