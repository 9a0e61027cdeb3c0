"""An upload has an owner before it has bytes, and a type and a size that storage holds it to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from darkroom.domain import filenames
from darkroom.domain.limits import GIB, IMAGE_BYTES, MIB, VIDEO_BYTES
from darkroom.errors import InvalidRequestError, TooLargeError, UnsupportedTypeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KEY_PATTERN: Final = r"(?:uploads|library|faces)/[0-9]{4}/[0-9]{2}/[0-9]{2}/[0-9a-f-]{36}-[A-Za-z0-9._-]{1,100}"
"""The whole of a key that presign made. Anything else was never ours."""

IMAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "image/jpeg": ("jpg", "jpeg", "jfif"),
    "image/png": ("png",),
    "image/webp": ("webp",),
    "image/gif": ("gif",),
    "image/heic": ("heic", "heif"),
    "image/heif": ("heif", "heic"),
    "image/avif": ("avif",),
    "image/tiff": ("tif", "tiff"),
    "image/bmp": ("bmp",),
}
"""Accepted types and the extensions of each, the usual one first."""
VIDEOS: Final[Mapping[str, tuple[str, ...]]] = {
    "video/mp4": ("mp4", "m4v"),
    "video/quicktime": ("mov", "qt"),
    "video/webm": ("webm",),
}
TYPES: Final[Mapping[str, tuple[str, ...]]] = {**IMAGES, **VIDEOS}
DOCUMENTS: Final = frozenset(
    {"svg", "svgz", "html", "htm", "xhtml", "xht", "shtml", "mhtml", "xml", "js", "mjs", "pdf"}
)
"""Extensions of files that can carry script: refused whatever type is declared for them."""

OTHER_FILE: Final = re.compile("(?=[0-9]*[a-z])[a-z0-9]{2,5}")
"""What looks like the extension of some other type, and not like the end of a name with a dot in it."""


class Purpose(StrEnum):
    """What an upload is for; also the first part of its key. Only LIBRARY and FACES trigger functions."""

    PROCESS = "process"
    LIBRARY = "library"
    FACES = "faces"

    @property
    def prefix(self) -> str:
        return "uploads" if self is Purpose.PROCESS else self.value

    @property
    def types(self) -> Mapping[str, tuple[str, ...]]:
        return TYPES if self is Purpose.LIBRARY else IMAGES


@dataclass(frozen=True, slots=True)
class Upload:
    """The row that presign writes. `size` is what the caller declared, None where it did not.

    `expires_at` is when the owner's claim on the key ends, long after the URL did: what nobody has used by then
    is deleted.
    """

    key: str
    owner: str
    purpose: Purpose
    filename: str
    content_type: str
    size: int | None
    created_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """An object that storage says was written. `version` tells one writing of the key from the next."""

    bucket: str
    key: str
    version: str


def decide_type(filename: str, declared: str | None, purpose: Purpose) -> str:
    """The content type that the upload will be signed for: the declared one, else the one its extension means.

    Raises UnsupportedTypeError for a type or an extension that is not taken for this purpose, or where the two
    contradict each other; InvalidRequestError where there is neither type nor a telling extension.
    """
    ending = filenames.extension(filename)
    accepted = purpose.types
    meant = _meaning(ending)
    if ending in DOCUMENTS:
        raise _unsupported(f"A .{ending} file can carry script and is not taken", accepted)
    if declared is None:
        if meant is None and OTHER_FILE.fullmatch(ending):
            raise UnsupportedTypeError(
                f"Files ending in .{ending} are not taken",
                fix=f"Upload one of {', '.join(accepted)}; if the file is one of them, send contentType.",
            )
        if meant is None:
            raise InvalidRequestError(
                "The filename does not tell the type of the file",
                problems=(("contentType", "is needed, because the filename has no known extension"),),
                fix=f"Send contentType as one of {', '.join(accepted)}.",
            )
        content_type = meant
    else:
        content_type = declared.strip().lower()
    if content_type not in accepted:
        raise _unsupported(f"The type {content_type[:80]!r} is not taken for the purpose {purpose}", accepted)
    if meant is not None and ending not in accepted[content_type]:
        raise _unsupported(f"The filename ends in .{ending}, but contentType is {content_type}", accepted)
    return content_type


def largest(content_type: str) -> int:
    """Bytes that an upload of this type may have."""
    return VIDEO_BYTES if content_type in VIDEOS else IMAGE_BYTES


def check_size(size: int, content_type: str) -> None:
    """Raises InvalidRequestError for no bytes, TooLargeError above the type's limit."""
    if size < 1:
        raise InvalidRequestError(
            "An upload of no bytes is no file",
            problems=(("size", "is less than 1"),),
            fix="Send the file's size in bytes.",
        )
    if size > largest(content_type):
        words = f"{VIDEO_BYTES // GIB} GiB" if content_type in VIDEOS else f"{IMAGE_BYTES // MIB} MiB"
        raise TooLargeError(
            f"{size} bytes are more than the {words} that an upload of {content_type} may have",
            fix=f"Send a file of at most {words}.",
        )


def extensions(content_type: str) -> Sequence[str]:
    return TYPES[content_type]


def is_key(key: str) -> bool:
    """Whether presign may have made it. False costs nothing; a row is the proof of the rest."""
    return re.fullmatch(KEY_PATTERN, key) is not None


def _meaning(ending: str) -> str | None:
    usual = (kind for kind, endings in TYPES.items() if ending == endings[0])
    other = (kind for kind, endings in TYPES.items() if ending in endings)
    return next(usual, None) or next(other, None)


def _unsupported(detail: str, accepted: Mapping[str, tuple[str, ...]]) -> UnsupportedTypeError:
    return UnsupportedTypeError(
        detail,
        fix=f"Upload one of {', '.join(accepted)}, with a filename of that type; draw SVG and HTML to PNG first.",
    )
