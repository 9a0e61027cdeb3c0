"""The keys of AI providers from SSM: a SecureString each, under a prefix, kept for five minutes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from darkroom.adapters.ai.keys import no_key
from darkroom.adapters.aws.calls import code, translated
from darkroom.domain.limits import MINUTE, SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_ssm.client import SSMClient

    from darkroom.ports import Clock

KEPT: Final = 5 * MINUTE
MISSING_KEPT: Final = 30 * SECOND
"""So soon is a key seen that was stored for the first time."""
NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "openai": ("openai_api_key", "open_api_key"),
    "replicate": ("replicate_api_token", "replicate_api_key"),
}
"""Under the prefix, the first that is there; of a provider that is not listed, `<provider>_api_key`. `make secrets`
stores the first of each, the others are older names."""


class ParameterKeys:
    """ProviderKeys of a stack."""

    def __init__(self, client: SSMClient, prefix: str, clock: Clock) -> None:
        """`prefix` is like `/darkroom/dev`, with or without a slash at its end."""
        self._client = client
        self._prefix = prefix.rstrip("/")
        self._clock = clock
        self._kept: dict[str, tuple[int, str]] = {}
        self._one = threading.Lock()

    def get(self, provider: str) -> str:
        with self._one:  # ten jobs at once ask once
            now = self._clock.now()
            read_at, key = self._kept.get(provider, (None, ""))
            if read_at is None or not 0 <= now - read_at < (KEPT if key else MISSING_KEPT):
                key = self._read(provider)
                self._kept[provider] = (now, key)
        if not key:
            raise no_key(provider)
        return key

    def forget(self, provider: str, key: str) -> None:
        with self._one:
            if self._kept.get(provider, (0, ""))[1] == key:
                del self._kept[provider]

    def _read(self, provider: str) -> str:
        for name in NAMES.get(provider, (f"{provider}_api_key",)):
            try:
                with translated("SSM"):
                    answer = self._client.get_parameter(Name=f"{self._prefix}/{name}", WithDecryption=True)
            except ClientError as error:
                if code(error) != "ParameterNotFound":
                    raise
                continue
            if key := answer["Parameter"].get("Value", "").strip():
                return key
        return ""
