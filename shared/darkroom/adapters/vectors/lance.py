"""Vectors of faces in LanceDB, in a folder or on S3: `<uri>/<digest of the owner>/<pack>/<generation>.lance`.

A generation is a Lance table that is only ever appended to: appends from many writers never conflict, whereas Lance's
own deletes, compactions and clean-ups have to be kept from meeting each other and writers in flight. Its clean-up
either leaves the files of killed writers for a week, or takes those of living ones too, whose commits then name files
that are gone. So whatever removes anything here writes the next generation, and deletes the folder of the one before.

What makes that safe is the row of the table (`FaceTables`), which says which generations hold:
- a put is done once it has been counted there and its generation still is the one: if not, it is put again;
- a move first switches the row, then copies, so it copies all that was counted before;
- a generation that was left is never used again: what a worker that was thought dead writes there is nobody's;
- a table has the name of who made it: of two who create one table of Lance, one overwrites the other's;
- what a move copies is a table of its own, for a commit that takes long loses to 24 writers each time it is tried.

Readers see what changed by the row's count, and hold a small owner's vectors in memory.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import threading
import uuid
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

import numpy as np

from darkroom.domain.limits import MIB, SECOND
from darkroom.domain.people import FaceTable, Match, table_name
from darkroom.errors import InvalidRequestError, SettingsError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import lancedb
    import pyarrow as pa
    from numpy.typing import NDArray

    from darkroom.ports import Clock, FaceTables

MOVE_TIME: Final = 20 * SECOND
"""How long a mover may be silent before another takes over; a living one renews it while it copies."""
PATIENCE: Final = 50 * SECOND
"""For an erasure that waits for other movers."""
POLL: Final = SECOND // 10
APPENDS: Final = 200
"""How many changes make a compaction worth its copy: each append is a file and a version."""
BATCH: Final = 4_096
"""Rows that a move has in memory at once."""
HELD_BYTES: Final = 512 * MIB
"""Of all vectors that one process holds."""
OWNER_BYTES: Final = 256 * MIB
"""Of one owner's: 125,000 vectors of 512. A larger table is searched where it is."""
TABLES: Final = 10_000
"""More than any folder has."""
ROUNDS: Final = 8
"""How often a write or a read is begun anew because the table moved meanwhile."""
S3_OPTIONS: Final = {"connect_timeout": "2s", "timeout": "10s", "client_max_retries": "3"}

FLOAT: Final = 4
DATABASES: Final = 64

T = TypeVar("T")
Key = tuple[str, str]
"""(person id, face id)"""


class Doomed:
    """Whom a table's row names to be left behind: those of a person, or of one face, that were put at a time or before.

    An entry is `[person id, face id or null, at, nonce]` in JSON; the nonce tells two erasures of one person apart.
    """

    def __init__(self, entries: Iterable[str]) -> None:
        self._until: dict[tuple[str, str | None], int] = {}
        for person, face, at, _ in map(json.loads, entries):
            self._until[person, face] = max(at, self._until.get((person, face), at))

    def hit(self, key: Key, at: int) -> bool:
        person, face = key
        return at <= max(self._until.get((person, None), -1), self._until.get((person, face), -1))

    def __bool__(self) -> bool:
        return bool(self._until)


class Held:
    """One table in memory: of each face the newest row that is not doomed, and the others' rows marked as dead."""

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self.changes = -1
        self.seen: dict[str, int] = {}  # by generation, the last row that was read
        self.keys: list[Key] = []
        self._room = np.empty((0, dimensions), dtype=np.float32)
        self._at: list[int] = []
        self._newest: dict[Key, int] = {}
        self._dead: list[int] = []
        self._hidden: list[int] = []

    @property
    def bytes(self) -> int:
        return self._room.nbytes

    def add(self, keys: Sequence[Key], at: Sequence[int], vectors: NDArray[np.float32]) -> None:
        first = len(self.keys)
        if first + len(keys) > len(self._room):
            room = np.empty((max(first + len(keys), first + first // 4), self.dimensions), dtype=np.float32)
            room[:first] = self._room[:first]
            self._room = room
        self._room[first : first + len(keys)] = vectors
        for row, (key, when) in enumerate(zip(keys, at, strict=True), first):
            other = self._newest.get(key)
            if other is not None and self._at[other] > when:
                self._dead.append(row)
            else:
                if other is not None:
                    self._dead.append(other)
                self._newest[key] = row
            self.keys.append(key)
            self._at.append(when)

    def hide(self, doomed: Doomed) -> None:
        """Find those no more, from now on, and all others again."""
        self._hidden = (
            [row for row, (key, at) in enumerate(zip(self.keys, self._at, strict=True)) if doomed.hit(key, at)]
            if doomed
            else []
        )

    def nearest(
        self, vector: NDArray[np.float32], *, limit: int, threshold: float, people: Sequence[str] | None
    ) -> list[Match]:
        count = len(self.keys)
        if not count or limit < 1:
            return []
        likeness = self._room[:count] @ vector
        for rows in (self._dead, self._hidden):
            if rows:
                likeness[rows] = -np.inf
        if people is not None:
            wanted = set(people)
            others = np.fromiter((person not in wanted for person, _ in self.keys), dtype=np.bool_, count=count)
            likeness[others] = -np.inf
        best = np.argpartition(likeness, -limit)[-limit:] if limit < count else np.arange(count)
        near = ((*self.keys[row], float(likeness[row])) for row in best.tolist() if likeness[row] >= threshold)
        return sorted((Match(*each) for each in near), key=by_likeness)


def by_likeness(match: Match) -> tuple[float, str, str]:
    return -match.similarity, match.person_id, match.face_id


class LanceFaceIndex:
    """An adapter of FaceIndex. Credentials and an endpoint of S3 are taken from the environment, as botocore does."""

    def __init__(
        self,
        uri: str,
        tables: FaceTables,
        clock: Clock,
        *,
        region: str = "us-east-1",
        owner_bytes: int = OWNER_BYTES,
        held_bytes: int = HELD_BYTES,
        appends: int = APPENDS,
    ) -> None:
        self._uri = uri.rstrip("/")
        self._tables = tables
        self._clock = clock
        self._options = _s3_options(region) if uri.startswith("s3://") else {}
        self._owner_bytes = owner_bytes
        self._held_bytes = held_bytes
        self._appends = appends
        self._held: OrderedDict[tuple[str, str], Held] = OrderedDict()
        self._looking = ThreadPoolExecutor(1)
        self._databases: dict[str, lancedb.DBConnection] = {}
        self._lock = threading.Lock()

    # --- writing -----------------------------------------------------------------------------------------------------

    def put(
        self, owner: str, pack: str, rows: Sequence[tuple[str, str, NDArray[np.float32]]], *, at: int, until: int
    ) -> None:
        data = _arrow(rows, at)
        table = self._tables.get(owner, pack) or self._begun(owner, pack, data.schema)
        trouble = TransientError("The table of vectors kept moving")
        for turn in range(ROUNDS):
            if turn:
                self._clock.sleep(round(POLL * turn * random.uniform(0.5, 1.5)))  # noqa: S311 - no secret
            if self._clock.now() >= until:
                raise TransientError("It is too late to write this")
            appended = False
            try:
                self._append(table, data)
                appended = True
            except TransientError as error:
                trouble = error  # too many at once, or the table was left and deleted under our hands
            now = self._tables.touch(owner, pack)
            if appended and now.generation == table.generation:
                return
            table = now
        raise trouble

    def _append(self, table: FaceTable, data: pa.Table) -> None:
        with lance_errors():
            there = self._opened(table, table.name)
            if there.schema.field("vector").type != data.schema.field("vector").type:
                raise InvalidRequestError(
                    f"The vectors of this table have {there.schema.field('vector').type.list_size} numbers"
                )
            there.add(data)

    def erase(self, owner: str, pack: str, *, person_id: str, face_ids: Sequence[str] | None = None, at: int) -> None:
        named: Iterable[str | None] = (None,) if face_ids is None else face_ids
        entries = frozenset(json.dumps([person_id, face_id, at, uuid.uuid4().hex[:8]]) for face_id in named)
        table = self._tables.doom(owner, pack, entries) if entries else None
        patience = self._clock.now() + PATIENCE
        while table is not None and entries & table.doomed:
            if not self._move(table):
                if self._clock.now() >= patience:
                    raise TransientError("Another worker keeps the table of vectors busy")
                self._clock.sleep(POLL)
            table = self._tables.get(owner, pack)
        if table is not None:
            self._remove_dead(table)

    def compact(self, owner: str, pack: str) -> None:
        table = self._tables.get(owner, pack)
        if table is None:
            return
        if table.changes - table.settled >= self._appends or table.sources or table.doomed:
            self._move(table)
            table = self._tables.get(owner, pack) or table
        self._remove_dead(table)

    def drop(self, owner: str, pack: str) -> None:
        table = self._tables.get(owner, pack)
        patience = self._clock.now() + PATIENCE
        while table is not None and not self._move(table, empty=True):
            if self._clock.now() >= patience:
                raise TransientError("Another worker keeps the table of vectors busy")
            self._clock.sleep(POLL)
            table = self._tables.get(owner, pack)
        table = self._tables.get(owner, pack)
        if table is not None:
            self._remove_dead(table)

    def _begun(self, owner: str, pack: str, schema: pa.Schema) -> FaceTable:
        """The table, with a first generation of ours unless another's came first."""
        maker = uuid.uuid4().hex
        ours = FaceTable(owner, pack, 1, maker)
        try:
            self._make(ours, ours.name, schema)
        except TransientError:
            table = self._tables.get(owner, pack)  # another's came first, and whoever saw that has removed ours
            if table is None:
                raise
            return table
        table = self._tables.open(owner, pack, maker=maker)
        if table.maker != maker:
            self._remove(ours, ours.name)
        return table

    def _make(self, table: FaceTable, name: str, schema: pa.Schema) -> None:
        with lance_errors():
            self._database(table).create_table(name, schema=schema)

    def _move(self, seen: FaceTable, *, empty: bool = False) -> bool:
        """Fill a next generation with what is not doomed, or leave it empty. False where another moves the table, or
        has."""
        now = self._clock.now()
        if seen.mover is not None and now < seen.moving_until:
            return False
        token = uuid.uuid4().hex
        name = table_name(seen.generation + 1, token)
        try:
            with lance_errors():
                schema = self._opened(seen, seen.name).schema
            self._make(seen, name, schema)
        except TransientError:
            standing = self._tables.get(seen.owner, seen.pack)
            if standing is None or standing.generation == seen.generation:
                raise
            return False
        table = self._tables.move(seen, token=token, now=now, until=now + MOVE_TIME)
        if table is None:
            self._remove(seen, name)
            return False
        try:
            filled = not empty and self._fill(table)
        except TransientError:
            self._tables.renew(table, until=now)  # nobody has to wait for this mover
            raise
        return self._tables.settle(table, filled=filled)

    def _fill(self, table: FaceTable) -> bool:
        """Copy the newest of each face from the sources into the base, unless doomed. False where none is left."""
        import pyarrow as pa

        doomed = Doomed(table.doomed)
        renewed_at = self._clock.now()
        with lance_errors():
            sources = [self._opened(table, name) for name in table.sources]
            newest: dict[Key, tuple[int, int, int]] = {}
            for number, source in enumerate(sources):
                for batch in source.search().select(["person", "face", "at"]).with_row_id(True).to_batches(BATCH):
                    for person, face, at, row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                        if not doomed.hit((person, face), at):
                            newest[person, face] = max(newest.get((person, face), (-1, 0, 0)), (at, number, row))
            kept = {(number, row) for _, number, row in newest.values()}

            def copied() -> Iterator[pa.RecordBatch]:
                nonlocal renewed_at
                for number, source in enumerate(sources):
                    for batch in source.search().with_row_id(True).to_batches(BATCH):
                        mask = [(number, row) in kept for row in batch.column("_rowid").to_pylist()]
                        chosen = pa.Table.from_batches([batch]).drop_columns("_rowid").filter(pa.array(mask))
                        yield from chosen.cast(source.schema).to_batches()
                        now = self._clock.now()
                        if now - renewed_at >= MOVE_TIME // 4:
                            renewed_at = now
                            self._tables.renew(table, until=now + MOVE_TIME)

            if not kept:
                return False
            schema = sources[-1].schema
            self._database(table).create_table(table.base, pa.RecordBatchReader.from_batches(schema, copied()))
            return True

    def _remove_dead(self, table: FaceTable) -> None:
        """Delete the tables of generations that were left or never held, with whatever anybody wrote there since."""
        for name in self._names(table):
            number = re.fullmatch(r"g(\d+)-.*", name)
            if number and int(number[1]) <= table.generation and name not in {*table.holds, table.base}:
                self._remove(table, name)

    def _names(self, table: FaceTable) -> Sequence[str]:
        with lance_errors():
            names: Sequence[str] = self._database(table).list_tables(limit=TABLES).tables
            return names

    def _remove(self, table: FaceTable, name: str) -> None:
        """Another may be at it too, and one who does not know yet may write there: then again."""
        for turn in range(ROUNDS):
            try:
                with lance_errors():
                    self._database(table).drop_table(name)
            except TransientError:
                if name not in self._names(table):
                    return
                if turn == ROUNDS - 1:
                    raise
                self._clock.sleep(POLL)
            else:
                return

    # --- reading -----------------------------------------------------------------------------------------------------

    def search(
        self,
        owner: str,
        pack: str,
        vector: NDArray[np.float32],
        *,
        limit: int,
        threshold: float,
        people: Sequence[str] | None = None,
    ) -> Sequence[Match]:
        if people is not None and not people:
            return ()
        with self._lock:
            held = self._held.get((owner, pack))
            if held is not None and held.dimensions == len(vector):
                # What is held is searched while the row is on its way, and thrown away where the row says so.
                look = self._looking.submit(self._tables.get, owner, pack)
                found = held.nearest(vector, limit=limit, threshold=threshold, people=people)
                table = look.result()
                if table is not None and held.changes == table.changes:
                    self._held.move_to_end((owner, pack))
                    return found
            else:
                table = self._tables.get(owner, pack)
            if table is None:
                return ()
            held = self._steady(table, self._refreshed)
            if held is not None:
                if held.keys and held.dimensions != len(vector):
                    raise InvalidRequestError(f"The vectors of this table have {held.dimensions} numbers")
                return held.nearest(vector, limit=limit, threshold=threshold, people=people)
        return self._steady(
            table,
            lambda table: self._searched(table, vector, limit=limit, threshold=threshold, people=people),
        )

    def faces(self, owner: str, pack: str) -> Iterable[tuple[str, str]]:
        table = self._tables.get(owner, pack)
        return () if table is None else self._steady(table, self._listed)

    def packs(self, owner: str) -> Iterable[str]:
        return [table.pack for table in self._tables.of(owner)]

    def tables(self) -> Iterable[tuple[str, str]]:
        for table in self._tables.all():
            yield table.owner, table.pack

    def _steady(self, table: FaceTable, read: Callable[[FaceTable], T]) -> T:
        """What is read of the generations that hold, read anew where one of them was left and deleted meanwhile."""
        for _ in range(ROUNDS):
            trouble: TransientError | None = None
            try:
                found = read(table)
            except TransientError as error:
                trouble = error
            now = self._tables.get(table.owner, table.pack)
            if now is None or set(table.holds) <= set(now.holds):
                if trouble is not None:
                    raise trouble
                return found
            table = now
        raise TransientError("The table of vectors kept moving")

    def _listed(self, table: FaceTable) -> Sequence[Key]:
        doomed = Doomed(table.doomed)
        found: set[Key] = set()
        with lance_errors():
            for name in table.holds:
                for batch in self._opened(table, name).search().select(["person", "face", "at"]).to_batches(BATCH):
                    columns = (batch.column(column).to_pylist() for column in ("person", "face", "at"))
                    found |= {
                        (person, face)
                        for person, face, at in zip(*columns, strict=True)
                        if not doomed.hit((person, face), at)
                    }
        return sorted(found)

    def _refreshed(self, table: FaceTable) -> Held | None:
        """The table as it is held from now on; None for one that is too large, which is not."""
        place = table.owner, table.pack
        held = self._held.pop(place, None)  # what fails halfway is read from the start the next time
        with lance_errors():
            there = {name: self._opened(table, name) for name in table.holds}
            dimensions = there[table.name].schema.field("vector").type.list_size
            if sum(opened.count_rows() for opened in there.values()) * dimensions * FLOAT > self._owner_bytes:
                return None
            if held is None or not set(held.seen) <= set(there):
                held = Held(dimensions)
            for name, opened in there.items():
                self._read_on(held, name, opened)
        held.hide(Doomed(table.doomed))
        held.changes = table.changes
        self._held[place] = held
        while sum(each.bytes for each in self._held.values()) > self._held_bytes and len(self._held) > 1:
            self._held.popitem(last=False)
        return held

    @staticmethod
    def _read_on(held: Held, name: str, there: lancedb.table.Table) -> None:
        """A generation only grows, so that its new rows are those above the last one that was read."""
        last = held.seen.setdefault(name, -1)
        query = there.search().with_row_id(True)
        for batch in (query if last < 0 else query.where(f"_rowid > {last}")).to_batches(BATCH):
            persons, faces, at, rows = (batch.column(name).to_pylist() for name in ("person", "face", "at", "_rowid"))
            vectors = batch.column("vector").flatten().to_numpy(zero_copy_only=False)
            held.add(list(zip(persons, faces, strict=True)), at, vectors.reshape(-1, held.dimensions))
            held.seen[name] = max(held.seen[name], *rows)

    def _searched(
        self,
        table: FaceTable,
        vector: NDArray[np.float32],
        *,
        limit: int,
        threshold: float,
        people: Sequence[str] | None,
    ) -> Sequence[Match]:
        """The exact search of Lance, for a table that is too large to be held."""
        doomed = Doomed(table.doomed)
        with lance_errors():
            there = [self._opened(table, name) for name in table.holds]
            for opened in there:
                if (dimensions := opened.schema.field("vector").type.list_size) != len(vector):
                    raise InvalidRequestError(f"The vectors of this table have {dimensions} numbers")
            wanted = limit
            while True:
                found: dict[Key, tuple[int, float]] = {}
                seen = 0
                for opened in there:
                    query: Any = opened.search(vector)
                    query = query.distance_type("dot").select(["person", "face", "at", "_distance"])
                    if people is not None:
                        query = query.where(f"person IN ({', '.join(map(quoted, people))})", prefilter=True)
                    rows = query.limit(wanted).to_arrow().to_pylist()
                    seen = max(seen, len(rows))
                    for row in rows:
                        key = row["person"], row["face"]
                        if not doomed.hit(key, row["at"]):
                            found[key] = max(found.get(key, (-1, 0.0)), (row["at"], 1.0 - row["_distance"]))
                newest = self._newest(there, found) if found else {}
                matches = [Match(*key, near) for key, (at, near) in found.items() if newest[key] == at]
                if len(matches) >= limit or seen < wanted:
                    break
                wanted *= 2  # doubles and the doomed took places
        near = [match for match in sorted(matches, key=by_likeness) if match.similarity >= threshold]
        return near[:limit]

    @staticmethod
    def _newest(there: Sequence[lancedb.table.Table], keys: Iterable[Key]) -> Mapping[Key, int]:
        """When each face was put last."""
        newest: dict[Key, int] = {}
        either = " OR ".join(f"(person = {quoted(person)} AND face = {quoted(face)})" for person, face in keys)
        for opened in there:
            for row in opened.search().where(either).select(["person", "face", "at"]).to_arrow().to_pylist():
                key = row["person"], row["face"]
                newest[key] = max(newest.get(key, row["at"]), row["at"])
        return newest

    # --- Lance -------------------------------------------------------------------------------------------------------

    def _folder(self, table: FaceTable) -> str:
        """An owner's name may hold anything, and says who it is: its digest does neither."""
        owner = hashlib.sha256(table.owner.encode()).hexdigest()[:32]
        return f"{self._uri}/{owner}/{quote(table.pack, safe='')}"

    def _database(self, table: FaceTable) -> lancedb.DBConnection:
        import lancedb  # three seconds, for whoever searches or enrols

        folder = self._folder(table)
        if folder not in self._databases:
            if len(self._databases) >= DATABASES:
                self._databases.clear()
            self._databases[folder] = lancedb.connect(folder, storage_options=self._options)
        return self._databases[folder]

    def _opened(self, table: FaceTable, name: str) -> lancedb.table.Table:
        return self._database(table).open_table(name)


def _s3_options(region: str) -> dict[str, str]:
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if not endpoint:
        return {**S3_OPTIONS, "region": region}
    return {**S3_OPTIONS, "region": region, "endpoint": endpoint, "allow_http": "true"}


def _arrow(rows: Sequence[tuple[str, str, NDArray[np.float32]]], at: int) -> pa.Table:
    import pyarrow as pa

    persons, faces, vectors = zip(*rows, strict=True)
    numbers = np.ascontiguousarray(np.stack(vectors), dtype=np.float32)
    if not np.isfinite(numbers).all():
        raise InvalidRequestError("A vector has numbers that are none")
    vector = pa.list_(pa.float32(), numbers.shape[1])
    columns = {"person": pa.string(), "face": pa.string(), "at": pa.int64(), "vector": vector}
    schema = pa.schema([pa.field(name, kind, nullable=False) for name, kind in columns.items()])
    values = pa.FixedSizeListArray.from_arrays(pa.array(numbers.ravel()), numbers.shape[1])
    return pa.Table.from_arrays(
        [pa.array(persons), pa.array(faces), pa.array([at] * len(rows), pa.int64()), values], schema=schema
    )


def quoted(text: str) -> str:
    """As a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def lance_errors() -> Iterator[None]:
    """Around calls of LanceDB, which tells its kinds of trouble apart in words alone.

    What it says may hold rows of ours, so no word of it goes on.
    """
    try:
        yield
    except (ArithmeticError, LookupError, OSError, RuntimeError, ValueError) as error:
        if re.search(r"\b(AccessDenied|Forbidden|403|Unauthenticated)\b", str(error)):
            raise SettingsError(
                "This function's role may not use the tables of vectors",
                fix="Allow it in the function's Policies in template.yaml.",
            ) from None
        kind = next((kind for kind in ("conflict", "not found", "timed out") if kind in str(error).lower()), "trouble")
        raise TransientError(f"The table of vectors did not answer: {kind} ({type(error).__name__})") from None
