"""Name, price and offer over a picture: where there is room, in the page's script, and readable by measurement."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, JpegImagePlugin

from darkroom.adapters.imaging.encode import jpeg
from darkroom.adapters.studio import fonts, svg, typesetting, wording
from darkroom.adapters.studio.colours import Colour, contrast, luminance, mixed, oklab, shades
from darkroom.adapters.studio.layout import LIST_PRICE, NAME, OFFER, PRICE, Layout, laid_out
from darkroom.domain.products import Overlay

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from darkroom.adapters.studio.layout import Box, Piece
    from darkroom.domain.generation import Picture
    from darkroom.ports import PictureReader

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float32]
    Window = tuple[slice, slice]

FIELDS: Final = (NAME, PRICE, LIST_PRICE, OFFER)
CONTRAST: Final = 4.5
"""WCAG 2.2, 1.4.3, for text of any size."""
AIM: Final = 5.2
"""What is aimed at before JPEG has had its say."""
WORST: Final = 1.0
"""Percent of the pixels beneath that may be worse than what is counted: one grain hides no letter."""
MARGIN: Final = 0.064
GAP: Final = 0.036
"""From the product to its words, of the shorter side, as MARGIN is from the edge."""
COMFORTABLE: Final = 0.42
"""Step of a layout below which words are better laid over the product's outskirts, a little larger."""
MUTED_FROM: Final = 20.0
"""Pixels of size from which on a former price may be paler: thinner strokes are pale as it is."""
READABLE: Final = 0.6
"""Of a text's letters and digits that can be drawn: with less, what is left says something else."""
_NUMBER: Final = re.compile(r"\d(?:[\d.,'\u2019 ]*\d)?")
NO_ROOM: Final = "there is no room for it on the picture"
EMPTY: Final = "nothing that can be drawn is in it"


@dataclass(frozen=True, slots=True)
class _Inks:
    """What the words are drawn in. `veil` is laid beneath them at `strength`; `plate` is the badge's."""

    text: Colour
    muted: Colour
    plate: Colour
    on_plate: Colour
    veil: Colour
    strength: float


class TextOverlayer:
    """The Overlayer. Texts are data: cleaned, escaped, at most 300 characters each.

    The room for them is what the subject leaves, or, for a picture that does not say what it shows, the quietest part
    outside the middle third. Ink is dark or light, whichever stands out more; where that is not enough a veil of the
    picture's own colour comes between. The contrast is measured once more on the finished JPEG.
    """

    def __init__(self, reader: PictureReader) -> None:
        self._reader = reader

    def lay(self, picture: Picture, overlay: Overlay) -> tuple[bytes, Overlay]:
        """JPEG, and the texts as they are on it. Raises BadImageError or TooLargeError for what is no picture."""
        rgb = _opaque(self._reader.frames(picture.data).pixels[0])
        texts, left_off = _usable(overlay)
        height, width = rgb.shape[:2]
        unit = float(min(width, height))
        direction = [wording.runs_right_to_left(texts[field]) for field in (NAME, OFFER, PRICE) if field in texts]
        rtl = next((found for found in direction if found is not None), False)
        while texts:
            layout = _best(texts, rgb, picture.subject, unit=unit, rtl=rtl)
            if layout is not None:
                return _finished(rgb, layout, picture.subject), _answer(texts, left_off)
            texts, dropped = _less(texts)
            left_off.update(dropped)
        return jpeg(rgb), _answer(texts, left_off)


# --- the texts -------------------------------------------------------------------------------------------------------


def _usable(overlay: Overlay) -> tuple[dict[str, str], dict[str, str]]:
    """What can be drawn of each field, and why the rest cannot."""
    texts: dict[str, str] = {}
    left_off = dict(overlay.left_off)
    for field in FIELDS:
        given = getattr(overlay, field)
        if given is None:
            continue
        text = wording.cleaned(given)
        lacking = fonts.missing(text)
        letters = [character for character in lacking if character.isalnum()]
        if letters:
            reason = f"no font here has {fonts.scripts(letters)}"
            money = field in (PRICE, LIST_PRICE)
            text, dropped = (_in_code(text, overlay.currency), ()) if money else _in_part(text, letters)
            if not text:
                left_off[field] = reason
                continue
            if dropped:
                left_off[field] = f"on it without {wording.shortened(' '.join(dropped), 60)}: {reason}"
        # A pictograph that no font has is an ornament: the words say the same without it.
        text = " ".join("".join(character for character in text if character not in lacking).split())
        if text:
            texts[field] = text
        else:
            left_off[field] = EMPTY
    if PRICE not in texts and LIST_PRICE in texts:
        del texts[LIST_PRICE]
        left_off[LIST_PRICE] = "a former price says nothing without the present one"
    return texts, left_off


def _in_code(text: str, currency: str | None) -> str:
    """A price whose mark no font has, with its currency's code instead: `3,850 JPY`. Empty where that is not known."""
    numbers = _NUMBER.findall(text)
    return f"{numbers[0]} {currency}" if currency and len(numbers) == 1 else ""


def _in_part(text: str, lacking: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """The text without the words, or ends of words, that cannot be drawn, and those; empty where too little is left."""
    kept: list[str] = []
    dropped: list[str] = []
    for word in wording.words(text):
        rest, gone = wording.parted(word, lacking)
        kept += [rest] if rest else []
        dropped += gone
    left = wording.tidied(" ".join(kept))
    letters = sum(character.isalnum() for character in text)
    if sum(character.isalnum() for character in left) < READABLE * letters:
        return "", tuple(dropped)
    return left, tuple(dropped)


def _less(texts: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The texts with one thing less in them, the least important first, and what was dropped for good."""
    longest = max(texts, key=lambda field: len(texts[field]))
    if len(texts[longest]) > 40:
        return {**texts, longest: wording.shortened(texts[longest], round(0.7 * len(texts[longest])))}, {}
    for field in (OFFER, LIST_PRICE, NAME, PRICE):
        if field in texts:
            return {other: text for other, text in texts.items() if other != field}, {field: NO_ROOM}
    return {}, {}


def _answer(texts: dict[str, str], left_off: dict[str, str]) -> Overlay:
    return Overlay(**{field: texts.get(field) for field in FIELDS}, left_off=left_off)


# --- the room --------------------------------------------------------------------------------------------------------


def _best(
    texts: dict[str, str], rgb: Bytes, subject: tuple[int, int, int, int] | None, *, unit: float, rtl: bool
) -> Layout | None:
    """The layout that lets the words be largest, of those around the subject; over its outskirts if these are mean."""
    height, width = rgb.shape[:2]
    middle = (width / 3, height / 3, 2 * width / 3, 2 * height / 3)
    around = _rooms(subject or middle, width, height, unit)
    if not subject and width < 1.25 * height:
        around = around[:2]  # a third of the width makes a poor column
    noise = _unrest(rgb)
    found = _largest(texts, around, noise, unit=unit, rtl=rtl)
    if subject and (found is None or found.step < COMFORTABLE):
        x1, y1, x2, y2 = subject
        core = ((2 * x1 + x2) / 3, (2 * y1 + y2) / 3, (x1 + 2 * x2) / 3, (y1 + 2 * y2) / 3)
        nearer = _largest(texts, _rooms(core, width, height, unit), noise, unit=unit, rtl=rtl)
        if found is None or (nearer and nearer.step > 1.3 * found.step):
            return nearer
    return found


def _rooms(taken: Sequence[float], width: int, height: int, unit: float) -> list[Box]:
    """What is free below, above, left and right of a box."""
    x1, y1, x2, y2 = taken
    margin, gap = MARGIN * unit, GAP * unit
    return [
        (margin, y2 + gap, width - margin, height - margin),
        (margin, margin, width - margin, y1 - gap),
        (margin, margin, x1 - gap, height - margin),
        (x2 + gap, margin, width - margin, height - margin),
    ]


def _largest(texts: dict[str, str], rooms: Sequence[Box], noise: Floats, *, unit: float, rtl: bool) -> Layout | None:
    best, best_worth = None, 0.0
    for room in rooms:
        layout = laid_out(texts, room, unit=unit, rtl=rtl)
        if layout is None:
            continue
        x1, y1, x2, y2 = layout.box
        scale = noise.shape[0] / unit if unit else 1.0
        rows, columns = noise.shape
        part = noise[
            max(0, int(y1 * scale)) : min(rows, int(y2 * scale) + 1),
            max(0, int(x1 * scale)) : min(columns, int(x2 * scale) + 1),
        ]
        calm = float(np.exp(-part.mean() / 6.0)) if part.size else 1.0
        # Of two that are alike, the first: below is where words are looked for.
        worth = layout.step * (0.6 + 0.4 * calm)
        if worth > best_worth * 1.04:
            best, best_worth = layout, worth
    return best


def _unrest(rgb: Bytes) -> Floats:
    """How busy a picture is, place by place: steps of lightness (0-100) between neighbours, 64 places on its shorter
    side."""
    height, width = rgb.shape[:2]
    scale = 64 / min(height, width)
    size = max(2, round(width * scale)), max(2, round(height * scale))
    small = np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BOX))
    light = oklab(small)[..., 0] * 100
    return np.asarray(np.abs(np.gradient(light, axis=0)) + np.abs(np.gradient(light, axis=1)), np.float32)


# --- the ink ---------------------------------------------------------------------------------------------------------


def _finished(rgb: Bytes, layout: Layout, subject: tuple[int, int, int, int] | None) -> bytes:
    """The picture with its words, as JPEG, in the first set of inks whose contrast holds on the finished file."""
    aim = AIM
    while True:
        inks = _inks(rgb, layout, subject, aim)
        made, inked = _drawn(rgb, layout, inks, subject)
        data = jpeg(made)
        seen = _decoded(data)
        if all(shown_contrast(seen[window], mask) >= CONTRAST for window, mask in inked) or aim > 12:
            return data
        aim *= 1.2


def shown_contrast(seen: Bytes, mask: Floats) -> float:
    """The contrast of a text on a part of a picture: `mask` (height, width) is its ink's coverage there, 0-1.

    The middle of what is all ink against the worst of what is beneath: pixels of the text's box without any ink,
    those touching it excepted, where JPEG rings.
    """
    rows, columns = np.flatnonzero(mask.max(axis=1) > 0.02), np.flatnonzero(mask.max(axis=0) > 0.02)
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    light, part = luminance(seen[box]), mask[box]
    core = part > 0.97
    if core.sum() < 12:
        core = part >= np.percentile(part[part > 0], 80)
    beneath = light[_far_from(part > 0.02)]
    if beneath.size < 12:
        beneath = light[part <= 0.02]
    if not beneath.size:
        return 21.0
    return float(np.percentile(contrast(float(np.median(light[core])), beneath), WORST))


def _far_from(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    grown = mask.copy()
    grown[1:] |= mask[:-1]
    grown[:-1] |= mask[1:]
    wide = grown.copy()
    wide[:, 1:] |= grown[:, :-1]
    wide[:, :-1] |= grown[:, 1:]
    return ~wide


def _inks(rgb: Bytes, layout: Layout, subject: tuple[int, int, int, int] | None, aim: float) -> _Inks:
    height, width = rgb.shape[:2]
    pad = 0.012 * min(width, height)
    parts = [rgb[_window(piece.outer, width, height, pad)].reshape(-1, 3) for piece in layout.pieces]
    beneath = np.concatenate([part[:: max(1, len(part) // 6_000)] for part in parts])
    mean = Colour.of(oklab(beneath).mean(axis=0))
    choices = []
    for ink, opposite in ((0.985, 0.2), (0.2, 0.965)):
        text = Colour(ink, min(mean.chroma, 0.035 if ink < 0.5 else 0.008), mean.hue)
        veil = Colour(opposite, min(mean.chroma, 0.05), mean.hue)
        strength = _strength(beneath, text, veil, aim)
        # Fog over a photograph looks worse than dusk.
        choices.append(
            (strength + (0.2 if strength and ink < 0.5 else 0), strength, -_worst(beneath, text.luminance), text, veil)
        )
    _, strength, _, text, veil = min(choices, key=lambda choice: choice[:3])
    under = _veiled(beneath, veil, strength)
    ground = Colour.of(oklab(under).mean(axis=0))
    plate, on_plate = _plate(rgb, subject, ground, text)
    return _Inks(text, _muted(text, ground, under, aim), plate, on_plate, veil, strength)


def _worst(pixels: Bytes, ink: float) -> float:
    return float(np.percentile(contrast(ink, luminance(pixels)), WORST))


def _strength(beneath: Bytes, ink: Colour, veil: Colour, aim: float) -> float:
    """The least opacity of the veil at which the ink has that contrast; 0 where it needs none."""
    if _worst(beneath, ink.luminance) >= aim:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(9):
        middle = (low + high) / 2
        low, high = (low, middle) if _worst(_veiled(beneath, veil, middle), ink.luminance) >= aim else (middle, high)
    return max(high, 0.25)


def _veiled(pixels: Bytes, veil: Colour, strength: float) -> Bytes:
    colour = np.array(veil.rgb, np.float32)
    return np.rint(pixels + (colour - pixels) * strength).astype(np.uint8)


def _muted(text: Colour, ground: Colour, under: Bytes, aim: float) -> Colour:
    """The ink, taken back towards the ground as far as its contrast allows."""
    for share in (0.42, 0.34, 0.26, 0.18, 0.1):
        colour = mixed(text, ground, share)
        if _worst(under, colour.luminance) >= aim:
            return colour
    return text


def _plate(
    rgb: Bytes, subject: tuple[int, int, int, int] | None, ground: Colour, text: Colour
) -> tuple[Colour, Colour]:
    """A badge in the colour that the product is remembered by, and the ink on it."""
    height, width = rgb.shape[:2]
    x1, y1, x2, y2 = subject or (width // 3, height // 3, 2 * width // 3, 2 * height // 3)
    inset_x, inset_y = (x2 - x1) // 6, (y2 - y1) // 6
    middle = rgb[y1 + inset_y : max(y1 + inset_y + 1, y2 - inset_y), x1 + inset_x : max(x1 + inset_x + 1, x2 - inset_x)]
    found = shades(middle.reshape(-1, 3), np.random.default_rng(0))
    key = max(found, key=lambda shade: shade.colour.chroma * shade.share**0.3).colour
    if key.chroma < 0.04:  # nothing colourful there: the badge is simply reversed
        return text, ground.at(lightness=0.985 if text.lightness < 0.5 else 0.2, chroma=min(ground.chroma, 0.02))
    light, dark = Colour(0.99, 0.0, 0.0), Colour(0.2, 0.03, key.hue)
    choices = []
    for lightness in (0.42, 0.48, 0.54, 0.7, 0.76, 0.82):
        plate = Colour(lightness, max(key.chroma, 0.12), key.hue)
        for ink in (light, dark):
            if float(contrast(plate.luminance, ink.luminance)) >= 5.6:
                apart = float(contrast(plate.luminance, ground.luminance))
                choices.append((min(apart, 2.2) - abs(lightness - key.lightness), plate, ink))
    _, plate, ink = max(choices, key=lambda choice: choice[0])
    return plate, ink


# --- the drawing -----------------------------------------------------------------------------------------------------


def _drawn(
    rgb: Bytes, layout: Layout, inks: _Inks, subject: tuple[int, int, int, int] | None
) -> tuple[Bytes, list[tuple[Window, Floats]]]:
    """The picture with its words, and of each piece the coverage of its ink in a window of it."""
    canvas = rgb.astype(np.float32)
    if inks.strength:
        _lay_veil(canvas, layout.box, inks, subject)
    inked = []
    for piece in layout.pieces:
        if piece.plate:
            x1, y1, x2, y2 = piece.plate
            round_ = min(0.5 * (y2 - y1), 0.9 * piece.block.size)
            plate = svg.tag("rect", x=x1, y=y1, width=x2 - x1, height=y2 - y1, rx=round_, fill=inks.plate)
            _lay(canvas, plate, (), piece.plate, 2.0)
        text, families = _element(piece, inks)
        inked.append(_lay(canvas, text, families, piece.box, piece.block.size * 0.3))
    return np.clip(np.rint(canvas), 0, 255).astype(np.uint8), inked


def _element(piece: Piece, inks: _Inks) -> tuple[str, tuple[fonts.Font, ...]]:
    colour = inks.text
    if piece.field == LIST_PRICE and piece.block.size >= MUTED_FROM:
        colour = inks.muted
    elif piece.plate:
        colour = inks.on_plate
    block = piece.block
    parts: list[str] = []
    used: list[fonts.Font] = []
    for text, x, y, (left, _, right, _) in piece.lines():
        parts.append(
            typesetting.element(text, x=x, y=y, size=block.size, weight=block.weight, rtl=block.rtl, fill=colour)
        )
        used += typesetting.used(text)
        if piece.field == LIST_PRICE:
            over, thick = 0.08 * block.size, max(1.5, 0.07 * block.size)
            middle = y - 0.3 * block.size
            parts.append(
                svg.tag(
                    "rect",
                    x=left - over,
                    y=middle - thick / 2,
                    width=right - left + 2 * over,
                    height=thick,
                    fill=colour,
                )
            )
    return "".join(parts), tuple(dict.fromkeys(used))


def _lay(canvas: Floats, content: str, families: Sequence[fonts.Font], box: Box, pad: float) -> tuple[Window, Floats]:
    """Draw on the canvas what lies in a box, and give the coverage of it there."""
    height, width = canvas.shape[:2]
    window = rows, columns = _window(box, width, height, pad)
    wide, high = columns.stop - columns.start, rows.stop - rows.start
    files = [font.path for font in families]
    drawn = svg.drawn(content, wide, high, corner=(columns.start, rows.start), font_files=files)
    mask = np.asarray(drawn[..., 3] / np.float32(255), np.float32)
    there = canvas[window]
    there += (drawn[..., :3].astype(np.float32) - there) * mask[..., None]
    return window, mask


def _lay_veil(canvas: Floats, box: Box, inks: _Inks, subject: tuple[int, int, int, int] | None) -> None:
    """A veil over the words' end of the picture, even beneath them and gone, if there is room for that, before the
    product begins."""
    height, width = canvas.shape[:2]
    unit = min(height, width)
    solid = 0.02 * unit
    x1, y1, x2, y2 = box
    sx1, sy1, sx2, sy2 = subject or (width // 3, height // 3, 2 * width // 3, 2 * height // 3)
    rows, columns = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None, :]
    # The sides on which the product is, and how far away.
    away = {"up": y1 - sy2, "down": sy1 - y2, "left": x1 - sx2, "right": sx1 - x2}
    side = max(away, key=lambda name: away[name])
    distance = {"up": y1 - rows, "down": rows - y2, "left": x1 - columns, "right": columns - x2}[side] - solid
    fade = min(max(away[side] - solid, 0.05 * unit), 0.16 * unit)
    colour = np.array(inks.veil.rgb, np.float32)
    canvas += (colour - canvas) * (_falling(distance / fade) * inks.strength)[..., None]


def _falling(distance: Floats) -> Floats:
    """1 up to 0, then down to 0 at 1, smoothly."""
    share = np.clip(distance, 0, 1)
    return np.asarray(1 - share * share * (3 - 2 * share), np.float32)


def _window(box: Box, width: int, height: int, pad: float) -> Window:
    x1, y1, x2, y2 = box
    left, top = max(0, int(x1 - pad)), max(0, int(y1 - pad))
    right, bottom = min(width, int(x2 + pad) + 1), min(height, int(y2 + pad) + 1)
    return slice(top, max(top + 1, bottom)), slice(left, max(left + 1, right))


def _opaque(pixels: Bytes) -> Bytes:
    """RGBA over white, RGB."""
    if (pixels[..., 3] == 255).all():
        return np.ascontiguousarray(pixels[..., :3])
    alpha = pixels[..., 3:].astype(np.float32) / 255
    return np.rint(pixels[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)


def _decoded(data: bytes) -> NDArray[np.uint8]:
    """A JPEG of ours as viewers will see it: (height, width, 3) RGB."""
    with JpegImagePlugin.JpegImageFile(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))
