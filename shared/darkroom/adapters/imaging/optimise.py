"""The PictureOptimiser: the fewest bytes for a drawing that still looks the same.

Empty margins go, what is left is fitted into the box, and then palettes and formats are tried. What is answered has an
SSIM of at least 0.98 to the fitted original (`likeness.py`), and is held to two more rules where SSIM is blind: 0.98
where there is ink, and no spot's tone off by more than SHIFT. Sizes are searched by bisection, and formats that could
not win are not tried: lossless WebP beats PNG on every drawing of more than a few pixels, JPEG never beats WebP.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from darkroom.adapters.imaging.encode import avif, jpeg, png, png_indexed, webp
from darkroom.adapters.imaging.likeness import LargeOriginal, Original
from darkroom.adapters.imaging.palette import Colours, cleared
from darkroom.adapters.imaging.seal import bare, is_sealed, sealed
from darkroom.adapters.imaging.trim import trimmed
from darkroom.domain.generation import AVIF, JPEG, PNG, WEBP
from darkroom.errors import UnsupportedTypeError
from darkroom.ports import Optimised

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from darkroom.adapters.imaging.palette import Indexed

ALLOWED: Final = (PNG, WEBP, AVIF, JPEG)
FIX: Final = f"Allow one of {', '.join((PNG, WEBP, AVIF))}."
SSIM: Final = 0.98
INKED: Final = 0.98
SHIFT: Final = 5.0

PALETTES: Final = (2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96, 128, 192, 256)
LOSSY: Final[Mapping[str, Callable[..., bytes]]] = {AVIF: avif, WEBP: webp, JPEG: jpeg}
QUALITIES: Final = (10, 14, 18, 22, 26, 30, 35, 40, 45, 50, 60, 70, 80, 90, 95, 98)
FLAT: Final = 8
"""A drawing that needs no more colours is smallest losslessly: AVIF is not tried."""
PAINSTAKING: Final = 1_500_000
"""Pixels up to which the slow encoders have their last word, and the whole picture is searched with: of a larger one
it is so many, in tiles, and what they ask for is then checked on the whole."""
TILE: Final = 256
TINY: Final = 4_096
"""Pixels up to which the formats' own headers decide, so that each of them is tried."""
ZOPFLI: Final = 5


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One encoding; `indexed` is what it holds where it is lossless."""

    data: bytes
    media_type: str
    ssim: float
    indexed: Indexed | None = None

    @property
    def colours(self) -> int:
        return len(self.indexed.colours) if self.indexed else 0


class DrawingOptimiser:
    """The PictureOptimiser. The same pixels and bytes give the same answer, and so does an answer put in again."""

    def __init__(self, *, painstaking: int = PAINSTAKING, tile: int = TILE) -> None:
        """A picture of more than `painstaking` pixels is searched in tiles of `tile` pixels a side."""
        self._painstaking = painstaking
        self._tile = tile

    def optimise(
        self,
        pixels: NDArray[np.uint8],
        *,
        width: int,
        height: int,
        original: bytes,
        allowed: Sequence[str] = ALLOWED,
    ) -> Optimised:
        """`pixels` is `original` decoded, RGBA. The answer is at most width by height, in the drawing's own shape.

        It is never enlarged: that costs bytes and shows nothing more.
        """
        own = is_sealed(original)
        if own is not None and own in allowed and pixels.shape[0] <= height and pixels.shape[1] <= width:
            return Optimised(original, own, pixels.shape[1], pixels.shape[0], 1.0)
        picture = fitted(trimmed(cleared(pixels)), width, height)
        writable = [media_type for media_type in ALLOWED if media_type in allowed]
        if not writable or (writable == [JPEG] and (picture[..., 3] != 255).any()):
            raise UnsupportedTypeError("None of the allowed formats can hold this drawing", fix=FIX)
        best = _Search(picture, writable, self._painstaking, self._tile).best()
        plain = bare(original)
        if plain in writable and picture.shape == pixels.shape and len(original) <= len(best.data):
            best = _Candidate(original, plain, 1.0)
        return Optimised(best.data, best.media_type, picture.shape[1], picture.shape[0], best.ssim)


def fitted(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Scaled down into the box, opacity and all, its shape kept. Hamming's window: sharp, and no halos around lines."""
    rows, columns = pixels.shape[:2]
    scale = min(1.0, width / columns, height / rows)
    if scale == 1.0:
        return pixels
    size = max(1, round(columns * scale)), max(1, round(rows * scale))
    return cleared(np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.HAMMING)))


class _Held:
    """Pixels that candidates are held against: the whole picture, or a `share` of it."""

    def __init__(self, pixels: NDArray[np.uint8], share: float, painstaking: int) -> None:
        self.pixels = pixels
        self.share = share
        self._most = 2 * painstaking

    @cached_property
    def original(self) -> Original | LargeOriginal:
        count = self.pixels.shape[0] * self.pixels.shape[1]
        return Original(self.pixels) if count <= self._most else LargeOriginal(self.pixels, self._most // 3)

    @cached_property
    def colours(self) -> Colours:
        return Colours([self.pixels])

    def accepted(self, pixels: NDArray[np.uint8]) -> float | None:
        """The SSIM of what is alike enough."""
        likeness = self.original.likeness(pixels)
        if likeness.ssim < SSIM or likeness.inked < INKED or likeness.shift > SHIFT:
            return None
        return likeness.ssim


def _sampled(whole: _Held, painstaking: int, tile: int) -> _Held:
    """Of a large picture, tiles from all over it, side by side: as few as show what it is like everywhere."""
    height, width = whole.pixels.shape[:2]
    if height * width <= painstaking:
        return whole
    tall, wide = min(tile, height), min(tile, width)
    count = painstaking // (tall * wide)
    down = min(max(1, round((count * height / width) ** 0.5)), height // tall)
    across = min(max(1, count // down), width // wide)
    rows = [round((place + 0.5) * height / down - tall / 2) for place in range(down)]
    columns = [round((place + 0.5) * width / across - wide / 2) for place in range(across)]
    tiles = [[whole.pixels[y : y + tall, x : x + wide] for x in columns] for y in rows]
    pixels = np.concatenate([np.concatenate(row, axis=1) for row in tiles], axis=0)
    return _Held(pixels, pixels.shape[0] * pixels.shape[1] / (height * width), painstaking)


class _Search:
    def __init__(self, picture: NDArray[np.uint8], allowed: Sequence[str], painstaking: int, tile: int) -> None:
        self._picture = picture
        self._allowed = allowed
        self._painstaking = painstaking
        self._whole = _Held(picture, 1.0, painstaking)
        self._sample = _sampled(self._whole, painstaking, tile)
        self._opaque = bool((picture[..., 3] == 255).all())
        self._pixels = picture.shape[0] * picture.shape[1]

    def best(self) -> _Candidate:
        best = self._lossless(self._palette())
        if best is None or best.colours > FLAT:
            # The strongest first: each has to beat what there is.
            for media_type in (AVIF, WEBP, JPEG):
                if media_type in self._allowed and (self._opaque or media_type != JPEG):
                    best = self._lossy(media_type, best)
        if best is None:
            best = self._faithful()
        return self._last_word(best)

    def _palette(self) -> _Candidate | None:
        """The fewest colours that will do; not encoded yet."""
        if not {PNG, WEBP} & set(self._allowed):
            return None

        def attempt(most: int, held: _Held) -> _Candidate | None:
            indexed = held.colours.quantised(most)[0]
            ssim = held.accepted(indexed.pixels)
            return None if ssim is None else _Candidate(b"", "", ssim, indexed)

        return self._found(PALETTES, attempt)

    def _found(self, steps: Sequence[int], attempt: Callable[[int, _Held], _Candidate | None]) -> _Candidate | None:
        """By the lowest step that will do: looked for with the sample, and from there on upwards with the whole."""
        step, best = _lowest(steps, lambda step: attempt(step, self._sample))
        if best is None or self._sample is self._whole:
            return best
        checked = (attempt(higher, self._whole) for higher in steps[steps.index(step) :])
        return next((found for found in checked if found is not None), None)

    def _lossless(self, found: _Candidate | None) -> _Candidate | None:
        if found is None or found.indexed is None:
            return None
        made = []
        if WEBP in self._allowed:
            made.append(self._made(webp(found.indexed.pixels), WEBP, found.ssim, found.indexed))
        if PNG in self._allowed and (WEBP not in self._allowed or self._pixels <= TINY):
            made.append(self._made(png_indexed(found.indexed), PNG, found.ssim, found.indexed))
        return min(made, key=_size)

    def _lossy(self, media_type: str, best: _Candidate | None) -> _Candidate | None:
        """The lowest quality that will do, if it is the smallest; given up as soon as it plainly cannot be."""
        encode = LOSSY[media_type]

        def attempt(quality: int, held: _Held) -> _Candidate | None:
            data = encode(held.pixels, quality=quality)
            ssim = held.accepted(_decoded(data, media_type))
            if ssim is not None:
                return self._made(data, media_type, ssim)
            if best is not None and len(data) >= len(best.data) * held.share:
                raise _HopelessError
            return None

        try:
            found = self._found(QUALITIES, attempt)
        except _HopelessError:
            return best
        return min((one for one in (best, found) if one is not None), key=_size, default=None)

    def _faithful(self) -> _Candidate:
        """Where nothing small will do: all of it, or as much as the formats that are allowed can hold."""
        for media_type, encode in ((WEBP, webp), (PNG, png)):
            if media_type in self._allowed:
                return self._made(encode(self._picture), media_type, 1.0)
        media_type = next(media_type for media_type in (AVIF, JPEG) if media_type in self._allowed)
        data = LOSSY[media_type](self._picture, quality=100)
        return self._made(data, media_type, self._whole.original.likeness(_decoded(data, media_type)).ssim)

    def _last_word(self, best: _Candidate) -> _Candidate:
        """What won losslessly once more, by the encoder that takes its time."""
        if best.indexed is None or self._pixels > self._painstaking:
            return best
        if best.media_type == WEBP:
            data = webp(best.indexed.pixels, crunch=True)
        else:
            data = png_indexed(best.indexed, iterations=ZOPFLI)
        return min(best, self._made(data, best.media_type, best.ssim, best.indexed), key=_size)

    def _made(self, data: bytes, media_type: str, ssim: float, indexed: Indexed | None = None) -> _Candidate:
        height, width = self._picture.shape[:2]
        data = sealed(data, media_type, opaque=self._opaque, width=width, height=height)
        return _Candidate(data, media_type, ssim, indexed)


class _HopelessError(Exception):
    """A lossy candidate is already larger than the best, and not even alike enough."""


def _size(candidate: _Candidate) -> int:
    return len(candidate.data)


def _lowest(steps: Sequence[int], attempt: Callable[[int], _Candidate | None]) -> tuple[int, _Candidate | None]:
    """The lowest step that succeeds and what it gives, by bisection: above one that succeeds all are taken to."""
    low, high = 0, len(steps) - 1
    best, lowest = None, steps[-1]
    while low <= high:
        middle = (low + high) // 2
        found = attempt(steps[middle])
        if found is None:
            low = middle + 1
        else:
            best, lowest, high = found, steps[middle], middle - 1
    return lowest, best


def _decoded(data: bytes, media_type: str) -> NDArray[np.uint8]:
    form = media_type.removeprefix("image/").upper()
    return np.asarray(Image.open(io.BytesIO(data), formats=(form,)).convert("RGBA"))
