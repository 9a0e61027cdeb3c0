"""Nothing hostile passes the gate, and each refusal says what to do."""

from __future__ import annotations

import base64
import json
import sys
from contextlib import suppress
from typing import Any

import pytest
from darkroom.domain import limits
from darkroom.entry import gate
from darkroom.errors import (
    InvalidRequestError,
    MalformedRequestError,
    TooLargeError,
    UnsupportedTypeError,
)
from hypothesis import given, settings
from hypothesis import strategies as st


def read(body: object, *, encoded: bool = False, content_type: str = "application/json") -> Any:
    return gate.json_body(body, encoded=encoded, content_type=content_type)


def encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


MALFORMED = {
    "none": (None, "EMPTY_BODY"),
    "empty": ("", "EMPTY_BODY"),
    "blank": (" \r\n\t", "EMPTY_BODY"),
    "no text": (17, "EMPTY_BODY"),
    "broken": ('{"a": ', "BROKEN_JSON"),
    "trailing comma": ('{"a": 1,}', "BROKEN_JSON"),
    "two values": ("{} {}", "BROKEN_JSON"),
    "single quotes": ("{'a': 1}", "BROKEN_JSON"),
    "a byte order mark": ("\ufeff{}", "BROKEN_JSON"),
    "a control character in a string": ('{"a": "\x00"}', "BROKEN_JSON"),
    "100,000 open brackets": ("[" * 100_000, "TOO_DEEP"),
    "100,000 levels of lists": ("[" * 100_000 + "]" * 100_000, "TOO_DEEP"),
    "100,000 levels of objects": ('{"a":' * 100_000 + "1" + "}" * 100_000, "TOO_DEEP"),
    "one level too many": ("[" * (limits.BODY_DEPTH + 1) + "]" * (limits.BODY_DEPTH + 1), "TOO_DEEP"),
    "a number of 5,000 digits": ('{"a": ' + "9" * 5_000 + "}", "BAD_NUMBER"),
    "a fraction of 5,000 digits": ('{"a": 0.' + "9" * 5_000 + "}", "BAD_NUMBER"),
    "a number beyond 64 bits": ('{"a": 1e400}', "BAD_NUMBER"),
    "NaN": ('{"a": NaN}', "BAD_NUMBER"),
    "Infinity": ('{"a": Infinity}', "BAD_NUMBER"),
    "-Infinity": ('{"a": -Infinity}', "BAD_NUMBER"),
    "a key that stands twice": ('{"a": 1, "a": 2}', "DUPLICATE_KEY"),
    "a key that stands twice, deep inside": ('{"a": [{"b": 1, "\\u0062": 2}]}', "DUPLICATE_KEY"),
    "a high surrogate alone": ('{"a": "\\ud800"}', "LONE_SURROGATE"),
    "a low surrogate alone": ('{"a": ["x", "\\udc00"]}', "LONE_SURROGATE"),
    "surrogates the wrong way round": ('{"a": "\\udc00\\ud800"}', "LONE_SURROGATE"),
    "a surrogate in a key": ('{"\\ud800": 1}', "LONE_SURROGATE"),
    "a surrogate outside of any string": ("\ud800", "BROKEN_ENCODING"),
}


@pytest.mark.parametrize(("body", "code"), MALFORMED.values(), ids=MALFORMED)
def test_a_body_that_cannot_be_trusted_is_malformed(body: object, code: str) -> None:
    with pytest.raises(MalformedRequestError) as refused:
        read(body)
    assert refused.value.exact_code == code


@pytest.mark.parametrize(
    "body",
    ["!!!not base64!!!", "e30", "e30==", "e3 0=", "\u00e9", encoded(b"\xff\xfe{}"), encoded(b'"\xed\xa0\x80"')],
    ids=["junk", "no padding", "too much padding", "a space", "not ASCII", "UTF-16", "a surrogate in UTF-8"],
)
def test_base64_that_is_not_what_it_claims_is_malformed(body: str) -> None:
    with pytest.raises(MalformedRequestError) as refused:
        read(body, encoded=True)
    assert refused.value.exact_code == "BROKEN_ENCODING"


def test_base64_of_nothing_is_an_empty_body() -> None:
    with pytest.raises(MalformedRequestError) as refused:
        read(encoded(b"  "), encoded=True)
    assert refused.value.exact_code == "EMPTY_BODY"


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'Multipart/Form-Data; boundary=""',
        "multipart/mixed;x=y",
    ],
)
def test_multipart_without_a_boundary_is_malformed(content_type: str) -> None:
    with pytest.raises(MalformedRequestError) as refused:
        read("--x", content_type=content_type)
    assert refused.value.exact_code == "NO_BOUNDARY"


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json, application/json",
        "application/json; charset=utf-16",
        "application/jsonx",
        "\x00",
        "\ud800",
        ";;;=;" * 1_000 + "a",
        "x" * 10_000,
    ],
)
def test_another_type_than_json_is_not_supported(content_type: str) -> None:
    with pytest.raises(UnsupportedTypeError):
        read("{}", content_type=content_type)


@pytest.mark.parametrize(
    "content_type", ["", "application/json", "APPLICATION/JSON", "application/json; charset=UTF-8", "application/json;"]
)
def test_json_is_read_however_its_type_is_spelled(content_type: str) -> None:
    assert read('{"a": [1, 2.5, null, true, "\\ud83d\\ude00"]}', content_type=content_type) == {
        "a": [1, 2.5, None, True, "\U0001f600"]
    }


def test_a_body_at_the_limit_is_read_and_one_byte_more_is_too_large() -> None:
    whole = '"' + "a" * (limits.BODY_BYTES - 2) + '"'
    assert len(read(whole)) == limits.BODY_BYTES - 2
    assert len(read(encoded(whole.encode()), encoded=True)) == limits.BODY_BYTES - 2
    for body, is_encoded in ((whole + " ", False), (encoded(whole.encode() + b" "), True)):
        with pytest.raises(TooLargeError):
            read(body, encoded=is_encoded)


def test_size_is_counted_in_bytes_and_not_in_characters() -> None:
    with pytest.raises(TooLargeError):
        read('"' + "\u00e9" * (limits.BODY_BYTES // 2) + '"')


def test_the_longest_numbers_and_the_deepest_nesting_that_are_allowed_pass() -> None:
    number = "9" * limits.NUMBER_DIGITS
    assert read(number) == int(number)
    assert read("[" * limits.BODY_DEPTH + "]" * limits.BODY_DEPTH)


def test_reading_deep_json_does_not_depend_on_how_deep_the_caller_is() -> None:
    def down(levels: int) -> Any:
        return down(levels - 1) if levels else read("[" * 100_000)

    with pytest.raises(MalformedRequestError) as refused:
        down(sys.getrecursionlimit() // 2)
    assert refused.value.exact_code == "TOO_DEEP"


@settings(max_examples=300, deadline=None)
@given(
    body=st.text() | st.binary().map(encoded) | st.none(), is_encoded=st.booleans(), content_type=st.text(max_size=40)
)
def test_any_body_is_read_or_refused(body: str | None, is_encoded: bool, content_type: str) -> None:
    for kind in (content_type, "application/json"):
        with suppress(MalformedRequestError, UnsupportedTypeError, TooLargeError):
            read(body, encoded=is_encoded, content_type=kind)


@settings(max_examples=200, deadline=None)
@given(
    value=st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**39), 10**39)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=20,
    )
)
def test_ordinary_json_is_read_as_it_was_written(value: Any) -> None:
    assert read(json.dumps(value)) == value
    assert read(encoded(json.dumps(value, ensure_ascii=False).encode()), encoded=True) == value


# --- fields ----------------------------------------------------------------------------------------------------------


def problems(model: str, content: object) -> dict[str, str]:
    with pytest.raises(InvalidRequestError) as refused:
        gate.fields(model, content)
    assert refused.value.detail.startswith(refused.value.problems[0][0])
    return dict(refused.value.problems)


def test_every_fault_is_named_by_its_place_in_the_request() -> None:
    content = {"imageUrls": ["s3://b/k", 7], "userId": True, "maxCost": -1, "colour": "red"}
    assert problems("detection.ProcessRequest", content) == {
        "imageUrls[1]": "must be text",
        "userId": "must be text",
        "maxCost": "must be 0 or more",
        "colour": "is not a known field",
    }


FAULTS: dict[str, dict[Any, str]] = {
    "imageUrls": {
        (): "has too few entries; 1 is the least",
        ("s3://b/k",) * 101: "has too many entries; 100 is the most",
    },
    "userId": {
        "": "has too few characters; 1 is the least",
        "x" * 256: "has too many characters; 255 is the most",
    },
    "maxCost": {10_001: "must be 10000 or less", "1": "must be a number"},
    "metadata": {"x": "must be an object"},
    "contentType": {
        "jpeg": r"is not of the form that GET /openapi.json gives: ^[A-Za-z0-9.+-]+/[A-Za-z0-9.+-]+$",
    },
    "size": {0: "must be 1 or more", 1.5: "must be a whole number", "1": "must be a whole number"},
    "purpose": {"art": "must be 'process', 'library' or 'faces'"},
}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [(field, value, message) for field, cases in FAULTS.items() for value, message in cases.items()],
)
def test_a_fault_is_told_in_plain_words_with_its_limit(field: str, value: Any, message: str) -> None:
    sent = {field: list(value) if isinstance(value, tuple) else value}
    if field in {"contentType", "size", "purpose"}:
        assert problems("uploads.PresignRequest", {"filename": "a.jpg"} | sent) == {field: message}
    else:
        assert problems("detection.ProcessRequest", {"imageUrls": ["s3://b/k"]} | sent) == {field: message}


@settings(max_examples=300, deadline=None)
@given(
    values=st.dictionaries(
        st.sampled_from(
            ["imageUrls", "userId", "metadata", "callbackUrl", "maxCost", "filename", "contentType", "size", "purpose"]
        ),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text()
        | st.lists(st.integers() | st.text(), max_size=2)
        | st.dictionaries(st.text(), st.none(), max_size=1),
    )
)
def test_no_fault_is_told_in_the_librarys_words(values: dict[str, Any]) -> None:
    for model in ("detection.ProcessRequest", "uploads.PresignRequest"):
        try:
            gate.fields(model, values)
        except InvalidRequestError as refused:
            told = [message for _, message in refused.problems]
            assert not [message for message in told if message[0].isupper()]


@pytest.mark.parametrize("content", [[], "text", 1, None, True])
def test_a_body_must_be_an_object(content: object) -> None:
    assert problems("uploads.PresignRequest", content) == {"body": "must be an object"}


def test_a_missing_field_is_named() -> None:
    assert problems("uploads.PresignRequest", {}) == {"filename": "is required"}


def test_names_that_a_caller_made_up_are_cut_short_and_so_is_their_list() -> None:
    content = {"filename": "a.jpg"} | {f"{'x' * 1_000}{n}": n for n in range(500)}
    found = problems("uploads.PresignRequest", content)
    assert len(found) <= gate.PROBLEMS_SHOWN
    assert max(map(len, found)) == gate.NAME_SHOWN


def test_a_body_with_countless_faults_is_refused_without_listing_them() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        gate.fields("uploads.PresignRequest", {str(n): n for n in range(100_000)})
    assert refused.value.problems == ()
    assert refused.value.detail == "The request has 100,001 faults"


def test_fields_come_under_python_names_with_defaults_filled() -> None:
    assert gate.fields("uploads.PresignRequest", {"filename": "a.jpg", "contentType": "image/png"}) == {
        "filename": "a.jpg",
        "content_type": "image/png",
        "size": None,
        "purpose": "process",
    }


# --- the query -------------------------------------------------------------------------------------------------------


def query_problems(model: str | None, values: dict[str, list[str]]) -> dict[str, str]:
    with pytest.raises(InvalidRequestError) as refused:
        gate.query(model, values)
    return dict(refused.value.problems)


def test_a_query_is_read_with_its_types_and_defaults() -> None:
    assert gate.query("jobs.JobsQuery", {"limit": ["7"], "status": ["FAILED"]}) == {
        "limit": 7,
        "status": "FAILED",
        "kind": None,
        "cursor": None,
    }


@pytest.mark.parametrize(
    "values",
    [
        {"limit": ["0"]},
        {"limit": ["101"]},
        {"limit": ["9" * 5_000]},
        {"limit": ["NaN"]},
        {"limit": [""]},
        {"limit": ["1", "2"]},
        {"limit": []},
        {"status": ["pending"]},
        {"kind": ["\x00"]},
        {"cursor": ["\ud800"]},
        {"cursor": ["x" * 3_000]},
        {"page": ["1"]},
        {"\ud800": ["1"]},
        {"\x00": ["1"]},
        {"": [""]},
    ],
)
def test_a_query_that_is_not_the_routes_is_refused(values: dict[str, list[str]]) -> None:
    assert len(query_problems("jobs.JobsQuery", values)) == 1


@pytest.mark.parametrize("text", ["1.0", "+1", " 1", "1 ", "1_0", "1e1", "-1", "0x1", "\u0661", ""])
def test_an_integer_in_a_query_is_digits_and_nothing_else(text: str) -> None:
    assert query_problems("jobs.JobsQuery", {"limit": [text]}) == {"limit": "must be a whole number in digits"}


def test_a_number_of_countless_digits_in_a_query_is_called_too_large() -> None:
    assert query_problems("jobs.JobsQuery", {"limit": ["9" * 5_000]}) == {"limit": "is far too large a number"}


def test_a_query_field_that_stands_twice_is_named_as_it_was_sent() -> None:
    assert query_problems("jobs.JobsQuery", {"limit": ["1", "2"]}) == {"limit": "stands more than once"}
    assert query_problems("jobs.JobsQuery", {"\u202e": ["1", "2"]}) == {"'\\u202e'": "stands more than once"}


def test_a_route_without_a_query_takes_none() -> None:
    assert gate.query(None, {}) == {}
    assert query_problems(None, {"a": ["1"]}) == {"a": "is not a known field"}


@settings(max_examples=300, deadline=None)
@given(
    values=st.dictionaries(
        st.sampled_from(["limit", "status", "kind", "cursor"]) | st.text(), st.lists(st.text(), max_size=2), max_size=4
    )
)
def test_any_query_is_read_or_refused(values: dict[str, list[str]]) -> None:
    for model in ("jobs.JobsQuery", "service.HealthQuery", None):
        with suppress(InvalidRequestError):
            gate.query(model, values)
