"""Nothing that opens a door or names a person is left in a text that may be logged."""

from __future__ import annotations

import time

import pytest
from darkroom.domain import api_keys, webhooks
from darkroom.domain.redaction import GONE, TEXT_CHARACTERS, redacted, redacted_value
from hypothesis import given
from hypothesis import strategies as st

SIGNATURE = "6f1d0c2b9e7a4d3f8b5c0a1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a"
SESSION = "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQDx" * 4
PRESIGNED = (
    "https://media.s3.us-east-1.amazonaws.com/uploads/2026/01/02/a.jpg?X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Credential=ASIAQWERTYUIOPASDFGH%2F20260102%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Expires=900"
    f"&X-Amz-Security-Token={SESSION}&X-Amz-Signature={SIGNATURE}"
)
OUR_KEY = api_keys.mint("dev", bytes(range(32)))
CANARIES = {
    "a presigned signature": (PRESIGNED, SIGNATURE),
    "a presigned token": (PRESIGNED, SESSION),
    "a presigned credential": (PRESIGNED, "ASIAQWERTYUIOPASDFGH"),
    "a signature without its URL": (f"X-Amz-Signature={SIGNATURE}", SIGNATURE),
    "a signature as JSON": (f'{{"X-Amz-Signature": "{SIGNATURE}", "a": 1}}', SIGNATURE),
    "a signature in a repr": (f"{{'x-amz-signature': '{SIGNATURE}'}}", SIGNATURE),
    "a signature in escaped JSON": (f'"{{\\"X-Amz-Signature\\": \\"{SIGNATURE}\\"}}"', SIGNATURE),
    "a session token by itself": (f"token was {SESSION} then", SESSION),
    "an access key id": ("with AKIAIOSFODNN7EXAMPLE it", "AKIAIOSFODNN7EXAMPLE"),
    "a secret access key": ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEX", "wJalrXUtnFEMI"),
    "a key of ours": (f"x-api-key: {OUR_KEY}", OUR_KEY),
    "a key of ours in prose": (f"the key {OUR_KEY} was refused", OUR_KEY),
    "a webhook secret": (f"signed by {webhooks.secret('m', 'o')}.", webhooks.secret("m", "o")[6:]),
    "a bearer token": ("Authorization: Bearer abc.def-ghi_jkl", "abc.def-ghi_jkl"),
    "a bearer token that is opaque": ("Bearer abracadabrasimsalabim", "abracadabrasimsalabim"),
    "a short bearer token": ("Bearer abra.cada", "abra.cada"),
    "a bearer token with a digit": ("Bearer abra1", "abra1"),
    "basic credentials": ("authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    "a JWT in prose": ("got eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJib2IifQ.c2ln here", "eyJzdWIiOiJib2IifQ"),
    "a POST policy": (f"policy={'eyJleHBpcmF0aW9uIjoi' * 3}", "eyJleHBpcmF0aW9uIjoi"),
    "an OpenAI key": ("OPENAI_API_KEY is sk-proj-abcdefghijklmnop", "abcdefghijklmnop"),
    "a Gemini key": ("AIzaSyA1234567890abcdefghij", "AIzaSyA1234567890abcdefghij"),
    "a Replicate token": ("r8_abcdefghijklmnopqrst", "r8_abcdefghijklmnopqrst"),
    "a password": ('{"password": "hunter2hunter2"}', "hunter2hunter2"),
    "an e-mail address": ("sent to jane.doe+tag@mail.example.com today", "jane.doe"),
    "an address in percent code": ("user=jane.doe%40example.com", "jane.doe"),
    "an address in other letters": ("an дженни@почта.рф", "дженни"),
    "credentials in a URL": ("https://jane:sesame@example.com/x", "sesame"),
    "a token in a callback URL": ("calls https://hooks.example.com/in?key=abracadabra now", "abracadabra"),
    "a token in a fragment": ("https://example.com/#id_token=abracadabra", "abracadabra"),
    "a cookie as JSON": ('{"cookie": "abracadabra"}', "abracadabra"),
    "a cookie": ("Set-Cookie: abracadabra; Path=/", "abracadabra"),
}


@pytest.mark.parametrize("name", CANARIES)
def test_is_taken_out_of_a_text(name: str) -> None:
    text, canary = CANARIES[name]
    assert canary in text, "the test itself must hold the canary"
    assert canary not in redacted(text)
    assert GONE in redacted(text)


@pytest.mark.parametrize("name", CANARIES)
def test_is_taken_out_of_a_structure(name: str) -> None:
    text, canary = CANARIES[name]
    for value in ({"a": [text]}, {text: 1}, [{"deep": (text,)}], ValueError(text), {"bytes": text.encode()}):
        assert canary not in str(redacted_value(value))


@pytest.mark.parametrize(
    "text",
    [
        "The handler failed",
        "The request carries neither a key nor a bearer token",
        "A bearer token, or a key. Basic is not taken.",
        "token: is not a known field, and 2 more",
        "password: must be an object",
        "job 0f8fad5b-d9cb-469f-a165-70867728950e completed in 312 ms",
        "GET https://example.com/photos/cat.jpg gave 404",
        "s3://media/uploads/2026/01/02/0f8fad5b-d9cb-469f-a165-70867728950e-cat.jpg",
        'File "/var/task/darkroom/usecases/webhooks.py", line 71, in deliver',
        "DynamoDB did not answer UpdateItem: ThrottlingException",
        "digest e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ],
)
def test_what_an_operator_needs_stays(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize("name", ["password", "apiKey", "x-api-key", "Authorization", "client_secret", "accessToken"])
def test_a_field_of_a_telling_name_is_emptied_whatever_it_holds(name: str) -> None:
    assert redacted_value({name: ["x", {"y": 1}], "jobId": "j-1"}) == {name: GONE, "jobId": "j-1"}


def test_numbers_and_truth_values_stay_what_they_are() -> None:
    assert redacted_value({"a": 1, "b": 2.5, "c": True, "d": None}) == {"a": 1, "b": 2.5, "c": True, "d": None}


def test_a_long_text_is_cut_and_the_cut_shows_no_half_of_a_secret() -> None:
    for filler in range(4 * TEXT_CHARACTERS - 60, 4 * TEXT_CHARACTERS + 1):
        text = redacted("x " * (filler // 2) + "jane.doe@mail.example.com " * 3)
        assert "jane" not in text
        assert len(text) <= TEXT_CHARACTERS + 1


def test_a_structure_without_end_is_cut() -> None:
    endless: dict[str, object] = {}
    endless["self"] = endless
    assert "…" in str(redacted_value(endless))
    assert len(redacted_value(list(range(1_000_000)))) < 100


def test_a_value_that_cannot_be_written_is_named_by_its_type() -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("jane@example.com")

    assert redacted_value(Broken()) == "[Broken]"


@pytest.mark.parametrize("unit", ["a", "@", "a@", "http://", "eyJ", "token=", "a.b@c.", "-_", "%40", "?a=&", '\\"'])
def test_hostile_text_takes_no_more_than_its_length_in_time(unit: str) -> None:
    def seconds(length: int) -> float:
        text = (unit * length)[:length]
        began = time.perf_counter()
        redacted(text)
        return time.perf_counter() - began

    seconds(100)
    assert seconds(4 * TEXT_CHARACTERS) < 0.5


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_surrounding_text_lets_a_key_of_ours_through(before: str, after: str) -> None:
    assert OUR_KEY not in redacted(f"{before} {OUR_KEY} {after}")


def test_names_of_a_stacks_own_resources_stay_readable() -> None:
    text = "function darkroom-staging-receiver wrote to darkroom-staging-media-000000000000-us-east-1"
    assert redacted(text) == text
