"""Keys and tokens in memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from darkroom.errors import NotFoundError, UnauthenticatedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from darkroom.domain.callers import ApiKey, Caller


class MemoryKeyStore:
    def __init__(self) -> None:
        self._keys: dict[str, ApiKey] = {}
        self._counts: Counter[tuple[str, int]] = Counter()

    def get(self, digest: str) -> ApiKey | None:
        return self._keys.get(digest)

    def put(self, key: ApiKey) -> None:
        self._keys[key.digest] = key

    def list(self) -> Sequence[ApiKey]:
        return list(self._keys.values())

    def revoke(self, key_id: str, *, now: int) -> ApiKey:
        for key in self._keys.values():
            if key.key_id == key_id:
                revoked = key if key.revoked_at is not None else replace(key, revoked_at=now)
                self._keys[key.digest] = revoked
                return revoked
        raise NotFoundError(f"There is no key {key_id}", fix="`darkroom keys list` shows the ids.")

    def count(self, key_id: str, *, window: int, now: int) -> int:
        self._counts[key_id, now // window] += 1
        return self._counts[key_id, now // window]


class MemoryTokenVerifier:
    """Knows its tokens by heart."""

    def __init__(self, callers: Mapping[str, Caller]) -> None:
        self._callers = callers

    def verify(self, token: str) -> Caller:
        if token not in self._callers:
            raise UnauthenticatedError("The token is not the issuer's")
        return self._callers[token]
