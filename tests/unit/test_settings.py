"""The environment as settings: names that people already use, and what contradicts itself."""

from __future__ import annotations

import pytest
from darkroom.errors import SettingsError
from darkroom.settings import ALIASES, read

NAMES = [(name, alias) for name, aliases in ALIASES.items() for alias in aliases]


@pytest.mark.parametrize(("name", "alias"), NAMES)
def test_two_names_of_one_setting_that_disagree_stop_the_start(name: str, alias: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} and {alias} are names of one setting"):
        read({name: "one", alias: "another"})


@pytest.mark.parametrize(("name", "alias"), NAMES)
def test_two_names_of_one_setting_that_agree_are_one(name: str, alias: str) -> None:
    assert read({name: "same", alias: "same"}) == read({name: "same"}) == read({alias: "same"})
