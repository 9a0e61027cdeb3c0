"""`/people`: who is known, with whose consent, and gone when their owner says so."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from darkroom.contracts.models import model
from darkroom.contracts.routes import ROUTES
from darkroom.domain import limits
from darkroom.domain.callers import Scope
from darkroom.domain.jobs import Cost, Failure, Kind, State
from darkroom.domain.people import person_folder
from darkroom.errors import TransientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api import Api, MemoryParts, path
from tests.face_parts import photograph
from tests.unit.api.test_bad_input import WELL, is_a_helpful_refusal
from tests.unit.api.test_faces import form, inline
from tests.unit.api.test_http import WorkingClock
from tests.unit.api.test_isolation import IDENTITIES, without_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from darkroom.contracts.routes import Route
    from darkroom.domain.jobs import Job
    from darkroom.domain.people import Person

    from tests.api import Reply

ASYNC = {"Prefer": "respond-async"}
ABOUT_A_PERSON = [route for route in ROUTES if "personId" in route.parameters]


def send(api: Api, method: str, target: str, body: object = None, owner: str = "ann", **headers: str) -> Reply:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.send(method, target, key=api.key(owner), body=body, headers=sent)


def create(api: Api, **fields: Any) -> Reply:
    return send(api, "POST", "/people", fields)


def enrol(api: Api, body: object, person_id: str = "ada", **headers: str) -> Reply:
    return send(api, "POST", f"/people/{person_id}/faces", body, prefer="respond-async", **headers)


def job_of(api: Api, reply: Reply, owner: str = "ann") -> Job:
    assert reply.status == 202, reply.text
    return api.parts.jobs().get(owner, reply.json["jobId"])


def stored(api: Api, owner: str = "ann", person_id: str = "ada") -> list[str]:
    return list(api.parts.objects.list(person_folder(owner, person_id)))


# --- people -----------------------------------------------------------------------------------------------------------


def test_a_person_is_made_read_changed_and_listed(api: Api) -> None:
    made = create(api, personId="ada", name="Ada", metadata={"badge": 7}, consentVersion="2026-01")
    assert made.status == 201, made.text
    model("people.PersonAnswer").model_validate(made.json)
    assert made.headers["location"] == "/dev/people/ada"
    read = send(api, "GET", "/people/ada")
    assert (read.status, read.json) == (200, made.json)
    assert read.json == {
        "personId": "ada",
        "name": "Ada",
        "metadata": {"badge": 7},
        "consentVersion": "2026-01",
        "faceCount": 0,
        "createdAt": read.json["createdAt"],
        "updatedAt": read.json["createdAt"],
    }
    changed = send(api, "PATCH", "/people/ada", {"name": "Ada L.", "metadata": None})
    assert changed.json == {name: value for name, value in made.json.items() if name != "metadata"} | {
        "name": "Ada L.",
        "updatedAt": changed.json["updatedAt"],
    }
    assert changed.json["updatedAt"] > made.json["updatedAt"]
    assert send(api, "GET", "/people").json == {"people": [changed.json]}


def test_an_id_is_made_where_none_is_given(api: Api) -> None:
    one, other = create(api).json, create(api).json
    assert one["personId"] != other["personId"]
    assert send(api, "GET", f"/people/{one['personId']}").status == 200


def test_an_id_that_is_taken_is_a_conflict(api: Api) -> None:
    assert create(api, personId="ada", name="Ada").status == 201
    again = create(api, personId="ada", name="Another")
    assert (again.status, again.json["code"]) == (409, "PERSON_EXISTS")
    is_a_helpful_refusal(again)
    assert send(api, "GET", "/people/ada").json["name"] == "Ada"
    assert send(api, "POST", "/people", {"personId": "ada"}, owner="ben").status == 201


def test_a_request_that_is_sent_again_makes_nobody_twice(api: Api) -> None:
    for fields in ({"name": "Ada"}, {"personId": "ben"}):
        sent = [
            send(api, "POST", "/people", fields, idempotency_key=f"k{len(fields)}{fields}"[:9].replace(" ", ""))
            for _ in range(2)
        ]
        assert [reply.status for reply in sent] == [201, 201]
        assert sent[0].json == sent[1].json
    assert len(send(api, "GET", "/people").json["people"]) == 2


def test_a_request_whose_answer_was_never_stored_makes_nobody_twice(api: Api) -> None:
    """It was killed after the person stood, and before the answer did."""
    people = api.parts.people()
    once = people.create("ann", name="Ada", idempotency_key="k")
    api.parts.clock.advance(limits.MINUTE)
    assert people.create("ann", name="Ada", idempotency_key="k") == once


def test_a_list_goes_on_by_its_cursor(api: Api) -> None:
    names = [f"p{n:02d}" for n in range(25)]
    for name in names:
        api.person("ann", name)
    api.person("ben", "p99")
    seen, cursor = [], ""
    while True:
        page = send(api, "GET", f"/people?limit=10{cursor}").json
        model("people.PeoplePage").model_validate(page)
        seen += [person["personId"] for person in page["people"]]
        if "cursor" not in page:
            break
        cursor = f"&cursor={page['cursor']}"
    assert seen == names
    assert send(api, "GET", f"/people?limit=1{cursor}", owner="ben").status == 422


@pytest.mark.parametrize(
    "fields",
    [
        {"personId": ""},
        {"personId": "-ada"},
        {"personId": "a/b"},
        {"personId": "a" * 65},
        {"personId": "ädä"},
        {"personId": 7},
        {"name": ""},
        {"name": "x" * 256},
        {"metadata": []},
        {"metadata": {"x": "y" * limits.METADATA_BYTES}},
        {"consentVersion": ""},
        {"consentVersion": "a b"},
        {"consentVersion": "v" * 65},
        {"consentVersion": True},
        {"faceCount": 7},
        {"owner": "ben"},
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_person_that_is_none_is_refused(api: Api, fields: dict[str, Any]) -> None:
    api.person("ann", "known")
    for reply in (create(api, **fields), send(api, "PATCH", "/people/known", fields)):
        assert reply.status == 422
        is_a_helpful_refusal(reply)
    assert [person["personId"] for person in send(api, "GET", "/people").json["people"]] == ["known"]


def test_what_a_change_leaves_out_stays(api: Api) -> None:
    before = create(api, personId="ada", name="Ada", metadata={"a": 1}, consentVersion="1").json
    assert send(api, "PATCH", "/people/ada", {}).json == before
    after = send(api, "PATCH", "/people/ada", {"consentVersion": "2"}).json
    assert (after["name"], after["metadata"], after["consentVersion"]) == ("Ada", {"a": 1}, "2")


def test_two_changes_at_once_are_both_made(api: Api) -> None:
    api.person("ann", "ada")
    update = api.parts.people_store.update
    met: list[Person] = []

    def met_by_another(person: Person, *, seen: Person) -> bool:
        if not met:
            met.append(person)
            update(replace(seen, metadata={"by": "another"}, updated_at=seen.updated_at + 1), seen=seen)
        return update(person, seen=seen)

    api.parts.people_store.update = met_by_another  # type: ignore[method-assign]
    reply = send(api, "PATCH", "/people/ada", {"name": "Ada L."})
    assert (reply.json["name"], reply.json["metadata"]) == ("Ada L.", {"by": "another"})


# --- enrolling --------------------------------------------------------------------------------------------------------


def test_a_picture_is_in_the_persons_folder_before_the_answer_is_out(api: Api) -> None:
    api.person()
    reply = enrol(api, {"images": [inline("red", faceId="front", name="a.png"), {"url": "https://example.com/b.png"}]})
    job = job_of(api, reply)
    (key,) = stored(api)
    assert api.parts.objects.read(key, limit=limits.IMAGE_BYTES) == photograph("red")
    made = job.request["images"][1]["faceId"]
    assert job.kind is Kind.ENROLMENT
    assert job.request == {
        "personId": "ada",
        "consent": "2026-01",
        "images": [
            {"faceId": "front", "name": "a.png", "key": key},
            {"faceId": made, "url": "https://example.com/b.png"},
        ],
    }
    assert hashlib.sha256(photograph("red")).hexdigest() in key
    assert "/front/" in key


def test_a_form_enrols_its_files_under_their_ids(api: Api) -> None:
    api.person()
    body, content_type = form(("a.png", photograph("red")), ("b.png", photograph("blue")))
    boundary = content_type.partition("=")[2]
    ids = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="faceIds"\r\n\r\n{each}\r\n' for each in ("one", "two")
    )
    job = job_of(api, enrol(api, ids.encode() + body, content_type=content_type))
    assert [(each["faceId"], each["name"]) for each in job.request["images"]] == [("one", "a.png"), ("two", "b.png")]
    without = job_of(api, enrol(api, body, content_type=content_type))
    assert len({each["faceId"] for each in without.request["images"]}) == 2


def test_an_original_of_the_same_id_is_not_touched(api: Api) -> None:
    api.face("ann", "ada", "ada-1")
    before = {key: api.parts.objects.read(key, limit=limits.IMAGE_BYTES) for key in stored(api)}
    enrol(api, {"images": [inline("blue", faceId="ada-1")]})
    after = {key: api.parts.objects.read(key, limit=limits.IMAGE_BYTES) for key in stored(api)}
    assert len(after) == len(before) + 1
    assert before.items() <= after.items()


def test_without_consent_nothing_is_kept(api: Api) -> None:
    api.person("ann", "cleo", consent=None)
    reply = enrol(api, {"images": [inline("red")]}, "cleo")
    assert (reply.status, reply.json["code"]) == (403, "CONSENT_MISSING")
    assert "consentVersion" in reply.json["fix"]
    assert stored(api, person_id="cleo") == []
    assert api.parts.jobs().list("ann").jobs == ()
    assert enrol(api, {"images": [inline("red")], "consentVersion": "7"}, "cleo").status == 202


def test_the_consent_of_the_request_is_recorded_over_the_persons(api: Api) -> None:
    api.person()
    job = job_of(api, enrol(api, {"images": [inline("red")], "consentVersion": "2027"}))
    assert job.request["consent"] == "2027"
    assert send(api, "GET", "/people/ada").json["consentVersion"] == "2026-01"


@pytest.mark.parametrize(
    ("body", "status", "names"),
    [
        ({"images": []}, 422, "images"),
        ({"images": [inline("red", faceId="a"), inline("blue", faceId="a")]}, 422, "faceId"),
        ({"images": [inline("red", faceId="../a")]}, 422, "faceId"),
        ({"images": [{}]}, 422, "images[0]"),
        ({"images": [{"faceId": "a"}]}, 422, "images[0]"),
        ({"images": [{"s3Uri": "s3://media/uploads/none.png"}]}, 404, "upload"),
        ({"images": [{"url": "http://10.0.0.1/a.png"}]}, 422, "images[0]"),
        ({"images": [{"url": "https://example.com/a.png"}], "callbackUrl": "http://10.0.0.1/"}, 422, "callbackUrl"),
        ({"images": [inline("red")], "maxCost": 0}, 422, "maxCost"),
        ({"images": [inline("red")], "owner": "ben"}, 422, "owner"),
        ({"images": [{"key": "people/x"}]}, 422, "key"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_an_enrolment_that_is_none_keeps_nothing(api: Api, body: dict[str, Any], status: int, names: str) -> None:
    api.person()
    reply = enrol(api, body)
    assert reply.status == status, reply.text
    assert names in reply.json["detail"]
    is_a_helpful_refusal(reply)
    assert stored(api) == []
    assert api.parts.jobs().list("ann").jobs == ()


def test_ids_that_are_not_one_for_each_file_are_refused(api: Api) -> None:
    api.person()
    body, content_type = form(("a.png", photograph("red")), ("b.png", photograph("blue")), faceIds="one")
    reply = enrol(api, body, content_type=content_type)
    assert (reply.status, reply.json["errors"][0]["field"]) == (422, "faceIds")


def test_a_person_has_so_many_faces_and_no_more(api: Api) -> None:
    api.face()
    store = api.parts.people_store
    get = store.get
    store.get = lambda owner, person_id: (  # type: ignore[method-assign]
        (found := get(owner, person_id)) and replace(found, faces=limits.FACES_PER_PERSON)
    )
    reply = enrol(api, {"images": [inline("red")]})
    assert (reply.status, reply.json["code"]) == (409, "TOO_MANY_FACES")


def test_a_request_that_is_sent_again_enrols_under_the_same_ids(api: Api) -> None:
    api.person()
    images = {"images": [inline("red"), inline("blue")]}
    first, again = (enrol(api, images, idempotency_key="k") for _ in range(2))
    assert first.json == again.json
    # Killed before its answer was stored, it is the same job, too.
    api.parts.idempotency_store = type(api.parts.idempotency_store)()
    assert enrol(api, images, idempotency_key="k").json["jobId"] == first.json["jobId"]
    assert len(stored(api)) == 2


def test_what_comes_for_a_person_who_is_erased_meanwhile_is_taken_back(api: Api) -> None:
    api.person()
    write = api.parts.objects.write

    def slowly(key: str, body: bytes, *, content_type: str) -> None:
        api.parts.people_store.begin_erasure("ann", "ada", now=api.parts.clock.now())
        write(key, body, content_type=content_type)

    api.parts.objects.write = slowly  # type: ignore[method-assign]
    reply = enrol(api, {"images": [inline("red"), inline("blue")]})
    assert (reply.status, reply.json["code"]) == (404, "PERSON_NOT_FOUND")
    assert stored(api) == []
    assert api.parts.jobs().list("ann").jobs == ()


# --- faces of a person ------------------------------------------------------------------------------------------------


def test_faces_are_listed_without_their_vectors(api: Api) -> None:
    api.face("ann", "ada", "ada-1")
    api.parts.clock.advance(1)
    api.face("ann", "ada", "ada-0")
    reply = send(api, "GET", "/people/ada/faces")
    assert reply.status == 200
    model("people.PersonFaces").model_validate(reply.json)
    assert [face["faceId"] for face in reply.json["faces"]] == ["ada-1", "ada-0"]
    assert "embedding" not in reply.text
    assert "token" not in reply.text
    assert send(api, "GET", "/people/ada").json["faceCount"] == 2


def test_a_person_without_faces_has_an_empty_list(api: Api) -> None:
    api.person()
    assert send(api, "GET", "/people/ada/faces").json == {"faces": []}


def test_a_face_is_erased_by_a_job(api: Api) -> None:
    api.face()
    one, again = (send(api, "DELETE", "/people/ada/faces/ada-1", prefer="respond-async") for _ in range(2))
    job = job_of(api, one)
    assert (job.kind, job.request) == (Kind.ERASURE, {"personId": "ada", "faceId": "ada-1"})
    assert again.json["jobId"] == one.json["jobId"]
    assert (
        send(api, "DELETE", "/people/ada/faces/none").json["code"]
        == send(api, "DELETE", "/people/ada/faces/..").json["code"]
        == "FACE_NOT_FOUND"
    )


# --- erasing ----------------------------------------------------------------------------------------------------------


def test_an_erased_person_is_unknown_from_the_answer_on(api: Api) -> None:
    api.face()
    reply = send(api, "DELETE", "/people/ada", prefer="respond-async")
    job = job_of(api, reply)
    assert (job.kind, job.request) == (Kind.ERASURE, {"personId": "ada"})
    assert reply.json["message"] == "Job created for 1 person(s)"
    for route in ABOUT_A_PERSON:
        if route.operation != "erasePerson":
            gone = send(api, route.method, path(route), WELL.get(route.operation))
            assert (gone.status, gone.json["code"]) == (404, "PERSON_NOT_FOUND"), route.operation
    assert send(api, "GET", "/people").json == {"people": []}


def test_an_id_is_free_again_only_once_the_erasure_is_through(api: Api) -> None:
    api.face()
    send(api, "DELETE", "/people/ada", prefer="respond-async")
    reply = create(api, personId="ada")
    assert (reply.status, reply.json["code"]) == (409, "PERSON_EXISTS")
    api.parts.people_store.finish_erasure("ann", "ada")
    assert create(api, personId="ada").status == 201


def test_asked_again_the_same_erasure_goes_on(api: Api) -> None:
    api.person()
    first, again = (send(api, "DELETE", "/people/ada", prefer="respond-async") for _ in range(2))
    assert first.json["jobId"] == again.json["jobId"]


def test_an_erasure_that_failed_is_begun_anew(api: Api) -> None:
    api.person()
    first = send(api, "DELETE", "/people/ada", prefer="respond-async").json["jobId"]
    api.fail(first, "INTERNAL", "a bug")
    second = send(api, "DELETE", "/people/ada", prefer="respond-async").json["jobId"]
    api.parts.jobs().cancel("ann", second)
    third = send(api, "DELETE", "/people/ada", prefer="respond-async").json["jobId"]
    assert len({first, second, third}) == 3
    assert send(api, "DELETE", "/people/ada", prefer="respond-async").json["jobId"] == third


def test_an_erasure_whose_job_could_not_be_stored_can_be_asked_for_again(api: Api) -> None:
    api.person()
    create_job = api.parts.job_store.create

    def throttled(job: Job) -> Job:
        raise TransientError(f"{job.kind} was throttled")

    api.parts.job_store.create = throttled  # type: ignore[method-assign]
    assert send(api, "DELETE", "/people/ada").status == 503
    assert send(api, "GET", "/people/ada").status == 404
    api.parts.job_store.create = create_job  # type: ignore[method-assign]
    assert send(api, "DELETE", "/people/ada", prefer="respond-async").status == 202


def test_a_person_who_comes_back_can_be_erased_again(api: Api) -> None:
    api.person()
    first = send(api, "DELETE", "/people/ada", prefer="respond-async").json["jobId"]
    api.complete(first, {"personId": "ada"})
    api.parts.people_store.finish_erasure("ann", "ada")
    assert send(api, "DELETE", "/people/ada").status == 404
    api.parts.clock.advance(1)
    api.person()
    assert send(api, "DELETE", "/people/ada", prefer="respond-async").json["jobId"] != first


# --- from one end to the other ----------------------------------------------------------------------------------------


@pytest.fixture
def working() -> Api:
    """A platform whose workers work while a request waits."""
    api = Api(MemoryParts(WorkingClock()))

    def work() -> None:
        api.change_index()
        assert isinstance(api.parts.clock, WorkingClock)
        api.parts.clock.on_sleep = work

    assert isinstance(api.parts.clock, WorkingClock)
    api.parts.clock.on_sleep = work
    return api


def test_who_is_enrolled_is_found_and_who_is_erased_is_nowhere(working: Api) -> None:
    create(working, personId="ada", name="Ada", consentVersion="2026-01")
    picture = photograph("red", scale=4)
    body, content_type = form(("ada.png", picture), ("crowd.png", photograph("red", "blue")), ("junk.png", b"junk"))
    enrolled = send(working, "POST", "/people/ada/faces", body, content_type=content_type)
    assert enrolled.status == 200, enrolled.text
    model("people.EnrolledFaces").model_validate(enrolled.json)
    one, crowd, junk = enrolled.json["faces"]
    assert (enrolled.json["personId"], enrolled.json["enrolled"]) == ("ada", 1)
    assert (crowd["error"]["code"], junk["error"]["code"]) == ("SEVERAL_FACES", "BAD_IMAGE")
    assert "embedding" not in enrolled.text

    listed = send(working, "GET", "/people/ada/faces").json["faces"]
    assert [face["faceId"] for face in listed] == [one["faceId"]]
    assert (listed[0]["consentVersion"], listed[0]["pack"]) == ("2026-01", "colours")
    assert send(working, "GET", "/people/ada").json["faceCount"] == 1
    assert len(stored(working)) == 2, "the original and the crop; what was sent and not enrolled is gone"

    found = send(working, "POST", "/faces/search", inline("red")).json["matches"]
    assert found == [{"personId": "ada", "faceId": one["faceId"], "similarity": 1.0, "name": "Ada"}]
    assert send(working, "POST", "/faces/search", inline("red"), owner="ben").json["matches"] == []

    gone = send(working, "DELETE", "/people/ada")
    assert (gone.status, gone.json["status"], gone.json["result"]) == (200, "COMPLETED", {"personId": "ada"})
    assert stored(working) == []
    assert list(working.parts.face_index.faces("ann", "colours")) == []
    assert send(working, "POST", "/faces/search", inline("red")).json["matches"] == []
    assert send(working, "DELETE", "/people/ada").status == 404
    assert create(working, personId="ada").status == 201


def test_one_face_is_erased_and_the_others_stay(working: Api) -> None:
    create(working, personId="ada", consentVersion="2026-01")
    images = [inline("red", scale=4, faceId="one"), inline("red", scale=4, faceId="two")]
    assert send(working, "POST", "/people/ada/faces", {"images": images}).json["enrolled"] == 2
    gone = send(working, "DELETE", "/people/ada/faces/one")
    assert (gone.status, gone.json["result"]) == (200, {"personId": "ada", "faceId": "one"})
    assert [face["faceId"] for face in send(working, "GET", "/people/ada/faces").json["faces"]] == ["two"]
    matches = send(working, "POST", "/faces/search", inline("red")).json["matches"]
    assert [match["faceId"] for match in matches] == ["two"]
    again = send(working, "POST", "/people/ada/faces", {"images": [inline("red", scale=4, faceId="one")]})
    assert again.json["enrolled"] == 1


def test_the_same_picture_under_the_same_id_is_the_same_face(working: Api) -> None:
    create(working, personId="ada", consentVersion="2026-01")
    for _ in range(2):
        reply = send(working, "POST", "/people/ada/faces", {"images": [inline("red", scale=4, faceId="one")]})
        assert reply.json["enrolled"] == 1, reply.text
    other = send(working, "POST", "/people/ada/faces", {"images": [inline("blue", scale=4, faceId="one")]}).json[
        "faces"
    ][0]
    assert other["error"]["code"] == "FACE_EXISTS"
    assert send(working, "GET", "/people/ada").json["faceCount"] == 1


# --- whose they are ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ABOUT_A_PERSON, ids=lambda route: route.operation)
@pytest.mark.parametrize("identity", IDENTITIES.values(), ids=IDENTITIES.keys())
def test_another_owners_person_is_answered_like_one_that_never_was(
    api: Api, route: Route, identity: Callable[[Api], str | None]
) -> None:
    api.face()
    key = identity(api)
    before = api.parts.people_store.get("ann", "ada"), stored(api), api.parts.jobs().list("ann").jobs
    body = WELL.get(route.operation)
    theirs, unknown = (
        api.send(route.method, path(route, person_id=who), key=key, body=body) for who in ("ada", "nobody")
    )
    assert theirs.status in {401, 403, 404, 429}
    assert without_request(theirs) == without_request(unknown)
    assert (api.parts.people_store.get("ann", "ada"), stored(api), api.parts.jobs().list("ann").jobs) == before
    assert api.parts.jobs().list("ben").jobs == ()


@pytest.mark.parametrize("route", ABOUT_A_PERSON, ids=lambda route: route.operation)
def test_its_owner_does_reach_it(api: Api, route: Route) -> None:
    api.face()
    assert send(api, route.method, path(route), WELL.get(route.operation)).status in route.answers


def test_another_owners_face_of_the_same_id_is_not_reached(api: Api) -> None:
    api.face("ann", "ada", "ada-1")
    api.person("ben", "ada")
    reply = send(api, "DELETE", "/people/ada/faces/ada-1", owner="ben")
    assert (reply.status, reply.json["code"]) == (404, "FACE_NOT_FOUND")


def test_reading_and_changing_are_two_scopes(api: Api) -> None:
    api.face()
    reader, writer = (api.key(scopes=[scope]) for scope in (Scope.FACES_READ, Scope.FACES_WRITE))
    for route in ABOUT_A_PERSON:
        allowed, refused = (reader, writer) if route.method == "GET" else (writer, reader)
        body = WELL.get(route.operation)
        assert api.send(route.method, path(route), key=refused, body=body).status == 403
        assert api.send(route.method, path(route), key=allowed, body=body).status != 403


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(inline("red")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = ["images", "faces", "embedding", "imageData", "s3Uri", "url", "faceId", "personId", "personIds", "metadata"]
OF_FACES = [route for route in ROUTES if route.function in {"faces", "search"} and route.request]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=4),
    inner=st.lists(st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=3), max_size=3),
    route=st.sampled_from(OF_FACES),
)
def test_no_body_is_a_5xx(api: Api, key: str, body: dict[str, Any], inner: list[Any], route: Route) -> None:
    api.face()
    for sent in (body, body | {"images": inner}, body | {"faces": inner}):
        reply = api.send(route.method, path(route), key=key, body=json.dumps(sent), headers=ASYNC)
        assert reply.status < 500, reply.text


@pytest.mark.parametrize("kind", [Kind.FACES, Kind.ENROLMENT, Kind.ERASURE])
def test_what_became_of_it_is_told_by_the_job(api: Api, kind: Kind) -> None:
    api.person()
    replies: dict[Kind, Callable[[], Reply]] = {
        Kind.FACES: lambda: send(api, "POST", "/upload-images", {"images": [inline("red")]}, prefer="respond-async"),
        Kind.ENROLMENT: lambda: enrol(api, {"images": [inline("red")]}),
        Kind.ERASURE: lambda: send(api, "DELETE", "/people/ada", prefer="respond-async"),
    }
    job = job_of(api, replies[kind]())
    failure = Failure("NO_MODEL", "There is no pack")
    api.start(job.job_id)
    api.parts.endings().end(job, State.FAILED, token="worker", failure=failure, cost=Cost())
    shown = send(api, "GET", f"/jobs/{job.job_id}").json
    model("jobs.JobAnswer").model_validate(shown)
    assert (shown["kind"], shown["error"]["code"]) == (kind, "NO_MODEL")
    assert base64.b64encode(photograph("red")).decode()[:40] not in json.dumps(shown)
