"""The environment as settings: names that people already use, and what contradicts itself."""

from __future__ import annotations

from functools import partial

import pytest
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.adapters.memory.messages import MemoryQueue
from darkroom.domain.jobs import Kind
from darkroom.errors import SettingsError
from darkroom.settings import ALIASES, ENGINES, LOCAL_STAGE, read
from darkroom.wiring import DETECTORS, JobQueues, job_queues

NAMES = [(name, alias) for name, aliases in ALIASES.items() for alias in aliases]


@pytest.mark.parametrize(("name", "alias"), NAMES)
def test_two_names_of_one_setting_that_disagree_stop_the_start(name: str, alias: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} and {alias} are names of one setting"):
        read({name: "one", alias: "another"})


@pytest.mark.parametrize(("name", "alias"), NAMES)
def test_two_names_of_one_setting_that_agree_are_one(name: str, alias: str) -> None:
    assert read({name: "same", alias: "same"}) == read({name: "same"}) == read({alias: "same"})


@pytest.mark.parametrize("engine", ["foo", "ONNX", " onnx", "auto,onnx"])
def test_an_engine_that_there_is_not_stops_the_start_and_names_those_that_there_are(engine: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read({"DETECT_ENGINE": engine})
    assert caught.value.fix == "Set it to one of: auto, onnx, rekognition, dlib."


def test_every_engine_of_the_settings_is_wired() -> None:
    assert set(DETECTORS) == set(ENGINES)
    assert [read({"DETECT_ENGINE": engine}).detect_engine for engine in ENGINES] == list(ENGINES)
    assert read({}).detect_engine == "auto"


def test_the_local_stage_may_fetch_from_places_on_loopback_that_it_names() -> None:
    told = {"STAGE": LOCAL_STAGE, "FETCH_ALLOW_LOOPBACK": "127.0.0.1:8080, [::1]:9000"}
    assert read(told).fetch_loopback == {("127.0.0.1", 8080), ("::1", 9000)}
    assert read({"STAGE": LOCAL_STAGE}).fetch_loopback == frozenset()


@pytest.mark.parametrize("stage", [{}, {"STAGE": "dev"}, {"STAGE": "prod"}, {"STAGE": "locals"}])
def test_no_other_stage_may_and_is_told_to_remove_the_setting(stage: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        read(stage | {"FETCH_ALLOW_LOOPBACK": "127.0.0.1:8080"})
    assert caught.value.fix.startswith("Remove it: it is taken on the stage 'local' alone")


@pytest.mark.parametrize(
    "listed", ["127.0.0.1", "localhost:80", "10.0.0.1:80", "*", ",", "127.0.0.1:80,", "127.0.0.1:80,192.168.0.1:80"]
)
def test_what_is_no_loopback_address_with_a_port_stops_the_start(listed: str) -> None:
    with pytest.raises(SettingsError, match="no list of loopback addresses"):
        read({"STAGE": LOCAL_STAGE, "FETCH_ALLOW_LOOPBACK": listed})


def test_vectors_stand_in_the_bucket_unless_another_place_is_named() -> None:
    assert read({"BUCKET_NAME": "media"}).vectors_uri == "s3://media/vectors"
    assert read({"BUCKET_NAME": "media", "VECTORS_URI": "/tmp/vectors"}).vectors_uri == "/tmp/vectors"
    assert read({}).vectors_uri == ""


def test_every_kind_of_job_has_a_queue_and_none_is_made_before_it_is_sent_to() -> None:
    made: list[Kind] = []
    queues = {kind: partial(_made, made, kind) for kind in Kind}
    sent_to = JobQueues(queues)
    assert set(job_queues()) == set(Kind) == set(sent_to)
    assert made == []
    sent_to[Kind.FACES].send("{}")
    assert made == [Kind.FACES]


def _made(made: list[Kind], kind: Kind) -> MemoryQueue:
    made.append(kind)
    return MemoryQueue(MemoryClock())
