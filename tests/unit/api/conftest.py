from __future__ import annotations

import pytest

from tests.api import Api


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def key(api: Api) -> str:
    """Ann's, with every scope but admin and no rate to speak of."""
    return api.key()
