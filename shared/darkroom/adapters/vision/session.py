"""A model on ONNX Runtime, on the CPU."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

from darkroom.errors import NoModelError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray


class Session(Protocol):
    """What is used of `onnxruntime.InferenceSession`. An input and an output have a name, a shape and a type."""

    def get_inputs(self) -> Sequence[Any]: ...

    def get_outputs(self) -> Sequence[Any]: ...

    def run(self, outputs: None, feed: Mapping[str, NDArray[Any]]) -> Sequence[Any]: ...


def open_session(weights: Path, *, threads: int, mapped: bool = False) -> Session:
    """A session on the CPU; `threads` 0 leaves their number to ONNX Runtime. Raises NoModelError if it refuses.

    `mapped` runs a graph that was optimised before (`optimise`) as it is: its weights stay in the file, so it is there
    at once and takes a quarter of the memory. Otherwise they are laid out anew for this machine's processor, which
    makes runs faster, by a fifth where they are large and by half where they are small.
    """
    options = _options(threads)
    if mapped:
        options.graph_optimization_level = _onnxruntime().GraphOptimizationLevel.ORT_DISABLE_ALL
    return _opened(weights, options)


def optimise(weights: Path, to: Path) -> tuple[Path, Path]:
    """Write the model into the folder `to` as a graph that is optimised for any machine, and its weights beside it,
    where they can be mapped into memory. Raises NoModelError for what is no model."""
    graph, data = to / weights.name, to / f"{weights.stem}.data"
    options = _options(threads=1)
    # The level above this one lays weights out for the processor at hand, and another one would read them wrongly.
    options.graph_optimization_level = _onnxruntime().GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(graph)
    options.add_session_config_entry("session.optimized_model_external_initializers_file_name", data.name)
    options.add_session_config_entry("session.optimized_model_external_initializers_min_size_in_bytes", "1024")
    _opened(weights, options)
    return graph, data


def _options(threads: int) -> Any:
    options = _onnxruntime().SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that spin while they wait take the cores from the decoding of the next picture.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options


def _opened(weights: Path, options: Any) -> Session:
    try:
        session: Session = _onnxruntime().InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has a class of exception per status, with no base of their own
        raise NoModelError(f"ONNX Runtime cannot load {weights.name}: {error}") from error
    return session


def _onnxruntime() -> Any:
    # Read while the library is loaded: without it, ONNX Runtime writes a device id to disk and reports to Microsoft.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    return onnxruntime
