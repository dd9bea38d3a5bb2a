"""Deploys and money: nothing is signed unless the plan named a price, and never above it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from django.test import Client

from core.errors import Refusal
from deploys import plans
from deploys.models import Deploy, Release
from deploys.pipeline import planning
from operations import approvals
from operations.models import Approval, State
from projects.models import Project
from run402.resources.plans import Plan, read_plan
from teams.models import Team, User
from tests.deploys.conftest import SITE, Knob, confirm, operation_of, upload
from tests.fixtures import RunOperations
from tests.pricetags import require_tag
from wallets import policies
from wallets.models import Payment
from wallets.models.gateway import BASE_SEPOLIA

COMMIT = "/apply/v1/plans/*/commit"


def test_a_commit_that_asks_for_unannounced_money_signs_nothing(
    as_bob: Client, reviewed: Deploy, knob: Knob, run_operations: RunOperations
) -> None:
    knob("status", method="POST", path=COMMIT, status=402, code="PAYMENT_REQUIRED", times=9)
    confirm(as_bob, reviewed)
    run_operations()
    assert (operation_of(reviewed).error["code"], Payment.objects.count()) == ("PAYMENT_REQUIRED", 0)


def test_a_price_the_plan_named_is_reserved_and_settled(
    as_bob: Client,
    project: Project,
    address: str,
    run_operations: RunOperations,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _name_a_price(monkeypatch, {"amount": "50000", "asset": "USDC", "payTo": "0x0", "reason": "storage"})
    policies.write(project.wallet, policies.Limits(100_000, 200_000, (BASE_SEPOLIA,)))
    deploy = upload(as_bob, project, SITE, subdomain=address)
    run_operations()
    html = as_bob.get(f"/deploys/{deploy.pk}").content.decode()
    require_tag(html, micros=50_000, network=BASE_SEPOLIA, wallet=project.wallet, left=None)
    confirm(as_bob, deploy)
    run_operations()
    payment = Payment.objects.get(operation_id=operation_of(deploy).pk)
    assert (payment.state, payment.amount_micros, payment.paid_by) == ("settled", 50_000, "balance")


def test_a_second_person_approves_the_plan_and_another_plan_needs_them_again(
    as_bob: Client,
    project: Project,
    alice: User,
    address: str,
    run_operations: RunOperations,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _name_a_price(monkeypatch, {"amount": "50000"})
    policies.write(project.wallet, policies.Limits(100_000, 200_000, approvals=(("deploy", 10_000),)))
    deploy = upload(as_bob, project, SITE, subdomain=address)
    run_operations()
    confirm(as_bob, deploy)
    run_operations()
    operation, request = operation_of(deploy), _request(deploy)
    assert (operation.state, operation.reason, Payment.objects.count()) == (State.WAITING, "approval", 0)
    deploy.refresh_from_db()
    assert {name: request.document[name] for name in ("base_release", "diff", "spec")} == {
        "base_release": deploy.plan["base_release_id"],
        "diff": deploy.plan["digest"],
        "spec": deploy.plan["spec"],
    }

    approvals.approve(operation=operation, actor=alice, digest=request.digest)
    Deploy.objects.filter(pk=deploy.pk).update(spec={**deploy.spec, "i18n": None})
    run_operations()
    assert (operation_of(deploy).reason, Payment.objects.count()) == ("approval", 0)
    assert "the spec" in _request(deploy).differences
    approvals.approve(operation=operation_of(deploy), actor=alice, digest=_request(deploy).digest)
    run_operations()
    assert operation_of(deploy).state == State.SUCCEEDED
    assert Payment.objects.get().amount_micros == 50_000


def _request(deploy: Deploy) -> Approval:
    return Approval.objects.get(operation=operation_of(deploy), state=Approval.State.WAITING)


def test_a_price_above_the_limit_is_refused_before_anything_is_committed(
    as_bob: Client, project: Project, run_operations: RunOperations, monkeypatch: pytest.MonkeyPatch
) -> None:
    _name_a_price(monkeypatch, {"amount": "50000"})
    policies.write(project.wallet, policies.Limits(10_000, 20_000, (BASE_SEPOLIA,)))
    deploy = upload(as_bob, project, SITE)
    run_operations()
    confirm(as_bob, deploy)
    run_operations()
    assert (operation_of(deploy).error["code"], Payment.objects.count()) == ("LIMIT_PER_PAYMENT", 0)


def _name_a_price(monkeypatch: pytest.MonkeyPatch, payment: dict[str, str]) -> None:
    """Let the gateway's plans name a price, which the sandbox never does."""
    ask = planning._ask

    def priced(*args: Any, **kwargs: Any) -> Plan:
        return dataclasses.replace(ask(*args, **kwargs), payment_required=payment)

    monkeypatch.setattr(planning, "_ask", priced)


def test_a_redeploy_that_costs_asks_first(
    as_bob: Client,
    live: Deploy,
    project: Project,
    run_operations: RunOperations,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    second = upload(as_bob, project, {"index.html": "<h1>Two</h1>", "app.css": "x"})
    run_operations()
    confirm(as_bob, second)
    run_operations()
    _name_a_price(monkeypatch, {"amount": "$0.01"})
    release = Release.objects.get(project=project, generation=1)
    answer = as_bob.post(f"/projects/{project.pk}/releases/{release.pk}/redeploy")
    run_operations()
    back = Deploy.objects.get(pk=answer.headers["Location"].rsplit("/", 1)[1])
    assert (operation_of(back).state, back.reviewed_plan["price_micros"]) == (State.WAITING, 10_000)
    html = as_bob.get(f"/deploys/{back.pk}").content.decode()
    require_tag(html, micros=10_000, network=BASE_SEPOLIA, wallet=project.wallet, left=None)


@pytest.mark.parametrize(("above", "told"), [(None, False), (10_000, True), (50_000, False)])
def test_that_somebody_else_approves_a_plan_is_told_before_it_is_confirmed(
    as_bob: Client,
    project: Project,
    run_operations: RunOperations,
    monkeypatch: pytest.MonkeyPatch,
    above: int | None,
    told: bool,
) -> None:
    _name_a_price(monkeypatch, {"amount": "50000"})
    Team.objects.filter(pk=project.team_id).update(approval_above_micros=above)
    deploy = upload(as_bob, project, SITE)
    run_operations()
    page = as_bob.get(f"/deploys/{deploy.pk}").content.decode()
    assert ("Somebody else approves it first." in page) == told


@pytest.mark.parametrize(
    ("answer", "micros"),
    [
        ({}, 0),
        ({"payment_required": None, "cost": {"billable_delta_usd_micros": 0, "payment_required": False}}, 0),
        ({"payment_required": {"amount": "100000"}}, 100_000),
        ({"payment_required": {"amount": 100_000}}, 100_000),
        ({"payment_required": {"amount": "$0.10"}}, 100_000),
        ({"payment_required": {"amount": "1.000001"}}, 1_000_001),
        ({"cost": {"billable_delta_usd_micros": 250}}, 250),
        ({"payment_required": {"amount": "100"}, "cost": {"billable_delta_usd_micros": 250}}, 250),
        ({"cost": {"billable_delta_usd_micros": -250}}, 0),
    ],
)
def test_a_price_is_read_wherever_the_plan_says_it(answer: dict[str, Any], micros: int) -> None:
    assert plans.price_micros(read_plan(answer)) == micros


@pytest.mark.parametrize(
    "answer",
    [
        {"payment_required": {"amount": "a lot"}},
        {"payment_required": {"asset": "USDC"}},
        {"payment_required": {"amount": True}},
        {"payment_required": {"amount": "-5"}},
        {"cost": {"payment_required": True}},
    ],
)
def test_a_price_that_cannot_be_read_is_not_guessed(answer: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as caught:
        plans.price_micros(read_plan(answer))
    assert caught.value.fault.code == "PRICE_UNREADABLE"
