"""Packs: a folder with a detector of faces, a recogniser, and `pack.json`, which says what they are and what their
licence allows. `darkroom models prepare` makes one of a folder of .onnx files; nothing is used without its manifest.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from darkroom.domain.faces import FaceSpace, Licence
from darkroom.errors import NoModelError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MANIFEST: Final = "pack.json"
FORM: Final = 1
"""Of the manifest; a reader of another form refuses it."""
LAYOUTS: Final = ("scrfd", "yunet")
"""Whose detector it is: InsightFace's SCRFD, or OpenCV's YuNet."""
COLOURS: Final = ("rgb", "bgr")
NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,63}")
LARGEST_SIDE: Final = 4_096


@dataclass(frozen=True, slots=True)
class FileFacts:
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Network:
    """A model and what it is fed: (value - mean) / std, of values 0-255 in the order of `colours`.

    `source` is the sha256 of the file that it was made of, which tells it again whatever was done to its form.
    """

    file: str
    source: str
    colours: str
    mean: float
    std: float


@dataclass(frozen=True, slots=True)
class Detector(Network):
    """`side`: pixels of the square that a picture is fitted into. Faces of a `score` below are none; two boxes that
    share more than `overlap` of their union are one face."""

    layout: str
    side: int
    score: float
    overlap: float


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack at hand. `name` is what its vectors are comparable by: FaceSpace.pack."""

    folder: Path
    name: str
    licence: Licence
    licence_text: str
    licence_url: str
    threshold: float
    dimensions: int
    detector: Detector
    recogniser: Network
    files: Mapping[str, FileFacts]

    @property
    def detector_path(self) -> Path:
        return self.folder / self.detector.file

    @property
    def recogniser_path(self) -> Path:
        return self.folder / self.recogniser.file

    def space(self, engine: str) -> FaceSpace:
        return FaceSpace(engine, self.name, self.dimensions, self.licence, self.threshold)

    def calibrated(self, threshold: float) -> Pack:
        """This pack with another threshold, written to its folder."""
        made = replace(self, threshold=threshold)
        made.write()
        return made

    def write(self) -> None:
        """The manifest, into the folder."""
        told = {
            "form": FORM,
            "name": self.name,
            "licence": self.licence,
            "licenceText": self.licence_text,
            "licenceUrl": self.licence_url,
            "threshold": self.threshold,
            "dimensions": self.dimensions,
            "detector": _told(self.detector),
            "recogniser": _told(self.recogniser),
            "files": {name: {"sha256": facts.sha256, "bytes": facts.size} for name, facts in self.files.items()},
        }
        (self.folder / MANIFEST).write_text(json.dumps(told, indent=2) + "\n", "utf-8")

    def damaged(self) -> str | None:
        """The name of a file whose digest is not the manifest's; None where all are sound. Reads every byte."""
        return next((name for name, facts in self.files.items() if file_facts(self.folder / name) != facts), None)


def file_facts(path: Path) -> FileFacts | None:
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return FileFacts(hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)


def _told(network: Network) -> dict[str, Any]:
    return {name: getattr(network, name) for kind in type(network).__mro__[:-1] for name in kind.__slots__}  # type: ignore[attr-defined]


def read_pack(folder: Path) -> Pack:
    """The pack in a folder, its files there and of the right length. Raises NoModelError naming what is wrong."""
    path = folder / MANIFEST
    if not path.is_file():
        raise NoModelError(
            f"{folder} is no pack: it has no {MANIFEST}",
            fix=f"Run `darkroom models prepare {folder}`, which makes one of a folder of .onnx files.",
        )
    try:
        pack = _pack(folder, json.loads(path.read_text("utf-8")))
    except (OSError, KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise NoModelError(
            f"{path} is no manifest of a pack: {type(error).__name__} {error}",
            fix="Make the pack anew with `darkroom models prepare`.",
        ) from error
    for name, facts in pack.files.items():
        # The digest is read where a pack is made or listed: here it would cost as much as loading the model.
        if not (folder / name).is_file() or (folder / name).stat().st_size != facts.size:
            raise NoModelError(
                f"{name} of the pack {pack.name} is missing in {folder}, or cut short",
                fix="Make the pack anew with `darkroom models prepare`, or fetch it with `darkroom models fetch`.",
            )
    return pack


def _pack(folder: Path, told: dict[str, Any]) -> Pack:
    if told["form"] != FORM:
        raise ValueError(f"form {told['form']!r}, which this version does not read")
    pack = Pack(
        folder=folder,
        name=_plain(told["name"]),
        licence=Licence(told["licence"]),
        licence_text=str(told["licenceText"]),
        licence_url=str(told["licenceUrl"]),
        threshold=_number(told["threshold"], -1, 1),
        dimensions=int(_number(told["dimensions"], 1, 65_536)),
        detector=Detector(
            **_network(told["detector"]),
            layout=_one_of(told["detector"]["layout"], LAYOUTS),
            side=int(_number(told["detector"]["side"], 32, LARGEST_SIDE)),
            score=_number(told["detector"]["score"], 0, 1),
            overlap=_number(told["detector"]["overlap"], 0, 1),
        ),
        recogniser=Network(**_network(told["recogniser"])),
        files={
            _plain(name): FileFacts(str(facts["sha256"]), int(facts["bytes"])) for name, facts in told["files"].items()
        },
    )
    unknown = {pack.detector.file, pack.recogniser.file} - pack.files.keys()
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))} is not among its files")
    return pack


def _network(told: dict[str, Any]) -> dict[str, Any]:
    return {
        "file": _plain(told["file"]),
        "source": str(told["source"]),
        "colours": _one_of(told["colours"], COLOURS),
        "mean": _number(told["mean"], -1_000, 1_000),
        "std": _number(told["std"], 1e-6, 1_000),
    }


def _plain(name: Any) -> str:
    """A name that leads nowhere out of its folder."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no plain name")
    return name


def _one_of(value: Any, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise ValueError(f"{value!r} is none of {', '.join(choices)}")
    return str(value)


def _number(value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number")
    if not low <= value <= high:
        raise ValueError(f"{value!r} is not from {low:g} to {high:g}")
    return float(value)


def find_pack(folder: Path, wanted: str = "") -> Pack:
    """The pack that a folder is, or one of those in it: `wanted`, else the only one. Raises NoModelError."""
    packs = packs_in(folder)
    if wanted in packs:
        return packs[wanted]
    if len(packs) == 1 and not wanted:
        return next(iter(packs.values()))
    if packs:
        told = f"There is no pack {wanted} in {folder}" if wanted else f"There are several packs in {folder}"
        raise NoModelError(told, fix=f"Set FACE_PACK to one of: {', '.join(packs)}; or fetch or prepare another.")
    if any(folder.glob("*.onnx")):
        return read_pack(folder)  # which says what is missing, and what makes it
    raise NoModelError(
        f"There is no pack{f' {wanted}' if wanted else ''} in {folder}",
        fix=f"Run `make models PACK={wanted or 'antelopev2'}` (or `darkroom models fetch`), or `darkroom models "
        "prepare DIR` on a folder of .onnx files with a detector and a recogniser, or point FACE_PACK_DIR at a pack.",
    )


def packs_in(folder: Path) -> dict[str, Pack]:
    """The pack that a folder is, or those in its folders, by name. Raises NoModelError for one that is broken."""
    single = (folder / MANIFEST).is_file()
    folders = [folder] if single else sorted(path.parent for path in folder.glob(f"*/{MANIFEST}"))
    return {pack.name: pack for pack in map(read_pack, folders)}
