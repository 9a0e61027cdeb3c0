"""Vectors in LanceDB: writers that are killed, tables that move under their hands, and bytes that must not be there."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import lancedb
import pytest
from darkroom.adapters.clock import SystemClock
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.adapters.memory.people import MemoryFaceTables
from darkroom.adapters.vectors.lance import MOVE_TIME, LanceFaceIndex
from darkroom.errors import SettingsError, TransientError

from tests.functional import writing_process
from tests.functional.writing_process import GONE, KEY, OWNER, PACK, Shared, vector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from darkroom.domain.people import FaceTable

NOW = 1_767_323_045_678
NEVER = 1 << 50
PROCESSES, THREADS = 6, 4
"""24 writers: importing LanceDB takes each process seconds."""


def everything(folder: Path) -> bytes:
    """All bytes of all files, whatever they belong to."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def stored(folder: Path, *faces: tuple[str, str]) -> set[tuple[str, str]]:
    """Those whose vector stands anywhere in any file."""
    held = everything(folder)
    return {face for face in faces if vector(*face).tobytes() in held}


def put(index: LanceFaceIndex, person: str, *faces: str, at: int = NOW) -> None:
    index.put(OWNER, PACK, [(person, face, vector(person, face)) for face in faces], at=at, until=NEVER)


@pytest.fixture
def tables() -> MemoryFaceTables:
    return MemoryFaceTables()


@pytest.fixture
def index(tmp_path: Path, tables: MemoryFaceTables) -> LanceFaceIndex:
    return LanceFaceIndex(str(tmp_path), tables, MemoryClock(NOW), appends=5)


# --- finality ---------------------------------------------------------------------------------------------------------


def test_no_file_and_no_version_holds_an_erased_vector(tmp_path: Path, index: LanceFaceIndex) -> None:
    for turn in range(8):
        put(index, "ada", f"a{turn}")
        put(index, "bob", f"b{turn}")
    ada = {("ada", f"a{turn}") for turn in range(8)}
    bob = {("bob", f"b{turn}") for turn in range(8)}
    assert stored(tmp_path, *ada, *bob) == ada | bob, "what is looked for is what is stored"
    index.erase(OWNER, PACK, person_id="ada", face_ids=["a0"], at=NOW)
    assert stored(tmp_path, *ada, *bob) == (ada | bob) - {("ada", "a0")}
    index.erase(OWNER, PACK, person_id="ada", at=NOW)
    assert stored(tmp_path, *ada, *bob) == bob
    (folder,) = {path.parent for path in tmp_path.rglob("*.lance") if path.is_dir()}
    database = lancedb.connect(folder)
    for name in database.list_tables().tables:
        table = database.open_table(name)
        for version in table.list_versions():
            table.checkout(version["version"])
            assert "ada" not in table.to_arrow().column("person").to_pylist()


def test_an_erasure_that_left_the_old_files_would_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LanceFaceIndex, "_remove_dead", lambda *_: None)
    index = LanceFaceIndex(str(tmp_path), MemoryFaceTables(), MemoryClock(NOW))
    with pytest.raises(AssertionError):
        test_no_file_and_no_version_holds_an_erased_vector(tmp_path, index)


def test_the_file_of_a_writer_that_was_killed_before_its_commit_goes_with_the_person(
    tmp_path: Path, index: LanceFaceIndex
) -> None:
    put(index, "bob", "b")
    put(index, "ada", "a")
    (table,) = (path for path in tmp_path.rglob("*.lance") if path.is_dir())
    orphan = table / "data" / "0123456789abcdef.lance"
    orphan.write_bytes(vector("ada", "killed").tobytes())
    assert stored(tmp_path, ("ada", "killed")) == {("ada", "killed")}
    index.erase(OWNER, PACK, person_id="ada", at=NOW)
    assert stored(tmp_path, ("ada", "killed"), ("ada", "a"), ("bob", "b")) == {("bob", "b")}


def test_compaction_makes_one_file_of_many_and_removes_what_was_left(tmp_path: Path, index: LanceFaceIndex) -> None:
    for turn in range(8):
        put(index, "ada", f"a{turn}")
    put(index, "ada", "a0", at=NOW + 1)
    assert len(list(tmp_path.rglob("data/*.lance"))) == 9
    index.compact(OWNER, PACK)
    assert len(list(tmp_path.rglob("data/*.lance"))) == 1
    assert list(index.faces(OWNER, PACK)) == [("ada", f"a{turn}") for turn in range(8)]
    before = everything(tmp_path)
    index.compact(OWNER, PACK)
    assert everything(tmp_path) == before, "where there is little to do, nothing is done"


# --- tables that move under a writer's hands --------------------------------------------------------------------------


class Moving(MemoryFaceTables):
    """Rows that say, where they are told to lie, that the generation that was seen first still holds."""

    def __init__(self, move: Callable[[], None]) -> None:
        super().__init__()
        self.move_now = move
        self.moves = 0
        self.lies = False
        self.seen: FaceTable | None = None

    def get(self, owner: str, pack: str) -> FaceTable | None:
        self.seen = self.seen or super().get(owner, pack)
        return super().get(owner, pack)

    def touch(self, owner: str, pack: str) -> FaceTable:
        found = super().touch(owner, pack)
        return self.seen if self.lies and self.seen is not None else found


@pytest.mark.parametrize("lies", [False, True])
@pytest.mark.parametrize("moves", [1, 2, 3])
def test_what_is_put_into_a_generation_that_was_left_is_put_again(tmp_path: Path, moves: int, lies: bool) -> None:
    """Where the rows lie about which generation holds, it would be lost: this test can fail."""
    tables = Moving(lambda: other.erase(OWNER, PACK, person_id="nobody", at=NOW))
    other = LanceFaceIndex(str(tmp_path), tables, MemoryClock(NOW))
    index = LanceFaceIndex(str(tmp_path), tables, MemoryClock(NOW))
    put(index, "bob", "b")
    append = index._append

    def too_late(table: FaceTable, data: Any) -> None:
        """What the mover copies, it copies before this."""
        if tables.moves:
            tables.moves -= 1
            tables.move_now()
        with suppress(TransientError):
            append(table, data)

    index._append = too_late  # type: ignore[method-assign]
    tables.moves, tables.lies, tables.seen = moves, lies, None
    put(index, "ada", "a")
    assert list(index.faces(OWNER, PACK)) == [*([] if lies else [("ada", "a")]), ("bob", "b")]


def test_a_worker_that_was_thought_dead_writes_to_nobodys_table(tmp_path: Path, index: LanceFaceIndex) -> None:
    put(index, "ada", "a")
    (left,) = (path for path in tmp_path.rglob("*.lance") if path.is_dir())
    zombie = lancedb.connect(left.parent).open_table(left.stem)
    rows = zombie.to_arrow()
    index.erase(OWNER, PACK, person_id="ada", at=NOW)
    zombie.add(rows)
    assert stored(tmp_path, ("ada", "a")) == {("ada", "a")}
    assert list(index.faces(OWNER, PACK)) == []
    index.compact(OWNER, PACK)
    assert stored(tmp_path, ("ada", "a")) == set()


def test_a_mover_that_died_is_replaced_once_its_time_is_over(tmp_path: Path) -> None:
    clock, tables = MemoryClock(NOW), MemoryFaceTables()
    index = LanceFaceIndex(str(tmp_path), tables, clock)
    put(index, "ada", "a")
    put(index, "bob", "b")
    fill = index._fill

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    index._fill = killed  # type: ignore[method-assign, assignment]
    with pytest.raises(KeyboardInterrupt):
        index.erase(OWNER, PACK, person_id="ada", at=NOW)
    index._fill = fill  # type: ignore[method-assign]
    assert list(index.faces(OWNER, PACK)) == [("bob", "b")], "whoever is doomed is found no more"
    put(index, "cleo", "c")
    began = clock.now()
    index.erase(OWNER, PACK, person_id="ada", at=NOW)
    assert MOVE_TIME <= clock.now() - began <= MOVE_TIME + 1_000
    assert list(index.faces(OWNER, PACK)) == [("bob", "b"), ("cleo", "c")]
    assert stored(tmp_path, ("ada", "a"), ("bob", "b"), ("cleo", "c")) == {("bob", "b"), ("cleo", "c")}


def test_a_mover_that_wakes_up_settles_nothing(tmp_path: Path) -> None:
    clock, tables = MemoryClock(NOW), MemoryFaceTables()
    index = LanceFaceIndex(str(tmp_path), tables, clock)
    other = LanceFaceIndex(str(tmp_path), tables, clock)
    put(index, "ada", "a")
    put(index, "bob", "b")
    fill = index._fill

    def slow(table: FaceTable) -> bool:
        filled = fill(table)
        clock.advance(MOVE_TIME)
        other.erase(OWNER, PACK, person_id="bob", at=NOW)
        put(other, "cleo", "c")
        return filled

    index._fill = slow  # type: ignore[method-assign]
    index.erase(OWNER, PACK, person_id="ada", at=NOW)
    index._fill = fill  # type: ignore[method-assign]
    assert list(index.faces(OWNER, PACK)) == [("cleo", "c")]
    assert stored(tmp_path, ("ada", "a"), ("bob", "b"), ("cleo", "c")) == {("cleo", "c")}


def test_a_reader_whose_table_is_deleted_meanwhile_reads_the_next(tmp_path: Path) -> None:
    tables = MemoryFaceTables()
    index, other = (LanceFaceIndex(str(tmp_path), tables, MemoryClock(NOW)) for _ in range(2))
    put(index, "ada", "a")
    put(index, "bob", "b")
    opened, met = index._opened, list[int]()

    def left_before(table: FaceTable, name: str) -> Any:
        if not met:
            met.append(1)
            other.erase(OWNER, PACK, person_id="ada", at=NOW)
        return opened(table, name)

    index._opened = left_before  # type: ignore[method-assign]
    assert [match.face_id for match in index.search(OWNER, PACK, vector("bob", "b"), limit=9, threshold=0.9)] == ["b"]
    met.clear()
    assert list(index.faces(OWNER, PACK)) == [("bob", "b")]


# --- memory -----------------------------------------------------------------------------------------------------------


def test_what_is_held_is_bounded_and_the_oldest_goes_first(tmp_path: Path) -> None:
    one = 100 * 64 * 4
    index = LanceFaceIndex(str(tmp_path), MemoryFaceTables(), MemoryClock(NOW), held_bytes=2 * one + one // 2)
    for owner in "abc":
        rows = [("p", f"f{number}", vector("p", f"f{number}")) for number in range(100)]
        index.put(owner, PACK, rows, at=NOW, until=NEVER)
        assert len(index.search(owner, PACK, rows[0][2], limit=200, threshold=-1)) == 100
    assert [owner for owner, _ in index._held] == ["b", "c"]
    index.search("b", PACK, vector("p", "f1"), limit=1, threshold=-1)
    index.search("a", PACK, vector("p", "f1"), limit=1, threshold=-1)
    assert [owner for owner, _ in index._held] == ["b", "a"]


def test_new_rows_alone_are_read_of_a_table_that_is_held(tmp_path: Path, index: LanceFaceIndex) -> None:
    put(index, "ada", *(f"a{number}" for number in range(50)))
    index.search(OWNER, PACK, vector("ada", "a1"), limit=1, threshold=-1)
    held = index._held[OWNER, PACK]
    put(index, "bob", "b")
    assert [match.face_id for match in index.search(OWNER, PACK, vector("bob", "b"), limit=1, threshold=0.9)] == ["b"]
    assert index._held[OWNER, PACK] is held
    assert len(held.keys) == 51


def test_of_an_erased_person_nothing_is_held_after_the_next_search(tmp_path: Path, index: LanceFaceIndex) -> None:
    put(index, "ada", "a")
    put(index, "bob", "b")
    index.search(OWNER, PACK, vector("bob", "b"), limit=1, threshold=-1)
    index.erase(OWNER, PACK, person_id="ada", at=NOW)
    index.search(OWNER, PACK, vector("bob", "b"), limit=1, threshold=-1)
    held = index._held[OWNER, PACK]
    assert held.keys == [("bob", "b")]
    assert vector("ada", "a").tobytes() not in held._room.tobytes()


# --- errors -----------------------------------------------------------------------------------------------------------


def test_no_word_of_lancedb_goes_on(index: LanceFaceIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    put(index, "ada", "a")
    told = f"cannot store {vector('ada', 'b').tolist()}"

    def trouble(*_: Any) -> None:
        raise RuntimeError(told)

    monkeypatch.setattr(index, "_opened", trouble)
    with pytest.raises(TransientError) as raised:
        put(index, "ada", "b")
    assert "0." not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_a_role_that_may_not_is_a_setting(index: LanceFaceIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    put(index, "ada", "a")

    def denied(*_: Any) -> None:
        raise OSError("Generic S3 error: 403 Forbidden: AccessDenied")

    monkeypatch.setattr(index, "_opened", denied)
    with pytest.raises(SettingsError, match="role"):
        put(index, "ada", "b")


# --- 24 writers, some of them killed ----------------------------------------------------------------------------------


@contextmanager
def shared(tables: MemoryFaceTables, address: str) -> Iterator[None]:
    Shared.register("tables", lambda: tables, exposed=("get", "open", "touch", "doom", "move", "renew", "settle"))
    server: Any = Shared(address, KEY).get_server()
    serving = threading.Thread(target=lambda: suppressed(server.serve_forever), daemon=True)
    serving.start()
    try:
        yield
    finally:
        server.stop_event.set()
        serving.join(10)


def suppressed(serve: Callable[[], None]) -> None:
    """A server of multiprocessing ends its process when it ends."""
    with suppress(SystemExit):
        serve()


class Writer:
    """A process of THREADS writers; `told` is what it was told is stored."""

    def __init__(self, folder: Path, address: str, number: int) -> None:
        self.told: set[tuple[str, str]] = set()
        command = [sys.executable, writing_process.__file__, str(folder), address, str(number), str(THREADS)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.endswith("\n"):
                person, face = line.split()
                self.told.add((person, face))

    def kill(self) -> None:
        self.process.kill()
        self.end()

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(30)
        self._reading.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.mark.timeout(180)
def test_of_24_writers_of_which_some_are_killed_nothing_is_lost_doubled_or_left(tmp_path: Path) -> None:
    """They write while people are erased and files compacted; half of them are killed at whatever they are at."""
    folder, address = tmp_path / "vectors", str(tmp_path / "socket")
    tables = MemoryFaceTables()
    index = LanceFaceIndex(str(folder), tables, SystemClock(), appends=20)
    draw = random.Random(24)
    with shared(tables, address):
        writers = [Writer(folder, address, number) for number in range(PROCESSES)]
        deadline = time.monotonic() + 90
        while not all(writer.told for writer in writers):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for victim in writers[: PROCESSES // 2]:
            time.sleep(draw.uniform(0.1, 0.6))
            victim.kill()
            index.erase(OWNER, PACK, person_id=GONE, at=int(time.time() * 1_000))
            index.compact(OWNER, PACK)
        time.sleep(1)
        for writer in writers[PROCESSES // 2 :]:
            writer.end()
    told = set[tuple[str, str]]().union(*(writer.told for writer in writers))
    kept = {face for face in told if face[0] != GONE}
    gone = {(GONE, face) for _, face in told}
    began = time.monotonic()
    index.erase(OWNER, PACK, person_id=GONE, at=int(time.time() * 1_000))
    assert time.monotonic() - began < 60
    found = list(index.faces(OWNER, PACK))
    assert len(found) == len(set(found))
    assert kept <= set(found), "what was told to be stored is"
    assert {person for person, _ in found} == {person for person, _ in kept}
    tries = {(GONE, f"{person}-{turn}") for person, _ in kept for turn in range(len(kept))}
    assert stored(folder, *gone, *tries) == set()
    assert len(kept) > 100
    print(f"{len(kept)} faces kept, {len(gone)} erased")
