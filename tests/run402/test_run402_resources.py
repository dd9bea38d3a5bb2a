"""Each call on the wire: method, path, credential, body; and what its answer is read as."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from run402 import Client, Exchange, x402
from run402.resources import tiers
from tests.run402.gateways import Gateway, ok

ANON, SERVICE = "anon-key", "service-key"
OPERATION = {"operation_id": "op_1", "status": "ready"}


def sent_by(call: Callable[[Client], Any], answer: Any) -> Gateway:
    gateway = Gateway(ok(answer))
    call(gateway.client())
    return gateway


CALLS: list[tuple[str, str, str, Any, Callable[[Client], Any], Any]] = [
    ("none", "GET", "/tiers/v1", None, lambda c: c.tiers.quote(), {}),
    ("siwx", "GET", "/tiers/v1/status", None, lambda c: c.tiers.status(), {}),
    ("siwx", "POST", "/tiers/v1/hobby", {}, lambda c: c.tiers.set("hobby"), {"tier": "hobby"}),
    ("none", "POST", "/faucet/v1", {"address": "0xAb"}, lambda c: c.faucet.draw("0xAb"), {"amount_usd_micros": 1}),
    (
        "siwx", "POST", "/projects/v1", {"name": "Guestbook", "tier": "prototype"},
        lambda c: c.projects.provision(name="Guestbook", tier="prototype"),
        {"project_id": "prj_1", "anon_key": "a", "service_key": "s"},
    ),
    ("siwx", "GET", "/wallets/v1/0xab/projects", None, lambda c: c.projects.list_by_wallet("0xAB"), {}),
    (
        "service", "GET", "/projects/v1/admin/prj_1/usage", None,
        lambda c: c.projects.usage("prj_1", service_key=SERVICE), {},
    ),
    ("service", "DELETE", "/projects/v1/prj_1", None, lambda c: c.projects.delete("prj_1", service_key=SERVICE), {}),
    (
        "siwx", "POST", "/apply/v1/plans",
        {"spec": {"project_id": "prj_1"}, "manifest_ref": {"sha256": "x", "content_type": "y"}, "idempotency_key": "k"},
        lambda c: c.apply.plan(
            {"project": "prj_1"}, idempotency_key="k", manifest_ref={"sha256": "x", "contentType": "y"}
        ),
        {},
    ),
    (
        "siwx", "POST", "/apply/v1/plans?dry_run=true", {"spec": {}},
        lambda c: c.apply.plan({}, dry_run=True, idempotency_key="k", manifest_ref={"sha256": "x"}), {},
    ),
    ("siwx", "POST", "/apply/v1/plans/plan_1/commit", {}, lambda c: c.apply.commit("plan_1"), OPERATION),
    (
        "siwx", "POST", "/apply/v1/plans/plan_1/commit", {"idempotency_key": "k"},
        lambda c: c.apply.commit("plan_1", idempotency_key="k"), OPERATION,
    ),
    ("anon", "GET", "/apply/v1/operations/op_1", None, lambda c: c.apply.operation("op_1", anon_key=ANON), OPERATION),
    (
        "anon", "GET", "/apply/v1/operations?limit=5&cursor=a%2Fb", None,
        lambda c: c.apply.operations(anon_key=ANON, limit=5, cursor="a/b"), {},
    ),
    ("anon", "GET", "/apply/v1/operations/op_1/events", None, lambda c: c.apply.events("op_1", anon_key=ANON), {}),
    ("siwx", "POST", "/apply/v1/operations/op_1/resume", None, lambda c: c.apply.resume("op_1"), OPERATION),
    (
        "anon", "GET", "/apply/v1/releases/active?site_limit=1", None,
        lambda c: c.releases.active(anon_key=ANON, site_limit=1), {"release_id": None},
    ),
    (
        "anon", "GET", "/apply/v1/releases/rel_1", None,
        lambda c: c.releases.get("rel_1", anon_key=ANON), {"release_id": "rel_1"},
    ),
    (
        "siwx", "POST", "/apply/v1/releases/rel_1/promote", {"project": "prj_1", "allow_warning_codes": ["W"]},
        lambda c: c.releases.promote("rel_1", project_id="prj_1", allow_warning_codes=["W"]), {"release_id": "rel_1"},
    ),
    (
        "service", "POST", "/subdomains/v1", {"name": "guestbook", "deployment_id": "dpl_1"},
        lambda c: c.subdomains.claim("guestbook", deployment_id="dpl_1", service_key=SERVICE), {"name": "guestbook"},
    ),
    (
        "service", "POST", "/projects/v1/admin/prj_1/secrets", {"key": "API_KEY", "value": "v"},
        lambda c: c.secrets.set("prj_1", "API_KEY", "v", service_key=SERVICE), {"status": "set", "key": "API_KEY"},
    ),
    (
        "service", "GET", "/projects/v1/admin/prj_1/secrets", None,
        lambda c: c.secrets.list("prj_1", service_key=SERVICE), {},
    ),
    (
        "service", "DELETE", "/projects/v1/admin/prj_1/secrets/API_KEY", None,
        lambda c: c.secrets.delete("prj_1", "API_KEY", service_key=SERVICE), {},
    ),
    ("service", "GET", "/subdomains/v1", None, lambda c: c.subdomains.list(service_key=SERVICE), {}),
    (
        "service", "DELETE", "/subdomains/v1/guestbook", None,
        lambda c: c.subdomains.release("guestbook", service_key=SERVICE), {},
    ),
    (
        "anon", "POST", "/content/v1/plans", {"content": []},
        lambda c: c.content.plan([], anon_key=ANON), {"plan_id": "cplan_1"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("auth", "method", "path", "body", "call", "answer"), CALLS)
def test_call_is_what_the_contract_says(
    auth: str, method: str, path: str, body: Any, call: Callable[[Client], Any], answer: Any
) -> None:
    gateway = sent_by(call, answer)
    request = gateway.last
    assert (request.method, request.url.raw_path.decode()) == (method, path)
    assert request.headers.get("apikey") == (ANON if auth == "anon" else None)
    assert request.headers.get("authorization") == (f"Bearer {SERVICE}" if auth == "service" else None)
    assert ("SIGN-IN-WITH-X" in request.headers) == (auth == "siwx")
    assert (gateway.sent if request.content else None) == body
    assert ("content-type" in request.headers) == (body is not None)
    assert "idempotency-key" not in request.headers


def test_idempotency_key_travels_as_a_header_where_the_contract_has_one() -> None:
    gateway = Gateway(
        ok({"amount_usd_micros": 1}), ok({"project_id": "prj_1", "anon_key": "a", "service_key": "s"})
    )
    client = gateway.client()
    client.faucet.draw("0xA", idempotency_key="k1")
    client.projects.provision(name="Guestbook", idempotency_key="k2")
    assert [request.headers["Idempotency-Key"] for request in gateway.requests] == ["k1", "k2"]


def test_commit_that_may_be_paid_carries_its_key_in_body_and_header_and_reports_it_either_way() -> None:
    seen: list[Exchange] = []
    gateway = Gateway(ok(OPERATION), ok(OPERATION))
    client = gateway.client(on_exchange=seen.append)
    purchase = x402.Purchase(x402.CapPolicy(1), before_send=lambda payment: None)
    client.apply.commit("plan_1", idempotency_key="k", purchase=purchase)
    assert (gateway.last.headers["Idempotency-Key"], gateway.sent) == ("k", {"idempotency_key": "k"})
    client.apply.commit("plan_1", idempotency_key="k")
    assert ("Idempotency-Key" in gateway.last.headers, gateway.sent) == (False, {"idempotency_key": "k"})
    assert [exchange.idempotency_key for exchange in seen] == ["k", "k"]


TIER = {"lease_days": 7, "storage_mb": 250, "api_calls": 500000, "max_functions": 5, "description": "Try it."}


def test_price_list_is_read_as_a_map_and_as_a_list() -> None:
    as_map = {"tiers": {"prototype": {"price": "$0.10", **TIER}, "odd": 5}}
    as_list = {"tiers": [{"name": "prototype", "price_usd_micros": 100000, **TIER}, {"price": "$1"}, "odd"]}
    client = Gateway(ok(as_map), ok(as_list)).client()
    quotes = [client.tiers.quote().tiers, client.tiers.quote().tiers]
    assert [[(tier.name, tier.price_micros, tier.max_functions) for tier in quote] for quote in quotes] == [
        [("prototype", 100_000, 5)],
        [("prototype", 100_000, 5)],
    ]


@pytest.mark.parametrize(
    ("price", "micros"),
    [
        ("$0.10", 100_000), ("$5", 5_000_000), ("20 USD", 20_000_000), ("0.000001", 1), ("$5/month", 5_000_000),
        ("$0.10 (free on testnet)", 100_000), ("free", None), ("", None), ("$1,000", None), ("$1.2.3", None),
        ("$0.1234567", None), (None, None), (5, None),
    ],
)  # fmt: skip
def test_price_is_exact_or_unknown(price: Any, micros: int | None) -> None:
    assert tiers.read_tier("t", {"price": price}).price_micros == micros


def test_tier_status_reads_its_lease_and_keeps_the_rest() -> None:
    body = {
        "wallet": "0xA", "tier": "hobby", "active": True, "lease_started_at": "2026-05-01T00:00:00.000Z",
        "lease_expires_at": "2026-05-31T02:00:00+02:00", "pool_usage": {"projects": 2}, "function_limits": {"x": 1},
    }  # fmt: skip
    status = Gateway(ok(body)).client().tiers.status()
    assert (status.tier, status.active, status.pool_usage) == ("hobby", True, {"projects": 2})
    assert status.lease_expires_at == datetime(2026, 5, 31, tzinfo=UTC)
    assert status.raw == body


@pytest.mark.parametrize(
    "moment", ["yesterday", "", 5, None, "9999-12-31T23:59:59-23:00", "2026-13-01T00:00:00Z"]
)
def test_time_that_is_none_reads_as_absent(moment: Any) -> None:
    assert Gateway(ok({"lease_expires_at": moment})).client().tiers.status().lease_expires_at is None


def test_keys_of_a_new_project_are_not_printed() -> None:
    body = {"project_id": "prj_1", "anon_key": "secret-a", "service_key": "secret-s", "schema_slot": "p0001"}
    project = Gateway(ok(body)).client().projects.provision(name="Guestbook")
    assert (project.anon_key, project.service_key) == ("secret-a", "secret-s")
    assert "secret" not in repr(project)


def test_both_spellings_of_a_field_are_read() -> None:
    client = Gateway(
        ok({"projectId": "prj_1", "anonKey": "a", "serviceKey": "s"}), ok({"amountUsdMicros": 250000.0})
    ).client()
    assert client.projects.provision(name="Guestbook").project_id == "prj_1"
    assert client.faucet.draw("0xA").amount_micros == 250_000


@pytest.mark.parametrize("name", ["", "  ", "x" * 129, "a\nb"])
def test_bad_project_name_is_refused_before_anything_is_sent(name: str) -> None:
    gateway = Gateway()
    with pytest.raises(ValueError, match=r"\.$"):
        gateway.client().projects.provision(name=name)
    assert gateway.requests == []


def test_projects_of_a_wallet_are_listed() -> None:
    row = {
        "id": "prj_1",
        "name": "Guestbook",
        "tier": "hobby",
        "status": "active",
        "api_calls": 3,
        "storage_bytes": 9,
    }
    (project,) = Gateway(ok({"wallet": "0xa", "projects": [row]})).client().projects.list_by_wallet("0xA")
    assert (project.id, project.name, project.api_calls, project.raw) == ("prj_1", "Guestbook", 3, row)


@pytest.mark.parametrize("name", ["ab", "x" * 64, "Abc", "a_b", "-abc", "abc-", "äbc", "a.b"])
def test_bad_subdomain_is_refused_before_anything_is_sent(name: str) -> None:
    gateway = Gateway()
    with pytest.raises(ValueError, match="subdomain"):
        gateway.client().subdomains.claim(name, deployment_id="dpl_1", service_key=SERVICE)
    assert gateway.requests == []


def test_delete_accepts_an_empty_answer() -> None:
    gateway = Gateway(httpx.Response(204), httpx.Response(204))
    client = gateway.client()
    client.projects.delete("prj_1", service_key=SERVICE)
    client.subdomains.release("guestbook", service_key=SERVICE)
    assert [request.method for request in gateway.requests] == ["DELETE", "DELETE"]
