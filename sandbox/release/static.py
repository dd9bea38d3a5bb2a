"""Which addresses show which file, and how long a browser may keep it (apply 2.15)."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from sandbox.ids import digest
from sandbox.release.state import ReleaseState

IMMUTABLE = "immutable_versioned"
_HASHED_PART = re.compile(r"[._-][0-9a-fA-F]{8,}(?=[._-])|[0-9a-fA-F]{12,}(?=\.[^.]*$|$)")


@dataclass(frozen=True)
class Address:
    """One public path. `direct` is False for a route, which is matched before the files."""

    public_path: str
    asset_path: str
    authority: str
    direct: bool
    cache_class: str
    source: str
    content_type: str

    def row(self) -> dict[str, Any]:
        methods = {} if self.direct else {"methods": ["GET", "HEAD"], "route_id": self.public_path}
        return {
            "public_path": self.public_path,
            "asset_path": self.asset_path,
            "reachability_authority": self.authority,
            "direct": self.direct,
            "cache_class": self.cache_class,
            "content_type": self.content_type,
            **methods,
        }


def addresses(state: ReleaseState) -> list[Address]:
    """Everything that is reachable, files first, then routes."""
    found: list[Address] = []
    if state.public_paths.mode == "explicit":
        for path, entry in sorted(state.public_paths.entries.items()):
            found.append(_address(state, path, entry.asset, "explicit_public_path", entry.cache_class))
    else:
        for asset in sorted(state.site):
            found += [_address(state, path, asset, "implicit_file_path") for path in _implicit_paths(asset)]
    for route in state.aliases:
        found.append(_address(state, route.pattern, route.file, "route_static_alias"))
    return found


def _implicit_paths(asset: str) -> list[str]:
    """A folder's index.html answers for the folder, too."""
    folder = asset.removesuffix("index.html")
    is_index = folder != asset and (folder == "" or folder.endswith("/"))
    return [f"/{asset}", f"/{folder}"] if is_index else [f"/{asset}"]


def _address(
    state: ReleaseState, path: str, asset: str, authority: str, declared: str | None = None
) -> Address:
    kind = state.site[asset].content_type
    cache_class, source = classify(asset, kind, declared)
    return Address(path, asset, authority, authority != "route_static_alias", cache_class, source, kind)


def classify(asset: str, content_type: str, declared: str | None = None) -> tuple[str, str]:
    """Cache class and where it comes from."""
    hashed = _HASHED_PART.search(asset.rsplit("/", 1)[-1]) is not None
    if declared == IMMUTABLE and not hashed:
        return "revalidating_asset", "downgraded"
    if declared is not None:
        return declared, "declared"
    if asset.endswith(".html") or content_type.startswith("text/html"):
        return "html", "inferred_html"
    if hashed:
        return IMMUTABLE, "inferred_sha_filename"
    return "revalidating_asset", "legacy"


def cache_control(cache_class: str) -> str:
    if cache_class == IMMUTABLE:
        return "public, max-age=31536000, immutable"
    return "public, max-age=0, must-revalidate"


def spa_fallback(state: ReleaseState) -> str | None:
    """The page that answers for unknown addresses of a single-page app."""
    is_app = state.public_paths.mode == "implicit" and "index.html" in state.site
    return "/index.html" if is_app else None


def metadata(state: ReleaseState) -> dict[str, Any]:
    found = addresses(state)
    return {
        "file_count": len(state.site),
        "total_bytes": sum(file.size for file in state.site.values()),
        "cache_classes": dict(Counter(address.cache_class for address in found)),
        "cache_class_sources": dict(Counter(address.source for address in found)),
        "spa_fallback": spa_fallback(state),
    }


def manifest_sha256(state: ReleaseState) -> str:
    rows = [
        {**address.row(), "sha256": state.site[address.asset_path].sha256} for address in addresses(state)
    ]
    return digest({"schema": "run402.static_manifest.v1", "paths": rows, "spa_fallback": spa_fallback(state)})
