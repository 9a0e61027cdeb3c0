"""What the guard costs a fetch: the guarded fetcher against bare httpx, one connection a fetch, to a loopback server.

    python benchmarks/fetcher.py [fetches]

Prints the median milliseconds of each and their ratio, interleaved so that both see the same machine. The guarded
fetcher does everything it does in production (strict reading, a lookup in its own thread, the judgement of every
address, its own connection); only the lookup's answer and where the socket really goes are given, since loopback is
what it refuses. `bare httpx` is `httpx.get`; `httpx, one client` saves it the making of a client for each fetch.
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx
from darkroom.adapters.web.fetcher import GuardedFetcher, connect

if TYPE_CHECKING:
    from collections.abc import Callable

FETCHES = 300
BODIES = {"a page of 20 KB": 20_000, "a photo of 3 MB": 3_000_000}


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = bytes(int(self.path.strip("/")))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    fetches = int(sys.argv[1]) if len(sys.argv) > 1 else FETCHES
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    guarded = GuardedFetcher(
        resolve=lambda _host, _port: ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"],
        connect=lambda _address, _port, seconds: connect("127.0.0.1", port, seconds),
    )
    client = httpx.Client(headers={"Connection": "close"}, trust_env=False)
    for what, size in BODIES.items():
        here = f"http://127.0.0.1:{port}/{size}"
        sides: dict[str, Callable[[], object]] = {
            "guarded fetcher": partial(guarded.get, f"http://shop.example/{size}", limit=size),
            "bare httpx": partial(httpx.get, here),
            "httpx, one client": partial(client.get, here),
        }
        took: dict[str, list[float]] = {side: [] for side in sides}
        for _ in range(fetches):
            for side, fetch in sides.items():
                began = time.perf_counter()
                fetch()
                took[side].append(time.perf_counter() - began)
        medians = {side: statistics.median(times) * 1000 for side, times in took.items()}
        print(f"{what}, {fetches} fetches each:")
        for side, median in medians.items():
            print(f"  {side:18} {median:7.2f} ms   guarded fetcher is {medians['guarded fetcher'] / median:.2f} of it")
    client.close()
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    main()
