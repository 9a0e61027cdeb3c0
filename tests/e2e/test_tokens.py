"""Bearer tokens on the deployed stack: gateway, authorizer and an issuer of the suite's own, whose keys come over TLS.

The issuer's certificate is signed by an authority that nobody but the authorizer knows, and only through the
environment (SSL_CERT_FILE), so nothing in the code is loosened for it.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from local.port import LOOPBACK
from tests.e2e.loopback import Loopback, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from local.stack import Stack

AUDIENCE: Final = "web-app"
KEY: Final = rsa.generate_private_key(65537, 2048)
FOREIGN: Final = rsa.generate_private_key(65537, 2048)
PUBLISHED: Final = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key())) | {"kid": "1", "alg": "RS256"}


def authority(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A new certificate authority: its certificate, and what a server on loopback speaks TLS with under it."""
    now = dt.datetime.now(dt.UTC)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]) for name in ("authority", "issuer")]

    def certificate(number: int, extension: x509.ExtensionType) -> bytes:
        return (
            x509.CertificateBuilder()
            .subject_name(names[number])
            .issuer_name(names[0])
            .public_key(keys[number].public_key())
            .serial_number(number + 1)
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(extension, critical=True)
            .sign(keys[0], hashes.SHA256())
            .public_bytes(Encoding.PEM)
        )

    trusted, served = folder / "authority.pem", folder / "issuer.pem"
    trusted.write_bytes(certificate(0, x509.BasicConstraints(ca=True, path_length=0)))
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(LOOPBACK))])
    private = keys[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    served.write_bytes(private + certificate(1, here))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(served)
    return trusted, context


@dataclass(frozen=True)
class Issuer:
    url: str

    def token(self, key: Any = KEY, algorithm: str = "RS256", kid: str = "1", **claims: Any) -> str:
        """A good token, apart from what is given."""
        now = int(time.time())
        good = {"iss": self.url, "aud": AUDIENCE, "sub": "jane", "iat": now, "exp": now + 300}
        return jwt.encode(good | claims, key, algorithm, headers={"kid": kid})


@pytest.fixture(scope="module")
def configure(stack: Stack) -> Iterator[Callable[..., None]]:
    """Give the deployed authorizer these variables besides its own, which it has back in the end."""
    functions, name = stack.client("lambda"), stack.outputs["AuthorizerFunctionName"]
    own = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]

    def give(**variables: str) -> None:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": own | variables})

    yield give
    give()


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory, configure: Callable[..., None]) -> Iterator[Issuer]:
    """An issuer over TLS on loopback, whom the deployed authorizer believes."""
    trusted, tls = authority(tmp_path_factory.mktemp("issuer"))
    with serve(tls) as here:
        issuer = publish(here)
        configure(OIDC_ISSUER=issuer.url, OIDC_AUDIENCE=AUDIENCE, SSL_CERT_FILE=str(trusted))
        yield issuer


def publish(here: Loopback) -> Issuer:
    issuer = Issuer(here.url(""))
    here.pages["/keys"] = json.dumps({"keys": [PUBLISHED]}).encode()
    discovery = {"issuer": issuer.url, "jwks_uri": here.url("/keys")}
    here.pages["/.well-known/openid-configuration"] = json.dumps(discovery).encode()
    return issuer


def bearing(stack: Stack, token: str) -> httpx.Client:
    return httpx.Client(
        base_url=stack.api_url, headers={"authorization": f"Bearer {token}"}, timeout=60, trust_env=False
    )


def test_a_good_token_is_let_in_as_an_owner_of_its_own(stack: Stack, issuer: Issuer, api: httpx.Client) -> None:
    with bearing(stack, issuer.token()) as jane, bearing(stack, issuer.token(sub="joe")) as joe:
        assert jane.get("/jobs").json() == {"jobs": []}
        signed = jane.post("/uploads/presign", json={"filename": "cat.jpg"}).json()
        urls = {"imageUrls": [f"s3://{signed['bucket']}/{signed['key']}"]}
        job = jane.post("/process", json=urls)
        assert job.status_code == 202, job.text
        path = f"/jobs/{job.json()['jobId']}"
        assert [client.get(path).status_code for client in (jane, joe, api)] == [200, 404, 404]
        assert [client.post("/process", json=urls).status_code for client in (joe, api)] == [404, 404]


def test_a_token_may_do_what_its_scopes_say(stack: Stack, issuer: Issuer) -> None:
    upload = {"filename": "cat.jpg"}
    for scope, statuses in (
        ("openid email", [200, 200]),
        ("jobs:read", [200, 403]),
        ("darkroom/uploads:write", [403, 200]),
        ("billing/admin", [403, 403]),
    ):
        with bearing(stack, issuer.token(scope=scope)) as client:
            answers = [client.get("/jobs"), client.post("/uploads/presign", json=upload)]
        assert [answer.status_code for answer in answers] == statuses, scope


REFUSED: Final[dict[str, Callable[[Issuer], str]]] = {
    "past its time": lambda issuer: issuer.token(exp=int(time.time()) - 120),
    "signed by another's key": lambda issuer: issuer.token(FOREIGN),
    "of a key that the issuer does not have": lambda issuer: issuer.token(FOREIGN, kid="2"),
    "of another issuer": lambda issuer: issuer.token(iss="https://issuer.example"),
    "for another audience": lambda issuer: issuer.token(aud="another-app"),
    "not signed": lambda issuer: issuer.token("", "none"),
    "signed with a secret": lambda issuer: issuer.token("0" * 64, "HS256"),
    "changed on the way": lambda issuer: "".join(
        (*issuer.token().rpartition(".")[:2], issuer.token(sub="joe").rpartition(".")[2])
    ),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_any_other_token_is_401(stack: Stack, issuer: Issuer, fault: str) -> None:
    with bearing(stack, REFUSED[fault](issuer)) as client:
        assert client.get("/jobs").status_code == 401
    with bearing(stack, issuer.token()) as client:
        assert client.get("/jobs").status_code == 200


def test_a_key_still_opens_where_tokens_do(api: httpx.Client, issuer: Issuer) -> None:
    assert issuer.url.startswith("https://")
    assert api.get("/jobs").status_code == 200


def test_an_issuer_that_nobody_vouches_for_is_not_asked_for_its_keys(
    stack: Stack, issuer: Issuer, configure: Callable[..., None], tmp_path: Path
) -> None:
    another, _ = authority(tmp_path)
    configure(OIDC_ISSUER=issuer.url, OIDC_AUDIENCE=AUDIENCE, SSL_CERT_FILE=str(another))
    with bearing(stack, issuer.token()) as client:
        assert client.get("/jobs").status_code == 500  # AUTHORIZER_FAILURE: 503 on AWS, by a rule of tests/template
