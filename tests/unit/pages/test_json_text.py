"""JSON as pages write it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from darkroom.adapters.pages import json_text
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": "b",}', {"a": "b"}),
        ('{"a": ["b", "c", ], }', {"a": ["b", "c"]}),
        ('{"a": "b" // said\n}', {"a": "b"}),
        ('{/* so */ "a": "http://x//y"}', {"a": "http://x//y"}),
        ('<!-- {"a": "b"} -->', {"a": "b"}),
        ('//<![CDATA[\n{"a": "b"}\n//]]>', {"a": "b"}),
        ('{"a": "two\nlines\tand a tab"}', {"a": "two\nlines\tand a tab"}),
        ('{"a": "a 19" screen"}', {"a": 'a 19" screen'}),
        ('{"a": "it\\\'s"}', {"a": "it's"}),
        ("{&quot;a&quot;: &quot;b&quot;}", {"a": "b"}),
        ('{"a": {"b": ["c"', {"a": {"b": ["c"]}}),
        ('{"a": "b"}}', {"a": "b"}),
        ('\ufeff {"a": "b"};', {"a": "b"}),
        ('{"price": 24.990}', {"price": "24.990"}),  # as written
        ('{"a": null, "b": NaN}', {"a": None, "b": "NaN"}),
    ],
)
def test_what_was_clearly_meant_is_read(text: str, value: Any) -> None:
    assert json_text.values(text)[0] == value


def test_values_one_after_another_are_all_read() -> None:
    assert json_text.values('{"a": "1"}\n{"b": "2"}') == [{"a": "1"}, {"b": "2"}]


@pytest.mark.parametrize(
    "text", ["", "hello", "{" * 100_000, '{"a":' * 100_000, "[" + "1," * 10, '"', "\\", '{"a" "b"}']
)
def test_nonsense_gives_nothing_or_something_but_never_an_error(text: str) -> None:
    assert isinstance(json_text.values(text), list)


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_sound_json_is_read_as_it_stands_and_mending_does_not_harm_it(value: Any) -> None:
    text = json.dumps(value)
    assert json_text.values(text) == [value]


@given(st.text(alphabet='{}[]",:\\/*\n a1', max_size=300))
def test_mending_ends_for_any_text(text: str) -> None:
    json_text.values(text)
