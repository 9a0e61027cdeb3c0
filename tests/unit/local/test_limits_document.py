from local import limits


def test_the_document_says_what_the_code_holds() -> None:
    assert limits.DOCUMENT.read_text() == limits.document(), "run `.venv/bin/python -m local limits`"


def test_every_limit_is_in_the_document_with_its_unit() -> None:
    document = limits.document()

    assert "| `IMAGE_BYTES` | 50 MiB |" in document
    assert "| `PRESIGN_LIFETIME` | 15 min |" in document
    assert "| `IMAGES_PER_JOB` | 100 |" in document
