"""Which model of a folder finds faces and which tells them apart is read off what they take and give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from darkroom.adapters.vision.faces.library import PackLibrary
from darkroom.adapters.vision.faces.packs import MANIFEST, read_pack
from darkroom.adapters.vision.faces.preparing import Terms, first_nodes, look_at, prepare
from darkroom.adapters.vision.session import open_session
from darkroom.domain.faces import Licence
from darkroom.errors import InvalidRequestError, NoModelError
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TERMS = Terms(Licence.COMMERCIAL, "MIT", "https://example.com")


def save(path: Path, taken: Sequence[int | str], given: Mapping[str, Sequence[int]], *first: str) -> Path:
    """A model that answers the mean of what it is shown everywhere. `first` names nodes before all others, which begin
    with what they do, as MXNet's do: `Sub_1`, `_mulscalar0`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    name, nodes = "picture", []
    for node in first:
        operator = "Mul" if "mul" in node.lower() else "Sub"
        nodes.append(helper.make_node(operator, [name, "one"], [node], name=node))
        name = node
    nodes.append(helper.make_node("ReduceMean", [name], ["mean"], name="middle", keepdims=0))
    weights = [numpy_helper.from_array(np.ones(1, np.float32), "one")]
    for output, shape in given.items():
        weights.append(numpy_helper.from_array(np.array(shape, np.int64), f"{output}-shape"))
        nodes.append(helper.make_node("Expand", ["mean", f"{output}-shape"], [output], name=f"{output}-node"))
    graph = helper.make_graph(
        nodes,
        "made up",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, taken)],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape) for output, shape in given.items()],
        weights,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def detector(folder: Path, name: str = "det.onnx") -> Path:
    widths = {f"{columns}-{stride}": [2, columns] for columns in (1, 4, 10) for stride in (8, 16, 32)}
    return save(folder / name, [1, 3, "h", "w"], widths)


def recogniser(folder: Path, name: str = "rec.onnx", dimensions: int = 512, *first: str) -> Path:
    return save(folder / name, ["N", 3, 112, 112], {"vector": [1, dimensions]}, *first)


def strays(folder: Path) -> None:
    """What comes in packs beside the two: ages, landmarks, poses; and what is no model at all."""
    save(folder / "genderage.onnx", [1, 3, 96, 96], {"fc1": [1, 3]})
    save(folder / "1k3d68.onnx", [1, 3, 192, 192], {"fc1": [1, 3309]})
    save(folder / "2d106det.onnx", [1, 3, 192, 192], {"fc1": [1, 212]})
    save(folder / "pose.onnx", [1, 3, 112, 112], {"angles": [1, 3]})
    save(folder / "points.onnx", [1, 3, 112, 112], {"points": [1, 10]})
    save(folder / "points98.onnx", [1, 3, 112, 112], {"features": [1, 64, 28, 28], "points": [1, 196]})
    (folder / "broken.onnx").write_bytes(b"no model")
    (folder / "empty.onnx").write_bytes(b"")


def test_strays_are_no_part_of_a_pack(tmp_path: Path) -> None:
    strays(tmp_path)
    assert look_at(tmp_path) == []
    found, known = detector(tmp_path), recogniser(tmp_path)
    assert [(one.path, one.kind, one.dimensions) for one in look_at(tmp_path)] == [
        (found, "scrfd", 0),
        (known, "recogniser", 512),
    ]


@pytest.mark.parametrize("dimensions", [64, 128, 512, 1024])
def test_any_size_of_embedding_will_do(dimensions: int, tmp_path: Path) -> None:
    detector(tmp_path / "from")
    recogniser(tmp_path / "from", "rec.onnx", dimensions)
    assert prepare(tmp_path / "from", tmp_path / "to", TERMS, name="to").dimensions == dimensions


def test_yunet_is_known_and_left_as_opencv_reads_it(tmp_path: Path) -> None:
    outputs = {
        f"{kind}_{stride}": [1, 2, width]
        for kind, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10))
        for stride in (8, 16, 32)
    }
    source = save(tmp_path / "from/yunet.onnx", [1, 3, 640, 640], outputs)
    recogniser(tmp_path / "from")
    pack = prepare(tmp_path / "from", tmp_path / "to", TERMS, name="to")
    assert (pack.detector.layout, pack.detector.colours, pack.detector.mean, pack.detector.std) == (
        "yunet",
        "bgr",
        0,
        1,
    )
    assert (pack.folder / pack.detector.file).read_bytes() == source.read_bytes()


@pytest.mark.parametrize(
    ("first", "scaling"),
    [
        ((), (127.5, 127.5)),
        (("Sub_1", "Mul_2"), (0.0, 1.0)),
        (("_minusscalar0", "_mulscalar0"), (0.0, 1.0)),
        (("Sub_1",), (127.5, 127.5)),
    ],
)
def test_what_scales_by_itself_is_not_scaled_twice(
    first: tuple[str, ...], scaling: tuple[float, float], tmp_path: Path
) -> None:
    detector(tmp_path / "from")
    path = recogniser(tmp_path / "from", "rec.onnx", 64, *first)
    assert first_nodes(path)[: len(first)] == list(first)
    pack = prepare(tmp_path / "from", tmp_path / "to", TERMS, name="to")
    assert (pack.recogniser.mean, pack.recogniser.std) == scaling


def test_the_names_of_nodes_are_those_that_onnx_reads(tmp_path: Path) -> None:
    path = recogniser(tmp_path, "rec.onnx", 64, *(f"Sub_{number}" for number in range(20)))
    assert first_nodes(path) == [node.name for node in onnx.load(path).graph.node[:8]]


@pytest.mark.parametrize("data", [b"\x00", b"\xff" * 64, b"\x3a\xff\xff\xff\xff\x0f", b"\x3a\x05\x0a\x7f", b"text"])
def test_what_is_no_graph_has_no_nodes(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(data)
    assert first_nodes(tmp_path / "x.onnx") == []


def test_a_prepared_pack_is_a_graph_with_its_weights_beside_it_that_gives_the_same(tmp_path: Path) -> None:
    detector(tmp_path / "from")
    source = recogniser(tmp_path / "from")
    pack = prepare(tmp_path / "from", tmp_path / "to" / "mine", TERMS, name="mine")
    assert pack == read_pack(tmp_path / "to" / "mine")
    assert pack.damaged() is None
    assert (pack.licence, pack.licence_text, pack.licence_url) == (Licence.COMMERCIAL, "MIT", "https://example.com")
    assert {path.name for path in pack.folder.iterdir()} == {MANIFEST, *pack.files}
    assert [path.name for path in (tmp_path / "to").iterdir()] == ["mine"]
    shown = {"picture": np.random.default_rng(1).random((1, 3, 112, 112), np.float32)}
    before = open_session(source, threads=1).run(None, shown)
    for mapped in (False, True):
        after = open_session(pack.recogniser_path, threads=1, mapped=mapped).run(None, shown)
        assert np.allclose(before[0], after[0])


def test_of_two_recognisers_none_is_guessed(tmp_path: Path) -> None:
    detector(tmp_path)
    recogniser(tmp_path, "a.onnx")
    recogniser(tmp_path, "b.onnx")
    with pytest.raises(NoModelError, match=r"more than one \(a\.onnx, b\.onnx\)"):
        prepare(tmp_path, tmp_path / "to", TERMS, name="to")
    assert not (tmp_path / "to").exists()


def test_a_folder_without_a_detector_is_no_pack(tmp_path: Path) -> None:
    recogniser(tmp_path)
    with pytest.raises(NoModelError, match="no detector"):
        prepare(tmp_path, tmp_path / "to", TERMS, name="to")
    with pytest.raises(NoModelError):
        prepare(tmp_path / "missing", tmp_path / "to", TERMS, name="to")


def test_a_pack_is_made_anew_in_its_place(tmp_path: Path) -> None:
    detector(tmp_path / "from")
    recogniser(tmp_path / "from")
    prepare(tmp_path / "from", tmp_path / "to", TERMS, name="to")
    again = prepare(
        tmp_path / "from", tmp_path / "to", Terms(Licence.NON_COMMERCIAL, "study"), name="to", threshold=0.3
    )
    assert (again.licence, again.threshold) == (Licence.NON_COMMERCIAL, 0.3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["from", "to"]


def test_vectors_of_another_recogniser_never_come_under_the_same_name(tmp_path: Path) -> None:
    detector(tmp_path / "from")
    recogniser(tmp_path / "from")
    prepare(tmp_path / "from", tmp_path / "to", TERMS, name="to")
    recogniser(tmp_path / "from", "rec.onnx", 256)
    with pytest.raises(InvalidRequestError) as caught:
        prepare(tmp_path / "from", tmp_path / "to", TERMS, name="to")
    assert "--name" in caught.value.fix
    assert read_pack(tmp_path / "to").dimensions == 512


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    detector(tmp_path / "from")
    recogniser(tmp_path / "from")
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "letters.txt").write_text("dear")
    for to in (tmp_path / "to", tmp_path / "from"):
        with pytest.raises(InvalidRequestError, match="is no pack"):
            prepare(tmp_path / "from", to, TERMS, name="to")
    assert (tmp_path / "to" / "letters.txt").read_text() == "dear"


def test_a_pack_is_named_after_its_folder(tmp_path: Path) -> None:
    detector(tmp_path / "from")
    recogniser(tmp_path / "from")
    library = PackLibrary(tmp_path / "packs")
    assert library.prepare(tmp_path / "from", Licence.COMMERCIAL).folder == tmp_path / "packs" / "from"
    assert library.prepare(tmp_path / "from", Licence.COMMERCIAL, to=tmp_path / "image").name == "image"
    assert library.prepare(tmp_path / "from", Licence.COMMERCIAL, name="other").folder == tmp_path / "packs" / "other"
    assert set(library.here()) == {"from", "other"}
    beside = PackLibrary(tmp_path / "packs" / "from").prepare(tmp_path / "from", Licence.COMMERCIAL, name="third")
    assert beside.folder == tmp_path / "packs" / "third"
