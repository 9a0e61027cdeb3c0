"""The environment, read once on first use into one checked, immutable value.

A name that people already use keeps working: ALIASES says which. Two names of one setting that disagree stop
the start. No pydantic here: every API function reads this on its cold start (docs/decisions.md).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Final

from darkroom.domain import limits
from darkroom.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from darkroom.domain.addresses import Place

ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "BUCKET_NAME": ("S3_BUCKET", "S3_BUCKET_NAME"),
    "TABLE_NAME": ("JOBS_TABLE_NAME",),
    "QUEUE_URL": ("SQS_QUEUE_URL",),
    "QUEUE_ARN": ("SQS_ARN",),
    "REPLICATE_API_TOKEN": ("REPLICATE_API_KEY",),
}

ENGINES: Final = ("auto", "onnx", "rekognition", "dlib")
"""What DETECT_ENGINE takes."""
FACE_ENGINES: Final = ("auto", "onnx", "insightface", "yunet", "dlib")
"""What FACE_ENGINE takes."""
LOCAL_STAGE: Final = "local"
"""The stage of the embedded AWS of a laptop; the template refuses it, so no deployment has it."""
KEY_SUFFIXES: Final = ("_API_KEY", "_API_TOKEN")
URL_SUFFIX: Final = "_BASE_URL"
"""A provider's own key and address are in the variables of its name: OPENAI_API_KEY, OPENAI_BASE_URL."""
PROVIDER_SECONDS: Final = 75
"""For one request of a provider with all its attempts: a chain of three ends within the five minutes of a worker."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Names of resources are empty where a function has no use for them; `need` turns that into a clear error."""

    stage: str
    region: str
    bucket: str
    jobs_table: str
    uploads_table: str
    keys_table: str
    people_table: str
    detect_queue_url: str
    generation_queue_url: str
    face_queue_url: str
    face_uploads_queue_url: str
    index_queue_url: str
    webhook_queue_url: str
    webhook_secret_id: str
    provider_keys_prefix: str
    face_function_name: str
    vectors_uri: str
    allowed_origins: tuple[str, ...]
    requests_per_minute: int
    fetch_loopback: frozenset[Place]
    oidc_issuer: str
    oidc_audience: str
    oidc_jwks_url: str
    detect_engine: str
    detect_model: str
    detect_model_dir: str
    detect_model_list: str
    detect_layout: str
    detect_confidence: float
    detect_threads: int
    face_engine: str
    face_pack_dir: str
    face_pack: str
    model_cache: str
    rekognition_region: str
    provider_keys: Mapping[str, str] = field(repr=False)
    provider_urls: Mapping[str, str]
    provider_timeout: int
    function_gigabytes: float

    def need(self, field: str) -> str:
        """The value of a setting that this function cannot do without. Raises SettingsError naming the variable."""
        value = str(getattr(self, field))
        if not value:
            raise SettingsError(
                f"The setting {VARIABLES[field]} is not set",
                fix=f"Set {VARIABLES[field]} in the environment; the template does it for deployed functions.",
            )
        return value


VARIABLES: Final[dict[str, str]] = {
    "stage": "STAGE",
    "region": "AWS_REGION",
    "bucket": "BUCKET_NAME",
    "jobs_table": "TABLE_NAME",
    "uploads_table": "UPLOADS_TABLE_NAME",
    "keys_table": "KEYS_TABLE_NAME",
    "people_table": "PEOPLE_TABLE_NAME",
    "detect_queue_url": "QUEUE_URL",
    "generation_queue_url": "GENERATION_QUEUE_URL",
    "face_queue_url": "FACE_QUEUE_URL",
    "face_uploads_queue_url": "FACE_UPLOADS_QUEUE_URL",
    "index_queue_url": "INDEX_QUEUE_URL",
    "webhook_queue_url": "WEBHOOK_QUEUE_URL",
    "webhook_secret_id": "WEBHOOK_SECRET_ID",
    "provider_keys_prefix": "PROVIDER_KEYS_PREFIX",
    "face_function_name": "FACE_FUNCTION_NAME",
    "vectors_uri": "VECTORS_URI",
    "allowed_origins": "ALLOWED_ORIGINS",
    "requests_per_minute": "REQUESTS_PER_MINUTE",
    "fetch_loopback": "FETCH_ALLOW_LOOPBACK",
    "oidc_issuer": "OIDC_ISSUER",
    "oidc_audience": "OIDC_AUDIENCE",
    "oidc_jwks_url": "OIDC_JWKS_URL",
    "detect_engine": "DETECT_ENGINE",
    "detect_model": "DETECT_MODEL",
    "detect_model_dir": "DETECT_MODEL_DIR",
    "detect_model_list": "DETECT_MODEL_LIST",
    "detect_layout": "DETECT_LAYOUT",
    "detect_confidence": "DETECT_CONFIDENCE",
    "detect_threads": "DETECT_THREADS",
    "face_engine": "FACE_ENGINE",
    "face_pack_dir": "FACE_PACK_DIR",
    "face_pack": "FACE_PACK",
    "model_cache": "MODEL_CACHE",
    "rekognition_region": "REKOGNITION_REGION",
}


def read(environment: Mapping[str, str]) -> Settings:
    """Read a mapping as settings. Raises SettingsError for a contradiction or a value out of range."""

    def text(name: str, default: str = "") -> str:
        values = {alias: environment[alias] for alias in (name, *ALIASES.get(name, ())) if environment.get(alias)}
        if len(set(values.values())) > 1:
            raise SettingsError(
                f"{' and '.join(values)} are names of one setting and disagree",
                fix=f"Keep {name} and remove the others, or give them the same value.",
            )
        return next(iter(values.values()), default)

    def number(name: str, default: float, low: float, high: float) -> float:
        raw = text(name)
        try:
            value = float(raw) if raw else default
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise SettingsError(
                f"{name} is {raw!r}, which is no number from {low:g} to {high:g}", fix=f"Correct {name}."
            )
        return value

    for name in ALIASES:  # also those that are none of ours to use: who sets two of them means one value
        text(name)

    def engine(name: str, engines: tuple[str, ...]) -> str:
        chosen = text(name, "auto")
        if chosen not in engines:
            raise SettingsError(
                f"{name} is {chosen!r}, which is no engine", fix=f"Set it to one of: {', '.join(engines)}."
            )
        return chosen

    region = text("AWS_REGION") or text("AWS_DEFAULT_REGION", "us-east-1")
    bucket = text("BUCKET_NAME")
    return Settings(
        stage=text("STAGE", "dev"),
        region=region,
        bucket=bucket,
        jobs_table=text("TABLE_NAME"),
        uploads_table=text("UPLOADS_TABLE_NAME"),
        keys_table=text("KEYS_TABLE_NAME"),
        people_table=text("PEOPLE_TABLE_NAME"),
        detect_queue_url=text("QUEUE_URL"),
        generation_queue_url=text("GENERATION_QUEUE_URL"),
        face_queue_url=text("FACE_QUEUE_URL"),
        face_uploads_queue_url=text("FACE_UPLOADS_QUEUE_URL"),
        index_queue_url=text("INDEX_QUEUE_URL"),
        webhook_queue_url=text("WEBHOOK_QUEUE_URL"),
        webhook_secret_id=text("WEBHOOK_SECRET_ID"),
        provider_keys_prefix=text("PROVIDER_KEYS_PREFIX"),
        face_function_name=text("FACE_FUNCTION_NAME"),
        vectors_uri=text("VECTORS_URI", f"s3://{bucket}/vectors" if bucket else ""),
        allowed_origins=tuple(filter(None, (origin.strip() for origin in text("ALLOWED_ORIGINS").split(",")))),
        fetch_loopback=_places(text("FETCH_ALLOW_LOOPBACK"), text("STAGE")),
        requests_per_minute=int(number("REQUESTS_PER_MINUTE", limits.REQUESTS_PER_MINUTE, 1, 100_000)),
        oidc_issuer=text("OIDC_ISSUER"),
        oidc_audience=text("OIDC_AUDIENCE"),
        oidc_jwks_url=text("OIDC_JWKS_URL"),
        detect_engine=engine("DETECT_ENGINE", ENGINES),
        detect_model=text("DETECT_MODEL"),
        detect_model_dir=text("DETECT_MODEL_DIR"),
        detect_model_list=text("DETECT_MODEL_LIST"),
        detect_layout=text("DETECT_LAYOUT"),
        detect_confidence=number("DETECT_CONFIDENCE", 0.4, 0.01, 0.99),
        detect_threads=int(number("DETECT_THREADS", 0, 0, 64)),
        face_engine=engine("FACE_ENGINE", FACE_ENGINES),
        face_pack_dir=text("FACE_PACK_DIR"),
        face_pack=text("FACE_PACK"),
        model_cache=text("MODEL_CACHE", "~/.cache/darkroom/models"),
        rekognition_region=text("REKOGNITION_REGION", region),
        provider_keys=_by_provider(environment, *KEY_SUFFIXES),
        provider_urls=_by_provider(environment, URL_SUFFIX),
        provider_timeout=round(number("PROVIDER_TIMEOUT", PROVIDER_SECONDS, 0.1, 600) * limits.SECOND),
        function_gigabytes=number("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", 1024, 1, 1_000_000) / 1024,
    )


def _by_provider(environment: Mapping[str, str], *suffixes: str) -> dict[str, str]:
    return {
        name.removesuffix(suffix).lower(): value.strip()
        for name, value in environment.items()
        for suffix in suffixes
        if name.endswith(suffix) and value.strip()
    }


def _places(listed: str, stage: str) -> frozenset[Place]:
    """What FETCH_ALLOW_LOOPBACK lists, `address:port` with commas between: for a laptop's demo, and no deployment."""
    if not listed:
        return frozenset()
    if stage != LOCAL_STAGE:
        raise SettingsError(
            f"FETCH_ALLOW_LOOPBACK opens this machine to whoever names a URL, and the stage is {stage!r}",
            fix=f"Remove it: it is taken on the stage {LOCAL_STAGE!r} alone, which is that of a laptop's embedded AWS.",
        )
    from darkroom.domain.addresses import place_on_loopback

    places = [place_on_loopback(part.strip()) for part in listed.split(",")]
    found = frozenset(place for place in places if place is not None)
    if len(found) != len(places):
        raise SettingsError(
            f"FETCH_ALLOW_LOOPBACK is {listed!r}, which is no list of loopback addresses with ports",
            fix="Write each as 127.0.0.1:8080 or [::1]:8080, with commas between.",
        )
    return found


@cache
def settings() -> Settings:
    return read(os.environ)
