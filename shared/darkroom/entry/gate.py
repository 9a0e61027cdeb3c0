"""The gate ahead of every operation: what a caller sends becomes checked plain data here, or the right 4xx.

Everything is hostile. Nothing passes that could make later code fail by its content: no lone surrogate, no number that
overflows, no nesting that exhausts the stack, no key that stands twice and is read differently by two readers.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from typing import TYPE_CHECKING, Any, Final, NoReturn

from darkroom.contracts.routes import JSON
from darkroom.domain import limits
from darkroom.errors import InvalidRequestError, MalformedRequestError, TooLargeError, UnsupportedTypeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pydantic_core import ErrorDetails, SchemaValidator, ValidationError

PROBLEMS_SHOWN: Final = 20
PROBLEMS_READ: Final = 1_000
"""More faults than this are counted and not listed: building the list would take more memory than the function has."""
NAME_SHOWN: Final = 80
DIGITS: Final = re.compile("[0-9]+")
NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?")
TRUTHS: Final = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}
MESSAGES: Final = {
    "bool_type": "must be true or false",
    "dict_type": "must be an object",
    "extra_forbidden": "is not a known field",
    "finite_number": "must be a finite number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "greater_than_equal": "must be {ge} or more",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number in digits",
    "int_parsing_size": "is far too large a number",
    "int_type": "must be a whole number",
    "less_than_equal": "must be {le} or less",
    "list_type": "must be a list",
    "literal_error": "must be {expected}",
    "model_attributes_type": "must be an object",
    "missing": "is required",
    "string_pattern_mismatch": "is not of the form that GET /openapi.json gives: {pattern}",
    "string_too_long": "has too many characters; {max_length} is the most",
    "string_too_short": "has too few characters; {min_length} is the least",
    "string_type": "must be text",
    "string_unicode": "must be whole Unicode characters",
    "too_long": "has too many entries; {max_length} is the most",
    "union_tag_invalid": "must be one of {expected_tags}",
    "union_tag_not_found": "is required",
    "too_short": "has too few entries; {min_length} is the least",
}
"""Ours in place of pydantic's, by its kind of fault: its own speaks of Python. What is in braces is its context."""


def json_body(body: object, *, encoded: bool, content_type: str, content_encoding: str = "") -> Any:
    """The JSON value of a request's body, `encoded` in base64 or as text; the headers say what is in it.

    Raises MalformedRequestError, TooLargeError or UnsupportedTypeError.
    """
    _check_type(content_type)
    check_unpacked(content_encoding)
    text = _text(body, encoded=encoded) if isinstance(body, str) else ""
    if not text.strip():
        raise MalformedRequestError("The body is empty", fix="Send a JSON object as the body.", code="EMPTY_BODY")
    try:
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_constant, parse_int=_integer, parse_float=_real
        )
    except json.JSONDecodeError as error:
        raise MalformedRequestError(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}", code="BROKEN_JSON"
        ) from None
    except RecursionError:
        raise _too_deep() from None
    _check_depth_and_text(value)
    return value


def fields(model: str, content: object) -> dict[str, Any]:
    """The content checked against a request model, under Python names. Raises InvalidRequestError."""
    return _checked(model, lambda validator: validator.validate_python(content))


def query(model: str | None, values: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The query string checked against a query model; without one it must be empty. Raises InvalidRequestError."""
    for name, several in values.items():
        if len(several) != 1:
            raise one_problem(printable(name), "stands more than once")
        if not (is_text(name) and is_text(several[0])):
            raise one_problem(printable(name), "is not UTF-8")
        if model is None:
            raise one_problem(name, MESSAGES["extra_forbidden"])
    if model is None:
        return {}
    given: Any = {name: several[0] for name, several in values.items()}
    _check_integers(model, given)
    return _checked(model, lambda validator: validator.validate_strings(given))


def form(model: str, values: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The fields of a form checked against its model, of which those that are lists may stand more than once.

    Raises InvalidRequestError.
    """
    from darkroom.contracts.validators import types

    kinds = types(model)
    given: dict[str, Any] = {}
    for name, several in values.items():
        if kinds.get(name) == "list":
            given[name] = list(several)
        elif len(several) == 1:
            given[name] = _meant(several[0], kinds.get(name))
        else:
            raise one_problem(printable(name), "stands more than once")
    return fields(model, given)


def _meant(text: str, kind: str | None) -> Any:
    """What a form's text stands for; the text itself where it is nothing of the kind, for the model to refuse."""
    if kind == "bool":
        return TRUTHS.get(text.strip().lower(), text)
    if kind in {"int", "float"} and NUMBER.fullmatch(text) and len(text) <= limits.NUMBER_DIGITS:
        return float(text)
    return text


def one_problem(name: str, message: str) -> InvalidRequestError:
    return _refusal([(name[:NAME_SHOWN], message)], 1)


def printable(name: str) -> str:
    """The name as it was sent, or escaped where it does not print."""
    return name if name.isascii() and name.isprintable() and name else ascii(name)


def is_text(value: str) -> bool:
    """Whether it can be written as UTF-8: a lone surrogate cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


# --- the bytes -------------------------------------------------------------------------------------------------------


def media_type(content_type: str) -> tuple[str, dict[str, str]]:
    """(media type, parameters), the type and the parameters' names in lower case."""
    media, *rest = (part.strip() for part in content_type.split(";"))
    parameters = {
        name.strip().lower(): value.strip(" \"'") for name, _, value in (part.partition("=") for part in rest)
    }
    return media.lower(), parameters


def no_boundary() -> MalformedRequestError:
    return MalformedRequestError(
        "The Content-Type is multipart and names no boundary",
        fix="Let your HTTP library write the Content-Type, or send JSON.",
        code="NO_BOUNDARY",
    )


def check_unpacked(content_encoding: str) -> None:
    if content_encoding.strip().lower() not in {"", "identity"}:
        raise UnsupportedTypeError("The body is compressed", fix="Send the body unencoded, without Content-Encoding.")


def _check_type(content_type: str) -> None:
    media, parameters = media_type(content_type)
    if media.startswith("multipart/") and not parameters.get("boundary"):
        raise no_boundary()
    if content_type.strip() and media != JSON:
        raise UnsupportedTypeError("This path takes JSON only", fix=f"Send JSON, with Content-Type: {JSON}.")
    if parameters.get("charset", "utf-8").lower() not in {"utf-8", "utf8", "us-ascii"}:
        raise UnsupportedTypeError("JSON is UTF-8, and the Content-Type says another charset", fix="Send UTF-8.")


def raw(body: str, *, encoded: bool) -> bytes:
    """The bytes of a body. Raises MalformedRequestError or TooLargeError."""
    if len(body) > (-(-limits.BODY_BYTES // 3) * 4 if encoded else limits.BODY_BYTES):
        raise _too_large()
    try:
        found = base64.b64decode(body, validate=True) if encoded else body.encode()
    except (binascii.Error, ValueError):
        raise MalformedRequestError(
            "The body is not valid base64" if encoded else "The body holds a lone surrogate",
            fix="Send the body as plain UTF-8 text.",
            code="BROKEN_ENCODING",
        ) from None
    if len(found) > limits.BODY_BYTES:
        raise _too_large()
    return found


def _text(body: str, *, encoded: bool) -> str:
    try:
        return raw(body, encoded=encoded).decode()
    except UnicodeDecodeError:
        raise MalformedRequestError("The body is not UTF-8", code="BROKEN_ENCODING") from None


def _too_large() -> TooLargeError:
    return TooLargeError(
        f"The body is larger than {limits.BODY_BYTES:,} bytes",
        fix="Send less in one request; what a path takes by name goes to storage first, with POST /uploads/presign.",
    )


# --- the JSON --------------------------------------------------------------------------------------------------------


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise MalformedRequestError(
            "A key stands twice in one object", fix="Send each key of an object once.", code="DUPLICATE_KEY"
        )
    return value


def _constant(_name: str) -> NoReturn:
    raise _bad_number("NaN and Infinity are not JSON")


def _integer(literal: str) -> int:
    _check_digits(literal)
    return int(literal)


def _real(literal: str) -> float:
    _check_digits(literal)
    value = float(literal)
    if not math.isfinite(value):
        raise _bad_number("A number is too large for 64 bits")
    return value


def _check_digits(literal: str) -> None:
    if len(literal.lstrip("-")) > limits.NUMBER_DIGITS:
        raise _bad_number(f"A number has more than {limits.NUMBER_DIGITS} digits")


def _bad_number(detail: str) -> MalformedRequestError:
    return MalformedRequestError(detail, fix="Send finite numbers of ordinary length.", code="BAD_NUMBER")


def _too_deep() -> MalformedRequestError:
    return MalformedRequestError(
        f"The body is nested deeper than {limits.BODY_DEPTH} levels", fix="Send flatter JSON.", code="TOO_DEEP"
    )


def _check_depth_and_text(value: Any) -> None:
    """Level by level rather than by recursion, which deep input would exhaust."""
    level: list[Any] = [value]
    depth = 0
    while level:
        inner: list[Any] = []
        for item in level:
            if isinstance(item, str):
                _check_text(item)
            elif isinstance(item, list | dict):
                if depth == limits.BODY_DEPTH:
                    raise _too_deep()
                inner.extend(item)
                if isinstance(item, dict):
                    inner.extend(item.values())
        level = inner
        depth += 1


def _check_text(text: str) -> None:
    if not is_text(text):
        raise MalformedRequestError(
            "A string holds half of a surrogate pair", fix="Send whole Unicode characters.", code="LONE_SURROGATE"
        )


# --- the fields ------------------------------------------------------------------------------------------------------


def _invalid(error: ValidationError, discriminator: str | None) -> InvalidRequestError:
    count = error.error_count()
    if count > PROBLEMS_READ:
        return InvalidRequestError(f"The request has {count:,} faults")
    faults = error.errors(include_url=False, include_input=False)
    shown = [(_path(_place(fault, discriminator)), _message(fault)) for fault in faults[:PROBLEMS_SHOWN]]
    return _refusal(shown, count)


def _place(fault: ErrorDetails, discriminator: str | None) -> tuple[int | str, ...]:
    """Where the caller finds the fault: pydantic counts the chosen model's tag among the steps."""
    if discriminator is None:
        return fault["loc"]
    return (discriminator,) if fault["type"].startswith("union_tag") else fault["loc"][1:]


def _message(fault: ErrorDetails) -> str:
    message = MESSAGES.get(fault["type"])
    limits_of_it = {
        name: int(value) if isinstance(value, float) and value.is_integer() else value
        for name, value in fault.get("ctx", {}).items()
    }
    return message.format(**limits_of_it) if message else fault["msg"]


def _refusal(problems: list[tuple[str, str]], count: int) -> InvalidRequestError:
    field, message = problems[0]
    more = f", and {count - 1} more" if count > 1 else ""
    return InvalidRequestError(f"{field}: {message}{more}", problems=tuple(problems))


def _path(location: Iterable[int | str]) -> str:
    """`images[3].url`; what the caller made up is cut short."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part[:NAME_SHOWN]}"
    return path.removeprefix(".") or "body"


def _check_integers(model: str, given: Mapping[str, str]) -> None:
    """The core takes `1.0` and `+1` for integers in text; what JSON would not, a query does not."""
    from darkroom.contracts.validators import types

    for name, kind in types(model).items():
        if kind == "int" and name in given and not DIGITS.fullmatch(given[name]):
            raise one_problem(name, MESSAGES["int_parsing"])


def _checked(model: str, validate: Callable[[SchemaValidator], Any]) -> dict[str, Any]:
    # Imported here: a route that checks nothing starts without pydantic's core.
    from darkroom.contracts.validators import core, discriminator, validator

    try:
        return dict(validate(validator(model)))
    except core().ValidationError as error:
        raise _invalid(error, discriminator(model)) from None
