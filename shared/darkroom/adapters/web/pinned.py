"""One HTTP request over one connection to addresses that were checked beforehand, within one deadline.

The pin sits in httpcore, the transport beneath httpx: its network backend is the only place where a connection is made,
so the name in the URL serves the Host header, SNI and the certificate alone, and nothing below resolves it again. There
is no pool, no proxy, no cookie and no redirect to switch off, because none of them is here.
"""

from __future__ import annotations

import ssl
import time
import zlib
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import httpcore

from darkroom.domain.limits import KIB
from darkroom.errors import CONNECTION_FAILED, FETCH_TIMED_OUT, FetchFailedError, TooLargeError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from darkroom.domain.addresses import WebAddress

    Connector = Callable[[str, int, float], socket.socket]
    """Opens a TCP connection to an IP address and port within some seconds. Raises OSError."""

HEADER_BYTES: Final = 64 * KIB
"""Status lines, headers and interim answers together, as they come over the wire."""


class Deadline:
    """The end of a whole fetch: each wait inside it gets what the earlier ones left."""

    def __init__(self, milliseconds: int) -> None:
        self._end = time.monotonic() + milliseconds / 1000
        self._milliseconds = milliseconds

    def seconds(self) -> float:
        """What is left, above zero. Raises FetchFailedError when nothing is."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.passed()
        return left

    def passed(self) -> FetchFailedError:
        return FetchFailedError(
            f"The host did not answer in full within {self._milliseconds / 1000:g} s",
            fix="Try again later, or use a faster host.",
            code=FETCH_TIMED_OUT,
        )


class Answer:
    """The head of an answer, and its body while the connection is open. Header names are lower case."""

    def __init__(self, response: httpcore.Response, network: _PinnedNetwork, deadline: Deadline) -> None:
        self.status = response.status
        self.headers = _joined(response.headers)
        self._response = response
        self._network = network
        self._deadline = deadline

    def read(self, limit: int) -> bytes:
        """The decoded body. Raises TooLargeError as soon as it cannot fit into `limit` bytes any more."""
        coding = self.headers.get("content-encoding", "identity").strip().lower()
        if coding not in ("identity", "gzip", "x-gzip"):
            raise FetchFailedError("The host encoded its answer in a way that was not asked for")
        # Compression and chunking may make the wire longer than the body, but an honest host does not double it.
        self._network.allow(2 * limit + HEADER_BYTES, TooLargeError(_too_large(limit)))
        if coding == "identity" and int(self.headers.get("content-length", "0")) > limit:
            raise TooLargeError(_too_large(limit))
        pieces = self._response.iter_stream()
        body = BytesIO()
        for piece in pieces if coding == "identity" else _gunzipped(pieces, limit):
            body.write(piece)
            if body.tell() > limit:
                raise TooLargeError(_too_large(limit))
            self._deadline.seconds()
        return body.getvalue()


@contextmanager
def ask(
    method: str,
    address: WebAddress,
    *,
    pins: Sequence[str],
    connect: Connector,
    trust: ssl.SSLContext | None,
    deadline: Deadline,
    headers: Mapping[str, str],
    body: bytes | None = None,
) -> Iterator[Answer]:
    """Send one request to the first of `pins` that takes a connection. Raises FetchFailedError or TooLargeError."""
    network = _PinnedNetwork(pins, connect, deadline)
    url = httpcore.URL(scheme=address.scheme, host=address.host, port=address.port, target=address.target)
    fixed = {"Host": address.authority, "Accept-Encoding": "gzip", "Connection": "close"}
    sent = list({**headers, **fixed}.items())
    try:
        with (
            httpcore.HTTPConnection(url.origin, ssl_context=trust, network_backend=network) as connection,
            connection.stream(method, url, headers=sent, content=body) as response,
        ):
            yield Answer(response, network, deadline)
    except httpcore.ProtocolError as error:
        raise FetchFailedError(
            "The host answered with something that is not HTTP, or broke off", code=CONNECTION_FAILED
        ) from error
    except httpcore.NetworkError as error:
        raise FetchFailedError("The connection to the host failed", code=CONNECTION_FAILED) from error


class _PinnedNetwork(httpcore.NetworkBackend):
    """Connects to its pins, whatever host it is told, and counts what comes in."""

    def __init__(self, pins: Sequence[str], connect: Connector, deadline: Deadline) -> None:
        self._pins = pins
        self._connect = connect
        self.deadline = deadline
        self._received = 0
        self._allowed = HEADER_BYTES
        self._refusal: FetchFailedError | TooLargeError = FetchFailedError("The host sends too many header bytes")

    def allow(self, received: int, refusal: TooLargeError) -> None:
        self._allowed = received
        self._refusal = refusal

    def receive(self, sock: socket.socket, most: int) -> bytes:
        # Asked before a read, not after: the read that ends the headers may bring the start of the body along.
        if self._received > self._allowed:
            raise self._refusal
        sock.settimeout(self.deadline.seconds())
        data = sock.recv(most)
        self._received += len(data)
        return data

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - the whole point: the name was resolved and checked before
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline rules
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        for tried, pin in enumerate(self._pins):
            # An address that swallows packets must leave time for the next one.
            share = self.deadline.seconds() / (len(self._pins) - tried)
            try:
                return _Stream(self._connect(pin, port, share), self)
            except OSError as error:
                failure = error
        self.deadline.seconds()
        raise httpcore.ConnectError from failure


class _Stream(httpcore.NetworkStream):
    """A socket whose every wait is cut to what the deadline leaves."""

    def __init__(self, sock: socket.socket, network: _PinnedNetwork) -> None:
        self._socket = sock
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        try:
            return self._network.receive(self._socket, max_bytes)
        except TimeoutError as error:
            raise self._network.deadline.passed() from error
        except OSError as error:
            raise httpcore.ReadError from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        deadline = self._network.deadline
        view = memoryview(buffer)
        try:
            while view:
                self._socket.settimeout(deadline.seconds())
                view = view[self._socket.send(view) :]
        except TimeoutError as error:
            raise deadline.passed() from error
        except OSError as error:
            raise httpcore.WriteError from error

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        deadline = self._network.deadline
        try:
            self._socket.settimeout(deadline.seconds())
            # OpenSSL's handshake takes the timeout as one deadline, not anew for each packet.
            return _Stream(ssl_context.wrap_socket(self._socket, server_hostname=server_hostname), self._network)
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise FetchFailedError(f"The certificate of {server_hostname} is not valid for it") from error
        except TimeoutError as error:
            self.close()
            raise deadline.passed() from error
        except OSError as error:
            self.close()
            raise httpcore.ConnectError from error

    def get_extra_info(self, info: str) -> Any:  # noqa: ARG002 - asked for ALPN and idle sockets, which are not used
        return None


def _gunzipped(pieces: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """Inflate member after member (RFC 1952), never more than `limit` + 1 bytes ahead of the reader."""
    inflater = None
    for piece in pieces:
        left = piece
        while left:
            if inflater is None or inflater.eof:
                inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
            try:
                yield inflater.decompress(left, limit + 1)
            except zlib.error as error:
                raise FetchFailedError("The host's answer is not the gzip that it says it is") from error
            left = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    if inflater and not inflater.eof:
        raise FetchFailedError("The host's answer breaks off")


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name = raw_name.decode("ascii").lower()
        try:
            value = raw_value.decode()  # a Location with a bare UTF-8 path is common
        except UnicodeDecodeError:
            value = raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def _too_large(limit: int) -> str:
    return f"The answer is larger than {limit} bytes"
