"""Which types and sizes an upload may have."""

from __future__ import annotations

import pytest
from darkroom.domain import limits, uploads
from darkroom.domain.uploads import Purpose
from darkroom.errors import InvalidRequestError, TooLargeError, UnsupportedTypeError


@pytest.mark.parametrize(
    ("filename", "declared", "decided"),
    [
        ("cat.jpg", None, "image/jpeg"),
        ("cat.JFIF", None, "image/jpeg"),
        ("cat.jpg", "image/jpeg", "image/jpeg"),
        ("cat.jpg", " IMAGE/JPEG ", "image/jpeg"),
        ("IMG_0001.HEIC", None, "image/heic"),
        ("IMG_0001.heif", None, "image/heif"),
        ("IMG_0001.HEIC", "image/heif", "image/heif"),
        ("Screenshot 2026-01-02 at 10.32.11", "image/png", "image/png"),
        ("no extension", "image/webp", "image/webp"),
        ("holiday.backup", "image/avif", "image/avif"),
    ],
)
def test_the_type_is_the_declared_one_or_else_what_the_extension_means(
    filename: str, declared: str | None, decided: str
) -> None:
    assert uploads.decide_type(filename, declared, Purpose.PROCESS) == decided


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize(
    ("filename", "declared"),
    [
        ("drawing.svg", None),
        ("drawing.svg", "image/svg+xml"),
        ("drawing.svg", "image/png"),
        ("drawing.svg.", "image/png"),
        ("drawing.\uff53\uff56\uff47", "image/png"),
        ("drawing.svgz", None),
        ("page.html", None),
        ("page.html", "text/html"),
        ("page.HTM", "image/jpeg"),
        ("page", "text/html"),
        ("page", "application/xhtml+xml"),
        ("page.xml", "image/jpeg"),
        ("script.js", "text/javascript"),
        ("paper.pdf", "application/pdf"),
        ("cat", "image/svg+xml"),
        ("cat.jpg", "image/svg+xml"),
        ("cat.jpg", "image/jpeg; charset=utf-8"),
        ("cat.jpg", "image/jpg"),
        ("cat.jpg", "image/*"),
        ("cat.jpg", "application/octet-stream"),
        ("cat.jpg", ""),
        ("cat.jpg", "x" * 5_000),
    ],
)
def test_what_can_carry_script_or_is_no_picture_is_refused_with_the_accepted_types(
    filename: str, declared: str | None, purpose: Purpose
) -> None:
    with pytest.raises(UnsupportedTypeError) as refusal:
        uploads.decide_type(filename, declared, purpose)
    assert "image/jpeg" in refusal.value.fix
    assert "PNG" in refusal.value.fix
    assert len(refusal.value.detail) < 200


def test_a_name_that_contradicts_its_type_is_refused() -> None:
    with pytest.raises(UnsupportedTypeError, match=r"ends in \.png, but contentType is image/jpeg"):
        uploads.decide_type("cat.png", "image/jpeg", Purpose.PROCESS)


@pytest.mark.parametrize("ending", ["avi", "jxl", "ico", "jp2", "mp3", "zip", "exe", "JXL", "7z", "3gp"])
def test_a_name_that_tells_another_type_is_refused_with_the_accepted_types(ending: str) -> None:
    with pytest.raises(UnsupportedTypeError) as refusal:
        uploads.decide_type(f"cat.{ending}", None, Purpose.PROCESS)
    assert refusal.value.detail == f"Files ending in .{ending.lower()} are not taken"
    assert all(accepted in refusal.value.fix for accepted in uploads.IMAGES)


@pytest.mark.parametrize(
    "filename", ["cat", "holiday.backup", "at 10.32.11", "a.b", "cat.", "cat.\u00e9\u00e9", "cat.j pg"]
)
def test_a_name_that_tells_nothing_needs_a_type(filename: str) -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        uploads.decide_type(filename, None, Purpose.PROCESS)
    assert refusal.value.problems[0][0] == "contentType"


@pytest.mark.parametrize("purpose", [Purpose.PROCESS, Purpose.FACES])
def test_only_the_library_takes_videos(purpose: Purpose) -> None:
    assert uploads.decide_type("film.mov", None, Purpose.LIBRARY) == "video/quicktime"
    with pytest.raises(UnsupportedTypeError, match="not taken for the purpose"):
        uploads.decide_type("film.mov", None, purpose)


@pytest.mark.parametrize("content_type", uploads.TYPES)
def test_a_size_from_one_byte_to_the_limit_of_the_type_is_taken(content_type: str) -> None:
    largest = uploads.largest(content_type)
    assert largest == (limits.VIDEO_BYTES if content_type.startswith("video/") else limits.IMAGE_BYTES)
    uploads.check_size(1, content_type)
    uploads.check_size(largest, content_type)
    with pytest.raises(TooLargeError) as too_large:
        uploads.check_size(largest + 1, content_type)
    assert "iB" in too_large.value.fix
    for none in (0, -1):
        with pytest.raises(InvalidRequestError) as empty:
            uploads.check_size(none, content_type)
        assert empty.value.problems == (("size", "is less than 1"),)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "cat.jpg",
        "uploads/cat.jpg",
        "uploads/2026/01/02/cat.jpg",
        "results/2026/01/02/00000000-0000-4000-8000-000000000000-cat.jpg",
        "uploads/2026/01/02/00000000-0000-4000-8000-000000000000-cat.jpg\n",
        "uploads/2026/01/02/00000000-0000-4000-8000-000000000000-../cat.jpg",
        "uploads/2026/01/02/00000000-0000-4000-8000-000000000000-" + "x" * 101,
        "uploads/٢٠٢٦/01/02/00000000-0000-4000-8000-000000000000-cat.jpg",
        "\ud800" * 36,
    ],
)
def test_a_key_that_presign_never_makes_is_known_without_a_look_into_the_store(key: str) -> None:
    assert not uploads.is_key(key)
