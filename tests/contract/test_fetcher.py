"""What every Fetcher promises, held against the real one over a made-up web and against its twin in memory."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from darkroom.adapters.memory.web import MemoryFetcher
from darkroom.adapters.web.fetcher import GuardedFetcher
from darkroom.errors import DarkroomError, FetchFailedError, TooLargeError, UnacceptableUrlError
from darkroom.ports import Fetched

from tests.stub_web import PUBLIC, StubWeb, response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from darkroom.ports import Fetcher

    Make = Callable[[dict[str, list[Fetched | DarkroomError]]], Fetcher]


def answer(status: int = 200, body: bytes = b"", **headers: str) -> Fetched:
    return Fetched("", status, headers, body)


@pytest.fixture(params=["memory", "sockets"])
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """A fetcher of a web with these answers. Over sockets they come one a connection, in the order of the table, and
    an error stands for a host that hangs up."""
    with ExitStack() as stubs:

        def over_sockets(answers: dict[str, list[Fetched | DarkroomError]]) -> Fetcher:
            scripts = [
                response(entry.status, entry.body, **entry.headers) if isinstance(entry, Fetched) else b""
                for entries in answers.values()
                for entry in entries
            ]
            web = StubWeb({"shop.example": [[PUBLIC]], "cdn.example": [[PUBLIC]]}, scripts)
            stubs.callback(web.close)
            return GuardedFetcher(resolve=web.resolve, connect=web.connect)

        yield MemoryFetcher if request.param == "memory" else over_sockets


def test_a_page_is_fetched_with_its_status_and_headers(make: Make) -> None:
    fetcher = make({"http://shop.example/a": [answer(404, b"gone", etag="e")]})
    fetched = fetcher.get("http://shop.example/a", limit=4)
    assert (fetched.url, fetched.status, fetched.body) == ("http://shop.example/a", 404, b"gone")
    assert fetched.headers["etag"] == "e"


def test_what_is_larger_than_the_limit_is_refused(make: Make) -> None:
    fetcher = make({"http://shop.example/": [answer(body=b"12345")] * 2})
    with pytest.raises(TooLargeError):
        fetcher.get("http://shop.example/", limit=4)
    with pytest.raises(TooLargeError):
        fetcher.post("http://shop.example/", body=b"", headers={}, limit=4, timeout=1_000)


def test_a_post_without_room_for_an_answer_leaves_its_body_unread(make: Make) -> None:
    fetcher = make(
        {"http://shop.example/": [answer(201, b"5" * 100_000), answer(500, b"", **{"content-encoding": "x"})]}
    )
    for status in (201, 500):
        posted = fetcher.post("http://shop.example/", body=b"", headers={}, limit=0, timeout=5_000)
        assert (posted.status, posted.body) == (status, b"")


def test_redirects_are_followed_to_where_they_end(make: Make) -> None:
    fetcher = make(
        {
            "http://shop.example/": [answer(302, location="//cdn.example/b")],
            "http://cdn.example/b": [answer(301, location="c")],
            "http://cdn.example/c": [answer(body=b"here")],
        }
    )
    fetched = fetcher.get("http://shop.example/", limit=4)
    assert (fetched.url, fetched.body) == ("http://cdn.example/c", b"here")


def test_four_redirects_are_too_many(make: Make) -> None:
    fetcher = make({"http://shop.example/": [answer(302, location="/")] * 5})
    with pytest.raises(FetchFailedError):
        fetcher.get("http://shop.example/", limit=4)


def test_a_redirect_inside_is_refused(make: Make) -> None:
    for target in ("http://127.0.0.1/", "https://[::1]/", "ftp://shop.example/", "http://shop.example:22/"):
        fetcher = make({"http://shop.example/": [answer(307, location=target)]})
        with pytest.raises(UnacceptableUrlError):
            fetcher.get("http://shop.example/", limit=4)


def test_a_post_does_not_follow_a_redirect(make: Make) -> None:
    fetcher = make({"http://shop.example/": [answer(302, location="http://cdn.example/")]})
    posted = fetcher.post("http://shop.example/", body=b"{}", headers={"a": "b"}, limit=4, timeout=1_000)
    assert (posted.status, posted.headers["location"]) == (302, "http://cdn.example/")


def test_a_host_may_fail_and_recover(make: Make) -> None:
    fetcher = make({"http://shop.example/": [FetchFailedError("hung up"), answer(503), answer(body=b"well")]})
    with pytest.raises(FetchFailedError):
        fetcher.get("http://shop.example/", limit=4)
    assert fetcher.get("http://shop.example/", limit=4).status == 503
    assert fetcher.get("http://shop.example/", limit=4).body == b"well"


def test_a_host_that_nobody_knows_fails_the_fetch(make: Make) -> None:
    with pytest.raises(FetchFailedError) as failed:
        make({}).get("http://nowhere.example/", limit=4)
    assert failed.value.exact_code == "HOST_NOT_FOUND"


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/", "http://[fd00::1]/", "http://0x7f.1/", "http://u:p@a.example/", "file:///x"]
)
def test_a_url_that_breaks_the_rules_is_refused_by_check_get_and_post(make: Make, url: str) -> None:
    fetcher = make({})
    with pytest.raises(UnacceptableUrlError):
        fetcher.check(url)
    with pytest.raises(UnacceptableUrlError):
        fetcher.get(url, limit=4)
    with pytest.raises(UnacceptableUrlError):
        fetcher.post(url, body=b"", headers={}, limit=4, timeout=1_000)


def test_a_url_that_keeps_the_rules_is_let_by(make: Make) -> None:
    make({}).check("https://shop.example/a?b")
