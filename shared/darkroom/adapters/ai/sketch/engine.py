"""The offline drawing engine: an ImageGenerator that needs no key, no network and no model.

SVG is what it draws, and pixels are made from the SVG, so the two never differ. Whatever a description holds, nothing
of its text enters the SVG: it decides what is drawn, and is left behind.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from darkroom.adapters.ai.sketch.drawing import compose
from darkroom.adapters.ai.sketch.language import read
from darkroom.adapters.rendering import rendered
from darkroom.domain.doodles import Style
from darkroom.domain.generation import PNG, SVG, Ability, Drawn, Picture, straight
from darkroom.domain.jobs import Cost

if TYPE_CHECKING:
    from darkroom.domain.generation import DrawRequest, Trial

VERSION: Final = "sketch-3"
"""Named in answers; a new one where equal requests give other pictures than before."""


class SketchEngine:
    """Draws what the words say. See ports.ImageGenerator; it is free, and fails for no description."""

    name = "sketch"
    abilities = frozenset({Ability.DOODLE, Ability.ANIMATE, Ability.TRANSPARENT, Ability.VECTOR, Ability.SEED})

    def price(self, request: DrawRequest) -> Cost:  # noqa: ARG002 - the port's signature
        return Cost()

    def draw(self, request: DrawRequest, *, trial: Trial[Drawn] = straight) -> Drawn:
        """`count` pictures, or the `frames` of one loop as PNG; SVG where asked for and still, else PNG."""
        return trial(lambda: self._moving(request) if request.frames > 1 else self._still(request))

    def films(self, request: DrawRequest) -> list[str]:
        """The frames of one loop as SVG; the frame after the last would be the first again."""
        from darkroom.adapters.ai.sketch.motion import film

        return film(
            request.material, style_of(request), width=request.width, height=request.height,
            seed=seed_of(request), transparent=request.transparent, frames=request.frames,
        )  # fmt: skip

    def _still(self, request: DrawRequest) -> Drawn:
        scene, seed = read(request.material), seed_of(request)
        pictures = []
        for index in range(request.count):
            picture = compose(
                request.material, style_of(request), width=request.width, height=request.height, seed=seed, index=index,
                transparent=request.transparent, scene=scene,
            )  # fmt: skip
            svg = picture.svg()
            vector = request.media_type == SVG
            data = svg.encode() if vector else rendered(svg)
            box = tuple(round(edge) for edge in picture.layout.focus)
            pictures.append(Picture(
                data, SVG if vector else PNG, request.width, request.height, seed,
                subject=(max(box[0], 0), max(box[1], 0), min(box[2], request.width), min(box[3], request.height)),
            ))  # fmt: skip
        return Drawn(tuple(pictures), VERSION, unmatched=scene.unmatched)

    def _moving(self, request: DrawRequest) -> Drawn:
        seed = seed_of(request)
        pictures = tuple(
            Picture(rendered(svg), PNG, request.width, request.height, seed) for svg in self.films(request)
        )
        return Drawn(pictures, VERSION, unmatched=read(request.material).unmatched)


def seed_of(request: DrawRequest) -> int:
    """The request's seed; without one, a seed that the description decides, so that equal requests are equal."""
    if request.seed is not None:
        return request.seed
    return int.from_bytes(hashlib.sha256(request.material.encode("utf-8", "replace")).digest()[:4])


def style_of(request: DrawRequest) -> Style:
    """The request's style, SIMPLE where it names none. Raises ValueError for one that there is not."""
    return Style(request.style) if request.style else Style.SIMPLE
