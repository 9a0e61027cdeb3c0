"""The build's trimming keeps what is used, and the list of what is used is read off the code."""

from __future__ import annotations

import ast
import gzip
import json
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from botocore import xform_name
from botocore.loaders import Loader

from layers.pack import OPERATIONS, compile_all, cut_model, trim, without_prose
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

ADAPTERS = ROOT / "shared" / "darkroom" / "adapters" / "aws"
OPERATORS = {"dead_letters.py", "stacks.py"}
"""Adapters of the command line, which has boto3 whole."""
BOTOCORES_OWN = {("s3", "CreateBucket"), ("s3", "HeadBucket")}
"""What botocore looks up by itself: see the comment beside OPERATIONS."""


@cache
def model(service: str) -> dict[str, Any]:
    told: dict[str, Any] = Loader().load_service_model(service, "service-2")
    return told


def called() -> set[tuple[str, str]]:
    """(service, operation) of each botocore method that an adapter of the functions calls or has signed."""
    known = {xform_name(name): (service, name) for service in OPERATIONS for name in model(service)["operations"]}
    found = set()
    for path in ADAPTERS.glob("*.py"):
        if path.name in OPERATORS:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            names = [node.func.attr]
            if node.func.attr == "generate_presigned_url" and isinstance(node.args[0], ast.Constant):
                names = [str(node.args[0].value)]
            of = ast.unparse(node.func.value)
            if of.endswith(("client", "client()")):
                found |= {known[name] for name in names if name in known}
    return found


def test_the_layer_holds_what_the_adapters_call_and_nothing_else() -> None:
    held = {(service, name) for service, names in OPERATIONS.items() for name in names}
    assert held - BOTOCORES_OWN == called()


@pytest.mark.parametrize("service", sorted(OPERATIONS))
def test_a_cut_model_has_every_shape_that_its_operations_reach(service: str) -> None:
    cut = cut_model(model(service), OPERATIONS[service])
    assert set(cut["operations"]) == OPERATIONS[service]
    named = {found for found in _values(cut, "shape") if isinstance(found, str)}
    assert named == set(cut["shapes"])
    assert cut["metadata"] == model(service)["metadata"]


def test_an_operation_that_botocore_does_not_have_stops_the_build() -> None:
    with pytest.raises(KeyError):
        cut_model(model("sqs"), frozenset({"SendPostcard"}))


def test_prose_goes_and_a_field_of_that_name_stays() -> None:
    shape = {"documentation": "prose", "members": {"documentation": {"shape": "Text", "documentation": "prose"}}}
    assert without_prose(shape) == {"members": {"documentation": {"shape": "Text"}}}


def test_prose_that_botocore_reads_stays() -> None:
    cut = cut_model(model("s3"), OPERATIONS["s3"])
    assert all("documentation" in told for told in cut["clientContextParams"].values())


def trimmed(packages: Path, *names: str) -> set[str]:
    """What is left of these files."""
    for name in names:
        path = packages / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    trim(packages)
    return {str(path.relative_to(packages)) for path in packages.rglob("*") if path.is_file()}


def test_trimming_keeps_code_licences_and_versions(tmp_path: Path) -> None:
    wanted = {"one/__init__.py", "one-1.dist-info/METADATA", "one-1.dist-info/licenses/LICENSE.txt"}
    others = ["bin/one", "one/types.pyi", "one/tests/test_one.py", "one-1.dist-info/RECORD"]
    assert trimmed(tmp_path, *wanted, *others) == wanted


def test_of_arrow_what_serves_its_protocols_and_other_compilers_goes(tmp_path: Path) -> None:
    wanted = {"pyarrow/libarrow.so.2600", "pyarrow/lib.cpython-313-x86_64-linux-gnu.so"}
    others = ["pyarrow/libarrow_flight.so.2600", "pyarrow/_flight.cpython-313-x86_64-linux-gnu.so", "pyarrow/lib.pxd"]
    assert trimmed(tmp_path, *wanted, *others, "pyarrow/include/arrow/api.h") == wanted


def test_types_stay_where_modules_are_loaded_by_them(tmp_path: Path) -> None:
    wanted = {"skimage/__init__.pyi", "skimage/__init__.py", "lazy_loader/__init__.py"}
    assert trimmed(tmp_path, *wanted) == wanted


def test_of_botocores_data_the_newest_version_of_used_services_stays(tmp_path: Path) -> None:
    data = tmp_path / "botocore" / "data"
    for service in (*OPERATIONS, "ec2"):
        for version in ("2001-01-01", "2020-01-01"):
            folder = data / service / version
            folder.mkdir(parents=True)
            told = model(service) if service in OPERATIONS else {}
            for name, value in (("service-2", told), ("endpoint-rule-set-1", {"rules": []}), ("waiters-2", {})):
                (folder / f"{name}.json.gz").write_bytes(gzip.compress(json.dumps(value).encode()))
    services: dict[str, Any] = {"s3": {}, "ec2": {}}
    (data / "endpoints.json").write_text(json.dumps({"partitions": [{"services": services}]}))

    trim(tmp_path)

    kept = {str(path.relative_to(data)) for path in data.rglob("*.json")}
    files = ("service-2.json", "endpoint-rule-set-1.json")
    assert kept == {"endpoints.json"} | {f"{service}/2020-01-01/{name}" for service in OPERATIONS for name in files}
    assert json.loads((data / "endpoints.json").read_text()) == {"partitions": [{"services": {"s3": {}}}]}


def test_a_machine_without_the_python_is_told_loudly_and_builds_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Function").mkdir()
    (tmp_path / "Function" / "handler.py").write_text("")
    compile_all(tmp_path, None)
    assert "NO BYTECODE" in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.pyc"))


def _values(node: Any, name: str) -> list[Any]:
    """Every value under that key, wherever it is; the members of a structure are names, not keys."""
    if isinstance(node, list):
        return [found for item in node for found in _values(item, name)]
    if not isinstance(node, dict):
        return []
    own = [node[name]] if isinstance(node.get(name), str) else []
    return own + [found for item in node.values() for found in _values(item, name)]
