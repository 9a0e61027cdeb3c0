"""What a page shows and what it hides, by its own styles."""

from __future__ import annotations

import pytest
from darkroom.adapters.pages import styles
from darkroom.adapters.pages.document import parsed

URL = "https://shop.example/p"


def seen(body: str, css: str = "") -> str:
    document = parsed(f"<html><head><style>{css}</style></head><body>{body}</body></html>", URL)
    return document.text(0)


@pytest.mark.parametrize(
    "style",
    [
        *(
            "display:none",
            "display: NONE !important",
            "visibility:hidden",
            "opacity:0",
            "opacity: .01",
            "font-size:0px",
        ),
        *("font-size: 0.0em", "text-indent:-999em", "position:absolute;left:-9999px", "position:fixed;top:-100em"),
        *(
            "width:0;height:0;overflow:hidden",
            "max-height:0;overflow:hidden",
            "clip:rect(0,0,0,0)",
            "clip-path:inset(50%)",
        ),
        *(
            "transform:scale(0)",
            "color:#fff",
            "color:white;background:#ffffff",
            "color:transparent",
            "color:rgba(0,0,0,0)",
        ),
        *("color: rgb(254, 254, 254)", "background:#000;color:#010101"),
    ],
)
def test_text_of_an_unseen_style_is_not_read(style: str) -> None:
    assert seen(f'<p>a</p><div style="{style}">b <b>c</b></div>') == "a"


@pytest.mark.parametrize(
    "style",
    [
        *("display:block", "opacity:0.5", "font-size:1em", "left:-9999px", "text-indent:-1em", "color:#333", "width:0"),
        *(
            "color:#fff;background:#000",
            "color:#fff;background:url(x.png)",
            "color:#fff;background-image:none;background:navy",
        ),
        "position:absolute;left:-5px",
    ],
)
def test_text_that_shows_is_read(style: str) -> None:
    assert seen(f'<div style="{style}">b</div>') == "b"


@pytest.mark.parametrize(
    ("css", "markup"),
    [
        (".x{display:none}", '<p class="a x">b</p>'),
        ("p.x{display:none}", '<p class="x">b</p>'),
        ("#x{display:none}", '<p id="x">b</p>'),
        ("i, .x , u{display:none}", '<p class="x">b</p>'),
        (".x.y{visibility:hidden}", '<p class="y x">b</p>'),
        ("@media screen { .x{display:none} }", '<p class="x">b</p>'),
        ("/* .x{ } */ .x{display:none}", '<p class="x">b</p>'),
        (".x{display:none!important} .x{display:block}", '<p class="x">b</p>'),
        (".x{display:block} #x{display:none}", '<p class="x" id="x">b</p>'),
        ("@font-face{font-family:x} .x{display:none}", '<p class="x">b</p>'),
        ("body{background:#fafafa} .x{color:#fff}", '<p class="x">b</p>'),
    ],
)
def test_a_rule_for_a_simple_selector_hides(css: str, markup: str) -> None:
    assert seen(f"<p>a</p>{markup}", css) == "a"


@pytest.mark.parametrize(
    ("css", "markup"),
    [
        (".x{display:none} .x.on{display:block}", '<p class="x on">b</p>'),
        (".x{display:none} .x{display:block}", '<p class="x">b</p>'),
        ("@media print{.x{display:none}}", '<p class="x">b</p>'),
        ("@media (max-width:600px){.x{display:none}}", '<p class="x">b</p>'),
        (".menu .x{display:none}", '<p class="x">b</p>'),
        (".x:hover{display:none}", '<p class="x">b</p>'),
        (".x{display:none}", '<p class="x" style="display:block">b</p>'),
        ("body{opacity:0}", "<p>b</p>"),  # pages that fade in
    ],
)
def test_a_rule_that_is_overruled_or_not_known_here_hides_nothing(css: str, markup: str) -> None:
    assert seen(markup, css) == "b"


@pytest.mark.parametrize(
    "markup",
    [
        *("<script>b</script>", "<style>b</style>", "<template>b</template>", "<noscript>b</noscript>", "<!-- b -->"),
        *("<p hidden>b</p>", "<dialog>b</dialog>", "<textarea>b</textarea>", "<select><option>b</option></select>"),
        *(
            '<span class="sr-only">b</span>',
            '<div class="modal" aria-hidden="true">b</div>',
            "<svg><text>b</text></svg>",
        ),
    ],
)
def test_markup_that_is_never_drawn_is_not_read(markup: str) -> None:
    assert seen(f"<p>a</p>{markup}") == "a"


def test_what_is_hidden_from_readers_aloud_is_still_drawn() -> None:
    assert seen('<span aria-hidden="true">$12</span>') == "$12"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>£<span>12</span><sup>99</sup></p>", "£12.99"),
        ('<p><span>12</span><span class="price-cents">50</span> €</p>', "12.50 €"),
        ("<p><b>12</b><span>,</span><span>99</span> €</p>", "12,99 €"),
        ("<p>12<br>99</p>", "12\n99"),
        ("<p>one</p><p>two</p>", "one\ntwo"),
        ("<p>room 12<sup>nd</sup></p>", "room 12nd"),
    ],
)
def test_pieces_join_as_they_are_drawn(markup: str, text: str) -> None:
    assert seen(markup) == text


def test_struck_text_is_known_by_element_style_and_rule() -> None:
    document = parsed(
        "<style>.o{text-decoration:line-through}</style><s>1</s><p class=o>2</p>"
        "<p style='text-decoration: line-through red'>3</p><p>4</p>",
        URL,
    )
    assert [document.elements[piece.element].struck for piece in document.pieces] == [True, True, True, False]


def test_a_link_is_absolute_and_of_the_web() -> None:
    document = parsed('<base href="/shop/"><p>x</p>', URL)
    assert document.absolute("a b.jpg") == "https://shop.example/shop/a%20b.jpg"
    assert document.absolute("//cdn.example/a.jpg") == "https://cdn.example/a.jpg"
    for link in (
        "javascript:alert(1)",
        "java\nscript:x",
        "data:image/png;base64,AA",
        "ftp://x/y",
        "http://[",
        "https://u:p@h/",
    ):
        assert document.absolute(link) is None


def test_elements_know_what_is_within_them() -> None:
    document = parsed("<div><p>a</p><p>b</p></div><p>c</p>", URL)
    div = next(number for number, element in enumerate(document.elements) if element.tag == "div")
    first, second, third = (number for number, element in enumerate(document.elements) if element.tag == "p")
    assert document.text(div) == "a\nb"
    assert document.within(second, div)
    assert not document.within(third, div)
    assert document.common(first, second) == div
    assert document.elements[document.common(first, third)].tag == "body"


def test_colours_are_compared_as_they_look() -> None:
    assert (
        styles.colour("#FFF".lower())
        == styles.colour("rgb(255, 255, 255)")
        == styles.colour("white")
        == (255, 255, 255)
    )
    assert styles.colour("linear-gradient(red, blue)") is None
    assert styles.see_through("rgba(1, 2, 3, 0)")
    assert not styles.see_through("rgba(1, 2, 3, 0.5)")
