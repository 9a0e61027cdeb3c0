"""What this machine lacks, and the command that mends it: `make doctor`.

Runs on any Python 3 before an environment exists: standard library only, and no syntax newer than 3.8.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from local import port

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parent.parent
PYTHON = (3, 11)
LAMBDA_PYTHON = "3.13"
DISK_GIGABYTES = 4


class Machine:
    """What is asked of the machine; the tests hand in another."""

    python = sys.version_info[:3]
    platform = sys.platform
    environment: Mapping[str, str] = os.environ
    root = ROOT

    def has_module(self, name: str) -> bool:
        return importlib.util.find_spec(name) is not None

    def program(self, name: str) -> str | None:
        return shutil.which(name)

    def runs(self, *command: str) -> bool:
        try:
            return subprocess.run(command, capture_output=True, timeout=10, check=False).returncode == 0
        except (OSError, subprocess.TimeoutExpired):
            return False

    def free_gigabytes(self) -> float:
        return shutil.disk_usage(self.root).free / 1e9

    def port_is_free(self, number: int) -> bool:
        return port.is_free(number)

    def port_holder(self, number: int) -> str | None:
        return port.holder(number)


class Finding:
    """One thing that was looked at. `mend` is empty where all is well; `needed` says what goes without it."""

    def __init__(self, name: str, seen: str, mend: str = "", *, required: bool = False, needed: str = "") -> None:
        self.name = name
        self.seen = seen
        self.mend = mend
        self.required = required
        self.needed = needed

    @property
    def well(self) -> bool:
        return not self.mend


def examine(machine: Machine) -> list[Finding]:
    """Everything that the project can make use of, required things first."""
    return [
        _system(machine),
        _python(machine),
        _venv(machine),
        _program(machine, "make", required=True, needed="every target"),
        _disk(machine),
        _program(machine, "git", needed="fetching the sources and working on them"),
        _environments(machine),
        _port(machine),
        _lambda_python(machine),
        _docker(machine),
        _models(machine),
        _testdata(machine),
    ]


def _system(machine: Machine) -> Finding:
    if machine.platform.startswith(("linux", "darwin")):
        return Finding("system", machine.platform, required=True)
    return Finding("system", machine.platform, "use Linux, macOS, or WSL on Windows", required=True)


def _python(machine: Machine) -> Finding:
    seen = ".".join(map(str, machine.python))
    if machine.python >= PYTHON:
        return Finding("python", seen, required=True)
    newer = [name for name in ("python3.14", "python3.13", "python3.12", "python3.11") if machine.program(name)]
    mend = f"make doctor PYTHON={newer[0]}" if newer else _install(machine, "python3.11")
    return Finding("python", f"{seen}, older than 3.11", mend, required=True)


def _venv(machine: Machine) -> Finding:
    missing = [name for name in ("venv", "ensurepip") if not machine.has_module(name)]
    if missing:
        return Finding("venv", "no " + " and no ".join(missing), _install(machine, "python3-venv"), required=True)
    return Finding("venv", "present", required=True)


def _program(machine: Machine, name: str, *, required: bool = False, needed: str = "") -> Finding:
    path = machine.program(name)
    return Finding(name, path or "missing", "" if path else _install(machine, name), required=required, needed=needed)


def _disk(machine: Machine) -> Finding:
    free = machine.free_gigabytes()
    mend = "" if free >= DISK_GIGABYTES else f"free {DISK_GIGABYTES - free:.1f} GB beside {machine.root}"
    return Finding("disk", f"{free:.0f} GB free", mend, required=True)


def _environments(machine: Machine) -> Finding:
    missing = [name for name in (".venv", ".venv-aws") if not (machine.root / name / ".ready").exists()]
    if missing:
        return Finding("environments", "not made: " + ", ".join(missing), "make setup", needed="done by every target")
    return Finding("environments", "made")


def _port(machine: Machine) -> Finding:
    wanted = machine.environment.get("DARKROOM_PORT") or str(port.DEFAULT)
    number = port.parse(wanted)
    if number is None:
        return Finding(
            "port", f"DARKROOM_PORT is {wanted!r}, which is no port", "unset DARKROOM_PORT", needed="make up"
        )
    if machine.port_is_free(number):
        return Finding("port", f"{number} is free")
    holder = machine.port_holder(number) or "a process of another user"
    if "local/embedded.py" in holder:
        return Finding("port", f"{number} is held by the embedded AWS")
    return Finding(
        "port",
        f"{number} is held by {holder}",
        f"make up DARKROOM_PORT={number + 1}",
        needed="make up and make dev; make demo takes any free port",
    )


def _lambda_python(machine: Machine) -> Finding:
    name = f"python{LAMBDA_PYTHON}"
    pyenv = Path(machine.environment.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    kept = [str(python) for python in sorted(pyenv.glob(f"{LAMBDA_PYTHON}.*/bin/python"))]
    # A version manager's shim for a version that is not chosen does not run; the build looks where it keeps them, too.
    path = next((one for one in (machine.program(name), *kept) if one and machine.runs(one, "-c", "")), None)
    uv = machine.root / ".venv" / "bin" / "uv"
    if path is None and uv.exists() and machine.runs(str(uv), "python", "find", LAMBDA_PYTHON):
        path = "found by uv"
    mend = "" if path else ".venv/bin/uv python install " + LAMBDA_PYTHON
    return Finding(name, path or "missing", mend, needed="bytecode in what `make build` packages")


def _docker(machine: Machine) -> Finding:
    needed = "make test-sam, and make deploy (the detector is a container image)"
    if not machine.program("docker"):
        return Finding("docker", "missing", "https://docs.docker.com/engine/install/", needed=needed)
    if not machine.runs("docker", "info"):
        return Finding("docker", "installed, but its engine does not answer", "start the Docker engine", needed=needed)
    return Finding("docker", "its engine answers")


def _models(machine: Machine) -> Finding:
    given = machine.environment.get("DETECT_MODEL_DIR") or machine.environment.get("MODEL_CACHE")
    folder = Path(given or "~/.cache/darkroom/models").expanduser()
    if folder.is_dir() and next(folder.rglob("*.onnx"), None):
        return Finding("models", str(folder))
    return Finding("models", f"none in {folder}", "make models", needed="detecting more than faces")


def _testdata(machine: Machine) -> Finding:
    given = machine.environment.get("DARKROOM_TESTDATA")
    folder = Path(given) if given else machine.root.parent / "shared" / "testdata"
    if folder.is_dir():
        return Finding("testdata", str(folder))
    return Finding(
        "testdata",
        f"no folder {folder}",
        "set DARKROOM_TESTDATA to the folder that holds it",
        needed="the tests on real pictures, which skip without it",
    )


def _install(machine: Machine, package: str) -> str:
    for manager, command in (
        ("apt-get", "sudo apt-get install -y"),
        ("dnf", "sudo dnf install -y"),
        ("apk", "sudo apk add"),
        ("brew", "brew install"),
    ):
        if machine.program(manager):
            return f"{command} {package}"
    return f"install {package} with this system's package manager"


def report(findings: list[Finding]) -> str:
    lines = []
    for finding in findings:
        mark = "ok  " if finding.well else "LACK" if finding.required else "-   "
        lines.append(f"{mark} {finding.name:<13}{finding.seen}")
        if finding.mend:
            lines.append(
                f"     {'':<13}mend: {finding.mend}" + (f"   (for {finding.needed})" if finding.needed else "")
            )
    lacking = [finding.name for finding in findings if finding.required and not finding.well]
    lines.append("")
    lines.append(
        f"Required and lacking: {', '.join(lacking)}." if lacking else "All that is required is here: make demo"
    )
    return "\n".join(lines)


def main(arguments: list[str], machine: Machine | None = None) -> int:
    """1 where something required is lacking, else 0."""
    del arguments
    findings = examine(machine or Machine())
    print(report(findings))
    return int(any(finding.required and not finding.well for finding in findings))
