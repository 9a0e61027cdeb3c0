"""An operator's own credentials go to AWS, never to an embedded one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from darkroom.adapters.aws.stacks import Stack

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("endpoint_url", "shown"),
    [
        (None, "AKIAOPERATOR"),
        ("https://dynamodb.eu-central-1.amazonaws.com", "AKIAOPERATOR"),
        ("https://127.0.0.1.example.com", "AKIAOPERATOR"),
        ("https://localhost.example.com", "AKIAOPERATOR"),
        ("http://127.0.0.1:4566", "test"),
        ("http://127.8.9.1:4566", "test"),
        ("http://[::1]:4566", "test"),
        ("http://localhost:4566", "test"),
    ],
)
def test_only_an_aws_on_this_machine_is_shown_the_embedded_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, endpoint_url: str | None, shown: str
) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOPERATOR")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    client = Stack("darkroom", "eu-central-1", endpoint_url, {}, {}).client("dynamodb")
    assert client._get_credentials().access_key == shown
    assert client.meta.endpoint_url == (endpoint_url or "https://dynamodb.eu-central-1.amazonaws.com")
