"""What the actions of `/ai` take on one core beside what is estimated of them, which decides whether a caller is kept
waiting (`domain/doodles.py`).

    OPENBLAS_NUM_THREADS=1 RAYON_NUM_THREADS=1 taskset -c 0 python -m benchmarks.estimates [--quick]

Measured is the time of the processor, as if nobody else had work for it; a host that has more to do takes up to
`SLOWEST` times as long. Pictures are a drawing of this folder, shaded, and a photograph with and without grain, each
in many sizes, encoded as large as a request may hold them. Fails where an estimate is exceeded.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from darkroom.adapters.ai.sketch.engine import SketchEngine
from darkroom.adapters.ai.sketch.vocabulary import rendered
from darkroom.adapters.imaging.analyser import ShapeAnalyser
from darkroom.adapters.imaging.encode import PillowEncoder
from darkroom.adapters.imaging.measure import PixelMeter
from darkroom.adapters.imaging.optimise import DrawingOptimiser
from darkroom.adapters.imaging.reader import PillowPictures
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.adapters.memory.messages import MemoryMeter
from darkroom.adapters.memory.storage import MemoryObjectStore
from darkroom.domain import limits
from darkroom.domain.doodles import QUICK, SLOWEST
from darkroom.entry import gate
from darkroom.usecases.doodles import DoodleActions, DoodleRequests
from darkroom.usecases.generation import Generation
from darkroom.usecases.shelf import Shelf
from PIL import Image

from benchmarks.drawings import drawing

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTDATA: Final = Path(os.environ.get("DARKROOM_TESTDATA", Path(__file__).parents[2] / "shared/testdata"))
MEGAPIXELS: Final = (0.25, 1, 4, 8, 12, 24, 48)
SIDES: Final = (512, 1_024, 2_048, 4_096)
SHADED: Final = 4
GRAIN: Final = 12
SCENE: Final = "a cat playing a guitar under a big tree in the rain"
CROWD: Final = "24 octopuses, a dozen peacocks, lots of dragons, 24 castles and 24 trees"
THINGS: Final = "cats dogs birds elephants octopuses peacocks dragons castles trees violins trains rockets cars horses"
THRONG: Final = " and ".join(f"24 {name}" for name in THINGS.split())


def pictures(megapixels: float) -> Iterator[tuple[str, bytes]]:
    """By name, encoded: what can be, within a request."""
    side = round((megapixels * 1e6) ** 0.5)
    drawn = Image.fromarray(drawing(SHADED)).resize((side, side), Image.Resampling.BICUBIC)
    yield "drawing", _png(drawn)
    with Image.open(TESTDATA / "detect/japanese-shop.jpg") as shop:
        photo = shop.convert("RGB").resize((side * 7 // 6, side * 6 // 7), Image.Resampling.BICUBIC)
    yield "photo", _jpeg(photo)
    grain = np.random.default_rng(1).integers(-GRAIN, GRAIN + 1, (photo.height, photo.width, 3), np.int16)
    yield "grain", _jpeg(Image.fromarray((np.asarray(photo) + grain).clip(0, 255).astype(np.uint8)))


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _jpeg(image: Image.Image) -> bytes:
    for quality in (90, 70, 50, 30, 10):
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality)
        if buffer.tell() <= limits.INLINE_IMAGE_BYTES:
            break
    return buffer.getvalue()


def actions(*, quick: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is measured, by name."""
    scenes = [(style, SCENE) for style in ("simple", "detailed", "cartoon", "minimalist")]
    for style, description in [*scenes, ("detailed", CROWD), ("cartoon", CROWD), ("cartoon", THRONG)]:
        for size, count in ((512, 10), (1_024, 10), (2_048, 2)):
            drawn = {"style": style, "size": size, "count": count, "format": "webp" if size == 1_024 else "png"}
            what = f"{count} doodles of {size} px, {style}, {_crowded(description)}"
            yield what, drawn | {"action": "generate-doodle", "description": description}
    for form in ("gif", "webp", "apng", "avif"):
        for size, frames, description in ((512, 24, SCENE), (512, 60, SCENE), (1_024, 12, SCENE), (512, 24, CROWD)):
            drawn = {"style": "cartoon", "size": size, "frameCount": frames, "format": form}
            what = f"{frames} frames of {size} px, {form}, {_crowded(description)}"
            yield what, drawn | {"action": "generate-animation", "description": description}
    for megapixels in MEGAPIXELS[:3] if quick else MEGAPIXELS:
        for name, data in pictures(megapixels):
            sent = {"imageData": base64.b64encode(data).decode()}
            what = f"{name} of {megapixels:g} MP, {len(data) // 1_000:,} KB"
            kind = "image/png" if name == "drawing" else "image/jpeg"
            yield f"analyse {what}", sent | {"action": "analyze-doodle", "mimeType": kind}
            for side in SIDES:
                if side**2 < 2 * megapixels * 1e6:
                    box = {"width": side, "height": side}
                    yield f"optimise {what}, into {side} px", sent | box | {"action": "optimize-doodle"}


def _crowded(description: str) -> str:
    return {SCENE: "a scene", CROWD: "a crowd", THRONG: "a throng"}[description]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only pictures of up to 4 megapixels")
    reader, clock, objects = PillowPictures(), MemoryClock(), MemoryObjectStore("media")
    engine, analyser = SketchEngine(), ShapeAnalyser(reader, rendered)
    doer = DoodleActions(
        generation=Generation(
            {"sketch": lambda: engine}, {"sketch": lambda: analyser}, objects=objects, clock=clock, meter=MemoryMeter()
        ),
        reader=reader,
        encoder=PillowEncoder(),
        optimiser=DrawingOptimiser(),
        meter=PixelMeter(),
        shelf=Shelf(objects, clock),
    )
    unused: Any = partial(_never, "No job is made")
    requests = DoodleRequests(
        actions=lambda: doer, reader=lambda: reader, submissions=unused, shelf=Shelf(objects, clock), fetcher=unused,
        clock=clock, gigabytes=1.0,
    )  # fmt: skip
    print(f"{'':58}{'estimate':>9}{'measured':>9}{'share':>7}   while the caller waits, up to {QUICK / 1_000:g} s")
    print(f"{'':58}{'s':>9}{'s of CPU':>9}   (a host that is {SLOWEST} times as slow is still in time)")
    exceeded = []
    for name, action in actions(quick=parser.parse_args().quick):
        asked = requests.asked(gate.fields("doodles.AiRequest", action))
        began = time.process_time()
        doer.perform("bench", asked)
        took, expected = time.process_time() - began, asked.milliseconds / 1_000
        if took > expected:
            exceeded.append(name)
        share = took / expected
        answered = "at once" if asked.milliseconds <= QUICK else "job"
        print(
            f"{name:58}{expected:9.2f}{took:9.2f}{share:7.2f}   {answered}{' EXCEEDED' * (took > expected)}", flush=True
        )
    print("Goal: no estimate exceeded:", f"missed by {', '.join(exceeded)}" if exceeded else "met")
    return int(bool(exceeded))


def _never(what: str, *_: object, **__: object) -> Any:
    raise RuntimeError(what)


if __name__ == "__main__":
    sys.exit(main())
