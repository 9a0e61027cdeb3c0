"""24 workers enrol on an embedded AWS's tables, bucket and index, some are killed, and a person is erased meanwhile.

Time is real here, once: an erasure waits for writers as long as they may write, and ends within a minute.
"""

from __future__ import annotations

import random
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from botocore.session import get_session
from darkroom.adapters.aws.clients import config
from darkroom.adapters.aws.objects import S3ObjectStore
from darkroom.adapters.aws.people import DynamoFaceTables, DynamoPeopleStore
from darkroom.adapters.clock import SystemClock
from darkroom.adapters.vectors.lance import LanceFaceIndex
from darkroom.usecases.erasure import Swept

from local import port
from local.stack import Embedded
from tests.enrolling import OWNER, PACK, Enrolling, picture, vector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from darkroom.domain.jobs import Job

WRITERS, EACH = 24, 3
KILLED = 8
BUCKET = "people-on-storage"


class KilledError(BaseException):
    """The process of a worker is gone."""


class Struck:
    """A port whose nth call is the last of its worker, before it is carried out or after."""

    def __init__(self, port: Any, strike: Callable[[Callable[[], Any]], Any]) -> None:
        self._port = port
        self._strike = strike

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        return (lambda *args, **more: self._strike(lambda: found(*args, **more))) if callable(found) else found


def fate(last: int | None, after: bool) -> Callable[[Callable[[], Any]], Any]:
    made = 0

    def strike(call: Callable[[], Any]) -> Any:
        nonlocal made
        made += 1
        if last is None or made < last:
            return call()
        if made == last and after:
            call()
        raise KilledError

    return strike


class Cloud:
    """Tables, a bucket and an index; every worker has clients of its own."""

    def __init__(self, embedded: Embedded) -> None:
        self._session = get_session()
        self.dynamodb: Any = self.client("dynamodb")
        self.s3: Any = self.client("s3")
        self.s3.create_bucket(Bucket=BUCKET)
        keys = ("pk", "HASH"), ("sk", "RANGE")
        self.dynamodb.create_table(
            TableName="people",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        )

    def client(self, service: str) -> Any:
        return self._session.create_client(service, region_name="us-east-1", config=config(service))

    def world(self, last: int | None = None, *, after: bool = False) -> Enrolling:
        """A worker's parts; `last` is the call at which it is killed."""
        clock, strike = SystemClock(), fate(last, after)
        tables = DynamoFaceTables(self.dynamodb, "people")
        index = LanceFaceIndex(f"s3://{BUCKET}/vectors", tables, clock)
        return Enrolling(
            clock=clock,
            people=Struck(DynamoPeopleStore(self.dynamodb, "people"), strike),
            objects=Struck(S3ObjectStore(self.s3, BUCKET), strike),
            index=Struck(index, strike),
        )

    def everything(self) -> tuple[str, bytes]:
        """All rows, and all bytes of all objects with their keys."""
        rows = self.dynamodb.scan(TableName="people", ConsistentRead=True)
        assert "LastEvaluatedKey" not in rows
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        keys = [each["Key"] for page in pages for each in page.get("Contents", ())]
        bodies = (self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys)
        return repr(rows["Items"]), b"\n".join([*(key.encode() for key in keys), *bodies])


@pytest.fixture
def cloud(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    embedded = Embedded(tmp_path_factory.mktemp("people"), port.pick())
    embedded.start()
    try:
        monkeypatch.setenv("AWS_ENDPOINT_URL", embedded.endpoint_url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL_S3"):
            monkeypatch.delenv(name, raising=False)
        yield Cloud(embedded)
    finally:
        embedded.stop()


def hue(person: str, writer: int, turn: int) -> int:
    """Another one for each face, of which each has its vector and its picture."""
    return (writer * EACH + turn) + (0 if person == "ada" else 100)


def stored(each: int) -> bytes:
    """The bytes of a face's vector in a file: on its way as JSON it was rounded."""
    return np.array([round(float(number), 8) for number in vector(each)], np.float32).tobytes()


def job(world: Enrolling, person: str, writer: int) -> Job:
    images = [world.sent(picture(hue(person, writer, turn)), f"{writer}-{turn}", person) for turn in range(EACH)]
    return world.enrolment_job(*images, person_id=person)


def work(cloud: Cloud, writer: int, last: int | None, after: bool) -> bool:
    """One worker's turn; False where it was killed in it."""
    person = "ada" if writer % 2 else "bob"
    begun = job(cloud.world(), person, writer)
    world = cloud.world(last, after=after)
    world.jobs.create(begun)
    try:
        world.run(begun)
    except KilledError:
        return False
    return True


@pytest.mark.timeout(300)
def test_of_24_workers_of_whom_some_are_killed_nothing_is_lost_and_of_the_erased_nothing_left(cloud: Cloud) -> None:
    world = cloud.world()
    for person in ("ada", "bob"):
        world.person(person)
    assert world.enrol(99, "first")["enrolled"] == 1
    draw = random.Random(7)
    fates = [(draw.randrange(3, 30) if writer < KILLED else None, draw.random() < 0.5) for writer in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        workers = [pool.submit(work, cloud, writer, *fates[writer]) for writer in range(WRITERS)]
        time.sleep(1)
        began = time.monotonic()
        world.erasure.erase_person(OWNER, "ada")
        took = time.monotonic() - began
        lived = [worker.result() for worker in workers]
    assert sum(lived) <= WRITERS - KILLED // 2, "workers were killed"
    assert took < 60
    rows, bytes_ = cloud.everything()
    hues = [99, *(hue("ada", writer, turn) for writer in range(1, WRITERS, 2) for turn in range(EACH))]
    assert not re.findall(r"\bada\b", rows)
    assert b"/ada/" not in bytes_
    assert not [each for each in hues if stored(each) in bytes_ or picture(each) in bytes_]

    while any(face.is_written(world.clock.now()) for face in world.people.faces(OWNER, "bob")):
        time.sleep(0.2)  # rows of the killed; they are overdue soon
    for writer in range(0, WRITERS, 2):
        if not lived[writer]:
            assert work(cloud, writer, None, False)
    kept = {("bob", f"{writer}-{turn}") for writer in range(0, WRITERS, 2) for turn in range(EACH)}
    assert set(world.indexed(PACK)) == kept
    assert len(world.indexed(PACK)) == len(kept)
    bob = world.people.get(OWNER, "bob")
    assert bob is not None
    assert bob.faces == len(kept)
    hues = [hue("bob", writer, turn) for writer in range(0, WRITERS, 2) for turn in range(EACH)]
    _, bytes_ = cloud.everything()
    assert not [each for each in hues if stored(each) not in bytes_], "what is looked for is what is stored"
    assert world.sweeper.sweep(until=1 << 50) == Swept()
