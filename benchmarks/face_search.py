"""What a search among 20,000 enrolled faces costs beside a bare numpy scan: ratios from one run, on the embedded S3.

    python -m benchmarks.face_search [--faces 20000] [--calls 300] [--uri DIR]

The tables of vectors stand on the embedded AWS (DynamoDB rows, S3 objects), or the files in a folder. A query is half a
face and half noise; brute force in 64 bits says who is nearest. Both sides have one thread, as a function of 1,769 MB
has one core. Then: what a search takes once the vectors are held, turn about with the scan; the first search after one
face more; a search that is left to LanceDB; what erasing one person takes; and how fast 24 threads enrol, each face a
put of its own.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is imported
import numpy as np
from darkroom.adapters.aws.people import DynamoFaceTables
from darkroom.adapters.clock import SystemClock
from darkroom.adapters.vectors.lance import LanceFaceIndex

from local import port
from local.stack import Embedded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

OWNER: Final = "acme"
PACK: Final = "antelopev2"
DIMENSIONS: Final = 512
RECALL: Final = 0.99
RATIO: Final = 3.0
WRITERS: Final = 24
TURNS: Final = 10
NEVER: Final = 1 << 50


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=20_000)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--uri", help="a folder in place of the embedded S3")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, aws(Path(folder)) as (dynamodb, bucket):
        tables = DynamoFaceTables(dynamodb, table(dynamodb))
        uri = options.uri or f"s3://{bucket}/vectors"
        return measure(lambda **more: LanceFaceIndex(uri, tables, SystemClock(), **more), options.faces, options.calls)


@contextmanager
def aws(folder: Path) -> Iterator[tuple[Any, str]]:
    """A client of DynamoDB and a bucket, of an embedded AWS of its own."""
    embedded = Embedded(folder / "aws", port.pick())
    embedded.start()
    try:
        os.environ |= {"AWS_ENDPOINT_URL": embedded.endpoint_url, "AWS_DEFAULT_REGION": "us-east-1"}
        os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        from darkroom.adapters.aws.clients import client

        client("s3").create_bucket(Bucket="face-search")
        yield client("dynamodb"), "face-search"
    finally:
        embedded.stop()


def table(dynamodb: Any) -> str:
    keys = ("pk", "HASH"), ("sk", "RANGE")
    dynamodb.create_table(
        TableName="people",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
    )
    return "people"


def units(count: int, seed: int) -> NDArray[np.float32]:
    numbers = np.random.default_rng(seed).standard_normal((count, DIMENSIONS)).astype(np.float32)
    numbers /= np.linalg.norm(numbers, axis=1, keepdims=True)
    return numbers


def measure(make: Callable[..., LanceFaceIndex], count: int, calls: int) -> int:
    vectors = units(count, 1)
    some = vectors[:: max(1, count // calls)][:calls]
    queries = some + units(len(some), 2)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    index = make()
    began = time.perf_counter()
    for first in range(0, count, 1_000):
        rows = [(f"p{row // 5}", f"f{row}", vectors[row]) for row in range(first, min(first + 1_000, count))]
        index.put(OWNER, PACK, rows, at=1, until=NEVER)
    print(f"{count:,} faces of {DIMENSIONS} stored in {time.perf_counter() - began:.1f} s")

    began = time.perf_counter()
    index.search(OWNER, PACK, queries[0], limit=10, threshold=-1)
    print(f"first search, which reads them all: {(time.perf_counter() - began) * 1000:.0f} ms")

    found, ours, bare = [], [], []
    for query in queries:
        began = time.perf_counter()
        matches = index.search(OWNER, PACK, query, limit=10, threshold=-1)
        ours.append(time.perf_counter() - began)
        found.append({int(match.face_id[1:]) for match in matches})
        began = time.perf_counter()
        scan(vectors, query)
        bare.append(time.perf_counter() - began)
    exact = vectors.astype(np.float64)
    truth = [set(scan(exact, query.astype(np.float64)).tolist()) for query in queries]
    recall = sum(len(near & true) for near, true in zip(found, truth, strict=True)) / (10 * len(queries))
    ratio = statistics.median(ours) / statistics.median(bare)
    looks = [timed(lambda: index._tables.get(OWNER, PACK)) for _ in range(len(queries))]  # noqa: SLF001
    print(f"recall@10 {recall:.4f} of brute force (goal {RECALL})")
    print(
        f"a warm search {statistics.median(ours) * 1000:.2f} ms, a bare scan {statistics.median(bare) * 1000:.2f} ms: "
        f"{ratio:.2f} times (goal {RATIO}); {statistics.median(looks) * 1000:.2f} ms are the look at the table's row"
    )

    after = []
    for turn in range(20):
        index.put(OWNER, PACK, [("new", f"n{turn}", units(1, 100 + turn)[0])], at=1, until=NEVER)
        after.append(timed(partial(index.search, OWNER, PACK, queries[0], limit=10, threshold=-1)))
    print(f"a search after one face more: {statistics.median(after) * 1000:.1f} ms")
    large = make(owner_bytes=0)
    there = [timed(partial(large.search, OWNER, PACK, query, limit=10, threshold=-1)) for query in queries[:20]]
    print(f"a search that is left to LanceDB: {statistics.median(there) * 1000:.0f} ms")
    erased = [timed(partial(index.erase, OWNER, PACK, person_id=f"p{turn}", at=2)) for turn in range(3)]
    print(f"one person erased, every file that is left rewritten: {statistics.median(erased):.2f} s")

    began = time.perf_counter()
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda writer: enrol(index, writer), range(WRITERS)))
    took = time.perf_counter() - began
    stored = sum(person.startswith("w") for person, _ in index.faces("writers", PACK))
    print(f"{WRITERS} writers: {WRITERS * TURNS / took:.0f} faces a second; {stored} of {WRITERS * TURNS} are there")
    return 0 if recall >= RECALL and ratio <= RATIO and stored == WRITERS * TURNS else 1


def scan(vectors: NDArray[Any], query: NDArray[Any]) -> NDArray[np.intp]:
    """The ten nearest, in any order."""
    return np.argpartition(vectors @ query, -10)[-10:]


def timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def enrol(index: LanceFaceIndex, writer: int) -> None:
    for turn in range(TURNS):
        vector = units(1, 1_000 + writer * TURNS + turn)[0]
        index.put("writers", PACK, [(f"w{writer}", f"f{turn}", vector)], at=1, until=NEVER)


if __name__ == "__main__":
    sys.exit(main())
