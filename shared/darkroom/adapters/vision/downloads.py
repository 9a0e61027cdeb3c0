"""A file that a list pins: fetched over HTTP, gone on with where an earlier try stopped, used when its digest fits."""

from __future__ import annotations

import fcntl
import hashlib
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from darkroom.errors import FetchFailedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from httpx import Response

SHA256: Final = re.compile(r"[0-9a-f]{64}")
CONNECT_SECONDS: Final = 3.0
SILENCE_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class Pinned:
    """`file`: its plain name. `size`: bytes."""

    name: str
    file: str
    url: str
    sha256: str
    size: int


def fetched(
    pinned: Pinned,
    folder: Path,
    *,
    within: float | None = None,
    progress: Callable[[int], None] = lambda _done: None,
) -> Path:
    """The file in the folder, fetched unless it is there and sound.

    `within` caps the time, in seconds; `progress` is told the bytes that are there. Raises FetchFailedError.
    """
    target, part = folder / pinned.file, folder / f"{pinned.file}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not is_sound(target, pinned):
            with part.open("ab+") as file:
                fcntl.flock(file, fcntl.LOCK_EX)  # two processes may want the same file
                if not is_sound(target, pinned):
                    _download(pinned, file, within, progress)
                    part.replace(target)
            part.unlink(missing_ok=True)
    except OSError as error:
        raise FetchFailedError(f"{pinned.name} could not be stored in {folder}: {error}") from error
    return target


def is_sound(path: Path, pinned: Pinned) -> bool:
    """Whether the file is there and has the digest that the list pins."""
    if not path.is_file() or path.stat().st_size != pinned.size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == pinned.sha256


def _download(pinned: Pinned, file: Any, within: float | None, progress: Callable[[int], None]) -> None:
    """Complete an open file, which may hold a beginning already. Raises FetchFailedError."""
    import httpx

    until = time.monotonic() + within if within is not None else float("inf")
    timeout = httpx.Timeout(min(SILENCE_SECONDS, within or SILENCE_SECONDS), connect=CONNECT_SECONDS)
    there = file.seek(0, 2)
    if there < pinned.size:
        try:
            # Pieces of a file can be joined only where nothing on the way compresses them.
            headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={there}-"} if there else {})
            with httpx.stream("GET", pinned.url, headers=headers, timeout=timeout, follow_redirects=True) as answer:
                _save(pinned, answer, file, until, progress)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FetchFailedError(
                f"{pinned.name} could not be fetched from {pinned.url}: {type(error).__name__} {error}".rstrip(),
                fix="Try again, and it goes on where it stopped. Without a network, point DETECT_MODEL_DIR (of faces: "
                "FACE_PACK_DIR) at a folder that holds what is wanted.",
            ) from error
    file.seek(0)
    if hashlib.file_digest(file, "sha256").hexdigest() != pinned.sha256:
        file.truncate(0)
        raise FetchFailedError(
            f"What {pinned.url} gave is not the file that the list pins: its sha256 differs",
            fix="Try again; where it stays so, the file was changed, and the list needs a look.",
        )


def _save(pinned: Pinned, answer: Response, file: Any, until: float, progress: Callable[[int], None]) -> None:
    if answer.status_code == 200:
        file.truncate(0)  # a server without ranges sends the whole again
    elif answer.status_code != 206:
        if answer.status_code == 416:
            file.truncate(0)
        raise FetchFailedError(f"{pinned.name} could not be fetched: {pinned.url} answered {answer.status_code}")
    there = file.seek(0, 2)
    for piece in answer.iter_raw(1 << 18):
        there += len(piece)
        if there > pinned.size:
            file.truncate(0)
            raise FetchFailedError(f"{pinned.url} is longer than the {pinned.size:,} bytes that the list pins")
        file.write(piece)
        progress(there)
        if time.monotonic() > until:
            raise FetchFailedError(f"{pinned.name} could not be fetched in the time that a job can wait")
    if there < pinned.size:
        raise FetchFailedError(
            f"{pinned.url} ended after {there:,} of {pinned.size:,} bytes", fix="Try again to go on."
        )
