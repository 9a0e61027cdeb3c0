"""Bearer tokens: which are believed, and how rarely the issuer is asked."""

from __future__ import annotations

import base64
import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.adapters.web import tokens
from darkroom.adapters.web.tokens import OidcVerifier
from darkroom.domain.limits import HOUR, MINUTE, SECOND
from darkroom.errors import SettingsError, TransientError, UnauthenticatedError
from darkroom.usecases.access import DEFAULT_SCOPES, OWNER_PATTERN
from hypothesis import example, given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Mapping

ISSUER = "https://issuer.example/pool"
KEYS_URL = "https://issuer.example/pool/keys"
AUDIENCE = "web-app"


@cache
def private_key(name: str) -> Any:
    """One key pair a name: making RSA keys is slow."""
    if name.startswith("ec-"):
        return ec.generate_private_key({"ec-256": ec.SECP256R1(), "ec-384": ec.SECP384R1()}[name])
    if name.startswith("ed-"):
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, 1024 if name == "rsa-weak" else 2048)


def jwk(name: str, **more: str) -> dict[str, Any]:
    """The public half as an issuer publishes it, under the name as its `kid`."""
    public = private_key(name).public_key()
    algorithm: Any = (
        jwt.algorithms.ECAlgorithm
        if name.startswith("ec-")
        else jwt.algorithms.OKPAlgorithm
        if name.startswith("ed-")
        else jwt.algorithms.RSAAlgorithm
    )
    published: dict[str, Any] = json.loads(algorithm.to_jwk(public))
    return published | {"kid": name, "use": "sig"} | more


@dataclass
class Issuer:
    """Its documents by URL; counts who asks, and can be down."""

    published: list[dict[str, Any]] = field(default_factory=lambda: [jwk("rsa-1")])
    documents: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    down: bool = False

    def read(self, url: str) -> bytes:
        self.asked.append(url)
        if self.down:
            raise TransientError("The issuer could not be reached: TimeoutError")
        if url in self.documents:
            return self.documents[url]
        assert url == KEYS_URL
        return json.dumps({"keys": self.published}).encode()

    def sign(self, key: str = "rsa-1", algorithm: str = "RS256", /, *, header: Any = None, **claims: Any) -> str:
        """A good token, apart from what is given; a claim of None is left out."""
        now = int(time.time())
        good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "jane", "iat": now, "exp": now + 300}
        said = {name: value for name, value in {**good, **claims}.items() if value is not None}
        return jwt.encode(said, private_key(key), algorithm, headers={"kid": key, **(header or {})})


@dataclass
class Desk:
    issuer: Issuer = field(default_factory=Issuer)
    clock: MemoryClock = field(default_factory=MemoryClock)

    def __post_init__(self) -> None:
        self.verifier = self.open(KEYS_URL)

    def open(self, keys_url: str) -> OidcVerifier:
        return OidcVerifier(
            issuer=ISSUER,
            audiences=[AUDIENCE, "phone-app"],
            keys_url=keys_url,
            requests_per_minute=60,
            clock=self.clock,
            source=self.issuer,
        )

    def refusal(self, token: str) -> str:
        with pytest.raises(UnauthenticatedError) as refusal:
            self.verifier.verify(token)
        return refusal.value.detail


@pytest.fixture
def desk() -> Desk:
    return Desk()


# --- who it is --------------------------------------------------------------------------------------------------------


def test_a_good_token_is_a_caller_that_no_key_can_be(desk: Desk) -> None:
    caller = desk.verifier.verify(desk.issuer.sign())
    assert caller.owner.startswith("oidc-")
    assert len(caller.owner) == len("oidc-") + 32
    assert caller.key_id == caller.owner
    assert caller.requests_per_minute == 60
    assert caller.scopes == DEFAULT_SCOPES


def test_a_subject_is_always_the_same_owner_and_never_anothers(desk: Desk) -> None:
    def owner(subject: str) -> str:
        return desk.verifier.verify(desk.issuer.sign(sub=subject)).owner

    assert owner("jane") == owner("jane")
    assert len({owner(subject) for subject in ("jane", "Jane", "jane ", "oidc-jane", "acme", "a/../b")}) == 6


def test_whatever_the_subject_the_owner_can_be_part_of_a_path(desk: Desk) -> None:
    import re

    for subject in ("a/../b", "ключ", "x" * 500, "\x00"):
        assert re.fullmatch(OWNER_PATTERN, desk.verifier.verify(desk.issuer.sign(sub=subject)).owner)


@pytest.mark.parametrize(
    ("claim", "scopes"),
    [
        (None, DEFAULT_SCOPES),
        ("", DEFAULT_SCOPES),
        ("openid email", DEFAULT_SCOPES),
        ("openid profile phone address offline_access aws.cognito.signin.user.admin", DEFAULT_SCOPES),
        ("jobs:read", {"jobs:read"}),
        ("openid darkroom/jobs:read darkroom/uploads:write", {"jobs:read", "uploads:write"}),
        ("admin", {"admin"}),
        ("darkroom/jobs:read billing/admin", {"jobs:read"}),
        ("darkroom/jobs:read https://api.example/uploads:write", {"jobs:read"}),
        ("billing/admin", set()),
        ("openid billing/invoices:read", set()),
        ("darkroom/darkroom/admin", set()),
        ("jobs:readwrite administrator", set()),
        (["admin"], set()),
        (7, set()),
    ],
)
def test_scopes_are_ours_among_the_tokens_or_the_usual_ones_where_it_names_nobodys(
    desk: Desk, claim: Any, scopes: set[str]
) -> None:
    assert desk.verifier.verify(desk.issuer.sign(scope=claim)).scopes == scopes


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": AUDIENCE},
        {"aud": "phone-app"},
        {"aud": ["other", AUDIENCE]},
        {"aud": None, "client_id": AUDIENCE, "token_use": "access"},  # Cognito's access token
    ],
)
def test_a_token_for_one_of_our_audiences_is_taken(desk: Desk, claims: dict[str, Any]) -> None:
    assert desk.verifier.verify(desk.issuer.sign(**claims)).owner


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "other"},
        {"aud": None},
        {"aud": []},
        {"aud": ""},
        {"aud": [7, None, {}]},
        {"aud": 7},
        {"aud": {AUDIENCE: 1}},
        {"aud": "web-app-2"},
        {"aud": "other", "client_id": AUDIENCE},
    ],
)
def test_a_token_for_somebody_else_is_refused(desk: Desk, claims: dict[str, Any]) -> None:
    assert desk.refusal(desk.issuer.sign(**claims)) == "The token was made for another audience"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": int(time.time()) - 31}, "ExpiredSignatureError"),
        ({"exp": None}, "MissingRequiredClaimError"),
        ({"exp": "tomorrow"}, "DecodeError"),
        ({"exp": 1e400}, "DecodeError"),
        ({"nbf": int(time.time()) + 3_600}, "ImmatureSignatureError"),
        ({"iat": int(time.time()) + 3_600}, "ImmatureSignatureError"),
        ({"iss": "https://issuer.example/pool/"}, "InvalidIssuerError"),
        ({"iss": "https://evil.example"}, "InvalidIssuerError"),
        ({"iss": None}, "MissingRequiredClaimError"),
        ({"sub": None}, "MissingRequiredClaimError"),
        ({"sub": ""}, "no subject"),
    ],
)
def test_a_token_that_is_out_of_date_or_not_our_issuers_is_refused(
    desk: Desk, claims: dict[str, Any], reason: str
) -> None:
    assert reason in desk.refusal(desk.issuer.sign(**claims))


def test_clocks_may_differ_by_half_a_minute(desk: Desk) -> None:
    now = int(time.time())
    assert desk.verifier.verify(desk.issuer.sign(exp=now - 20, iat=now - 300)).owner
    assert desk.verifier.verify(desk.issuer.sign(nbf=now + 20, iat=now + 20)).owner


# --- signatures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        ("rsa-1", "RS256"),
        ("rsa-1", "RS384"),
        ("rsa-1", "RS512"),
        ("rsa-1", "PS256"),
        ("ec-256", "ES256"),
        ("ec-384", "ES384"),
        ("ed-1", "EdDSA"),
    ],
)
def test_every_usual_public_key_algorithm_is_taken(desk: Desk, key: str, algorithm: str) -> None:
    desk.issuer.published = [jwk(key)]
    assert desk.verifier.verify(desk.issuer.sign(key, algorithm)).owner


def test_a_key_that_is_published_for_one_algorithm_signs_by_no_other(desk: Desk) -> None:
    desk.issuer.published = [jwk("rsa-1", alg="RS256")]
    assert desk.verifier.verify(desk.issuer.sign("rsa-1", "RS256")).owner
    assert "InvalidAlgorithmError" in desk.refusal(desk.issuer.sign("rsa-1", "RS512"))


def unsigned(header: Mapping[str, Any], claims: Mapping[str, Any], signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


CLAIMS = {"iss": ISSUER, "aud": AUDIENCE, "sub": "jane", "exp": int(time.time()) + 3_600}


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None, "HS256", "HS512", "ES256K", ["RS256"], {}, 7])
def test_no_signature_and_a_shared_secret_are_refused_before_the_issuer_is_asked(desk: Desk, algorithm: Any) -> None:
    assert "algorithm" in desk.refusal(unsigned({"alg": algorithm, "kid": "rsa-1"}, CLAIMS))
    assert desk.issuer.asked == []


def test_the_public_key_is_no_shared_secret(desk: Desk) -> None:
    """The classic confusion: HMAC with the bytes of the published key."""
    import hashlib
    import hmac

    pem = private_key("rsa-1").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    body = unsigned({"alg": "HS256", "kid": "rsa-1"}, CLAIMS).rpartition(".")[0]
    forged = base64.urlsafe_b64encode(hmac.new(pem, body.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
    assert "algorithm" in desk.refusal(f"{body}.{forged}")


def test_a_published_secret_signs_nothing(desk: Desk) -> None:
    secret = base64.urlsafe_b64encode(bytes(64)).rstrip(b"=").decode()
    desk.issuer.published = [{"kty": "oct", "k": secret, "kid": "rsa-1", "alg": "HS256"}]
    assert "InvalidAlgorithmError" in desk.refusal(desk.issuer.sign())
    desk.issuer.published = [{"kty": "oct", "k": secret, "kid": "rsa-1"}]
    desk.clock.advance(HOUR)
    assert "InvalidKeyError" in desk.refusal(desk.issuer.sign())


def test_anothers_signature_under_the_issuers_key_id_is_refused(desk: Desk) -> None:
    assert "InvalidSignatureError" in desk.refusal(desk.issuer.sign("rsa-2", header={"kid": "rsa-1"}))


def test_a_changed_claim_breaks_the_signature(desk: Desk) -> None:
    header, _, signature = desk.issuer.sign().split(".")
    claims = unsigned({}, CLAIMS | {"sub": "root"}).split(".")[1]
    assert "InvalidSignatureError" in desk.refusal(f"{header}.{claims}.{signature}")


def test_a_key_in_the_token_itself_is_not_looked_at(desk: Desk) -> None:
    """RFC 8725, 3.10: jwk, jku and x5u are the attacker's word."""
    for header in ({"jwk": jwk("rsa-2")}, {"jku": "https://evil.example/keys"}, {"x5u": "https://evil.example/x"}):
        assert "InvalidSignatureError" in desk.refusal(desk.issuer.sign("rsa-2", header={"kid": "rsa-1", **header}))
    assert desk.issuer.asked == [KEYS_URL]


@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
def test_a_key_that_is_too_short_to_trust_is_refused(desk: Desk) -> None:
    desk.issuer.published = [jwk("rsa-weak")]
    assert "InvalidKeyError" in desk.refusal(desk.issuer.sign("rsa-weak"))


def test_a_key_for_encryption_verifies_nothing(desk: Desk) -> None:
    desk.issuer.published = [jwk("rsa-1", use="enc")]
    assert "none of the issuer's keys" in desk.refusal(desk.issuer.sign())


@pytest.mark.parametrize("key_id", [None, 7, ["rsa-1"], {}])
def test_a_token_must_name_its_key(desk: Desk, key_id: Any) -> None:
    assert desk.refusal(unsigned({"alg": "RS256", "kid": key_id}, CLAIMS))
    assert desk.issuer.asked == []


@given(st.one_of(st.text(st.characters(codec=None)), st.from_regex(r"\A[\w-]{0,40}\.[\w-]{0,40}\.[\w-]{0,40}\Z")))
def test_no_text_is_more_than_a_refused_token(text: str) -> None:
    Desk().refusal(text)


TEXT = st.text(st.characters(codec=None))
VALUES = st.recursive(st.none() | TEXT | st.floats() | st.integers(), lambda inner: st.lists(inner, max_size=3))


@given(st.sampled_from(["exp", "iat", "nbf", "aud", "client_id", "sub", "jti", "iss", "scope"]), VALUES)
@example("sub", "\ud800")
@example("exp", float("nan"))
@example("exp", float("-inf"))
def test_no_claim_that_the_issuer_signs_is_more_than_a_refused_token(claim: str, value: Any) -> None:
    desk = Desk()
    desk.issuer.published = [jwk("ed-1")]
    claims = json.dumps({**CLAIMS, claim: value}).encode()
    token = jwt.PyJWS().encode(claims, private_key("ed-1"), "EdDSA", headers={"kid": "ed-1"})
    with suppress(UnauthenticatedError):
        assert desk.verifier.verify(token).owner.startswith("oidc-")


@pytest.mark.parametrize(
    "token", ["[" * 8_000, "a" * 8_193, unsigned({"alg": "RS256", "kid": "rsa-1", "n": 1}, {}), "..", "a.b.c.d"]
)
def test_an_oversize_or_deep_token_is_refused(desk: Desk, token: str) -> None:
    desk.refusal(token)


def test_a_header_of_five_thousand_digits_or_six_thousand_brackets_is_refused(desk: Desk) -> None:
    for text in ('{"alg": "RS256", "kid": "rsa-1", "n": ' + "9" * 5_000 + "}", "[" * 6_000):
        segment = base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
        desk.refusal(f"{segment}.e30.c2ln")


# --- the issuer's keys ------------------------------------------------------------------------------------------------


def test_the_issuer_is_asked_once_while_its_keys_are_fresh(desk: Desk) -> None:
    for _ in range(10):
        desk.verifier.verify(desk.issuer.sign())
        desk.clock.advance(MINUTE)
    assert desk.issuer.asked == [KEYS_URL]
    desk.clock.advance(5 * MINUTE)
    desk.verifier.verify(desk.issuer.sign())
    assert desk.issuer.asked == [KEYS_URL] * 2


def test_a_rotated_key_is_found_at_once_and_the_old_one_forgotten(desk: Desk) -> None:
    desk.verifier.verify(desk.issuer.sign("rsa-1"))
    desk.clock.advance(MINUTE)
    desk.issuer.published = [jwk("rsa-2")]
    assert desk.verifier.verify(desk.issuer.sign("rsa-2")).owner
    assert "none of the issuer's keys" in desk.refusal(desk.issuer.sign("rsa-1"))


def test_invented_key_ids_make_us_ask_once_a_minute_at_most(desk: Desk) -> None:
    for number in range(50):
        desk.refusal(unsigned({"alg": "RS256", "kid": f"made-up-{number}"}, CLAIMS))
        desk.clock.advance(2 * SECOND)
    assert len(desk.issuer.asked) == 2


def test_the_known_keys_serve_on_while_the_issuer_is_down_but_not_for_ever(desk: Desk) -> None:
    desk.verifier.verify(desk.issuer.sign())
    desk.issuer.down = True
    desk.clock.advance(5 * HOUR)
    assert desk.verifier.verify(desk.issuer.sign()).owner
    assert "none of" in desk.refusal(desk.issuer.sign("rsa-2"))
    desk.clock.advance(HOUR)
    with pytest.raises(TransientError):
        desk.verifier.verify(desk.issuer.sign())
    desk.issuer.down = False
    desk.clock.advance(5 * SECOND)
    assert desk.verifier.verify(desk.issuer.sign()).owner


def test_an_issuer_that_is_down_is_not_asked_by_every_token(desk: Desk) -> None:
    desk.issuer.down = True
    for _ in range(10):
        with pytest.raises(TransientError):
            desk.verifier.verify(desk.issuer.sign())
    assert len(desk.issuer.asked) == 1


@pytest.mark.parametrize(
    "document",
    [
        b"", b"not json", b"[]", b"{}", b'{"keys": {}}', b'{"keys": null}', b"[" * 100_000, b'"\xff"',
        b'{"keys": 1' + b"0" * 5_000 + b"}",
    ],
)  # fmt: skip
def test_a_broken_document_is_trouble_of_the_issuer_and_not_the_callers_fault(desk: Desk, document: bytes) -> None:
    desk.issuer.documents[KEYS_URL] = document
    with pytest.raises(TransientError):
        desk.verifier.verify(desk.issuer.sign())


def test_a_broken_key_among_the_keys_harms_no_other(desk: Desk) -> None:
    broken: list[Any] = [7, None, {}, {"kid": 7}, {"kid": "x"}, {"kid": "y", "kty": "RSA"}, {"kid": "z", "kty": "EC"}]
    desk.issuer.published = [*broken, jwk("rsa-1")]
    assert desk.verifier.verify(desk.issuer.sign()).owner
    for key_id in ("x", "y", "z"):
        desk.refusal(desk.issuer.sign(header={"kid": key_id}))


# --- discovery --------------------------------------------------------------------------------------------------------

DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"


def test_without_a_url_of_keys_the_issuers_discovery_document_names_it(desk: Desk) -> None:
    desk.issuer.documents[DISCOVERY] = json.dumps({"issuer": ISSUER, "jwks_uri": KEYS_URL}).encode()
    assert desk.open("").verify(desk.issuer.sign()).owner
    assert desk.issuer.asked == [DISCOVERY, KEYS_URL]


@pytest.mark.parametrize(
    "document", [{"jwks_uri": KEYS_URL}, {"issuer": "https://evil.example", "jwks_uri": KEYS_URL}, {"issuer": ISSUER}]
)
def test_a_discovery_document_of_another_issuer_is_not_believed(desk: Desk, document: dict[str, str]) -> None:
    desk.issuer.documents[DISCOVERY] = json.dumps(document).encode()
    with pytest.raises(TransientError):
        desk.open("").verify(desk.issuer.sign())
    assert desk.issuer.asked == [DISCOVERY]


def test_an_issuer_without_an_audience_is_a_contradiction() -> None:
    with pytest.raises(SettingsError, match="OIDC_AUDIENCE"):
        OidcVerifier(issuer=ISSUER, audiences=[], keys_url="", requests_per_minute=60, clock=MemoryClock())


def test_only_public_key_algorithms_are_on_the_list() -> None:
    assert all(name[:2] in {"RS", "PS", "ES", "Ed"} for name in tokens.ALGORITHMS)
