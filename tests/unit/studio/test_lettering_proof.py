"""The proof that runs in Lambda's image holds here, and would notice what it is there for."""

from __future__ import annotations

import numpy as np
import pytest

from tests import lettering_proof as proof


def test_every_line_is_drawn_as_it_should_be() -> None:
    assert proof.differences() == {}


@pytest.mark.parametrize("name", proof.LINES)
def test_letters_in_another_order_are_noticed(name: str) -> None:
    text, rtl = proof.LINES[name]
    mirrored = np.ascontiguousarray(proof.ink(text, rtl=rtl)[:, ::-1])
    assert proof.distance(proof.fingerprint(mirrored), proof.GOLDEN[name]) > 3 * proof.TOLERANCE


@pytest.mark.parametrize(("one", "other"), [("arabic", "hebrew"), ("devanagari", "thai"), ("latin", "arabic")])
def test_other_letters_are_noticed(one: str, other: str) -> None:
    assert proof.distance(proof.GOLDEN[one], proof.GOLDEN[other]) > 3 * proof.TOLERANCE


@pytest.mark.parametrize(
    ("name", "apart"),
    [("arabic", "\u200c".join("سماعات لاسلكية Sony (أسود)")), ("devanagari", "क ष त र ि य स ट ी ल ₹1,499")],
)
def test_a_line_without_joining_and_shaping_is_noticed(name: str, apart: str) -> None:
    drawn = proof.ink(apart, rtl=proof.LINES[name][1])
    assert proof.distance(proof.fingerprint(drawn), proof.GOLDEN[name]) > 3 * proof.TOLERANCE


@pytest.mark.parametrize("name", ["arabic", "hebrew"])
def test_a_line_that_begins_at_the_wrong_side_is_noticed(name: str) -> None:
    drawn = proof.ink(proof.LINES[name][0], rtl=False)
    assert proof.distance(proof.fingerprint(drawn), proof.GOLDEN[name]) > 3 * proof.TOLERANCE


def test_a_vowel_sign_that_stays_behind_its_letter_is_noticed() -> None:
    text, rtl = proof.LINES["devanagari"]
    # Sent after the next letter, it is drawn where it would be if nobody had moved it before its own.
    drawn = proof.ink(text.replace("\u093f\u092f", "\u092f\u093f"), rtl=rtl)
    assert proof.distance(proof.fingerprint(drawn), proof.GOLDEN["devanagari"]) > proof.TOLERANCE
