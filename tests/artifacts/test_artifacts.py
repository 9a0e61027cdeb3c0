"""What `make build` leaves is what Lambda can run: alone, at once, within its limits."""

from __future__ import annotations

import filecmp
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from fontTools.ttLib import TTFont

from benchmarks.artifacts import (
    CORE_MEGABYTES,
    FUNCTION_MEGABYTES,
    ROOT,
    SNIPPET,
    Artifact,
    StubAws,
    artifacts,
    event,
    megabytes,
    sizes,
)

if TYPE_CHECKING:
    from pathlib import Path

FUNCTIONS = [
    *("authorizer", "doodle", "faces", "presign", "preview", "receiver", "status", "sweeper", "webhooks", "worker")
]
ON_USE = {
    "authorizer": ["darkroom.adapters.web.tokens"],
    "faces": ["darkroom.adapters.web.fetcher", "darkroom.adapters.aws.lambda_faces", "darkroom.entry.forms"],
    "receiver": ["darkroom.adapters.web.fetcher"],
    "sweeper": ["darkroom.adapters.web.fetcher"],
    "webhooks": ["darkroom.adapters.web.fetcher", "darkroom.adapters.aws.secrets"],
}
"""What some requests load and the first one here does not."""
READS_A_PAGE = """
from darkroom import wiring
page = b'<html lang="en"><head><script type="application/ld+json">{"@type": "Product", "name": "Blue mug", "offers":'
page += b'{"@type": "Offer", "price": "12.75", "priceCurrency": "EUR"}}</script></head><body><h1>Blue mug</h1></html>'
product = wiring.product_reader().read(page, url="https://shop.example/mug", content_type="text/html")
assert product.name.value == "Blue mug" and product.price.amount == "12.75", product
"""
MEASURES = """
from darkroom import wiring
import numpy as np
pixels = np.full((96, 96, 4), 255, np.uint8)
pixels[40:44, 20:70, :3] = 0
sheet = wiring.picture_encoder().still(pixels, "image/png")
assert wiring.doodle_meter().measure(wiring.picture_reader().frames(sheet).pixels[0]).ink_box
made = wiring.picture_optimiser().optimise(
    pixels, width=64, height=64, original=sheet, allowed=("image/png", "image/webp", "image/avif"))
assert made.data and made.ssim >= 0.98
for kind in ("image/gif", "image/webp", "image/apng", "image/avif"):
    assert wiring.picture_encoder().animation([pixels, pixels[::-1].copy()], fps=12, media_type=kind)
"""
STAGES = """
from darkroom.domain.generation import Ability, DrawRequest
from darkroom.domain.products import Overlay
drawn = wiring._engine("studio").draw(
    DrawRequest("", '{"name": "Blue mug"}', frozenset({Ability.PRODUCT}), width=512, height=512, reference=sheet),
    trial=lambda call: call())
jpeg, laid = wiring.overlayer().lay(drawn.pictures[0], Overlay("Blue mug", "12,50 \u20ac", None, None))
assert jpeg[:3].hex() == "ffd8ff" and laid.name == "Blue mug"
"""
ASKS = """
import google.genai, openai, replicate
for name in ("openai", "gemini", "replicate"):
    assert wiring._engine(name).name == name
"""
AT_WORK = {"doodle": MEASURES, "preview": READS_A_PAGE, "worker": READS_A_PAGE + MEASURES + STAGES + ASKS}
"""What these functions are there for, each as far as it goes on one machine: every library is loaded and used."""
LETTERING = (ROOT / "tests" / "lettering_proof.py").read_text()
"""Arabic joined, Devanagari in its order, a price in a line from right to left: the worker's own proof of these."""
COMPILED = "\nsys.exit(repr(compiled) if compiled else 0)"
WATCHED = """
import sys
from importlib import _bootstrap_external as loading
compiled = []
def source_to_code(self, data, path, **_):
    compiled.append(path)
    return compile(data, path, "exec", dont_inherit=True)
loading.SourceLoader.source_to_code = source_to_code
"""
VALIDITY = """
import _imp, importlib.util, json, pathlib, struct, sys
from importlib._bootstrap_external import _RAW_MAGIC_NUMBER as magic
told = []
for source in pathlib.Path(sys.argv[1]).rglob("*.py"):
    cached = pathlib.Path(importlib.util.cache_from_source(str(source)))
    head = cached.read_bytes()[:16] if cached.is_file() else b""
    # Magic number, then flags: 1 is "known by its source's hash, and not to be checked" (PEP 552), then that hash.
    wanted = importlib.util.MAGIC_NUMBER + struct.pack("<I", 1) + _imp.source_hash(magic, source.read_bytes())
    if head != wanted:
        told.append(str(source))
json.dump(told, sys.stdout)
"""


@pytest.fixture(params=FUNCTIONS)
def artifact(request: pytest.FixtureRequest, deployed: dict[str, Artifact]) -> Artifact:
    return deployed[request.param]


def run(
    artifact: Artifact, python: str, program: str, aws: StubAws, *arguments: Path
) -> subprocess.CompletedProcess[str]:
    command, environment = artifact.command(python, program, *arguments), artifact.environment(aws.endpoint)
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def unshaped(artifact: Artifact, folder: Path) -> Artifact:
    """The artifact with other fonts in front of its own: the same letters, without what joins and replaces them."""
    (own,) = (each / "manimgx_fonts" for each in artifact.folders if (each / "manimgx_fonts").is_dir())
    planted = folder / own.name
    shutil.copytree(own, planted, copy_function=shutil.copyfile)
    planted.chmod(0o755)
    for script in ("Arabic", "Devanagari"):
        with TTFont(own / f"NotoSans{script}[wght].ttf") as font:
            del font["GSUB"]
            font.save(planted / f"NotoSans{script}[wght].ttf")
    return replace(artifact, folders=(folder, *artifact.folders))


def files(folder: Path) -> dict[str, Path]:
    return {
        str(path.relative_to(folder)): path
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_every_zip_function_of_the_template_is_built(build: Path) -> None:
    assert sorted(artifacts(build)) == FUNCTIONS


def test_what_is_built_is_of_this_source(build: Path) -> None:
    pairs = [(ROOT / "shared/darkroom", build / "CodeLayer/python/darkroom")]
    pairs += [(ROOT / "functions" / name, artifact.folders[0]) for name, artifact in artifacts(build).items()]
    for source, built in pairs:
        here, there = files(source), {name: path for name, path in files(built).items() if name != ".lock"}
        assert sorted(here) == sorted(there), "make build"
        stale = [name for name, path in here.items() if not filecmp.cmp(path, there[name], shallow=False)]
        assert stale == [], "make build"


def test_a_function_goes_all_the_way_with_nothing_but_its_artifact_and_its_layers(
    artifact: Artifact, python: str, aws: StubAws, tmp_path: Path
) -> None:
    asked = tmp_path / "event.json"
    asked.write_text(json.dumps(event(artifact.name)))
    ran = run(artifact, python, SNIPPET, aws, asked)
    assert ran.returncode == 0, ran.stderr
    assert went_all_the_way(artifact.name, json.loads(ran.stderr)), ran.stdout + ran.stderr


def went_all_the_way(function: str, answer: dict[str, Any]) -> bool:
    match function:
        case "authorizer":
            return bool(answer["context"]["owner"] == "demo")
        case "status":
            return answer["statusCode"] == 200 and "detections" in json.loads(answer["body"])
        case "sweeper":
            return bool(answer["failed"] == 0)
        case "webhooks" | "worker":
            return answer == {"batchItemFailures": []}
        case "preview":  # the guard of URLs is as far as it goes without a shop
            return bool(answer["statusCode"] == 422 and json.loads(answer["body"])["code"] == "UNACCEPTABLE_URL")
        case _:
            return answer["statusCode"] in {200, 202}


def test_what_a_function_loads_on_use_is_there_too(artifact: Artifact, python: str, aws: StubAws) -> None:
    names = ["darkroom.wiring", *ON_USE.get(artifact.name, [])]
    ran = run(artifact, python, "import " + ", ".join(names), aws)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("action", ["generate", "animate", "analyze", "optimize", "several"])
def test_each_action_on_a_doodle_is_done_by_the_artifact_alone(
    action: str, deployed: dict[str, Artifact], python: str, aws: StubAws
) -> None:
    ran = run(deployed["doodle"], python, SNIPPET, aws, ROOT / "events" / "doodle" / f"{action}.json")
    assert ran.returncode == 0, ran.stderr
    answer = json.loads(ran.stderr)
    assert answer["statusCode"] == 200, answer
    made = json.loads(answer["body"])
    assert made.get("provider", "sketch") == "sketch"
    assert made["cost"]["gbSeconds"] > 0


@pytest.mark.parametrize("function", AT_WORK)
def test_the_engines_of_a_function_work_with_nothing_but_its_artifact_and_its_layers(
    function: str, deployed: dict[str, Artifact], python: str, aws: StubAws
) -> None:
    ran = run(deployed[function], python, WATCHED + AT_WORK[function] + COMPILED, aws)
    assert ran.returncode == 0, ran.stderr


def test_the_worker_sets_letters_that_join_reorder_and_run_from_right_to_left(
    deployed: dict[str, Artifact], python: str, aws: StubAws
) -> None:
    ran = run(deployed["worker"], python, LETTERING, aws)
    assert ran.returncode == 0, ran.stderr


def test_a_worker_whose_letters_do_not_join_is_noticed(
    deployed: dict[str, Artifact], python: str, aws: StubAws, tmp_path: Path
) -> None:
    ran = run(unshaped(deployed["worker"], tmp_path), python, LETTERING, aws)
    assert ran.returncode == 1
    assert "'arabic'" in ran.stderr, ran.stderr
    assert "'devanagari'" in ran.stderr, ran.stderr


def test_a_cold_start_compiles_nothing(artifact: Artifact, python: str, aws: StubAws, tmp_path: Path) -> None:
    asked = tmp_path / "event.json"
    asked.write_text(json.dumps(event(artifact.name)))
    ran = run(artifact, python, WATCHED + SNIPPET + COMPILED, aws, asked)
    assert ran.returncode == 0, ran.stderr


def test_a_watched_cold_start_sees_what_is_compiled(
    artifact: Artifact, python: str, aws: StubAws, tmp_path: Path
) -> None:
    (tmp_path / "fresh.py").write_text("")
    program = WATCHED + f"sys.path.append({str(tmp_path)!r})\nimport fresh\nsys.exit(len(compiled) + 10)"
    assert run(artifact, python, program, aws).returncode == 11


def test_every_bytecode_is_valid_whatever_its_date(build: Path, python: str) -> None:
    told = subprocess.run([python, "-I", "-S", "-c", VALIDITY, build], capture_output=True, text=True, check=True)
    assert json.loads(told.stdout) == []


def test_every_native_library_is_for_lambdas_python_and_machine(build: Path) -> None:
    native = list(build.rglob("*.so*"))
    assert {"pydantic_core", "numpy.libs"} <= {path.parent.name for path in native}
    # What a wheel brings for its modules (`numpy.libs`) names no Python, for it knows none.
    modules = [path.name for path in native if not path.parent.name.endswith(".libs")]
    assert [name for name in modules if not any(tag in name for tag in ("cpython-313-x86_64", "abi3"))] == []
    # ELF: e_machine, 2 bytes at 18, is 62 for x86-64 (elf(5)).
    assert [path.name for path in native if path.read_bytes()[18:20] != b"\x3e\0"] == []


def test_layers_carry_dependencies_with_their_licences_and_nothing_that_no_function_imports(build: Path) -> None:
    for layer in ("CoreLayer", "TokensLayer"):
        folders = list((build / layer / "python").glob("*.dist-info"))
        assert folders
        for folder in folders:
            held = {path.name.upper() for path in folder.rglob("*")}
            assert "METADATA" in held
            assert any(name.startswith(("LICEN", "COPYING", "NOTICE")) for name in held), folder.name
        for package in ("boto3", "httpx", "pydantic"):
            assert not (build / layer / "python" / package).exists()
        assert not (build / layer / "python" / "darkroom").exists()


def test_sizes_are_within_budget(build: Path) -> None:
    sys.stdout.write("\n".join(["", *sizes(build), ""]))
    assert megabytes(build / "CoreLayer") <= CORE_MEGABYTES
    for name, artifact in artifacts(build).items():
        assert megabytes(*artifact.folders) <= FUNCTION_MEGABYTES, name
        assert len(artifact.folders) - 1 <= 5, name
