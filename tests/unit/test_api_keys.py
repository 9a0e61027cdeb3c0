"""The form of keys: one word, with a checksum that tells a typing error."""

from __future__ import annotations

import hashlib
import os
import re

import pytest
from darkroom.domain import api_keys
from darkroom.errors import UnauthenticatedError
from hypothesis import given
from hypothesis import strategies as st

ENTROPY = st.binary(min_size=api_keys.ENTROPY_BYTES, max_size=api_keys.ENTROPY_BYTES)


@given(ENTROPY, st.sampled_from(["dev", "staging", "prod", "eu-1"]))
def test_a_minted_key_is_well_formed_and_names_its_stage(entropy: bytes, stage: str) -> None:
    key = api_keys.mint(stage, entropy)
    assert re.fullmatch(rf"dk_{stage}_[A-Za-z0-9]{{49}}", key)
    api_keys.check_form(key)
    assert api_keys.stage_of(key) == stage
    assert api_keys.digest(key) == hashlib.sha256(key.encode()).hexdigest()


@given(ENTROPY, ENTROPY)
def test_two_secrets_make_two_keys(one: bytes, other: bytes) -> None:
    assert (api_keys.mint("dev", one) == api_keys.mint("dev", other)) == (one == other)


def test_every_single_mistyped_character_is_told() -> None:
    key = api_keys.mint("dev", os.urandom(api_keys.ENTROPY_BYTES))
    for position in range(len("dk_dev_"), len(key)):
        for wrong in "0aZ":
            if key[position] != wrong:
                with pytest.raises(UnauthenticatedError, match="checksum"):
                    api_keys.check_form(key[:position] + wrong + key[position + 1 :])


def test_a_key_under_another_stages_name_is_told_by_its_checksum() -> None:
    key = api_keys.mint("dev", bytes(range(32)))
    with pytest.raises(UnauthenticatedError, match="checksum"):
        api_keys.check_form(key.replace("dk_dev_", "dk_prod_"))


@pytest.mark.parametrize(
    "text",
    ["", "x", "dk_dev_", "dk_dev_" + "A" * 48, "dk_dev_" + "A" * 50, "dk__" + "A" * 49, "dk_dev_" + "é" * 49,
     "dk_dev_" + "A" * 49 + "\n", "sk_dev_" + "A" * 49, "dk_dev_" + "٣" * 49, "\ud800" * 60, "A" * 1_000_000],
)  # fmt: skip
def test_what_has_not_the_form_of_a_key_is_refused_without_a_lookup(text: str) -> None:
    with pytest.raises(UnauthenticatedError) as refusal:
        api_keys.check_form(text)
    assert text[:60] not in refusal.value.detail or not text


def test_too_little_randomness_is_a_bug_of_the_caller() -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        api_keys.mint("dev", b"short")
