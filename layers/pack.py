"""What `sam build` leaves is made smaller and quicker to start.

    pack.py trim <site-packages>    one layer: drop what is never read, cut botocore's data down to what is called
    pack.py compile <build folder>  everything built: bytecode of Lambda's Python that is valid whatever its date

Nothing is forked: botocore reads its own format, only less of it. Measured in docs/decisions.md.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

PYTHON: Final = "3.13"

OPERATIONS: Final[dict[str, frozenset[str]]] = {
    "dynamodb": frozenset(
        {
            "BatchGetItem",
            "DeleteItem",
            "GetItem",
            "PutItem",
            "Query",
            "Scan",
            "TransactWriteItems",
            "UpdateItem",
        }
    ),
    "lambda": frozenset({"Invoke"}),
    "rekognition": frozenset({"DetectLabels"}),
    # Two of them are botocore's own: CreateBucket is the model that a presigned POST is made on, and HeadBucket asks
    # for the region of a bucket that redirects.
    "s3": frozenset(
        {
            "CreateBucket",
            "DeleteObjects",
            "GetObject",
            "HeadBucket",
            "HeadObject",
            "ListObjectsV2",
            "PutObject",
        }
    ),
    "secretsmanager": frozenset({"GetSecretValue"}),
    "sqs": frozenset({"ChangeMessageVisibility", "GetQueueAttributes", "SendMessage"}),
    "ssm": frozenset({"GetParameter"}),
}
"""Every service and operation that our code calls inside a function; a test compares it with the adapters."""


UNREAD: Final = ("*.pxd", "*.pyx", "libarrow_flight.so*", "_flight.*.so")
"""Sources for another compiler, and what of Arrow serves a protocol that nothing here speaks."""


def trim(packages: Path) -> None:
    unused = [*packages.rglob("tests"), *packages.rglob("__pycache__"), packages / "pyarrow" / "include"]
    for folder in (packages / "bin", *unused):
        shutil.rmtree(folder, ignore_errors=True)
    # Types are not for a run, but that scikit-image loads its modules by them.
    unread = UNREAD if (packages / "lazy_loader").is_dir() else ("*.pyi", *UNREAD)
    for file in [*(file for kind in unread for file in packages.rglob(kind)), *packages.glob("*.dist-info/*")]:
        # Licences and METADATA (the version, which libraries ask for) stay.
        if file.is_file() and file.name != "METADATA" and not is_licence(file.name):
            file.unlink()
    if (data := packages / "botocore" / "data").is_dir():
        trim_botocore(data)


def is_licence(name: str) -> bool:
    return name.upper().startswith(("LICENSE", "LICENCE", "NOTICE", "COPYING", "AUTHORS"))


def trim_botocore(data: Path) -> None:
    """Keep the services of OPERATIONS, of each the latest version, and of that the operations and no prose.

    Paginators, waiters and examples go: we page by hand. The files are stored plain, which loads faster than gzip.
    """
    for service in data.iterdir():
        if service.is_dir() and service.name not in OPERATIONS:
            shutil.rmtree(service)
    for name, operations in OPERATIONS.items():
        *older, version = sorted((data / name).iterdir())
        for folder in older:
            shutil.rmtree(folder)
        model, rules = load(version / "service-2"), load(version / "endpoint-rule-set-1")
        shutil.rmtree(version)
        version.mkdir()
        store(version / "service-2.json", cut_model(model, operations))
        store(version / "endpoint-rule-set-1.json", rules)
    endpoints = json.loads((data / "endpoints.json").read_text())
    for partition in endpoints["partitions"]:
        partition["services"] = {name: told for name, told in partition["services"].items() if name in OPERATIONS}
    store(data / "endpoints.json", endpoints)


def load(stem: Path) -> Any:
    packed = stem.with_name(f"{stem.name}.json.gz")
    return json.loads(gzip.decompress(packed.read_bytes()))


def store(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value, separators=(",", ":")))


def cut_model(model: dict[str, Any], operations: frozenset[str]) -> dict[str, Any]:
    """A service model of these operations and the shapes that they reach. Raises KeyError for one it does not have."""
    kept = {name: model["operations"][name] for name in sorted(operations)}
    waiting = [
        operation[side]["shape"] for operation in kept.values() for side in ("input", "output") if side in operation
    ]
    waiting += [error["shape"] for operation in kept.values() for error in operation.get("errors", ())]
    reached: dict[str, Any] = {}
    while waiting:
        name = waiting.pop()
        if name not in reached:
            shape = reached[name] = model["shapes"][name]
            waiting += [member["shape"] for member in shape.get("members", {}).values()]
            waiting += [shape[part]["shape"] for part in ("member", "key", "value") if part in shape]
    cut = {**model, "operations": kept, "shapes": dict(sorted(reached.items()))}
    # botocore reads the prose of clientContextParams when it makes a client.
    return {part: told if part == "clientContextParams" else without_prose(told) for part, told in cut.items()}


def without_prose(node: Any) -> Any:
    """Drop documentation. A field of that name, whose value is no text, stays."""
    if isinstance(node, dict):
        return {
            key: without_prose(value)
            for key, value in node.items()
            if not (key in {"documentation", "documentationUrl"} and isinstance(value, str))
        }
    return [without_prose(value) for value in node] if isinstance(node, list) else node


def interpreter() -> str | None:
    """A CPython of Lambda's version: uv's, pyenv's, the PATH's, or one that uv can fetch."""
    quick = {**os.environ, "UV_HTTP_TIMEOUT": "15", "UV_HTTP_RETRIES": "0"}
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    known = [str(python) for python in sorted(pyenv.glob(f"{PYTHON}.*/bin/python"), reverse=True)]
    for candidate in (*known, f"python{PYTHON}"):
        if answers(candidate):
            return candidate
    find = ["uv", "python", "find", "--managed-python", PYTHON]
    for command in (find, ["uv", "python", "install", PYTHON], find):
        told = subprocess.run(command, env=quick, capture_output=True, text=True, check=False)  # noqa: S603
        if command is find and told.returncode == 0 and answers(path := told.stdout.strip()):
            return path
    return None


def answers(python: str) -> bool:
    """Whether it runs, and is the version that its name promises (pyenv's shims need not)."""
    ask = [python, "-I", "-S", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        told = subprocess.run(ask, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError:
        return False
    return told.stdout.strip() == PYTHON


def compile_all(build: Path, python: str | None) -> None:
    """Bytecode beside every source, unchecked: SAM dates each file 1980, so a dated one would never be valid.

    Paths in tracebacks are those of a function: /var/task, and /opt for a layer. Without an interpreter it says so.
    """
    if python is None:
        print(
            f"\nWARNING: no Python {PYTHON} here and none to be had, so these artifacts carry NO BYTECODE:\n"
            "every cold start will compile its sources, which takes about twice as long. They work all the same.\n"
            f"Mend it with `uv python install {PYTHON}` and build again.\n",
            file=sys.stderr,
        )
        return
    for artifact in sorted(folder for folder in build.iterdir() if folder.is_dir()):
        root = "/opt" if (artifact / "python").is_dir() else "/var/task"
        options = ["-q", "-f", "-j", "0", "--invalidation-mode", "unchecked-hash", "-s", str(artifact), "-p", root]
        subprocess.run([python, "-I", "-S", "-m", "compileall", *options, str(artifact)], check=True)  # noqa: S603
    print(f"Bytecode by {python}")


if __name__ == "__main__":
    action, folder = sys.argv[1], Path(sys.argv[2]).resolve()
    if action == "trim":
        trim(folder)
    else:
        compile_all(folder, interpreter())
