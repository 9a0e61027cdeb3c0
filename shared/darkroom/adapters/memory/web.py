"""The web, in memory: canned answers by URL, some of which fail on purpose."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from darkroom.domain import addresses, limits
from darkroom.errors import DarkroomError, FetchFailedError, TooLargeError, UnacceptableUrlError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from darkroom.domain.addresses import WebAddress
    from darkroom.ports import Fetched


@dataclass(frozen=True, slots=True)
class Sent:
    """One request that the twin took."""

    method: str
    url: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class MemoryFetcher:
    """Twin of GuardedFetcher. `answers` maps a URL to what it answers, or to the error that fetching it raises.

    A list is used up one entry a request, its last one staying, so that a test can let a host fail twice and then
    recover. `sent` logs every request in order.
    """

    def __init__(self, answers: Mapping[str, Fetched | DarkroomError | list[Fetched | DarkroomError]]) -> None:
        self._answers = {
            addresses.parse(url).url: list(answer) if isinstance(answer, list) else [answer]
            for url, answer in answers.items()
        }
        self.sent: list[Sent] = []

    def check(self, url: str) -> None:
        _acceptable(addresses.parse(url))

    def get(self, url: str, *, limit: int) -> Fetched:
        address = addresses.parse(url)
        for _ in range(1 + limits.FETCH_REDIRECTS):
            answer = self._ask(Sent("GET", _acceptable(address).url))
            onward = addresses.redirection(address, answer.status, answer.headers.get("location"))
            if onward is None:
                return _within(limit, answer)
            address = onward
        raise FetchFailedError(f"The host redirects more than {limits.FETCH_REDIRECTS} times")

    def post(self, url: str, *, body: bytes, headers: Mapping[str, str], limit: int, timeout: int) -> Fetched:  # noqa: ARG002 - nothing takes time here
        address = _acceptable(addresses.parse(url))
        answer = self._ask(Sent("POST", address.url, body, dict(headers)))
        return _within(limit, answer) if limit else replace(answer, body=b"")

    def _ask(self, sent: Sent) -> Fetched:
        self.sent.append(sent)
        left = self._answers.get(sent.url)
        if left is None:
            raise FetchFailedError("There is no such host", code="HOST_NOT_FOUND")
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, DarkroomError):
            raise answer
        return replace(answer, url=sent.url)


def _acceptable(address: WebAddress) -> WebAddress:
    if address.literal and not addresses.is_public(address.host):
        raise UnacceptableUrlError("The URL's host is not on the open internet")
    return address


def _within(limit: int, answer: Fetched) -> Fetched:
    if len(answer.body) > limit:
        raise TooLargeError(f"The answer is larger than {limit} bytes")
    return answer
