"""Secrets: what travels, what is refused before it does, and the round trip with the sandbox."""

from __future__ import annotations

import pytest

from run402 import Client, errors
from run402.resources.projects import ProvisionedProject
from tests.run402.gateways import Gateway, ok
from tests.run402.test_run402_sandbox import alice, client, project

__all__ = ["alice", "client", "project"]

ROW = {"key": "API_KEY", "value_hash": "5e88", "scope": "all"}


@pytest.mark.parametrize("answer", [{"secrets": [ROW]}, [ROW]])
def test_list_reads_both_shapes_keeps_unknown_fields_and_drops_the_digest(answer: object) -> None:
    (row,) = Gateway(ok(answer)).client().secrets.list("prj_1", service_key="s")
    assert (row.key, row.raw) == ("API_KEY", {"key": "API_KEY", "scope": "all"})


@pytest.mark.parametrize("key", ["", "lower", "1ST", "A-B", "A" * 129, "A\n"])
def test_wrong_name_is_refused_before_anything_is_sent(key: str) -> None:
    gateway = Gateway()
    with pytest.raises(ValueError, match="capital letters"):
        gateway.client().secrets.set("prj_1", key, "v", service_key="s")
    assert gateway.requests == []


@pytest.mark.parametrize("value", ["x" * 4097, "é" * 2049, "hush\ud800"])
def test_wrong_value_is_refused_unsent_and_not_repeated(value: str) -> None:
    gateway = Gateway()
    with pytest.raises(ValueError, match="A secret's value") as caught:
        gateway.client().secrets.set("prj_1", "API_KEY", value, service_key="s")
    assert (gateway.requests, value in str(caught.value)) == ([], False)


def test_secret_is_set_replaced_listed_and_deleted(client: Client, project: ProvisionedProject) -> None:
    mine, key = project.project_id, project.service_key
    client.secrets.set(mine, "API_KEY", "é" * 2048, service_key=key)
    client.secrets.set(mine, "API_KEY", "two\nlines", service_key=key)
    (row,) = client.secrets.list(mine, service_key=key)
    assert (row.key, set(row.raw)) == ("API_KEY", {"key", "created_at", "updated_at"})
    client.secrets.delete(mine, "API_KEY", service_key=key)
    assert client.secrets.list(mine, service_key=key) == ()
    with pytest.raises(errors.NotFound):
        client.secrets.delete(mine, "API_KEY", service_key=key)
