"""People, the rows of their faces, and which tables of vectors hold, in one DynamoDB table.

| pk | sk | what |
| --- | --- | --- |
| `owner#<owner>` | `person#<person id>` | a person, with the number of faces that are enrolled |
| `owner#<owner>` | `pack` | the pack that the owner's searches are answered with |
| `owner#<owner>` | `vectors#<pack>` | which generation of the table of vectors holds, and what readers have to notice |
| `faces#<owner>#<person id>` | `face#<face id>` | a face, without its vector |
| `vectors` | `<owner>#<pack>` | that there is such a table, for the sweep |

A refused write returns the row that stands there: whoever finds itself in it has succeeded and only not heard so.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import astuple
from typing import TYPE_CHECKING, Any, Final

from darkroom.adapters.aws.calls import translated
from darkroom.adapters.aws.rows import attributes, expressions, names, number, text, values
from darkroom.adapters.aws.tables import ConditionalTable, RefusedError, refusals
from darkroom.domain.cursors import cursor_of, position_of
from darkroom.domain.faces import Quality
from darkroom.domain.people import PERSON_ORDER, EnrolledFace, FaceState, FaceTable, Person, PersonState, barred
from darkroom.errors import (
    FaceExistsError,
    LeaseLostError,
    PersonNotFoundError,
    TransientError,
)
from darkroom.ports import PeoplePage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from darkroom.adapters.aws.rows import Row

TRIES: Final = 8
"""Of a transaction: many writers may enrol faces of one person, and each counts on its row."""
READS: Final = 3
"""Of a row that is changed on the condition that it is what was read."""


class DynamoPeopleStore(ConditionalTable):
    """An adapter of PeopleStore."""

    # --- people ------------------------------------------------------------------------------------------------------

    def create(self, person: Person) -> Person:
        try:
            with translated("DynamoDB"), refusals():
                self._client.put_item(
                    TableName=self._table,
                    Item=person_row(person),
                    ConditionExpression="attribute_not_exists(pk)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except RefusedError as refused:
            if refused.row is None:
                raise TransientError("A person of that id was there a moment ago") from None
            return person_of(refused.row)
        return person

    def get(self, owner: str, person_id: str) -> Person | None:
        row = self._get(person_key(owner, person_id))
        return None if row is None else person_of(row)

    def list(self, owner: str, *, cursor: str | None, limit: int) -> PeoplePage:
        query: dict[str, Any] = {
            "ConsistentRead": True,
            "KeyConditionExpression": "#pk = :pk AND begins_with(#sk, :people)",
            "FilterExpression": "#state = :active",
            "Limit": limit,
            **values(pk=f"owner#{owner}", people="person#", active=PersonState.ACTIVE),
        }
        if cursor is not None:
            after = position_of(owner, cursor, pattern=PERSON_ORDER, route="GET /people")
            query["ExclusiveStartKey"] = {"pk": {"S": f"owner#{owner}"}, "sk": {"S": after}}
        page = self._query(query)
        more = page.get("LastEvaluatedKey")
        return PeoplePage(
            tuple(person_of(row) for row in page["Items"]), None if more is None else cursor_of(owner, more["sk"]["S"])
        )

    def update(self, person: Person, *, seen: Person) -> bool:
        new, old = words(person), words(seen)
        given = {name: value for name, value in new.items() if value is not None}
        gone = [name for name in new if name not in given]
        clauses = ["SET " + ", ".join(f"#{name} = :{name}" for name in (*given, "updated_at"))]
        if gone:
            clauses.append("REMOVE " + ", ".join(f"#{name}" for name in gone))
        same = [
            f"attribute_not_exists(#{name})" if value is None else f"#{name} = :seen_{name}"
            for name, value in old.items()
        ]
        try:
            self._update(
                person_key(person.owner, person.person_id),
                " ".join(clauses),
                when=" AND ".join(("#state = :active", *same)),
                active=PersonState.ACTIVE,
                updated_at=person.updated_at,
                **given,
                **{f"seen_{name}": value for name, value in old.items() if value is not None},
            )
        except RefusedError as refused:
            return refused.row is not None and words(person_of(refused.row)) == new
        return True

    def begin_erasure(self, owner: str, person_id: str, *, now: int) -> Person:
        try:
            row = self._update(
                person_key(owner, person_id),
                "SET #state = :erasing, #updated_at = :now",
                when="#state = :active",
                erasing=PersonState.ERASING,
                active=PersonState.ACTIVE,
                now=now,
            )
        except RefusedError as refused:
            if refused.row is None:
                raise PersonNotFoundError from None
            return person_of(refused.row)
        return person_of(row)

    def finish_erasure(self, owner: str, person_id: str) -> None:
        with suppress(RefusedError), translated("DynamoDB"), refusals():
            self._client.delete_item(
                TableName=self._table,
                Key=person_key(owner, person_id),
                ConditionExpression="#state = :erasing",
                ExpressionAttributeNames={"#state": "state"},
                **values(erasing=PersonState.ERASING),
            )

    def erasing(self, owner: str) -> Iterable[Person]:
        query = {
            "ConsistentRead": True,
            "KeyConditionExpression": "#pk = :pk AND begins_with(#sk, :people)",
            "FilterExpression": "#state = :erasing",
            **values(pk=f"owner#{owner}", people="person#", erasing=PersonState.ERASING),
        }
        return [person_of(row) for row in self._rows(query)]

    # --- faces -------------------------------------------------------------------------------------------------------

    def begin_face(self, face: EnrolledFace, *, now: int) -> EnrolledFace:
        free = "attribute_not_exists(#pk) OR (#state = :writing AND (#token = :token OR #until <= :now))"
        try:
            self._transact(
                [
                    {"ConditionCheck": {"Key": person_key(face.owner, face.person_id), **active()}},
                    {
                        "Put": {
                            "Item": face_row(face),
                            "ConditionExpression": free,
                            "ExpressionAttributeNames": names(free),
                            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                            **values(token=face.token, writing=FaceState.WRITING, now=now),
                        }
                    },
                ],
                tries=TRIES,
            )
        except RefusedError as refused:
            if refused.place == 0:
                raise PersonNotFoundError from None
            if refused.row is None:
                raise TransientError("A face of that id was there a moment ago") from None
            return self._standing(face, face_of(refused.row))
        return face

    @staticmethod
    def _standing(face: EnrolledFace, standing: EnrolledFace) -> EnrolledFace:
        if standing.state is FaceState.ERASING:
            raise TransientError("The face of this id is being erased")
        if standing.state is FaceState.WRITING:
            raise TransientError("Another worker enrols this face right now")
        if standing.digest != face.digest:
            raise FaceExistsError("Another picture's face has this id already")
        return standing

    def finish_face(self, face: EnrolledFace) -> None:
        mine = "#state = :writing AND #token = :token"
        try:
            self._transact(
                [
                    {
                        "Update": {
                            "Key": person_key(face.owner, face.person_id),
                            **expressions(
                                "SET #faces = #faces + :one", "#state = :active", one=1, active=PersonState.ACTIVE
                            ),
                        }
                    },
                    {
                        "Update": {
                            "Key": face_key(face.owner, face.person_id, face.face_id),
                            **expressions(
                                "SET #state = :enrolled, #until = :nobody",
                                mine,
                                nobody=0,
                                enrolled=FaceState.ENROLLED,
                                writing=FaceState.WRITING,
                                token=face.token,
                            ),
                        }
                    },
                ],
                tries=TRIES,
            )
        except RefusedError as refused:
            if refused.place == 0 or text(refused.row, "state") in (None, FaceState.ERASING):
                raise PersonNotFoundError from None
            if text(refused.row, "token") != face.token:
                raise LeaseLostError("Another worker has taken the face over") from None

    def drop_face(self, face: EnrolledFace) -> None:
        key = face_key(face.owner, face.person_id, face.face_id)
        for _ in range(READS):
            row = self._get(key)
            if row is None or text(row, "token") != face.token:
                return
            state = row["state"]["S"]
            same = "#token = :token AND #state = :state"
            delete = {
                "Delete": {
                    "Key": key,
                    "ConditionExpression": same,
                    "ExpressionAttributeNames": names(same),
                    **values(token=face.token, state=state),
                }
            }
            try:
                self._uncounting(face.owner, face.person_id, delete, counted=state == FaceState.ENROLLED)
            except RefusedError:
                continue
            return
        raise TransientError("The row of a face kept changing")

    def begin_face_erasure(self, owner: str, person_id: str, face_id: str) -> EnrolledFace | None:
        key = face_key(owner, person_id, face_id)
        for _ in range(READS):
            row = self._get(key)
            if row is None or row["state"]["S"] == FaceState.ERASING:
                return None if row is None else face_of(row)
            state = row["state"]["S"]
            change = expressions(
                "SET #state = :erasing",
                "#token = :token AND #state = :state",
                erasing=FaceState.ERASING,
                token=row["token"]["S"],
                state=state,
            )
            try:
                self._uncounting(
                    owner, person_id, {"Update": {"Key": key, **change}}, counted=state == FaceState.ENROLLED
                )
            except RefusedError:
                continue
            return face_of(row | {"state": {"S": FaceState.ERASING}})
        raise TransientError("The row of a face kept changing")

    def _uncounting(self, owner: str, person_id: str, change: dict[str, dict[str, Any]], *, counted: bool) -> None:
        """Make the change, in one transaction with its person's count where the face is counted."""
        writes = [change]
        if counted:
            less = expressions("SET #faces = #faces - :one", "attribute_exists(#pk)", one=1)
            writes.append({"Update": {"Key": person_key(owner, person_id), **less}})
        try:
            self._transact(writes, tries=TRIES)
        except RefusedError as refused:
            if refused.place == 0:
                raise
            self._transact([change], tries=TRIES)  # the person is gone, and its count with it

    def bar_face(self, owner: str, person_id: str, face_id: str, *, token: str, now: int) -> EnrolledFace | None:
        bar = barred(owner, person_id, face_id, token=token, now=now)
        try:
            with translated("DynamoDB"), refusals():
                self._client.put_item(
                    TableName=self._table,
                    Item=face_row(bar),
                    ConditionExpression="attribute_not_exists(pk)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except RefusedError as refused:
            if refused.row is None or text(refused.row, "state") != FaceState.ERASING:
                return None
            return face_of(refused.row)
        return bar

    def hold_face(self, face: EnrolledFace, *, until: int) -> bool:
        hold = expressions(
            "SET #until = :until",
            "#state = :enrolled AND #token = :token",
            until=until,
            enrolled=FaceState.ENROLLED,
            token=face.token,
        )
        try:
            self._transact(
                [
                    {"ConditionCheck": {"Key": person_key(face.owner, face.person_id), **active()}},
                    {"Update": {"Key": face_key(face.owner, face.person_id, face.face_id), **hold}},
                ],
                tries=TRIES,
            )
        except RefusedError:
            return False
        return True

    def set_pack(self, face: EnrolledFace, pack: str) -> bool:
        try:
            self._update(
                face_key(face.owner, face.person_id, face.face_id),
                "SET #pack = :pack, #until = :nobody",
                when="#state = :enrolled AND #token = :token",
                nobody=0,
                pack=pack,
                enrolled=FaceState.ENROLLED,
                token=face.token,
            )
        except RefusedError:
            return False
        return True

    def faces(self, owner: str, person_id: str) -> Sequence[EnrolledFace]:
        query = {
            "ConsistentRead": True,
            "KeyConditionExpression": "#pk = :pk",
            **values(pk=faces_pk(owner, person_id)),
        }
        return [face_of(row) for row in self._rows(query)]

    # --- packs -------------------------------------------------------------------------------------------------------

    def pack(self, owner: str) -> str | None:
        return text(self._get(pack_key(owner)), "pack")

    def choose_pack(self, owner: str, pack: str, *, instead_of: str | None) -> str:
        if instead_of is None:
            when, seen = "attribute_not_exists(#pack)", {}
        else:
            when, seen = "#pack = :seen", {"seen": instead_of}
        try:
            self._update(pack_key(owner), "SET #pack = :pack", when=when, pack=pack, **seen)
        except RefusedError as refused:
            standing = text(refused.row, "pack")
            if standing is None:
                raise TransientError("The owner's pack was there a moment ago") from None
            return standing
        return pack


class DynamoFaceTables(ConditionalTable):
    """An adapter of FaceTables."""

    def get(self, owner: str, pack: str) -> FaceTable | None:
        row = self._get(vectors_key(owner, pack))
        return None if row is None else table_of(row)

    def open(self, owner: str, pack: str, *, maker: str) -> FaceTable:
        standing = self.get(owner, pack)
        if standing is not None:
            return standing
        # The sweep has to know of a table before there is one.
        with translated("DynamoDB"):
            self._client.put_item(
                TableName=self._table,
                Item={"pk": {"S": "vectors"}, "sk": {"S": f"{owner}#{pack}"}, **attributes(owner=owner, pack=pack)},
            )
        first = {
            **vectors_key(owner, pack),
            **attributes(owner=owner, pack=pack, generation=1, maker=maker, changes=0, settled=0),
        }
        try:
            with translated("DynamoDB"), refusals():
                self._client.put_item(
                    TableName=self._table,
                    Item=first,
                    ConditionExpression="attribute_not_exists(pk)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except RefusedError as refused:
            if refused.row is None:
                raise TransientError("A table of vectors was there a moment ago") from None
            return table_of(refused.row)
        return table_of(first)

    def touch(self, owner: str, pack: str) -> FaceTable:
        row = self._update(
            vectors_key(owner, pack), "SET #changes = #changes + :one", when="attribute_exists(#pk)", one=1
        )
        return table_of(row)

    def doom(self, owner: str, pack: str, entries: frozenset[str]) -> FaceTable | None:
        try:
            with translated("DynamoDB"), refusals():
                answer = self._client.update_item(
                    TableName=self._table,
                    Key=vectors_key(owner, pack),
                    UpdateExpression="SET changes = changes + :one ADD doomed :entries",
                    ConditionExpression="attribute_exists(pk)",
                    ExpressionAttributeValues={":entries": {"SS": sorted(entries)}, ":one": {"N": "1"}},
                    ReturnValues="ALL_NEW",
                )
        except RefusedError:
            return None
        return table_of(answer["Attributes"])

    def move(self, seen: FaceTable, *, token: str, now: int, until: int) -> FaceTable | None:
        holding = {":holding": {"SS": list(seen.holds)}}
        bound = values(seen=seen.generation, next=seen.generation + 1, one=1, token=token, now=now, until=until)
        moving = (
            "SET #generation = :next, #maker = :token, #sources = :holding, #mover = :token, #moving_until = :until, "
            "#changes = #changes + :one REMOVE #filled"
        )
        free = "#generation = :seen AND (attribute_not_exists(#mover) OR #moving_until <= :now)"
        try:
            with translated("DynamoDB"), refusals():
                answer = self._client.update_item(
                    TableName=self._table,
                    Key=vectors_key(seen.owner, seen.pack),
                    UpdateExpression=moving,
                    ConditionExpression=free,
                    ExpressionAttributeNames=names(moving + free),
                    ExpressionAttributeValues=bound["ExpressionAttributeValues"] | holding,
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except RefusedError as refused:
            return table_of(refused.row) if refused.row is not None and text(refused.row, "mover") == token else None
        return table_of(answer["Attributes"])

    def renew(self, table: FaceTable, *, until: int) -> bool:
        try:
            self._update(
                vectors_key(table.owner, table.pack),
                "SET #moving_until = :until",
                when="#mover = :token",
                until=until,
                token=str(table.mover),
            )
        except RefusedError:
            return False
        return True

    def settle(self, table: FaceTable, *, filled: bool) -> bool:
        settling = "SET #changes = #changes + :one, #settled = #changes + :one, #settled_by = :token, #filled = :filled"
        settling += " REMOVE #sources, #mover, #moving_until"
        done: dict[str, Any] = {}
        if table.doomed:
            settling += " DELETE #doomed :doomed"
            done = {":doomed": {"SS": sorted(table.doomed)}}
        mine = "#mover = :token"
        try:
            with translated("DynamoDB"), refusals():
                self._client.update_item(
                    TableName=self._table,
                    Key=vectors_key(table.owner, table.pack),
                    UpdateExpression=settling,
                    ConditionExpression=mine,
                    ExpressionAttributeNames=names(settling + mine),
                    ExpressionAttributeValues=values(one=1, token=str(table.mover), filled=filled)[
                        "ExpressionAttributeValues"
                    ]
                    | done,
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except RefusedError as refused:
            return text(refused.row, "settled_by") == table.mover
        return True

    def of(self, owner: str) -> Iterable[FaceTable]:
        query = {
            "ConsistentRead": True,
            "KeyConditionExpression": "#pk = :pk AND begins_with(#sk, :vectors)",
            **values(pk=f"owner#{owner}", vectors="vectors#"),
        }
        return [table_of(row) for row in self._rows(query)]

    def all(self) -> Iterable[FaceTable]:
        query = {"ConsistentRead": True, "KeyConditionExpression": "#pk = :pk", **values(pk="vectors")}
        for row in self._rows(query):
            table = self.get(row["owner"]["S"], row["pack"]["S"])
            if table is not None:
                yield table


# --- rows -------------------------------------------------------------------------------------------------------------


def person_key(owner: str, person_id: str) -> Row:
    return {"pk": {"S": f"owner#{owner}"}, "sk": {"S": f"person#{person_id}"}}


def faces_pk(owner: str, person_id: str) -> str:
    """An id holds no `#`, so no two persons share it, whatever an owner is called."""
    return f"faces#{owner}#{person_id}"


def face_key(owner: str, person_id: str, face_id: str) -> Row:
    return {"pk": {"S": faces_pk(owner, person_id)}, "sk": {"S": f"face#{face_id}"}}


def pack_key(owner: str) -> Row:
    return {"pk": {"S": f"owner#{owner}"}, "sk": {"S": "pack"}}


def vectors_key(owner: str, pack: str) -> Row:
    return {"pk": {"S": f"owner#{owner}"}, "sk": {"S": f"vectors#{pack}"}}


def active() -> dict[str, Any]:
    """That the person of the checked row is active."""
    return {
        "ConditionExpression": "#state = :active",
        "ExpressionAttributeNames": {"#state": "state"},
        **values(active=PersonState.ACTIVE),
    }


def words(person: Person) -> dict[str, str | None]:
    """What an owner may change of a person, as it is stored."""
    metadata = None if person.metadata is None else json.dumps(person.metadata, ensure_ascii=False, sort_keys=True)
    return {"name": person.name, "metadata": metadata, "consent": person.consent}


def person_row(person: Person) -> Row:
    return {
        **person_key(person.owner, person.person_id),
        **attributes(
            owner=person.owner,
            state=person.state,
            created_at=person.created_at,
            updated_at=person.updated_at,
            faces=person.faces,
            **words(person),
        ),
    }


def person_of(row: Row) -> Person:
    metadata = text(row, "metadata")
    return Person(
        owner=row["owner"]["S"],
        person_id=row["sk"]["S"].partition("#")[2],
        name=text(row, "name"),
        metadata=None if metadata is None else json.loads(metadata),
        consent=text(row, "consent"),
        state=PersonState(row["state"]["S"]),
        created_at=int(row["created_at"]["N"]),
        updated_at=int(row["updated_at"]["N"]),
        faces=int(row["faces"]["N"]),
    )


def face_row(face: EnrolledFace) -> Row:
    return {
        **face_key(face.owner, face.person_id, face.face_id),
        **attributes(
            owner=face.owner,
            person_id=face.person_id,
            state=face.state,
            digest=face.digest,
            pack=face.pack,
            consent=face.consent,
            bbox=json.dumps(face.bbox),
            score=repr(face.score),
            quality=json.dumps(astuple(face.quality)),
            original_key=face.original_key,
            crop_key=face.crop_key,
            source_key=face.source_key,
            created_at=face.created_at,
            token=face.token,
            until=face.until,
        ),
    }


def face_of(row: Row) -> EnrolledFace:
    left, top, right, bottom = json.loads(row["bbox"]["S"])
    return EnrolledFace(
        owner=row["owner"]["S"],
        person_id=row["person_id"]["S"],
        face_id=row["sk"]["S"].partition("#")[2],
        state=FaceState(row["state"]["S"]),
        digest=row["digest"]["S"],
        pack=row["pack"]["S"],
        consent=row["consent"]["S"],
        bbox=(left, top, right, bottom),
        score=float(row["score"]["S"]),
        quality=Quality(*json.loads(row["quality"]["S"])),
        original_key=row["original_key"]["S"],
        crop_key=row["crop_key"]["S"],
        source_key=text(row, "source_key"),
        created_at=int(row["created_at"]["N"]),
        token=row["token"]["S"],
        until=int(row["until"]["N"]),
    )


def table_of(row: Row) -> FaceTable:
    return FaceTable(
        owner=row["owner"]["S"],
        pack=row["pack"]["S"],
        generation=int(row["generation"]["N"]),
        changes=int(row["changes"]["N"]),
        settled=int(row["settled"]["N"]),
        maker=row["maker"]["S"],
        sources=tuple(sorted(row.get("sources", {"SS": ()})["SS"], key=lambda name: int(name[1:].partition("-")[0]))),
        filled=row.get("filled", {"BOOL": False})["BOOL"],
        doomed=frozenset(row.get("doomed", {"SS": ()})["SS"]),
        mover=text(row, "mover"),
        moving_until=number(row, "moving_until") or 0,
    )
