"""Functions and database of a manifest: read, their files resolved, and passed on (contract: apply 2.3.2, 2.3.4)."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext as _

from deploys.manifests.checks import Document, choice, invalid, mapping, one_of, sequence, text, texts
from deploys.manifests.files import Files
from deploys.manifests.slices import ABSENT

_FUNCTION = {
    "runtime", "source", "files", "entrypoint", "config", "schedule", "requireAuth", "require_auth", "requireRole",
    "require_role", "deps", "triggers", "class", "capabilities",
}  # fmt: skip
_CONFIG = {"timeoutSeconds": "timeout_seconds", "memoryMb": "memory_mb"}
_MIGRATION = {"id", "name", "checksum", "sql", "sql_path", "sql_file", "sql_ref", "transaction"}
_MIGRATION_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,63}")


def functions(doc: Document, files: Files) -> Any:
    """The complete set, or a patch of single functions."""
    if doc.get("functions") is None:
        return ABSENT
    value = mapping(doc["functions"], "functions", {"replace", "patch"})
    found: dict[str, Any] = {}
    if "replace" in value:
        found["replace"] = _functions(value["replace"], "functions.replace", files)
    if "patch" in value:
        patch = mapping(value["patch"], "functions.patch", {"set", "delete"})
        found["patch"] = {"set": _functions(patch.get("set", {}), "functions.patch.set", files)}
        if "delete" in patch:
            found["patch"]["delete"] = texts(patch["delete"], "functions.patch.delete")
    return found


def _functions(value: object, path: str, files: Files) -> dict[str, Any]:
    return {name: _function(entry, f"{path}.{name}", files) for name, entry in mapping(value, path).items()}


def _function(value: object, path: str, files: Files) -> dict[str, Any]:
    entry = mapping(value, path, _FUNCTION)
    found = {key: entry[key] for key in entry if key not in ("source", "files", "config")}
    found["runtime"] = choice(entry.get("runtime", "node22"), f"{path}.runtime", ("node22",))
    if "source" in entry:
        found["source"] = files.read(entry["source"], f"{path}.source")
    if "files" in entry:
        found["files"] = files.read_map(entry["files"], f"{path}.files")
    if "config" in entry:
        config = mapping(entry["config"], f"{path}.config", {*_CONFIG, *_CONFIG.values()})
        found["config"] = {_CONFIG.get(key, key): config[key] for key in config}
    return found


def database(doc: Document, files: Files) -> Any:
    """Migrations with their SQL as stored bytes, and the expose manifest as it is."""
    if doc.get("database") is None:
        return ABSENT
    value = mapping(doc["database"], "database", {"migrations", "expose", "zero_downtime"})
    found: dict[str, Any] = {key: value[key] for key in ("expose", "zero_downtime") if key in value}
    if "migrations" in value:
        entries = sequence(value["migrations"], "database.migrations")
        found["migrations"] = [
            _migration(entry, f"database.migrations[{number}]", files) for number, entry in enumerate(entries)
        ]
    return found


def _migration(value: object, path: str, files: Files) -> dict[str, Any]:
    """Return the wire form: id, checksum, sql_ref, transaction."""
    entry = mapping(value, path, _MIGRATION)
    reference = _sql(entry, path, files)
    found = {
        "id": _migration_id(entry, path, reference["sha256"]),
        "checksum": entry.get("checksum") or reference["sha256"],
        "sql_ref": reference,
    }
    if "transaction" in entry:
        found["transaction"] = choice(entry["transaction"], f"{path}.transaction", ("required", "none"))
    return found


def _migration_id(entry: Document, path: str, sha256: str) -> str:
    if "id" in entry:
        return text(entry["id"], f"{path}.id")
    name = text(entry.get("name"), f"{path}.id")
    if not _MIGRATION_NAME.fullmatch(name):
        raise invalid(f"{path}.name", _("has letters, digits, “_” and “-”, at most 64 of them."))
    return f"{name}_{sha256[:16]}"


def _sql(entry: Document, path: str, files: Files) -> dict[str, Any]:
    if sum(key in entry for key in ("sql", "sql_path", "sql_file", "sql_ref")) != 1:
        raise invalid(path, _("takes exactly one of sql, sql_path, sql_file and sql_ref."))
    if "sql_ref" in entry:
        reference = files.read(entry["sql_ref"], f"{path}.sql_ref")
    elif "sql" in entry:
        reference = files.keep(text(entry["sql"], f"{path}.sql").encode())
    else:
        name = text(one_of(entry, "sql_path", "sql_file"), f"{path}.sql_path")
        reference = files.read({"path": name}, f"{path}.sql_path")
    return {**reference, "content_type": "application/sql"}
