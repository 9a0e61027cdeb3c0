"""Sessions of models that do not exist, for tests of what is done with their answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Value:
    """An input or an output."""

    name: str
    shape: Sequence[Any] = ()
    type: str = "tensor(float)"


class MadeUpSession:
    """A model that answers `outputs` whatever it is shown, and remembers what that was."""

    def __init__(self, outputs: Mapping[str, NDArray[Any]], *inputs: Value) -> None:
        self.outputs = dict(outputs)
        self.inputs = inputs or (Value("images", [1, 3, 64, 64]),)
        self.fed: list[dict[str, NDArray[Any]]] = []

    @property
    def shown(self) -> NDArray[Any]:
        """The last picture."""
        return self.fed[-1][next(given.name for given in self.inputs if len(given.shape) > 2)]

    def get_inputs(self) -> Sequence[Value]:
        return self.inputs

    def get_outputs(self) -> Sequence[Value]:
        return [Value(name, output.shape) for name, output in self.outputs.items()]

    def run(self, outputs: None, feed: Mapping[str, NDArray[Any]]) -> Sequence[NDArray[Any]]:
        self.fed.append(dict(feed))
        return list(self.outputs.values())


def blank(height: int = 64, width: int = 64) -> NDArray[np.uint8]:
    return np.zeros((height, width, 3), np.uint8)
