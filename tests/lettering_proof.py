"""Proves, where it runs, that text comes out as it should: a script for the built layers, and inside Lambda's image.

    PYTHONPATH=<code layer>/python:<imaging layer>/python python3.13 tests/lettering_proof.py

It imports nothing of the tests. It draws Arabic, Devanagari, Hebrew with a price, Thai and Latin through the package's
own typesetting, compares a perceptual hash of each with the golden one, and exits with 1 and the differences if a line
is off: a library of the system that is missing shows here and nowhere else.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from darkroom.adapters.studio import svg, typesetting
from darkroom.adapters.studio.colours import Colour

if TYPE_CHECKING:
    from numpy.typing import NDArray

LINES: Final = {
    "arabic": ("سماعات لاسلكية Sony (أسود)", True),
    "devanagari": ("क्षत्रिय स्टील ₹1,499", False),
    "hebrew": ("₪ 1,299.90 במקום", True),
    "thai": ("น้ำดื่ม ฿12", False),
    "latin": ("Größe naïve 25 %", False),
}
GOLDEN: Final = {
    "arabic": "0100000000010020000081e00610a0c1ffae32e0b7bfa651ebffbfbff7ffdea91ff6df3001180000",
    "devanagari": "0e00c000000900a00852fff7fee8dfdb62a6e8fdfbe7be48dbdb6532c9c9d923ea4a5b0000000200",
    "hebrew": "00008da34fffe8c7d7afa9e4c6d5afada4c5f3afada4c891afeeeccdbbef640c2d2a420400000000",
    "thai": "10040000001804000000181e00208e9b1c00fbcbdbbed8f8c3d9b6d8f8c6d9b6d8f8cc789af0709f",
    "latin": "0060000200e0600003cc8aacda218e9feccff1cff5eccdf16fb5bcddf227b7b8fde227636c9937c5",
}
COLUMNS, ROWS = 40, 8
TOLERANCE: Final = 8
"""Bits of 320 that may differ: another processor rounds otherwise at the edges of strokes; another order of letters, or
boxes for them, changes dozens."""


def ink(text: str, *, rtl: bool) -> NDArray[np.uint8]:
    """A line's coverage, (height, width), cropped to what is inked."""
    line = typesetting.element(text, x=40, y=90, size=48, weight=600, rtl=rtl, fill=Colour(0, 0, 0))
    files = [font.path for font in typesetting.used(text)]
    alpha = svg.drawn(line, 900, 150, font_files=files)[..., 3]
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    return alpha[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def fingerprint(alpha: NDArray[np.uint8]) -> str:
    """Which cells of a grid of 40 by 8 have more ink than the mean cell, in hexadecimal."""
    height, width = alpha.shape
    down = np.linspace(0, height, ROWS + 1).astype(int)
    across = np.linspace(0, width, COLUMNS + 1).astype(int)
    cells = np.array(
        [[alpha[top:bottom, left:right].mean() for left, right in pairwise(across)] for top, bottom in pairwise(down)]
    )
    return np.packbits(cells > cells.mean()).tobytes().hex()


def distance(one: str, other: str) -> int:
    """Differing bits of two fingerprints."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def differences() -> dict[str, int]:
    """Bits that differ from the golden fingerprint, by line; empty where every line is as it should be."""
    found = {name: distance(fingerprint(ink(text, rtl=rtl)), GOLDEN[name]) for name, (text, rtl) in LINES.items()}
    return {name: bits for name, bits in found.items() if bits > TOLERANCE}


if __name__ == "__main__":
    if "--golden" in sys.argv:
        for name, (text, rtl) in LINES.items():
            sys.stdout.write(f'    "{name}": "{fingerprint(ink(text, rtl=rtl))}",\n')
    elif differences():
        sys.exit(f"text is not drawn as it should be (bits that differ of 320): {differences()}")
