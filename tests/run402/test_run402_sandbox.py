"""The client and the sandbox, which share no code, over real HTTP: each checks the other's reading of the contract."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from run402 import Client, LocalSigner, errors, new_key, x402
from run402.resources.content import ContentItem
from run402.resources.plans import ApplyOperation
from run402.resources.projects import ProvisionedProject
from run402.transport import LocalhostTransport
from tests.sandboxes import Sandbox

TESTNET = x402.TESTNET
PROTOTYPE_MICROS = 100_000
FIRST_DRIP_MICROS = 250_000


@pytest.fixture
def alice() -> LocalSigner:
    return LocalSigner(new_key())


@pytest.fixture
def client(sandbox: Sandbox, alice: LocalSigner) -> Iterator[Client]:
    with Client(sandbox.url, signer=alice, rpc_urls=[f"{sandbox.url}/rpc"]) as client:
        client.faucet.draw(alice.address)
        yield client


@pytest.fixture
def project(client: Client) -> ProvisionedProject:
    client.tiers.set("prototype", purchase=purchase())
    return client.projects.provision(name="Guestbook", tier="prototype")


def purchase(
    record: Callable[[x402.SignedPayment], None] = lambda payment: None,
    held: x402.SignedPayment | None = None,
) -> x402.Purchase:
    return x402.Purchase(x402.CapPolicy(PROTOTYPE_MICROS), record, held)


def order(sandbox: Sandbox, **knob: Any) -> None:
    with httpx.Client(transport=LocalhostTransport()) as http:
        http.post(f"{sandbox.url}/_sandbox/knobs", json=knob).raise_for_status()


def released(client: Client, project: ProvisionedProject, files: dict[str, bytes]) -> ApplyOperation:
    """Plan, upload what is missing, commit and follow to the end."""
    by_digest = {hashlib.sha256(content).hexdigest(): content for content in files.values()}
    refs = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    plan = client.apply.plan(
        {
            "project_id": project.project_id,
            "site": {
                "replace": {
                    path: {"sha256": digest, "size": len(by_digest[digest]), "content_type": "text/html"}
                    for path, digest in refs.items()
                }
            },
            "subdomains": {"set": [subdomain_of(project)]},
        }
    )
    lacking = [ContentItem(item.sha256, item.size) for item in plan.missing_content if not item.present]
    if lacking:
        content = client.content.plan(lacking, anon_key=project.anon_key)
        client.content.upload(content, lambda digest: io.BytesIO(by_digest[digest]))
        client.content.commit(content, anon_key=project.anon_key)
    assert plan.plan_id is not None
    commit = client.apply.commit(plan.plan_id)
    assert commit.outcome == "not_needed"
    return followed(client, commit.value.operation_id, project)


def followed(client: Client, operation_id: str, project: ProvisionedProject) -> ApplyOperation:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        operation = client.apply.operation(operation_id, anon_key=project.anon_key)
        if operation.terminal or operation.resumable:
            return operation
        time.sleep(0.01)
    raise AssertionError(f"{operation_id} did not end")


def subdomain_of(project: ProvisionedProject) -> str:
    return project.project_id.replace("_", "-").lower()


def page(sandbox: Sandbox, project: ProvisionedProject) -> bytes:
    port = httpx.URL(sandbox.url).port
    with httpx.Client(transport=LocalhostTransport()) as http:
        return http.get(f"http://{subdomain_of(project)}.localhost:{port}/").content


def test_paid_tier_moves_money_once_and_the_ledger_knows_the_authorization(
    client: Client, alice: LocalSigner
) -> None:
    payments: list[x402.SignedPayment] = []
    paid = client.tiers.set("prototype", purchase=purchase(payments.append), idempotency_key="first")
    assert (paid.outcome, paid.value.action, client.tiers.status().tier) == (
        "settled",
        "subscribe",
        "prototype",
    )
    assert client.balance.usdc(TESTNET, alice.address) == FIRST_DRIP_MICROS - PROTOTYPE_MICROS
    assert client.balance.authorization_used(TESTNET, alice.address, payments[0].nonce)


def test_lost_answer_is_unknown_and_the_held_payment_brings_it_back_without_paying_twice(
    client: Client, sandbox: Sandbox, alice: LocalSigner
) -> None:
    def then_lose_the_answer(payment: x402.SignedPayment) -> None:
        order(sandbox, do="drop_after", path="/tiers/v1/prototype", method="POST")

    with pytest.raises(errors.PaymentUnsettled) as lost:
        client.tiers.set("prototype", purchase=purchase(then_lose_the_answer), idempotency_key="lost")
    assert (lost.value.outcome, type(lost.value.cause)) == ("unknown", errors.NetworkError)
    again = client.tiers.set("prototype", purchase=purchase(held=lost.value.payment), idempotency_key="lost")
    assert (again.outcome, again.value.action) == ("settled", "subscribe")
    assert client.balance.usdc(TESTNET, alice.address) == FIRST_DRIP_MICROS - PROTOTYPE_MICROS


def test_payment_that_never_arrived_is_unused_on_the_ledger(
    client: Client, sandbox: Sandbox, alice: LocalSigner
) -> None:
    def then_lose_the_request(payment: x402.SignedPayment) -> None:
        order(sandbox, do="drop_before", path="/tiers/v1/prototype", method="POST")

    with pytest.raises(errors.PaymentUnsettled) as lost:
        client.tiers.set("prototype", purchase=purchase(then_lose_the_request))
    payment = lost.value.payment
    assert lost.value.outcome == "unknown"
    assert not client.balance.authorization_used(TESTNET, alice.address, payment.nonce)
    with pytest.raises(errors.BalanceUnknown):
        client.balance.authorization_used(TESTNET, alice.address, payment.nonce, after=payment.valid_before)


def test_empty_wallet_is_turned_down_with_proof(sandbox: Sandbox) -> None:
    with (
        Client(sandbox.url, signer=LocalSigner(new_key())) as client,
        pytest.raises(errors.PaymentUnsettled) as turned_down,
    ):
        client.tiers.set("prototype", purchase=purchase())
    assert turned_down.value.outcome == "rejected"


def test_wrong_clock_is_told_and_nothing_is_signed(sandbox: Sandbox, alice: LocalSigner) -> None:
    payments: list[x402.SignedPayment] = []
    with (
        Client(sandbox.url, signer=alice, clock=lambda: time.time() + 3600) as client,
        pytest.raises(errors.PaymentRequired) as refused,
    ):
        client.tiers.set("prototype", purchase=purchase(payments.append))
    assert (refused.value.challenge, payments) == (None, [])
    assert "clock" in (refused.value.hint or "")


def test_faucet_is_drawn_from_once_a_day(client: Client, alice: LocalSigner) -> None:
    with pytest.raises(errors.RateLimited):
        client.faucet.draw(alice.address)


def test_projects_and_usage_are_read(client: Client, project: ProvisionedProject, alice: LocalSigner) -> None:
    assert [row.id for row in client.projects.list_by_wallet(alice.address)] == [project.project_id]
    usage = client.projects.usage(project.project_id, service_key=project.service_key)
    assert (usage.project_id, usage.tier, usage.status) == (project.project_id, "prototype", "active")
    client.projects.delete(project.project_id, service_key=project.service_key)
    assert client.projects.list_by_wallet(alice.address) == ()


def test_release_is_live_then_a_second_one_then_the_first_again(
    client: Client, project: ProvisionedProject, sandbox: Sandbox
) -> None:
    assert client.releases.active(anon_key=project.anon_key) is None
    first = released(client, project, {"index.html": b"<h1>one</h1>"})
    assert (first.status, page(sandbox, project)) == ("ready", b"<h1>one</h1>")
    released(client, project, {"index.html": b"<h1>two</h1>"})
    assert page(sandbox, project) == b"<h1>two</h1>"
    assert first.release_id is not None
    client.releases.promote(first.release_id, project_id=project.project_id)
    assert page(sandbox, project) == b"<h1>one</h1>"
    live = client.releases.active(anon_key=project.anon_key)
    assert live is not None
    assert (live.release_id, live.site["paths"][0]["path"]) == (first.release_id, "index.html")


def test_events_and_operations_tell_the_story(client: Client, project: ProvisionedProject) -> None:
    operation = released(client, project, {"index.html": b"<h1>told</h1>"})
    kinds = [
        event["type"] for event in client.apply.events(operation.operation_id, anon_key=project.anon_key)
    ]
    assert (kinds[0], kinds[-1]) == ("plan.started", "ready")
    page = client.apply.operations(anon_key=project.anon_key, limit=1)
    assert [row.operation_id for row in page.operations] == [operation.operation_id]


def test_large_file_goes_up_in_parts(client: Client, project: ProvisionedProject, sandbox: Sandbox) -> None:
    movie = b"0123456789abcdef" * (9 * 1024 * 1024 // 16)
    assert released(client, project, {"index.html": movie}).status == "ready"
    assert page(sandbox, project) == movie


def test_empty_file_is_published(client: Client, project: ProvisionedProject, sandbox: Sandbox) -> None:
    assert released(client, project, {"index.html": b""}).status == "ready"
    assert page(sandbox, project) == b""


def test_stuck_activation_is_resumed(client: Client, project: ProvisionedProject, sandbox: Sandbox) -> None:
    order(sandbox, do="activation_pending")
    stuck = released(client, project, {"index.html": b"<h1>late</h1>"})
    assert (stuck.status, stuck.resumable) == ("activation_pending", True)
    client.apply.resume(stuck.operation_id)
    assert followed(client, stuck.operation_id, project).status == "ready"
    with pytest.raises(errors.ApiError) as over:
        client.apply.resume(stuck.operation_id)
    assert over.value.code in {"NOT_RESUMABLE", "INVALID_STATE"}


def test_subdomain_is_claimed_listed_and_given_up(client: Client, project: ProvisionedProject) -> None:
    released(client, project, {"index.html": b"<h1>named</h1>"})
    (own,) = client.subdomains.list(service_key=project.service_key)
    assert own.deployment_id is not None
    other = f"{own.name}-2"
    claimed = client.subdomains.claim(other, deployment_id=own.deployment_id, service_key=project.service_key)
    assert claimed.name == other
    client.subdomains.release(other, service_key=project.service_key)
    assert [row.name for row in client.subdomains.list(service_key=project.service_key)] == [own.name]


def test_wrong_key_and_unknown_release_are_typed(client: Client, project: ProvisionedProject) -> None:
    with pytest.raises(errors.Unauthorized):
        client.projects.usage(project.project_id, service_key="wrong")
    with pytest.raises(errors.NotFound):
        client.releases.get("rel_unknown", anon_key=project.anon_key)
