"""A sheet of product pictures to look at: each design of `studio` by products and texts, and the time of one core.

    python -m benchmarks.product_pictures out/product-pictures.jpg [--seed 1] [--cell 480] [--style poster]

The products are drawn (`tests/product_photos.py`), a photograph that cannot be cut out (scikit-image's coffee), and one
without a picture; the texts are short, long, right to left, of India and Thailand, and in a script that no font has.
How many white things before pale grounds are cut out, and how truly, is told below.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from darkroom.adapters.imaging.reader import PillowPictures
from darkroom.adapters.studio.designs import DESIGNS
from darkroom.adapters.studio.engine import Studio
from darkroom.adapters.studio.matte import cut_out
from darkroom.adapters.studio.overlay import TextOverlayer
from darkroom.domain.generation import Ability, DrawRequest, straight
from darkroom.domain.products import Overlay
from PIL import Image

from tests.product_photos import PALE, drawn, photo
from tests.studio_pictures import cropped, likeness, pixels_of, scaled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LONG: Final = "Stoneware mug, 350 ml, hand-thrown in Portugal, dishwasher and microwave safe, with a matt teal glaze"
TEXTS: Final = {
    "short": Overlay("Auréa Night Serum", "€ 48.00", "€ 64.00", "-25 %"),
    "long": Overlay(LONG, "$24.99", None, "Free shipping over $50"),
    "arabic": Overlay("حذاء رياضي خفيف للجري Aero 5 (أحمر)", "٣٤٩٫٠٠ ر.س", "٤٩٩٫٠٠ ر.س", "خصم 30٪"),  # noqa: RUF001
    "hindi": Overlay("वायरलेस हेडफ़ोन, शोर रद्द करने वाला", "₹7,499", "₹9,999", "सीमित समय का ऑफ़र"),
    "thai": Overlay("โคมไฟตั้งโต๊ะสีเหลืองสไตล์วินเทจ", "฿1,290", None, None),
    "japanese": Overlay("エスプレッソカップ", "¥3,980", "¥4,500", "SALE"),
    "hebrew": Overlay("בקבוק מים מבודד", "₪ 129.90", "₪ 149.00", "מבצע"),
}

WHITE_ON: Final = (
    *(("white", "pool", 0.2), ("white", "", 0.0), ("white", "ellipse", 0.12)),
    *(("tinted", "tight", 0.3), ("sweep", "pool", 0.25)),
)
"""Grounds that are as pale as white things, the shadow on each and how dark it is."""
CLOSE: Final = 0.975


def white_things() -> list[tuple[str, float]]:
    """Of white things before pale grounds those that are cut out, each with its overlap with the true outline."""
    found = []
    for product in PALE:
        true = cropped(scaled(drawn(product), 600))
        for on, shadow, darkness in WHITE_ON:
            taken_from = photo(product, on=on, shadow=shadow, darkness=darkness, grain=1.0)
            cut = cut_out(scaled(pixels_of(taken_from, "RGBA"), 600))
            if cut is not None:
                found.append((f"{product} on {on}", likeness(cut.pixels[..., 3] / 255.0, true)))
    return found


def products() -> dict[str, bytes | None]:
    """The page's picture by the text that goes with it; None where the page has none."""
    import skimage.data

    coffee = io.BytesIO()
    picture: NDArray[np.uint8] = skimage.data.coffee()  # type: ignore[no-untyped-call]
    Image.fromarray(picture).save(coffee, "PNG")
    return {
        "short": photo("serum", on="sweep", shadow="pool", grain=1),
        "long": photo("mug", on="grey", shadow="pool", grain=2),
        "arabic": photo("sneaker", shadow="pool"),
        "hindi": photo("headphones", on="vignette", shadow="pool"),
        "thai": photo("lamp", on="warm", grain=1),
        "japanese": coffee.getvalue(),
        "hebrew": None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sheet", type=Path, help="the JPEG to write")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cell", type=int, default=480, help="pixels of one picture on the sheet")
    parser.add_argument("--style", action="append", choices=list(DESIGNS), help="this design alone; may be repeated")
    given = parser.parse_args()
    reader = PillowPictures()
    studio, overlayer = Studio(reader), TextOverlayer(reader)
    pictures, styles = products(), given.style or list(DESIGNS)
    sheet = Image.new("RGB", (given.cell * len(pictures), given.cell * len(styles)), "white")
    drawing: dict[str, list[float]] = {style: [] for style in styles}
    laying: list[float] = []
    for row, style in enumerate(styles):
        for column, (name, reference) in enumerate(pictures.items()):
            words = TEXTS[name]
            asked = DrawRequest(
                instruction="",
                material=json.dumps({"name": words.name}, ensure_ascii=False),
                needs=frozenset({Ability.PRODUCT}),
                style=style,
                seed=given.seed + column,
                reference=reference,
            )
            begun = time.process_time()
            (picture,) = studio.draw(asked, trial=straight).pictures
            drawn = time.process_time()
            jpeg, laid = overlayer.lay(picture, words)
            drawing[style].append(drawn - begun)
            laying.append(time.process_time() - drawn)
            if row == 0 and laid.left_off:
                print(f"{name}: left off {dict(laid.left_off)}")
            with Image.open(io.BytesIO(jpeg)) as image:
                cell = image.resize((given.cell, given.cell), Image.Resampling.LANCZOS)
            sheet.paste(cell, (column * given.cell, row * given.cell))
    given.sheet.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(given.sheet, quality=90)
    for what, times in (*drawing.items(), ("the words", laying)):
        print(f"{what:12} median {statistics.median(times):5.2f} s   slowest {max(times):5.2f} s")
    cut = white_things()
    print(f"white on pale: {len(cut)} of {len(PALE) * len(WHITE_ON)} cut out", end="; ")
    print(f"{sum(overlap > CLOSE for _, overlap in cut)} with an overlap above {CLOSE}, the others:", end=" ")
    print(", ".join(f"{name} {overlap:.2f}" for name, overlap in cut if overlap <= CLOSE) or "none")
    print(f"{len(styles)} designs by {len(pictures)} products: {given.sheet}")


if __name__ == "__main__":
    main()
