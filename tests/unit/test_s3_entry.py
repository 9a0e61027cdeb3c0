"""What S3 tells: keys as they are, each writing once, and nothing of what is no notification."""

from __future__ import annotations

import json
from typing import Any

import pytest
from darkroom.domain.uploads import Arrival
from darkroom.entry import s3
from darkroom.errors import MalformedRequestError
from hypothesis import given
from hypothesis import strategies as st


def told(key: str = "faces/a.png", *, name: str = "ObjectCreated:Put", **of_object: Any) -> dict[str, Any]:
    made = {"key": key, "size": 3, "eTag": "abc", "sequencer": "0055AED6", **of_object}
    return {"eventSource": "aws:s3", "eventName": name, "s3": {"bucket": {"name": "media"}, "object": made}}


def message(*records: Any) -> str:
    return json.dumps({"Records": list(records)})


def batch(*bodies: object) -> dict[str, Any]:
    return {"Records": [{"messageId": str(n), "body": body} for n, body in enumerate(bodies)]}


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("faces/2026/01/02/a-cat.jpg", "faces/2026/01/02/a-cat.jpg"),
        ("faces/my+cat%2B1.jpg", "faces/my cat+1.jpg"),
        ("faces/%C3%A4.jpg", "faces/ä.jpg"),
        ("faces%2Fa.jpg", "faces/a.jpg"),
        ("faces/%FF.jpg", "faces/\ufffd.jpg"),
    ],
)
def test_keys_are_decoded(sent: str, key: str) -> None:
    assert s3.arrivals(message(told(sent))) == [Arrival("media", key, "abc 0055AED6")]


def test_a_message_may_tell_of_several_objects() -> None:
    arrivals = s3.arrivals(message(told("a"), told("b", name="ObjectCreated:CompleteMultipartUpload")))
    assert [arrival.key for arrival in arrivals] == ["a", "b"]


def test_what_was_not_written_is_passed_over() -> None:
    assert s3.arrivals(message(told(name="ObjectRemoved:Delete"), {"eventName": 7})) == []


def test_the_test_event_tells_of_nothing() -> None:
    assert s3.arrivals(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "media"})) == []


def test_one_writing_has_one_version_and_the_next_has_another() -> None:
    once, again = s3.arrivals(message(told(), told()))
    (over,) = s3.arrivals(message(told(sequencer="0055AED7")))
    assert once == again != over


def test_without_a_sequencer_the_etag_tells_writings_apart() -> None:
    assert s3.arrivals(message(told(sequencer=None))) == [Arrival("media", "faces/a.png", "abc")]


@pytest.mark.parametrize(
    "body",
    [None, 7, "", "{", "[]", "{}", '{"Records": {}}', '{"jobId": "x"}', "[" * 100_000, '"text"', message(told("")),
     message({"eventName": "ObjectCreated:Put"}), message({"eventName": "ObjectCreated:Put", "s3": []})],
    ids=lambda value: ascii(value)[:40],
)  # fmt: skip
def test_what_is_no_notification_is_malformed(body: object) -> None:
    with pytest.raises(MalformedRequestError):
        s3.arrivals(body)


def test_a_batch_is_known_by_what_it_holds() -> None:
    assert s3.are_arrivals(batch(message(told())))
    assert s3.are_arrivals(batch('{"Event": "s3:TestEvent"}'))
    assert not s3.are_arrivals(batch('{"jobId": "7d1f0a52-3c4b-4e6d-9f80-a1b2c3d4e5f6"}'))
    assert not s3.are_arrivals(batch("junk"))
    others: list[object] = [None, [], {}, {"Records": []}, {"Records": [7]}, {"Records": [{}]}, {"Records": "x"}]
    for event in others:
        assert not s3.are_arrivals(event)


NAMES = st.sampled_from(["Records", "eventName", "s3", "object", "bucket", "key", "name"])
JSON_VALUES = st.recursive(
    st.none() | st.text() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner),
    max_leaves=12,
)


@given(JSON_VALUES)
def test_no_body_breaks_the_reader(body: Any) -> None:
    try:
        found = s3.arrivals(json.dumps(body))
    except MalformedRequestError:
        return
    assert all(isinstance(arrival, Arrival) for arrival in found)
