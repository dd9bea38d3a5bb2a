"""The slices of a manifest that are neither code nor SQL (contract: apply 2.3, routes 4.1)."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext as _

from deploys.manifests.checks import Document, choice, invalid, mapping, one_of, sequence, text, texts
from deploys.manifests.files import Files, checked_file_path
from run402 import names

ABSENT: Any = object()

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MAX_ROUTES = 100
_SECRET = re.compile(r"[A-Z_][A-Z0-9_]{0,127}")
_LOCALE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def deploys_something(spec: Document) -> bool:
    """Say whether any section counts as a change (contract: apply 2.2, the table of what counts)."""
    site, functions = spec.get("site") or {}, spec.get("functions") or {}
    database, patch = spec.get("database") or {}, site.get("patch") or {}
    function_patch = functions.get("patch") or {}
    return any(
        (
            site.get("replace"),
            patch.get("put") or patch.get("delete"),
            "public_paths" in site and not {"replace", "patch"} & set(site),
            functions.get("replace") or function_patch.get("set") or function_patch.get("delete"),
            database.get("migrations") or database.get("expose"),
            any((spec.get("secrets") or {}).values()),
            any((spec.get("subdomains") or {}).values()),
            spec.get("routes"),
            spec.get("checks"),
            "i18n" in spec,
        )
    )


def base(doc: Document) -> Any:
    """{release: current | empty} or {release_id}; both together are refused."""
    if doc.get("base") is None:
        return ABSENT
    value = mapping(doc["base"], "base", {"release", "release_id"})
    if len(value) != 1:
        raise invalid("base", _("takes either release or release_id."))
    if "release" in value:
        return {"release": choice(value["release"], "base.release", ("current", "empty"))}
    return {"release_id": text(value["release_id"], "base.release_id")}


def secrets(doc: Document) -> Any:
    """Names only. A manifest with values is refused without repeating them."""
    if doc.get("secrets") is None:
        return ABSENT
    value = mapping(doc["secrets"], "secrets")
    for name in ("set", "replace_all", "replaceAll"):
        if name in value:
            raise invalid(
                f"secrets.{name}",
                _("values never travel in a spec. Take them out, and change them if they were real."),
            )
    value = mapping(value, "secrets", {"require", "delete"})
    found = {name: _secret_names(value[name], f"secrets.{name}") for name in value}
    both = set(found.get("require", ())) & set(found.get("delete", ()))
    if both:
        raise invalid("secrets", _("“%(name)s” is required and deleted at once.") % {"name": min(both)})
    return found


def _secret_names(value: object, path: str) -> list[str]:
    found = texts(value, path)
    for name in found:
        if not _SECRET.fullmatch(name):
            raise invalid(
                path, _("a secret's name has capital letters, digits and “_”, and starts with no digit.")
            )
    return found


def site(doc: Document, files: Files) -> Any:
    """Either the complete set of files or a patch, and which paths are public."""
    if doc.get("site") is None:
        return ABSENT
    value = mapping(doc["site"], "site", {"replace", "patch", "public_paths"})
    if "replace" in value and "patch" in value:
        raise invalid("site", _("takes either replace or patch."))
    found: dict[str, Any] = {}
    if "replace" in value:
        found["replace"] = files.read_map(value["replace"], "site.replace")
    if "patch" in value:
        found["patch"] = _site_patch(value["patch"], files)
    if value.get("public_paths") is not None:
        found["public_paths"] = _public_paths(value["public_paths"])
    return found


def _site_patch(value: object, files: Files) -> dict[str, Any]:
    patch = mapping(value, "site.patch", {"put", "delete"})
    found: dict[str, Any] = {}
    if "put" in patch:
        found["put"] = files.read_map(patch["put"], "site.patch.put")
    if "delete" in patch:
        found["delete"] = [
            checked_file_path(name, "site.patch.delete")
            for name in texts(patch["delete"], "site.patch.delete")
        ]
    return found


def _public_paths(value: object) -> dict[str, Any]:
    path = "site.public_paths"
    paths = mapping(value, path, {"mode", "replace"})
    mode = choice(paths.get("mode"), f"{path}.mode", ("implicit", "explicit"))
    if mode == "implicit":
        if "replace" in paths:
            raise invalid(f"{path}.replace", _("belongs to the explicit mode only."))
        return {"mode": mode}
    entries = mapping(paths.get("replace"), f"{path}.replace")
    return {"mode": mode, "replace": {name: _public_path(name, entry) for name, entry in entries.items()}}


def _public_path(name: str, value: object) -> dict[str, Any]:
    path = f"site.public_paths.replace.{name}"
    if not name.startswith("/"):
        raise invalid(path, _("a public path starts with “/”."))
    entry = mapping(value, path, {"asset", "cache_class"})
    text(entry.get("asset"), f"{path}.asset")
    return entry


def subdomains(doc: Document) -> Any:
    """Names by the contract's rule; `set` takes one (contract: apply 2.3.6)."""
    if doc.get("subdomains") is None:
        return ABSENT
    value = mapping(doc["subdomains"], "subdomains", {"set", "add", "remove"})
    found = {name: texts(value[name], f"subdomains.{name}") for name in value}
    if len(found.get("set", ())) > 1:
        raise invalid(
            "subdomains.set", _("a project has one subdomain."), code="SUBDOMAIN_MULTI_NOT_SUPPORTED"
        )
    for part in found:
        for name in found[part]:
            try:
                names.subdomain(name)
            except ValueError as error:
                raise invalid(f"subdomains.{part}", str(error)) from None
    return found


def routes(doc: Document) -> Any:
    """The complete new table; null carries the old one forward."""
    if doc.get("routes") is None:
        return ABSENT
    value = mapping(doc["routes"], "routes")
    if any(key.startswith("/") for key in value):
        raise invalid(
            "routes",
            _("routes are a list under routes.replace, each with its pattern, not keys of an object."),
        )
    entries = sequence(mapping(value, "routes", {"replace"}).get("replace"), "routes.replace")
    if len(entries) > MAX_ROUTES:
        raise invalid("routes.replace", _("a table has at most %(most)s routes.") % {"most": MAX_ROUTES})
    return {"replace": [_route(entry, f"routes.replace[{number}]") for number, entry in enumerate(entries)]}


def _route(value: object, path: str) -> dict[str, Any]:
    entry = mapping(value, path, {"pattern", "methods", "target", "acknowledge_readonly", "pricing"})
    pattern = text(entry.get("pattern"), f"{path}.pattern")
    if not pattern.startswith("/") or "?" in pattern or pattern in ("/*", "*"):
        raise invalid(f"{path}.pattern", _("starts with “/”, has no “?”, and is more than a bare wildcard."))
    if "*" in pattern.removesuffix("/*"):
        raise invalid(f"{path}.pattern", _("“*” stands only at the end, as “/*”."))
    if "methods" in entry:
        _methods(entry["methods"], f"{path}.methods")
    _target(entry, pattern, path)
    return entry


def _methods(value: object, path: str) -> None:
    for method in texts(value, path) or [""]:
        choice(method, path, METHODS)


def _target(entry: Document, pattern: str, path: str) -> None:
    target = mapping(entry.get("target"), f"{path}.target", {"type", "name", "file"})
    kind = choice(target.get("type"), f"{path}.target.type", ("function", "static"))
    if kind == "function":
        text(target.get("name"), f"{path}.target.name")
        return
    file = text(target.get("file"), f"{path}.target.file")
    checked_file_path(file, f"{path}.target.file")
    if "*" in pattern:
        raise invalid(f"{path}.pattern", _("a static target needs a pattern without “*”."))
    if sorted(entry.get("methods") or ()) not in (["GET"], ["GET", "HEAD"]):
        raise invalid(f"{path}.methods", _("a static target answers GET, or GET and HEAD."))


def checks(doc: Document) -> Any:
    """Smoke checks are passed on as they are (contract: apply 2.3.8)."""
    if doc.get("checks") is None:
        return ABSENT
    return sequence(doc["checks"], "checks")


def i18n(doc: Document) -> Any:
    """Languages; an explicit null clears them (contract: apply 2.3.10)."""
    if "i18n" not in doc:
        return ABSENT
    if doc["i18n"] is None:
        return None
    keys = {
        "defaultLocale",
        "default_locale",
        "locales",
        "detect",
        "unknownLocalePolicy",
        "unknown_locale_policy",
    }
    value = mapping(doc["i18n"], "i18n", keys)
    locales = texts(value.get("locales"), "i18n.locales")
    if not 1 <= len(locales) <= 50 or not all(_LOCALE.fullmatch(locale) for locale in locales):
        raise invalid("i18n.locales", _("1 to 50 language tags such as en or de-AT."))
    default = choice(one_of(value, "default_locale", "defaultLocale"), "i18n.default_locale", locales)
    found: dict[str, Any] = {"default_locale": default, "locales": locales}
    if "detect" in value:
        found["detect"] = texts(value["detect"], "i18n.detect")
    if (policy := one_of(value, "unknown_locale_policy", "unknownLocalePolicy")) is not None:
        found["unknown_locale_policy"] = text(policy, "i18n.unknown_locale_policy")
    return found
