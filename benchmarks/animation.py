"""How long the offline engine takes for a loop, beside what its renderer alone takes for the same frames.

    python -m benchmarks.animation [--side 512] [--frames 24] [--rounds 5]

One thread, warm (the font open, the outlines known), as in the second request that a function serves; the first is
printed too. The yardstick is resvg turning the finished SVG of each frame into PNG, nothing else: what no engine that
draws SVG could be without. The ratio says what reading the words, laying out, drawing, moving and writing SVG cost on
top of it.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING, Final

from darkroom.adapters.ai.sketch.engine import SketchEngine
from darkroom.adapters.rendering import rendered
from darkroom.domain.doodles import Style
from darkroom.domain.generation import DrawRequest

if TYPE_CHECKING:
    from collections.abc import Callable

SCENES: Final = (
    ("a bird flying over a house", Style.CARTOON),
    ("a cat playing a guitar on the moon", Style.SIMPLE),
    ("a boy flying a kite on a hill", Style.DETAILED),
    ("a spinning wheel", Style.MINIMALIST),
)


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=512, help="pixels of each frame's sides")
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    engine = SketchEngine()
    print(f"{arguments.frames} frames of {arguments.side} px, median of {arguments.rounds}")
    print(f"{'':42} {'first':>8} {'warm':>8} {'frames/s':>9} {'resvg':>8} {'ratio':>6}")
    for description, style in SCENES:
        request = DrawRequest(
            instruction="", material=description, style=style, width=arguments.side, height=arguments.side,
            frames=arguments.frames, seed=1,
        )  # fmt: skip
        first = timed(lambda request=request: engine.draw(request))  # type: ignore[misc]
        films = engine.films(request)
        whole, alone = [], []
        for _ in range(arguments.rounds):
            whole.append(timed(lambda request=request: engine.draw(request)))  # type: ignore[misc]
            alone.append(timed(lambda films=films: [rendered(svg) for svg in films]))  # type: ignore[misc]
        warm, yardstick = statistics.median(whole), statistics.median(alone)
        print(
            f"{description[:30]:30} {style.value:11} {first:7.2f}s {warm:7.2f}s {arguments.frames / warm:9.1f} "
            f"{yardstick:7.2f}s {warm / yardstick:6.2f}"
        )


if __name__ == "__main__":
    main()
