"""The guarded fetcher over sockets: what it sends, TLS by name, time, and what it leaves alone.

Which addresses and hosts it refuses is in `test_fetcher_vectors.py`.
"""

from __future__ import annotations

import datetime as dt
import gzip
import socket
import ssl
import subprocess
import sys
import threading
import time
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from darkroom.adapters.web import fetcher as web_fetcher
from darkroom.adapters.web.fetcher import GuardedFetcher
from darkroom.errors import FetchFailedError, TooLargeError, UnacceptableUrlError

from tests.stub_web import ALSO_PUBLIC, PUBLIC, StubWeb, redirect, response, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.stub_web import Script

NAMES = {"shop.example": [[PUBLIC]], "cdn.example": [[ALSO_PUBLIC, PUBLIC]]}


@pytest.fixture
def web() -> Iterator[Callable[..., StubWeb]]:
    made: list[StubWeb] = []

    def make(*scripts: Script) -> StubWeb:
        made.append(StubWeb(NAMES, scripts))
        return made[-1]

    yield make
    for stub in made:
        stub.close()


def guarded(web: StubWeb, deadline: int = 5_000) -> GuardedFetcher:
    return GuardedFetcher(resolve=web.resolve, connect=web.connect, deadline=deadline)


# --- what is sent and what comes back ---------------------------------------------------------------------------------


def test_a_get_names_the_host_and_itself_and_connects_to_the_resolved_address(web: Callable[..., StubWeb]) -> None:
    stub = web(response(body=b"<html>", content_type="text/html"))
    fetched = guarded(stub).get("http://Shop.example/a%20b?c=d#e", limit=100)
    assert (fetched.url, fetched.status, fetched.body) == ("http://shop.example/a%20b?c=d", 200, b"<html>")
    assert fetched.headers["content-type"] == "text/html"
    assert stub.attempts == [(PUBLIC, 80)]
    (request,) = stub.requests()
    head, *fields = request.removesuffix(b"\r\n\r\n").split(b"\r\n")
    assert head == b"GET /a%20b?c=d HTTP/1.1"
    assert sorted(fields) == [
        b"Accept-Encoding: gzip",
        b"Accept: */*",
        b"Connection: close",
        b"Host: shop.example",
        b"User-Agent: Darkroom/1.0 (fetches what its users name)",
    ]


def test_a_place_on_loopback_that_was_named_is_fetched_from_and_posted_to(web: Callable[..., StubWeb]) -> None:
    place = ("127.0.0.1", 8080)
    stub = web(redirect("/b"), response(body=b"here"), response(202))
    fetcher = GuardedFetcher(resolve=stub.resolve, connect=stub.connect, loopback=frozenset({place}))
    fetcher.check("http://127.0.0.1:8080/a")
    fetched = fetcher.get("http://127.0.0.1:8080/a", limit=100)
    assert (fetched.url, fetched.body) == ("http://127.0.0.1:8080/b", b"here")
    assert fetcher.post("http://127.0.0.1:8080/", body=b"", headers={}, limit=0, timeout=5_000).status == 202
    assert (stub.attempts, stub.lookups) == ([place] * 3, [])


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.0.0.1:8081/",
        "http://[::1]:8080/",
        "http://10.0.0.1:8080/",
        "http://inside.example/",
        "http://inside.example:8080/",
    ],
)
def test_a_named_place_opens_nothing_else_of_this_machine(url: str) -> None:
    stub = StubWeb({"inside.example": [["127.0.0.1"]], "shop.example": [[PUBLIC]]}, [redirect(url)] * 9)
    fetcher = GuardedFetcher(
        resolve=stub.resolve, connect=stub.connect, loopback=frozenset({("127.0.0.1", 8080)}), deadline=5_000
    )
    with pytest.raises(UnacceptableUrlError):
        fetcher.get(url, limit=100)
    with pytest.raises(UnacceptableUrlError):
        fetcher.post(url, body=b"", headers={}, limit=0, timeout=5_000)
    assert stub.attempts == []
    with pytest.raises(UnacceptableUrlError):
        fetcher.get("http://shop.example/", limit=100)
    assert stub.attempts == [(PUBLIC, 80)]
    stub.close()


def test_a_port_and_an_ipv6_host_are_named_in_the_host_header(web: Callable[..., StubWeb]) -> None:
    stub = web()
    guarded(stub).get(f"http://[{ALSO_PUBLIC}]:443/", limit=100)
    assert f"Host: [{ALSO_PUBLIC}]:443\r\n".encode() in stub.requests()[0]
    assert (stub.attempts, stub.lookups) == ([(ALSO_PUBLIC, 443)], [])


def test_a_post_sends_its_body_and_follows_nothing(web: Callable[..., StubWeb]) -> None:
    stub = web(redirect("http://cdn.example/"))
    fetched = guarded(stub).post(
        "http://shop.example/hook", body=b'{"a":1}', headers={"webhook-id": "m1"}, limit=100, timeout=1_000
    )
    assert (fetched.status, fetched.headers["location"]) == (302, "http://cdn.example/")
    (request,) = stub.requests()
    assert request.startswith(b"POST /hook HTTP/1.1\r\n")
    assert b"\r\nwebhook-id: m1\r\n" in request
    assert b"\r\nContent-Length: 7\r\n" in request
    assert request.endswith(b'\r\n\r\n{"a":1}')


def test_a_host_that_answers_a_post_before_reading_it_is_heard(web: Callable[..., StubWeb]) -> None:
    def refuse_early(connection: socket.socket) -> None:
        connection.recv(10)
        connection.sendall(response(413, b"no"))
        connection.shutdown(socket.SHUT_RDWR)

    stub = web(refuse_early)
    body = bytes(5_000_000)
    assert guarded(stub).post("http://shop.example/", body=body, headers={}, limit=9, timeout=5_000).status == 413


def test_three_redirects_are_followed_each_resolved_and_pinned_anew(web: Callable[..., StubWeb]) -> None:
    stub = web(redirect("/two"), redirect("//cdn.example/three", 308), redirect("http://shop.example/é"), response())
    fetched = guarded(stub).get("http://shop.example/one", limit=100)
    assert (fetched.url, fetched.body) == ("http://shop.example/%C3%A9", b"hello")
    assert stub.lookups == ["shop.example", "shop.example", "cdn.example", "shop.example"]
    assert [address for address, _ in stub.attempts] == [PUBLIC, PUBLIC, ALSO_PUBLIC, PUBLIC]


def test_a_fourth_redirect_is_not_followed(web: Callable[..., StubWeb]) -> None:
    stub = web(*[redirect("/on")] * 4)
    with pytest.raises(FetchFailedError, match="more than 3 times"):
        guarded(stub).get("http://shop.example/", limit=100)
    assert len(stub.attempts) == 4


def test_cookies_are_not_kept(web: Callable[..., StubWeb]) -> None:
    stub = web(response(302, b"", location="/two", set_cookie="session=1"), response())
    guarded(stub).get("http://shop.example/", limit=100)
    assert b"session" not in stub.requests()[1]


def test_proxies_of_the_environment_are_ignored(web: Callable[..., StubWeb], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    stub = web(response())
    assert guarded(stub).get("http://shop.example/", limit=100).body == b"hello"
    assert stub.attempts == [(PUBLIC, 80)]


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (response(body=b"a" * 100), b"a" * 100),
        (response(body=gzip.compress(b"a" * 100), content_encoding="gzip"), b"a" * 100),
        (response(body=gzip.compress(b"a" * 60) + gzip.compress(b"a" * 40), content_encoding="x-gzip"), b"a" * 100),
        (response(body=b"", content_encoding="gzip"), b""),
        (response(204, b"", content_encoding="gzip"), b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", b"abcde"),
        (b"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\n\r\nHTTP/1.0 200 OK\r\n\r\nto the end", b"to the end"),
        (response(404, b"none"), b"none"),
    ],
    ids=["plain", "gzip", "members", "empty", "no content", "chunked", "after interim answers", "not found"],
)
def test_bodies_are_decoded_up_to_the_limit(web: Callable[..., StubWeb], answer: bytes, body: bytes) -> None:
    assert guarded(web(answer)).get("http://shop.example/", limit=100).body == body
    if len(body) == 100:
        with pytest.raises(TooLargeError, match="larger than 99 bytes"):
            guarded(web(answer)).get("http://shop.example/", limit=99)


def test_a_large_body_in_small_packets_behind_split_headers_arrives_whole(web: Callable[..., StubWeb]) -> None:
    def play(connection: socket.socket) -> None:
        answer = response(body=bytes(1_000_000), x="a" * 30_000)
        for start in range(0, len(answer), 1_400):
            connection.sendall(answer[start : start + 1_400])

    assert guarded(web(play)).get("http://shop.example/", limit=1_000_000).body == bytes(1_000_000)


def test_a_bomb_costs_no_more_memory_than_the_limit(web: Callable[..., StubWeb]) -> None:
    stub = web(response(body=gzip.compress(bytes(100_000_000), 9), content_encoding="gzip"))
    fetcher = guarded(stub)
    tracemalloc.start()
    with pytest.raises(TooLargeError):
        fetcher.get("http://shop.example/", limit=100_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def test_a_name_that_does_not_exist_says_so(web: Callable[..., StubWeb]) -> None:
    with pytest.raises(FetchFailedError, match=r"no host nowhere\.example") as failed:
        guarded(web()).get("http://nowhere.example/", limit=9)
    assert failed.value.exact_code == "HOST_NOT_FOUND"


def test_the_refusal_does_not_say_which_address_it_saw() -> None:
    stub = StubWeb({"inside.example": [["10.1.2.3"]]})
    with pytest.raises(UnacceptableUrlError) as refused:
        guarded(stub).get("http://inside.example/", limit=9)
    assert "10.1" not in refused.value.detail + refused.value.fix


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "https://[::1]/", "ftp://shop.example/", "http://2130706433/"])
def test_the_check_needs_no_network(url: str) -> None:
    stub = StubWeb({})
    with pytest.raises(UnacceptableUrlError):
        guarded(stub).check(url)
    guarded(stub).check("https://not-looked-up.example/")
    assert (stub.lookups, stub.attempts) == ([], [])


def test_the_check_loads_no_http_library() -> None:
    code = (
        "import sys; from darkroom.adapters.web.fetcher import GuardedFetcher;"
        "GuardedFetcher().check('https://shop.example/a.jpg');"
        "print(sorted({'httpcore', 'httpx', 'h11', 'ssl', 'idna', 'anyio'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


# --- time -------------------------------------------------------------------------------------------------------------


def test_a_name_server_that_hangs_costs_the_deadline_and_not_the_process() -> None:
    code = (
        "import time; from darkroom.adapters.web.fetcher import GuardedFetcher\n"
        "from darkroom.errors import FetchFailedError\n"
        "try: GuardedFetcher(resolve=lambda *_: time.sleep(60), deadline=200).get('http://shop.example/', limit=9)\n"
        "except FetchFailedError as error: print(error.exact_code)"
    )
    began = time.monotonic()
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "FETCH_TIMED_OUT\n"
    assert time.monotonic() - began < 20


def test_redirects_share_one_deadline(web: Callable[..., StubWeb]) -> None:
    def slowly(connection: socket.socket) -> None:
        time.sleep(0.1)
        connection.sendall(redirect("/on"))

    began = time.monotonic()
    with pytest.raises(FetchFailedError) as failed:
        guarded(web(*[slowly] * 4), deadline=250).get("http://shop.example/", limit=9)
    assert failed.value.exact_code == "FETCH_TIMED_OUT"
    assert 0.2 < time.monotonic() - began < 2


def test_a_post_has_the_time_that_it_is_given(web: Callable[..., StubWeb]) -> None:
    def silently(connection: socket.socket) -> None:
        while connection.recv(4096):
            pass

    began = time.monotonic()
    with pytest.raises(FetchFailedError, match=r"within 0\.1 s"):
        guarded(web(silently)).post("http://shop.example/", body=b"", headers={}, limit=9, timeout=100)
    assert time.monotonic() - began < 2


def test_a_host_that_does_not_read_what_is_posted_costs_the_deadline(web: Callable[..., StubWeb]) -> None:
    done = threading.Event()
    stub = web(lambda _: done.wait(10) and None)
    with pytest.raises(FetchFailedError) as failed:
        guarded(stub).post("http://shop.example/", body=bytes(5_000_000), headers={}, limit=9, timeout=200)
    done.set()
    assert failed.value.exact_code == "FETCH_TIMED_OUT"


def test_an_address_that_swallows_packets_leaves_time_for_the_next_one() -> None:
    stub = StubWeb({"shop.example": [[ALSO_PUBLIC, PUBLIC, PUBLIC]]})
    granted: list[float] = []

    def connect(address: str, port: int, seconds: float) -> socket.socket:
        granted.append(seconds)
        if address == ALSO_PUBLIC:
            raise TimeoutError
        return stub.connect(address, port, seconds)

    fetcher = GuardedFetcher(resolve=stub.resolve, connect=connect, deadline=1_000)
    assert fetcher.get("http://shop.example/", limit=9).status == 200
    assert 0.4 < granted[0] <= 0.5 < granted[1] <= 1
    stub.close()


def test_no_more_than_four_addresses_are_tried() -> None:
    stub = StubWeb({"shop.example": [[f"93.184.216.{last}" for last in range(40)]]})
    tried: list[str] = []

    def refuse(address: str, port: int, seconds: float) -> socket.socket:
        tried.append(address)
        raise ConnectionRefusedError

    with pytest.raises(FetchFailedError, match="connection to the host failed") as failed:
        GuardedFetcher(resolve=stub.resolve, connect=refuse).get("http://shop.example/", limit=9)
    assert failed.value.exact_code == "CONNECTION_FAILED"
    assert tried == [f"93.184.216.{last}" for last in range(4)]


# --- real sockets and TLS ---------------------------------------------------------------------------------------------


def test_the_real_connector_refuses_and_is_refused_like_any_socket() -> None:
    with (
        serve(lambda connection: connection.sendall(b"hi")) as port,
        web_fetcher.connect("127.0.0.1", port, 1.0) as connection,
    ):
        assert connection.recv(2) == b"hi"
    with pytest.raises(OSError, match="refused"):
        web_fetcher.connect("127.0.0.1", port, 1.0)


def test_the_real_resolver_asks_for_the_full_name_and_gives_every_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def records(host: str, port: int, **asked: object) -> list[tuple[object, ...]]:
        assert (host, port, asked) == ("shop.example.", 80, {"type": socket.SOCK_STREAM})
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (ALSO_PUBLIC, 80, 0, 0)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (PUBLIC, 80)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", records)
    assert web_fetcher.resolve("shop.example", 80) == [ALSO_PUBLIC, PUBLIC]


def test_the_real_resolver_knows_no_invalid_name() -> None:
    with pytest.raises(FetchFailedError) as failed:
        GuardedFetcher().get("http://shop.invalid/", limit=9)
    assert failed.value.exact_code == "HOST_NOT_FOUND"


class Authority:
    """A certificate authority for one test, and what it signs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        names = x509.SubjectAlternativeName([x509.DNSName("authority.example")])
        self.certificate = self._sign(self._name, self._key, names, ca=True)

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self.certificate.public_bytes(serialization.Encoding.PEM).decode())

    def server(self, *names: str, seen: list[str | None]) -> ssl.SSLContext:
        """A context for a server of these names, which notes the name that each client asks for."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        certificate = self._sign(x509.Name([]), key, alternatives)
        pem = self._folder / f"{'-'.join(names)}.pem"
        pem.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        context.sni_callback = lambda _socket, name, _context: seen.append(name)
        return context

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        names: x509.SubjectAlternativeName,
        *,
        ca: bool = False,
    ) -> x509.Certificate:
        """With all that OpenSSL's strict mode asks for, which Python 3.13 has on by default."""
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(names, critical=not subject.rdns)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .add_extension(_usage(ca=ca), critical=True)
            .sign(self._key, hashes.SHA256())
        )


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def over_tls(port: int, trust: ssl.SSLContext | None, deadline: int = 5_000) -> GuardedFetcher:
    stub = StubWeb(NAMES)
    return GuardedFetcher(
        resolve=stub.resolve,
        connect=lambda _address, _port, seconds: web_fetcher.connect("127.0.0.1", port, seconds),
        trust=trust,
        deadline=deadline,
    )


def test_tls_is_by_name_while_the_connection_is_by_address(authority: Authority) -> None:
    seen: list[str | None] = []
    server = authority.server("shop.example", seen=seen)

    def play(connection: socket.socket) -> None:
        with server.wrap_socket(connection, server_side=True) as secure:
            host = next(line for line in secure.recv(4096).split(b"\r\n") if line.startswith(b"Host"))
            secure.sendall(response(body=host))

    with serve(play) as port:
        fetched = over_tls(port, authority.trust()).get("https://SHOP.example./", limit=100)
    assert (fetched.body, seen) == (b"Host: shop.example", ["shop.example"])


def test_a_certificate_of_another_name_or_authority_is_refused(authority: Authority) -> None:
    server = authority.server("other.example", seen=[])

    def play(connection: socket.socket) -> None:
        with server.wrap_socket(connection, server_side=True) as secure:
            secure.sendall(response())

    with serve(play) as port:
        for trust in (authority.trust(), None):
            with pytest.raises(FetchFailedError, match=r"certificate of shop\.example is not valid"):
                over_tls(port, trust).get("https://shop.example/", limit=100)


def test_a_body_over_tls_in_small_records_arrives_whole(authority: Authority) -> None:
    server = authority.server("shop.example", seen=[])

    def play(connection: socket.socket) -> None:
        with server.wrap_socket(connection, server_side=True) as secure:
            secure.recv(4096)
            answer = response(body=bytes(300_000))
            for start in range(0, len(answer), 997):
                secure.sendall(answer[start : start + 997])

    with serve(play) as port:
        assert over_tls(port, authority.trust()).get("https://shop.example/", limit=300_000).body == bytes(300_000)


def test_a_handshake_that_never_ends_costs_the_deadline(authority: Authority) -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(4096)
        for byte in b"\x16\x03\x03\x20\x00" + bytes(1000):
            connection.sendall(bytes([byte]))
            time.sleep(0.02)

    with serve(drip) as port:
        began = time.monotonic()
        with pytest.raises(FetchFailedError) as failed:
            over_tls(port, authority.trust(), deadline=200).get("https://shop.example/", limit=9)
    assert failed.value.exact_code == "FETCH_TIMED_OUT"
    assert time.monotonic() - began < 2


def test_a_host_that_speaks_no_tls_fails_the_fetch(authority: Authority) -> None:
    with (
        serve(lambda connection: connection.sendall(response())) as port,
        pytest.raises(FetchFailedError, match="connection to the host failed"),
    ):
        over_tls(port, authority.trust()).get("https://shop.example/", limit=9)
