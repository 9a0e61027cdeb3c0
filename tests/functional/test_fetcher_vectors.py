"""Hostile URLs, names and hosts against the guarded fetcher, each in four ways.

A vector (`hostile_urls.py`) is a URL, what its name resolves to, and what its host answers. The four ways it comes in:

- `get`: it is handed in and fetched;
- `post`: it is handed in as a callback and posted to;
- `redirect`: a public page redirects to it;
- `third redirect`: a public page redirects to itself by a relative URL, that to another public host, and that, with the
  last redirect allowed, to the vector.

What holds each time: no connection is even asked for but to addresses that `stub_web.py` calls public, and the fetch
ends as the vector says. The fetcher gets its resolver and its connector from `StubWeb`, so each attempt is seen with
the address that it was meant for. The last tests plant faults in the fetcher and show that the same vectors turn red.
"""

from __future__ import annotations

import ipaddress
import itertools
import socket
import time
from typing import TYPE_CHECKING

import pytest
from darkroom.adapters.web.fetcher import GuardedFetcher
from darkroom.domain.addresses import is_public
from darkroom.errors import DarkroomError, FetchFailedError

from tests.functional.hostile_urls import FAMILIES, HOST, LIMIT, SPELLED, spellings
from tests.stub_web import ALSO_PUBLIC, PUBLIC, PUBLIC_ADDRESSES, StubWeb, redirect

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from darkroom.adapters.web.pinned import Deadline
    from darkroom.domain.addresses import WebAddress

    from tests.functional.hostile_urls import Vector
    from tests.stub_web import Script

    Make = Callable[[StubWeb, int], GuardedFetcher]

WAYS = ("get", "post", "redirect", "third redirect")


def guarded(web: StubWeb, deadline: int) -> GuardedFetcher:
    return GuardedFetcher(resolve=web.resolve, connect=web.connect, deadline=deadline)


def faults(vector: Vector, way: str, make: Make = guarded) -> list[str]:
    """What went wrong when this vector came in this way; nothing, if all is well."""
    before: list[Script] = []
    if way == "redirect":
        before = [redirect(vector.url)]
    elif way == "third redirect":
        before = [redirect("?again"), redirect("http://second.example/", 307), redirect(vector.url, 301)]
    public = {"first.example": [[PUBLIC]], "second.example": [[ALSO_PUBLIC, PUBLIC]]}
    web = StubWeb({**dict.fromkeys(_names_in(vector.url), vector.answers), **public}, [*before, *vector.scripts])
    ended = None
    began = time.monotonic()
    try:
        _fetch(make(web, vector.deadline), vector, way)
    except DarkroomError as error:
        ended = type(error)
    finally:
        web.close()
    right = (vector.posted if way == "post" else ()) or vector.ends
    if way == "third redirect" and vector.scripts:
        right = (*right, FetchFailedError)  # a vector that redirects on has used up its redirects
    inside = {address for address, _ in web.attempts} - PUBLIC_ADDRESSES
    found = [f"connected to {address}" for address in inside]
    if ended not in right:
        found.append(f"ended with {ended and ended.__name__}")
    elif ended and not vector.scripts and len(web.attempts) > len(before):
        found.append("connected before it was refused")
    if time.monotonic() - began > 10:
        found.append("took more than 10 s")
    return [f"{vector.name} ({way}): {fault}" for fault in found]


def _fetch(fetcher: GuardedFetcher, vector: Vector, way: str) -> None:
    if way == "post":
        fetcher.post(vector.url, body=b"{}", headers={}, limit=LIMIT, timeout=vector.deadline)
    else:
        fetcher.get(vector.url if way == "get" else "http://first.example/page", limit=LIMIT)


def _names_in(url: str) -> set[str]:
    """What a strict or a careless reader might look up."""
    authority = url.partition("://")[2].partition("/")[0].lower()
    return {HOST, authority, authority.rstrip("."), authority.rpartition("@")[2], authority.partition(":")[0]}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("family", FAMILIES)
def test_no_connection_is_made_but_to_a_public_address(family: str, way: str) -> None:
    assert [fault for vector in FAMILIES[family] for fault in faults(vector, way)] == []


def test_there_are_500_different_vectors_and_each_comes_in_four_ways() -> None:
    vectors = list(itertools.chain.from_iterable(FAMILIES.values()))
    assert len({vector.name for vector in vectors}) == len(vectors)
    assert len({(vector.url, vector.answers, vector.scripts) for vector in vectors}) >= 500
    assert len(vectors) * len(WAYS) >= 2000


@pytest.mark.parametrize("address", SPELLED.split())
def test_the_numeric_spellings_are_what_lenient_resolvers_take_for_the_address(address: str) -> None:
    spelled = dict(itertools.islice(spellings(address), 12))
    assert {spelling: socket.inet_ntoa(socket.inet_aton(host)) for spelling, host in spelled.items()} == dict.fromkeys(
        spelled, address
    )


# --- that these tests can fail ----------------------------------------------------------------------------------------


class JudgesFirstRecord(GuardedFetcher):
    def _judge(self, address: WebAddress, found: Sequence[str]) -> None:
        super()._judge(address, found[:1])


class JudgesFirstHop(GuardedFetcher):
    def _pins(self, address: WebAddress, deadline: Deadline) -> Sequence[str]:
        pins = super()._pins(address, deadline)
        self._acceptable = lambda _: True
        return pins


class ResolvesAgain(GuardedFetcher):
    def _pins(self, address: WebAddress, deadline: Deadline) -> Sequence[str]:
        pins = super()._pins(address, deadline)
        return pins if address.literal else self._resolved(address, deadline)


@pytest.mark.parametrize(
    ("planted", "family", "way"),
    [
        (JudgesFirstRecord, "records", "get"),
        (JudgesFirstHop, "records", "redirect"),
        (JudgesFirstHop, "literal_v6", "third redirect"),
        (JudgesFirstHop, "rebinding", "get"),
        (ResolvesAgain, "rebinding", "post"),
    ],
)
def test_a_planted_fault_is_seen(planted: type[GuardedFetcher], family: str, way: str) -> None:
    def make(web: StubWeb, deadline: int) -> GuardedFetcher:
        return planted(resolve=web.resolve, connect=web.connect, deadline=deadline)

    assert any(faults(vector, way, make) for vector in FAMILIES[family])


PLAIN = [vector for vector in FAMILIES["records"] if vector.name.startswith("the only record")]


@pytest.mark.parametrize("way", WAYS)
def test_without_its_check_the_fetcher_would_connect_inside(way: str) -> None:
    def unguarded(web: StubWeb, deadline: int) -> GuardedFetcher:
        return GuardedFetcher(resolve=web.resolve, connect=web.connect, acceptable=lambda _: True, deadline=deadline)

    for vector in PLAIN:
        assert f"{vector.name} ({way}): connected to {vector.answers[0][0]}" in faults(vector, way, unguarded)


REFUSED_NETWORKS = """
::/96 64:ff9b::/96 64:ff9b:1::/48 2002::/16 fec0::/10 5f00::/16 ::ffff:0:0/96 fc00::/7 fe80::/10 ff00::/8 2001::/32
2001:db8::/32 3fff::/20 100::/64 192.0.0.0/24 192.88.99.0/24 100.64.0.0/10 0.0.0.0/8 10.0.0.0/8 127.0.0.0/8
169.254.0.0/16 172.16.0.0/12 192.168.0.0/16 192.0.2.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4
240.0.0.0/4
"""


@pytest.mark.parametrize("network", REFUSED_NETWORKS.split())
def test_a_policy_that_lets_one_refused_network_through_is_seen(network: str) -> None:
    let_in = ipaddress.ip_network(network)

    def leaky(address: str) -> bool:
        return is_public(address) or ipaddress.ip_address(address) in let_in

    def make(web: StubWeb, deadline: int) -> GuardedFetcher:
        return GuardedFetcher(resolve=web.resolve, connect=web.connect, acceptable=leaky, deadline=deadline)

    seen = [fault for vector in PLAIN for fault in faults(vector, "get", make)]
    assert any("connected to" in fault for fault in seen)
