"""The page on which a wallet is shared."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing import shares
from core.errors import Refusal
from core.registry import leaver_sources, personal_data
from teams.models import Membership, Role, Team, User
from teams.reach import Level
from tests.factories import UserFactory, WalletFactory
from tests.fixtures import ClientAs, confirmed
from wallets.models import Custodian, Gateway, Wallet, WalletShare


@pytest.fixture
def owned(team: Team, alice: User, gateway: Gateway) -> Wallet:
    made: Wallet = WalletFactory.create(team=team, gateway=gateway, owner=alice, label="Till")
    return made


@pytest.fixture
def ada(team: Team) -> User:
    user: User = UserFactory.create(email="ada@example.com", name="Ada")
    Membership.objects.create(team=team, user=user, role=Role.ADMIN)
    return user


def test_it_is_shared_until_the_end_of_a_day(
    owned: Wallet, alice: User, bob: User, client_as: ClientAs
) -> None:
    browser = client_as(alice)
    day = (timezone.now() + timedelta(days=3)).date()
    form = {"who": str(bob.pk), "level": Level.SPEND.value, "until": day.isoformat()}
    assert browser.post(f"/wallets/{owned.pk}/sharing", form)["Location"] == f"/wallets/{owned.pk}/sharing"
    share = WalletShare.objects.get()
    assert (share.user, share.level, share.by_label) == (bob, Level.SPEND, alice.label)
    assert share.expires_at is not None
    assert share.expires_at.date() == day + timedelta(days=1)
    for page in ("/users", "/sharing"):
        shown = browser.get(f"/wallets/{owned.pk}{page}").content.decode()
        assert bob.label in shown
        assert "spend from it" in shown


@pytest.mark.parametrize("until", ["2020-01-01", "9999-12-31", "soon"])
def test_a_day_that_is_over_or_none_is_refused(
    owned: Wallet, alice: User, bob: User, client_as: ClientAs, until: str
) -> None:
    form = {"who": str(bob.pk), "level": 2, "until": until}
    assert client_as(alice).post(f"/wallets/{owned.pk}/sharing", form).status_code == 200
    assert WalletShare.objects.count() == 0


def test_nobody_else_than_a_member_can_be_chosen(
    owned: Wallet, alice: User, charlie: User, client_as: ClientAs
) -> None:
    client_as(alice).post(f"/wallets/{owned.pk}/sharing", {"who": str(charlie.pk), "level": 2})
    client_as(alice).post(f"/wallets/{owned.pk}/sharing", {"who": "team", "level": 4})
    browser = confirmed(client_as(alice), f"wallet.custody/{owned.pk}")
    browser.post(f"/wallets/{owned.pk}/custodians", {"custodian": str(charlie.pk)})
    assert (WalletShare.objects.count(), Custodian.objects.count()) == (0, 0)


def test_the_teams_share_and_a_persons_are_ended_each(
    owned: Wallet, alice: User, bob: User, client_as: ClientAs
) -> None:
    browser = confirmed(client_as(alice), f"wallet.custody/{owned.pk}")
    browser.post(f"/wallets/{owned.pk}/sharing/open")
    for who in ("team", str(bob.pk)):
        browser.post(f"/wallets/{owned.pk}/sharing", {"who": who, "level": 1})
    assert WalletShare.objects.count() == 2
    browser.post(f"/wallets/{owned.pk}/sharing/team/end")
    assert [share.user for share in WalletShare.objects.all()] == [bob]
    browser.post(f"/wallets/{owned.pk}/shares/{bob.pk}/end")
    assert WalletShare.objects.count() == 0


def test_an_open_wallet_is_not_shared_with_the_team_once_more(
    owned: Wallet, alice: User, client_as: ClientAs
) -> None:
    browser = client_as(alice)
    assert "The whole team" not in browser.get(f"/wallets/{owned.pk}/sharing").content.decode()
    browser.post(f"/wallets/{owned.pk}/sharing", {"who": "team", "level": 1})
    with pytest.raises(Refusal):
        shares.share(wallet=owned, actor=alice, person=None, level=Level.SEE)
    assert WalletShare.objects.count() == 0


def test_an_admin_who_does_not_own_it_shares_but_does_not_close_it(
    owned: Wallet, bob: User, ada: User, client_as: ClientAs
) -> None:
    browser = confirmed(client_as(ada), f"wallet.custody/{owned.pk}")
    browser.post(f"/wallets/{owned.pk}/sharing", {"who": str(bob.pk), "level": 1})
    browser.post(f"/wallets/{owned.pk}/sharing/open")
    owned.refresh_from_db()
    assert (WalletShare.objects.count(), owned.open_to_team) == (1, True)
    shown = browser.get(f"/wallets/{owned.pk}/sharing").content.decode()
    assert "Keep it to those named here" not in shown
    assert "Name a custodian" not in shown


def test_who_sits_there_is_asked_before_custody_changes(
    owned: Wallet, alice: User, client_as: ClientAs
) -> None:
    answer = client_as(alice).post(f"/wallets/{owned.pk}/sharing/open")
    assert answer["Location"].startswith("/accounts/confirm")
    assert list(Wallet.objects.values_list("open_to_team", flat=True)) == [True]


def test_its_owner_closes_it_opens_it_and_names_custodians(
    owned: Wallet, alice: User, ada: User, client_as: ClientAs
) -> None:
    browser = confirmed(client_as(alice), f"wallet.custody/{owned.pk}")
    browser.post(f"/wallets/{owned.pk}/sharing/open")
    owned.refresh_from_db()
    assert not owned.open_to_team
    assert client_as(ada).get(f"/wallets/{owned.pk}").status_code == 404
    browser.post(f"/wallets/{owned.pk}/custodians", {"custodian": str(ada.pk)})
    assert client_as(ada).get(f"/wallets/{owned.pk}").status_code == 200
    assert "Export the key" not in browser.get(f"/wallets/{owned.pk}").content.decode()
    browser.post(f"/wallets/{owned.pk}/custodians/{ada.pk}/end")
    browser.post(f"/wallets/{owned.pk}/sharing/open", {"open": "yes"})
    assert list(Wallet.objects.values_list("open_to_team", flat=True)) == [True]
    assert Custodian.objects.count() == 0


def test_a_name_that_is_taken_is_refused(
    owned: Wallet, team: Team, alice: User, gateway: Gateway, client_as: ClientAs
) -> None:
    WalletFactory.create(team=team, gateway=gateway, owner=alice, label="Purse")
    browser = client_as(alice)
    page = browser.post(f"/wallets/{owned.pk}/name", {"label": "purse"}, follow=True).content.decode()
    assert "There is a wallet of this name already." in page
    browser.post(f"/wallets/{owned.pk}/name", {"label": "Till 2"})
    owned.refresh_from_db()
    assert owned.label == "Till 2"


def test_a_leavers_shares_are_in_the_report_and_in_their_own_data(
    owned: Wallet, alice: User, ada: User
) -> None:
    shares.share(wallet=owned, actor=alice, person=ada, level=Level.SPEND)
    shares.name_custodian(wallet=owned, actor=alice, person=ada)
    items = leaver_sources.get("wallets")(Membership.objects.get(user=alice), ada)
    assert [(item.title, item.url) for item in items] == [
        ("They keep the key of Till", f"/wallets/{owned.pk}/custodians/{ada.pk}/end"),
        ("The wallet Till is shared with them", f"/wallets/{owned.pk}/shares/{ada.pk}/end"),
    ]
    held = personal_data.get("wallets")(ada)
    assert [one["name"] for one in held] == ["Till", "Till"]


def test_one_wallet_takes_few_queries_however_many_share_it(
    owned: Wallet, alice: User, bob: User, ada: User, client_as: ClientAs
) -> None:
    browser = client_as(alice)
    browser.get(f"/wallets/{owned.pk}")
    for person in (bob, ada):
        shares.share(wallet=owned, actor=alice, person=person, level=Level.SPEND)
    with CaptureQueriesContext(connection) as one:
        browser.get(f"/wallets/{owned.pk}/sharing")
    for number in range(5):
        person = UserFactory.create(email=f"p{number}@example.com")
        Membership.objects.create(team=owned.team, user=person, role=Role.DEVELOPER)
        shares.share(wallet=owned, actor=alice, person=person, level=Level.SEE)
    with CaptureQueriesContext(connection) as many:
        browser.get(f"/wallets/{owned.pk}/sharing")
    assert len(many) == len(one) <= 12
    browser = client_as(bob)
    browser.get(f"/wallets/{owned.pk}")
    with CaptureQueriesContext(connection) as page:
        browser.get(f"/wallets/{owned.pk}")
    assert len(page) <= 12
