"""`make up`: the stack in the background. Returns when it answers; called again, it says that it runs."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from local import port
from local.engine import choose
from local.secrets import lend
from local.stack import ROOT, Embedded, RunsAlreadyError, Stack, StackError, bring_up

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = ROOT / ".darkroom"
AGAIN_SECONDS = 0.2


def chosen_port(environment: Mapping[str, str]) -> int:
    wanted = environment.get("DARKROOM_PORT") or str(port.DEFAULT)
    number = port.parse(wanted)
    if number is None:
        raise StackError(f"DARKROOM_PORT is {wanted!r}, which is no port", fix="Use a number from 1 to 65535.")
    return number


def curls(stack: Stack) -> str:
    """Commands to paste: who is there, an upload, a job."""
    key = '-H "x-api-key: $KEY"'
    json = f"{key} -H 'content-type: application/json'"
    return "\n".join(
        (
            f"  export API={stack.api_url} KEY={stack.api_key}",
            "  curl $API/health",
            f'  curl $API/uploads/presign {json} -d \'{{"filename": "cat.jpg"}}\'',
            f'  curl $API/process {json} -d \'{{"imageUrls": ["https://example.com/cat.jpg"]}}\'',
            f'  curl $API/ai {json} -d \'{{"action": "generate-doodle", "description": "a cat under a tree"}}\'',
            f"  curl $API/jobs {key}",
        )
    )


def main(arguments: list[str]) -> int:
    del arguments
    embedded = Embedded(FOLDER, chosen_port(os.environ), lasting=True)
    began = time.monotonic()
    stack = None
    while stack is None:
        if embedded.running():
            return _joined(embedded)
        try:
            stack = bring_up(embedded, ROOT / "template.yaml", choose(os.environ, say=print), say=print)
        except RunsAlreadyError:  # since the look above: another `make up` was faster
            time.sleep(AGAIN_SECONDS)
    if lent := lend(stack, os.environ):
        print(f"Provider keys from this environment: {', '.join(lent)}")
    print(f"Up after {time.monotonic() - began:.0f} s; all of it is in {embedded.description.relative_to(ROOT)}\n")
    print(curls(stack))
    return 0


def _joined(embedded: Embedded) -> int:
    stack = embedded.wait_until_described()
    print(f"Already running at {stack.api_url} (make down stops it; make dev follows edits)")
    if not stack.endpoint_url.endswith(f":{embedded.port}"):
        print(f"Port {embedded.port} was asked for: run `make down` first, then `make up` again.")
    return 0
