"""The keys of providers: from the environment on a laptop, else from wherever a stack keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from darkroom.errors import ProviderRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from darkroom.ports import ProviderKeys


class EnvironmentKeys:
    """`keys` are those that are set, by provider; who has none there is asked for `beyond`, where there is that."""

    def __init__(self, keys: Mapping[str, str], beyond: ProviderKeys | None = None) -> None:
        self._keys = dict(keys)
        self._beyond = beyond

    def get(self, provider: str) -> str:
        if key := self._keys.get(provider):
            return key
        if self._beyond is None:
            raise no_key(provider)
        return self._beyond.get(provider)

    def forget(self, provider: str, key: str) -> None:
        if self._beyond is not None:
            self._beyond.forget(provider, key)

    def __repr__(self) -> str:
        return f"EnvironmentKeys({', '.join(sorted(self._keys))})"


def no_key(provider: str) -> ProviderRefusedError:
    return ProviderRefusedError(
        f"There is no key for {provider} here",
        code="PROVIDER_KEY",
        fix="Store one with `make secrets`, or name another provider; `sketch` and `studio` need none.",
    )
