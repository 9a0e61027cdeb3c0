"""How models number labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from darkroom.errors import NoModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

COCO_LABELS: Final = 80
COCO_NUMBERS: Final = tuple(sorted(set(range(1, 91)) - {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}))
"""COCO's 80 labels in its annotations (Lin et al., "Microsoft COCO", 2014): ten of the 90 were never used."""


def numbers(numbering: str, labels: int) -> NDArray[np.intp]:
    """The model's number of each label, in their order, by a manifest's `numbering`. Raises NoModelError."""
    if numbering != "coco91":
        return np.arange(labels) + (numbering == "one")
    if labels != COCO_LABELS:
        raise NoModelError(
            f"COCO's numbering goes with its {COCO_LABELS} labels, and the text file beside the model has {labels}",
            fix="Put COCO's 80 labels there, one a line in their usual order, or correct `numbering` in the manifest.",
        )
    return np.array(COCO_NUMBERS)


def columns(numbering: str | None, labels: int, found: int, *, more: bool = False) -> slice | NDArray[np.intp] | None:
    """Which of a model's `found` columns of scores are those of the labels; None where their number does not fit.

    Without a numbering, the one that fits. `more` allows columns after the last one, for masks and the like.
    """
    tried = (numbering,) if numbering else ("zero", "coco91") if labels == COCO_LABELS else ("zero",)
    of_each = [numbers(each, labels) for each in tried]
    exact = [one for one in of_each if one[-1] + 1 == found]
    fitting = exact or [one for one in of_each if more and one[-1] < found]
    if not fitting:
        return None
    first, last = int(fitting[0][0]), int(fitting[0][-1])
    return slice(first, last + 1) if last - first == labels - 1 else fitting[0]


def usual_numbering(labels: int) -> str:
    """Of models that answer a number for the label and keep 0 for the background, as torchvision's do."""
    return "coco91" if labels == COCO_LABELS else "zero" if labels == COCO_NUMBERS[-1] + 1 else "one"


def labelled(given: NDArray[np.intp], numbered: NDArray[np.intp]) -> NDArray[np.intp]:
    """Numbers that a model answered to places in the list of labels; -1 for the background and for unused numbers.

    `numbered` is what `numbers` gave. Raises NoModelError for a number beyond the last label's.
    """
    beyond = given[given > numbered[-1]]
    if beyond.size:
        raise NoModelError(
            f"The model answers label {int(beyond[0])}, and the last of its {len(numbered)} labels is {numbered[-1]}",
            fix="Correct `numbering` in the model's manifest (zero, one or coco91), or its text file of labels.",
        )
    places = np.full(numbered[-1] + 1, -1, np.intp)
    places[numbered] = np.arange(len(numbered))
    return np.where(given >= 0, places[np.maximum(given, 0)], -1)
