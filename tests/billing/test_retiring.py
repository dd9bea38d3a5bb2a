"""Replacing and retiring a wallet: what moves, what stays, and what it never does again."""

from __future__ import annotations

import pytest

from audit.models import Event
from billing import retiring, services, shares
from core.errors import Refusal
from operations.models import State
from teams.models import Membership, Role, Team, User
from teams.permissions import NotAllowed
from teams.reach import Level
from tests.billing.conftest import attempt
from tests.factories import PaymentFactory, ProjectFactory, UserFactory
from tests.fixtures import ClientAs, RunOperations, confirmed
from wallets import exports, freezing, policies, signer
from wallets.limits import Cap, Limits
from wallets.models import Custodian, Payment, Wallet, WalletShare
from wallets.selectors import ready_wallets


@pytest.fixture
def ada(team: Team) -> User:
    user: User = UserFactory.create(email="ada@example.com", name="Ada")
    Membership.objects.create(team=team, user=user, role=Role.ADMIN)
    return user


def test_a_new_wallet_has_the_limits_and_the_people_of_the_old_one_which_is_frozen(
    wallet: Wallet, alice: User, ada: User, client_as: ClientAs, run_operations: RunOperations
) -> None:
    shares.share(wallet=wallet, actor=alice, person=ada, level=Level.SPEND)
    shares.name_custodian(wallet=wallet, actor=alice, person=ada)
    answer = client_as(ada).post(f"/wallets/{wallet.pk}/replace", {"label": "Second", "freeze": "on"})
    new = Wallet.objects.get(label="Second")
    assert answer["Location"] == f"/wallets/{new.pk}"
    run_operations()
    new.refresh_from_db()
    wallet.refresh_from_db()
    assert (new.state, wallet.replaced_by, new.owner) == ("ready", new, alice)
    assert new.address != wallet.address
    assert policies.verified(new) == policies.verified(wallet)
    assert [share.level for share in WalletShare.objects.filter(wallet=new)] == [Level.SPEND]
    assert [one.user for one in Custodian.objects.filter(wallet=new)] == [ada]
    held = freezing.active(wallet)
    assert held is not None
    assert held.why == "Replaced by Second"


def test_the_new_wallet_has_every_limit_of_the_old_one(
    wallet: Wallet, alice: User, run_operations: RunOperations, keysets: None
) -> None:
    cap = Cap("kind", "tier", "test", "day", 500_000)
    limits = Limits(1_000_000, 2_000_000, per_week_micros=9_000_000, caps=(cap,))
    policies.write(wallet, limits)
    wallet.refresh_from_db()
    new = retiring.replace(wallet=wallet, actor=alice, label="Second", freeze=False)
    run_operations()
    assert policies.verified(new) == limits


def test_a_wallet_is_replaced_once(wallet: Wallet, alice: User) -> None:
    retiring.replace(wallet=wallet, actor=alice, label="Second", freeze=False)
    assert freezing.active(wallet) is None
    with pytest.raises(Refusal) as refused:
        retiring.replace(wallet=wallet, actor=alice, label="Third", freeze=False)
    assert refused.value.fault.code == "WALLET_REPLACED"


def test_the_page_says_what_stays_and_that_it_does_not_move(
    wallet: Wallet, alice: User, client_as: ClientAs
) -> None:
    for number in range(7):
        ProjectFactory.create(team=wallet.team, wallet=wallet, created_by=alice, name=f"site-{number}")
    for page in ("replace", "retire"):
        browser = confirmed(client_as(alice), f"wallet.retire/{wallet.pk}")
        shown = browser.get(f"/wallets/{wallet.pk}/{page}").content.decode()
        assert "site-0" in shown
        assert "and 2 more" in shown
        assert "none of this moves by itself" in shown


@pytest.mark.parametrize("typed", ["", "first", "Another"])
def test_another_name_retires_nothing(wallet: Wallet, alice: User, client_as: ClientAs, typed: str) -> None:
    browser = confirmed(client_as(alice), f"wallet.retire/{wallet.pk}")
    assert browser.post(f"/wallets/{wallet.pk}/retire", {"name": typed}).status_code == 200
    wallet.refresh_from_db()
    assert wallet.state == "ready"


def test_a_retired_wallet_signs_nothing_and_its_page_says_so_for_good(
    funded: Wallet, alice: User, client_as: ClientAs
) -> None:
    operation = services.set_tier(wallet=funded, actor=alice, tier="prototype", shown_micros=100_000)
    browser = confirmed(client_as(alice), f"wallet.retire/{funded.pk}")
    browser.post(f"/wallets/{funded.pk}/retire", {"name": funded.label})
    funded.refresh_from_db()
    assert funded.is_retired
    attempt(operation)
    assert (operation.state, operation.error["code"]) == (State.FAILED, "WALLET_RETIRED")
    assert not Payment.objects.exclude(state=Payment.State.RELEASED).exists()
    with pytest.raises(Refusal):
        signer.client(funded.gateway, funded)
    with pytest.raises(Refusal):
        services.set_tier(wallet=funded, actor=alice, tier="prototype", shown_micros=100_000)
    assert list(ready_wallets(alice.memberships.get().reach, funded.gateway)) == []
    shown = browser.get(f"/wallets/{funded.pk}").content.decode()
    assert f"UTC by {alice.label}." in shown
    assert "It signs nothing any more, for good." in shown
    assert "Freeze" not in shown
    told = Event.objects.filter(object_id=str(funded.pk)).order_by("-seq").values_list("action", flat=True)
    assert told[0] == "wallet.retired"


def test_the_key_of_a_retired_wallet_can_still_be_exported(wallet: Wallet, alice: User) -> None:
    retiring.retire(wallet=wallet, actor=alice, typed=wallet.label)
    assert len(exports.open_key(wallet)) == 32


def test_an_open_payment_keeps_a_wallet(wallet: Wallet, alice: User) -> None:
    PaymentFactory.create(wallet=wallet, team=wallet.team, state=Payment.State.UNKNOWN)
    with pytest.raises(Refusal) as refused:
        retiring.retire(wallet=wallet, actor=alice, typed=wallet.label)
    assert refused.value.fault.code == "PAYMENT_OPEN"


def test_where_there_is_a_custodian_nobody_else_replaces_or_retires(
    wallet: Wallet, alice: User, ada: User, client_as: ClientAs
) -> None:
    shares.name_custodian(wallet=wallet, actor=alice, person=ada)
    for page in ("replace", "retire"):
        browser = confirmed(client_as(alice), f"wallet.retire/{wallet.pk}")
        assert browser.get(f"/wallets/{wallet.pk}/{page}").status_code == 403
        browser = confirmed(client_as(ada), f"wallet.retire/{wallet.pk}")
        assert browser.get(f"/wallets/{wallet.pk}/{page}").status_code == 200
    with pytest.raises(NotAllowed):
        retiring.retire(wallet=wallet, actor=alice, typed=wallet.label)
