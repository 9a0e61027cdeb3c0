"""The tour's page stands alone, shows boxes where they are, and lets nothing that it is told become markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from local import page

VOID = {"meta", "img", "br", "link", "input"}


class Reader(HTMLParser):
    """Collects what a browser would load, and checks that every element that opens is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "action", "data")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def rendered(*blocks: page.Block, title: str = "Darkroom") -> str:
    chapter = page.Chapter("A chapter", "What it shows", blocks)
    return page.Page(title, "A tour", [("3 s", "from nothing")], [chapter], [("make dev", "runs it")]).html()


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    return reader


def every_block(text: str) -> list[page.Block]:
    return [
        page.Gallery([page.Figure(b"\xff\xd8", 640, 480, text, text, [page.Box(text, 0.5, (1, 2, 300, 400))])]),
        page.Exchange(text, f"GET /{text}", {text: text}, 200, [text], 1.5),
        page.Table((text,), [(text,)]),
        page.Paragraph(text),
    ]


def test_it_loads_nothing_from_anywhere() -> None:
    html = rendered(*every_block("x"))
    assert all(load.startswith("data:image/jpeg;base64,") for load in read(html).loads)
    assert not re.search(r"https?://|url\(|@import|<script|<link", html)


def test_it_is_told_to_fit_a_phone_and_to_follow_light_and_dark() -> None:
    html = rendered()
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in html
    assert "prefers-color-scheme:dark" in html


def test_nothing_that_it_is_told_becomes_markup() -> None:
    hostile = "</pre></style><script>alert(1)</script><img src=x onerror=alert(1)>\"'"
    reader = read(rendered(*every_block(hostile), title=hostile))
    assert "script" not in reader.tags
    assert all(load.startswith("data:") for load in reader.loads)


def test_a_box_is_drawn_where_it_is_in_the_pixels_of_the_picture() -> None:
    html = page.Figure(b"", 640, 480, "A cat", "", [page.Box("cat", 0.934, (10, 200, 110.5, 300))]).html()
    assert 'viewBox="0 0 640 480"' in html
    assert 'x="10.0" y="200.0" width="100.5" height="100.0"' in html
    assert ">cat 93%</text>" in html


def test_a_label_stays_inside_the_picture() -> None:
    corner = page.Box("a rather long name", 0.9, (600, 0, 640, 40))
    html = page.Figure(b"", 640, 480, "Corner", "", [corner]).html()
    x, y, width = map(
        float, re.findall(r'class="tag" style="[^"]*" x="([-\d.]+)" y="([-\d.]+)" width="([\d.]+)"', html)[0]
    )
    assert x >= 0
    assert y >= 0
    assert x + width <= 640.1


def test_a_picture_says_in_words_what_was_found() -> None:
    box = page.Box("cat", 0.9, (0, 0, 1, 1))
    assert 'alt="Chelsea: cat"' in page.Figure(b"", 2, 2, "Chelsea", "", [box]).html()
    assert 'alt="Coffee: nothing found"' in page.Figure(b"", 2, 2, "Coffee").html()


def test_long_strings_are_cut_in_their_middle_wherever_they_are() -> None:
    long = "a" * 60 + "b" * 60
    cut = page.shortened({"url": [long, 3], "short": "as it is"})
    assert cut == {"url": ["a" * 48 + " … " + "b" * 24, 3], "short": "as it is"}


def test_a_refusal_looks_like_one() -> None:
    assert 'class="status refused">404<' in page.Exchange("x", "GET /", None, 404, None, 1.0).html()
    assert 'class="status good">202<' in page.Exchange("x", "GET /", None, 202, None, 1.0).html()


def test_names_of_boxes_that_lie_close_do_not_cover_each_other() -> None:
    boxes = [page.Box("dining table", 0.75, (0, 0, 640, 470)), page.Box("cup", 0.9, (60, 4, 300, 300))]
    html = page.Figure(b"", 640, 480, "Coffee", "", boxes).html()
    tags = re.findall(r'class="tag" style="[^"]*" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', html)
    (x1, y1, w1, h1), (x2, y2, w2, h2) = (tuple(map(float, tag)) for tag in tags)
    assert x1 + w1 <= x2 or x2 + w2 <= x1 or y1 + h1 <= y2 + 0.1 or y2 + h2 <= y1 + 0.1


def test_the_longest_bar_fills_the_page_and_no_bars_are_no_error() -> None:
    assert "--part:1.000" in page.Bars([("a", 2.0), ("b", 1.0)]).html()
    assert "--part:0.500" in page.Bars([("a", 2.0), ("b", 1.0)]).html()
    assert page.Bars([]).html() == '<ol class="bars"></ol>'
