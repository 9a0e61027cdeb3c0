"""What is asked of an engine that makes or reads pictures, and what it answers: the same words for every provider.

Pure values. Providers differ in how they are called; nobody beyond their adapter sees it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeVar

from darkroom.domain.jobs import Cost

PNG: Final = "image/png"
JPEG: Final = "image/jpeg"
WEBP: Final = "image/webp"
GIF: Final = "image/gif"
APNG: Final = "image/apng"
AVIF: Final = "image/avif"
SVG: Final = "image/svg+xml"
SUFFIXES: Final = {PNG: "png", JPEG: "jpg", WEBP: "webp", GIF: "gif", APNG: "png", AVIF: "avif", SVG: "svg"}
"""What the name of a stored picture ends with."""


FUNCTION_GIGABYTES: Final = 1_769 / 1_024
"""Memory of the function that works off the jobs of generation: one whole core. A test holds it to the template."""


class Ability(StrEnum):
    """What an engine can be asked for. A request that needs one it lacks is refused with the list of those it has."""

    DOODLE = "doodle"
    """A drawing from words."""
    PRODUCT = "product"
    """A finished product picture, with the product's own picture to go by where there is one."""
    ANIMATE = "animate"
    """One request gives the frames of a moving picture; without it, frames are cut from a sprite sheet."""
    TRANSPARENT = "transparent"
    """A background that is really transparent."""
    VECTOR = "vector"
    """SVG that was drawn as such."""
    SEED = "seed"
    """The same seed gives the same picture."""
    ANALYSE = "analyse"
    """Says what a picture shows."""


@dataclass(frozen=True, slots=True)
class DrawRequest:
    """One request for pictures.

    `instruction` is ours and is all that an engine may take as an order. `material` is what a user or a page said: it
    is handed over as data, apart from the instruction, whatever it seems to demand. `needs` are the abilities that the
    request cannot do without. Sizes are pixels; an engine may answer others, never larger than four times as many.
    `frames` above 1 asks for the frames of one loop, in order. `reference` is an encoded picture that was decoded,
    limited and encoded again by us.
    """

    instruction: str
    material: str
    needs: frozenset[Ability] = frozenset()
    style: str = ""
    count: int = 1
    width: int = 1024
    height: int = 1024
    transparent: bool = False
    media_type: str = PNG
    frames: int = 1
    fps: int = 12
    seed: int | None = None
    reference: bytes | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """One encoded picture. `subject` is [x1, y1, x2, y2] in its pixels where the engine knows what it is about."""

    data: bytes
    media_type: str
    width: int
    height: int
    seed: int | None = None
    subject: tuple[int, int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """What an engine made: `count` pictures, or the `frames` of one animation. `cost` is what it truly charged.

    `unmatched` lists the words of the material that it could do nothing with; only an engine that knows says so.
    """

    pictures: tuple[Picture, ...]
    model: str
    cost: Cost = field(default_factory=Cost)
    unmatched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnalyseRequest:
    """A picture to be looked at: PNG that we encoded, so what it holds is pixels and nothing else."""

    data: bytes
    instruction: str
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Label:
    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What a picture shows, by an engine that looks at it. `text` is what is written in it, if anything."""

    labels: tuple[Label, ...]
    caption: str
    model: str
    text: str = ""
    cost: Cost = field(default_factory=Cost)


Made = TypeVar("Made", Drawn, Reading)
Trial = Callable[[Callable[[], Made]], Made]
"""Makes one call of a provider and gives what it gave: the place where a caller keeps its ledger of paid calls."""


def straight(call: Callable[[], Made]) -> Made:
    """The Trial of a call that nobody keeps a ledger of."""
    return call()
