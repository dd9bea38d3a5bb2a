"""From any form in which people write a release to the one value (contract: apply 2.2, 2.4 and 2.13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from run402.spec import bundle
from run402.spec.assets import read_assets
from run402.spec.base import read_base
from run402.spec.checks import read_checks
from run402.spec.content import Entries, Files
from run402.spec.database import read_database
from run402.spec.functions import read_functions
from run402.spec.i18n import read_i18n
from run402.spec.reader import Fields, Reader
from run402.spec.release import ReleaseSpec
from run402.spec.routes import read_routes
from run402.spec.secret_names import read_secrets
from run402.spec.site import read_site
from run402.spec.subdomains import read_subdomains
from run402.spec.values import ABSENT

Form = Literal["release", "site", "bundle"]

EMPTY = "MANIFEST_EMPTY"
ENTRY_PAGE = "index.html"
_SECTIONS = (
    "base", "database", "secrets", "functions", "site", "subdomains", "routes", "checks", "assets", "i18n",
)  # fmt: skip
_KNOWN = frozenset({"$schema", "project", "project_id", "idempotency_key", *_SECTIONS})


@dataclass(frozen=True)
class Parsed:
    """What a document said. ``secret_values`` are to be set apart and stored nowhere else.

    ``used`` names the files beside the manifest that it refers to.

    >>> parse({"files": [{"file": "index.html", "data": "hello"}]}).form
    'site'
    """

    spec: ReleaseSpec
    form: Form
    idempotency_key: str | None = None
    secret_values: Mapping[str, str] = field(default_factory=dict, repr=False)
    used: frozenset[str] = frozenset()


def parse(
    doc: Mapping[str, Any], *, files: Files | None = None, strict: bool = True, allow_empty: bool = False
) -> Parsed:
    """Read a release spec, a CLI manifest, a site manifest or a bundle. Raises SpecInvalid with every objection.

    ``files`` are the files beside the document, by relative path. With ``strict`` false, fields that the contract
    does not know are kept instead of refused. ``allow_empty`` lets a document pass that deploys nothing.

    >>> parse({"project_id": "prj_1", "subdomains": {"set": ["guestbook"]}}).spec.project
    'prj_1'
    """
    reader = Reader(strict=strict)
    entries = Entries(reader, files or {})
    form, today, values = _today(reader, reader.mapping(doc, ""), files or {})
    fields = reader.fields(today, "", _KNOWN)
    spec = _spec(reader, fields, entries)
    if not reader.problems and not spec.deploys and not allow_empty:
        reader.wrong("", "The manifest deploys nothing: no section of it asks for a change.", code=EMPTY)
    key = fields.text("idempotency_key")
    reader.require_sound()
    return Parsed(spec, form, key, values, frozenset(entries.used))


def _today(
    reader: Reader, doc: Mapping[str, Any], files: Files
) -> tuple[Form, Mapping[str, Any], Mapping[str, str]]:
    """The document in today's form. A site manifest is a bundle of nothing but files."""
    if not bundle.is_bundle(doc):
        return "release", doc, {}
    if set(doc) <= {"files", "project", "project_id", "$schema"}:
        return "site", _site(reader, doc), {}
    rewritten = bundle.rewrite(reader, doc, files)
    return "bundle", rewritten.document, rewritten.secret_values


def _site(reader: Reader, doc: Mapping[str, Any]) -> dict[str, Any]:
    fields = reader.fields(doc, "", {"files", "project", "project_id", "$schema"})
    found = bundle.site_files(fields)
    if ENTRY_PAGE not in found:
        fields.wrong("files", f"must include {ENTRY_PAGE}.")
    lifted = {name: fields.values[name] for name in ("project", "project_id") if name in fields}
    return {**lifted, "site": {"replace": found}}


def _spec(reader: Reader, fields: Fields, entries: Entries) -> ReleaseSpec:
    # Null carries a section forward, except for i18n, where it clears.
    sections = {name: fields.values[name] for name in _SECTIONS if fields.values.get(name) is not None}
    read: dict[str, Any] = {}
    for name, reads in (("base", read_base), ("secrets", read_secrets), ("subdomains", read_subdomains),
                        ("routes", read_routes), ("checks", read_checks), ("i18n", read_i18n)):  # fmt: skip
        if name in sections:
            read[name] = reads(reader, sections[name])
    for name, reads_files in (("database", read_database), ("functions", read_functions),
                              ("site", read_site), ("assets", read_assets)):  # fmt: skip
        if name in sections:
            read[name] = reads_files(reader, sections[name], entries)
    if "i18n" not in read:
        read["i18n"] = None if "i18n" in fields else ABSENT
    return ReleaseSpec(_project(fields), extra=fields.extra, **read)


def _project(fields: Fields) -> str | None:
    if (
        "project" in fields
        and "project_id" in fields
        and fields.values["project"] != fields.values["project_id"]
    ):
        fields.wrong("project", "and project_id name two projects.")
    return fields.text("project_id") or fields.text("project")
