"""Who is asking: an owner, what that owner's key may do, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a key may do. A key made without scopes gets all but ADMIN."""

    UPLOADS_WRITE = "uploads:write"
    JOBS_WRITE = "jobs:write"
    JOBS_READ = "jobs:read"
    FACES_WRITE = "faces:write"
    """Make, change and erase people, and enrol their faces."""
    FACES_READ = "faces:read"
    """Find, compare and look for faces, and read who is known."""
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller. `key_id` names the key or token subject for rate counting and logs; it is no secret."""

    owner: str
    key_id: str
    scopes: frozenset[str]
    requests_per_minute: int


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A stored key: the hex sha256 of the secret, never the secret. `key_id` is its first 16 digits.

    `requests_per_minute` is None where the stage's default holds.
    """

    digest: str
    owner: str
    label: str
    scopes: frozenset[str]
    requests_per_minute: int | None
    created_at: int
    revoked_at: int | None = None

    @property
    def key_id(self) -> str:
        return self.digest[:16]
