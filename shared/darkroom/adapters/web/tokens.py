"""Bearer tokens of one OpenID Connect issuer (a Cognito user pool, or any other), verified by PyJWT.

The token's header is hostile until the signature holds: it may choose among the issuer's published keys and among
ALGORITHMS, nothing more (RFC 8725). PyJWT and cryptography are imported by the first token, not by the module: a
function that sees keys only never pays for them.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import socket
import ssl
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

from darkroom.domain.callers import Caller, Scope
from darkroom.domain.limits import HOUR, KIB, MINUTE, SECOND
from darkroom.errors import SettingsError, TransientError, UnauthenticatedError
from darkroom.usecases.access import DEFAULT_SCOPES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from darkroom.ports import Clock

ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
)  # fmt: skip
"""Signatures with a public key only: no `none`, and no HMAC that would take a public key for a secret."""
LEEWAY_SECONDS: Final = 30
"""How far the issuer's clock may be off."""
RESOURCE_SERVER: Final = "darkroom/"
"""Before a scope of ours, where the issuer (Cognito) wants each scope to be somebody's."""
OIDC_SCOPES: Final = frozenset(
    {"openid", "email", "profile", "phone", "address", "offline_access", "aws.cognito.signin.user.admin"}
)
"""What a token says of its subject or its session, and not of any API."""
TOKEN_CHARACTERS: Final = 8 * KIB
DOCUMENT_BYTES: Final = 256 * KIB
FETCH_SECONDS: Final = 3.0
KEYS_FRESH: Final = 15 * MINUTE
KEYS_USABLE: Final = 6 * HOUR
"""How long fetched keys serve while the issuer cannot be reached."""
REFETCH_AFTER: Final = 60 * SECOND
"""An unknown key id makes us ask the issuer again, but not more often than this, however many are invented."""
RETRY_AFTER: Final = 5 * SECOND


class DocumentSource(Protocol):
    """Reads a small document of the issuer's. Raises TransientError when it cannot be had."""

    def read(self, url: str) -> bytes: ...


class HttpsSource:
    """GET over https, without redirects, in FETCH_SECONDS and DOCUMENT_BYTES altogether.

    `plain_http` allows http as well. It exists for a test that runs its own issuer, and no setting reaches it.
    """

    def __init__(self, *, seconds: float = FETCH_SECONDS, plain_http: bool = False) -> None:
        self._seconds = seconds
        self._plain_http = plain_http

    def read(self, url: str) -> bytes:
        parts = urlsplit(url)
        if not parts.hostname or parts.scheme not in ({"https", "http"} if self._plain_http else {"https"}):
            raise SettingsError(
                f"{url!r} is no https URL",
                fix="Correct OIDC_ISSUER or OIDC_JWKS_URL, or the issuer's discovery document.",
            )
        connection = (
            http.client.HTTPConnection(parts.hostname, parts.port, timeout=self._seconds)
            if parts.scheme == "http"
            else http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=self._seconds, context=ssl.create_default_context()
            )
        )
        # A timeout of the socket is one of each read; a server that drips needs an end to the whole.
        cut = threading.Event()
        alarm = threading.Timer(self._seconds, _cut_off, (connection, cut))
        alarm.daemon = True
        alarm.start()
        try:
            connection.connect()
            if cut.is_set():
                raise TimeoutError
            target = parts.path or "/"
            connection.request(
                "GET", f"{target}?{parts.query}" if parts.query else target, headers={"Accept": "application/json"}
            )
            response = connection.getresponse()
            if response.status != 200:
                raise TransientError(f"The issuer answered {response.status} for {url}")
            body = response.read(DOCUMENT_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise TransientError(f"The issuer could not be reached: {type(error).__name__}") from error
        finally:
            alarm.cancel()
            connection.close()
        if cut.is_set():
            raise TransientError(f"The issuer took longer than {self._seconds:g} s")
        if len(body) > DOCUMENT_BYTES:
            raise TransientError(f"The issuer's document is larger than {DOCUMENT_BYTES} bytes")
        if response.length:
            raise TransientError("The issuer's document broke off")
        return body


class OidcVerifier:
    """Verifies tokens of `issuer` that were made for one of `audiences`.

    `keys_url` is where its JWK set is; empty to ask the issuer's discovery document. A Cognito access token names
    its audience in `client_id`. The owner is made of issuer and subject together, so that no subject can be chosen
    to equal the owner of a key.
    """

    def __init__(
        self,
        *,
        issuer: str,
        audiences: Sequence[str],
        keys_url: str,
        requests_per_minute: int,
        clock: Clock,
        source: DocumentSource | None = None,
    ) -> None:
        if not audiences:
            raise SettingsError(
                "OIDC_ISSUER is set, but OIDC_AUDIENCE is not",
                fix="Set OIDC_AUDIENCE to the client ids whose tokens are meant for this API, with commas between.",
            )
        self._issuer = issuer
        self._audiences = frozenset(audiences)
        self._keys_url = keys_url
        self._requests_per_minute = requests_per_minute
        self._clock = clock
        self._source = source or HttpsSource()
        self._keys: dict[str, Mapping[str, Any]] = {}
        self._fetched_at: int | None = None
        self._next_fetch = 0

    def verify(self, token: str) -> Caller:
        import jwt

        if len(token) > TOKEN_CHARACTERS:
            raise UnauthenticatedError(f"The token is longer than {TOKEN_CHARACTERS} characters")
        try:
            header = jwt.get_unverified_header(token)
            algorithm, key_id = header.get("alg"), header.get("kid")
            if algorithm not in ALGORITHMS:
                raise UnauthenticatedError("The token is signed by an algorithm that is not accepted")
            if not isinstance(key_id, str):
                raise UnauthenticatedError("The token does not say which of the issuer's keys signed it")
            key = self._key(key_id)
            claims = jwt.decode(
                token,
                jwt.PyJWK(dict(key), str(key.get("alg") or algorithm)),
                algorithms=ALGORITHMS,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={
                    "require": ["exp", "iss", "sub"],
                    "verify_aud": False,  # ours below: Cognito's access tokens have none
                    "enforce_minimum_key_length": True,
                },
            )
        except (jwt.PyJWTError, UnicodeEncodeError) as error:
            raise UnauthenticatedError(f"The token is not valid: {type(error).__name__}") from error
        return self._caller(claims)

    def _caller(self, claims: Mapping[str, Any]) -> Caller:
        audience = claims.get("aud") or claims.get("client_id")
        named = audience if isinstance(audience, list) else [audience]
        if not any(isinstance(name, str) and name in self._audiences for name in named):
            raise UnauthenticatedError("The token was made for another audience")
        subject = claims["sub"]
        if not subject:
            raise UnauthenticatedError("The token has no subject")
        identity = (
            "oidc-" + hashlib.sha256(f"{self._issuer}\n{subject}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
        )
        return Caller(
            owner=identity,
            key_id=identity,
            scopes=_scopes(claims.get("scope")),
            requests_per_minute=self._requests_per_minute,
        )

    def _key(self, key_id: str) -> Mapping[str, Any]:
        now = self._clock.now()
        age = None if self._fetched_at is None else now - self._fetched_at
        if (age is None or age >= KEYS_FRESH or key_id not in self._keys) and now >= self._next_fetch:
            self._refresh(now)
            age = None if self._fetched_at is None else now - self._fetched_at
        if age is None or age >= KEYS_USABLE:
            raise TransientError("The issuer's keys could not be read")
        if key_id not in self._keys:
            raise UnauthenticatedError("The token is signed by none of the issuer's keys")
        return self._keys[key_id]

    def _refresh(self, now: int) -> None:
        """Replace the keys, or leave them as they are and try again soon."""
        self._next_fetch = now + RETRY_AFTER
        try:
            keys = self._read(self._keys_url or self._discover()).get("keys")
        except TransientError:
            return
        if not isinstance(keys, list):
            return
        self._keys = {
            key["kid"]: key
            for key in keys
            if isinstance(key, dict) and isinstance(key.get("kid"), str) and key.get("use", "sig") == "sig"
        }
        self._fetched_at = now
        self._next_fetch = now + REFETCH_AFTER

    def _discover(self) -> str:
        """OpenID Connect Discovery 1.0: the document names its issuer, which must be the one that was asked."""
        document = self._read(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        url = document.get("jwks_uri")
        if document.get("issuer") != self._issuer or not isinstance(url, str):
            raise TransientError("The issuer's discovery document is another's, or names no keys")
        return url

    def _read(self, url: str) -> Mapping[str, Any]:
        try:
            document = json.loads(self._source.read(url))
        except (ValueError, RecursionError) as error:
            raise TransientError("The issuer's document is no JSON") from error
        if not isinstance(document, dict):
            raise TransientError("The issuer's document is no JSON object")
        return document


def _scopes(claim: object) -> frozenset[str]:
    """Ours among the token's scopes: bare (`jobs:read`), or of the resource server `darkroom` (`darkroom/jobs:read`).

    Another resource server's `billing/admin` is not ours. A token without scopes, or with those of OpenID Connect
    only, says nothing about what it may do here and gets what a key without scopes gets. One that was made for
    something else, or whose claim is no text, gets nothing.
    """
    words = set(claim.split()) if isinstance(claim, str) else set()
    if claim is None or (isinstance(claim, str) and words <= OIDC_SCOPES):
        return DEFAULT_SCOPES
    return frozenset(scope.value for scope in Scope if words & {scope.value, RESOURCE_SERVER + scope.value})


def _cut_off(connection: http.client.HTTPConnection, cut: threading.Event) -> None:
    cut.set()
    if connection.sock is not None:
        with suppress(OSError):
            # Not the TLS socket's own shutdown, which would pull the session from under the thread that reads.
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)
