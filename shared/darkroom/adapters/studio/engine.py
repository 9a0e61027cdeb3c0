"""The offline engine of product pictures: the page's own picture on a set that its colours suggest."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from darkroom.adapters.imaging.encode import jpeg, quick_png
from darkroom.adapters.studio.cards import card, tile
from darkroom.adapters.studio.designs import DESIGNS
from darkroom.adapters.studio.matte import cut_out
from darkroom.adapters.studio.staging import staged
from darkroom.adapters.studio.wording import runs_right_to_left
from darkroom.domain.generation import JPEG, PNG, Ability, Drawn, Picture
from darkroom.domain.jobs import Cost
from darkroom.domain.products import look_meant
from darkroom.errors import BadImageError, ProviderRefusedError, TooLargeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from darkroom.domain.generation import DrawRequest, Trial
    from darkroom.ports import PictureReader

WORKING: Final = 0.8
"""Longest side at which a product is cut out, of the picture's longer side: it stands no taller in it."""
SMALLEST, LARGEST = 128, 2_048
MOST: Final = 10
NO_MATCH: Final = "studio"


class Studio:
    """An ImageGenerator that needs no key, no network and no model, for Ability.PRODUCT alone.

    The product is taken off its background where that is clean, else its photograph stands there as a card; without a
    picture, a tile of shapes with the initial of the material does. `style` means one of LOOKS, by its name or
    one of its words; where it means none, the seed picks. Without a seed, it follows from what is asked, so the same
    request gives the same picture. The answer's `subject` is where the product stands; words belong elsewhere.
    """

    name = "studio"
    abilities = frozenset({Ability.PRODUCT, Ability.SEED})
    model = "studio-1"

    def __init__(self, reader: PictureReader) -> None:
        self._reader = reader

    def price(self, request: DrawRequest) -> Cost:  # noqa: ARG002 - ours costs nothing, whatever is asked
        return Cost()

    def draw(self, request: DrawRequest, *, trial: Trial[Drawn]) -> Drawn:
        """Raises ProviderRefusedError for what it cannot do, before the trial."""
        self._check(request)
        return trial(lambda: self._draw(request))

    def _check(self, request: DrawRequest) -> None:
        lacking = request.needs - self.abilities
        if lacking:
            raise _refused(
                f"studio cannot do {', '.join(sorted(lacking))}", fix="Use a provider that lists these abilities."
            )
        if request.media_type not in (PNG, JPEG):
            raise _refused(f"studio gives PNG and JPEG, not {request.media_type}", fix=f"Ask for {JPEG}.")
        if not all(SMALLEST <= side <= LARGEST for side in (request.width, request.height)):
            raise _refused(
                f"{request.width} by {request.height} is not a size of studio's",
                fix=f"Ask for {SMALLEST} to {LARGEST} pixels a side.",
            )
        if not 1 <= request.count <= MOST or request.frames != 1:
            raise _refused("studio draws stills, one to ten at once", fix="Ask for a count of 1 to 10 and one frame.")

    def _draw(self, request: DrawRequest) -> Drawn:
        subject, is_card = self._subject(request)
        said = f"{request.style}\0{request.material}\0".encode("utf-8", "surrogatepass")
        digest = hashlib.sha256(said + (request.reference or b""))
        first = int.from_bytes(digest.digest()[:4], "big") if request.seed is None else request.seed
        pictures = tuple(self._picture(request, subject, is_card, seed=first + index) for index in range(request.count))
        return Drawn(pictures, self.model)

    def _subject(self, request: DrawRequest) -> tuple[NDArray[np.uint8] | None, bool]:
        """The product or its card, RGBA, and which of them it is."""
        if request.reference is None:
            return None, True
        try:
            pixels = self._reader.frames(request.reference).pixels[0]
        except (BadImageError, TooLargeError) as error:
            raise _refused(f"The product's picture cannot be read: {error.detail}", fix=error.fix) from error
        pixels = _at_most(pixels, round(WORKING * max(request.width, request.height)))
        found = cut_out(pixels)
        return (card(pixels), True) if found is None else (found.pixels, False)

    def _picture(self, request: DrawRequest, subject: NDArray[np.uint8] | None, is_card: bool, *, seed: int) -> Picture:
        rng = np.random.default_rng(abs(seed))
        choice = str(rng.choice(sorted(DESIGNS)))
        design = look_meant(request.style) or choice
        made = staged(
            tile(_name(request.material), rng) if subject is None else subject,
            design=design,
            width=request.width,
            height=request.height,
            rng=rng,
            mirrored=bool(runs_right_to_left(_name(request.material))),
            card=is_card,
        )
        data = quick_png(made.pixels) if request.media_type == PNG else jpeg(made.pixels)
        return Picture(data, request.media_type, request.width, request.height, seed, made.subject)


def _name(material: str) -> str:
    """What the product is called: the `name` of material in JSON, else the material itself."""
    try:
        facts = json.loads(material)
    except (ValueError, RecursionError):
        return material
    name = facts.get("name") if isinstance(facts, dict) else None
    return name if isinstance(name, str) else material


def _at_most(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    if max(height, width) <= side:
        return pixels
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # Halving coarsely first costs a tenth and is not seen.
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))


def _refused(detail: str, *, fix: str) -> ProviderRefusedError:
    return ProviderRefusedError(detail, fix=fix, code="PROVIDER_BAD_REQUEST")
