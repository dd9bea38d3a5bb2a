"""Releases: what is live, what a release holds, and moving the live pointer (contract: apply 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from run402 import errors, reading
from run402.reading import Document
from run402.resources.plans import PlanWarning, read_warnings
from run402.routes import anon, route
from run402.wire import Call, Wire, json_call


@dataclass(frozen=True)
class Inventory:
    """Everything a release holds but its bytes: paths and digests of the site, functions, routes, names.

    ``functions`` and ``static_public_paths`` are the gateway's rows; ``site``, ``secrets``, ``subdomains``
    and ``routes`` its objects. A site above ``site_limit`` paths is cut: compare ``site["totals"]["paths"]``.

    >>> read_inventory({"release_id": "rel_1", "status": "active"}).status
    'active'
    """

    release_id: str
    project_id: str | None
    parent_id: str | None
    status: str | None
    created_at: datetime | None
    activated_at: datetime | None
    release_generation: int | None
    manifest_digest: str | None
    operation_id: str | None
    site: Document
    functions: tuple[Document, ...]
    secrets: Document
    subdomains: Document
    routes: Document
    static_public_paths: tuple[Document, ...] | None
    i18n: Document | None
    raw: Document = field(repr=False)


@dataclass(frozen=True)
class Promotion:
    """The live pointer was moved. Migrations are not undone and function code stays the latest.

    >>> read_promotion({"status": "ok", "release_id": "rel_1"}).release_id
    'rel_1'
    """

    status: str | None
    release_id: str
    operation_id: str | None
    previous_release_id: str | None
    diff: Document
    warnings: tuple[PlanWarning, ...]
    raw: Document = field(repr=False)


@dataclass(frozen=True)
class ReleaseDiff:
    """What differs between two releases; the slices have the shapes of a plan's.

    >>> read_diff({"to_release_id": "rel_2", "is_noop": True}).is_noop
    True
    """

    from_release_id: str | None
    to_release_id: str | None
    is_noop: bool
    summary: str
    warnings: tuple[PlanWarning, ...]
    migrations: Document
    site: Document
    functions: Document
    secrets: Document
    subdomains: Document
    routes: Document
    static_assets: Document
    raw: Document = field(repr=False)


class ReleasesResource:
    """``client.releases``; the anon key says which project is meant.

    >>> import httpx
    >>> from run402 import Client
    >>> answer = {"release_id": None}
    >>> transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answer))
    >>> client = Client("https://api.run402.com", transport=transport)
    >>> client.releases.active(anon_key="anon") is None
    True
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def active(self, *, anon_key: str, site_limit: int | None = None) -> Inventory | None:
        """What is live, or None when nothing is: gateways say so with 404 or with an empty answer."""
        path = route("/apply/v1/releases/active", query={"site_limit": site_limit})
        try:
            return self._wire.read(Call("GET", path, headers=anon(anon_key)), read_active)
        except errors.NotFound as error:
            if error.code == "NO_ACTIVE_RELEASE":
                return None
            raise

    def get(self, release_id: str, *, anon_key: str, site_limit: int | None = None) -> Inventory:
        """One release, live or not."""
        path = route("/apply/v1/releases/{}", release_id, query={"site_limit": site_limit})
        return self._wire.read(Call("GET", path, headers=anon(anon_key)), read_inventory)

    def diff(
        self, *, anon_key: str, to: str = "active", from_release: str = "empty", limit: int | None = None
    ) -> ReleaseDiff:
        """What changed from ``from_release`` (an id, ``empty`` or ``active``) to ``to`` (an id or ``active``).

        ``limit`` is the most rows of each part of the site. Raises ApiError with DIFF_SAME_RELEASE or
        INVALID_DIFF_TARGET for a pair that cannot be compared.
        """
        path = route("/apply/v1/releases/diff", query={"from": from_release, "to": to, "limit": limit})
        return self._wire.read(Call("GET", path, headers=anon(anon_key)), read_diff)

    def promote(
        self, release_id: str, *, project_id: str, allow_warning_codes: Sequence[str] = ()
    ) -> Promotion:
        """Make a release live again at once. Older gateways lack this call: NotFound or ServerError (501)."""
        path = route("/apply/v1/releases/{}/promote", release_id)
        # The key is "project" in every dialect (contract: apply 3.4).
        body = {"project": project_id, "allow_warning_codes": list(allow_warning_codes)}
        return self._wire.read(json_call("POST", path, body, sign_in=True), read_promotion)


def read_active(doc: Document) -> Inventory | None:
    nothing_live = "release_id" in doc and doc["release_id"] is None
    return None if nothing_live else read_inventory(doc)


def read_inventory(doc: Document) -> Inventory:
    return Inventory(
        release_id=reading.need_text(doc, "release_id"),
        project_id=reading.text(doc, "project_id"),
        parent_id=reading.text(doc, "parent_id"),
        status=reading.text(doc, "status"),
        created_at=reading.moment(doc, "created_at"),
        activated_at=reading.moment(doc, "activated_at"),
        release_generation=reading.number(doc, "release_generation"),
        manifest_digest=reading.text(doc, "manifest_digest"),
        operation_id=reading.text(doc, "operation_id"),
        site=reading.mapping(doc, "site"),
        functions=reading.documents(doc, "functions"),
        secrets=reading.mapping(doc, "secrets"),
        subdomains=reading.mapping(doc, "subdomains"),
        routes=reading.mapping(doc, "routes"),
        static_public_paths=_public_paths(doc),
        i18n=reading.optional_mapping(doc, "i18n"),
        raw=doc,
    )


def read_diff(doc: Document) -> ReleaseDiff:
    parts = ("migrations", "site", "functions", "secrets", "subdomains", "routes", "static_assets")
    return ReleaseDiff(
        from_release_id=reading.text(doc, "from_release_id"),
        to_release_id=reading.text(doc, "to_release_id"),
        is_noop=reading.flag(doc, "is_noop") is True,
        summary=reading.text(doc, "summary") or "",
        warnings=read_warnings(doc),
        raw=doc,
        **{part: reading.mapping(doc, part) for part in parts},
    )


def read_promotion(doc: Document) -> Promotion:
    return Promotion(
        status=reading.text(doc, "status"),
        release_id=reading.need_text(doc, "release_id"),
        operation_id=reading.text(doc, "operation_id"),
        previous_release_id=reading.text(doc, "previous_release_id"),
        diff=reading.mapping(doc, "diff"),
        warnings=read_warnings(doc),
        raw=doc,
    )


def _public_paths(doc: Document) -> tuple[Document, ...] | None:
    """None when an older gateway does not tell, which is not the same as none being public."""
    told = isinstance(reading.field(doc, "static_public_paths"), list)
    return reading.documents(doc, "static_public_paths") if told else None
