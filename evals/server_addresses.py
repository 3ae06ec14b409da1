"""Which addresses a remote engine may have: servers, and never a cloud host's own metadata service."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import SplitResult, urlsplit

from evals.errors import InvalidSubmissionError, PolicyError

METADATA_HOSTS = frozenset({"metadata.google.internal", "fd00:ec2::254"})
"""Metadata services of clouds that have a name, or an address outside the link-local ranges."""


def check_server_address(url: str, *, field: str) -> None:
    """Refuse what is no plain http(s) address, and by PolicyError the host's own infrastructure; resolves nothing."""
    address = _parsed(url, field)
    if address.username is not None or address.password is not None:
        raise InvalidSubmissionError(
            "The address contains a password, which would be stored and shown.",
            remedy="Remove it; the operator names keys for remote engines in remotes.toml.",
            field=field,
        )
    host = address.hostname or ""
    if is_infrastructure(host):
        raise infrastructure_error(host, field)


def is_infrastructure(host: str) -> bool:
    """Tell whether a host, in any spelling of an IP address, is link-local or a cloud's metadata service."""
    if host.lower().rstrip(".") in METADATA_HOSTS:
        return True
    found = _ip_address(host)
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found
    return found is not None and (found.is_link_local or str(found) in METADATA_HOSTS)


def infrastructure_error(host: str, field: str) -> PolicyError:
    """Return the error for a host that `is_infrastructure`."""
    return PolicyError(
        f"{host} is an address of the host's own infrastructure.",
        remedy="Name the server that runs the engine.",
        field=field,
    )


def _parsed(url: str, field: str) -> SplitResult:
    try:
        address = urlsplit(url)
        host = address.hostname or ""
        host.encode("idna")
        is_server = address.scheme in ("http", "https") and host != "" and address.port != 0
    except ValueError:
        is_server = False
    if not is_server or address.query or address.fragment:
        raise InvalidSubmissionError(
            f"{url!r} is no server's address.", remedy="Write http://host:port or https://host.", field=field
        )
    return address


def _ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        pass
    try:
        # Resolvers also take decimal, hexadecimal, octal and shortened spellings of an IPv4 address.
        return ipaddress.IPv4Address(socket.inet_aton(host.rstrip(".")))
    except (OSError, ValueError):
        return None
