"""Edits reach the running functions: a changed file becomes `update-function-code` of those that load it.

The emulator has no reload of its own, but a function whose code was updated starts anew with its next event, and a
new process reads `shared/` as it is now. What is being answered is answered by the code before (`embedded.py`).
"""

from __future__ import annotations

import io
import subprocess
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from local import overlay
from local.stack import INTERPRETER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from local.overlay import Template
    from local.stack import Stack

WATCHED: Final = ("functions", "shared/darkroom")


class Functions:
    """The functions of a template by the folder of their code, on a stack that runs them."""

    def __init__(self, stack: Stack, template: Template, root: Path) -> None:
        self._lambda = stack.client("lambda")
        self._names = stack.resources()
        self._root = root.resolve()
        self._folders: Mapping[str, Path] = {
            name: self._root / overlay.source(resource)
            for name, resource in template["Resources"].items()
            if resource["Type"] == overlay.FUNCTION
        }

    def concerned(self, changed: Iterable[Path]) -> list[str]:
        """Logical ids of the functions that load any of the files: their own code, or all for shared code."""
        paths = [path.resolve() for path in changed]
        shared = self._root / "shared"
        return [
            name
            for name, folder in self._folders.items()
            if any(path.is_relative_to(folder) or path.is_relative_to(shared) for path in paths)
        ]

    def import_fault(self, names: Iterable[str]) -> str | None:
        """The traceback of the first handler that cannot be imported as it is now, None where all can."""
        handlers = [str(self._folders[name] / "handler.py") for name in names]
        ended = subprocess.run(
            [INTERPRETER, "-c", "import runpy, sys; [runpy.run_path(path) for path in sys.argv[1:]]", *handlers],
            cwd=self._root,
            capture_output=True,
            text=True,
            check=False,
        )
        return ended.stderr.strip() if ended.returncode else None

    def reload(self, names: Iterable[str]) -> None:
        with ThreadPoolExecutor() as together:
            list(together.map(self._update, names))

    def _update(self, name: str) -> None:
        self._lambda.update_function_code(FunctionName=self._names[name], ZipFile=archive(self._folders[name]))


def archive(folder: Path) -> bytes:
    """The folder as a zip, bytecode left out."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                zipped.write(path, path.relative_to(folder))
    return held.getvalue()
