"""Wallets that are shared, kept to some people, or have custodians: decided in the query, asked again by the worker."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import Event
from billing import shares
from core.errors import Refusal
from operations.selectors import operations_of
from teams.models import Membership, Role, Team, User
from teams.permissions import Action, NotAllowed, still_allowed
from teams.reach import Level
from tests.factories import OperationFactory, PaymentFactory, UserFactory, WalletFactory
from tests.fixtures import ClientAs
from tests.teams.conftest import limit
from wallets.models import Gateway, Wallet, WalletShare
from wallets.selectors import payments_of, spendable_wallets, wallet_for, wallets_of


@pytest.fixture
def owned(team: Team, alice: User, gateway: Gateway) -> Wallet:
    made: Wallet = WalletFactory.create(team=team, gateway=gateway, owner=alice, label="Till")
    return made


@pytest.fixture
def closed(owned: Wallet, alice: User) -> Wallet:
    """The same, kept to some people."""
    shares.set_open(wallet=owned, actor=alice, is_open=False)
    return owned


@pytest.fixture
def admin(team: Team) -> User:
    user: User = UserFactory.create(email="ada@example.com", name="Ada")
    Membership.objects.create(team=team, user=user, role=Role.ADMIN)
    return user


def seen_by(user: User) -> list[Wallet]:
    return list(wallets_of(Membership.objects.get(user=user).reach))


def may(user: User, wallet: Wallet, action: Action) -> bool:
    return still_allowed(user, wallet.team, action, wallet_id=wallet.pk)


def test_an_open_wallet_is_everybodys_by_role_and_nothing_else_is_asked(
    owned: Wallet, bob: User, admin: User
) -> None:
    assert (may(bob, owned, Action.WALLET_FUND), may(bob, owned, Action.WALLET_MANAGE)) == (True, False)
    membership = Membership.objects.select_related("team").get(user=admin)
    with CaptureQueriesContext(connection) as captured:
        assert membership.shares.level(owned.pk) == Level.CUSTODY
    assert len(captured) == 0


def test_a_kept_wallet_is_not_there_for_others_in_any_list(
    closed: Wallet, alice: User, admin: User, client_as: ClientAs
) -> None:
    other = WalletFactory.create(team=closed.team, gateway=closed.gateway, owner=alice)
    operation = OperationFactory.create(team=closed.team, wallet=closed, actor=alice)
    PaymentFactory.create(wallet=closed)
    membership = Membership.objects.get(user=admin)
    assert seen_by(admin) == [other]
    assert list(payments_of(membership.reach)) == []
    assert operation not in operations_of(membership.reach)
    with pytest.raises(Http404):
        wallet_for(membership, closed.pk)
    assert not may(admin, closed, Action.VIEW)
    assert client_as(admin).get(f"/wallets/{closed.pk}").status_code == 404
    shares.rename(wallet=other, actor=alice, label="Purse")
    record = client_as(admin).get("/activity/?tab=audit").content.decode()
    assert ("Till" in record, "Wallet renamed" in record) == (False, True)
    assert set(seen_by(alice)) == {closed, other}


@pytest.mark.parametrize(
    ("level", "allowed"),
    [
        (Level.SEE, {Action.VIEW, Action.WALLET_FREEZE}),
        (Level.SPEND, {Action.VIEW, Action.WALLET_FREEZE, Action.TIER_SET, Action.WALLET_FUND}),
        (
            Level.MANAGE,
            {
                Action.VIEW,
                Action.WALLET_FREEZE,
                Action.TIER_SET,
                Action.WALLET_FUND,
                Action.WALLET_MANAGE,
                Action.WALLET_UNFREEZE,
            },
        ),
    ],
)
def test_a_share_lets_an_admin_go_so_far_and_no_farther(
    closed: Wallet, alice: User, admin: User, level: Level, allowed: set[Action]
) -> None:
    shares.share(wallet=closed, actor=alice, person=admin, level=level)
    asked = [
        Action.VIEW,
        Action.WALLET_FREEZE,
        Action.TIER_SET,
        Action.WALLET_FUND,
        Action.WALLET_MANAGE,
        Action.WALLET_UNFREEZE,
        Action.WALLET_RETIRE,
    ]
    assert {action for action in asked if may(admin, closed, action)} == allowed
    membership = Membership.objects.get(user=admin)
    assert wallet_for(membership, closed.pk) == closed
    if level < Level.MANAGE:
        with pytest.raises(PermissionDenied):
            wallet_for(membership, closed.pk, Action.WALLET_MANAGE)
    spendable = list(spendable_wallets(membership, closed.gateway))
    assert spendable == ([closed] if level >= Level.SPEND else [])


def test_a_share_gives_no_more_than_the_role(closed: Wallet, alice: User, dora: User) -> None:
    shares.share(wallet=closed, actor=alice, person=dora, level=Level.MANAGE)
    assert (may(dora, closed, Action.VIEW), may(dora, closed, Action.TIER_SET)) == (True, False)


def test_the_larger_of_the_teams_and_ones_own_share_counts(
    closed: Wallet, alice: User, bob: User, admin: User
) -> None:
    shares.share(wallet=closed, actor=alice, person=None, level=Level.SEE)
    shares.share(wallet=closed, actor=alice, person=bob, level=Level.SPEND)
    assert (may(bob, closed, Action.WALLET_FUND), may(admin, closed, Action.WALLET_FUND)) == (True, False)
    assert seen_by(admin) == [closed]


def test_a_share_ends_by_itself_and_by_hand(closed: Wallet, alice: User, bob: User) -> None:
    soon = timezone.now() + timedelta(days=1)
    shares.share(wallet=closed, actor=alice, person=bob, level=Level.SPEND, until=soon)
    assert seen_by(bob) == [closed]
    WalletShare.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert seen_by(bob) == []
    shares.end_share(wallet=closed, actor=alice, person=bob)
    with pytest.raises(Refusal) as refused:
        shares.end_share(wallet=closed, actor=alice, person=bob)
    assert refused.value.fault.code == "NOT_SHARED"


def test_a_share_reaches_whom_the_membership_limits_to_other_wallets(
    owned: Wallet, team: Team, alice: User, bob: User, gateway: Gateway
) -> None:
    other = WalletFactory.create(team=team, gateway=gateway, owner=alice)
    limit(bob, wallets=[other])
    assert seen_by(bob) == [other]
    shares.share(wallet=owned, actor=alice, person=bob, level=Level.SEE)
    assert set(seen_by(bob)) == {other, owned}
    assert (may(bob, owned, Action.WALLET_FUND), may(bob, other, Action.WALLET_FUND)) == (False, True)


def test_custodians_alone_export_and_retire_once_there_is_one(
    owned: Wallet, alice: User, admin: User
) -> None:
    assert may(admin, owned, Action.WALLET_RETIRE)
    shares.name_custodian(wallet=owned, actor=alice, person=admin)
    assert not may(alice, owned, Action.WALLET_EXPORT)
    assert not may(alice, owned, Action.WALLET_RETIRE)
    assert may(alice, owned, Action.WALLET_MANAGE)
    assert may(admin, owned, Action.WALLET_RETIRE)
    shares.end_custodian(wallet=owned, actor=alice, person=admin)
    assert may(alice, owned, Action.WALLET_EXPORT)


def test_a_custodian_who_left_keeps_nothing_from_anybody(owned: Wallet, alice: User, admin: User) -> None:
    shares.name_custodian(wallet=owned, actor=alice, person=admin)
    Membership.objects.filter(user=admin).delete()
    assert may(alice, owned, Action.WALLET_EXPORT)


def test_a_custodian_has_to_be_somebody_who_may(owned: Wallet, alice: User, bob: User) -> None:
    with pytest.raises(Refusal) as refused:
        shares.name_custodian(wallet=owned, actor=alice, person=bob)
    assert refused.value.fault.code == "CUSTODIAN_ROLE"


def test_only_its_owner_or_an_owner_of_the_team_closes_it_or_names_custodians(
    owned: Wallet, admin: User
) -> None:
    with pytest.raises(NotAllowed):
        shares.set_open(wallet=owned, actor=admin, is_open=False)
    with pytest.raises(NotAllowed):
        shares.name_custodian(wallet=owned, actor=admin, person=admin)
    Wallet.objects.update(owner=admin)
    owned.refresh_from_db()
    shares.set_open(wallet=owned, actor=admin, is_open=False)
    assert not owned.open_to_team


def test_nobody_outside_the_team_gets_a_share(owned: Wallet, alice: User, charlie: User) -> None:
    with pytest.raises(Refusal) as refused:
        shares.share(wallet=owned, actor=alice, person=charlie, level=Level.SEE)
    assert refused.value.fault.code == "NO_MEMBER"


def test_what_is_decided_stands_in_the_record(owned: Wallet, alice: User, admin: User) -> None:
    shares.set_open(wallet=owned, actor=alice, is_open=False)
    shares.share(wallet=owned, actor=alice, person=admin, level=Level.SPEND)
    shares.end_share(wallet=owned, actor=alice, person=admin)
    shares.rename(wallet=owned, actor=alice, label="Purse")
    rows = Event.objects.filter(object_id=str(owned.pk)).order_by("-seq")
    told = list(rows.values_list("action", flat=True))
    assert told == ["wallet.renamed", "wallet.share_ended", "wallet.shared", "wallet.closed"]
