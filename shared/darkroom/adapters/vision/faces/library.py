"""The packs of one machine: a folder of them, which `darkroom models fetch` and `prepare` fill, and what can be had.

The list, `packs` in ../models.json, pins each archive by its sha256 and names its licence; a user may put another list
in its place.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from darkroom.adapters.vision.downloads import SHA256, Pinned, fetched
from darkroom.adapters.vision.faces.packs import MANIFEST, NAME, Pack, find_pack, packs_in, read_pack
from darkroom.adapters.vision.faces.preparing import THRESHOLD, Terms, prepare
from darkroom.adapters.vision.models import SHIPPED_LIST
from darkroom.domain.faces import Licence
from darkroom.errors import FetchFailedError, InvalidRequestError, NoModelError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

UNPACKED_BYTES: Final = 4 << 30
"""Of one archive. Above any pack that there is."""
PIECE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class ListedPack(Pinned):
    """An archive with the .onnx files of a pack."""

    licence: Licence
    licence_text: str
    licence_url: str
    about: str
    threshold: float | None = None


def read_list(path: Path = SHIPPED_LIST) -> tuple[ListedPack, ...]:
    """The packs of a list. Raises SettingsError naming what is wrong with it."""
    try:
        return tuple(_entry(pack) for pack in json.loads(path.read_text("utf-8")).get("packs", ()))
    except (OSError, UnicodeDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise SettingsError(
            f"{path} is not a list of packs: {type(error).__name__} {error}", fix=f"Write it like {SHIPPED_LIST}."
        ) from error


def _entry(pack: dict[str, Any]) -> ListedPack:
    entry = ListedPack(
        name=str(pack["name"]),
        file=str(pack["file"]),
        url=str(pack["url"]),
        sha256=str(pack["sha256"]).lower(),
        size=int(pack["bytes"]),
        licence=Licence(pack["licence"]),
        licence_text=str(pack["licenceText"]),
        licence_url=str(pack["licenceUrl"]),
        about=str(pack["about"]),
        threshold=float(pack["threshold"]) if "threshold" in pack else None,
    )
    if not NAME.fullmatch(entry.name) or not NAME.fullmatch(entry.file) or not entry.file.endswith(".zip"):
        raise ValueError(f"{entry.name!r} in {entry.file!r} is no plain name of a pack in a plain name of a .zip file")
    if not SHA256.fullmatch(entry.sha256):
        raise ValueError(f"the sha256 of {entry.name} does not have 64 hex digits")
    if not entry.url.startswith(("https://", "http://")):
        raise ValueError(f"the url of {entry.name} is not http or https")
    return entry


class PackLibrary:
    """`folder` is a pack or holds packs. What is fetched or prepared goes there, or beside the pack that it is, unless
    it is told to go elsewhere."""

    def __init__(self, folder: Path, *, listing: Path | None = None) -> None:
        self.folder = folder
        self._listing = listing or SHIPPED_LIST

    @property
    def listed(self) -> tuple[ListedPack, ...]:
        return read_list(self._listing)

    def place(self, name: str) -> Path:
        """Where a pack of that name is put."""
        around = self.folder.parent if (self.folder / MANIFEST).is_file() else self.folder
        return around / name

    def find(self, wanted: str = "") -> Pack:
        """The pack of that name, else the only one. Raises NoModelError."""
        return find_pack(self.folder, wanted)

    def here(self) -> dict[str, Pack]:
        """What is in the folder, by name. Raises NoModelError for a pack that is broken."""
        return packs_in(self.folder)

    def prepare(
        self,
        source: Path,
        licence: Licence,
        *,
        to: Path | None = None,
        name: str = "",
        text: str = "",
        url: str = "",
        threshold: float | None = None,
    ) -> Pack:
        """The pack of a folder with .onnx files, in the folder `to`. Raises what `preparing.prepare` raises."""
        name = name or (to or source).resolve().name
        terms = Terms(licence, text or licence, url)
        return prepare(
            source, to or self.place(name), terms, name=name, threshold=THRESHOLD if threshold is None else threshold
        )

    def fetch(
        self,
        entry: ListedPack,
        *,
        accepted: Licence | None,
        to: Path | None = None,
        progress: Callable[[int], None] = lambda _done: None,
    ) -> Pack:
        """The pack of an entry, prepared, in the folder `to`; fetched unless it is there and whole.

        `accepted` is the licence that somebody says they know and keep to: weights for non-commercial use are not
        fetched without. Raises InvalidRequestError, FetchFailedError or NoModelError.
        """
        if entry.licence is not Licence.COMMERCIAL and accepted is not entry.licence:
            raise InvalidRequestError(
                f"The weights of {entry.name} are for {entry.licence} use alone. {entry.licence_text} "
                f"({entry.licence_url})",
                fix=f"If that is what you do with them, say so: --accept-licence {entry.licence} (with make: "
                f"ACCEPT_LICENCE={entry.licence}).",
            )
        target = to or self.place(entry.name)
        if pack := _whole(target, entry.name):
            return pack
        target.parent.mkdir(parents=True, exist_ok=True)
        archive = fetched(entry, target.parent, progress=progress)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{entry.name}-") as folder:
            unpack(archive, Path(folder))
            pack = self.prepare(
                Path(folder),
                entry.licence,
                to=target,
                name=entry.name,
                text=entry.licence_text,
                url=entry.licence_url,
                threshold=entry.threshold,
            )
        archive.unlink()
        return pack


def _whole(folder: Path, name: str) -> Pack | None:
    try:
        pack = read_pack(folder)
    except NoModelError:
        return None
    return pack if pack.name == name and not pack.damaged() else None


def unpack(archive: Path, folder: Path) -> None:
    """The .onnx files of a zip archive, whatever folders they are in, by plain names into the folder.

    Nothing else is taken, so no member can lead out of it. Raises FetchFailedError.
    """
    left = UNPACKED_BYTES
    try:
        with zipfile.ZipFile(archive) as packed:
            for member in packed.infolist():
                name = member.filename.rpartition("/")[2]
                if not name.endswith(".onnx") or not NAME.fullmatch(name):
                    continue
                with packed.open(member) as source, (folder / name).open("xb") as target:
                    while piece := source.read(PIECE):
                        left -= len(piece)
                        if left < 0:
                            raise FetchFailedError(f"{archive.name} holds more than {UNPACKED_BYTES >> 30} GB")
                        target.write(piece)
    except FetchFailedError:
        raise
    except Exception as error:  # a broken archive makes decoders raise whatever they like
        raise FetchFailedError(f"{archive.name} cannot be unpacked: {type(error).__name__} {error}") from error
