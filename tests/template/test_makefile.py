"""What the Makefile says of the template is so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.conftest import ROOT

if TYPE_CHECKING:
    from tests.template.stack import Stack


def test_a_build_without_an_engine_leaves_out_the_container_functions_and_no_other(stack: Stack) -> None:
    named = re.search(r"^IN_CONTAINERS := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert named is not None
    assert {f"{name}Function" for name in named[1].split()} == set(stack.images)
