"""Whose network address a request comes from."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str:
    """Return the address of the browser, or an empty string when there is none that is valid.

    Behind proxies it is the entry of X-Forwarded-For that the outermost of the operator's own has written: whatever
    stands left of it was sent by the visitor and means nothing.
    """
    address = request.META.get("REMOTE_ADDR", "")
    proxies: int = settings.PROXIES
    if proxies:
        hops = request.headers.get("X-Forwarded-For", "").split(",")
        if len(hops) >= proxies:
            address = hops[-proxies]
    return _valid(address.strip())


def network_of(address: str) -> str:
    """Return what one visitor holds: an IPv4 address, or the /64 that an IPv6 address lies in."""
    if not address or ipaddress.ip_address(address).version == 4:
        return address
    return str(ipaddress.ip_network(f"{address}/64", strict=False))


def _valid(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)
