"""A web server of the suite's own on loopback, which the deployed functions are let reach: FETCH_ALLOW_LOOPBACK.

It keeps what is posted to it, answers as a test says, and serves what a test puts on it.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from local.port import LOOPBACK

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping


HELD_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Posted:
    path: str
    headers: Mapping[str, str]
    body: bytes


class Loopback:
    """`pages` are what a GET of each path brings, `redirects` where it leads; `refusals` the statuses that the next
    posts to a path are answered with, before it takes them. `held` are paths whose answer waits for its event, and
    `asked` every path that a GET came for."""

    def __init__(self, port: int, scheme: str) -> None:
        self.place = f"{LOOPBACK}:{port}"
        self._scheme = scheme
        self.posted: list[Posted] = []
        self.pages: dict[str, bytes] = {}
        self.redirects: dict[str, str] = {}
        self.refusals: dict[str, list[int]] = {}
        self.held: dict[str, Event] = {}
        self.asked: list[str] = []

    def url(self, path: str) -> str:
        return f"{self._scheme}://{self.place}{path}"

    def on(self, path: str) -> list[Posted]:
        return [posted for posted in self.posted if posted.path == path]


@contextmanager
def serve(tls: ssl.SSLContext | None = None) -> Iterator[Loopback]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here.asked.append(self.path)
            if self.path in here.held:
                here.held[self.path].wait(HELD_SECONDS)
            page = here.pages.get(self.path)
            if self.path in here.redirects:
                self._answer(302, location=here.redirects[self.path])
            elif page is not None:
                self._answer(200, page)
            else:
                self._answer(404)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            here.posted.append(Posted(self.path, dict(self.headers.items()), body))
            left = here.refusals.get(self.path)
            self._answer(left.pop(0) if left else 204)

        def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(status)
            for name, value in {"content-length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            with suppress(ConnectionError):  # whoever asked may have been killed
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: pytest shows what a test has to say."""

    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        here = Loopback(server.server_address[1], "http" if tls is None else "https")
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        serving.start()
        yield here
        server.shutdown()
        serving.join()
