"""Forms with files: what a client library sends is read, and everything else is refused clearly, never guessed at."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest
from darkroom.domain import limits
from darkroom.entry import forms
from darkroom.errors import (
    DarkroomError,
    InvalidRequestError,
    MalformedRequestError,
    TooLargeError,
    UnsupportedTypeError,
)
from hypothesis import given, settings
from hypothesis import strategies as st

BOUNDARY = "boundary"
TYPE = f"multipart/form-data; boundary={BOUNDARY}"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def part(content: bytes, *headers: str) -> bytes:
    return (
        f"--{BOUNDARY}\r\n".encode() + "".join(f"{each}\r\n" for each in headers).encode() + b"\r\n" + content + b"\r\n"
    )


def file(content: bytes = PNG, name: str = "ada.png", *more: str) -> bytes:
    return part(content, f'Content-Disposition: form-data; name="files"; filename="{name}"', *more)


def field(name: str, value: str) -> bytes:
    return part(value.encode(), f'Content-Disposition: form-data; name="{name}"')


END = f"--{BOUNDARY}--\r\n".encode()


def read(body: bytes, content_type: str = TYPE, **more: str) -> forms.Form:
    return forms.read(base64.b64encode(body).decode(), encoded=True, content_type=content_type, **more)


def refusal(body: bytes, content_type: str = TYPE) -> DarkroomError:
    with pytest.raises(DarkroomError) as caught:
        read(body, content_type)
    error = caught.value
    assert error.detail
    assert error.fix or isinstance(error, InvalidRequestError)
    return error


def test_files_and_fields_are_read_in_their_order() -> None:
    form = read(file() + field("draw", "true") + file(b"second", "b.png") + field("faceIds", "x") + END)
    assert form.files == (("ada.png", PNG), ("b.png", b"second"))
    assert form.fields == {"draw": ["true"], "faceIds": ["x"]}


def test_what_httpx_sends_is_read() -> None:
    files: list[tuple[str, Any]] = [("files", ("ä b.png", PNG, "image/png")), ("files", ("c.jpg", b"\xff\xd8"))]
    request = httpx.Request("POST", "https://x.invalid", files=files, data={"draw": "1"})
    form = read(request.read(), request.headers["content-type"])
    assert form.files == (("ä b.png", PNG), ("c.jpg", b"\xff\xd8"))
    assert form.fields == {"draw": ["1"]}


def test_a_boundary_within_a_file_is_part_of_the_file() -> None:
    content = b"a--boundary\r\nb\r\n--boundar\r\n\r\n --boundary--"
    assert read(file(content) + END).files == (("ada.png", content),)


def test_a_preamble_is_passed_over() -> None:
    """RFC 2046, section 5.1.1."""
    assert len(read(b"This is a multipart message.\r\n" + file() + END).files) == 1


def test_a_quoted_boundary_is_the_same() -> None:
    assert len(read(file() + END, f'multipart/form-data; charset=utf-8; Boundary="{BOUNDARY}"').files) == 1


def test_a_file_field_that_was_left_empty_is_no_file() -> None:
    empty = part(
        b"", 'Content-Disposition: form-data; name="files"; filename=""', "Content-Type: application/octet-stream"
    )
    assert read(empty + file() + END).files == (("ada.png", PNG),)


def test_an_empty_file_with_a_name_is_one() -> None:
    assert read(file(b"", "a.png") + END).files == (("a.png", b""),)


BROKEN = {
    "nothing in it": b"",
    "no parts": END,
    "the end alone without a line": f"--{BOUNDARY}--".encode(),
    "another boundary": file().replace(BOUNDARY.encode(), b"another") + b"--another--\r\n",
    "no final boundary": file(),
    "cut within a file": file()[:-10],
    "cut within a header": file()[:30],
    "line feeds alone": (file(b"x") + END).replace(b"\r\n", b"\n"),
    "a line feed after the boundary": file().replace(b"\r\n", b"\n", 1) + END,
    "carriage returns alone": (file(b"x") + END).replace(b"\r\n", b"\r"),
    "a part without a disposition": part(b"x", "Content-Type: image/png") + END,
    "a part that is no form data": part(b"x", 'Content-Disposition: attachment; filename="a.png"') + END,
    "a part without a name": part(b"x", "Content-Disposition: form-data") + END,
    "a header without a colon": part(b"x", 'Content-Disposition: form-data; name="files"', "nonsense") + END,
    "a header that goes on": part(b"x", 'Content-Disposition: form-data;\r\n name="files"') + END,
    "a header that is no UTF-8": part(b"x", "X: 1").replace(b"X: 1", b"X: \xff") + END,
    "a header of 100,000 bytes": file(PNG, "a.png", "X-Filling: " + "x" * 100_000) + END,
    "1,000 headers": file(PNG, "a.png", *(f"X-{n}: 1" for n in range(1_000))) + END,
    "a length that is wrong": file(b"abc", "a.png", "Content-Length: 2") + END,
    "a length that is no number": file(b"abc", "a.png", "Content-Length: -0x3") + END,
    "something after the end": file() + END + file() + END,
    "bytes that are no form": bytes(range(256)) * 40,
    "JSON": b'{"images": []}',
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_form_is_refused(body: bytes) -> None:
    if body == END or body == END.strip():
        assert read(body).files == ()  # a form, with nothing in it: its path says what it wants
        return
    error = refusal(body)
    assert isinstance(error, MalformedRequestError)
    assert error.exact_code in {"BROKEN_FORM", "EMPTY_BODY"}


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "BASE64", "x-uuencode", "gzip"])
def test_a_transfer_encoding_is_refused(encoding: str) -> None:
    body = file(base64.b64encode(PNG), "a.png", f"content-transfer-encoding: {encoding}") + END
    assert refusal(body).exact_code == "TRANSFER_ENCODING"


@pytest.mark.parametrize("encoding", ["binary", "8bit", "7BIT"])
def test_an_encoding_that_changes_nothing_is_taken(encoding: str) -> None:
    assert read(file(PNG, "a.png", f"Content-Transfer-Encoding: {encoding}") + END).files == (("a.png", PNG),)


def test_a_multipart_within_a_part_is_refused() -> None:
    inner = b'--in\r\nContent-Disposition: file; filename="a.png"\r\n\r\nx\r\n--in--'
    assert isinstance(
        refusal(file(inner, "a", "Content-Type: Multipart/Mixed; boundary=in") + END), UnsupportedTypeError
    )


@pytest.mark.parametrize("boundary", ["", '""'])
def test_no_boundary_is_refused(boundary: str) -> None:
    for content_type in ("multipart/form-data", f"multipart/form-data; boundary={boundary}"):
        assert refusal(file() + END, content_type).exact_code == "NO_BOUNDARY"


@pytest.mark.parametrize("boundary", ["x" * 71, "a\nb", "a\x00b", "ä", "a{b}", "*"])
def test_a_boundary_that_is_none_is_refused(boundary: str) -> None:
    assert refusal(file() + END, f"multipart/form-data; boundary={boundary}").exact_code == "BROKEN_FORM"


def test_more_parts_than_a_request_can_need_are_too_many() -> None:
    error = refusal(field("a", "1") * 10_000 + END)
    assert isinstance(error, TooLargeError)
    assert str(limits.FORM_PARTS) in error.detail


def test_a_hundred_files_with_their_ids_are_not_too_many() -> None:
    form = read((file(b"x") + field("faceIds", "a")) * limits.IMAGES_PER_JOB + field("consentVersion", "1") + END)
    assert (len(form.files), len(form.fields["faceIds"])) == (limits.IMAGES_PER_JOB, limits.IMAGES_PER_JOB)


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "..\\..\\windows\\cat.png",
        "C:\\fakepath\\cat.png",
        "\u202egnp.cat",
        "a%00b.png",
        "'; DROP TABLE",
    ],
)
def test_a_hostile_file_name_is_handed_on_as_the_text_that_it_is(name: str) -> None:
    """What people see of it is for `sources.sent` to say; nothing is opened or written by it here."""
    ((found, content),) = read(file(PNG, name) + END).files
    assert isinstance(found, str)
    assert content == PNG


def test_a_name_in_another_encoding_is_not_decoded() -> None:
    """RFC 7578, section 4.2: `filename*` must not be used in a form."""
    header = "Content-Disposition: form-data; name=\"files\"; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd"
    assert isinstance(refusal(part(PNG, header) + END), InvalidRequestError)


def test_a_file_without_a_name_is_none() -> None:
    error = refusal(field("files", "text") + END)
    assert isinstance(error, InvalidRequestError)
    assert error.problems == (("files", "must be a file: its part has no filename"),)


def test_a_file_in_another_field_is_refused() -> None:
    error = refusal(part(PNG, 'Content-Disposition: form-data; name="file"; filename="a.png"') + END)
    assert isinstance(error, InvalidRequestError)
    assert error.problems == (("file", "takes no file; send each in the field files"),)


@pytest.mark.parametrize("value", ["x" * (limits.FORM_FIELD_BYTES + 1), "\xff"], ids=["long", "no UTF-8"])
def test_a_field_that_is_no_text_of_ordinary_length_is_refused(value: str) -> None:
    body = part(value.encode("latin-1"), 'Content-Disposition: form-data; name="draw"') + END
    assert isinstance(refusal(body), InvalidRequestError)


@pytest.mark.parametrize("name", ["\x00", "\u202e", "a" * 1_000, "é", ""])
def test_a_field_of_any_name_is_for_its_model_to_refuse(name: str) -> None:
    assert read(field(name, "1") + END).fields == {name: ["1"]}


def test_bytes_that_arrived_as_text_are_refused() -> None:
    text = (file() + END).decode("utf-8", "replace")
    with pytest.raises(MalformedRequestError) as caught:
        forms.read(text, encoded=False, content_type=TYPE)
    assert caught.value.exact_code == "BINARY_AS_TEXT"
    assert "binary media types" in caught.value.fix


def test_a_form_of_plain_text_may_arrive_as_text() -> None:
    text = (field("draw", "ja, größer") + file(b"abc", "a.txt") + END).decode()
    form = forms.read(text, encoded=False, content_type=TYPE)
    assert (form.fields, form.files) == ({"draw": ["ja, größer"]}, (("a.txt", b"abc"),))


@pytest.mark.parametrize("body", [None, 7, {}, "", "*** junk ***", "\ud800"])
def test_a_body_that_is_no_text_is_refused(body: object) -> None:
    for encoded in (True, False):
        with pytest.raises((MalformedRequestError, TooLargeError)):
            forms.read(body, encoded=encoded, content_type=TYPE)


def test_a_body_that_is_too_large_is_refused_before_it_is_looked_at() -> None:
    with pytest.raises(TooLargeError):
        read(file(bytes(limits.BODY_BYTES)) + END)


def test_a_compressed_body_is_refused() -> None:
    with pytest.raises(UnsupportedTypeError):
        read(file() + END, content_encoding="gzip")


def outcome(body: bytes) -> forms.Form | DarkroomError:
    """What is read, or the refusal; anything else is raised."""
    try:
        return read(body)
    except (MalformedRequestError, InvalidRequestError, UnsupportedTypeError, TooLargeError) as error:
        return error


CONTENTS = st.binary(max_size=200) | st.sampled_from([b"\r\n--boundary", b"\r\n--boundary--\r\n", b"--", b"\r\n"])
PIECES = st.lists(
    st.sampled_from([b"--boundary", b"--boundary--", b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"--", b": ", b";", b'"'])
    | st.sampled_from([b"Content-Disposition: form-data", b'; name="files"', b'; filename="a"', b"Content-Length: 3"])
    | st.binary(max_size=8),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(PIECES)
def test_whatever_is_sent_is_read_or_refused(pieces: list[bytes]) -> None:
    form = outcome(b"".join(pieces))
    if isinstance(form, forms.Form):
        assert sum(len(content) for _, content in form.files) <= sum(map(len, pieces))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=300).filter(lambda content: b"\r\n--boundary" not in b"\r\n" + content), max_size=8))
def test_what_is_sent_is_what_is_read(contents: list[bytes]) -> None:
    body = b"".join(file(content, f"{n}.png") for n, content in enumerate(contents)) + END
    assert read(body).files == tuple((f"{n}.png", content) for n, content in enumerate(contents))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_form_that_is_cut_or_changed_anywhere_is_read_or_refused(data: st.DataObject) -> None:
    whole = file() + field("draw", "true") + file(b"second", "b.png", "Content-Type: image/png") + END
    place = data.draw(st.integers(0, len(whole)))
    changed = data.draw(st.sampled_from([whole[:place], whole[:place] + data.draw(CONTENTS) + whole[place:]]))
    outcome(changed)
