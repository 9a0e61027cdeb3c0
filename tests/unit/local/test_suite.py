"""`make test`: every part runs, one that fails fails the whole, and the summary says which tests."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from local import suite
from local.stack import ROOT
from local.suite import PARTS, Outcome, Part, Tally, run, tally

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "REPORTS", tmp_path)


def test_a_part_that_fails_is_failed_and_its_later_commands_do_not_run(tmp_path: Path) -> None:
    part = Part("x", ("tests/none",), before=(sys.executable, "-c", "raise SystemExit(3)"))
    outcome = run(part)
    assert not outcome.passed
    assert not part.report.exists()


def test_a_folder_without_a_test_is_a_failure() -> None:
    assert not run(Part("x", ("tests/unit/local/nothing-here",))).passed


def test_every_folder_of_tests_is_in_a_part_but_that_of_make_test_sam() -> None:
    run_by_folder = {folder for part in PARTS for folder in part.folders}
    folders = {f"tests/{path.name}" for path in (ROOT / "tests").iterdir() if any(path.rglob("test_*.py"))}
    assert folders - run_by_folder == {"tests/sam"}


def test_tests_of_the_build_run_once_and_after_it() -> None:
    assert "not artifacts" in suite.ELSEWHERE
    (part,) = [part for part in PARTS if part.markers != suite.ELSEWHERE]
    assert part.markers == "artifacts"
    assert part.before[-1] == "build"


def test_the_report_names_what_failed_and_what_was_skipped(tmp_path: Path) -> None:
    report = tmp_path / "x.xml"
    report.write_text(
        "<testsuites><testsuite><testcase classname='a' name='one'/><testcase classname='a' name='two'><failure/>"
        "</testcase><testcase classname='b' name='three'><error/></testcase><testcase classname='b' name='four'>"
        "<skipped/></testcase></testsuite></testsuites>"
    )
    assert tally(report) == Tally(4, ("a::two", "b::three"), ("b::four",))
    assert tally(tmp_path / "none.xml") == Tally()


def test_an_unknown_part_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert suite.main(["unit", "moon"]) == 2
    assert "moon" in capsys.readouterr().out


def test_one_failed_part_fails_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "run", lambda part: Outcome(part, part.name != "budget", 1.0))
    assert suite.main([]) == 1
    assert suite.main(["unit", "lint"]) == 0


def test_a_failed_test_is_named_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "unit.xml").write_text(
        "<testsuites><testcase classname='tests.unit.a' name='test_b[detect-0]'><failure/></testcase></testsuites>"
    )
    monkeypatch.setattr(suite, "run", lambda part: Outcome(part, passed=False, seconds=1.0))
    assert suite.main(["unit"]) == 1
    assert "tests.unit.a::test_b[detect-0]" in capsys.readouterr().out
