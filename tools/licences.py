"""Are all installed packages under a licence that an MIT project may depend on?"""

from __future__ import annotations

import importlib.metadata as metadata
import re

# LGPL and MPL bind changes to the library itself, which we use as it is.
ALLOWED = {
    *("MIT", "MIT-0", "ISC", "Zlib", "Unlicense", "The Unlicense", "Public Domain", "CC0-1.0"),
    *("BSD", "BSD-2-Clause", "BSD-3-Clause", "3-Clause BSD", "Apache-2.0", "Apache 2.0", "Apache Software"),
    *("PSF-2.0", "Python Software Foundation", "CNRI-Python", "Artistic"),
    *("MPL-2.0", "Mozilla Public License 2.0", "LGPL-3.0-only"),
}

NONE = "none stated"


def declared(package: metadata.PackageMetadata) -> str:
    """The licence as an SPDX-like expression; several classifiers mean a choice."""
    if "License-Expression" in package:
        return str(package["License-Expression"])
    classifiers = [text for text in package.get_all("Classifier") or [] if text.startswith("License ::")]
    named = [_short(text.rsplit("::", 1)[1]) for text in classifiers]
    stated = package.get_all("License") or [NONE]
    return " OR ".join(named) or _short(stated[0].splitlines()[0])


def stated(package: metadata.Distribution) -> str:
    """The declared licence; where none is, the first line of the licence's text, which names it."""
    found = declared(package.metadata)
    if found != NONE:
        return found
    texts = (package.read_text(f"licenses/{name}") for name in package.metadata.get_all("License-File") or [])
    return next((_short(text.strip().splitlines()[0]) for text in texts if text and text.strip()), NONE)


def _short(name: str) -> str:
    """`Mozilla Public License 2.0 (MPL 2.0)` without its abbreviation, `MIT License` without the obvious."""
    return re.sub(r"\s*\(.*\)$", "", name.strip()).removesuffix(" License")


def is_allowed(expression: str) -> bool:
    """Every part joined by AND must be allowed, of those joined by OR one."""
    parts = [re.split(r"\s+OR\s+", part.strip("() ")) for part in re.split(r"\s+AND\s+", expression)]
    return all(any(choice.strip() in ALLOWED for choice in choices) for choices in parts)


def refused() -> list[str]:
    """`name: licence` of every package that is not allowed."""
    found = {one.metadata["Name"]: stated(one) for one in metadata.distributions()}
    return [f"{name}: {licence}" for name, licence in sorted(found.items()) if not is_allowed(licence)]


def count() -> int:
    return len({one.metadata["Name"] for one in metadata.distributions()})
