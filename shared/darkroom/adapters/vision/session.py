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


def open_session(weights: Path, *, threads: int) -> Session:
    """A session on the CPU; `threads` 0 leaves their number to ONNX Runtime. Raises NoModelError if it refuses."""
    # Read while the library is loaded: without it, ONNX Runtime writes a device id to disk and reports to Microsoft.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that spin while they wait take the cores from the decoding of the next picture.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        session: Session = onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has a class of exception per status, with no base of their own
        raise NoModelError(f"ONNX Runtime cannot load {weights.name}: {error}") from error
    return session
