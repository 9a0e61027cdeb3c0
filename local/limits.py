"""`python -m local limits` writes docs/limits.md from the one table, `shared/darkroom/domain/limits.py`."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Final

from darkroom.domain import limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT: Final = Path(__file__).resolve().parent.parent
DOCUMENT: Final = ROOT / "docs" / "limits.md"
UNITS: Final = {"KIB", "MIB", "GIB", "SECOND", "MINUTE", "HOUR", "DAY"}
HEAD: Final = """# Limits

Generated from `shared/darkroom/domain/limits.py` by `.venv/bin/python -m local limits`; a test compares the two.

| limit | value | remark |
| --- | --- | --- |
"""


def document() -> str:
    rows = (f"| `{name}` | {readable(getattr(limits, name), unit)} | {remark} |\n" for name, unit, remark in table())
    return HEAD + "".join(rows)


def table() -> Iterator[tuple[str, str, str]]:
    """Name, the last unit that its expression uses (empty for none), and the remark that stands below it."""
    body = ast.parse(Path(limits.__file__).read_text()).body
    for statement, after in zip(body, [*body[1:], None], strict=True):
        if not (isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value):
            continue
        name = statement.target.id
        used = [node.id for node in ast.walk(statement.value) if isinstance(node, ast.Name) and node.id in UNITS]
        remark = ""
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            remark = " ".join(str(after.value.value).split())
        if name not in UNITS:
            yield name, used[0] if used else "", remark


def readable(value: int | tuple[int, ...], unit: str) -> str:
    """A number as people say it: bytes in KiB to GiB, milliseconds in the largest whole unit, the rest with commas."""
    if isinstance(value, tuple):
        return ", ".join(readable(part, unit) for part in value)
    if unit in ("KIB", "MIB", "GIB"):
        return _largest(value, (("GiB", limits.GIB), ("MiB", limits.MIB), ("KiB", limits.KIB)), "bytes")
    if unit:
        names = (("d", limits.DAY), ("h", limits.HOUR), ("min", limits.MINUTE), ("s", limits.SECOND))
        return _largest(value, names, "ms")
    return f"{value:,}"


def _largest(value: int, units: Sequence[tuple[str, int]], smallest: str) -> str:
    return next((f"{value // size:,} {name}" for name, size in units if value % size == 0), f"{value:,} {smallest}")


def main(_arguments: Sequence[str]) -> int:
    DOCUMENT.write_text(document())
    return 0
