"""Which detector this laptop gets: weights that a setting names, else cached ones, else a short try to fetch them,
else dlib, which comes with the environment and finds faces only. And which engine embeds faces: a pack that is here,
else dlib."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from darkroom.adapters.vision.faces.packs import find_pack, packs_in
from darkroom.adapters.vision.models import ModelLibrary
from darkroom.errors import FetchFailedError, NoModelError
from darkroom.settings import LOCAL_STAGE, read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from darkroom.settings import Settings

PASSED_ON: Final = (
    "DETECT_ENGINE",
    "DETECT_MODEL",
    "DETECT_MODEL_DIR",
    "DETECT_MODEL_LIST",
    "DETECT_LAYOUT",
    "DETECT_CONFIDENCE",
    "DETECT_THREADS",
    "FACE_ENGINE",
    "FACE_PACK",
    "FACE_PACK_DIR",
    "MODEL_CACHE",
    "REKOGNITION_REGION",
    "FETCH_ALLOW_LOOPBACK",
    "OPENAI_BASE_URL",
    "GEMINI_BASE_URL",
    "REPLICATE_BASE_URL",
    "PROVIDER_TIMEOUT",
)
PATHS: Final = ("DETECT_MODEL_DIR", "DETECT_MODEL_LIST", "FACE_PACK_DIR", "MODEL_CACHE")
FETCH_SECONDS: Final = 10.0


def choose(environment: Mapping[str, str], say: Callable[[str], None]) -> dict[str, str]:
    """The functions' settings on this laptop, with the best engine there is; `say` is told which and why.

    Raises NoModelError or SettingsError where a setting asks for what is not there.
    """
    settings = {name: environment[name] for name in PASSED_ON if environment.get(name)}
    # The functions have a home of their own, so paths must not depend on it.
    stage = {"STAGE": LOCAL_STAGE}
    settings["MODEL_CACHE"] = read(settings | stage).model_cache
    settings |= {name: str(Path(settings[name]).expanduser().resolve()) for name in PATHS if name in settings}
    wanted = read(settings | stage)
    say(f"Faces: {_faces(wanted)}")
    if wanted.detect_engine not in ("auto", "onnx"):
        say(f"Detector: {wanted.detect_engine}, as DETECT_ENGINE says")
        return settings
    library = ModelLibrary(
        folder=Path(wanted.detect_model_dir) if wanted.detect_model_dir else None,
        cache=Path(wanted.model_cache),
        wanted=wanted.detect_model,
        listing=Path(wanted.detect_model_list) if wanted.detect_model_list else None,
    )
    try:
        weights = library.find()
    except NoModelError:
        if wanted.detect_model_dir:
            raise
        model = next(model for model in library.models if wanted.detect_model in ("", model.name))
        say(f"Detector: fetching {model.name}, {model.size / 1e6:.0f} MB, for at most {FETCH_SECONDS:.0f} s")
        try:
            library.fetch(model, within=FETCH_SECONDS)
        except FetchFailedError:
            if wanted.detect_engine == "onnx":
                raise
            say("Detector: dlib, which finds faces only; the weights could not be fetched (`make models` says why)")
            return {**settings, "DETECT_ENGINE": "dlib"}
        weights = library.find()
    say(f"Detector: {weights.name} on ONNX Runtime, from {weights.path.parent}")
    return settings


def _faces(wanted: Settings) -> str:
    """Raises NoModelError where a setting names a pack that is not there."""
    if wanted.face_engine == "dlib":
        return "dlib, as FACE_ENGINE says"
    folder = Path(wanted.face_pack_dir or Path(wanted.model_cache) / "packs")
    if wanted.face_engine == "auto" and not (wanted.face_pack or wanted.face_pack_dir or packs_in(folder)):
        return "dlib, for there is no pack of face models here (`make models PACK=...` fetches one)"
    pack = find_pack(folder, wanted.face_pack)
    return f"the pack {pack.name} ({pack.licence}), from {pack.folder}"
