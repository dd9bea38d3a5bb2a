"""The first minutes: five steps, each with its state, one button, gone with the first live release."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from home import account, first
from operations.models import State
from projects.models import Project
from teams.models import Membership, Role, Team, User
from tests.factories import OperationFactory, ProjectFactory, ReleaseFactory, WalletFactory
from tests.fixtures import ClientAs
from wallets.models import Gateway, Wallet

pytestmark = pytest.mark.django_db

D, N, R, L = first.DONE, first.NOW, first.RUNNING, first.LATER


def states(team: Team, gateway: Gateway, role: Role = Role.OWNER) -> list[str]:
    return [step.state for step in steps(team, gateway, role)]


def steps(team: Team, gateway: Gateway, role: Role = Role.OWNER) -> tuple[first.Step, ...]:
    member = Membership(team=team, role=role)
    return first.steps(account.read(member, gateway), member)


def next_url(team: Team, gateway: Gateway) -> str:
    return next(step.url for step in steps(team, gateway) if step.state == N)


def test_steps_go_on_one_by_one_until_something_is_live(alice: User, team: Team, gateway: Gateway) -> None:
    assert (states(team, gateway), next_url(team, gateway)) == (
        [N, L, L, L, L],
        reverse("billing:wallet_new"),
    )
    wallet: Wallet = WalletFactory.create(team=team, gateway=gateway, owner=alice)
    assert states(team, gateway) == [D, N, L, L, L]
    assert next_url(team, gateway) == reverse("billing:faucet", args=[wallet.pk])
    Wallet.objects.update(balance_micros=250_000)
    assert states(team, gateway) == [D, D, N, L, L]
    assert next_url(team, gateway) == f"{reverse('billing:tiers')}?wallet={wallet.pk}"
    Wallet.objects.update(tier="prototype", tier_active=True, balance_micros=0)
    assert (states(team, gateway), next_url(team, gateway)) == ([D, D, D, N, L], reverse("projects:new"))
    project: Project = ProjectFactory.create(team=team, wallet=wallet)
    assert states(team, gateway) == [D, D, D, D, N]
    assert next_url(team, gateway) == f"{reverse('deploys:new')}?project={project.pk}"
    Project.objects.update(live_release="rel_1", live_at=timezone.now())
    assert steps(team, gateway) == ()


def test_steps_do_not_come_back_when_a_site_is_taken_down(alice: User, team: Team, gateway: Gateway) -> None:
    wallet = WalletFactory.create(team=team, gateway=gateway, owner=alice)
    ReleaseFactory.create(project=ProjectFactory.create(team=team, wallet=wallet, live_release=""))
    assert steps(team, gateway) == ()


def test_step_that_is_being_done_is_followed_instead_of_begun_again(
    alice: User, team: Team, gateway: Gateway
) -> None:
    OperationFactory.create(
        team=team, gateway=gateway, actor=alice, kind="wallet.create", state=State.RUNNING
    )
    assert states(team, gateway) == [R, L, L, L, L]


def test_member_who_may_not_do_the_next_step_is_told_who_may(team: Team, gateway: Gateway) -> None:
    step = steps(team, gateway, Role.VIEWER)[0]
    assert (step.button, step.who) == ("", "Owner, Admin or Billing")


def test_another_team_begins_at_the_beginning(
    alice: User, charlie: User, team: Team, gateway: Gateway, client_as: ClientAs
) -> None:
    WalletFactory.create(team=team, gateway=gateway, owner=alice, label="Studio testnet")
    page = client_as(charlie).get("/").content.decode()
    assert ("Studio testnet" in page, "0 of 5" in page) == (False, True)


def test_home_shows_the_steps_and_the_one_button(alice: User, gateway: Gateway, client_as: ClientAs) -> None:
    page = client_as(alice).get("/").content.decode()
    assert page.count('class="button primary"') == 1
