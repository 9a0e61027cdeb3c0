"""SVG of a stranger: nothing is left of it but shapes."""

from __future__ import annotations

import pytest
from darkroom.adapters.ai.vectors import BYTES, ELEMENTS_MOST, cleaned
from darkroom.errors import ProviderAnswerError

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20">'


def inside(body: str) -> str:
    """What is left of it, within the drawing."""
    svg, _, _ = cleaned(f'{HEAD}<rect width="1" height="1"/>{body}</svg>'.encode())
    text = svg.decode()
    head, tail = (
        '<svg viewBox="0 0 40 20" xmlns="http://www.w3.org/2000/svg"><rect width="1" height="1"></rect>',
        "</svg>",
    )
    assert text.startswith(head)
    assert text.endswith(tail)
    return text[len(head) : -len(tail)]


def test_shapes_and_paints_stay_as_they_are() -> None:
    body = (
        '<defs><linearGradient id="a"><stop offset="0.5" stop-color="#fff"></stop></linearGradient></defs>'
        '<g transform="translate(1, -2) rotate(45)">'
        '<path d="M0 0L10,10Z" fill="url(#a)" stroke="rgb(1, 2, 3)"></path></g>'
    )
    assert inside(body) == body


@pytest.mark.parametrize(
    "body",
    [
        "<script>steal()</script>",
        "<style>* { background: url(http://evil.example/) }</style>",
        '<image href="http://169.254.169.254/"/>',
        '<use href="#a"/>',
        '<a href="javascript:steal()"><circle r="1"/></a>',
        "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'><iframe src='x'/></body></foreignObject>",
        '<animate attributeName="href" to="javascript:steal()"/>',
        "<text>words</text>",
        '<h:circle xmlns:h="http://www.w3.org/1999/xhtml" r="1"/>',
        f"{HEAD}<circle r='1'/></svg>",
        "<?php steal() ?>",
        "<!-- a remark -->",
        "words",
    ],
)
def test_what_is_no_shape_goes_with_all_that_it_holds(body: str) -> None:
    assert inside(body) == ""


@pytest.mark.parametrize(
    "attribute",
    [
        'onclick="steal()"',
        'style="fill: url(http://evil.example/)"',
        'href="http://evil.example/"',
        'xlink:href="http://evil.example/" xmlns:xlink="http://www.w3.org/1999/xlink"',
        'fill="url(http://evil.example/a.svg#a)"',
        'fill="url( &quot;#a&quot; )"',
        'fill="URL(//evil.example)"',
        'id="url(#a)"',
        'fill="expression(steal())"',
        'fill="&lt;script&gt;"',
        'class="a"',
    ],
)
def test_attributes_that_reach_out_or_act_go(attribute: str) -> None:
    assert inside(f'<circle r="1" {attribute}/>') == '<circle r="1"></circle>'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"poem",
        b"\x89PNG\r\n\x1a\n",
        b"<html><body/></html>",
        HEAD.encode(),
        f"{HEAD}</svg>".encode(),
        f"{HEAD}<script/></svg>".encode(),
        b'<!DOCTYPE svg [<!ENTITY a "aaaa">]>' + f'{HEAD}<rect width="1"/></svg>'.encode(),
        b'<svg xmlns="http://www.w3.org/2000/svg"><rect width="1"/></svg>',
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 nan 5"><rect width="1"/></svg>',
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1e9 5"><rect width="1"/></svg>',
        b'<svg xmlns="http://www.w3.org/2000/svg" width="0" height="5"><rect width="1"/></svg>',
        f"{HEAD}{'<g>' * 100}{'</g>' * 100}</svg>".encode(),
        f"{HEAD}{'<rect/>' * (ELEMENTS_MOST + 1)}</svg>".encode(),
        HEAD.encode() + b" " * BYTES,
    ],
    ids=range(15),
)
def test_what_is_no_drawing_of_a_sensible_size_is_refused(data: bytes) -> None:
    with pytest.raises(ProviderAnswerError):
        cleaned(data)


def test_the_size_is_the_view_boxs_or_the_sides() -> None:
    sides = b'<svg xmlns="http://www.w3.org/2000/svg" width="30px" height="12.4"><rect width="1"/></svg>'
    assert cleaned(f'{HEAD}<rect width="1"/></svg>'.encode())[1:] == (40, 20)
    assert cleaned(sides)[1:] == (30, 12)


def test_cleaning_twice_is_cleaning_once() -> None:
    once = cleaned(f'{HEAD}<circle r="1" onclick="x"/><script/></svg>'.encode())
    assert cleaned(once[0]) == once
