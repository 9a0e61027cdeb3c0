"""Who may call, how often, and the keys that say so."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from darkroom.domain import api_keys, limits
from darkroom.domain.callers import ApiKey, Caller, Scope
from darkroom.errors import InvalidRequestError, TooManyRequestsError, UnauthenticatedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from darkroom.ports import Clock, KeyStore, TokenVerifier

OWNER_PATTERN: Final = r"[a-z0-9][a-z0-9._-]{0,63}"
"""Owners become parts of keys and paths, so they are spelled like them."""
LABEL_CHARACTERS: Final = 100
HIGHEST_RATE: Final = 100_000
DEFAULT_SCOPES: Final = frozenset(scope.value for scope in Scope if scope is not Scope.ADMIN)

_CACHED_KEYS: Final = 1_000


class Access:
    """Authentication and the counting of requests.

    `tokens` is None where the stage takes no bearer tokens. Keys that were found are believed for KEY_CACHED;
    keys that were not are looked up each time, so that a new key works at once.
    """

    def __init__(
        self, keys: KeyStore, clock: Clock, *, stage: str, requests_per_minute: int, tokens: TokenVerifier | None
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._stage = stage
        self._default_rate = requests_per_minute
        self._tokens = tokens
        self._known: dict[str, tuple[ApiKey, int]] = {}

    def authenticate(self, *, api_key: str | None = None, bearer: str | None = None) -> Caller:
        """The caller of a key, or of a token where there is no key.

        Raises UnauthenticatedError; its detail says why and is for the log, never holding the credential.
        """
        if api_key:
            return self._caller_of_key(api_key)
        if bearer:
            if self._tokens is None:
                raise UnauthenticatedError("This stage takes no bearer tokens")
            return self._tokens.verify(bearer)
        raise UnauthenticatedError("The request carries neither a key nor a bearer token")

    def admit(self, caller: Caller) -> None:
        """Count one request. Raises TooManyRequestsError with the seconds until the caller's next minute begins."""
        now = self._clock.now()
        count = self._keys.count(caller.key_id, window=limits.MINUTE, now=now)
        if count > caller.requests_per_minute:
            left = limits.MINUTE - now % limits.MINUTE
            raise TooManyRequestsError(
                f"This key has used its {caller.requests_per_minute} requests of this minute",
                retry_after=-(-left // limits.SECOND),
            )

    def _caller_of_key(self, secret: str) -> Caller:
        api_keys.check_form(secret)
        key = self._find(api_keys.digest(secret))
        if key is None:
            stage = api_keys.stage_of(secret)
            where = "" if stage == self._stage else f"; it was made for stage {stage}, and this is {self._stage}"
            raise UnauthenticatedError(f"The key is unknown{where}")
        if key.revoked_at is not None:
            raise UnauthenticatedError(f"The key {key.key_id} was revoked")
        return Caller(
            owner=key.owner,
            key_id=key.key_id,
            scopes=key.scopes,
            requests_per_minute=key.requests_per_minute or self._default_rate,
        )

    def _find(self, digest: str) -> ApiKey | None:
        now = self._clock.now()
        known = self._known.pop(digest, None)
        if known is not None and 0 <= now - known[1] < limits.KEY_CACHED:
            self._known[digest] = known  # back at the end: the first of the dict is the longest unused
            return known[0]
        key = self._keys.get(digest)
        if key is not None:
            self._known[digest] = (key, now)
            if len(self._known) > _CACHED_KEYS:
                del self._known[next(iter(self._known))]
        return key


class Keys:
    """Making and revoking keys: an operator's work, never a caller's."""

    def __init__(
        self, store: KeyStore, clock: Clock, *, stage: str, entropy: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._store = store
        self._clock = clock
        self._stage = stage
        self._entropy = entropy

    def create(
        self,
        owner: str,
        *,
        label: str = "",
        scopes: Iterable[str] = (),
        requests_per_minute: int | None = None,
    ) -> tuple[str, ApiKey]:
        """A new key and its row. The key itself is returned here and kept nowhere.

        Raises InvalidRequestError listing every argument that will not do.
        """
        wanted = frozenset(scopes)
        problems: list[tuple[str, str]] = []
        if not re.fullmatch(OWNER_PATTERN, owner):
            problems.append(("owner", "takes up to 64 of a-z 0-9 . _ - and begins with a letter or digit"))
        if len(label) > LABEL_CHARACTERS or not label.isprintable():
            problems.append(("label", f"takes up to {LABEL_CHARACTERS} printable characters"))
        if unknown := sorted(wanted - set(Scope)):
            problems.append(("scope", f"{', '.join(unknown)} is none of {', '.join(Scope)}"))
        if requests_per_minute is not None and not 1 <= requests_per_minute <= HIGHEST_RATE:
            problems.append(("rate", f"is {requests_per_minute}, not from 1 to {HIGHEST_RATE} requests a minute"))
        if problems:
            raise InvalidRequestError(
                "; ".join(f"{name} {problem}" for name, problem in problems),
                problems=tuple(problems),
                fix="Correct what is named and make the key again.",
            )
        secret = api_keys.mint(self._stage, self._entropy(api_keys.ENTROPY_BYTES))
        key = ApiKey(
            digest=api_keys.digest(secret),
            owner=owner,
            label=label,
            scopes=wanted or DEFAULT_SCOPES,
            requests_per_minute=requests_per_minute,
            created_at=self._clock.now(),
        )
        self._store.put(key)
        return secret, key

    def list(self) -> Sequence[ApiKey]:
        """Every key, the revoked ones included, oldest first."""
        return sorted(self._store.list(), key=lambda key: (key.created_at, key.digest))

    def revoke(self, key_id: str) -> ApiKey:
        """Kill a key for good; it is refused everywhere within a minute. Raises NotFoundError for an unknown id."""
        return self._store.revoke(key_id, now=self._clock.now())
