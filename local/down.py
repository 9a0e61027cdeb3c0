"""`make down`: stops what `make up` or `make dev` started."""

from __future__ import annotations

from local import port
from local.stack import Embedded
from local.up import FOLDER


def main(arguments: list[str]) -> int:
    del arguments
    print("Stopped." if Embedded(FOLDER, port.DEFAULT).stop() else "Nothing runs.")
    return 0
