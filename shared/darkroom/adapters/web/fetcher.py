"""The guarded fetcher: the only way to a URL that a user handed in.

Each hop is read strictly, resolved once, has all its addresses judged, and is then connected to one of exactly those
addresses, so a name that changes its answer between check and use gains nothing. Checking alone needs no HTTP library,
which is why that part is imported with the first fetch.
"""

from __future__ import annotations

import socket
from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING, Final

from darkroom.domain import addresses, limits
from darkroom.errors import FetchFailedError, UnacceptableUrlError
from darkroom.ports import Fetched

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping, Sequence

    from darkroom.adapters.web.pinned import Connector, Deadline
    from darkroom.domain.addresses import Place, WebAddress

USER_AGENT: Final = "Darkroom/1.0 (fetches what its users name)"
ADDRESSES_TRIED: Final = 4


def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a name, in the system's order. The final dot keeps search domains out of it."""
    return [str(record[4][0]) for record in socket.getaddrinfo(f"{host}.", port, type=socket.SOCK_STREAM)]


def connect(address: str, port: int, seconds: float) -> socket.socket:
    """A TCP connection to an IP address in text. Raises OSError."""
    connection = socket.create_connection((address, port), seconds)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class GuardedFetcher:
    """Fetches from the open internet only.

    `resolve` gives every address of a name, `connect` opens a socket to one of them within some seconds,
    `acceptable` judges an address in text, `trust` holds the authorities for TLS (certifi's where none is given) and
    `deadline` is the time for a whole `get`, name resolution, redirects and body included. `loopback` holds the
    places that a laptop's own demo serves: what names exactly one of them, by address and port, is fetched as well.
    """

    def __init__(
        self,
        *,
        resolve: Callable[[str, int], Sequence[str]] = resolve,
        connect: Connector = connect,
        acceptable: Callable[[str], bool] = addresses.is_public,
        trust: ssl.SSLContext | None = None,
        deadline: int = limits.FETCH_DEADLINE,
        loopback: frozenset[Place] = frozenset(),
    ) -> None:
        self._resolve = resolve
        self._connect = connect
        self._acceptable = acceptable
        self._trust = trust
        self._deadline = deadline
        self._loopback = loopback

    def check(self, url: str) -> None:
        address = addresses.parse(url, self._loopback)
        if address.literal:
            self._judge(address, [address.host])

    def get(self, url: str, *, limit: int) -> Fetched:
        from darkroom.adapters.web.pinned import Deadline, ask

        deadline = Deadline(self._deadline)
        address = addresses.parse(url, self._loopback)
        for _ in range(1 + limits.FETCH_REDIRECTS):
            with ask(
                "GET",
                address,
                pins=self._pins(address, deadline),
                connect=self._connect,
                trust=self._trusted(address),
                deadline=deadline,
                headers={"User-Agent": USER_AGENT, "Accept": "*/*"},
            ) as answer:
                location = answer.headers.get("location")
                onward = addresses.redirection(address, answer.status, location, self._loopback)
                if onward is None:
                    return Fetched(address.url, answer.status, answer.headers, answer.read(limit))
            address = onward
        raise FetchFailedError(f"The host redirects more than {limits.FETCH_REDIRECTS} times", fix="Use the final URL.")

    def post(self, url: str, *, body: bytes, headers: Mapping[str, str], limit: int, timeout: int) -> Fetched:
        from darkroom.adapters.web.pinned import Deadline, ask

        deadline = Deadline(timeout)
        address = addresses.parse(url, self._loopback)
        with ask(
            "POST",
            address,
            pins=self._pins(address, deadline),
            connect=self._connect,
            trust=self._trusted(address),
            deadline=deadline,
            headers={**headers, "User-Agent": USER_AGENT},
            body=body,
        ) as answer:
            return Fetched(address.url, answer.status, answer.headers, answer.read(limit) if limit else b"")

    def _pins(self, address: WebAddress, deadline: Deadline) -> Sequence[str]:
        """The addresses that this hop may connect to: resolved once, and every one of them judged."""
        found = [address.host] if address.literal else self._resolved(address, deadline)
        self._judge(address, found)
        return list(dict.fromkeys(found))[:ADDRESSES_TRIED]

    def _judge(self, address: WebAddress, found: Sequence[str]) -> None:
        if address.place not in self._loopback and not all(map(self._acceptable, found)):
            # Which address it was stays unsaid: an answer to that would map the network that we stand in.
            raise UnacceptableUrlError("The URL's host is not on the open internet")

    def _resolved(self, address: WebAddress, deadline: Deadline) -> Sequence[str]:
        answer: Future[Sequence[str]] = Future()

        def look_up() -> None:
            try:
                answer.set_result(self._resolve(address.host, address.port))
            except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
                answer.set_exception(error)

        # getaddrinfo cannot be interrupted. A daemon thread is left to the resolver's own timeout, and unlike a
        # pool's it does not hold up the end of the process.
        Thread(target=look_up, name="resolve", daemon=True).start()
        try:
            found = answer.result(deadline.seconds())
        except TimeoutError as error:
            raise deadline.passed() from error
        except (OSError, UnicodeError) as error:
            raise _no_host(address) from error
        if not found:
            raise _no_host(address)
        return found

    def _trusted(self, address: WebAddress) -> ssl.SSLContext | None:
        if address.scheme == "http":
            return None
        if self._trust is None:
            from httpcore import default_ssl_context

            self._trust = default_ssl_context()
        return self._trust


def _no_host(address: WebAddress) -> FetchFailedError:
    return FetchFailedError(f"There is no host {address.host}", fix="Check the URL.", code="HOST_NOT_FOUND")
