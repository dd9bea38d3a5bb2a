"""The bundle manifest of older command lines, rewritten as a release spec (seed 2; contract: apply 2.13).

One text of SQL becomes one migration named after its digest, a row-level-security template an expose manifest,
secrets their names with the values handed out apart, files the whole site, functions the ones to set, and the
subdomain the project's one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from run402.spec.content import Files
from run402.spec.expose import PUBLIC_READ, UNRESTRICTED, USER_OWNS_ROWS
from run402.spec.reader import Fields, Reader
from run402.spec.secret_names import check_name

MARKS = frozenset({"migrations", "migrations_file", "rls", "files", "subdomain"})
KNOWN = frozenset(
    {"project_id", "idempotency_key", "name", "secrets", "functions", "inherit", "$schema", *MARKS}
)
TEMPLATES = {
    "user_owns_rows": USER_OWNS_ROWS,
    "public_read": PUBLIC_READ,
    "public_read_write": UNRESTRICTED,
}


@dataclass(frozen=True)
class Rewritten:
    """A bundle as a release spec document, and the values of its secrets.

    >>> Rewritten({}, {"TOKEN": "secret"})
    Rewritten(document={})
    """

    document: dict[str, Any]
    secret_values: Mapping[str, str] = field(repr=False)


def is_bundle(doc: Mapping[str, Any]) -> bool:
    """Whether a document is in the old form: some of its sections look different, some exist only there."""
    lists = any(isinstance(doc.get(name), list) for name in ("secrets", "functions"))
    return lists or any(name in doc for name in MARKS)


def rewrite(reader: Reader, doc: Mapping[str, Any], files: Files) -> Rewritten:
    """The same wishes in today's form; objections name the fields of the bundle."""
    fields = reader.fields(doc, "", KNOWN)
    values = _secret_values(fields)
    sections = {
        "database": _database(fields, files),
        "secrets": {"require": list(values)} if values else None,
        "functions": _functions(fields),
        "site": _site(fields),
        "subdomains": {"set": [fields.values["subdomain"]]} if fields.text("subdomain") else None,
    }
    lifted = {name: fields.values[name] for name in ("project_id", "idempotency_key") if name in fields}
    return Rewritten({**lifted, **{name: item for name, item in sections.items() if item}}, values)


def _database(fields: Fields, files: Files) -> dict[str, Any] | None:
    database: dict[str, Any] = {}
    if "migrations_file" in fields:  # wins over inline SQL
        name = (fields.text("migrations_file") or "").removeprefix("./")
        if name in files:
            database["migrations"] = [{"name": "migration", "sql_file": name}]
        elif name:
            fields.wrong(
                "migrations_file", f"names “{name}”, which is not among the files beside the manifest."
            )
    elif fields.text("migrations"):
        database["migrations"] = [{"name": "migration", "sql": fields.values["migrations"]}]
    if "rls" in fields:
        database["expose"] = _expose(fields)
    return database or None


def _expose(parent: Fields) -> dict[str, Any]:
    known = {"template", "tables", "i_understand_this_is_unrestricted"}
    fields = parent.reader.fields(parent.values["rls"], "rls", known)
    if "template" not in fields:
        fields.wrong("template", "is required.")
    template = fields.choice("template", tuple(TEMPLATES))
    tables = [_table(fields, item, path, template) for path, item in fields.sequence("tables") or ()]
    return {"version": "1", "tables": tables}


def _table(parent: Fields, value: Any, path: str, template: str | None) -> dict[str, Any]:
    fields = parent.reader.fields(value, path, {"table", "owner_column"})
    table: dict[str, Any] = {"name": fields.text("table", required=True), "expose": True}
    if template is not None:
        table["policy"] = TEMPLATES[template]
    owner = fields.text("owner_column", required=template == "user_owns_rows")
    if owner is not None:
        table["owner_column"] = owner
    if template == "public_read_write":
        # Choosing this template was how a bundle said so.
        table["i_understand_this_is_unrestricted"] = True
    return table


def _secret_values(fields: Fields) -> dict[str, str]:
    values: dict[str, str] = {}
    for path, item in fields.sequence("secrets") or ():
        entry = fields.reader.fields(item, path, {"key", "value"})
        key, value = entry.text("key", required=True) or "", entry.values.get("value")
        check_name(fields.reader, key, entry.at("key"))
        if not isinstance(value, str):
            entry.wrong("value", "must be a text.")
        elif key in values:
            entry.wrong("key", f"“{key}” is set twice.")
        else:
            values[key] = value
    return values


def _functions(fields: Fields) -> dict[str, Any] | None:
    """A bundle names the functions it deploys and says nothing of others, so they are set one by one."""
    functions = {}
    for path, item in fields.sequence("functions") or ():
        entry = fields.reader.fields(item, path, {"name", "code", "config", "schedule", "deps"})
        name, code = entry.text("name", required=True), entry.text("code", required=True)
        function: dict[str, Any] = {"source": code}
        if "config" in entry:
            function["config"] = _config(entry)
        for part in ("schedule", "deps"):
            if part in entry:
                function[part] = entry.values[part]
        if name in functions:
            entry.wrong("name", f"“{name}” is there twice.")
        if name and code:
            functions[name] = function
    return {"patch": {"set": functions}} if functions else None


def _config(function: Fields) -> dict[str, Any]:
    fields = function.reader.fields(function.values["config"], function.at("config"), {"timeout", "memory"})
    limits = {
        "timeout_seconds": fields.whole("timeout", least=1),
        "memory_mb": fields.whole("memory", least=1),
    }
    return {name: limit for name, limit in limits.items() if limit is not None}


def _site(fields: Fields) -> dict[str, Any] | None:
    replace = site_files(fields)
    return {"replace": replace} if replace else None


def site_files(fields: Fields) -> dict[str, Any]:
    """``[{file, data, encoding?}]`` as path → entry; also the whole of a site manifest."""
    found: dict[str, Any] = {}
    for path, item in fields.sequence("files") or ():
        entry = fields.reader.fields(item, path, {"file", "data", "encoding", "path", "content_type"})
        name = (entry.text("file", required=True) or "").removeprefix("/")
        if name in found:
            entry.wrong("file", f"“{name}” is there twice.")
        if name:
            found[name] = {key: value for key, value in entry.values.items() if key != "file"}
    return found
