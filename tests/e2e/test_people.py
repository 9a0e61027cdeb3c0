"""People over HTTP, with a real engine: enrolled by a form, found by another picture, and gone from everywhere."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from local.stack import Stack
    from tests.conftest import Material


def form(testdata: Material, *names: str) -> list[tuple[str, tuple[str, bytes, str]]]:
    return [("files", (name, testdata(f"faces/{name}").read_bytes(), "image/jpeg")) for name in names]


def inline(testdata: Material, name: str) -> dict[str, str]:
    return {"imageData": base64.b64encode(testdata(f"faces/{name}").read_bytes()).decode()}


def ended(api: httpx.Client, answer: httpx.Response) -> Any:
    """What a request came to, whether it was answered at once or as a job."""
    assert answer.status_code in {200, 202}, answer.text
    body = answer.json()
    while "statusUrl" in body or body.get("status") in {"PENDING", "PROCESSING"}:
        body = api.get(body.get("statusUrl", f"/jobs/{body['jobId']}"), headers={"Prefer": "wait=20"}).json()
    assert body.get("status", "COMPLETED") == "COMPLETED", body
    return body.get("result", body)


@pytest.fixture(scope="module")
def people(api: httpx.Client, testdata: Material) -> Iterator[dict[str, Any]]:
    """Two people with a face each."""
    enrolled = {}
    for person, picture in (("barack", "obama.jpg"), ("joe", "biden.jpg")):
        made = api.post("/people", json={"personId": person, "name": person.title(), "consentVersion": "2026-01"})
        assert made.status_code == 201, made.text
        answer = api.post(f"/people/{person}/faces", files=form(testdata, picture), data={"faceIds": f"{person}-1"})
        enrolled[person] = ended(api, answer)
    yield enrolled
    for person in enrolled:
        api.delete(f"/people/{person}")


def test_faces_of_a_form_are_found(api: httpx.Client, testdata: Material) -> None:
    answer = api.post("/upload-images", files=form(testdata, "obama.jpg", "no_face_coins.jpg"), data={"draw": "true"})
    found = ended(api, answer)
    face, none = found["results"]
    assert (face["name"], face["faceCount"], none["faceCount"]) == ("obama.jpg", 1, 0)
    assert len(face["faces"][0]["embedding"]) == found["model"]["dimensions"]
    assert face["annotatedUrl"].startswith("http")


def test_who_is_enrolled_is_told_by_another_picture(
    api: httpx.Client, stranger: httpx.Client, people: dict[str, Any], testdata: Material
) -> None:
    assert [people[person]["enrolled"] for person in ("barack", "joe")] == [1, 1], people
    asked = inline(testdata, "obama2.jpg")
    answer = api.post("/faces/search", json=asked)
    assert answer.status_code == 200, answer.text
    (match,) = answer.json()["matches"]
    assert (match["personId"], match["faceId"], match["name"]) == ("barack", "barack-1", "Barack")
    assert stranger.post("/faces/search", json=asked).json()["matches"] == []
    assert stranger.get("/people/barack").status_code == 404
    compared = api.post("/faces/compare", json={"faces": [asked, inline(testdata, "biden.jpg")]})
    assert (compared.status_code, compared.json()["same"]) == (200, False), compared.text


def test_an_erased_person_is_nowhere(
    api: httpx.Client, people: dict[str, Any], testdata: Material, stack: Stack
) -> None:
    s3, dynamodb = stack.client("s3"), stack.client("dynamodb")
    bucket, table = stack.outputs["BucketName"], stack.outputs["PeopleTableName"]

    def pictures() -> list[str]:
        return [found["Key"] for found in s3.list_objects_v2(Bucket=bucket, Prefix="people/").get("Contents", [])]

    assert any("/joe/" in key for key in pictures())
    assert ended(api, api.delete("/people/joe")) == {"personId": "joe"}
    assert api.get("/people/joe").status_code == 404
    assert not [key for key in pictures() if "/joe/" in key]
    assert "joe" not in str(dynamodb.scan(TableName=table)["Items"])
    assert api.post("/faces/search", json=inline(testdata, "biden.jpg")).json()["matches"] == []
    again = api.post("/people", json={"personId": "joe", "consentVersion": "2026-01"})
    assert again.status_code == 201, again.text


def test_bytes_that_are_no_form_are_refused(api: httpx.Client) -> None:
    content_type = {"Content-Type": "multipart/form-data; boundary=x"}
    for content, status in ((b"--x\r\n\xff\xfe", 400), (bytes(5 * 1024 * 1024), 413)):
        answer = api.post("/upload-images", content=content, headers=content_type)
        assert answer.status_code in {400, status}, answer.text
        assert answer.json()["code"] in {"BROKEN_FORM", "TOO_LARGE"}
