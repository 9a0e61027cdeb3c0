"""A message is the id of a job and nothing else, and whatever else arrives as one is refused."""

from __future__ import annotations

import json

import pytest
from darkroom.domain.messages import job_id_of, message
from darkroom.errors import MalformedRequestError
from hypothesis import given
from hypothesis import strategies as st

JOB_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
HOSTILE = {
    "nothing": "",
    "no JSON": "{jobId: 1}",
    "half of it": '{"jobId": "0f8fad5b-',
    "a list": "[]",
    "a text": '"0f8fad5b-d9cb-469f-a165-70867728950e"',
    "null": "null",
    "another field": json.dumps({"job_id": JOB_ID}),
    "one field more": json.dumps({"jobId": JOB_ID, "callbackUrl": "https://example.com/?token=x"}),
    "a number": '{"jobId": 12}',
    "a list of ids": json.dumps({"jobId": [JOB_ID]}),
    "another table's key": '{"jobId": "idem#owner#digest"}',
    "capitals": json.dumps({"jobId": JOB_ID.upper()}),
    "a line end": json.dumps({"jobId": f"{JOB_ID}\n"}),
    "other digits": json.dumps({"jobId": "\u0660f8fad5b-d9cb-469f-a165-70867728950e"}),
    "a lone surrogate": '{"jobId": "\\ud800"}',
    "deep nesting": "[" * 200,
    "very deep nesting": "[" * 100_000,
    "a number of 5,000 digits": '{"jobId": ' + "9" * 5_000 + "}",
    "NaN": '{"jobId": NaN}',
    "no text": None,
    "bytes": b'{"jobId": "0f8fad5b-d9cb-469f-a165-70867728950e"}',
    "an object": {"jobId": JOB_ID},
}


def test_what_is_sent_is_what_is_read() -> None:
    assert json.loads(message(JOB_ID)) == {"jobId": JOB_ID}
    assert job_id_of(message(JOB_ID)) == JOB_ID


@pytest.mark.parametrize("name", HOSTILE)
def test_refuses(name: str) -> None:
    with pytest.raises(MalformedRequestError):
        job_id_of(HOSTILE[name])


@given(st.text(max_size=400))
def test_any_other_text_is_refused_and_nothing_else_is_raised(body: str) -> None:
    with pytest.raises(MalformedRequestError):
        job_id_of(body)


@pytest.mark.parametrize("name", HOSTILE)
def test_the_refusal_does_not_repeat_what_was_sent(name: str) -> None:
    with pytest.raises(MalformedRequestError) as refused:
        job_id_of(HOSTILE[name])
    assert refused.value.detail.isascii()
    assert "example.com" not in refused.value.detail
    assert "0f8fad5b" not in refused.value.detail
