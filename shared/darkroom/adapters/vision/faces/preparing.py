"""A pack made of a folder of .onnx files: which of them finds faces and which tells them apart is read off what they
take and give; both are put into the form that opens fast on any machine.
"""

from __future__ import annotations

import mmap
import re
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from darkroom.adapters.vision.faces import scrfd
from darkroom.adapters.vision.faces.alignment import SIDE
from darkroom.adapters.vision.faces.packs import MANIFEST, Detector, Network, Pack, file_facts, read_pack
from darkroom.adapters.vision.inputs import picture_input
from darkroom.adapters.vision.session import open_session, optimise
from darkroom.errors import InvalidRequestError, NoModelError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from darkroom.adapters.vision.session import Session
    from darkroom.domain.faces import Licence

THRESHOLD: Final = 0.45
"""The cosine of a pack that nobody calibrated: strict for what ArcFace models give, so that nobody is taken for
another. `darkroom faces calibrate` finds the right one."""
SCORES: Final = {"scrfd": 0.5, "yunet": 0.8}
"""InsightFace's own threshold; YuNet gives faces of 10 pixels and more 0.83 to 0.95, and a cat 0.75."""
OVERLAP: Final = 0.4
"""InsightFace's own."""
DETECTOR_SIDE: Final = 640
YUNET_OUTPUTS: Final = frozenset({"cls_8", "obj_8", "bbox_8", "kps_8"})
LEAST_DIMENSIONS: Final = 64
"""What gives fewer numbers of an aligned face tells an age or a pose, and no faces apart."""
FIRST_NODES: Final = 8
RECOGNISER: Final = "recogniser"


@dataclass(frozen=True, slots=True)
class Terms:
    """What the weights may be used for, in a class, in words, and where they stand."""

    licence: Licence
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a file is: `scrfd` or `yunet`, or a `recogniser` with so many `dimensions`."""

    path: Path
    kind: str
    dimensions: int = 0


def prepare(source: Path, to: Path, terms: Terms, *, name: str, threshold: float = THRESHOLD) -> Pack:
    """The pack of the models in a folder, in the folder `to`, in place of an older one of the same recogniser.

    Raises NoModelError where there is not one detector and one recogniser, InvalidRequestError where `to` holds
    something else.
    """
    _check_target(to)
    found = look_at(source)
    finder = _only(source, [one for one in found if one.kind != RECOGNISER], "detector of faces (SCRFD or YuNet)")
    teller = _only(source, [one for one in found if one.kind == RECOGNISER], "recogniser of faces")
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=to.parent, prefix=f".{to.name}-") as made:
        folder = Path(made) / to.name
        folder.mkdir()
        # OpenCV reads a YuNet model, and none of the operations that ONNX Runtime puts into an optimised graph.
        plain = finder.kind == "yunet"
        detector = [Path(shutil.copy(finder.path, folder))] if plain else optimise(finder.path, folder)
        files = [*detector, *optimise(teller.path, folder)]
        pack = Pack(
            folder=folder,
            name=name,
            licence=terms.licence,
            licence_text=terms.text,
            licence_url=terms.url,
            threshold=threshold,
            dimensions=teller.dimensions,
            detector=Detector(
                file=finder.path.name,
                source=_digest(finder.path),
                colours="bgr" if plain else "rgb",
                mean=0.0 if plain else 127.5,
                std=1.0 if plain else 128.0,
                layout=finder.kind,
                side=DETECTOR_SIDE,
                score=SCORES[finder.kind],
                overlap=OVERLAP,
            ),
            recogniser=Network(teller.path.name, _digest(teller.path), "rgb", *_scaling(teller.path)),
            files={path.name: facts for path in files if (facts := file_facts(path))},
        )
        pack.write()
        _check_same(pack, to)
        _put(folder, to)
    return read_pack(to)


def look_at(source: Path) -> list[Found]:
    """What is recognised among the .onnx files of a folder; all others are no part of a pack."""
    found = []
    for path in sorted(source.glob("*.onnx")):
        with suppress(NoModelError):
            session = open_session(path, threads=1, mapped=True)
            kind = _kind(session)
            dimensions = _dimensions(path, session) if kind == RECOGNISER else 0
            if kind and (kind != RECOGNISER or dimensions >= LEAST_DIMENSIONS):
                found.append(Found(path, kind, dimensions))
    return found


def _kind(session: Session) -> str | None:
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1 or len(inputs[0].shape) != 4:
        return None
    if scrfd.fits(outputs):
        return "scrfd"
    if {output.name for output in outputs} >= YUNET_OUTPUTS:
        return "yunet"
    sides = inputs[0].shape[2:]
    aligned = all(side % SIDE == 0 if isinstance(side, int) else True for side in sides) and sides[0] == sides[1]
    return RECOGNISER if aligned and len(outputs) == 1 and len(outputs[0].shape) == 2 else None


def _dimensions(path: Path, session: Session) -> int:
    """The length of what it gives of a grey face; 0 where it cannot be run on one."""
    given = picture_input(path.name, session.get_inputs(), (SIDE, SIDE))
    grey = np.zeros((1, 3, given.height, given.width), np.float32)
    try:
        (output,) = session.run(None, {given.name: given.shaped(grey)})
    except Exception:  # noqa: BLE001 - ONNX Runtime has a class of exception per status, with no base of their own
        return 0
    return int(np.asarray(output).size)


def _only(source: Path, found: Sequence[Found], what: str) -> Found:
    if len(found) == 1:
        return found[0]
    told = "no" if not found else f"more than one ({', '.join(one.path.name for one in found)})"
    raise NoModelError(
        f"There is {told} {what} among the .onnx files of {source}",
        fix="Prepare a folder that holds one detector with five landmarks and one ArcFace recogniser of "
        f"{SIDE} x {SIDE} pixels; what else is in it is left alone.",
    )


def _digest(path: Path) -> str:
    facts = file_facts(path)
    return facts.sha256 if facts else ""


def _check_target(to: Path) -> None:
    if to.exists() and not (to / MANIFEST).is_file() and (not to.is_dir() or any(to.iterdir())):
        raise InvalidRequestError(
            f"{to} is there and is no pack", fix="Name another folder with --to, or empty this one."
        )


def _check_same(pack: Pack, to: Path) -> None:
    """Vectors are comparable by the name of their pack: so another recogniser never comes under the same name."""
    with suppress(NoModelError):
        older = read_pack(to)
        if (older.name, older.recogniser.source) != (pack.name, pack.recogniser.source):
            raise InvalidRequestError(
                f"{to} holds the pack {older.name} with another recogniser, whose vectors this one's cannot be "
                "compared with",
                fix="Give the new pack another --name, or remove the old one.",
            )


def _put(folder: Path, to: Path) -> None:
    """In place of what is there, which goes with the temporary folder."""
    if to.exists():
        to.rename(folder.with_name(f"{folder.name}.old"))
    folder.rename(to)


# --- what a recogniser is fed -----------------------------------------------------------------------------------------


def _scaling(path: Path) -> tuple[float, float]:
    """(mean, std) that a recogniser is fed with.

    Graphs of MXNet subtract and multiply by themselves; InsightFace tells them by the names of their first nodes
    (model_zoo/arcface_onnx.py), and so do we.
    """
    names = first_nodes(path)
    within = any(re.match("Sub|_minus", name) for name in names) and any(re.match("Mul|_mul", name) for name in names)
    return (0.0, 1.0) if within else (127.5, 127.5)


GRAPH, NODE, NAME = 7, 1, 3
"""Fields of ModelProto, GraphProto and NodeProto (onnx.proto)."""
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types of protocol buffers."""


def first_nodes(path: Path) -> list[str]:
    """The names of a graph's first nodes, of the file alone: ONNX Runtime does not tell them, and the package `onnx`
    is no part of what runs. Empty for what is no ONNX file."""
    names: list[str] = []
    with (
        suppress(ValueError),
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole,
        memoryview(whole) as data,
    ):
        for start, end in _fields(data, 0, len(data), GRAPH):
            for first, last in _fields(data, start, end, NODE):
                told = [bytes(data[at:to]) for at, to in _fields(data, first, last, NAME)]
                names.append(b"".join(told).decode("utf-8", "replace"))
                if len(names) == FIRST_NODES:
                    return names
    return names


def _fields(data: memoryview, start: int, end: int, wanted: int) -> Iterator[tuple[int, int]]:
    """Where the values of a field stand in a message. Raises ValueError for what is no message."""
    while start < end:
        key, start = _varint(data, start, end)
        kind = key & 7
        if kind == VARINT:
            _, start = _varint(data, start, end)
        elif kind in (FIXED64, FIXED32):
            start += 8 if kind == FIXED64 else 4
        elif kind == BYTES:
            length, start = _varint(data, start, end)
            if start + length > end:
                raise ValueError("A field reaches out of its message")
            if key >> 3 == wanted:
                yield start, start + length
            start += length
        else:
            raise ValueError(f"{kind} is no type of a field")


def _varint(data: memoryview, start: int, end: int) -> tuple[int, int]:
    value: Any = 0
    for shift in range(0, 64, 7):
        if start >= end:
            break
        byte = data[start]
        start += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, start
    raise ValueError("A number reaches out of its message")
