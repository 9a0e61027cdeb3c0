"""Schemathesis on the committed OpenAPI document: what is generated, in which shares, and what an answer must keep to.

How a request travels is the caller's: through the process (`tests/functional`) or over HTTP (`tests/e2e`).
"""

from __future__ import annotations

import base64
import json
import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import schemathesis
from darkroom.adapters.memory.generation import png
from darkroom.contracts.openapi import DOCUMENT
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.generation import GenerationMode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from schemathesis import Case

    AnyCase = Case[Any]

SEED: Final = int(os.environ.get("DARKROOM_FUZZ_SEED", "2"))
WEIGHTS: Final = {
    "presignUpload": 4,
    "detectObjects": 4,
    "performActions": 4,
    "generateProductImage": 3,
    "previewProduct": 2,
    "listJobs": 3,
    "getJob": 2,
    "cancelJob": 2,
    "getWebhook": 1,
    "replayWebhook": 1,
    "getImageStatus": 1,
    "getImageStatusByShortPath": 1,
}
"""Shares of the operations that have much to vary; the others are sent all there is, as boundary cases."""
SMALL: Final = frozenset({"getHealth", "getOpenapi", "getDocs"})
SMALLEST: Final = {"size": 64, "frameCount": 2, "width": 16, "height": 16}
PICTURE: Final = base64.b64encode(png(8, 8, 20)).decode()

load_all_checks()
CHECKED: Final[list[Any]] = [
    CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
        "missing_required_header",
        "unsupported_method",
        "allow_header_conformance",
    )
]
"""All of schemathesis's but `positive_data_acceptance` (a schema cannot say which cursors, uploads and public hosts
there are) and those that judge a sequence of requests or send more by themselves, over a network."""


def _without_security(document: dict[str, Any]) -> dict[str, Any]:
    """The sender adds a key or leaves it out: a generated one would make invalid what is meant to be valid."""
    for path in document["paths"].values():
        for operation in path.values():
            del operation["security"]
    return document


SCHEMA: Final = schemathesis.openapi.from_dict(_without_security(json.loads(DOCUMENT.read_text())))
# What `SCHEMA.parametrize` makes is left with the systematic cases; the random ones are asked for by `run`.
SCHEMA.config.phases.fuzzing.enabled = False
SCHEMA.config.phases.stateful.enabled = False


def shards(requests: int) -> dict[tuple[str, GenerationMode], int]:
    """So many requests, at least, shared out over operations and over valid and invalid ones."""
    whole = sum(WEIGHTS.values()) * len(GenerationMode)
    return {
        (operation, mode): math.ceil(requests * weight / whole)
        for operation, weight in WEIGHTS.items()
        for mode in GenerationMode
    }


def run(operation: str, mode: GenerationMode, requests: int, check: Callable[[AnyCase], None]) -> None:
    """Call `check` with so many generated cases of an operation; the same ones each time, by DARKROOM_FUZZ_SEED."""

    @seed(SEED)
    @settings(
        max_examples=requests,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=SCHEMA.find_operation_by_id(operation).as_strategy(generation_mode=mode))
    def checked(case: AnyCase) -> None:
        check(case)

    checked()


@dataclass(frozen=True, slots=True)
class Targets:
    """What there is to be reached: jobs of any kind, jobs of product pictures, uploads, a product's page."""

    jobs: Sequence[str]
    pictures: Sequence[str]
    uploads: Sequence[str]
    page: str

    def job(self, path: str, turn: int) -> str:
        those = self.pictures if "/status/" in path else self.jobs
        return those[turn % len(those)]


def aim(case: AnyCase, turn: int, targets: Targets) -> None:
    """Let every second id, URL and name be one that there is; the case stays as valid, or as invalid, as it was.

    Of what is valid, the size of the pictures is taken down: it is the request that is tried here, not the engine.
    """
    body = case.body
    if isinstance(body, dict) and _is_valid(case, "body"):
        body.update({name: least for name, least in SMALLEST.items() if name in body})
    if turn % 2 == 0:
        return
    if case.path_parameters and _is_valid(case, "path"):
        case.path_parameters["jobId"] = targets.job(case.path, turn // 2)
    if isinstance(body, dict) and _is_valid(case, "body"):
        if "productUrl" in body:
            body["productUrl"] = targets.page
        if "actions" in body:
            several: Any = body["actions"]
            first: Any = {"action": "generate-doodle", "description": "a cat", "size": 64}
            body["actions"] = [first, *several][:10]
        if "imageData" in body:
            body |= {"imageData": PICTURE, "mimeType": "image/png"}
        if "imageUrls" not in body:
            for name in ("provider", "model", "callbackUrl", "maxCost"):
                body.pop(name, None)
        if "imageUrls" in body:
            body["imageUrls"] = [targets.uploads[turn // 2 % len(targets.uploads)]]
            body.pop("callbackUrl", None)
        if "filename" in body:
            body["filename"] = f"{str(body['filename'])[:200]}.png"
            body.pop("contentType", None)


def _is_valid(case: AnyCase, location: str) -> bool:
    components = case.meta.components if case.meta else {}
    return all(info.mode.is_positive for name, info in components.items() if name.value == location)
