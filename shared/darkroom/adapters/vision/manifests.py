"""What somebody says of a model because the model itself does not: a small JSON object, in a file beside the weights
(`<name>.json`) or under `manifest` in an entry of the list of models.

Every key may be left out: the layout is then recognised, and brings what is usual for it.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final

CHOICES: Final = {
    "colours": ("rgb", "bgr"),
    "fit": ("corner", "centre", "stretch"),
    "order": ("xyxy", "yxyx", "cxcywh"),
    "units": ("pixels", "fractions"),
    "scores": ("sigmoid", "softmax", "probabilities"),
    "numbering": ("zero", "one", "coco91"),
}
COLUMNS: Final = frozenset({"image", "x1", "y1", "x2", "y2", "score", "label"})
LARGEST_SIDE: Final = 4_096


@dataclass(frozen=True, slots=True)
class Scaling:
    """(value - mean) / std, of values 0-255; each a triple in the order red, green, blue."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


SCALINGS: Final = {
    "0-255": Scaling((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "0-1": Scaling((0.0, 0.0, 0.0), (255.0, 255.0, 255.0)),
    # Means and deviations of ImageNet's pictures, as torchvision's weights were trained with.
    "imagenet": Scaling((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
}


@dataclass(frozen=True, slots=True)
class Manifest:
    """None leaves a value to the layout.

    `layout`: a name of layouts.LAYOUTS. `size`: (height, width) of the input of a model that takes any.
    `colours`: their order in the input. `scaling`: a name of SCALINGS, or a mean and a deviation. `fit`: the picture
    in the input's upper left corner or its centre, on grey, or stretched over all of it. `order` and `units` of the
    boxes, units being the input's pixels or fractions of it. `scores`: what makes probabilities of them.
    `numbering`: the model's numbers of the labels: from zero, from one (zero being the background), or as COCO's 80
    labels are numbered up to 90. `columns`: of rows that hold a detection each.
    """

    layout: str | None = None
    size: tuple[int, int] | None = None
    colours: str | None = None
    scaling: str | Scaling | None = None
    fit: str | None = None
    order: str | None = None
    units: str | None = None
    scores: str | None = None
    numbering: str | None = None
    columns: tuple[str, ...] | None = None

    def over(self, usual: Manifest) -> Manifest:
        """This manifest, and where it says nothing, the usual one."""
        return replace(usual, **dict(self._said()))

    def written(self) -> str:
        """As JSON that `read` takes back."""
        told = asdict(self)
        return json.dumps({name: told[name] for name, _ in self._said()}, indent=2) + "\n"

    def _said(self) -> list[tuple[str, Any]]:
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return [(name, value) for name, value in values if value is not None]


NOTHING_TOLD: Final = Manifest()


def read(given: object) -> Manifest:
    """A manifest from JSON data. Raises ValueError saying what is wrong."""
    if not isinstance(given, dict):
        raise ValueError("a manifest is a JSON object")
    known = [field.name for field in fields(Manifest)]
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError(f"{unknown[0]!r} is none of a manifest's keys: {', '.join(known)}")
    values: dict[str, Any] = dict(given)
    for name, choices in CHOICES.items():
        if name in values and values[name] not in choices:
            raise ValueError(f"{name!r} is {values[name]!r}, and not one of {', '.join(choices)}")
    if not isinstance(values.get("layout", ""), str):
        raise ValueError("'layout' is no name")
    for name, read_value in (("size", _size), ("scaling", _scaling), ("columns", _columns)):
        if name in values:
            values[name] = read_value(values[name])
    return Manifest(**values)


def _size(given: object) -> tuple[int, int]:
    sides = [given, given] if isinstance(given, int) else given
    if not (isinstance(sides, list) and len(sides) == 2 and all(type(side) is int for side in sides)):
        raise ValueError("'size' is neither a number of pixels nor [height, width]")
    if not all(32 <= side <= LARGEST_SIDE for side in sides):
        raise ValueError(f"'size' is {given}, and not from 32 to {LARGEST_SIDE} pixels")
    return sides[0], sides[1]


def _scaling(given: object) -> str | Scaling:
    if isinstance(given, str) and given in SCALINGS:
        return given
    if isinstance(given, dict) and set(given) == {"mean", "std"}:
        mean, std = _triple(given["mean"]), _triple(given["std"])
        if mean and std and min(std) > 0:
            return Scaling(mean, std)
    raise ValueError(
        f'\'scaling\' is neither one of {", ".join(SCALINGS)} nor a "mean" and a "std" of [red, green, blue], 0-255'
    )


def _triple(given: object) -> tuple[float, float, float] | None:
    if not (isinstance(given, list) and len(given) == 3 and all(type(one) in (int, float) for one in given)):
        return None
    red, green, blue = map(float, given)
    return (red, green, blue) if all(map(math.isfinite, (red, green, blue))) else None


def _columns(given: object) -> tuple[str, ...]:
    names = tuple(given.split() if isinstance(given, str) else given if isinstance(given, list) else ())
    if sorted(map(str, names)) not in (sorted(COLUMNS), sorted(COLUMNS - {"image"})):
        raise ValueError("'columns' does not name x1, y1, x2, y2, score and label (and image), each once")
    return names
