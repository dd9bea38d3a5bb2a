"""The contract's rules for names that people choose: a check returns the name or raises ValueError with a sentence."""

from __future__ import annotations

import re
import unicodedata

PROJECT_NAME_LENGTH = 128
SUBDOMAIN_LENGTHS = range(3, 64)
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


def subdomain(name: str) -> str:
    """3 to 63 of lower-case letters, digits and hyphens, none at either end (contract: apply 5.1 and 2.14)."""
    if len(name) not in SUBDOMAIN_LENGTHS:
        raise ValueError("A subdomain has 3 to 63 characters.")
    if not _SUBDOMAIN.fullmatch(name):
        raise ValueError("A subdomain is made of lower-case letters, digits and hyphens.")
    if name.startswith("-") or name.endswith("-"):
        raise ValueError("A subdomain neither starts nor ends with a hyphen.")
    return name
