"""The container image of `detect`: built by pip alone, and run read-only, with no network, by nobody in particular."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Material

pytestmark = pytest.mark.docker

BASE = os.environ.get("LAMBDA_BASE_IMAGE") or "public.ecr.aws/lambda/python:3.13"
PROGRAM = """
import json, sys
import handler
from darkroom import wiring
from darkroom.errors import NoModelError

told = {"bytecode": handler.__cached__, "loaded": sorted({"boto3", "pydantic", "numpy"} & set(sys.modules))}
try:
    detector = wiring.object_detector()
except NoModelError as error:
    told["missing"] = [error.detail, error.fix]
else:
    told["engine"], told["model"] = detector.engine, detector.model
    for name in ("detect/coffee.png", "faces/obama.jpg", "formats/IMG_2682.heic", "formats/8bit-sRGB.avif"):
        with open(f"/testdata/{name}", "rb") as file:
            found = detector.detect(wiring.image_reader().read(file.read()))
        told[name] = sorted({each.label for each in found})
print(json.dumps(told))
"""


def docker(*arguments: str) -> str:
    return subprocess.run(
        ["docker", *arguments], check=True, capture_output=True, text=True, timeout=300
    ).stdout.strip()


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the Dockerfile copies, and nothing else: whether it copies more would show."""
    if subprocess.run(["docker", "image", "inspect", BASE], capture_output=True, check=False).returncode:
        pytest.skip(f"no Docker engine with the image {BASE}")
    folder = tmp_path_factory.mktemp("context")
    leave = shutil.ignore_patterns("__pycache__", "*.onnx", "*.txt.part")
    shutil.copytree(ROOT / "functions/detect", folder / "functions/detect", ignore=leave)
    shutil.copytree(ROOT / "shared/darkroom", folder / "shared/darkroom", ignore=leave)
    (folder / "layers").mkdir()
    shutil.copy(ROOT / "layers/pack.py", folder / "layers/pack.py")
    return folder


def build(context: Path, *options: str) -> str:
    return docker(
        "build",
        "--quiet",
        "--file",
        str(context / "functions/detect/Dockerfile"),
        "--build-arg",
        f"LAMBDA_BASE_IMAGE={BASE}",
        *options,
        str(context),
    ).splitlines()[-1]


def run(image: str, material: Path, **settings: str) -> dict[str, Any]:
    environment = {
        "PYTHONPATH": "/var/task:/var/runtime",
        "AWS_REGION": "eu-west-1",
        "BUCKET_NAME": "media",
        **settings,
    }
    variables = [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]
    # A user with no name and no home, as in Lambda.
    boundaries = ["--network", "none", "--read-only", "--tmpfs", "/tmp", "--user", "993:990", "--memory", "1g"]
    told = docker(
        "run",
        "--rm",
        *boundaries,
        *variables,
        "--volume",
        f"{material}:/testdata:ro",
        "--entrypoint",
        "python3",
        image,
        "-c",
        PROGRAM,
    )
    answer: dict[str, Any] = json.loads(told)
    return answer


def test_an_image_built_with_a_model_detects(context: Path, testdata: Material) -> None:
    weights = context / "functions/detect/chosen"
    weights.mkdir()
    for name in ("yolox_nano.onnx", "coco80.txt"):
        shutil.copy(testdata(f"models/yolox/{name}"), weights / name)
    told = run(build(context, "--build-arg", "MODEL_DIR=functions/detect/chosen"), testdata("detect").parent)
    assert (told["engine"], told["model"]) == ("onnx", "yolox_nano")
    assert told["detect/coffee.png"] == ["cup", "dining table"]
    assert told["faces/obama.jpg"] == ["person", "tie"]
    assert "formats/IMG_2682.heic" in told
    assert "formats/8bit-sRGB.avif" in told
    assert told["loaded"] == []
    assert told["bytecode"].startswith("/var/task/__pycache__/handler.cpython-3")


def test_an_image_built_without_one_says_how_to_get_it(context: Path, testdata: Material) -> None:
    told = run(build(context), testdata("detect").parent)
    assert "darkroom models fetch --to functions/detect/models" in told["missing"][1]


def test_dlib_is_in_the_image_too(context: Path, testdata: Material) -> None:
    told = run(build(context), testdata("detect").parent, DETECT_ENGINE="dlib")
    assert (told["engine"], told["model"]) == ("dlib", "hog")
    assert told["faces/obama.jpg"] == ["face"]
    assert told["detect/coffee.png"] == []


def test_bytecode_is_valid_whatever_the_files_dates(context: Path) -> None:
    """Unchecked bytecode: the flags word after the magic number says that no date is ever looked at."""
    image = build(context)
    program = (
        "import glob\n"
        "paths = glob.glob('/var/task/**/*.pyc', recursive=True)\n"
        "checked = [p for p in paths if open(p, 'rb').read(8)[4:] != bytes([1, 0, 0, 0])]\n"
        "sources = [p for p in glob.glob('/var/task/**/*.py', recursive=True)]\n"
        "print(len(paths), len(checked), len(sources))"
    )
    compiled, checked, sources = map(
        int, docker("run", "--rm", "--entrypoint", "python3", image, "-c", program).split()
    )
    assert checked == 0
    assert compiled >= 0.99 * sources > 500
