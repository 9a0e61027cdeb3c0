"""Which URLs may be fetched for a stranger, and which IP addresses a connection may be made to.

Pure: no name is resolved here. One strict reading of a URL decides both what is checked and what is sent, so no second
parser can see another host in it. Spellings that lenient libraries take for IPv4 addresses (decimal, hex, octal, short)
are refused rather than understood.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urljoin

from darkroom.domain import limits
from darkroom.errors import UnacceptableUrlError

PORTS: Final = {"http": 80, "https": 443}
Place = tuple[str, int]
"""A host and a port, the host as `WebAddress` spells it."""
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

# IANA's IPv4 and IPv6 special-purpose registries, less what they call globally reachable and unlike a private network.
# Written out, because `ipaddress` knows other lists in other Python versions.
_V4_REFUSED: Final = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",  # this host
            "10.0.0.0/8",
            "100.64.0.0/10",  # carrier-grade NAT, and what many clouds route inside
            "127.0.0.0/8",
            "169.254.0.0/16",  # link-local: instance and task metadata
            "172.16.0.0/12",
            "192.0.0.0/24",  # IETF protocol assignments
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # 6to4 relay anycast
            "192.168.0.0/16",
            "198.18.0.0/15",  # benchmarking
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
# All that IANA has given out for the open internet. Outside it, and so refused: ::/96 and ::ffff:0:0/96 (IPv4 in
# disguise), 64:ff9b::/96 and 64:ff9b:1::/48 (NAT64), 100::/64, 5f00::/16, fc00::/7, fe80::/10, fec0::/10, ff00::/8.
_V6_GLOBAL: Final = ipaddress.IPv6Network("2000::/3")
_V6_REFUSED: Final = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # IETF protocol assignments: Teredo (an IPv4 address inside), ORCHID, benchmarking
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4: an IPv4 address inside
            "3fff::/20",  # documentation
        ),
    )
)

_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)(\?[^#]*)?(?:#.*)?")
_AUTHORITY: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]+))(?::([0-9]{0,5}))?")
_HOST: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))+")
_LAST_LABEL_IS_A_NUMBER: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_ODD_CHARACTER: Final = re.compile(r"[\x00-\x20\x7f-\x9f\\\u2028\u2029\ud800-\udfff]")
_HOST_CHARACTERS: Final = 253


@dataclass(frozen=True, slots=True)
class WebAddress:
    """A URL that passed the rules, in the parts that a request is made of.

    `host` is ASCII and lower case, without brackets or a trailing dot; `target` is the path and the query as they
    are sent. `literal` says that the host is an IP address in its usual spelling.
    """

    scheme: str
    host: str
    port: int
    target: str
    literal: bool

    @property
    def place(self) -> Place:
        return self.host, self.port

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def parse(url: str, loopback: frozenset[Place] = frozenset()) -> WebAddress:
    """Read a URL strictly; `loopback` holds places whose ports are let by besides the usual two.

    Raises UnacceptableUrlError, whose words never repeat the URL: it may hold a secret.
    """
    if len(url) > limits.URL_CHARACTERS:
        raise UnacceptableUrlError(f"The URL is longer than {limits.URL_CHARACTERS} characters")
    if _ODD_CHARACTER.search(url):
        raise UnacceptableUrlError("The URL has a space, a backslash or a control character in it")
    parts = _URL.fullmatch(url)
    if not parts:
        raise UnacceptableUrlError("The URL is not of the form https://host/path")
    scheme, authority, path, query = parts[1].lower(), parts[2], parts[3], parts[4] or ""
    if scheme not in PORTS:
        raise UnacceptableUrlError("The URL's scheme is neither http nor https")
    if "@" in authority:
        raise UnacceptableUrlError("The URL carries a user name")
    named = _AUTHORITY.fullmatch(authority)
    if not named:
        raise UnacceptableUrlError("The URL's host or port cannot be read")
    port = int(named[3] or PORTS[scheme])
    host, literal = (_v6(named[1]), True) if named[1] else _name_or_v4(named[2])
    if port not in PORTS.values() and (host, port) not in loopback:
        raise UnacceptableUrlError(f"The URL names port {port}")
    return WebAddress(scheme, host, port, quote((path or "/") + query, safe="/?%:@!$&'()*+,;=~"), literal)


def is_public(address: str) -> bool:
    """Whether a resolved address, in text, is one of the open internet."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv4Address):
        return not any(ip in network for network in _V4_REFUSED)
    return ip.scope_id is None and ip in _V6_GLOBAL and not any(ip in network for network in _V6_REFUSED)


def place_on_loopback(text: str) -> Place | None:
    """`127.0.0.1:8080` or `[::1]:8080`, None for what is no loopback address with a port."""
    named = _AUTHORITY.fullmatch(text)
    if named is None or not named[3] or not 0 < int(named[3]) < 65_536:
        return None
    try:
        host = str(ipaddress.IPv6Address(named[1]) if named[1] else ipaddress.IPv4Address(named[2]))
    except ValueError:
        return None
    return (host, int(named[3])) if host == "::1" or host.startswith("127.") else None


def redirection(
    address: WebAddress, status: int, location: str | None, loopback: frozenset[Place] = frozenset()
) -> WebAddress | None:
    """Where an answer of `address` sends its reader, None where it does not; `loopback` as in `parse`.

    Raises UnacceptableUrlError for a target that breaks the rules, or that gives up TLS: whoever sits between could
    then hand in any content under the name that the caller trusted.
    """
    if status not in REDIRECTS or location is None:
        return None
    if len(location) > limits.URL_CHARACTERS or _ODD_CHARACTER.search(location):
        raise UnacceptableUrlError("The URL redirects to something that is not a URL")
    try:
        onward = parse(urljoin(address.url, location), loopback)
    except ValueError as error:
        raise UnacceptableUrlError("The URL redirects to something that is not a URL") from error
    if address.scheme == "https" and onward.scheme == "http":
        raise UnacceptableUrlError("The URL redirects from https to http")
    return onward


def _v6(text: str) -> str:
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError as error:
        raise UnacceptableUrlError("The URL's host is not an IPv6 address") from error


def _name_or_v4(text: str) -> tuple[str, bool]:
    host = _ascii(text).lower().removesuffix(".")
    if _LAST_LABEL_IS_A_NUMBER.fullmatch(host):
        try:
            return str(ipaddress.IPv4Address(host)), True
        except ValueError as error:
            raise UnacceptableUrlError("The URL's host is a number, or an IPv4 address in an odd spelling") from error
    if len(host) > _HOST_CHARACTERS or not _HOST.fullmatch(host):
        raise UnacceptableUrlError("The URL's host is not the full name of a public host")
    return host, False


def _ascii(host: str) -> str:
    if host.isascii():
        return host
    import idna  # its tables cost time that only these hosts need

    if len(host) > _HOST_CHARACTERS:
        raise UnacceptableUrlError("The URL's host is not the full name of a public host")
    try:
        return idna.encode(host, uts46=True, std3_rules=True).decode("ascii")
    except UnicodeError as error:
        raise UnacceptableUrlError("The URL's host is not a name that the domain name system knows") from error
