"""The cloud spelling of a spec that is still a plain document (contract: apply 2.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_REF = {"contentType": "content_type"}
_CONFIG = {"timeoutSeconds": "timeout_seconds", "memoryMb": "memory_mb"}
_FUNCTION = {"requireAuth": "require_auth", "requireRole": "require_role"}
_ROLE = {
    "idColumn": "id_column",
    "roleColumn": "role_column",
    "cacheTtl": "cache_ttl",
    "onDeny": "on_deny",
    "signInPath": "sign_in_path",
}
_I18N = {"defaultLocale": "default_locale", "unknownLocalePolicy": "unknown_locale_policy"}


def cloud_spelling(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The spec with known camelCase keys in snake_case and everything else, file paths too, untouched."""
    wire = _renamed(spec, {"project": "project_id"})
    shape: dict[str, Callable[[Any], Any]] = {
        "site": _site,
        "functions": _functions,
        "database": _database,
        "i18n": lambda value: _renamed(value, _I18N),
    }
    return {
        key: shape[key](value) if key in shape and isinstance(value, Mapping) else value
        for key, value in wire.items()
    }


def cloud_reference(reference: Mapping[str, Any]) -> dict[str, Any]:
    """A content reference with its content type in snake_case."""
    return dict(_renamed(reference, _REF))


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {
        names.get(key, key): item
        for key, item in value.items()
        if names.get(key, key) == key or names[key] not in value
    }


def _refs(value: Any) -> Any:
    """A map of path to content reference."""
    return {path: _renamed(ref, _REF) for path, ref in value.items()} if isinstance(value, Mapping) else value


def _site(site: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(site)
    if "replace" in result:
        result["replace"] = _refs(result["replace"])
    if isinstance(result.get("patch"), Mapping) and "put" in result["patch"]:
        result["patch"] = {**result["patch"], "put": _refs(result["patch"]["put"])}
    return result


def _functions(functions: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(functions)
    if isinstance(result.get("replace"), Mapping):
        result["replace"] = {name: _function(item) for name, item in result["replace"].items()}
    patch = result.get("patch")
    if isinstance(patch, Mapping) and isinstance(patch.get("set"), Mapping):
        result["patch"] = {**patch, "set": {name: _function(item) for name, item in patch["set"].items()}}
    return result


def _function(function: Any) -> Any:
    result = _renamed(function, _FUNCTION)
    if not isinstance(result, dict):
        return result
    parts: dict[str, Callable[[Any], Any]] = {
        "source": lambda value: _renamed(value, _REF),
        "files": _refs,
        "config": lambda value: _renamed(value, _CONFIG),
        "require_role": lambda value: _renamed(value, _ROLE),
    }
    return {key: parts[key](value) if key in parts else value for key, value in result.items()}


def _database(database: Mapping[str, Any]) -> dict[str, Any]:
    migrations = database.get("migrations")
    if not isinstance(migrations, list | tuple):
        return dict(database)
    return {**database, "migrations": [_migration(item) for item in migrations]}


def _migration(migration: Any) -> Any:
    if isinstance(migration, Mapping) and "sql_ref" in migration:
        return {**migration, "sql_ref": _renamed(migration["sql_ref"], _REF)}
    return migration
