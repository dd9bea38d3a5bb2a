"""Secrets: set, list by name, delete (contract: apply 6). No call reads a value back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from run402 import names, reading
from run402.answers import Answer
from run402.reading import Document
from run402.routes import bearer, route
from run402.wire import Call, Wire, json_call

_PATH = "/projects/v1/admin/{}/secrets"
# Older gateways told a digest of the value: a short value could be guessed from it.
_DROPPED = ("value", "value_hash")


@dataclass(frozen=True)
class Secret:
    """A secret's name and when it was set; its value is never told.

    >>> read_secret({"key": "OPENAI_API_KEY", "value_hash": "5e88"}).raw
    {'key': 'OPENAI_API_KEY'}
    """

    key: str
    created_at: datetime | None
    updated_at: datetime | None
    raw: Document = field(repr=False)


class SecretsResource:
    """``client.secrets``; a Cloud gateway's paths, which Run402 Core does not have.

    >>> import httpx
    >>> from run402 import Client
    >>> answer = {"secrets": [{"key": "OPENAI_API_KEY"}]}
    >>> transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answer))
    >>> client = Client("https://api.run402.com", transport=transport)
    >>> [row.key for row in client.secrets.list("prj_1", service_key="service")]
    ['OPENAI_API_KEY']
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def set(self, project_id: str, key: str, value: str, *, service_key: str) -> None:
        """Set or replace. Raises ValueError for a name or value against the rules, without repeating the value."""
        body = {"key": names.secret(key), "value": names.secret_value(value)}
        self._wire.fetch(json_call("POST", route(_PATH, project_id), body, headers=bearer(service_key)))

    def list(self, project_id: str, *, service_key: str) -> tuple[Secret, ...]:
        """Every name of the project."""
        answer = self._wire.fetch(Call("GET", route(_PATH, project_id), headers=bearer(service_key)))
        return _read_list(answer)

    def delete(self, project_id: str, key: str, *, service_key: str) -> None:
        """Remove ``key`` and its value. Raises NotFound when the project has none of this name."""
        path = route(f"{_PATH}/{{}}", project_id, names.secret(key))
        self._wire.fetch(Call("DELETE", path, headers=bearer(service_key)))


def _read_list(answer: Answer) -> tuple[Secret, ...]:
    """The contract has two shapes: an object with the list, or the list alone."""
    if isinstance(answer.body, list):
        return read_secrets({"secrets": answer.body})
    return answer.read(read_secrets)


def read_secrets(doc: Document) -> tuple[Secret, ...]:
    return tuple(read_secret(item) for item in reading.documents(doc, "secrets"))


def read_secret(doc: Document) -> Secret:
    return Secret(
        key=reading.need_text(doc, "key"),
        created_at=reading.moment(doc, "created_at"),
        updated_at=reading.moment(doc, "updated_at"),
        raw={name: value for name, value in doc.items() if name not in _DROPPED},
    )
