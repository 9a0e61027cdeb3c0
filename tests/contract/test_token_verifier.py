"""One suite for every TokenVerifier: OpenID Connect's and its twin in memory."""

from __future__ import annotations

import hashlib
import json
import time
from functools import cache
from typing import TYPE_CHECKING

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from darkroom.adapters.memory.access import MemoryTokenVerifier
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.adapters.web.tokens import OidcVerifier
from darkroom.domain.callers import Caller
from darkroom.errors import UnauthenticatedError

if TYPE_CHECKING:
    from darkroom.ports import TokenVerifier

ISSUER = "https://issuer.example"
CALLER = Caller(
    owner="oidc-" + hashlib.sha256(f"{ISSUER}\njane".encode()).hexdigest()[:32],
    key_id="oidc-" + hashlib.sha256(f"{ISSUER}\njane".encode()).hexdigest()[:32],
    scopes=frozenset({"jobs:read"}),
    requests_per_minute=60,
)


@cache
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@cache
def token() -> str:
    claims = {"iss": ISSUER, "aud": "web", "sub": "jane", "scope": "jobs:read", "exp": int(time.time()) + 3_600}
    return jwt.encode(claims, key(), "EdDSA", headers={"kid": "1"})


class Published:
    def read(self, url: str) -> bytes:
        public = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(key().public_key()))
        return json.dumps({"keys": [public | {"kid": "1"}]}).encode()


@pytest.fixture(params=["memory", "oidc"])
def verifier(request: pytest.FixtureRequest) -> TokenVerifier:
    if request.param == "memory":
        return MemoryTokenVerifier({token(): CALLER})
    return OidcVerifier(
        issuer=ISSUER,
        audiences=["web"],
        keys_url=f"{ISSUER}/keys",
        requests_per_minute=60,
        clock=MemoryClock(),
        source=Published(),
    )


def test_a_good_token_is_its_caller_each_time(verifier: TokenVerifier) -> None:
    assert verifier.verify(token()) == verifier.verify(token()) == CALLER


@pytest.mark.parametrize("change", ["", "x", "..", "\ud800", "{}\n", "{}.", ".{}", "Bearer {}"])
def test_anything_else_is_nobody(verifier: TokenVerifier, change: str) -> None:
    with pytest.raises(UnauthenticatedError):
        verifier.verify(change.replace("{}", token()))
