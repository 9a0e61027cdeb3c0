"""`make test`: everything, the fast parts first, each part to its end, one summary. A part that fails fails the whole.

`make test PARTS="unit e2e"` runs some of it.
"""

from __future__ import annotations

import os
import subprocess
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from local.stack import INTERPRETER, ROOT

if TYPE_CHECKING:
    from pathlib import Path

REPORTS: Final = ROOT / "out" / "test"
TEST_SECONDS: Final = 600
"""After this a test that has no limit of its own is taken for hung."""
ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"), "1")
"""For parts that have a process for each core: libraries that would take every core once more only wait for each other,
and made some tests last three times as long."""
ELSEWHERE: Final = "not artifacts and not docker"
"""Tests of what `make build` leaves have a part of their own, those of the containers `make test-sam`."""


@dataclass(frozen=True, slots=True)
class Part:
    """One command of the suite; `folders` are what pytest runs, `workers` how many processes share them, and how."""

    name: str
    folders: tuple[str, ...] = ()
    markers: str = ELSEWHERE
    workers: int = 0
    shared_out: str = "load"
    before: tuple[str, ...] = ()

    def commands(self) -> list[list[str]]:
        commands = [list(self.before)] if self.before else []
        if self.folders:
            pytest = [str(INTERPRETER), "-m", "pytest", *self.folders, "-q", "-m", self.markers]
            pytest += ["--timeout", str(TEST_SECONDS)]
            pytest += ["--junitxml", str(self.report), "-n", str(self.workers), "--dist", self.shared_out]
            commands.append(pytest)
        return commands

    @property
    def report(self) -> Path:
        return REPORTS / f"{self.name}.xml"


PARTS: Final = (
    Part("lint", before=("make", "--no-print-directory", "lint")),
    Part("unit", ("tests/unit",), workers=2),
    Part("contract", ("tests/contract",), workers=2),
    Part("functional", ("tests/functional",), workers=2),
    Part("template", ("tests/template",), workers=2, before=("make", "--no-print-directory", "validate")),
    Part("budget", ("tests/budget",)),
    Part("schedules", ("tests/schedules",), workers=2),
    Part("e2e", ("tests/e2e",), workers=2, shared_out="loadfile"),  # the tests of a file hold its stack in a state
    Part("artifacts", ("tests/artifacts",), markers="artifacts", before=("make", "--no-print-directory", "build")),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    part: Part
    passed: bool
    seconds: float


def run(part: Part) -> Outcome:
    """Run a part's commands until one fails."""
    began = time.monotonic()
    part.report.unlink(missing_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    if part.workers:
        environment |= ONE_THREAD
    passed = all(
        subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0 for command in part.commands()
    )
    return Outcome(part, passed, time.monotonic() - began)


@dataclass(frozen=True, slots=True)
class Tally:
    """What a part's report holds."""

    tests: int = 0
    failed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


def tally(report: Path) -> Tally:
    if not report.exists():
        return Tally()
    cases = list(ET.parse(report).iter("testcase"))  # noqa: S314  our own pytest wrote it

    def named(*outcomes: str) -> tuple[str, ...]:
        return tuple(
            f"{case.get('classname')}::{case.get('name')}"
            for case in cases
            if any(case.find(outcome) is not None for outcome in outcomes)
        )

    return Tally(len(cases), named("failure", "error"), named("skipped"))


def main(arguments: list[str]) -> int:
    known = {part.name: part for part in PARTS}
    unknown = [name for name in arguments if name not in known]
    if unknown:
        print(f"There is no part {', '.join(unknown)}; there are {', '.join(known)}.")
        return 2
    REPORTS.mkdir(parents=True, exist_ok=True)
    console = Console(highlight=False)
    outcomes = []
    for part in [known[name] for name in arguments] or PARTS:
        console.rule(f"[bold]{part.name}")
        outcomes.append(run(part))
    console.rule("[bold]all together")
    console.print(summary(outcomes))
    for outcome in outcomes:
        for name in tally(outcome.part.report).failed:
            console.print(f"[red]failed[/red]  {outcome.part.name}: {escape(name)}", soft_wrap=True)
    return int(not all(outcome.passed for outcome in outcomes))


def summary(outcomes: list[Outcome]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("part", "", "tests", "failed", "skipped", "seconds"):
        table.add_column(column, justify="right" if column not in ("part", "") else "left")
    for outcome in outcomes:
        counted = tally(outcome.part.report)
        word = "[green]passed[/green]" if outcome.passed else "[bold red]FAILED[/bold red]"
        counts = (counted.tests, len(counted.failed), len(counted.skipped)) if outcome.part.folders else ("", "", "")
        table.add_row(outcome.part.name, word, *map(str, counts), f"{outcome.seconds:.0f}")
    table.add_row("", "", "", "", "", f"{sum(outcome.seconds for outcome in outcomes):.0f}")
    return table
