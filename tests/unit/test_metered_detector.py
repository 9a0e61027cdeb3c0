"""Each answer of an engine is counted with its price, and is the engine's own."""

from __future__ import annotations

import numpy as np
import pytest
from darkroom.adapters.memory.messages import MemoryMeter
from darkroom.adapters.memory.vision import MemoryDetector
from darkroom.adapters.vision.metered import MeteredDetector
from darkroom.errors import TransientError

RED = np.full((4, 6, 3), (255, 0, 0), np.uint8)


def test_it_looks_and_answers_like_its_engine() -> None:
    engine = MemoryDetector(paid=True, usd_per_image=0.001)
    metered = MeteredDetector(engine, MemoryMeter())
    assert (metered.engine, metered.model, metered.paid, metered.usd_per_image) == (
        engine.engine,
        engine.model,
        True,
        0.001,
    )
    assert list(metered.detect(RED)) == list(engine.detect(RED)) != []


def test_each_answer_of_a_paid_engine_has_its_price() -> None:
    meter = MemoryMeter()
    metered = MeteredDetector(MemoryDetector(paid=True, usd_per_image=0.001), meter)
    for _ in range(3):
        metered.detect(RED)
    assert meter.counts == {("EngineItems", metered.engine): 3}
    assert meter.usd == pytest.approx(0.003)


def test_a_free_engine_costs_nothing() -> None:
    meter = MemoryMeter()
    MeteredDetector(MemoryDetector(paid=False, usd_per_image=0.001), meter).detect(RED)
    assert meter.usd == 0


def test_a_call_that_failed_is_not_counted() -> None:
    meter = MemoryMeter()
    metered = MeteredDetector(MemoryDetector(trouble=[TransientError("throttled"), None]), meter)
    with pytest.raises(TransientError):
        metered.detect(RED)
    assert meter.counts == {}
    metered.detect(RED)
    assert meter.counts == {("EngineItems", metered.engine): 1}
