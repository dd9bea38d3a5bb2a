"""Which IP addresses are the public internet. Written out, since Python's own lists differ between its versions."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

# IANA's special-purpose registry, and the one public address under which Azure serves a machine its secrets.
_NOT_PUBLIC_4 = tuple(
    map(
        IPv4Network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
            *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
            *("224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32"),
        ),
    )
)
# Of IPv6 only 2000::/3 is given out; inside it these are not: protocols (Teredo among them), documentation.
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20")))
_NAT64 = IPv6Network("64:ff9b::/96")
# Nobody means these, whatever name an operator allows: self-configured addresses, where clouds keep credentials,
# groups, "any", and the odd metadata services outside of them.
_NEVER_4 = tuple(
    map(
        IPv4Network,
        (
            *("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "100.100.100.200/32", "192.0.0.192/32"),
            "168.63.129.16/32",
        ),
    )
)
_NEVER_6 = tuple(
    map(IPv6Network, ("::/128", "fe80::/10", "ff00::/8", "fd00:ec2::254/128", "fd20:ce::254/128"))
)


def is_public(address: str) -> bool:
    """Say whether an address of the resolver's is on the public internet, and so is any that it wraps.

    >>> [is_public(text) for text in ("1.1.1.1", "10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2606:4700::1")]
    [True, False, False, False, True]
    """
    parsed = parse(address)
    return parsed is not None and _is_public(parsed)


def is_never(address: str) -> bool:
    """Say whether not even an operator's permission opens this address."""
    parsed = parse(address)
    if parsed is None:
        return True
    inner = _wrapped(parsed) if isinstance(parsed, IPv6Address) else None
    return _is_never(parsed) or (inner is not None and _is_never(inner))


def parse(text: str) -> Address | None:
    """Return the address; None for a zone id or anything else that is not one."""
    try:
        return None if "%" in text else ip_address(text)
    except ValueError:
        return None


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    inner = _wrapped(address)
    if inner is not None and not _is_public(inner):
        return False
    if address in _NAT64:
        return True
    return address in _PUBLIC_6 and not any(address in network for network in _NOT_PUBLIC_6)


def _is_never(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return any(address in network for network in _NEVER_4)
    return any(address in network for network in _NEVER_6)


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address inside a mapped, NAT64 or 6to4 address."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.sixtofour
