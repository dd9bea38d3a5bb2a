"""The contract's rules for names that people choose: a check returns the name or raises ValueError with a sentence."""

from __future__ import annotations

import re
import unicodedata

PROJECT_NAME_LENGTH = 128
SECRET_BYTES = 4096
SUBDOMAIN_LENGTHS = range(3, 64)
SECRET = re.compile(r"[A-Z_][A-Z0-9_]{0,127}")
_SUBDOMAIN = re.compile(r"[a-z0-9-]+")


def project_name(name: str) -> str:
    """1 to 128 characters, no control characters (contract: apply 1.3)."""
    if not name.strip():
        raise ValueError("Give the project a name.")
    if len(name) > PROJECT_NAME_LENGTH:
        raise ValueError(
            f"A project name has at most {PROJECT_NAME_LENGTH} characters; this one has {len(name)}."
        )
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        raise ValueError("A project name holds no line breaks, tabs or other control characters.")
    return name


def secret(key: str) -> str:
    """1 to 128 capital letters, digits and underscores, no digit first (contract: apply 6)."""
    if not SECRET.fullmatch(key):
        raise ValueError(
            "A secret's name is made of capital letters, digits and underscores, starts with no digit,"
            " and has at most 128 characters."
        )
    return key


def secret_value(value: str) -> str:
    """At most 4,096 bytes of UTF-8 (contract: apply 6). The sentence never repeats the value."""
    # The codec's own error would carry the value.
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("A secret's value is a text of UTF-8.")
    size = len(value.encode())
    if size > SECRET_BYTES:
        raise ValueError(f"A secret's value has at most {SECRET_BYTES} bytes; this one has {size}.")
    return value


def subdomain(name: str) -> str:
    """3 to 63 of lower-case letters, digits and hyphens, none at either end (contract: apply 5.1 and 2.14)."""
    if len(name) not in SUBDOMAIN_LENGTHS:
        raise ValueError("A subdomain has 3 to 63 characters.")
    if not _SUBDOMAIN.fullmatch(name):
        raise ValueError("A subdomain is made of lower-case letters, digits and hyphens.")
    if name.startswith("-") or name.endswith("-"):
        raise ValueError("A subdomain neither starts nor ends with a hyphen.")
    return name
