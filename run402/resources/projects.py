"""Projects: making one, listing a wallet's, usage, deleting (contract: apply 1.1 to 1.5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from run402 import reading
from run402.names import project_name
from run402.reading import Document
from run402.routes import bearer, route
from run402.wire import Call, Wire, json_call


@dataclass(frozen=True)
class ProvisionedProject:
    """A new project with its two keys. The gateway shows the keys this once; ``repr`` does not.

    >>> ProvisionedProject("prj_1", "anon", "service", "p0001", {})
    ProvisionedProject(project_id='prj_1', schema_slot='p0001')
    """

    project_id: str
    anon_key: str = field(repr=False)
    service_key: str = field(repr=False)
    schema_slot: str | None
    raw: Document = field(repr=False)


@dataclass(frozen=True)
class ProjectSummary:
    """A row of a wallet's project list.

    >>> read_summary({"id": "prj_1", "name": "guestbook"}).name
    'guestbook'
    """

    id: str
    name: str
    tier: str | None
    status: str | None
    api_calls: int | None
    storage_bytes: int | None
    lease_expires_at: datetime | None
    created_at: datetime | None
    raw: Document = field(repr=False)


@dataclass(frozen=True)
class Usage:
    """What a project used, and how much it may. A number is None when the gateway did not give it.

    >>> read_usage({"project_id": "prj_1", "api_calls": 3}).api_calls
    3
    """

    project_id: str | None
    tier: str | None
    api_calls: int | None
    api_calls_limit: int | None
    storage_bytes: int | None
    storage_limit_bytes: int | None
    lease_expires_at: datetime | None
    status: str | None
    raw: Document = field(repr=False)


@dataclass(frozen=True)
class ProjectPage:
    """A page of projects; ``cursor`` is None on the last one.

    >>> read_page({"projects": [{"id": "prj_1"}], "has_more": False}).cursor is None
    True
    """

    projects: tuple[ProjectSummary, ...]
    cursor: str | None
    raw: Document = field(repr=False)


class ProjectsResource:
    """``client.projects``.

    >>> import httpx
    >>> from run402 import Client
    >>> answer = {"project_id": "prj_1", "anon_key": "a", "service_key": "s"}
    >>> transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answer))
    >>> client = Client("https://api.run402.com", transport=transport)
    >>> client.projects.provision(name="Guestbook").project_id
    'prj_1'
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def provision(
        self, *, name: str, tier: str | None = None, idempotency_key: str | None = None
    ) -> ProvisionedProject:
        """Make a project. Raises ValueError for a bad name, and PaymentRequired without an active tier.

        A Core knows no tiers and no wallet: it takes the name alone.
        """
        body = {"name": project_name(name)} | (
            {"tier": tier} if tier and self._wire.dialect == "cloud" else {}
        )
        call = json_call("POST", "/projects/v1", body, sign_in=True, idempotency_key=idempotency_key)
        return self._wire.read(call, read_provisioned)

    def list_by_wallet(self, address: str) -> tuple[ProjectSummary, ...]:
        """The projects of a wallet. Signs in, since newer gateways show them to their owner only."""
        path = route("/wallets/v1/{}/projects", address.lower())
        return self._wire.read(Call("GET", path, sign_in=True), read_summaries)

    def list(self, *, limit: int | None = None, after: str | None = None) -> ProjectPage:
        """The signing wallet's projects: the newer list with its pages, at older gateways the wallet's, whole."""
        signer = self._wire.signer
        if signer is None:
            raise ValueError("Listing one's projects needs a client with a signer.")
        path = route("/projects/v1", query={"limit": limit, "after": after})
        return self._wire.either(
            "projects.list",
            new=lambda: self._wire.read(Call("GET", path, sign_in=True), read_page),
            old=lambda: ProjectPage(self.list_by_wallet(signer.address), None, {}),
        )

    def usage(self, project_id: str, *, service_key: str) -> Usage:
        """Calls and bytes used, with their limits."""
        path = route("/projects/v1/admin/{}/usage", project_id)
        return self._wire.read(Call("GET", path, headers=bearer(service_key)), read_usage)

    def delete(self, project_id: str, *, service_key: str) -> None:
        """Delete the project and everything in it, for good."""
        self._wire.fetch(Call("DELETE", route("/projects/v1/{}", project_id), headers=bearer(service_key)))


def read_provisioned(doc: Document) -> ProvisionedProject:
    return ProvisionedProject(
        project_id=reading.need_text(doc, "project_id"),
        anon_key=reading.need_text(doc, "anon_key"),
        service_key=reading.need_text(doc, "service_key"),
        schema_slot=reading.text(doc, "schema_slot"),
        raw=doc,
    )


def read_summaries(doc: Document) -> tuple[ProjectSummary, ...]:
    return tuple(read_summary(item) for item in reading.documents(doc, "projects"))


def read_page(doc: Document) -> ProjectPage:
    cursor = reading.text(doc, "next_cursor") if reading.flag(doc, "has_more") is not False else None
    return ProjectPage(read_summaries(doc), cursor, doc)


def read_summary(doc: Document) -> ProjectSummary:
    return ProjectSummary(
        id=reading.need_text(doc, "id", "project_id"),
        name=reading.text(doc, "name") or "",
        tier=reading.text(doc, "tier"),
        status=reading.text(doc, "status", "effective_status"),
        api_calls=reading.number(doc, "api_calls"),
        storage_bytes=reading.number(doc, "storage_bytes"),
        lease_expires_at=reading.moment(doc, "lease_expires_at"),
        created_at=reading.moment(doc, "created_at"),
        raw=doc,
    )


def read_usage(doc: Document) -> Usage:
    return Usage(
        project_id=reading.text(doc, "project_id"),
        tier=reading.text(doc, "tier"),
        api_calls=reading.number(doc, "api_calls"),
        api_calls_limit=reading.number(doc, "api_calls_limit", "limit"),
        storage_bytes=reading.number(doc, "storage_bytes"),
        storage_limit_bytes=reading.number(doc, "storage_limit_bytes", "storage_limit"),
        lease_expires_at=reading.moment(doc, "lease_expires_at"),
        status=reading.text(doc, "status", "effective_status"),
        raw=doc,
    )
