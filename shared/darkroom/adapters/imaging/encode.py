"""Pixels to encoded pictures and animations: the PictureEncoder, and the single encoders that the optimiser tries.

Only pixels go in, so only pixels come out: no metadata of any kind, and colour hidden under full transparency is gone.
"""

from __future__ import annotations

import io
import struct
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import oxipng
from PIL import GifImagePlugin, Image

from darkroom.adapters.imaging.chunks import START, chunk, chunks
from darkroom.adapters.imaging.palette import MOST, Colours, Indexed, cleared
from darkroom.adapters.imaging.trim import box
from darkroom.domain.generation import APNG, AVIF, GIF, JPEG, PNG, WEBP
from darkroom.errors import UnsupportedTypeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

STILLS: Final = (PNG, WEBP, AVIF, JPEG)
ANIMATIONS: Final = (GIF, WEBP, APNG, AVIF)

DRAWING: Final = 8_192
"""The most distinct colours of a drawing, smoothed edges included; what has more is a painting or a photo. WebP keeps
drawings losslessly, and the frames of an APNG share a palette then."""
QUALITY: Final = {WEBP: 90, AVIF: 80, JPEG: 90}
"""Of stills that are encoded lossily: no difference to be seen at arm's length."""
LARGE: Final = 2_000_000
"""Pixels from which AVIF is encoded at a third of the time, for a few percent more bytes."""
MOVING_QUALITY: Final = {WEBP: 85, AVIF: 70}
GIF_SHORTEST: Final = 2
"""Hundredths of a second; what asks for less, browsers show for ten."""
SOLID: Final = 128
"""The opacity from which GIF, which knows no half-tones of it, shows a pixel."""


class PillowEncoder:
    """The PictureEncoder: PNG through oxipng, the rest through Pillow's libwebp, libavif and libjpeg-turbo."""

    def still(self, pixels: NDArray[np.uint8], media_type: str, *, longest: int | None = None) -> bytes:
        pixels = cleared(pixels if longest is None else _within(pixels, longest))
        if media_type == PNG:
            return png(pixels)
        if media_type == WEBP:
            if Colours([pixels]).count <= DRAWING:
                return webp(pixels)
            return webp(pixels, quality=QUALITY[WEBP])
        if media_type == AVIF:
            return avif(pixels, quality=QUALITY[AVIF])
        if media_type == JPEG:
            return jpeg(pixels)
        raise _unsupported(media_type, STILLS)

    def rate(self, fps: int, media_type: str) -> float:
        """Frames a second that really are shown where `fps` are asked for: GIF cannot do more than 50."""
        return min(float(fps), 100 / GIF_SHORTEST) if media_type == GIF else float(fps)

    def animation(self, frames: Sequence[NDArray[np.uint8]], *, fps: int, media_type: str) -> bytes:
        """A loop without end. All frames are of one size.

        Durations are whole hundredths of a second in a GIF and milliseconds elsewhere. They differ by one at most, and
        the loop is as long as `rate` says: 12 frames a second in a GIF are shown for 8, 9, 8 hundredths.
        """
        clear = [cleared(frame) for frame in frames]
        if media_type == GIF:
            return gif(clear, _ticks(len(frames), self.rate(fps, GIF), per_second=100))
        durations = _ticks(len(frames), fps, per_second=1000)
        if media_type == WEBP:
            return _moving_webp(clear, durations)
        if media_type == APNG:
            return _moving_png(clear, durations)
        if media_type == AVIF:
            return _moving_avif(clear, durations)
        raise _unsupported(media_type, ANIMATIONS)


def _within(pixels: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    scale = min(1.0, longest / max(height, width))
    if scale == 1.0:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.HAMMING, reducing_gap=2.0))


def _unsupported(media_type: str, supported: Sequence[str]) -> UnsupportedTypeError:
    return UnsupportedTypeError(f"No encoder for {media_type}", fix=f"Ask for one of {', '.join(supported)}.")


def _ticks(count: int, fps: float, *, per_second: int) -> list[int]:
    """The length of each frame in ticks: whole numbers that add up to what `count` frames take."""
    ends = [round(number * per_second / fps) for number in range(count + 1)]
    return [end - start for start, end in pairwise(ends)]


# --- stills ----------------------------------------------------------------------------------------------------------


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Lossless, in the fewest bits a pixel that hold it."""
    colours = Colours([pixels])
    if colours.count <= MOST:
        return png_indexed(colours.quantised(MOST)[0])
    height, width = pixels.shape[:2]
    if (pixels[..., 3] == 255).all():
        raw = oxipng.RawImage(pixels[..., :3].tobytes(), width, height, color_type=oxipng.ColorType.rgb(None))
    else:
        raw = oxipng.RawImage(pixels.tobytes(), width, height, color_type=oxipng.ColorType.rgba())
    return bytes(raw.create_optimized_png(level=1))


def quick_png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG that takes a seventh of the time of the smallest one and is a seventh larger: for what is read again at
    once, made ten at a time, or full of grain, which does not get smaller by trying harder. RGB or RGBA."""
    opaque = pixels.shape[2] == 3 or bool((pixels[..., 3] == 255).all())
    image = Image.fromarray(pixels[..., :3] if opaque else cleared(pixels))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=2)
    return buffer.getvalue()


def png_indexed(picture: Indexed, *, iterations: int = 0) -> bytes:
    """Lossless. Rows of indices are left unfiltered: a filter finds nothing in them.

    With `iterations` the deflate stream is zopfli's, a few percent smaller and many times as slow.
    """
    height, width = picture.indices.shape
    palette = [tuple(colour) for colour in picture.colours.tolist()]
    raw = oxipng.RawImage(
        picture.indices.tobytes(), width, height, color_type=oxipng.ColorType.indexed(palette), bit_depth=8
    )
    deflate = oxipng.Deflaters.zopfli(iterations) if iterations else oxipng.Deflaters.libdeflater(12)
    return bytes(raw.create_optimized_png(level=2, filter=[oxipng.RowFilter.NoOp], deflate=deflate))


def webp(pixels: NDArray[np.uint8], *, quality: int | None = None, crunch: bool = False) -> bytes:
    """Lossless without a quality. To `crunch` tries every transform: a tenth smaller and twenty times as slow."""
    if quality is not None:
        return _saved(pixels, "WEBP", quality=quality, method=4)
    return _saved(pixels, "WEBP", lossless=True, quality=100, method=6 if crunch else 4)


def avif(pixels: NDArray[np.uint8], *, quality: int) -> bytes:
    """Full resolution of colour: lines in colour smear otherwise. One thread, so the same bytes on any machine."""
    speed = 6 if pixels.shape[0] * pixels.shape[1] <= LARGE else 8
    return _saved(bled(pixels), "AVIF", quality=quality, subsampling="4:4:4", speed=speed, max_threads=1)


def jpeg(pixels: NDArray[np.uint8], *, quality: int = QUALITY[JPEG]) -> bytes:
    """Laid on white where it has an alpha. Full resolution of colour: coloured letters keep their edges."""
    flat = pixels
    if pixels.shape[2] == 4:
        alpha = pixels[..., 3:].astype(np.uint16)
        flat = ((pixels[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    if np.array_equal(flat[..., 0], flat[..., 1]) and np.array_equal(flat[..., 1], flat[..., 2]):
        image = Image.fromarray(flat[..., 0])
    else:
        image = Image.fromarray(flat)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, subsampling=0, optimize=True, progressive=True)
    return buffer.getvalue()


def bled(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same picture with the colours around it under what is fully transparent.

    A lossy encoder mixes neighbours: with black there, edges get a dark fringe, and the step costs bytes. Filled from
    coarser and coarser means of what is seen ("pull-push", Gortler et al., "The lumigraph", SIGGRAPH 1996).
    """
    shown = pixels[..., 3] > 0
    if shown.all() or not shown.any():
        return pixels
    made = pixels.copy()
    made[..., :3] = _filled(pixels[..., :3].astype(np.float32), shown[..., None].astype(np.float32))
    return made


def _filled(colours: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = known.shape[:2]
    if known.all():
        return colours
    edges = ((0, height % 2), (0, width % 2), (0, 0))
    weights = _quarter(np.pad(known, edges))
    means = (_quarter(np.pad(colours * known, edges)) / np.maximum(weights, 1)).astype(np.float32)
    coarse = _filled(means, (weights > 0).astype(np.float32))
    fine = coarse.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]
    return np.where(known > 0, colours, fine)


def _quarter(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sums of squares of two by two."""
    return values[::2, ::2] + values[1::2, ::2] + values[::2, 1::2] + values[1::2, 1::2]


def _saved(pixels: NDArray[np.uint8], form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    _image(pixels).save(buffer, form, **options)
    return buffer.getvalue()


def _image(pixels: NDArray[np.uint8]) -> Image.Image:
    """Without the opacity where it says nothing: it would be stored as a plane of its own."""
    return Image.fromarray(pixels[..., :3] if (pixels[..., 3] == 255).all() else pixels)


# --- animations ------------------------------------------------------------------------------------------------------


def gif(frames: Sequence[NDArray[np.uint8]], ticks: Sequence[int]) -> bytes:
    """GIF89a in one palette for all frames; `ticks` are hundredths of a second.

    A pixel is shown or not, from half opacity on, in its own colour: nothing is mixed with a background that the
    picture will not be shown on, so there is no fringe. Where any frame is transparent, each is drawn on a cleared
    canvas (disposal 2); else only what changes is drawn over the frame before (disposal 1).
    """
    solid = [_solid(frame) for frame in frames]
    shared = Colours(solid).quantised(MOST - 1)
    clear = len(shared[0].colours)
    indices = [
        np.where(frame[..., 3] == 0, np.uint8(clear), picture.indices)
        for frame, picture in zip(solid, shared, strict=True)
    ]
    transparent = any(bool((frame == clear).any()) for frame in indices)
    height, width = indices[0].shape
    bits = max(clear.bit_length(), 1)
    table = np.zeros((1 << bits, 3), np.uint8)
    table[:clear] = shared[0].colours[:, :3]
    made = [
        struct.pack("<6sHHBBB", b"GIF89a", width, height, 0xF0 | (bits - 1), 0, 0),
        table.tobytes(),
        b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0",
    ]
    before: NDArray[np.uint8] | None = None
    for frame, tick in zip(indices, ticks, strict=True):
        drawn = frame
        if not transparent and before is not None:
            drawn = np.where(frame == before, np.uint8(clear), frame)
        before = frame
        x, y, part = _part(drawn, clear)
        made.append(struct.pack("<3sBHBB", b"\x21\xf9\x04", (2 if transparent else 1) << 2 | 1, tick, clear, 0))
        made.extend(GifImagePlugin.getdata(Image.fromarray(part), (x, y), interlace=0))
    return b"".join([*made, b"\x3b"])


def _solid(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    shown = frame[..., 3:] >= SOLID
    made = np.where(shown, frame, np.uint8(0))
    made[..., 3:] = np.where(shown, np.uint8(255), np.uint8(0))
    return made


def _part(frame: NDArray[np.uint8], clear: int) -> tuple[int, int, NDArray[np.uint8]]:
    """The smallest part that holds all that is drawn, and where it is: one pixel of nothing at the least."""
    x1, y1, x2, y2 = box(frame != clear) or (0, 0, 1, 1)
    return x1, y1, np.ascontiguousarray(frame[y1:y2, x1:x2])


# The two below put the container together themselves: Pillow's writers leave out a frame that is like the one before,
# and then an animation has other frames than its answer says, or is none.


def _moving_webp(frames: Sequence[NDArray[np.uint8]], durations: Sequence[int]) -> bytes:
    """Of each frame the part that changes, put over the one before without blending (RFC 9649, 2.7.1.2)."""
    colours = Colours(frames)
    drawing = colours.count <= DRAWING
    whole = [picture.pixels for picture in colours.quantised(MOST)] if drawing else list(frames)
    height, width = whole[0].shape[:2]
    chunks = [_riff(b"VP8X", struct.pack("<Bxxx", 0x12) + _three(width - 1) + _three(height - 1))]
    chunks.append(_riff(b"ANIM", bytes(6)))
    for (x, y, part), duration in zip(_changes(whole, step=2), durations, strict=True):
        still = (
            _saved(part, "WEBP", lossless=True, quality=50, method=2)
            if drawing
            else webp(part, quality=MOVING_QUALITY[WEBP])
        )
        picture = still[12:] if still[12:16] != b"VP8X" else still[30:]
        sizes = _three(part.shape[1] - 1) + _three(part.shape[0] - 1)
        place = _three(x // 2) + _three(y // 2) + sizes + _three(duration) + b"\x02"
        chunks.append(_riff(b"ANMF", place + picture))
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _riff(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def _three(number: int) -> bytes:
    return number.to_bytes(3, "little")


def _moving_png(frames: Sequence[NDArray[np.uint8]], durations: Sequence[int]) -> bytes:
    """APNG (PNG, third edition, 11.3.6): of each frame the part that changes, in place of what is there."""
    colours = Colours(frames)
    drawing = colours.count <= DRAWING
    indexed = colours.quantised(MOST) if drawing else []
    whole = [picture.indices[..., None] for picture in indexed] if drawing else list(frames)
    made: list[tuple[bytes, bytes]] = []
    sequence = 0
    for number, ((x, y, part), duration) in enumerate(zip(_changes(whole, step=1), durations, strict=True)):
        image = Image.fromarray(part[..., 0]).convert("P") if drawing else Image.fromarray(part)
        if drawing:
            image.putpalette(indexed[0].colours.tobytes(), "RGBA")
        buffer = io.BytesIO()
        image.save(buffer, "PNG", compress_level=9 if drawing else 6)
        found = list(chunks(buffer.getvalue()))
        if number == 0:
            made += [one for one in found if one[0] == b"IHDR"]
            made.append((b"acTL", struct.pack(">II", len(frames), 0)))
            made += [one for one in found if one[0] in (b"PLTE", b"tRNS")]
        height, width = part.shape[:2]
        place = struct.pack(">IIIIIHHBB", sequence, width, height, x, y, duration, 1000, 0, 0)
        made.append((b"fcTL", place))
        sequence += 1
        data = b"".join(data for name, data in found if name == b"IDAT")
        if number == 0:
            made.append((b"IDAT", data))
        else:
            made.append((b"fdAT", struct.pack(">I", sequence) + data))
            sequence += 1
    made.append((b"IEND", b""))
    return START + b"".join(chunk(name, data) for name, data in made)


def _changes(frames: Sequence[NDArray[np.uint8]], *, step: int) -> Iterator[tuple[int, int, NDArray[np.uint8]]]:
    """The first frame, then of each the smallest part that differs from the one before, one pixel at the least.

    `frames` are (height, width, n). Corners are at multiples of `step`.
    """
    before: NDArray[np.uint8] | None = None
    for frame in frames:
        if before is None:
            yield 0, 0, frame
        else:
            changed = (frame != before).any(axis=2)
            x1, y1, x2, y2 = box(changed) or (0, 0, 1, 1)
            x1, y1 = x1 - x1 % step, y1 - y1 % step
            yield x1, y1, np.ascontiguousarray(frame[y1:y2, x1:x2])
        before = frame


def _moving_avif(frames: Sequence[NDArray[np.uint8]], durations: Sequence[int]) -> bytes:
    opaque = all(bool((frame[..., 3] == 255).all()) for frame in frames)
    images = [Image.fromarray(frame[..., :3] if opaque else bled(frame)) for frame in frames]
    return _moving(images, "AVIF", durations, quality=MOVING_QUALITY[AVIF], subsampling="4:4:4", speed=9, max_threads=1)


def _moving(images: Sequence[Image.Image], form: str, durations: Sequence[int], **options: Any) -> bytes:
    buffer = io.BytesIO()
    images[0].save(buffer, form, save_all=True, append_images=images[1:], duration=list(durations), loop=0, **options)
    return buffer.getvalue()
