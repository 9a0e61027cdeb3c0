"""The container images: built by pip alone, and run read-only, with no network, by nobody in particular."""

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
MEGABYTES = {"face_embed": 350, "index": 600}
"""What an image may take over its base, weights left out, in millions of bytes."""
PROGRAM = """
import json, sys
import detect
from darkroom import wiring
from darkroom.errors import NoModelError

told = {"bytecode": detect.__cached__, "loaded": sorted({"boto3", "pydantic", "numpy"} & set(sys.modules))}
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
    """What .dockerignore lets through, less weights: whether the Dockerfiles copy more would show."""
    if subprocess.run(["docker", "image", "inspect", BASE], capture_output=True, check=False).returncode:
        pytest.skip(f"no Docker engine with the image {BASE}")
    folder = tmp_path_factory.mktemp("context")
    leave = shutil.ignore_patterns("__pycache__", "*.onnx", "*.txt.part", "*-local", "pack.json")
    let_through = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for name in let_through:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=leave)
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def build(context: Path, function: str = "face_embed", **arguments: str) -> str:
    """The id of the image. Raises subprocess.CalledProcessError, the engine's words in it."""
    told = {"LAMBDA_BASE_IMAGE": BASE, **arguments}
    options = [part for name, value in told.items() for part in ("--build-arg", f"{name}={value}")]
    dockerfile = str(context / f"functions/{function}/Dockerfile")
    return docker("build", "--quiet", "--file", dockerfile, *options, str(context)).splitlines()[-1]


def megabytes(image: str) -> float:
    return int(docker("image", "inspect", image, "--format", "{{.Size}}")) / 1e6


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
    told = run(build(context, MODEL_DIR="functions/detect/chosen"), testdata("detect").parent)
    assert (told["engine"], told["model"]) == ("onnx", "yolox_nano")
    assert told["detect/coffee.png"] == ["cup", "dining table"]
    assert told["faces/obama.jpg"] == ["person", "tie"]
    assert "formats/IMG_2682.heic" in told
    assert "formats/8bit-sRGB.avif" in told
    assert told["loaded"] == []
    assert told["bytecode"].startswith("/var/task/__pycache__/detect.cpython-3")


def test_an_image_built_without_one_says_how_to_get_it(context: Path, testdata: Material) -> None:
    told = run(build(context), testdata("detect").parent)
    assert "darkroom models fetch --to functions/detect/models" in told["missing"][1]


def test_dlib_is_in_the_image_too(context: Path, testdata: Material) -> None:
    told = run(build(context), testdata("detect").parent, DETECT_ENGINE="dlib")
    assert (told["engine"], told["model"]) == ("dlib", "hog")
    assert told["faces/obama.jpg"] == ["face"]
    assert told["detect/coffee.png"] == []


@pytest.mark.parametrize(("function", "most"), MEGABYTES.items())
def test_an_image_is_not_much_larger_than_its_base(function: str, most: int, context: Path) -> None:
    added = megabytes(build(context, function)) - megabytes(BASE)
    print(f"{function}: {added:.0f} MB over the base")
    assert added <= most


def test_weights_for_research_alone_end_the_build_unless_that_is_known(context: Path, small_pack: Path) -> None:
    shutil.copytree(small_pack, context / "functions/face_embed/studied")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        build(context, FACE_PACK="functions/face_embed/studied")
    assert "for non-commercial use alone" in refused.value.stderr + refused.value.stdout
    assert "AcceptModelLicence=yes" in refused.value.stderr + refused.value.stdout
    image = build(context, FACE_PACK="functions/face_embed/studied", ACCEPT_MODEL_LICENCE="yes")
    told = docker("run", "--rm", "--entrypoint", "find", image, "/opt/darkroom/packs", "-name", "*.onnx*")
    assert told


def test_weights_that_nobody_prepared_end_the_build(context: Path, testdata: Material) -> None:
    shutil.copytree(testdata("models/insightface_pack/det_500m.onnx").parent, context / "functions/face_embed/loose")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        build(context, FACE_PACK="functions/face_embed/loose", ACCEPT_MODEL_LICENCE="yes")
    assert "darkroom models prepare" in refused.value.stderr + refused.value.stdout


def test_an_engine_that_the_image_does_not_know_ends_the_build_with_those_that_it_does(context: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        build(context, ENGINES="yunet,haar")
    assert (
        "ENGINES names 'haar', which is none of: dlib insightface yunet" in refused.value.stderr + refused.value.stdout
    )


@pytest.mark.parametrize(
    ("engines", "there"),
    [
        ("", []),
        ("yunet,dlib", ["cv2", "face_recognition_models"]),
        ("insightface", ["cv2", "insightface"]),
    ],
)
def test_what_an_engine_needs_is_in_the_image_with_that_engine_alone(
    engines: str, there: list[str], context: Path
) -> None:
    image = build(context, ENGINES=engines)
    names = "cv2", "face_recognition_models", "insightface"
    program = f"import importlib.util as u; print(*[n for n in {names} if u.find_spec(n)])"
    inside = ["--env", "PYTHONPATH=/var/task:/var/runtime", "--entrypoint", "python3", image]
    assert docker("run", "--rm", *inside, "-c", program).split() == there
    for name in {"cv2", "insightface"} & set(there):
        docker("run", "--rm", "--read-only", "--tmpfs", "/tmp", *inside, "-c", f"import {name}")


@pytest.mark.parametrize("function", MEGABYTES)
def test_bytecode_is_valid_whatever_the_files_dates(function: str, context: Path) -> None:
    """Unchecked bytecode: the flags word after the magic number says that no date is ever looked at."""
    image = build(context, function)
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
