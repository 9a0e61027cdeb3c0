"""The issuer's documents over real sockets: https alone, no redirects, and an end to every wait."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from darkroom.adapters.clock import SystemClock
from darkroom.adapters.web import tokens
from darkroom.adapters.web.tokens import HttpsSource, OidcVerifier
from darkroom.errors import SettingsError, TransientError, UnauthenticatedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Behave = Callable[[socket.socket], None]
    Serve = Callable[[Behave], str]


def reply(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def answer(body: bytes, status: str = "200 OK", *headers: str) -> Behave:
    def behave(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(reply(body, status, *headers))

    return behave


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A server on loopback that treats every connection in the given way; its URL."""
    open_sockets: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(behave: Behave) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        open_sockets.append(listener)

        def run() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                open_sockets.append(connection)
                with suppress(OSError), connection:
                    behave(connection)

        thread = threading.Thread(target=run)
        thread.start()
        threads.append(thread)
        return f"http://127.0.0.1:{listener.getsockname()[1]}/keys"

    yield start
    for each in open_sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()


SOURCE = HttpsSource(seconds=0.4, plain_http=True)


def test_a_document_is_read_whole(serve: Serve) -> None:
    assert SOURCE.read(serve(answer(b'{"keys": []}'))) == b'{"keys": []}'


def test_path_and_query_are_asked_for_as_they_are(serve: Serve) -> None:
    seen: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        seen.append(connection.recv(65_536))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    url = serve(behave)
    SOURCE.read(f"{url}?p=B2C_1")
    SOURCE.read(url.removesuffix("/keys"))
    assert [line.split(b"\r\n")[0] for line in seen] == [b"GET /keys?p=B2C_1 HTTP/1.1", b"GET / HTTP/1.1"]


def test_a_verifier_with_an_issuer_on_loopback_takes_its_tokens_and_no_others(serve: Serve) -> None:
    key, other = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    published = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) | {"kid": "1", "alg": "RS256"}
    documents: dict[str, object] = {"/keys": {"keys": [published]}}

    def behave(connection: socket.socket) -> None:
        path = connection.recv(65_536).split(b" ")[1].decode()
        connection.sendall(reply(json.dumps(documents[path]).encode()))

    keys_url = serve(behave)
    issuer = keys_url.removesuffix("/keys")
    documents["/.well-known/openid-configuration"] = {"issuer": issuer, "jwks_uri": keys_url}
    verifier = OidcVerifier(
        issuer=issuer,
        audiences=["web-app"],
        keys_url="",
        requests_per_minute=60,
        clock=SystemClock(),
        source=HttpsSource(plain_http=True),
    )
    claims = {"iss": issuer, "aud": "web-app", "sub": "jane", "exp": int(time.time()) + 60, "scope": "jobs:read"}
    caller = verifier.verify(jwt.encode(claims, key, "RS256", headers={"kid": "1"}))
    assert caller.scopes == {"jobs:read"}
    with pytest.raises(UnauthenticatedError):
        verifier.verify(jwt.encode(claims, other, "RS256", headers={"kid": "1"}))


# --- refused ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/keys", "HTTP://issuer.example/", "ftp://issuer.example/keys",
                                 "file:///etc/passwd", "https://", "", "issuer.example", "data:,{}"])  # fmt: skip
def test_anything_but_https_is_a_fault_of_the_settings(url: str) -> None:
    with pytest.raises(SettingsError, match="no https URL"):
        HttpsSource().read(url)


def test_no_setting_of_the_environment_opens_plain_http(monkeypatch: pytest.MonkeyPatch, serve: Serve) -> None:
    url = serve(answer(b"{}"))
    for name in ("PLAIN_HTTP", "OIDC_PLAIN_HTTP", "http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "1" if "PROXY" not in name.upper() else url)
    with pytest.raises(SettingsError):
        HttpsSource().read(url)


def test_a_redirect_is_not_followed(serve: Serve) -> None:
    elsewhere = serve(answer(b'{"keys": []}'))
    for status in ("301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"):
        with pytest.raises(TransientError, match=status[:3]):
            SOURCE.read(serve(answer(b"", status, f"Location: {elsewhere}")))


@pytest.mark.parametrize("status", ["204 No Content", "404 Not Found", "500 Internal Server Error"])
def test_a_status_that_is_not_200_is_no_document(serve: Serve, status: str) -> None:
    with pytest.raises(TransientError, match=status[:3]):
        SOURCE.read(serve(answer(b"", status)))


def test_a_document_of_the_largest_size_is_read_and_a_larger_one_is_not(serve: Serve) -> None:
    assert len(SOURCE.read(serve(answer(b" " * tokens.DOCUMENT_BYTES)))) == tokens.DOCUMENT_BYTES
    with pytest.raises(TransientError, match="larger than"):
        SOURCE.read(serve(answer(b" " * (tokens.DOCUMENT_BYTES + 1))))


def _endless(start: bytes, piece: bytes) -> Behave:
    """`start`, then `piece` again and again, a little each 20 ms, for as long as anybody listens."""

    def behave(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(start)
        while True:
            connection.sendall(piece)
            time.sleep(0.02)

    return behave


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (b"HTTP/1.1 200 OK\r\n", b"x-more: 1\r\n"),
        (b"HTTP/1.1 200 OK\r\nx-long: ", b"x"),
        (b"", b"H"),
    ],
    ids=["body", "chunks", "headers", "one header", "status line"],
)
def test_a_server_that_drips_is_cut_off(serve: Serve, start: bytes, piece: bytes) -> None:
    url = serve(_endless(start, piece))
    began = time.monotonic()
    with pytest.raises(TransientError):
        SOURCE.read(url)
    assert time.monotonic() - began < 2


def test_a_server_that_says_nothing_is_left(serve: Serve) -> None:
    url = serve(lambda connection: (connection.recv(65_536) and time.sleep(1)) or None)  # type: ignore[func-returns-value]
    began = time.monotonic()
    with pytest.raises(TransientError):
        SOURCE.read(url)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("start", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"])
def test_a_server_that_hangs_up_or_talks_nonsense_is_trouble_of_the_issuer(serve: Serve, start: bytes) -> None:
    def behave(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(start)

    with pytest.raises(TransientError):
        SOURCE.read(serve(behave))


def test_nobody_there_is_trouble_of_the_issuer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port = closing.getsockname()[1]
    with pytest.raises(TransientError):
        SOURCE.read(f"http://127.0.0.1:{port}/")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "issuer.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + signed.public_bytes(Encoding.PEM)
    )
    return path


@pytest.mark.parametrize("trusted", [True, False])
def test_https_is_spoken_with_an_issuer_whose_certificate_is_trusted_and_with_no_other(
    serve: Serve, certificate: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def behave(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as speaking:
            answer(b"{}")(speaking)

    url = serve(behave).replace("http://", "https://")
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert HttpsSource().read(url) == b"{}"
    else:
        with pytest.raises(TransientError, match="SSLCertVerificationError"):
            HttpsSource().read(url)


def test_a_server_that_drips_over_tls_is_cut_off(
    serve: Serve, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def behave(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as speaking:
            _endless(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" ")(speaking)

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    began = time.monotonic()
    with pytest.raises(TransientError):
        HttpsSource(seconds=0.4).read(serve(behave).replace("http://", "https://"))
    assert time.monotonic() - began < 2
