"""A process of many writers, which a test kills: `writing_process.py FOLDER SOCKET NUMBER THREADS`.

Each writer puts one face after the other, of a person of its own and of one who is erased meanwhile, and says on stdout
which it was told are stored. It ends when stdin is closed.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import sys
import threading
import time
from multiprocessing.managers import BaseManager
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from darkroom.adapters.clock import SystemClock
from darkroom.adapters.vectors.lance import LanceFaceIndex
from darkroom.errors import TransientError

if TYPE_CHECKING:
    from numpy.typing import NDArray

OWNER: Final = "acme"
PACK: Final = "pack"
GONE: Final = "gone"
SIZE: Final = 64
KEY: Final = b"vectors"


class Shared(BaseManager):
    """Where the processes find the rows that say which tables hold."""


def vector(person: str, face: str) -> NDArray[np.float32]:
    seed = int.from_bytes(hashlib.sha256(f"{person}/{face}".encode()).digest()[:8])
    numbers = np.random.default_rng(seed).standard_normal(SIZE).astype(np.float32)
    return numbers / np.float32(np.linalg.norm(numbers))


def main(folder: str, socket: str, number: str, threads: str) -> None:
    Shared.register("tables")
    shared = Shared(socket, KEY)
    shared.connect()
    tables: Any = shared.tables()  # type: ignore[attr-defined]
    index = LanceFaceIndex(folder, tables, SystemClock())
    over = threading.Event()

    def write(writer: str) -> None:
        for turn in itertools.count():
            face = f"{writer}-{turn}"
            for person in (writer, GONE):
                while True:
                    if over.is_set():
                        return
                    now = int(time.time() * 1000)
                    try:
                        index.put(OWNER, PACK, [(person, face, vector(person, face))], at=now, until=now + 20_000)
                        break
                    except TransientError:
                        continue
                os.write(1, f"{person} {face}\n".encode())

    workers = [threading.Thread(target=write, args=(f"w{number}-{place}",)) for place in range(int(threads))]
    for worker in workers:
        worker.start()
    sys.stdin.read()
    over.set()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
