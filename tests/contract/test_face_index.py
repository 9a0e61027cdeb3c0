"""One suite for every FaceIndex: LanceDB's, with and without a table in memory, and its twin."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
from darkroom.adapters.clock import SystemClock
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.adapters.memory.people import MemoryFaceIndex, MemoryFaceTables
from darkroom.adapters.vectors.lance import OWNER_BYTES, LanceFaceIndex
from darkroom.domain.people import Match
from darkroom.errors import InvalidRequestError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from darkroom.ports import Clock, FaceIndex
    from numpy.typing import NDArray

NOW = 1_767_323_045_678
SIZE = 64
NEVER = 1 << 50


def vector(seed: int, size: int = SIZE) -> NDArray[np.float32]:
    numbers = np.random.default_rng(seed).standard_normal(size).astype(np.float32)
    return numbers / np.float32(np.linalg.norm(numbers))


@pytest.fixture(params=["memory", "lance", "lance, searched where it is"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Clock], FaceIndex]:
    if request.param == "memory":
        return MemoryFaceIndex
    most = OWNER_BYTES if request.param == "lance" else 0
    return lambda clock: LanceFaceIndex(str(tmp_path), MemoryFaceTables(), clock, owner_bytes=most)


@pytest.fixture
def index(make: Callable[[Clock], FaceIndex]) -> FaceIndex:
    return make(MemoryClock(NOW))


def put(index: FaceIndex, *faces: tuple[str, str, int], owner: str = "acme", pack: str = "one", at: int = NOW) -> None:
    index.put(owner, pack, [(person, face, vector(seed)) for person, face, seed in faces], at=at, until=NEVER)


def found(
    index: FaceIndex,
    seed: int,
    *,
    owner: str = "acme",
    pack: str = "one",
    limit: int = 10,
    threshold: float = 0.9,
    people: list[str] | None = None,
) -> list[tuple[str, str]]:
    matches = index.search(owner, pack, vector(seed), limit=limit, threshold=threshold, people=people)
    return [(match.person_id, match.face_id) for match in matches]


def test_what_was_put_before_the_call_is_found(index: FaceIndex) -> None:
    assert found(index, 1) == []
    put(index, ("ada", "a", 1), ("bob", "b", 2))
    assert found(index, 1) == [("ada", "a")]
    put(index, ("cleo", "c", 3))
    assert found(index, 3) == [("cleo", "c")]
    assert found(index, 2) == [("bob", "b")]
    assert list(index.faces("acme", "one")) == [("ada", "a"), ("bob", "b"), ("cleo", "c")]


def test_the_most_similar_come_first_and_none_below_the_threshold(index: FaceIndex) -> None:
    seeds = range(40)
    put(index, *((f"p{seed:02d}", "f", seed) for seed in seeds))
    query = vector(99)
    exact = {f"p{seed:02d}": float(vector(seed) @ query) for seed in seeds}
    order = sorted(exact, key=lambda person: -exact[person])
    matches = index.search("acme", "one", query, limit=5, threshold=-1.0)
    assert [match.person_id for match in matches] == order[:5]
    assert [match.similarity for match in matches] == pytest.approx([exact[person] for person in order[:5]], abs=1e-5)
    limit = exact[order[2]] - 1e-4
    assert len(index.search("acme", "one", query, limit=10, threshold=limit)) == 3
    assert len(index.search("acme", "one", query, limit=1_000, threshold=-1.0)) == 40


def test_some_peoples_faces_alone(index: FaceIndex) -> None:
    put(index, ("ada", "a", 1), ("o'hara", "b", 1), ("cleo", "c", 1))
    assert sorted(found(index, 1, people=["o'hara", "cleo", "nobody"])) == [("cleo", "c"), ("o'hara", "b")]
    assert found(index, 1, people=[]) == []


def test_no_owner_and_no_pack_meets_another(index: FaceIndex) -> None:
    put(index, ("ada", "a", 1))
    put(index, ("bob", "b", 1), owner="other/../acme #1")
    put(index, ("cleo", "c", 1), pack="two")
    assert found(index, 1) == [("ada", "a")]
    assert found(index, 1, owner="other/../acme #1") == [("bob", "b")]
    assert found(index, 1, pack="two") == [("cleo", "c")]
    assert sorted(index.packs("acme")) == ["one", "two"]
    assert sorted(index.tables()) == [("acme", "one"), ("acme", "two"), ("other/../acme #1", "one")]


def test_a_face_that_is_put_twice_is_one(index: FaceIndex) -> None:
    put(index, ("ada", "a", 1))
    put(index, ("ada", "a", 1))
    (match,) = index.search("acme", "one", vector(1), limit=10, threshold=0.9)
    assert match == Match("ada", "a", match.similarity)
    assert match.similarity == pytest.approx(1.0, abs=1e-5)
    assert list(index.faces("acme", "one")) == [("ada", "a")]


def test_of_a_face_that_is_put_twice_the_later_one_holds_in_whatever_order_they_come(index: FaceIndex) -> None:
    put(index, ("ada", "a", 1), at=NOW + 2)
    put(index, ("ada", "a", 2), at=NOW + 1)
    put(index, ("bob", "b", 3), at=NOW + 1)
    put(index, ("bob", "b", 4), at=NOW + 2)
    for _ in range(2):
        assert [found(index, seed) for seed in (1, 2, 3, 4)] == [[("ada", "a")], [], [], [("bob", "b")]]
        assert len(index.search("acme", "one", vector(9), limit=2, threshold=-1.0)) == 2
        index.erase("acme", "one", person_id="nobody", at=NOW)  # which moves the table


def test_nothing_is_written_when_it_is_too_late(index: FaceIndex) -> None:
    with pytest.raises(TransientError):
        index.put("acme", "one", [("ada", "a", vector(1))], at=NOW, until=NOW)
    assert found(index, 1) == []
    assert list(index.faces("acme", "one")) == []


@pytest.mark.parametrize("size", [SIZE - 1, SIZE * 2])
def test_vectors_of_another_length_are_refused(index: FaceIndex, size: int) -> None:
    put(index, ("ada", "a", 1))
    with pytest.raises(InvalidRequestError):
        index.put("acme", "one", [("bob", "b", vector(2, size))], at=NOW, until=NEVER)
    assert list(index.faces("acme", "one")) == [("ada", "a")]


def test_a_person_is_erased_and_nobody_else(index: FaceIndex) -> None:
    put(index, ("ada", "a", 1), ("ada", "b", 2), ("bob", "a", 3))
    assert found(index, 1) == [("ada", "a")]
    index.erase("acme", "one", person_id="ada", at=NOW)
    assert [found(index, seed) for seed in (1, 2, 3)] == [[], [], [("bob", "a")]]
    assert list(index.faces("acme", "one")) == [("bob", "a")]
    index.erase("acme", "one", person_id="ada", at=NOW)
    index.erase("acme", "one", person_id="bob", at=NOW)
    assert list(index.faces("acme", "one")) == []
    put(index, ("ada", "a", 1), at=NOW + 1)
    assert found(index, 1) == [("ada", "a")]


def test_faces_are_erased_one_by_one(index: FaceIndex) -> None:
    put(index, ("ada", "a", 1), ("ada", "b", 2), ("ada", "c", 3))
    index.erase("acme", "one", person_id="ada", face_ids=["a", "c", "unknown"], at=NOW)
    assert list(index.faces("acme", "one")) == [("ada", "b")]
    index.erase("acme", "one", person_id="ada", face_ids=[], at=NOW)
    assert list(index.faces("acme", "one")) == [("ada", "b")]


def test_what_was_put_later_than_an_erasure_stays(index: FaceIndex) -> None:
    put(index, ("ada", "a", 1), at=NOW)
    put(index, ("ada", "b", 2), at=NOW + 2)
    index.erase("acme", "one", person_id="ada", at=NOW + 1)
    assert list(index.faces("acme", "one")) == [("ada", "b")]


def test_an_owner_without_vectors_has_nothing_to_erase(index: FaceIndex) -> None:
    index.erase("nobody", "one", person_id="ada", at=NOW)
    index.compact("nobody", "one")
    index.drop("nobody", "one")
    assert list(index.tables()) == []
    assert list(index.faces("nobody", "one")) == []


def test_compaction_changes_nothing(index: FaceIndex) -> None:
    for seed in range(30):
        put(index, (f"p{seed:02d}", "f", seed))
    before = list(index.faces("acme", "one"))
    index.compact("acme", "one")
    assert list(index.faces("acme", "one")) == before
    assert found(index, 7) == [("p07", "f")]


def test_a_table_is_dropped_and_may_begin_anew(index: FaceIndex) -> None:
    put(index, ("ada", "a", 1))
    put(index, ("bob", "b", 2), pack="two")
    index.drop("acme", "one")
    assert found(index, 1) == []
    assert list(index.faces("acme", "one")) == []
    assert found(index, 2, pack="two") == [("bob", "b")]
    put(index, ("cleo", "c", 3))
    assert list(index.faces("acme", "one")) == [("cleo", "c")]


def test_many_writers_lose_nothing_while_people_are_erased_and_files_compacted(
    make: Callable[[Clock], FaceIndex],
) -> None:
    index = make(SystemClock())

    def write(writer: int) -> None:
        for turn in range(4):
            put(
                index, (f"w{writer:02d}", f"f{turn}", writer * 10 + turn), (f"gone{writer % 3}", f"g{writer}-{turn}", 1)
            )

    def erase(person: int) -> None:
        index.erase("acme", "one", person_id=f"gone{person}", at=NOW)

    with ThreadPoolExecutor(28) as pool:
        work = [pool.submit(write, writer) for writer in range(24)]
        work += [pool.submit(erase, person) for person in range(3)] + [pool.submit(index.compact, "acme", "one")]
        for each in work:
            each.result()
    for person in range(3):
        erase(person)
    assert list(index.faces("acme", "one")) == [(f"w{w:02d}", f"f{turn}") for w in range(24) for turn in range(4)]
    assert found(index, 73) == [("w07", "f3")]
    assert found(index, 1, people=["gone0", "gone1", "gone2"]) == []
