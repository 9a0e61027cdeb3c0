"""A server of weights on loopback that now and then misbehaves."""

from __future__ import annotations

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

WEIGHTS = bytes(range(256)) * 4096  # 1 MiB


class Server:
    """Serves `content` with ranges. `cut` ends answers after so many bytes, `stall` waits in the middle of
    them, `slow` waits a moment before."""

    def __init__(self) -> None:
        self.content = WEIGHTS
        self.ranges = True
        self.cut: int | None = None
        self.stall = False
        self.slow = False
        self.status: int | None = None
        self.asked: list[str | None] = []
        self.resume = Event()
        self.url = ""


@contextmanager
def running(server: Server) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers["Range"]
            server.asked.append(wanted)
            if self.path == "/moved":
                self.send_response(302)
                self.send_header("Location", "/weights")
                self.end_headers()
                return
            begin = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and server.ranges else 0
            self.send_response(server.status or (206 if wanted and server.ranges else 200))
            body = server.content[begin:]
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if server.stall:
                self.wfile.write(body[: len(body) // 2])
                self.wfile.flush()
                server.resume.wait(20)
                return
            if server.slow:
                self.wfile.flush()
                server.resume.wait(0.3)
            self.wfile.write(body[: server.cut])

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_port}"
    thread = Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.resume.set()
        http.shutdown()
        http.server_close()
        thread.join()
