"""Reads a deploy manifest in the CLI's format into a release spec (contract: apply 2.2 to 2.4).

The result is normalised: snake_case, every file a reference to stored bytes, no project, no value of any secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Refusal
from deploys.manifests import functions, slices
from deploys.manifests.checks import Document, invalid, mapping, one_of, text
from deploys.manifests.files import Files, Reference
from run402 import jsontext

NAME = "run402.deploy.json"
MAX_BYTES = 5 * 2**20

_KEYS = frozenset(
    {
        "$schema", "project", "project_id", "base", "database", "secrets", "functions", "site", "subdomains", "routes",
        "checks", "assets", "i18n", "idempotency_key", "idempotencyKey",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Manifest:
    """A manifest as the panel keeps it.

    `spec` has no project and, if `takes_tree`, no site: the files beside the manifest are the site then.
    `not_named` lists files beside the manifest that it does not name, and which therefore are not deployed; `by_digest`
    the digests it names without bringing their bytes.
    """

    spec: dict[str, Any]
    project_id: str
    idempotency_key: str
    takes_tree: bool
    not_named: tuple[str, ...]
    by_digest: tuple[str, ...]


def parse(content: bytes) -> dict[str, Any]:
    """Return the JSON object in `content`. Raises Refusal."""
    if len(content) > MAX_BYTES:
        raise Refusal(
            "MANIFEST_TOO_LARGE", _("A manifest has at most 5 MB; put files beside it."), field="manifest"
        )
    try:
        document = jsontext.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except ValueError as error:
        text_ = _("The manifest is not JSON: %(why)s.") % {"why": str(error).rstrip(".")}
        raise Refusal("INVALID_SPEC", text_, field="manifest") from None
    if not isinstance(document, dict):
        raise Refusal("INVALID_SPEC", _("A manifest is a JSON object."), field="manifest")
    return document


def read_manifest(document: Document, tree: Mapping[str, Reference]) -> Manifest:
    """Return the manifest with its files resolved in `tree`, the files beside it. Raises Refusal."""
    doc = mapping(dict(document), "", _KEYS)
    _refuse_assets(doc)
    files = Files(tree)
    spec = {name: value for name, value in _slices(doc, files) if value is not slices.ABSENT}
    takes_tree = bool(tree) and "site" not in spec and not files.used
    if not takes_tree and not slices.deploys_something(spec):
        raise Refusal(
            "MANIFEST_EMPTY",
            _("The manifest deploys nothing: no section of it asks for a change."),
            field="manifest",
        )
    return Manifest(
        spec=spec,
        project_id=_project(doc),
        idempotency_key=_key(doc),
        takes_tree=takes_tree,
        not_named=() if takes_tree else tuple(sorted(set(tree) - files.used)),
        by_digest=tuple(sorted(files.by_digest)),
    )


def _slices(doc: Document, files: Files) -> list[tuple[str, Any]]:
    return [
        ("base", slices.base(doc)),
        ("database", functions.database(doc, files)),
        ("secrets", slices.secrets(doc)),
        ("functions", functions.functions(doc, files)),
        ("site", slices.site(doc, files)),
        ("subdomains", slices.subdomains(doc)),
        ("routes", slices.routes(doc)),
        ("checks", slices.checks(doc)),
        ("i18n", slices.i18n(doc)),
    ]


def _project(doc: Document) -> str:
    value = one_of(doc, "project_id", "project")
    return text(value, "project_id") if value is not None else ""


def _key(doc: Document) -> str:
    value = one_of(doc, "idempotency_key", "idempotencyKey")
    return text(value, "idempotency_key") if value is not None else ""


def _refuse_assets(doc: Document) -> None:
    if doc.get("assets"):
        raise invalid(
            "assets", _("the panel deploys sites and functions; assets are not taken from a manifest.")
        )
