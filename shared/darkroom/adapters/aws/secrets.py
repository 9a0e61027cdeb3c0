"""Secrets from AWS Secrets Manager, kept for five minutes so that a rotation is seen and a warm call costs nothing."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from darkroom.adapters.aws.calls import code, translated
from darkroom.domain.limits import MINUTE
from darkroom.errors import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager.client import SecretsManagerClient

    from darkroom.ports import Clock

KEPT: Final = 5 * MINUTE


class SecretsManager:
    """`name` is a secret's name or ARN; its value is text."""

    def __init__(self, client: SecretsManagerClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._kept: dict[str, tuple[int, str]] = {}
        self._one = threading.Lock()

    def get(self, name: str) -> str:
        with self._one:  # a batch delivered in parallel asks once
            now = self._clock.now()
            read_at, value = self._kept.get(name, (None, ""))
            if read_at is None or not 0 <= now - read_at < KEPT:
                value = self._read(name)
                self._kept[name] = (now, value)
            return value

    def _read(self, name: str) -> str:
        try:
            with translated("Secrets Manager"):
                value = self._client.get_secret_value(SecretId=name).get("SecretString", "")
        except ClientError as error:
            if code(error) not in {"InvalidRequestException", "InvalidParameterException", "DecryptionFailure"}:
                raise
            value = ""
        if not value:
            raise SettingsError(
                "Secrets Manager holds no text under the configured secret",
                fix="Deploy the stack again, which makes the secret, or put a text value into it.",
            )
        return value
