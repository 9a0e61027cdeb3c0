"""Bytes of optimised drawings, as shares of what Pillow and pngquant with oxipng make of the same 30.

    OPENBLAS_NUM_THREADS=1 RAYON_NUM_THREADS=1 python -m benchmarks.optimise

Every encoder is given the same pixels: the drawing trimmed and fitted into 1024 by 1024. `pngquant` is Debian's package
(2.x), run as it comes and, so that like is compared with like, once more with the fewest colours that pass the rules
which our own answers are held to; oxipng is PyPI's `pyoxipng`. A yardstick that is not installed
is skipped by name.
"""

from __future__ import annotations

import io
import shutil
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import oxipng
from darkroom.adapters.imaging.encode import png
from darkroom.adapters.imaging.likeness import Original
from darkroom.adapters.imaging.optimise import ALLOWED, INKED, PALETTES, SHIFT, SSIM, DrawingOptimiser, fitted
from darkroom.adapters.imaging.palette import cleared
from darkroom.adapters.imaging.reader import PillowPictures
from darkroom.adapters.imaging.trim import trimmed
from darkroom.domain.generation import PNG
from PIL import Image

from benchmarks.drawings import SIZE, drawings

if TYPE_CHECKING:
    from numpy.typing import NDArray

PILLOW_GOAL, PNGQUANT_GOAL = 0.75, 1.0
OXIPNG_LEVEL = 4
"""Levels 5 and 6 give the same sizes on drawings, in many times the time."""


def by_pillow(pixels: NDArray[np.uint8]) -> bytes:
    opaque = (pixels[..., 3] == 255).all()
    buffer = io.BytesIO()
    Image.fromarray(pixels[..., :3] if opaque else pixels).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def by_pngquant(program: str, data: bytes, *options: str) -> bytes:
    return subprocess.run([program, *options, "-"], input=data, capture_output=True, check=True).stdout


def by_pngquant_alike(program: str, pixels: NDArray[np.uint8], data: bytes) -> bytes:
    """By the fewest colours whose result we would have answered ourselves, without dithering."""
    original = Original(pixels)
    for colours in PALETTES:
        made = by_pngquant(program, data, str(colours), "--nofs")
        likeness = original.likeness(np.asarray(Image.open(io.BytesIO(made)).convert("RGBA")))
        if likeness.ssim >= SSIM and likeness.inked >= INKED and likeness.shift <= SHIFT:
            return made
    return by_pngquant(program, data)


def by_oxipng(data: bytes) -> bytes:
    return bytes(oxipng.optimize_from_memory(data, level=OXIPNG_LEVEL))


def main() -> int:
    optimiser, reader = DrawingOptimiser(), PillowPictures()
    program = shutil.which("pngquant")
    if program is None:
        print("Skipped: pngquant (apt-get install pngquant)")
    sizes: dict[str, list[int]] = {}
    seconds, likenesses, formats = [], [], []
    for pixels in drawings():
        fit = fitted(trimmed(cleared(pixels)), SIZE, SIZE)
        plain = by_pillow(fit)
        source = png(pixels)
        began = time.process_time()
        ours = optimiser.optimise(pixels, width=SIZE, height=SIZE, original=source)
        seconds.append(time.process_time() - began)
        likenesses.append(ours.ssim)
        formats.append(ours.media_type)
        again = optimiser.optimise(
            reader.frames(ours.data).pixels[0], width=SIZE, height=SIZE, original=ours.data, allowed=ALLOWED
        )
        if again.data != ours.data:
            raise RuntimeError("An optimised drawing was changed by optimising it again")
        row = {
            "darkroom": len(ours.data),
            "darkroom, PNG only": len(
                optimiser.optimise(pixels, width=SIZE, height=SIZE, original=source, allowed=(PNG,)).data
            ),
            "Pillow optimize=True": len(plain),
            "oxipng alone": len(by_oxipng(plain)),
        }
        if program is not None:
            row["pngquant + oxipng"] = len(by_oxipng(by_pngquant(program, plain)))
            row["pngquant, as alike + oxipng"] = len(by_oxipng(by_pngquant_alike(program, fit, plain)))
        for name, size in row.items():
            sizes.setdefault(name, []).append(size)

    used = ", ".join(f"{formats.count(kind)} {kind}" for kind in dict.fromkeys(formats))
    print(f"{len(formats)} drawings, trimmed and fitted into {SIZE} x {SIZE}; answers: {used}")
    print(f"SSIM {min(likenesses):.4f} at the least; {statistics.median(seconds):.2f} s of one core, median, ", end="")
    print(f"{max(seconds):.2f} s at the most")
    ours_bytes, png_bytes = sum(sizes["darkroom"]), sum(sizes["darkroom, PNG only"])
    print(f"{'':30}{'bytes':>10}{'darkroom is':>14}{'PNG only is':>14}")
    for name, each in sizes.items():
        print(f"{name:30}{sum(each):10,}{ours_bytes / sum(each):14.3f}{png_bytes / sum(each):14.3f}")
    failed = ours_bytes > PILLOW_GOAL * sum(sizes["Pillow optimize=True"])
    if program is not None:
        failed = failed or ours_bytes > PNGQUANT_GOAL * sum(sizes["pngquant + oxipng"])
    print(f"Goals: at most {PILLOW_GOAL} of Pillow's and {PNGQUANT_GOAL} of pngquant + oxipng's:", end=" ")
    print("missed" if failed else "met")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
