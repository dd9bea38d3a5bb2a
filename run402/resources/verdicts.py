"""A sentence for every literal a resolution is documented to hold, and where to look next (contract: apply 3.6)."""

from __future__ import annotations

from collections.abc import Mapping

MATCHES: Mapping[str, str] = {
    "host_missing": "No project is bound to this host name.",
    "manifest_missing": "The live release has no manifest of its files, so nothing can be served from it.",
    "active_release_missing": "The project has no live release.",
    "unsupported_manifest_version": "The live release was written in a form that the gateway no longer reads.",
    "path_error": "The path cannot be read: it is not validly encoded or leads outside the site.",
    "none": "Nothing of the live release matches this path.",
    "static_exact": "A file of the site is served.",
    "static_index": "The index page of a folder is served.",
    "spa_fallback": "No file matches, and the entry page of the app is served in its place.",
    "spa_fallback_missing": "The entry page of the app should be served here, but the release does not have it.",
    "route_function": "A route leads to a function.",
    "route_static_alias": "A route leads to a file of the site.",
    "route_method_miss": "A route matches the path but does not answer this method.",
}
AUTHORIZATIONS: Mapping[str, str] = {
    "authorized": "The file may be served.",
    "not_public": "The file is in the release, but no public path leads to it.",
    "not_applicable": "No file is involved.",
    "manifest_missing": "The file cannot be checked, because the release has no manifest of its files.",
    "target_missing": "What the path leads to is not in the release.",
    "active_release_missing": "The file cannot be checked, because the project has no live release.",
    "unsupported_manifest_version": "The file cannot be checked: the release's manifest is in an unreadable form.",
    "path_error": "The file cannot be checked, because the path cannot be read.",
    "missing_cas_object": "The bytes of the file are missing in the gateway's store.",
    "unfinalized_or_deleting_cas_object": "The bytes of the file are not ready yet, or are being removed.",
    "size_mismatch": "The stored bytes have another size than the release says.",
    "unauthorized_cas_object": "The project may not use the stored bytes that the release refers to.",
}
FALLBACKS: Mapping[str, str] = {
    "unavailable": "Whether an entry page takes over could not be found out.",
    "active_release_missing": "There is no live release whose entry page could take over.",
    "unsupported_manifest_version": "The release's form does not tell whether an entry page takes over.",
    "negative_cache_hit": "The gateway remembers that nothing was here a moment ago.",
    "path_error": "No entry page takes over for a path that cannot be read.",
    "method_not_static": "No entry page takes over for this method.",
    "not_used": "No entry page was needed.",
    "target_missing": "The entry page that should take over is not in the release.",
    "used": "The entry page took over.",
    "not_configured": "The release names no entry page that takes over.",
    "not_eligible": "No entry page takes over for a path like this one.",
}
CAS_FAILURES = frozenset(
    {"missing_cas_object", "unfinalized_or_deleting_cas_object", "size_mismatch", "unauthorized_cas_object"}
)
_CATEGORIES: Mapping[str, str] = {
    "host_missing": "host",
    "manifest_missing": "manifest",
    "unsupported_manifest_version": "manifest",
    "active_release_missing": "release",
    "path_error": "path",
    "static_exact": "static",
    "static_index": "static",
    "spa_fallback": "fallback",
    "spa_fallback_missing": "fallback",
    "route_function": "route",
    "route_static_alias": "route",
    "route_method_miss": "route_method",
    "none": "miss",
}
STEPS: Mapping[str, tuple[str, ...]] = {
    "cas": ("inspect_cas_object", "retry_after_cas_finalization", "redeploy_static_asset"),
    "route_method": ("check_route_methods", "inspect_route"),
    "release": ("deploy_release", "check_active_release"),
    "manifest": ("redeploy_static_site", "inspect_release"),
    "route": ("inspect_route", "inspect_release"),
    "static": ("check_public_path", "inspect_release_asset"),
    "host": ("check_domain_binding", "check_dns", "check_credentials"),
    "path": ("check_static_path",),
    "fallback": ("restore_spa_fallback", "check_spa_fallback"),
    "miss": ("check_static_path", "check_public_path", "check_spa_fallback"),
}


def category(match: str, fallback_state: str | None) -> str:
    """Which part of the serving decided."""
    if match == "none" and fallback_state == "target_missing":
        return "fallback"
    return _CATEGORIES.get(match, "unknown")


def sentence(sentences: Mapping[str, str], word: str | None) -> str:
    """The sentence of a literal; an unknown one is named."""
    return sentences.get(word or "", f"The gateway says “{word}”, which this client does not know.")
