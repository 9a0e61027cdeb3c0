"""Where a detector's weights are: a folder that somebody names, else a cache that `darkroom models fetch` fills.

The list of what can be fetched, `models.json`, pins each file by its sha256 and names its licence; a user may put
another list in its place. Nothing is fetched that the list does not name, and nothing is used before its digest fits.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from darkroom.adapters.vision import manifests
from darkroom.adapters.vision.downloads import SHA256, Pinned, fetched, is_sound
from darkroom.adapters.vision.manifests import NOTHING_TOLD, Manifest
from darkroom.errors import FetchFailedError, NoModelError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SHIPPED_LIST: Final = Path(__file__).with_name("models.json")
LICENCE_ENDING: Final = ".licence.txt"
MANIFEST_ENDING: Final = ".json"
BRIEFLY: Final = 20.0
"""Seconds that a worker spends on fetching weights which nobody fetched beforehand."""
FETCH: Final = "Run `make models` (or `darkroom models fetch`), or point DETECT_MODEL_DIR at a folder with the model."


@dataclass(frozen=True, slots=True)
class Model(Pinned):
    """One entry of the list: where the weights are, how many bytes of which sha256, under which licence."""

    labels: tuple[str, ...]
    licence: str
    licence_url: str
    about: str
    manifest: Manifest = NOTHING_TOLD


@dataclass(frozen=True, slots=True)
class Weights:
    """A model that is at hand: its ONNX file, its labels in the order of its outputs, and what else is said of it."""

    name: str
    path: Path
    labels: tuple[str, ...]
    manifest: Manifest = NOTHING_TOLD


def read_list(path: Path = SHIPPED_LIST) -> tuple[Model, ...]:
    """The models of a list, the preferred one first. Raises SettingsError naming what is wrong with it."""
    try:
        listed = json.loads(path.read_text("utf-8"))
        return tuple(_entry(model, listed["labels"]) for model in listed["models"])
    except (OSError, UnicodeDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise SettingsError(
            f"{path} is not a list of models: {type(error).__name__} {error}",
            fix=f"Write it like {SHIPPED_LIST}.",
        ) from error


def _entry(model: dict[str, Any], labels: dict[str, list[str]]) -> Model:
    entry = Model(
        name=str(model["name"]),
        file=str(model["file"]),
        url=str(model["url"]),
        sha256=str(model["sha256"]).lower(),
        size=int(model["bytes"]),
        labels=tuple(map(str, labels[model["labels"]])),
        licence=str(model["licence"]),
        licence_url=str(model["licenceUrl"]),
        about=str(model["about"]),
        manifest=manifests.read(model.get("manifest", {})),
    )
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*\.onnx", entry.file):
        raise ValueError(f"{entry.file!r} is no plain name of an .onnx file")
    if not SHA256.fullmatch(entry.sha256):
        raise ValueError(f"the sha256 of {entry.name} does not have 64 hex digits")
    if not entry.url.startswith(("https://", "http://")):
        raise ValueError(f"the url of {entry.name} is not http or https")
    return entry


class ModelLibrary:
    """The weights of one machine. `folder` wins over the cache where it is given; `wanted` picks one of several."""

    def __init__(self, *, folder: Path | None, cache: Path, wanted: str = "", listing: Path | None = None) -> None:
        self._folder = folder
        self._wanted = wanted
        self._listing = listing or SHIPPED_LIST
        self.cache = cache

    @property
    def models(self) -> tuple[Model, ...]:
        return read_list(self._listing)

    def find(self) -> Weights:
        """The weights at hand: those of the folder if there is one, else the preferred model of the cache.

        Raises NoModelError where there are none, or several and none of them is wanted more than the others.
        """
        if self._folder is not None:
            return self._in(self._folder)
        for model in self._chosen():
            path = self.cache / model.file
            if path.is_file():
                return Weights(model.name, path, model.labels, model.manifest)
        raise NoModelError(f"There are no weights in {self.cache}", fix=FETCH)

    def find_or_fetch(self) -> Weights:
        """Like `find`; without a folder, missing weights are fetched if that goes quickly. Raises NoModelError."""
        try:
            return self.find()
        except NoModelError:
            if self._folder is not None:
                raise
        try:
            self.fetch(self._chosen()[0], within=BRIEFLY)
        except FetchFailedError as error:
            raise NoModelError(f"There are no weights in {self.cache}, and {error.detail}", fix=FETCH) from error
        return self.find()

    def _chosen(self) -> Sequence[Model]:
        if not self._wanted:
            return self.models
        chosen = [model for model in self.models if model.name == self._wanted]
        if not chosen:
            names = ", ".join(model.name for model in self.models)
            raise NoModelError(
                f"{self._listing} has no model {self._wanted!r}", fix=f"Set DETECT_MODEL to one of: {names}."
            )
        return chosen

    def _in(self, folder: Path) -> Weights:
        """The model of a folder that is used as it is: an .onnx file, beside it its labels and maybe a manifest."""
        files = {path.stem: path for path in sorted(folder.glob("*.onnx"))}
        if self._wanted in files:
            name = self._wanted
        elif len(files) == 1 and not self._wanted:
            (name,) = files
        elif not files or self._wanted:
            raise NoModelError(
                f"There is no {self._wanted or '*'}.onnx in {folder}",
                fix=f"Run `darkroom models fetch --to {folder}`; for the container image, `darkroom models fetch --to "
                "functions/detect/models`, then build and deploy it again.",
            )
        else:
            raise NoModelError(
                f"There are several models in {folder}", fix=f"Set DETECT_MODEL to one of: {', '.join(files)}."
            )
        texts = [path for path in sorted(folder.glob("*.txt")) if not path.name.endswith(LICENCE_ENDING)]
        own = [path for path in texts if path.stem == name]
        if not own and len(texts) != 1:
            raise NoModelError(
                f"The labels of {name} are not in {folder}", fix=f"Put {name}.txt there, one label a line."
            )
        lines = (own or texts)[0].read_text("utf-8").splitlines()
        labels = tuple(line.strip() for line in lines if line.strip())
        return Weights(name, files[name], labels, _manifest(folder / f"{name}{MANIFEST_ENDING}"))

    def state(self, model: Model, folder: Path | None = None) -> str:
        """`here`, `damaged` or `missing`, in that folder, or in the cache where none is given."""
        path = (folder or self.cache) / model.file
        return "here" if is_sound(path, model) else "damaged" if path.exists() else "missing"

    def fetch(
        self,
        model: Model,
        *,
        to: Path | None = None,
        within: float | None = None,
        progress: Callable[[int], None] = lambda _done: None,
    ) -> Path:
        """The model's file in the folder `to` (the cache where none is given), fetched unless it is there and sound.

        Its labels, its manifest and its licence are put beside it. What an earlier try left is gone on with. `within`
        caps the time, in seconds; `progress` is told the bytes that are there. Raises FetchFailedError.
        """
        folder = to or self.cache
        target = fetched(model, folder, within=within, progress=progress)
        try:
            (folder / f"{target.stem}.txt").write_text("\n".join(model.labels) + "\n", "utf-8")
            if model.manifest != NOTHING_TOLD:
                (folder / f"{target.stem}{MANIFEST_ENDING}").write_text(model.manifest.written(), "utf-8")
            (folder / f"{target.stem}{LICENCE_ENDING}").write_text(_licence(model), "utf-8")
        except OSError as error:
            raise FetchFailedError(f"{model.name} could not be stored in {folder}: {error}") from error
        return target


def _manifest(path: Path) -> Manifest:
    """What the file beside a model says; nothing where there is none. Raises NoModelError naming what is wrong."""
    if not path.is_file():
        return NOTHING_TOLD
    try:
        return manifests.read(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        raise NoModelError(
            f"{path} is no manifest of a model: {error}",
            fix="Correct it as functions/detect/models/README.md shows, or remove it: most models need none.",
        ) from error


def _licence(model: Model) -> str:
    return (
        f"{model.file}: {model.about}\nLicence: {model.licence} ({model.licence_url})\n"
        f"Source: {model.url}\nsha256: {model.sha256}\n"
    )
