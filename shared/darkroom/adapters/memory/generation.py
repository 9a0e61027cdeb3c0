"""Generation in memory: an engine whose pictures are one colour each, and the keys of providers."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from darkroom.adapters.ai.keys import no_key
from darkroom.domain import ai_models
from darkroom.domain.generation import PNG, Drawn, Label, Picture, Reading
from darkroom.domain.jobs import Cost
from darkroom.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from darkroom.domain.generation import AnalyseRequest, DrawRequest, Trial
    from darkroom.errors import DarkroomError


class MemoryEngine:
    """An ImageGenerator and ImageAnalyser under any engine's name, with that one's abilities.

    `trouble` is raised instead of an answer, one error a call, None for a call that goes well. `usd` is what it says
    that a call costs, `charged` what it then does cost. `calls` are the requests that reached it.
    """

    def __init__(
        self,
        name: str = "sketch",
        *,
        usd: float = 0.0,
        charged: float | None = None,
        trouble: Iterable[DarkroomError | None] = (),
    ) -> None:
        self.name = name
        self.abilities = ai_models.ABILITIES[name]
        self.calls: list[DrawRequest | AnalyseRequest] = []
        self._price = Cost(usd=usd, provider_units=1 if usd else 0)
        self._charged = self._price if charged is None else replace(self._price, usd=charged)
        self._trouble = iter(trouble)
        self._lock = Lock()

    def price(self, request: DrawRequest) -> Cost:  # noqa: ARG002 - all cost the same here
        return self._price

    def draw(self, request: DrawRequest, *, trial: Trial[Drawn]) -> Drawn:
        if not request.needs <= self.abilities:
            raise InvalidRequestError(f"{self.name} cannot do this", code="UNSUPPORTED")
        return trial(lambda: self._draw(request))

    def _draw(self, request: DrawRequest) -> Drawn:
        self._called(request)
        shades = range(max(request.count, request.frames))
        first = request.seed or 0
        pictures = [
            Picture(
                png(request.width, request.height, (first + shade) % 256),
                PNG,
                request.width,
                request.height,
                seed=first + shade,
            )
            for shade in shades
        ]
        return Drawn(tuple(pictures), f"{self.name}-memory", self._charged)

    def price_to_analyse(self, request: AnalyseRequest) -> Cost:  # noqa: ARG002
        return self._price

    def analyse(self, request: AnalyseRequest, *, trial: Trial[Reading]) -> Reading:
        return trial(lambda: self._analyse(request))

    def _analyse(self, request: AnalyseRequest) -> Reading:
        self._called(request)
        return Reading((Label("colour", 1.0),), "One colour", f"{self.name}-memory", cost=self._charged)

    def _called(self, request: DrawRequest | AnalyseRequest) -> None:
        with self._lock:
            self.calls.append(request)
            trouble = next(self._trouble, None)
        if trouble is not None:
            raise trouble


def png(width: int, height: int, grey: int) -> bytes:
    """A PNG of one opaque grey (https://www.w3.org/TR/png-3/), 8 bits, RGBA."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\x00" + bytes((grey, grey, grey, 255)) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


class MemoryKeys:
    """Twin of ParameterKeys. A provider's keys are used in turn: the next one from when its key is forgotten on."""

    def __init__(self, keys: Mapping[str, Sequence[str]]) -> None:
        self._keys = {provider: list(each) for provider, each in keys.items()}

    def get(self, provider: str) -> str:
        if not self._keys.get(provider):
            raise no_key(provider)
        return self._keys[provider][0]

    def forget(self, provider: str, key: str) -> None:
        left = self._keys.get(provider, [])
        if len(left) > 1 and left[0] == key:
            left.pop(0)
