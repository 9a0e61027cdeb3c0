"""One suite for every FaceTables: DynamoDB's and its twin in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from darkroom.adapters.aws.people import DynamoFaceTables
from darkroom.adapters.memory.people import MemoryFaceTables
from darkroom.domain.people import FaceTable

if TYPE_CHECKING:
    from darkroom.ports import FaceTables

    from tests.contract.conftest import Aws

OWNER, PACK = "acme#1", "dlib"


@pytest.fixture(params=["memory", "dynamodb"])
def tables(request: pytest.FixtureRequest) -> FaceTables:
    if request.param == "memory":
        return MemoryFaceTables()
    aws: Aws = request.getfixturevalue("aws")
    return DynamoFaceTables(aws.dynamodb, aws.table("pk", "sk"), pause=lambda _: None)


def moved(tables: FaceTables, *, token: str, now: int = 0, until: int = 10) -> FaceTable:
    table = tables.move(tables.open(OWNER, PACK, maker="x"), token=token, now=now, until=until)
    assert table is not None
    return table


def test_a_table_is_there_once_it_was_opened(tables: FaceTables) -> None:
    assert tables.get(OWNER, PACK) is None
    assert tables.doom(OWNER, PACK, frozenset({"x"})) is None
    first = FaceTable(OWNER, PACK, 1, "x")
    assert tables.open(OWNER, PACK, maker="x") == first
    tables.touch(OWNER, PACK)
    assert tables.open(OWNER, PACK, maker="another") == replace(first, changes=1)
    assert tables.get("acme", PACK) is None


def test_all_tables_are_listed(tables: FaceTables) -> None:
    tables.open("b", "two", maker="x")
    tables.open("a", "one", maker="x")
    tables.open("a", "two", maker="x")
    assert sorted((table.owner, table.pack) for table in tables.all()) == [("a", "one"), ("a", "two"), ("b", "two")]
    assert sorted(table.pack for table in tables.of("a")) == ["one", "two"]
    assert list(tables.of("")) == []


def test_a_move_makes_sources_of_what_was_there_and_settles(tables: FaceTables) -> None:
    tables.open(OWNER, PACK, maker="x")
    tables.touch(OWNER, PACK)
    table = moved(tables, token="m")
    assert (table.generation, table.sources, table.holds) == (2, ("g1-x",), ("g1-x", "g2-m"))
    assert table.changes == 2
    assert tables.get(OWNER, PACK) == table
    assert tables.settle(table, filled=True)
    assert tables.get(OWNER, PACK) == FaceTable(OWNER, PACK, 2, "m", changes=3, settled=3, filled=True)
    assert tables.settle(table, filled=True), "repeated, it was done already"
    assert tables.touch(OWNER, PACK).changes == 4
    again = moved(tables, token="n")
    assert again.sources == ("g2-m-base", "g2-m")
    assert again.holds == ("g2-m-base", "g2-m", "g3-n")
    assert tables.settle(again, filled=False)
    emptied = tables.get(OWNER, PACK)
    assert emptied is not None
    assert emptied.holds == ("g3-n",)


def test_one_moves_at_a_time(tables: FaceTables) -> None:
    seen = tables.open(OWNER, PACK, maker="x")
    table = tables.move(seen, token="a", now=0, until=10)
    assert table is not None
    assert tables.move(seen, token="a", now=1, until=10) == table, "repeated, it moves once"
    assert tables.move(seen, token="b", now=1, until=10) is None
    assert tables.move(table, token="b", now=9, until=10) is None
    assert tables.renew(table, until=20)
    assert tables.move(table, token="b", now=19, until=30) is None


def test_a_mover_that_was_thought_dead_settles_nothing(tables: FaceTables) -> None:
    dead = moved(tables, token="a", until=10)
    table = tables.move(dead, token="b", now=10, until=20)
    assert table is not None
    assert (table.name, table.sources) == ("g3-b", ("g1-x", "g2-a"))
    assert not tables.settle(dead, filled=True)
    assert not tables.renew(dead, until=99)
    assert tables.get(OWNER, PACK) == table
    assert tables.settle(table, filled=True)
    assert not tables.settle(dead, filled=True)
    assert not tables.renew(dead, until=99)


def test_a_table_that_moved_meanwhile_is_not_moved_by_who_did_not_see_it(tables: FaceTables) -> None:
    seen = tables.open(OWNER, PACK, maker="x")
    tables.settle(moved(tables, token="a"), filled=True)
    assert tables.move(seen, token="b", now=0, until=10) is None


def test_the_doomed_that_a_move_knew_are_done_with_when_it_settles(tables: FaceTables) -> None:
    tables.open(OWNER, PACK, maker="x")
    before = tables.doom(OWNER, PACK, frozenset({"one", "two"}))
    assert before is not None
    assert before.doomed == {"one", "two"}
    table = moved(tables, token="m")
    assert table.doomed == {"one", "two"}
    tables.doom(OWNER, PACK, frozenset({"three"}))
    assert tables.settle(table, filled=True)
    left = tables.get(OWNER, PACK)
    assert left is not None
    assert left.doomed == {"three"}


def test_readers_notice_whatever_changes(tables: FaceTables) -> None:
    seen = {(table := tables.open(OWNER, PACK, maker="x")).changes}
    for change in (
        lambda: tables.touch(OWNER, PACK),
        lambda: tables.doom(OWNER, PACK, frozenset({"x"})),
        lambda: moved(tables, token="m"),
        lambda: tables.settle(tables.get(OWNER, PACK) or table, filled=False),
    ):
        change()
        now = tables.get(OWNER, PACK)
        assert now is not None
        assert now.changes > max(seen)
        seen.add(now.changes)
