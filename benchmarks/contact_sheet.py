"""What the offline engine draws: forty descriptions in four styles, and twenty animations as strips of film.

    make sheets, or
    python -m benchmarks.contact_sheet [--side 320] [--seed 7] [--out out/sheets]

Writes sheet-1.png to sheet-4.png (ten descriptions each, a row of four styles per description, in the order simple,
detailed, cartoon, minimalist), films.png, and descriptions.txt, which says what each row was asked to be. They are for
a person to look at: no number says whether a drawing is good.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import Final

from darkroom.adapters.ai.sketch.engine import SketchEngine
from darkroom.domain.doodles import Style
from darkroom.domain.generation import DrawRequest
from PIL import Image

DESCRIPTIONS: Final = (
    "a cat playing a guitar on the moon",
    "three red balloons over a house",
    "a happy dog chasing a ball in the park",
    "an elephant wearing a top hat",
    "a girl holding a red umbrella in the rain",
    "a boy flying a kite on a hill",
    "a sailboat on the sea at sunset",
    "two penguins on ice in the snow",
    "an astronaut riding a horse in space",
    "a bear riding a bicycle",
    "a fish swimming under the sea",
    "a basket of apples",
    "a bird sitting on a branch",
    "a mouse next to an elephant",
    "a cat between two trees",
    "a robot watering plants in the garden",
    "hot air balloons over the mountains",
    "a rocket flying to the moon",
    "a dragon flying over a castle",
    "five colourful butterflies",
    "a fox sleeping under a tree in the forest",
    "a cup of coffee and a croissant on a table",
    "a birthday cake with candles at a party",
    "a snowman with a scarf and a hat",
    "a dog dreaming of a bone",
    "a frog on a lily pad",
    "a pirate flag on a ship",
    "an owl at night",
    "a car on the road in the city",
    "a purple octopus playing drums",
    "a lighthouse by the sea in a storm",
    "a camel in the desert",
    "a princess in front of a castle",
    "a penguin holding an ice cream",
    "a flower in a vase on a table",
    "a tree",
    "ten blue fish",
    "a witch riding a broom at night",
    "a panda eating bamboo",
    "quiet xylem resonance",
)
ANIMATIONS: Final = (
    "a bird flying over a house",
    "a ball bouncing",
    "a dog running in the park",
    "a car driving in the city",
    "a fish swimming under the sea",
    "a spinning wheel",
    "a growing sunflower",
    "a boy waving",
    "a heart that draws itself",
    "a cat dancing in the rain",
    "a bird flying",
    "a butterfly flying over a flower",
    "a bee",
    "a dog walking",
    "an elephant walking",
    "a robot walking",
    "a horse running",
    "a frog jumping",
    "a girl waving",
    "a rocket flying",
)
STYLES: Final = tuple(Style)
ROWS: Final = 10
SHOWN: Final = 12
"""Frames of a strip."""


def sheet(pictures: list[list[Image.Image]], side: int, gap: int = 6) -> Image.Image:
    """Rows of pictures of one size on grey."""
    across = max(len(row) for row in pictures)
    whole = Image.new("RGB", (across * (side + gap) + gap, len(pictures) * (side + gap) + gap), "#b8b8b8")
    for y, row in enumerate(pictures):
        for x, picture in enumerate(row):
            whole.paste(picture.convert("RGB"), (gap + x * (side + gap), gap + y * (side + gap)))
    return whole


def request(description: str, style: Style, *, side: int, seed: int, frames: int = 1) -> DrawRequest:
    return DrawRequest(
        instruction="", material=description, style=style, width=side, height=side, seed=seed, frames=frames
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=320, help="pixels of each picture's sides")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path("out/sheets"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    engine = SketchEngine()
    legend = []
    for number in range(0, len(DESCRIPTIONS), ROWS):
        rows = []
        for description in DESCRIPTIONS[number : number + ROWS]:
            row: list[Image.Image] = []
            for style in STYLES:
                drawn = engine.draw(request(description, style, side=arguments.side, seed=arguments.seed))
                row.append(Image.open(io.BytesIO(drawn.pictures[0].data)))
            rows.append(row)
            unknown = f"   (unmatched: {', '.join(drawn.unmatched)})" if drawn.unmatched else ""
            legend.append(f"sheet-{number // ROWS + 1} row {len(rows)}: {description}{unknown}")
        sheet(rows, arguments.side).save(arguments.out / f"sheet-{number // ROWS + 1}.png")
    films = []
    for number, description in enumerate(ANIMATIONS):
        style = (Style.CARTOON, Style.SIMPLE, Style.DETAILED)[number % 3]
        drawn = engine.draw(request(description, style, side=arguments.side // 2, seed=arguments.seed, frames=24))
        films.append([Image.open(io.BytesIO(frame.data)).convert("RGB") for frame in drawn.pictures[:: 24 // SHOWN]])
        legend.append(f"films row {len(films)}: {description} ({style})")
    sheet(films, arguments.side // 2).save(arguments.out / "films.png")
    (arguments.out / "descriptions.txt").write_text("\n".join(legend) + "\n", encoding="utf-8")
    print(f"{len(DESCRIPTIONS)} descriptions by {len(STYLES)} styles and {len(films)} films in {arguments.out}/")


if __name__ == "__main__":
    main()
