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
from darkroom.contracts.routes import FORM
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.generation import GenerationMode

from tests.face_parts import photograph

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
    "findFaces": 3,
    "compareFaces": 2,
    "searchFaces": 2,
    "createPerson": 2,
    "listPeople": 1,
    "getPerson": 1,
    "changePerson": 1,
    "erasePerson": 1,
    "enrolFaces": 2,
    "listFaces": 1,
    "eraseFace": 1,
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
HELD: Final = ("/upload-images", "/people/")
"""Paths that wait for their jobs where nothing else is said."""
PHOTOGRAPH: Final = base64.b64encode(photograph("red")).decode()
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


def checks(case: AnyCase) -> list[Any]:
    """All of CHECKED; of a form, whose parts are bytes whatever their type was, a wrong type cannot be told."""
    if case.media_type != FORM:
        return CHECKED
    return [check for check in CHECKED if check.__name__ != "negative_data_rejection"]


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
    """What there is to be reached: jobs of any kind, jobs of product pictures, uploads, a product's page, people with a
    face each, and one who is left for erasures."""

    jobs: Sequence[str]
    pictures: Sequence[str]
    uploads: Sequence[str]
    page: str
    people: Sequence[tuple[str, str]] = ()
    doomed: Sequence[tuple[str, str]] = ()

    def person(self, operation: str, turn: int) -> tuple[str, str]:
        those = self.doomed if operation.startswith("erase") else self.people
        return those[turn % len(those)]

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
    if case.operation.label.partition(" ")[2].startswith(HELD) and _is_valid(case, "header"):
        case.headers["Prefer"] = "respond-async"
    if turn % 2 == 0:
        return
    if case.path_parameters and _is_valid(case, "path"):
        _aim_path(case, turn // 2, targets)
    if isinstance(body, dict) and _is_valid(case, "body"):
        _aim_body(body, turn // 2, targets)


def _aim_path(case: AnyCase, turn: int, targets: Targets) -> None:
    named = case.path_parameters
    if "jobId" in named:
        named["jobId"] = targets.job(case.path, turn)
    elif targets.people:
        person_id, face_id = targets.person(str(case.operation.definition.raw.get("operationId")), turn)
        told = {"personId": person_id, "faceId": face_id}
        named.update({name: told[name] for name in named})


def _aim_body(body: dict[str, Any], turn: int, targets: Targets) -> None:
    if "productUrl" in body:
        body["productUrl"] = targets.page
    if "actions" in body:
        several: Any = body["actions"]
        first: Any = {"action": "generate-doodle", "description": "a cat", "size": 64}
        body["actions"] = [first, *several][:10]
    if "imageData" in body and "action" in body:
        body |= {"imageData": PICTURE, "mimeType": "image/png"}
    for each in (body, *_objects(body.get("images")), *_objects(body.get("faces"))):
        _aim_picture(each)
    if isinstance(body.get("images"), list):
        body["images"] = [{"imageData": PHOTOGRAPH}]
    if "imageUrls" not in body:
        for name in ("provider", "model", "callbackUrl", "maxCost"):
            body.pop(name, None)
    if "imageUrls" in body:
        body["imageUrls"] = [targets.uploads[turn % len(targets.uploads)]]
        body.pop("callbackUrl", None)
    if "filename" in body:
        body["filename"] = f"{str(body['filename'])[:200]}.png"
        body.pop("contentType", None)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _aim_picture(image: dict[str, Any]) -> None:
    """One way to a picture, or to an embedding, out of several."""
    for name, good in (("embedding", [1.0, 0.0, 0.0]), ("imageData", PHOTOGRAPH)):
        if name in image and "action" not in image:
            for other in ("imageData", "s3Uri", "url", "embedding", "pack"):
                image.pop(other, None)
            image[name] = good
            return


def _is_valid(case: AnyCase, location: str) -> bool:
    components = case.meta.components if case.meta else {}
    return all(info.mode.is_positive for name, info in components.items() if name.value == location)
