"""Engines of the providers as tests make them: real SDKs towards the stub server, real pictures, short deadlines."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from darkroom.adapters.ai.gemini import Gemini
from darkroom.adapters.ai.openai import OpenAI
from darkroom.adapters.ai.replicate import Replicate
from darkroom.adapters.imaging.encode import PillowEncoder
from darkroom.adapters.imaging.reader import PillowPictures
from darkroom.adapters.memory.generation import MemoryKeys
from darkroom.adapters.web.fetcher import GuardedFetcher
from google import genai
from replicate.client import Client as Replicated

if TYPE_CHECKING:
    from darkroom.adapters.ai.provider import Provider

    from tests.stub_providers import Providers

KINDS: dict[str, type[Provider]] = {"openai": OpenAI, "gemini": Gemini, "replicate": Replicate}
DEADLINE = 4_000


class QuickClock:
    """The real time, but that `sleep` returns at once, that much later. `slept` holds each, in milliseconds."""

    def __init__(self) -> None:
        self._skipped = 0
        self.slept: list[int] = []

    def now(self) -> int:
        return round(time.time() * 1000) + self._skipped

    def sleep(self, milliseconds: int) -> None:
        self._skipped += milliseconds
        self.slept.append(milliseconds)


def engine(stub: Providers, name: str, *keys: str, **parts: Any) -> Provider:
    """An engine with these keys, each from when the one before it was forgotten on."""
    given: dict[str, Any] = {
        "keys": MemoryKeys({name: keys}),
        "reader": PillowPictures(),
        "encoder": PillowEncoder(),
        "fetcher": GuardedFetcher(loopback=frozenset({("127.0.0.1", stub.port)})),
        "clock": QuickClock(),
        "deadline": DEADLINE,
        "base_url": stub.base_url(name),
        "chance": lambda: 0.5,
        **parts,
    }
    made = KINDS[name](**given)
    _open.append(made)
    return made


_open: list[Provider] = []


def close_engines() -> None:
    """Close the connections of every engine that was made so far: a function's end with its process."""
    while _open:
        for client in _open.pop()._clients.values():
            if isinstance(client, Replicated):
                client._client.close()
            elif isinstance(client, genai.Client):
                client._api_client._httpx_client.close()
            else:
                client.close()
