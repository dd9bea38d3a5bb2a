"""Subdomains: claim or repoint, list, release (contract: apply 5.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from run402 import names, reading
from run402.reading import Document
from run402.routes import bearer, route
from run402.wire import Call, Wire, json_call


@dataclass(frozen=True)
class Subdomain:
    """A claimed name and the deployment it points at.

    >>> read_subdomain({"name": "guestbook", "url": "https://guestbook.run402.com"}).url
    'https://guestbook.run402.com'
    """

    name: str
    deployment_id: str | None
    url: str | None
    deployment_url: str | None
    project_id: str | None
    created_at: datetime | None
    updated_at: datetime | None
    raw: Document = field(repr=False)


class SubdomainsResource:
    """``client.subdomains``; the service key says which project is meant.

    >>> import httpx
    >>> from run402 import Client
    >>> answer = {"subdomains": [{"name": "guestbook"}]}
    >>> transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answer))
    >>> client = Client("https://api.run402.com", transport=transport)
    >>> [row.name for row in client.subdomains.list(service_key="service")]
    ['guestbook']
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def claim(self, name: str, *, deployment_id: str, service_key: str) -> Subdomain:
        """Claim ``name`` or point it elsewhere. Raises ValueError for a name against the rules."""
        body = {"name": names.subdomain(name), "deployment_id": deployment_id}
        call = json_call("POST", "/subdomains/v1", body, headers=bearer(service_key))
        return self._wire.read(call, read_subdomain)

    def list(self, *, service_key: str) -> tuple[Subdomain, ...]:
        """Every name of the project."""
        return self._wire.read(Call("GET", "/subdomains/v1", headers=bearer(service_key)), read_subdomains)

    def release(self, name: str, *, service_key: str) -> None:
        """Give ``name`` up."""
        self._wire.fetch(Call("DELETE", route("/subdomains/v1/{}", name), headers=bearer(service_key)))


def read_subdomains(doc: Document) -> tuple[Subdomain, ...]:
    return tuple(read_subdomain(item) for item in reading.documents(doc, "subdomains"))


def read_subdomain(doc: Document) -> Subdomain:
    return Subdomain(
        name=reading.need_text(doc, "name"),
        deployment_id=reading.text(doc, "deployment_id"),
        url=reading.text(doc, "url"),
        deployment_url=reading.text(doc, "deployment_url"),
        project_id=reading.text(doc, "project_id"),
        created_at=reading.moment(doc, "created_at"),
        updated_at=reading.moment(doc, "updated_at"),
        raw=doc,
    )
