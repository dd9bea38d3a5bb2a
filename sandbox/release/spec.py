"""Read a ReleaseSpec: both spellings in, one typed value out (apply 2.2 to 2.4). Raises Problem."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.problems import invalid_spec
from sandbox.release.assets import AssetsSlice, read_assets
from sandbox.release.database import DatabaseSlice, read_database
from sandbox.release.files import read_file
from sandbox.release.functions import FunctionsSlice, read_functions
from sandbox.release.names import is_name
from sandbox.release.paths import is_file_path, is_public_path
from sandbox.release.routing import read_routes
from sandbox.release.state import File, PublicPath, PublicPaths, Route

_KEYS = {"$schema", "project", "project_id", "base", "database", "secrets", "functions"}
_KEYS |= {"site", "subdomains", "routes", "checks", "assets", "i18n"}
_SECRET = re.compile(r"[A-Z_][A-Z0-9_]{0,127}")
_LOCALE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Site:
    """`replace` is the complete set; otherwise `put` and `delete` change single files."""

    replace: Mapping[str, File] | None
    put: Mapping[str, File]
    delete: tuple[str, ...]
    public_paths: PublicPaths | None

    @property
    def files(self) -> Mapping[str, File]:
        return self.put if self.replace is None else self.replace


@dataclass(frozen=True)
class Subdomains:
    set: tuple[str, ...] | None
    add: tuple[str, ...]
    remove: tuple[str, ...]


@dataclass(frozen=True)
class Spec:
    """None means: carry forward. `clears_i18n` tells an explicit null from an absent slice."""

    project_id: str
    base: str
    site: Site | None
    subdomains: Subdomains | None
    routes: tuple[Route, ...] | None
    i18n: Mapping[str, Any] | None
    clears_i18n: bool
    checks: tuple[Any, ...] | None
    requires: tuple[str, ...] | None
    deletes: tuple[str, ...]
    database: DatabaseSlice = field(default_factory=DatabaseSlice)
    functions: FunctionsSlice = field(default_factory=FunctionsSlice)
    assets: AssetsSlice = field(default_factory=AssetsSlice)


def read_project_id(raw: object) -> str:
    """The project a spec is for, under either name."""
    value = raw.get("project_id", raw.get("project")) if isinstance(raw, dict) else None
    if not isinstance(value, str) or not value:
        raise invalid_spec("The spec must name its project.", resource="project_id")
    return value


def read_spec(raw: dict[str, Any]) -> Spec:
    unknown = sorted(set(raw) - _KEYS)
    if unknown:
        raise invalid_spec(f"The spec has an unknown part '{unknown[0]}'.", resource=unknown[0])
    secrets = _object(raw, "secrets")
    requires, deletes = _secret_names(secrets, "require"), _secret_names(secrets, "delete")
    _check_secrets(secrets, requires, deletes)
    return Spec(
        project_id=read_project_id(raw),
        base=_base(raw.get("base")),
        site=_site(raw.get("site")),
        subdomains=_subdomains(raw.get("subdomains")),
        routes=read_routes(raw.get("routes")),
        i18n=_i18n(raw.get("i18n")),
        clears_i18n="i18n" in raw and raw["i18n"] is None,
        checks=_checks(raw.get("checks")),
        requires=requires if "require" in secrets else None,
        deletes=deletes,
        database=read_database(raw.get("database")),
        functions=read_functions(raw.get("functions")),
        assets=read_assets(raw.get("assets")),
    )


def _object(raw: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = raw.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid_spec(f"'{name}' must be an object.", resource=name)
    return value


def _texts(raw: Mapping[str, Any], name: str, resource: str) -> tuple[str, ...]:
    value = raw.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise invalid_spec(f"'{resource}.{name}' must be a list of texts.", resource=f"{resource}.{name}")
    if len(set(value)) != len(value):
        raise invalid_spec(f"'{resource}.{name}' names something twice.", resource=f"{resource}.{name}")
    return tuple(value)


def _base(raw: object) -> str:
    """'current', 'empty', or a release id."""
    if raw is None:
        return "current"
    if isinstance(raw, dict) and len(raw) == 1:
        if raw.get("release") in ("current", "empty"):
            return str(raw["release"])
        if isinstance(raw.get("release_id"), str) and raw["release_id"].startswith("rel_"):
            return str(raw["release_id"])
    raise invalid_spec("'base' is {release: 'current' | 'empty'} or {release_id}.", resource="base")


def _site(raw: object) -> Site | None:
    if raw is None:
        return None
    value = _object({"site": raw}, "site")
    if "replace" in value and "patch" in value:
        raise invalid_spec("'site' takes either 'replace' or 'patch', not both.", resource="site")
    unknown = sorted(set(value) - {"replace", "patch", "public_paths", "publicPaths"})
    if unknown:
        raise invalid_spec(f"'site' has an unknown part '{unknown[0]}'.", resource=f"site.{unknown[0]}")
    patch = _object(value, "patch")
    return Site(
        replace=_files(value["replace"], "site.replace") if value.get("replace") is not None else None,
        put=_files(patch.get("put") or {}, "site.patch.put"),
        delete=_texts(patch, "delete", "site.patch"),
        public_paths=_public_paths(value.get("public_paths", value.get("publicPaths"))),
    )


def _files(raw: object, resource: str) -> dict[str, File]:
    if not isinstance(raw, dict):
        raise invalid_spec(f"'{resource}' must be an object of paths.", resource=resource)
    return {path: read_file(path, ref, f"{resource}.{path}") for path, ref in raw.items()}


def _public_paths(raw: object) -> PublicPaths | None:
    if raw is None:
        return None
    value = _object({"site.public_paths": raw}, "site.public_paths")
    mode = value.get("mode")
    if mode == "implicit" and "replace" not in value:
        return PublicPaths()
    if mode != "explicit" or not isinstance(value.get("replace"), dict):
        text = "'public_paths' is {mode: 'implicit'} or {mode: 'explicit', replace: {...}}."
        raise invalid_spec(text, resource="site.public_paths")
    return PublicPaths(
        "explicit", {path: _public_path(path, entry) for path, entry in value["replace"].items()}
    )


def _public_path(path: str, raw: object) -> PublicPath:
    resource = f"site.public_paths.replace.{path}"
    asset = raw.get("asset") if isinstance(raw, dict) else None
    cache_class = raw.get("cache_class", raw.get("cacheClass")) if isinstance(raw, dict) else None
    if not is_public_path(path) or not isinstance(asset, str) or not is_file_path(asset):
        raise invalid_spec(
            f"'{path}' must be an address that names a file of the site as 'asset'.", resource=resource
        )
    if cache_class is not None and not isinstance(cache_class, str):
        raise invalid_spec(f"The cache class of '{path}' must be a text.", resource=resource)
    return PublicPath(asset, cache_class)


def _subdomains(raw: object) -> Subdomains | None:
    if raw is None:
        return None
    value = _object({"subdomains": raw}, "subdomains")
    chosen = _texts(value, "set", "subdomains") if value.get("set") is not None else None
    add, remove = (_texts(value, name, "subdomains") for name in ("add", "remove"))
    for name in (*(chosen or ()), *add, *remove):
        if not is_name(name):
            text = f"'{name}' is no subdomain: 3 to 63 lower-case letters, digits and inner hyphens."
            raise invalid_spec(text, resource="subdomains")
    return Subdomains(chosen, add, remove)


def _secret_names(secrets: Mapping[str, Any], part: str) -> tuple[str, ...]:
    names = _texts(secrets, part, "secrets")
    for name in names:
        if not _SECRET.fullmatch(name):
            raise invalid_spec(f"'{name}' is no name of a secret.", resource=f"secrets.{part}")
    return names


def _check_secrets(secrets: Mapping[str, Any], requires: tuple[str, ...], deletes: tuple[str, ...]) -> None:
    unknown = sorted(set(secrets) - {"require", "delete"})
    if unknown:
        raise invalid_spec("Values of secrets never travel in a spec.", resource=f"secrets.{unknown[0]}")
    both = sorted(set(requires) & set(deletes))
    if both:
        raise invalid_spec(f"The secret '{both[0]}' is both required and deleted.", resource="secrets")


def _checks(raw: object) -> tuple[Any, ...] | None:
    if raw is None:
        return None
    if not isinstance(raw, list):
        raise invalid_spec("'checks' must be a list.", resource="checks")
    return tuple(raw)


def _i18n(raw: object) -> dict[str, Any] | None:
    """The stored form has the snake spelling."""
    if raw is None:
        return None
    value = _object({"i18n": raw}, "i18n")
    default = value.get("default_locale", value.get("defaultLocale"))
    locales = _texts(value, "locales", "i18n")
    if not 1 <= len(locales) <= 50 or not all(_LOCALE.fullmatch(tag) for tag in locales):
        raise invalid_spec("'i18n.locales' must hold 1 to 50 locale tags.", resource="i18n.locales")
    if default not in locales:
        raise invalid_spec(
            "'i18n.default_locale' must be one of the locales.", resource="i18n.default_locale"
        )
    detect = _texts(value, "detect", "i18n")
    if len(detect) > 10:
        raise invalid_spec("'i18n.detect' may hold at most 10 entries.", resource="i18n.detect")
    policy = value.get("unknown_locale_policy", value.get("unknownLocalePolicy"))
    extra = {} if policy is None else {"unknown_locale_policy": policy}
    return {"default_locale": default, "locales": list(locales), "detect": list(detect), **extra}
