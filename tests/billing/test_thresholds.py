"""Thresholds of team, wallet and kind: the lowest counts, lower ones are free, looser ones need a passkey."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test import Client

from audit.models import Event
from billing import services, thresholds
from core.errors import Refusal
from operations import consent
from operations.models import Operation, State
from teams.models import Role, Team, User
from tests.billing.conftest import at, attempt
from tests.billing.test_approval import CENTS_10, Members, trusted
from tests.fixtures import ClientAs, RunOperations
from wallets import policies
from wallets import thresholds as kept
from wallets.limits import DEPLOY, Limits, is_raise, make_sense
from wallets.models import ApprovalRule, Payment, SpendPolicy, Wallet
from wallets.thresholds import Rule


def signed(wallet: Wallet, *approvals: tuple[str, int]) -> SpendPolicy:
    """Have a worker write thresholds among the wallet's limits."""
    return policies.write(wallet, replace(policies.verified(wallet), approvals=approvals))


def paying(wallet: Wallet, actor: User) -> Operation:
    return attempt(services.set_tier(wallet=wallet, actor=actor, tier="prototype", shown_micros=CENTS_10))


@pytest.mark.parametrize(
    ("team_above", "own", "lowest"),
    [
        (None, (), None),
        (90_000, (), 90_000),
        (90_000, (("", 80_000), ("tier", 70_000)), 70_000),
        (60_000, (("", 80_000), ("tier", 70_000)), 60_000),
        (None, ((DEPLOY, 1), ("other", 2)), None),
    ],
)
def test_the_lowest_that_applies_counts(
    funded: Wallet, team: Team, team_above: int | None, own: tuple[tuple[str, int], ...], lowest: int | None
) -> None:
    Team.objects.filter(pk=team.pk).update(approval_above_micros=team_above)
    signed(funded, *own)
    assert kept.lowest(funded, "tier") == lowest


@pytest.mark.parametrize("key", ["", "tier"])
def test_a_wallets_own_threshold_asks_a_second_person(funded: Wallet, members: Members, key: str) -> None:
    signed(funded, (key, 50_000))
    operation = paying(funded, members[Role.BILLING])
    assert (operation.state, operation.reason) == (State.WAITING, "approval")


def test_a_threshold_taken_out_of_the_limits_by_sql_refuses_every_payment(
    funded: Wallet, members: Members
) -> None:
    signed(funded, ("", 50_000))
    SpendPolicy.objects.filter(wallet=funded).update(rules={})
    assert paying(funded, members[Role.BILLING]).error["code"] == "POLICY_TAMPERED"
    assert not Payment.objects.exists()


@pytest.mark.parametrize("above", [None, 10_000_000])
def test_a_teams_threshold_raised_by_sql_lets_no_payment_through(
    funded: Wallet, members: Members, team: Team, run_operations: RunOperations, above: int | None
) -> None:
    thresholds.change(team=team, actor=members[Role.OWNER], asked=Rule(50_000))
    run_operations()
    Team.objects.filter(pk=team.pk).update(approval_above_micros=above)
    assert paying(funded, members[Role.BILLING]).reason == "approval"
    ApprovalRule.objects.filter(team=team).update(above_micros=above)
    Operation.objects.filter(kind="tier.set").update(state=State.QUEUED, reason="")
    operation = attempt(Operation.objects.get(kind="tier.set"))
    assert (operation.error["code"], Payment.objects.count()) == ("THRESHOLD_TAMPERED", 0)


def test_a_teams_threshold_deleted_by_sql_refuses_every_payment(
    funded: Wallet, members: Members, team: Team, run_operations: RunOperations
) -> None:
    thresholds.change(team=team, actor=members[Role.OWNER], asked=Rule(50_000))
    run_operations()
    Team.objects.filter(pk=team.pk).update(approval_above_micros=None)
    ApprovalRule.objects.all().delete()
    assert paying(funded, members[Role.BILLING]).error["code"] == "THRESHOLD_TAMPERED"


def test_an_owner_lowers_at_once_and_raises_with_a_passkey(
    client_as: ClientAs, funded: Wallet, members: Members, team: Team, run_operations: RunOperations
) -> None:
    owner = members[Role.OWNER]
    browser = at(client_as(owner), funded.gateway)
    assert _save(browser, "0.05") == "/payments/approvals"
    team.refresh_from_db()
    assert team.approval_above_micros == 50_000
    run_operations()
    assert kept.of_team(team.pk) == Rule(50_000)
    assert "/consent" in _save(browser, "")
    operation = Operation.objects.get(kind=thresholds.RAISE)
    assert ("One person pays alone up to", "$0.05 → any sum that the limits allow") in consent.statement(
        operation
    )
    run_operations()
    assert kept.of_team(team.pk) == Rule(50_000)
    passkey = trusted(owner, team)
    consent.give(operation, actor=owner, assertion=passkey.confirm(operation))
    run_operations()
    operation.refresh_from_db()
    assert (operation.state, kept.of_team(team.pk)) == (State.SUCCEEDED, Rule())
    assert Event.objects.filter(action="team.threshold_written").count() == 2


def _save(browser: Client, dollars: str) -> str:
    return str(browser.post("/payments/approvals/rule", {"above": dollars})["Location"])


def test_only_owners_change_it_and_everybody_reads_it(
    client_as: ClientAs, funded: Wallet, members: Members, team: Team
) -> None:
    Team.objects.filter(pk=team.pk).update(approval_above_micros=50_000)
    for role in (Role.ADMIN, Role.BILLING, Role.VIEWER):
        browser = at(client_as(members[role]), funded.gateway)
        assert browser.post("/payments/approvals/rule", {"above": ""}).status_code == 403
        assert (
            "Payments above $0.05 need a second person."
            in browser.get("/payments/approvals").content.decode()
        )


def test_a_wallets_thresholds_are_lowered_in_its_form_and_raised_with_a_passkey(
    client_as: ClientAs, funded: Wallet, members: Members, run_operations: RunOperations
) -> None:
    browser, path = at(client_as(members[Role.OWNER]), funded.gateway), f"/wallets/{funded.pk}/limits"
    windows = {"per_payment": "1", "per_day": "2"}
    browser.post(path, {**windows, "approve_": "0.50", "approve_tier": "0.05"})
    run_operations()
    assert dict(policies.verified(funded).approvals) == {"": 500_000, "tier": 50_000}
    answer = browser.post(path, {**windows, "approve_": "0.50"}, follow=True).content.decode()
    assert "A second person approves above: Tiers" in answer
    assert Operation.objects.get(kind="wallet.raise").awaits_consent
    run_operations()
    assert dict(policies.verified(funded).approvals) == {"": 500_000, "tier": 50_000}


def test_the_worker_writes_no_looser_threshold_without_a_passkey(
    funded: Wallet, members: Members, run_operations: RunOperations
) -> None:
    signed(funded, ("", 50_000))
    looser = Limits(1_000_000, 2_000_000, funded.gateway.networks)
    services.lower_limits(wallet=funded, actor=members[Role.OWNER], limits=looser)
    run_operations()
    assert Operation.objects.get(kind="wallet.limits").error["code"] == "LIMIT_RAISED"


def test_what_is_looser_is_a_raise() -> None:
    one = Limits(1, 2, approvals=(("", 50),))
    assert [is_raise(one, replace(one, approvals=other)) for other in ((), (("", 51),), (("tier", 1),))] == [
        True,
        True,
        True,
    ]
    assert not is_raise(one, replace(one, approvals=(("", 49), ("tier", 1))))
    assert not make_sense(replace(one, approvals=(("nonsense", 1),)))
    assert not make_sense(replace(one, approvals=(("", -1),)))


def test_a_sum_out_of_bounds_is_refused(team: Team, alice: User) -> None:
    with pytest.raises(Refusal, match="up to"):
        thresholds.change(team=team, actor=alice, asked=Rule(policies.MOST_MICROS + 1))
