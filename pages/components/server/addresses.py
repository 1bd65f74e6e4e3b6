"""Which addresses a person may type into a page.

On somebody's own computer: any http or https address. Where others can reach the app, an address is a way to make
the server fetch things for a stranger, from its own network too; so there it must be https and public, unless the
operator allows its host.

A name could point to a public address while it is checked and to a private one a moment later. That is why https is
asked for, and not only a public address: a server inside the network has no certificate for the stranger's name, so
the connection ends in the TLS handshake, before a byte of a request is sent. The client follows no redirect.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection, Iterable, Mapping
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from pages.components.server import deployment

Resolver = Callable[[str, int], Iterable[str]]

_NO_ADDRESS = "This is not a whole web address; https://api.example.com is one."
ALLOWED_VARIABLE = "RERANK_ALLOWED_HOSTS"
# Global by their number, at least to some versions of Python, and yet answered from inside: clouds' own services,
# and relays and old forms that wrap an IPv4 address.
_NEVER = tuple(
    ip_network(text)
    for text in (
        "100.64.0.0/10",
        "168.63.129.16/32",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "::/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "fec0::/10",
    )
)


def check(address: str) -> str | None:
    """The rule as it stands for this copy of the app: why a typed address must not be called, or None."""
    return refusal(address, restricted=deployment.shared(), allowed=allowed_hosts())


def refusal(
    address: str, *, restricted: bool, allowed: Collection[str] = (), resolve: Resolver | None = None
) -> str | None:
    """Why this address must not be called, in one or two sentences that say what to do; None where it may.

    `restricted` is the rule for an app that others can reach; `allowed` the hosts that the operator permits there
    ("name", or "*.name" for everything under it); `resolve` gives the IP addresses of a host name.
    """
    try:
        split = urlsplit(address)
        scheme, host, port = split.scheme.lower(), (split.hostname or "").rstrip("."), split.port
    except ValueError:
        return _NO_ADDRESS
    if scheme not in ("http", "https") or not host or not address.isprintable() or " " in address:
        return _NO_ADDRESS
    if split.username is not None or split.password is not None:
        return "The address holds a user name or a password. Leave them out; the key has a field of its own."
    if split.query or split.fragment:
        return "The address goes on after a ? or a # . Give only what is before it."
    if not restricted or _is_named(host, allowed):
        return None
    if scheme != "https":
        return "This app is shared, so an address has to be https. Use the service's https address."
    try:
        found = list((resolve or resolve_name)(host, port or 443))
    except (OSError, UnicodeError):
        found = []
    if not found:
        return "No server is known by this name. Check the spelling of the address."
    if not all(_is_public(text) for text in found):
        return (
            "This address is inside a private network, and this app is shared, so it does not call it. "
            "Use a public address, or ask whoever runs the app to allow this host."
        )
    return None


def problem() -> str | None:
    """What is wrong with [addresses] of the secrets file, with its cure, for the check at the start; None where all is
    well."""
    found = deployment.secrets().get("addresses", {})
    if not isinstance(found, Mapping) or set(found) - {"allow"}:
        return 'addresses in secrets.toml is no section with allow alone. Write [addresses] and allow = ["a-host"].'
    listed = found.get("allow", [])
    hosts = [listed] if isinstance(listed, str) else listed
    if not isinstance(hosts, list) or not all(isinstance(host, str) for host in hosts):
        return '[addresses] allow in secrets.toml is not a list of texts. Write allow = ["rerank.internal.example"].'
    if wrong := [host for host in hosts if "/" in host or host != "".join(host.split()) or host.strip("*.") == ""]:
        return f'[addresses] allow in secrets.toml holds "{wrong[0]}". Name the host alone, without https:// and path.'
    return None


def allowed_hosts() -> tuple[str, ...]:
    """The hosts that the operator permits: [addresses] allow in the secrets file, and RERANK_ALLOWED_HOSTS."""
    listed = deployment.section("addresses").get("allow", [])
    texts = [*([listed] if isinstance(listed, str) else listed), *os.environ.get(ALLOWED_VARIABLE, "").split(",")]
    return tuple(str(text).strip().lower().rstrip(".") for text in texts if str(text).strip())


def resolve_name(host: str, port: int) -> list[str]:
    """Every IP address of a host name, as a connection would see them. Raises OSError where there is none."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _is_named(host: str, allowed: Collection[str]) -> bool:
    return any(host == name or (name.startswith("*.") and host.endswith(name[1:])) for name in allowed)


def _is_public(text: str) -> bool:
    """Whether an IP address is out on the internet, seen through the IPv6 forms that hide an IPv4 address."""
    try:
        address = ip_address(text.split("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and (address.ipv4_mapped or address.teredo):
        return address.ipv4_mapped is not None and _is_public(str(address.ipv4_mapped))
    wrapped = any(address in network for network in _NEVER if network.version == address.version)
    return address.is_global and not address.is_multicast and not address.is_reserved and not wrapped
