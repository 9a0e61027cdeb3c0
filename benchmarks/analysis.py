"""How often the offline analyser names what our own engine drew: top-1 and top-5 shares by style, and how true its
confidence is.

    python -m benchmarks.analysis [words]

Each of so many things of the vocabulary (100), picked by a fixed seed, is drawn alone in each style by a hand that the
analyser has not seen: the vocabulary's own shapes are the font's outlines. A name is right when it is the thing's own.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from itertools import pairwise

from darkroom.adapters.ai.sketch.engine import SketchEngine
from darkroom.adapters.ai.sketch.vocabulary import rendered
from darkroom.adapters.imaging.analyser import LABELS, ShapeAnalyser
from darkroom.adapters.imaging.reader import PillowPictures
from darkroom.domain.doodles import Style
from darkroom.domain.generation import DrawRequest

WORDS = 100
SIDE = 512
TOP_1_GOAL, TOP_5_GOAL = 0.7, 0.85
BINS = (0.0, 0.5, 0.8, 0.95, 1.0)


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else WORDS
    reader, engine = PillowPictures(), SketchEngine()
    analyser = ShapeAnalyser(reader, rendered)
    names = sorted(set(rendered(64)[0]))
    words = random.Random(20).sample(  # noqa: S311 - the same words every time
        names, min(count, len(names))
    )
    print(f"{len(words)} of {len(names)} names, each drawn alone at {SIDE} x {SIDE}")
    print(f"{'style':12}{'top-1':>8}{'top-5':>8}   first missed")
    judged: list[tuple[float, bool]] = []
    seconds = []
    failed = False
    for style in Style:
        first, among, missed = 0, 0, []
        for seed, word in enumerate(words):
            request = DrawRequest(
                "", word, style=style, width=SIDE, height=SIDE, seed=1_000 + seed, transparent=seed % 2 == 0
            )
            (pixels,) = reader.frames(engine.draw(request).pictures[0].data).pixels
            began = time.process_time()
            labels = analyser.read(pixels).labels
            seconds.append(time.process_time() - began)
            told = [label.name for label in labels[:LABELS]]
            first += told[:1] == [word]
            among += word in told
            if labels:
                judged.append((labels[0].confidence, labels[0].name == word))
            if told[:1] != [word]:
                missed.append(word)
        failed = failed or first < TOP_1_GOAL * len(words) or among < TOP_5_GOAL * len(words)
        print(f"{style:12}{first / len(words):8.2f}{among / len(words):8.2f}   {', '.join(missed[:6])}")
    print("confidence of the first name against how often it is right")
    for low, high in pairwise(BINS):
        some = [pair for pair in judged if low <= pair[0] < high or (high == 1.0 and pair[0] == high)]
        if some:
            said, right = (statistics.mean(pair[place] for pair in some) for place in (0, 1))
            print(f"  {low:.2f} to {high:.2f}: {len(some):4} drawings, said {said:.2f}, right {right:.2f}")
    print(
        f"{statistics.median(seconds) * 1000:.0f} ms of one core a drawing, median; the first took {seconds[0]:.1f} s"
    )
    print(f"Goals: top-1 {TOP_1_GOAL} and top-5 {TOP_5_GOAL} in each style:", "missed" if failed else "met")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
