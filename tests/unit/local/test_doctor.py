"""`make doctor` names what is missing, what for, and the command that mends it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from local import doctor

ROOT = Path(__file__).resolve().parents[3]


class Desk(doctor.Machine):
    """A machine on which everything is in order, until a test takes something away."""

    def __init__(self, root: Path) -> None:
        self.python = (3, 12, 1)
        self.platform = "linux"
        self.environment = {
            "DETECT_MODEL_DIR": str(root / "models"),
            "DARKROOM_TESTDATA": str(root),
            "PYENV_ROOT": str(root / "pyenv"),
        }
        self.root = root
        self.modules = {"venv", "ensurepip"}
        self.programs = {"make", "git", "docker", "apt-get", "python3.13"}
        self.broken: set[str] = set()
        self.gigabytes = 100.0
        self.taken: dict[int, str | None] = {}
        for folder in (".venv", ".venv-aws", "models"):
            (root / folder).mkdir()
        for folder in (".venv", ".venv-aws"):
            (root / folder / ".ready").touch()
        (root / "models" / "yolox_nano.onnx").touch()

    def has_module(self, name: str) -> bool:
        return name in self.modules

    def program(self, name: str) -> str | None:
        return f"/usr/bin/{name}" if name in self.programs else None

    def runs(self, *command: str) -> bool:
        return Path(command[0]).name in self.programs - self.broken

    def free_gigabytes(self) -> float:
        return self.gigabytes

    def port_is_free(self, number: int) -> bool:
        return number not in self.taken

    def port_holder(self, number: int) -> str | None:
        return self.taken[number]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def finding(desk: Desk, name: str) -> doctor.Finding:
    return next(one for one in doctor.examine(desk) if one.name == name)


def test_a_machine_in_order_lacks_nothing(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert all(one.well for one in doctor.examine(desk))
    assert doctor.main([], desk) == 0
    assert "mend" not in capsys.readouterr().out


def test_an_old_python_is_fatal_and_a_newer_one_on_the_path_is_named(desk: Desk) -> None:
    desk.python = (3, 10, 4)
    assert finding(desk, "python").mend == "make doctor PYTHON=python3.13"
    assert doctor.main([], desk) == 1
    desk.programs.discard("python3.13")
    assert finding(desk, "python").mend == "sudo apt-get install -y python3.11"


def test_debians_python_without_ensurepip_is_told_its_package(desk: Desk) -> None:
    desk.modules.discard("ensurepip")
    assert finding(desk, "venv").seen == "no ensurepip"
    assert finding(desk, "venv").mend == "sudo apt-get install -y python3-venv"
    assert doctor.main([], desk) == 1


@pytest.mark.parametrize(
    ("manager", "mend"),
    [
        ("dnf", "sudo dnf install -y make"),
        ("apk", "sudo apk add make"),
        ("brew", "brew install make"),
        ("none", "install make with this system's package manager"),
    ],
)
def test_each_system_is_told_its_own_package_manager(desk: Desk, manager: str, mend: str) -> None:
    desk.programs = {manager}
    assert finding(desk, "make").mend == mend
    assert doctor.main([], desk) == 1


def test_a_full_disk_is_fatal(desk: Desk) -> None:
    desk.gigabytes = 1.5
    assert finding(desk, "disk").mend == f"free 2.5 GB beside {desk.root}"
    assert doctor.main([], desk) == 1


def test_windows_is_sent_to_wsl(desk: Desk) -> None:
    desk.platform = "win32"
    assert "WSL" in finding(desk, "system").mend
    assert doctor.main([], desk) == 1


def test_what_is_optional_is_named_with_what_it_is_for_and_is_not_fatal(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.programs -= {"git", "docker", "python3.13"}
    desk.environment = dict.fromkeys(desk.environment, "/nowhere")
    (desk.root / ".venv" / ".ready").unlink()
    assert doctor.main([], desk) == 0
    mends = {one.name: one.mend for one in doctor.examine(desk) if not one.well}
    assert mends == {
        "git": "sudo apt-get install -y git",
        "environments": "make setup",
        "python3.13": ".venv/bin/uv python install 3.13",
        "docker": "https://docs.docker.com/engine/install/",
        "models": "make models",
        "testdata": "set DARKROOM_TESTDATA to the folder that holds it",
    }
    assert all(one.needed for one in doctor.examine(desk) if not one.well)
    assert "make test-sam" in capsys.readouterr().out


def test_an_engine_that_does_not_answer_is_not_an_engine(desk: Desk) -> None:
    desk.broken = {"docker"}
    assert finding(desk, "docker").mend == "start the Docker engine"


def test_a_version_managers_shim_that_does_not_run_is_no_python(desk: Desk) -> None:
    desk.broken = {"python3.13"}
    assert not finding(desk, "python3.13").well


def test_a_python_that_pyenv_keeps_is_one_though_its_shim_is_not(desk: Desk) -> None:
    desk.programs.add("python")
    desk.broken = {"python3.13"}
    kept = desk.root / "pyenv" / "versions" / "3.13.0" / "bin" / "python"
    kept.parent.mkdir(parents=True)
    kept.touch()
    assert finding(desk, "python3.13").seen == str(kept)
    desk.broken.add("python")
    assert not finding(desk, "python3.13").well


def test_a_taken_port_is_named_with_its_holder_and_a_way_round(desk: Desk) -> None:
    desk.taken = {4566: "nginx (pid 7)"}
    assert finding(desk, "port").seen == "4566 is held by nginx (pid 7)"
    assert finding(desk, "port").mend == "make up DARKROOM_PORT=4567"
    assert doctor.main([], desk) == 0


def test_our_own_stack_on_the_port_is_in_order(desk: Desk) -> None:
    desk.taken = {4566: "/x/.venv-aws/bin/python -P /x/local/embedded.py (pid 9)"}
    assert finding(desk, "port").well


def test_a_port_that_is_none_is_said_to_be_none(desk: Desk) -> None:
    desk.environment = {**desk.environment, "DARKROOM_PORT": "http"}
    assert "no port" in finding(desk, "port").seen


def test_it_runs_with_nothing_but_a_bare_python() -> None:
    program = (
        f"import runpy, sys; sys.path.insert(0, {str(ROOT)!r}); sys.argv = ['local', 'doctor']; "
        "runpy.run_module('local', run_name='__main__')"
    )
    bare = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    assert bare.returncode == 0, bare.stderr
    assert "python" in bare.stdout


@pytest.mark.parametrize("module", ["__init__", "__main__", "doctor", "port"])
def test_what_runs_before_an_environment_exists_parses_on_older_pythons(module: str) -> None:
    ast.parse((ROOT / "local" / f"{module}.py").read_text(), feature_version=(3, 8))
