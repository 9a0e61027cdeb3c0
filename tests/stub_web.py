"""A web that tests make up: names that resolve to what the test says, and hosts that answer what the test says.

`StubWeb` is the resolver and the connector of a GuardedFetcher, and logs every connection that is asked for with the
address that the fetcher means to reach. Most answers wait in a socket pair, so that no server and no port is needed;
`serve` puts a script behind a real loopback port for what has to be real (TLS, refused connections).
"""

from __future__ import annotations

import socket
from contextlib import contextmanager, suppress
from threading import Thread
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Script: TypeAlias = "bytes | Callable[[socket.socket], None]"

PUBLIC = "93.184.216.34"
ALSO_PUBLIC = "2606:2800:220:1:248:1893:25c8:1946"
PUBLIC_ADDRESSES = frozenset({PUBLIC, ALSO_PUBLIC, "151.101.1.69", "1.1.1.1"})


def response(status: int = 200, body: bytes = b"hello", **headers: str) -> bytes:
    """A whole answer; `content_type="text/plain"` becomes a Content-Type header."""
    fields = {"content_length": str(len(body)), **headers}
    lines = [f"HTTP/1.1 {status} So", *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + body


def redirect(location: str, status: int = 302) -> bytes:
    return response(status, b"", location=location)


class StubWeb:
    """`names` gives each host the answers of its successive lookups (the last one stays); other hosts are unknown.

    `scripts` are the hosts' answers, one a connection, in order.
    """

    def __init__(self, names: Mapping[str, Sequence[Sequence[str]]], scripts: Sequence[Script] = ()) -> None:
        self._names = {host: list(answers) for host, answers in names.items()}
        self._scripts = list(scripts)
        self._peers: list[socket.socket] = []
        self.lookups: list[str] = []
        self.attempts: list[tuple[str, int]] = []

    def resolve(self, host: str, port: int) -> Sequence[str]:
        self.lookups.append(host)
        if host not in self._names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        answers = self._names[host]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def connect(self, address: str, port: int, seconds: float) -> socket.socket:
        self.attempts.append((address, port))
        ours, theirs = socket.socketpair()
        self._peers.append(ours)
        script = self._scripts.pop(0) if self._scripts else response()
        if isinstance(script, bytes):
            ours.sendall(script)
            ours.shutdown(socket.SHUT_WR)
        else:
            Thread(target=_play, args=(script, ours), daemon=True).start()
        return theirs

    def close(self) -> None:
        for peer in self._peers:
            peer.close()

    def requests(self) -> list[bytes]:
        """What each connection was sent, once the fetch is over."""
        return [_drained(peer) for peer in self._peers]


@contextmanager
def serve(script: Callable[[socket.socket], None]) -> Iterator[int]:
    """Run `script` for each connection to a loopback port, which is given."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    Thread(target=_play, args=(script, server.accept()[0]), daemon=True).start()

        Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def _play(script: Callable[[socket.socket], None], connection: socket.socket) -> None:
    with suppress(OSError), connection:
        script(connection)


def _drained(peer: socket.socket) -> bytes:
    peer.settimeout(1)
    received = b""
    while piece := peer.recv(65536):
        received += piece
    return received
