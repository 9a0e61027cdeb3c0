"""Which URLs and addresses are acceptable, by table."""

from __future__ import annotations

import ipaddress

import pytest
from darkroom.domain import limits
from darkroom.domain.addresses import PORTS, WebAddress, is_public, parse, place_on_loopback, redirection
from darkroom.errors import UnacceptableUrlError
from hypothesis import given
from hypothesis import strategies as st

REFUSED_NETWORKS = [
    # named by the rules
    *("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "fec0::/10", "5f00::/16"),
    *("192.0.0.0/24", "192.88.99.0/24", "100.64.0.0/10"),
    # private, loopback, link-local, multicast, reserved, documentation, benchmarking, embedding
    *("0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/4"),
    *("240.0.0.0/4", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15"),
    *("::ffff:0:0/96", "fc00::/7", "fe80::/10", "ff00::/8", "100::/64", "2001::/32", "2001:db8::/32", "3fff::/20"),
    *("2001:2::/48", "2001:10::/28", "2001:20::/28"),
]


@pytest.mark.parametrize("network", REFUSED_NETWORKS)
def test_no_address_of_a_refused_network_is_public(network: str) -> None:
    net = ipaddress.ip_network(network)
    middle = net[0] + net.num_addresses // 2
    assert [str(address) for address in (net[0], net[1], middle, net[-1]) if is_public(str(address))] == []


PUBLIC_ADDRESSES = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "11.0.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "192.0.1.0",
    "192.88.98.255",
    "192.167.0.1",
    "223.255.255.255",
    "2606:4700::1111",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2003::1",
    "2a00:1450:4001::1",
    "3ffe:ffff::1",
]


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_addresses_beside_the_refused_networks_are_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses())
def test_what_python_knows_to_be_private_is_never_public(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if is_public(str(address)):
        assert address.is_global
        assert not any((address.is_multicast, address.is_reserved, address.is_loopback, address.is_link_local))


@pytest.mark.parametrize(
    "text", ["", "localhost", "127.1", "0x7f000001", "2606:4700::1%eth0", "1.1.1.1 ", "\u0661.1.1.1"]
)
def test_text_that_is_no_plain_address_is_not_public(text: str) -> None:
    assert not is_public(text)


@pytest.mark.parametrize(
    ("url", "host", "port", "target"),
    [
        ("https://shop.example", "shop.example", 443, "/"),
        ("HTTPS://Shop.EXAMPLE/A?b=C#d", "shop.example", 443, "/A?b=C"),
        ("http://shop.example:443/", "shop.example", 443, "/"),
        ("https://shop.example:80/", "shop.example", 80, "/"),
        ("https://shop.example:/", "shop.example", 443, "/"),
        ("https://shop.example./a", "shop.example", 443, "/a"),
        ("https://shop.example?x=1", "shop.example", 443, "/?x=1"),
        ("https://bücher.example/ü?ü=ß", "xn--bcher-kva.example", 443, "/%C3%BC?%C3%BC=%C3%9F"),
        ("https://faß.example/", "xn--fa-hia.example", 443, "/"),
        ("https://shop。example/", "shop.example", 443, "/"),
        ("https://my_bucket.s3.example/%2e%2e/a", "my_bucket.s3.example", 443, "/%2e%2e/a"),
        ('https://shop.example/a"<>^`{|}[]', "shop.example", 443, "/a%22%3C%3E%5E%60%7B%7C%7D%5B%5D"),
        ("https://93.184.216.34/", "93.184.216.34", 443, "/"),
        ("https://[2606:4700:0:0::1111]/", "2606:4700::1111", 443, "/"),
        ("http://127.0.0.1.nip.example/", "127.0.0.1.nip.example", 80, "/"),
    ],
)
def test_a_url_is_read_into_the_parts_of_its_request(url: str, host: str, port: int, target: str) -> None:
    address = parse(url)
    assert (address.host, address.port, address.target) == (host, port, target)
    assert parse(address.url) == address


REFUSED_URLS = [
    "",
    "shop.example",
    "//shop.example/",
    "/etc/passwd",
    "https:",
    "https:/shop.example/",
    "https:///",
    "https://:443/",
    "https://shop",
    "https://localhost/",
    "https://localhost./",
    "https://shop.example../",
    "https://.example/",
    "https://shop..example/",
    "https://-shop.example/",
    "https://shop-.example/",
    f"https://{'a' * 64}.example/",
    f"https://{'a.' * 130}example/",
    "https://shop.example:8080/",
    "https://shop.example:٤٤٣/",
    "https://[::1/",
    "https://::1/",
    "https://[::1]a/",
    "https://[fe80::1%25eth0]/",
    "https://[v1.a]/",
    "https://sh%6fp.example/",
    "ftp://shop.example/",
    "file:///etc/passwd",
    "s3://bucket/key",
    "https://user@shop.example/",
    "https://@a.example/",
    "https://shop.example\\@127.0.0.1/",
    "https://shop.example/ a",
    "https://shop.example/\t",
    "https://a.example\n",
    " https://shop.example/",
    "https://shop.example/\ud800",
    "https://shop.example/\u2028",
    "https://\u202eshop.example/",
    "https://☃\u0000.example/",
    "https://🤖_🤖.example/",
    f"https://shop.example/{'a' * limits.URL_CHARACTERS}",
    "https://example.123/",
    "https://1.2.3.4.5/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://2130706433/",
]


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_anything_else_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(UnacceptableUrlError) as refused:
        parse(url)
    assert refused.value.fix
    assert len(refused.value.detail) < 100


@given(st.text(max_size=60) | st.from_regex(r"https?://[^/]{0,40}(/.{0,20})?", fullmatch=True))
def test_whatever_is_handed_in_is_refused_or_read_into_a_stable_address(text: str) -> None:
    try:
        address = parse(text)
    except UnacceptableUrlError:
        return
    assert parse(address.url) == address
    assert address.port in PORTS.values()
    assert address.url.isascii()
    assert address.url.isprintable()
    assert " " not in address.url


HERE = parse("https://shop.example/a/b?c")


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/d", "https://shop.example/d"),
        ("d", "https://shop.example/a/d"),
        ("?d", "https://shop.example/a/b?d"),
        ("../../../d", "https://shop.example/d"),
        ("//other.example/d", "https://other.example/d"),
        ("https://other.example", "https://other.example/"),
        ("", "https://shop.example/a/b?c"),
        ("#d", "https://shop.example/a/b?c"),
        ("/ü", "https://shop.example/%C3%BC"),
    ],
)
def test_a_redirection_is_read_relative_to_the_page(location: str, url: str) -> None:
    assert redirection(HERE, 302, location) == parse(url)


@pytest.mark.parametrize(
    "location", ["http://shop.example/", "//u@a.example/", "//localhost", "//[", "\\\\a.example", "a\tb"]
)
def test_a_redirection_that_breaks_the_rules_or_gives_up_tls_is_refused(location: str) -> None:
    with pytest.raises(UnacceptableUrlError):
        redirection(HERE, 301, location)


def test_a_redirection_may_take_up_tls() -> None:
    onward = redirection(parse("http://shop.example/"), 308, "https://shop.example/")
    assert onward == WebAddress("https", "shop.example", 443, "/", literal=False)


@pytest.mark.parametrize(("status", "location"), [(200, "/d"), (304, "/d"), (300, "/d"), (201, "/d"), (302, None)])
def test_other_answers_redirect_nowhere(status: int, location: str | None) -> None:
    assert redirection(HERE, status, location) is None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("127.9.8.7:1", ("127.9.8.7", 1)),
        ("[::1]:65535", ("::1", 65535)),
        ("[0:0::1]:80", ("::1", 80)),
        ("127.0.0.1", None),
        ("127.0.0.1:", None),
        ("127.0.0.1:0", None),
        ("127.0.0.1:65536", None),
        ("::1:80", None),
        ("localhost:80", None),
        ("127.1:80", None),
        ("2130706433:80", None),
        ("128.0.0.1:80", None),
        ("10.0.0.1:80", None),
        ("169.254.169.254:80", None),
        ("[::ffff:127.0.0.1]:80", None),
        ("[::2]:80", None),
        ("a@127.0.0.1:80", None),
        ("127.0.0.1:80/", None),
        ("", None),
    ],
)
def test_a_place_on_loopback_is_an_address_with_a_port(text: str, place: tuple[str, int] | None) -> None:
    assert place_on_loopback(text) == place


SHOP = frozenset({("127.0.0.1", 8080)})


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/a?b", "https://127.0.0.1:8080/"])
def test_a_place_that_was_named_is_read_with_its_port(url: str) -> None:
    assert parse(url, SHOP).url == url
    with pytest.raises(UnacceptableUrlError, match="port 8080"):
        parse(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8081/",
        "http://127.0.0.2:8080/",
        "http://[::1]:8080/",
        "http://[::ffff:127.0.0.1]:8080/",
        "http://127.1:8080/",
        "http://0177.0.0.1:8080/",
        "http://shop.example:8080/",
        "http://127.0.0.1.shop.example:8080/",
        "http://localhost:8080/",
        "http://u@127.0.0.1:8080/",
        "ftp://127.0.0.1:8080/",
    ],
)
def test_a_named_place_opens_no_other_port_host_or_spelling(url: str) -> None:
    with pytest.raises(UnacceptableUrlError):
        parse(url, SHOP)


def test_a_redirection_may_lead_to_a_named_place_and_to_none_beside_it() -> None:
    here = parse("http://127.0.0.1:8080/a", SHOP)
    assert redirection(here, 302, "b", SHOP) == parse("http://127.0.0.1:8080/b", SHOP)
    for elsewhere in ("//127.0.0.1:8081/", "//10.0.0.1:8080/"):
        with pytest.raises(UnacceptableUrlError):
            redirection(here, 302, elsewhere, SHOP)
