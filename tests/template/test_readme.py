"""What the README counts off the template and the tree is as many as there are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.conftest import ROOT
from tests.template.stack import ALARM

if TYPE_CHECKING:
    from tests.template.stack import Stack

README = (ROOT / "README.md").read_text()


def test_the_costs_are_of_every_alarm_and_queue(stack: Stack) -> None:
    assert f"alarms ({len(stack.named(ALARM))} at 0.10)" in README
    assert f"the long polling of {len(stack.working_queues)} queues" in README


def test_the_map_names_every_function_and_every_folder_of_tests(stack: Stack) -> None:
    mapped = README.partition("## Map")[2].partition("## Add a function")[0]
    functions = re.search(r"one folder a Lambda: (.+?)\nshared/", mapped, re.DOTALL)
    assert functions is not None
    assert sorted(functions[1].replace("|", " ").split()) == sorted(stack.folder(name) for name in stack.functions)
    tests = re.search(r"^tests/ +(.+)$", mapped, re.MULTILINE)
    assert tests is not None
    assert sorted(tests[1].split()) == sorted({path.parent.name for path in ROOT.glob("tests/*/test_*.py")} | {"unit"})
