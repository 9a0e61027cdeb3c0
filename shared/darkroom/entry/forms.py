"""Forms with files, multipart/form-data by RFC 7578, read strictly: what is odd is refused and not guessed at.

The library `multipart` (MIT, pure Python, 50 KB) walks over the parts, and is imported by the first form. Powertools'
own parser is not used: it splits at the boundary wherever that stands, reads a body without an end as a whole one, and
comes with the validation layer that costs more than a request (docs/decisions.md).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from darkroom.domain import limits
from darkroom.entry import gate
from darkroom.errors import MalformedRequestError, TooLargeError, UnsupportedTypeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multipart import MultipartSegment

FILES: Final = "files"
"""The one field that takes files, as often as it stands."""
BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
"""RFC 2046, section 5.1.1."""
HEADER_BYTES: Final = 4 * limits.KIB
HEADERS: Final = 8
"""Of a part; browsers send two of a hundred bytes."""
PLAIN_ENCODINGS: Final = frozenset({"7bit", "8bit", "binary"})
FIX: Final = "Let your HTTP library write the form, with each picture in the field `files`; or send JSON."


@dataclass(frozen=True, slots=True)
class Form:
    """`fields` holds every value of each field, as text. `files` are (the name that the client gave, the bytes)."""

    fields: Mapping[str, list[str]]
    files: tuple[tuple[str, bytes], ...]


def read(body: object, *, encoded: bool, content_type: str, content_encoding: str = "") -> Form:
    """The form in a request's body, `encoded` in base64 or as text.

    Raises MalformedRequestError, TooLargeError, UnsupportedTypeError, or InvalidRequestError for a file in a field
    that takes none.
    """
    boundary = gate.media_type(content_type)[1].get("boundary", "")
    if not boundary:
        raise gate.no_boundary()
    if not BOUNDARY.fullmatch(boundary):
        raise _broken("The boundary in the Content-Type is none")
    gate.check_unpacked(content_encoding)
    if not (isinstance(body, str) and body):
        raise MalformedRequestError("The body is empty", fix=FIX, code="EMPTY_BODY")
    if not encoded and "\ufffd" in body:
        raise MalformedRequestError(
            "The form's bytes were taken for text on their way here, and are lost",
            fix="Have the API's gateway list multipart/form-data among its binary media types; or send JSON.",
            code="BINARY_AS_TEXT",
        )
    return _parts(gate.raw(body, encoded=encoded), boundary)


def _parts(body: bytes, boundary: str) -> Form:
    from multipart import MultipartError, ParserLimitReached, PushMultipartParser

    fields: dict[str, list[str]] = {}
    files: list[tuple[str, bytes]] = []
    count = 0
    try:
        with PushMultipartParser(
            boundary, len(body), max_header_size=HEADER_BYTES, max_header_count=HEADERS, strict=True
        ) as parser:
            part: MultipartSegment | None = None
            content: list[bytes] = []
            for event in parser.parse(body):
                if isinstance(event, bytes | bytearray):
                    content.append(bytes(event))
                elif event is None and part is not None:
                    _keep(part, b"".join(content), fields, files)
                elif event is not None:
                    count += 1
                    if count > limits.FORM_PARTS:
                        raise TooLargeError(
                            f"The form has more than {limits.FORM_PARTS} parts",
                            fix="Send fewer files in one request; each may be a job of its own.",
                        )
                    _check(event)
                    part, content = event, []
    except ParserLimitReached:
        raise _broken(f"A part has more than {HEADERS} headers, or one of more than {HEADER_BYTES} bytes") from None
    except MultipartError as error:
        raise _broken(f"The form cannot be read: {error.args[0]}") from None
    # The parser leaves what comes after the end unread; a part that stands there would be lost in silence.
    if (b"\r\n" + body).partition(f"\r\n--{boundary}--".encode())[2].strip():
        raise _broken("The form goes on after its end")
    return Form(fields, tuple(files))


def _check(part: MultipartSegment) -> None:
    encoding = next((value for name, value in part.headerlist if name == "Content-Transfer-Encoding"), "binary")
    if encoding.strip().lower() not in PLAIN_ENCODINGS:
        raise MalformedRequestError(
            "A part is sent in a transfer encoding, which forms no longer have",
            fix="Send the bytes of each file as they are, without Content-Transfer-Encoding.",
            code="TRANSFER_ENCODING",
        )
    if (part.content_type or "").startswith("multipart/"):
        raise UnsupportedTypeError("A part holds a multipart of its own", fix=FIX)


def _keep(part: MultipartSegment, content: bytes, fields: dict[str, list[str]], files: list[tuple[str, bytes]]) -> None:
    name = part.name or ""
    if name == FILES:
        if part.filename is None:
            raise gate.one_problem(FILES, "must be a file: its part has no filename")
        if content or part.filename:  # a browser sends an empty part where nobody chose a file
            files.append((part.filename, content))
        return
    if part.filename is not None:
        raise gate.one_problem(gate.printable(name), f"takes no file; send each in the field {FILES}")
    if len(content) > limits.FORM_FIELD_BYTES:
        raise gate.one_problem(gate.printable(name), f"has more than {limits.FORM_FIELD_BYTES} bytes")
    try:
        fields.setdefault(name, []).append(content.decode())
    except UnicodeDecodeError:
        raise gate.one_problem(gate.printable(name), "is not UTF-8") from None


def _broken(detail: str) -> MalformedRequestError:
    return MalformedRequestError(detail, fix=FIX, code="BROKEN_FORM")
