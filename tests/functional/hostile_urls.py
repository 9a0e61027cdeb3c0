"""The table behind `test_fetcher_vectors.py`: hostile URLs, names and hosts, by family."""

from __future__ import annotations

import functools
import gzip
import ipaddress
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from darkroom.errors import DarkroomError, FetchFailedError, TooLargeError, UnacceptableUrlError

from tests.stub_web import ALSO_PUBLIC, PUBLIC, redirect, response

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from tests.stub_web import Script

HOST: Final = "vector.example"
LIMIT: Final = 100_000
"""Bytes that the fetches of the suite may bring."""
INSIDE: Final = "127.0.0.1"

REFUSED: Final = (UnacceptableUrlError,)
FAILED: Final = (FetchFailedError,)
TOO_LARGE: Final = (TooLargeError,)
ANSWERED: Final = (None,)


@dataclass(frozen=True)
class Vector:
    """`answers` are the successive lookups of the URL's host, `scripts` what it answers, one a connection.

    `ends` holds the errors that are right for it, None standing for an answer; `posted` the same for a post, where
    that differs, since a post follows no redirect. `deadline` is in milliseconds: hosts that drip get a short one.
    """

    name: str
    url: str = f"http://{HOST}/"
    answers: tuple[tuple[str, ...], ...] = ((PUBLIC,),)
    scripts: tuple[Script, ...] = ()
    ends: tuple[type[DarkroomError] | None, ...] = REFUSED
    posted: tuple[type[DarkroomError] | None, ...] = ()
    deadline: int = 20_000


# --- addresses --------------------------------------------------------------------------------------------------------

V4: Final = """
0.0.0.0 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.254 127.0.0.1 127.255.255.254 169.254.169.254 169.254.170.2
172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1
198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
"""
V6: Final = """
:: ::1 ::7f00:1 ::ffff:7f00:1 ::ffff:a9fe:a9fe ::ffff:5db8:d822 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::a00:1
64:ff9b:1:ffff::1 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1 2001:db8::1
2002:7f00:1:: 2002:a00:1::1 2002:a9fe:a9fe::1 3fff::1 4000::1 5f00::1 fc00::1 fd00:ec2::254 fd12:3456:789a:1::1 fe80::1
fe80::a9fe:a9fe fec0::1 feff::1 ff02::1 ff0e::1
"""
SPELLED: Final = "127.0.0.1 10.0.0.1 169.254.169.254 192.168.1.1 172.16.0.1 100.64.0.1 0.0.0.0"


def spellings(address: str) -> Iterator[tuple[str, str]]:
    """Hosts that some library, resolver or router takes for this IPv4 address."""
    ip = ipaddress.IPv4Address(address)
    number, (a, b, c, d) = int(ip), ip.packed
    high, low = number >> 16, number & 0xFFFF
    yield "dotted", address
    yield "decimal", str(number)
    yield "hex", hex(number)
    yield "upper hex", f"0X{number:08X}"
    yield "octal", f"0{number:o}"
    yield "dotted octal", f"0{a:o}.0{b:o}.0{c:o}.0{d:o}"
    yield "padded", f"{a:04o}.{b:04o}.{c:04o}.{d:04o}"
    yield "dotted hex", f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}"
    yield "mixed bases", f"0x{a:x}.{b}.0{c:o}.{d}"
    yield "short, two parts", f"{a}.{number & 0xFFFFFF}"
    yield "short, three parts", f"{a}.{b}.{low}"
    yield "short hex", f"0x{a:x}.0x{number & 0xFFFFFF:x}"
    yield "overflown", str(number + 2**32)
    yield "trailing dot", f"{address}."
    yield "two trailing dots", f"{address}.."
    yield "fullwidth digits", address.translate({ord(str(n)): 0xFF10 + n for n in range(10)})
    yield "circled digits", address.translate({ord(str(n)): 0x245F + n for n in range(1, 10)} | {ord("0"): 0x24EA})
    yield "ideographic dots", address.replace(".", "\u3002")
    yield "percent-encoded", "".join(f"%{ord(character):02x}" for character in address)
    yield "mapped", f"[::ffff:{address}]"
    yield "mapped in hex", f"[::ffff:{high:x}:{low:x}]"
    yield "mapped in full", f"[0:0:0:0:0:ffff:{high:04x}:{low:04x}]"
    yield "compatible", f"[::{address}]"
    yield "6to4", f"[2002:{high:x}:{low:x}::1]"
    yield "NAT64", f"[64:ff9b::{address}]"
    yield "local NAT64", f"[64:ff9b:1::{high:x}:{low:x}]"
    yield "Teredo", f"[2001:0:4136:e378:8000:63bf:{high ^ 0xFFFF:x}:{low ^ 0xFFFF:x}]"
    yield "a zone", f"[fe80::{high:x}:{low:x}%25eth0]"


def literal_v4() -> Iterator[Vector]:
    for address in SPELLED.split():
        for spelling, host in spellings(address):
            # Should a spelling slip through as a name, it resolves to the address that it stands for.
            yield Vector(f"{address}, {spelling}", f"http://{host}/latest/meta-data/", ((address,),))
    for address in V4.split():
        yield Vector(f"{address} itself", f"https://{address}/")


def literal_v6() -> Iterator[Vector]:
    for address in V6.split():
        yield Vector(f"[{address}]", f"http://[{address}]/")
        yield Vector(f"[{address}] in full", f"https://[{ipaddress.IPv6Address(address).exploded}]:443/")
    for zone in ("%eth0", "%25eth0", "%1", "%25lo"):
        yield Vector(f"zone {zone}", f"http://[fe80::1{zone}]/")
        yield Vector(f"zone {zone} on a public address", f"http://[{ALSO_PUBLIC}{zone}]/")


def records() -> Iterator[Vector]:
    for address in (*V4.split(), *V6.split()):
        yield Vector(f"the only record is {address}", answers=((address,),))
        yield Vector(f"the second record is {address}", answers=((PUBLIC, address),))
        yield Vector(f"the first record is {address}", answers=((address, PUBLIC, ALSO_PUBLIC),))
    for address in ("127.0.0.1", "::1", "169.254.169.254"):
        yield Vector(f"the last of 31 is {address}", answers=((*((PUBLIC, ALSO_PUBLIC) * 15), address),))
    for text in ("", "localhost", "127.1", "2130706433", "0x7f.1", "::ffff:127.0.0.1", "fe80::1%eth0", f"{PUBLIC} "):
        yield Vector(f"the record reads {text!r}", answers=((text,),))
    for host in ("localhost.localdomain", "127.0.0.1.nip.example", "metadata.google.internal", "2130706433.example"):
        yield Vector(f"{host} is inside", f"http://{host}/", (("169.254.169.254",),))
    yield Vector("no record at all", answers=((),), ends=FAILED)


def rebinding() -> Iterator[Vector]:
    for address in ("127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "fd00:ec2::254", "::ffff:10.0.0.1"):
        yield Vector(
            f"{address} at the next hop", answers=((PUBLIC,), (address,)), scripts=(redirect("/on"),), posted=ANSWERED
        )
        yield Vector(
            f"{address} beside a public record at the next hop",
            answers=((PUBLIC,), (ALSO_PUBLIC, address)),
            scripts=(redirect("//vector.example/on", 307),),
            posted=ANSWERED,
        )
        yield Vector(f"{address} after the check", answers=((PUBLIC,), (address,)), ends=ANSWERED)


# --- URLs -------------------------------------------------------------------------------------------------------------

SCHEMES: Final = """
ftp file gopher dict ldap ldaps tftp ws wss ssh sftp smb s3 jar netdoc php phar data javascript about blob mailto
view-source telnet redis mongodb imap pop3 smtp rtsp unix httpx https+unix
"""
PORTS: Final = """
0 1 21 22 23 25 53 79 81 110 111 442 444 445 1433 2049 2375 2379 3000 3306 5432 5900 6379 8000 8080 8443 9200 10250
11211 27017 65535 65616 99999 4294967376 080000 -80 +80 8O 80a 0x50 80:80 \u0668\u0660 \uff18\uff10 %38%30
"""
HOSTS: Final = """
localhost LOCALHOST localhost. metadata instance-data kubernetes.default.svc.. [] [::] [::1 ::1 [127.0.0.1] [1::2::3]
[::ffff:127.1] . .. -a.example a-.example a..example .example *.example a,b.example a;b.example a'b.example (a).example
a%00.example a%2eexample %6c%6f%63alhost 1.1.1.1%2f.example a|b.example {a}.example $.example
"""


def odd_urls() -> Iterator[Vector]:
    for scheme in SCHEMES.split():
        yield Vector(f"{scheme}://", f"{scheme}://{INSIDE}/", ((INSIDE,),))
    for url in ("file:///etc/passwd", "data:text/html,a", "javascript:alert(1)", f"jar:http://{INSIDE}!/"):
        yield Vector(url, url)
    for port in PORTS.split():
        yield Vector(f"port {port}", f"http://{HOST}:{port}/")
    for user in ("user", "user:secret", "", ":", ":secret", HOST, INSIDE, f"{HOST}:80", "%40", "a@b", "user:secret@x"):
        yield Vector(f"user {user!r} at a public host", f"http://{user}@{HOST}/")
        yield Vector(f"user {user!r} at a private host", f"http://{user}@{INSIDE}/", ((INSIDE,),))
    for odd in ("\\", "\\\\", " ", "\t", "\x00", "\x0b", "\x0c", "\x1f", "\x7f", "\x80", "\x85", "\x9f", "\u2028"):
        # Some of these make the redirect's own header illegal, so that the fetch fails a step earlier.
        yield Vector(f"{odd!r} before the host", f"http://{odd}{INSIDE}/", ((INSIDE,),), ends=REFUSED + FAILED)
        yield Vector(f"{odd!r} in the authority", f"http://{HOST}{odd}@{INSIDE}/", ((INSIDE,),), ends=REFUSED + FAILED)
    for host in HOSTS.split():
        yield Vector(f"host {host}", f"http://{host}/", ((INSIDE,),))
    yield Vector("a label too long", f"http://{'a' * 64}.example/")
    yield Vector("a name too long", f"http://{'a.' * 124}example/")
    yield Vector("a URL too long", f"http://{HOST}/{'a' * 2048}")


def harmless() -> Iterator[Vector]:
    """What other parsers read differently; read strictly, each names a public host, and only that is reached."""
    for url in (
        f"http://{HOST}#@127.0.0.1/",
        f"http://{HOST}/#@127.0.0.1/",
        f"http://{HOST}?@127.0.0.1/",
        f"http://{HOST}/@127.0.0.1/",
        f"http://{HOST}/?http://127.0.0.1/",
        f"http://{HOST}//127.0.0.1/",
        f"http://{HOST}/..//127.0.0.1/",
        f"http://{HOST}:80#:22/",
        f"HTTP://{HOST.upper()}:/",
        f"http://{HOST}./",
        f"http://{HOST}/%0d%0aHost:%20127.0.0.1",
        f"http://{HOST}:443/",
        f"http://{PUBLIC}/",
        f"http://[{ALSO_PUBLIC}]/",
    ):
        yield Vector(url, url, ends=ANSWERED)


# --- hosts ------------------------------------------------------------------------------------------------------------


def forever(piece: bytes, first: bytes = b"HTTP/1.1 200 OK\r\n\r\n", pause: float = 0.0) -> Script:
    def play(connection: socket.socket) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(piece)
            time.sleep(pause)

    return play


def silence(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def hang_up(connection: socket.socket) -> None:
    connection.recv(4096)


@functools.cache
def zeros(megabytes: int, layers: int = 1) -> bytes:
    body = bytes(megabytes * 1_000_000)
    for _ in range(layers):
        body = gzip.compress(body, 9)
    return body


CHUNKED: Final = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
GZIPPED: Final = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
GZIP_HEAD: Final = gzip.compress(b"")[:10]
EMPTY_BLOCK: Final = b"\x00\x00\x00\xff\xff"
HEADERS: Final = b"HTTP/1.1 200 OK\r\n"


def dripping() -> Iterator[Vector]:
    def host(name: str, script: Script) -> Vector:
        return Vector(name, scripts=(script,), ends=FAILED, deadline=150)

    yield host("says nothing", silence)
    yield host("drips its status", forever(b"H", b"", 0.02))
    yield host("drips its headers", forever(b"a: b\r\n", HEADERS, 0.02))
    yield host("drips one endless header", forever(b"a", HEADERS + b"a: ", 0.02))
    yield host("drips its body", forever(b"a", HEADERS + b"Content-Length: 90000\r\n\r\n", 0.02))
    yield host("drips chunks", forever(b"1\r\na\r\n", CHUNKED, 0.02))
    yield host("drips interim answers", forever(b"HTTP/1.1 102 Processing\r\n\r\n", b"", 0.02))
    yield host("drips gzip that decodes to nothing", forever(EMPTY_BLOCK, GZIPPED + GZIP_HEAD, 0.02))


def endless() -> Iterator[Vector]:
    def host(name: str, script: Script, ends: tuple[type[DarkroomError] | None, ...] = TOO_LARGE) -> Vector:
        return Vector(name, scripts=(script,), ends=ends)

    interim = b"HTTP/1.1 103 E\r\nLocation: http://127.0.0.1/\r\n\r\n" * 500
    yield host("floods headers", forever(b"a: b\r\n" * 4000, HEADERS), FAILED)
    yield host("floods one header", forever(b"a" * 20_000, HEADERS + b"a: "), FAILED)
    yield host("floods its status", forever(b"a" * 20_000, b"HTTP/1.1 200 "), FAILED)
    yield host("floods interim answers", forever(b"HTTP/1.1 100 Continue\r\n\r\n" * 800, b""), FAILED)
    yield host("floods interim answers with a Location", forever(interim, b""), FAILED)
    yield host("has 150 KB of headers", response(x="a" * 150_000), FAILED)
    yield host("floods its body", forever(b"a" * 20_000))
    yield host("floods chunks", forever(b"4e20\r\n" + b"a" * 20_000 + b"\r\n", CHUNKED))
    yield host("floods one-byte chunks", forever(b"1\r\na\r\n" * 3000, CHUNKED))
    yield host("floods a chunk's extension", forever(b"a" * 20_000, CHUNKED + b"1;"), FAILED)
    yield host("floods gzip that decodes to nothing", forever(EMPTY_BLOCK * 4000, GZIPPED + GZIP_HEAD))
    yield host("floods empty gzip members", forever(gzip.compress(b"") * 800, GZIPPED))
    yield host("announces too much", response(content_length=str(LIMIT + 1)))
    yield host("announces a terabyte", response(content_length=str(10**12)))
    yield host("one byte above the limit", response(body=bytes(LIMIT + 1)))
    yield host("gzip bomb", response(body=zeros(30), content_encoding="gzip"))
    yield host("x-gzip bomb", response(body=zeros(30), content_encoding="X-GZIP"))
    yield host("gzip bomb of no announced length", GZIPPED + zeros(30))
    yield host("gzip bomb in members", response(body=zeros(1) * 30, content_encoding="gzip"))


def broken() -> Iterator[Vector]:
    def host(name: str, script: Script) -> Vector:
        return Vector(name, scripts=(script,), ends=FAILED)

    yield host("stops in its headers", response()[:30])
    yield host("stops in its body", response(body=bytes(99), content_length="100"))
    yield host("stops in a chunk", CHUNKED + b"ff\r\nabc")
    yield host("hangs up", hang_up)
    yield host("answers nothing", b"")
    yield host("announces a number of 5,000 digits", response(content_length="9" * 5000))
    yield host("announces a negative length", response(content_length="-1"))
    yield host("announces two lengths", response(content_length="5, 6"))
    yield host("gzip in gzip", response(body=zeros(30, 2), content_encoding="gzip, gzip"))
    yield host("gzip and identity", response(body=zeros(1), content_encoding="gzip,identity"))
    yield host("gzip that is none", response(body=b"hello", content_encoding="gzip"))
    yield host("gzip that breaks off", response(body=gzip.compress(b"hello")[:-4], content_encoding="gzip"))
    yield host("gzip and then rubbish", response(body=gzip.compress(b"hello") + b"rubbish", content_encoding="gzip"))
    yield host("gzip of a wrong checksum", response(body=gzip.compress(b"a")[:-8] + bytes(8), content_encoding="gzip"))
    for coding in ("br", "zstd", "deflate", "compress", "x-compress", "gzip;q=1", "\u00fcber", "*", "chunked"):
        yield host(f"encodes in {coding}", response(body=zlib.compress(bytes(1000)), content_encoding=coding))
    for coding in ("gzip", "gzip, chunked", "chunked, gzip", "identity, chunked", "xchunked", "chunked, chunked"):
        yield host(f"transfers in {coding}", response(transfer_encoding=coding))
    for chunk in (b"", b"-1", b"f" * 5000, b"0x5", b" 5", b"g"):
        yield host(f"a chunk of size {chunk[:5]!r}", CHUNKED + chunk + b"\r\nhello\r\n0\r\n\r\n")
    for junk in (
        b"\x16\x03\x01\x00\xa5",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"<html>\r\n\r\n",
        b"\x00" * 70_000,
        b"\r\n" * 40_000,
    ):
        yield host(f"speaks {junk[:12]!r}", junk)
    for line in ("HTTP/1.1 99 A", "HTTP/1.1 1000 A", "HTTP/1.1 -1 A", "HTTP/1.1 abc A", "HTTP/2 200 OK", "HTTP/1.1"):
        yield host(f"starts with {line!r}", line.encode() + b"\r\nContent-Length: 0\r\n\r\n")
    for header in ("a b: c", ": c", "a", "a\x00: b", "a: b\x00c", "Host : x", " a: b"):
        yield host(f"has the header {header!r}", HEADERS + header.encode() + b"\r\nContent-Length: 0\r\n\r\n")
    yield host("switches protocols", b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n\x00\x00")


def redirecting() -> Iterator[Vector]:
    targets = ("http://127.0.0.1/", "//[::1]/", "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd")
    for status in (301, 302, 303, 307, 308):
        loop = (redirect("/", status),) * 9
        yield Vector(f"{status} to itself for ever", scripts=loop, ends=FAILED, posted=ANSWERED)
        for target in targets:
            yield Vector(f"{status} to {target}", scripts=(redirect(target, status),), posted=ANSWERED)
    for location in ("http://[", "\\\\127.0.0.1", "http://127.0.0.1\\@a.example", "ht tp://a", "https://"):
        yield Vector(f"a Location {location!r}", scripts=(redirect(location),), posted=ANSWERED)
    yield Vector("a Location of 5,000 characters", scripts=(redirect("/" + "a" * 5000),), posted=ANSWERED)
    two = response(302, b"", location="/a\r\nLocation: http://127.0.0.1/")
    yield Vector("two Locations", scripts=(two,), posted=ANSWERED)
    yield Vector("a Refresh is no redirect", scripts=(response(refresh="0; url=http://127.0.0.1/"),), ends=ANSWERED)
    for status in (200, 201, 300, 304):
        not_one = response(status, b"", location="http://127.0.0.1/")
        yield Vector(f"{status} with a Location is no redirect", scripts=(not_one,), ends=ANSWERED)


FAMILIES: Final = {
    family.__name__: tuple(family())
    for family in (
        literal_v4,
        literal_v6,
        records,
        rebinding,
        odd_urls,
        harmless,
        dripping,
        endless,
        broken,
        redirecting,
    )
}
