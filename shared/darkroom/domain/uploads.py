"""An upload has an owner before it has bytes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Purpose(StrEnum):
    """What an upload is for; also the first part of its key. Only LIBRARY and FACES trigger functions."""

    PROCESS = "process"
    LIBRARY = "library"
    FACES = "faces"

    @property
    def prefix(self) -> str:
        return "uploads" if self is Purpose.PROCESS else self.value


@dataclass(frozen=True, slots=True)
class Upload:
    """The row that presign writes. `size` is what the caller declared, None where it did not."""

    key: str
    owner: str
    purpose: Purpose
    filename: str
    content_type: str
    size: int | None
    created_at: int
    expires_at: int
