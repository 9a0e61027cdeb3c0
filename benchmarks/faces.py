"""Faces by a pack on ONNX Runtime beside `insightface.app.FaceAnalysis` on the same weights: ratios from one run.

    python -m benchmarks.faces [folder of .onnx files]

Two packs: that of the folder, or of the material; and one whose recogniser is as large as that of antelopev2, a
ResNet-100 of random weights, because neither time nor memory depends on what the weights are. Each is prepared first.

Measured are whole processes until they are ready, with their peak memory; a picture with six faces; and the same six
faces in the two bare sessions, which run one after the other on what they are fed. All take turns, and the shortest
times are compared, since what else a machine does can only add to them. A pause stands before each, because the
threads of a default session spin on for a while and would take the cores from what comes next.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import insightface
import numpy as np
import onnx
from darkroom.adapters.vision.faces.alignment import SIDE
from darkroom.adapters.vision.faces.onnx_model import OnnxFaces, opened, recogniser
from darkroom.adapters.vision.faces.preparing import Terms, prepare
from darkroom.adapters.vision.faces.scrfd import Scrfd
from darkroom.adapters.vision.images import PillowImages
from darkroom.domain.faces import Licence
from insightface.app import FaceAnalysis
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Callable

    from darkroom.adapters.vision.faces.packs import Pack

MATERIAL = Path(os.environ.get("DARKROOM_TESTDATA") or Path(__file__).parents[2] / "shared" / "testdata")
PAUSE: Final = 0.03
PEAK: Final = "\nprint([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0])"
"""Kilobytes: what the operating system tells of a process that ended counts what its parent had, too."""
READY: Final = {
    "imports alone": "import numpy, onnxruntime",
    "FaceAnalysis": "from insightface.app import FaceAnalysis\n"
    "app = FaceAnalysis(name={source!r}, providers=['CPUExecutionProvider'])\n"
    "app.prepare(-1, det_size=(640, 640))",
    "the engine onnx": "from pathlib import Path\n"
    "from darkroom.adapters.vision.faces.onnx_model import OnnxFaces\n"
    "from darkroom.adapters.vision.faces.packs import read_pack\n"
    "OnnxFaces(read_pack(Path({pack!r})))",
}


def main() -> int:
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else MATERIAL / "models" / "insightface_pack"
    pixels = PillowImages().read((MATERIAL / "faces" / "t1.jpg").read_bytes())
    missed = 0
    print(f"{len(os.sched_getaffinity(0))} cores, insightface {insightface.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        large = Path(folder) / "large"
        large.mkdir()
        for detector in source.glob("det*.onnx"):
            (large / detector.name).symlink_to(detector.resolve())
        residual_network(large / "recogniser.onnx")
        for source_of_one, starts, rounds in ((source, 7, 40), (large, 3, 5)):
            to = Path(folder) / "packs" / source_of_one.name
            pack = prepare(source_of_one, to, Terms(Licence.NON_COMMERCIAL, "benchmark"), name=source_of_one.name)
            megabytes = sum(facts.size for facts in pack.files.values()) / 1e6
            print(f"\n{pack.name}: {megabytes:.0f} MB, {pack.dimensions} dimensions")
            missed += ready(source_of_one, pack, starts)
            missed += pictures(source_of_one, pack, pixels, rounds)
    return 1 if missed else 0


def ready(source: Path, pack: Pack, starts: int) -> int:
    """Whole processes, from nothing to an engine that is ready."""
    seconds: dict[str, list[float]] = {name: [] for name in READY}
    megabytes: dict[str, list[float]] = {name: [] for name in READY}
    for turn in range(starts + 1):
        for name, program in READY.items():
            command = [sys.executable, "-c", program.format(source=str(source), pack=str(pack.folder)) + PEAK]
            began = time.perf_counter()
            ran = subprocess.run(command, capture_output=True, text=True, check=True)
            if turn:  # the first turn fills the cache of files
                seconds[name].append(time.perf_counter() - began)
                megabytes[name].append(int(ran.stdout.split()[-1]) / 1024)
    least = {name: min(taken) for name, taken in seconds.items()}
    peak = {name: statistics.median(taken) for name, taken in megabytes.items()}
    imports, theirs, ours = READY
    print(f"{imports:26} {least[imports] * 1e3:8.1f} ms, {peak[imports]:.1f} MB")
    return row("process to ready", least[ours] * 1e3, least[theirs] * 1e3, "ms", 0.25) + row(
        "peak memory", peak[ours], peak[theirs], "MB", 0.30
    )


def pictures(source: Path, pack: Pack, pixels: np.ndarray[Any, np.dtype[np.uint8]], rounds: int) -> int:
    """A picture with six faces, and the sessions alone."""
    app = FaceAnalysis(name=str(source), providers=["CPUExecutionProvider"])
    app.prepare(-1, det_size=(640, 640))
    bgr = np.ascontiguousarray(pixels[..., ::-1])
    model = OnnxFaces(pack)
    finding, knowing = opened(pack, pack.detector, 0), opened(pack, pack.recogniser, 0)
    placed, _ = Scrfd(finding, pack.detector).fed(pixels)
    fed = recogniser(pack, 0).fed(pixels, np.array(model.faces(pixels)[0].landmarks))
    names = finding.get_inputs()[0].name, knowing.get_inputs()[0].name

    def sessions() -> None:
        finding.run(None, {names[0]: placed})
        for _ in range(6):
            knowing.run(None, {names[1]: fed})

    def reference() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if len(app.get(bgr)) != 6:
                raise RuntimeError("The reference does not find six faces")

    def ours() -> None:
        if len(model.faces(pixels)) != 6:
            raise RuntimeError("The engine does not find six faces")

    calls: dict[str, Callable[[], None]] = {"ours": ours, "FaceAnalysis": reference, "sessions": sessions}
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 1):
        for name, call in calls.items():
            time.sleep(PAUSE)
            began = time.perf_counter()
            call()
            if turn:
                taken[name].append(time.perf_counter() - began)
    least = {name: min(seconds) * 1e3 for name, seconds in taken.items()}
    return row("six faces, FaceAnalysis", least["ours"], least["FaceAnalysis"], "ms", 0.95) + row(
        "six faces, bare sessions", least["ours"], least["sessions"], "ms", 1.05
    )


def row(title: str, ours: float, theirs: float, unit: str, goal: float) -> int:
    """One line; 1 where the goal is missed."""
    ratio = ours / theirs
    verdict = "met" if ratio <= goal else "MISSED"
    print(f"{title:26} {ours:8.1f} of {theirs:8.1f} {unit}  {ratio:5.2f}  goal {goal:.2f}: {verdict}")
    return int(ratio > goal)


def residual_network(path: Path) -> None:
    """A recogniser with the layers of ResNet-100 as ArcFace's authors build it, and random weights: 261 MB."""
    random = np.random.default_rng(0)
    nodes: list[Any] = []
    weights: list[Any] = []

    def weight(*shape: int, scale: float = 0.0) -> str:
        values = random.standard_normal(shape) * scale if scale else random.uniform(0.9, 1.1, shape)
        weights.append(numpy_helper.from_array(values.astype(np.float32), f"w{len(weights)}"))
        return f"w{len(weights) - 1}"

    def add(operator: str, *inputs: str, **attributes: Any) -> str:
        name = f"n{len(nodes)}"
        nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def norm(given: str, channels: int) -> str:
        return add("BatchNormalization", given, *(weight(channels) for _ in range(4)))

    def conv(given: str, taken: int, made: int, stride: int = 1, size: int = 3) -> str:
        kernel = weight(made, taken, size, size, scale=(2 / (taken * size * size)) ** 0.5)
        pads = [size // 2] * 4
        return norm(add("Conv", given, kernel, kernel_shape=[size] * 2, strides=[stride] * 2, pads=pads), made)

    def rectified(given: str, channels: int) -> str:
        return add("PRelu", given, weight(channels, 1, 1))

    channels, last = 64, rectified(conv("face", 3, 64), 64)
    for made, blocks in ((64, 3), (128, 13), (256, 30), (512, 3)):
        for block in range(blocks):
            stride = 1 if block else 2
            inner = rectified(conv(norm(last, channels), channels, made), made)
            beside = last if block else conv(last, channels, made, stride, 1)
            last, channels = add("Add", conv(inner, made, made, stride), beside), made
    flat = add("Flatten", norm(last, channels))
    size = SIDE // 16
    vector = add("Gemm", flat, weight(512, 512 * size * size, scale=0.01), weight(512, scale=0.01), transB=1)
    graph = helper.make_graph(
        nodes,
        "random",
        [helper.make_tensor_value_info("face", TensorProto.FLOAT, ["N", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info(vector, TensorProto.FLOAT, ["N", 512])],
        weights,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8), path)


if __name__ == "__main__":
    sys.exit(main())
