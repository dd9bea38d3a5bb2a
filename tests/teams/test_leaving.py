"""The leaver's report: what somebody can still do in a team, piece by piece, before and after they left."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from audit.record import Subject, record
from billing.services import take_over
from core.registry import LeaverItem
from operations.models import Operation, State
from teams import leaving
from teams.models import Membership, Role, Session, Team, User
from teams.permissions import NotAllowed
from teams.services import remove_member
from tests.factories import (
    InvitationFactory,
    MembershipFactory,
    OperationFactory,
    ProjectFactory,
    UserFactory,
    WalletFactory,
)
from tests.fixtures import ClientAs, confirmed
from wallets.models import Gateway, Wallet

pytestmark = pytest.mark.django_db


@pytest.fixture
def erin(team: Team) -> User:
    """An admin who has done all there is to do, and leaves."""
    user: User = UserFactory.create(email="erin@example.com", name="Erin")
    MembershipFactory.create(team=team, user=user, role=Role.ADMIN)
    return user


@pytest.fixture
def busy(team: Team, erin: User, gateway: Gateway, client_as: ClientAs) -> dict[str, Wallet]:
    """What Erin leaves behind."""
    made = WalletFactory.create(team=team, gateway=gateway, owner=erin, label="Studio")
    brought = WalletFactory.create(
        team=team, gateway=gateway, owner=erin, label="Brought", origin=Wallet.Origin.IMPORTED
    )
    project = ProjectFactory.create(team=team, wallet=made, name="tidepool")
    client_as(erin).get("/")
    OperationFactory.create(
        team=team, gateway=gateway, actor=erin, title="Make project reef", wallet=made, kind="wallet.faucet"
    )
    InvitationFactory.create(team=team, invited_by=erin, email="new@example.com", role=Role.VIEWER)
    with transaction.atomic():
        about = Subject("wallet", str(brought.pk), brought.label)
        record("wallet.requested", team_id=team.pk, actor=erin.actor, subject=about)
        about = Subject("wallet", str(made.pk), made.label)
        record("wallet.exported", team_id=team.pk, actor=erin.actor, subject=about)
        about = Subject("project", str(project.pk), project.name)
        record("key.revealed", team_id=team.pk, actor=erin.actor, subject=about)
    return {"made": made, "brought": brought}


def report(viewer: User, person: User, team: Team) -> leaving.Report:
    return leaving.report(Membership.objects.get(team=team, user=viewer), person)


def titles(items: tuple[LeaverItem, ...]) -> list[str]:
    return sorted(item.title for item in items)


KEPT = [
    "They exported the key of Studio",
    "They imported the key of Brought",
    "They know the service key of tidepool",
]


def test_every_piece_is_named(alice: User, erin: User, team: Team, busy: dict[str, Wallet]) -> None:
    found = report(alice, erin, team)
    assert titles(found.open) == [
        "1 browser is signed in",
        "Make project reef",
        "They are in the team as Admin",
        "They invited new@example.com",
        "They own the wallet Brought",
        "They own the wallet Studio",
    ]
    assert titles(found.kept) == KEPT
    assert found.sentence == "6 things can still be ended."


def test_each_button_ends_its_piece(
    client_as: ClientAs, alice: User, erin: User, team: Team, busy: dict[str, Wallet]
) -> None:
    browser = client_as(alice)
    what = ("remove", "sessions")
    confirmed(browser, *(f"member.{one}/{erin.pk}" for one in what))
    items = report(alice, erin, team).open
    for item in sorted(items, key=lambda one: "in the team" in one.title):  # the membership last
        assert browser.post(item.url).status_code == 302, item
    found = report(alice, erin, team)
    assert (found.open, titles(found.kept), found.membership) == ((), KEPT, None)
    assert found.sentence == (
        "Nothing is left that the panel could end. What they took along is listed below."
    )
    assert Operation.objects.get(title="Make project reef").state == State.CANCELLED
    assert {wallet.owner for wallet in Wallet.objects.filter(team=team)} == {alice}
    assert Session.objects.filter(user=erin).count() == 0


def test_the_report_stays_after_they_left(
    client_as: ClientAs, alice: User, erin: User, team: Team, busy: dict[str, Wallet]
) -> None:
    remove_member(team=team, actor=alice, person=erin)
    page = client_as(alice).get(f"/team/leaving/{erin.pk}").content.decode()
    assert "They are not in the team any more." in page
    assert "They imported the key of Brought" in page
    assert "They are in the team as" not in page


def test_an_admin_cannot_end_an_owner(client_as: ClientAs, alice: User, erin: User, team: Team) -> None:
    found = report(erin, alice, team)
    assert [(item.button, item.url) for item in found.open if "in the team as" in item.title] == [("", "")]
    page = client_as(erin).get(f"/team/leaving/{alice.pk}").content.decode()
    assert "not yours to end" in page


def test_members_and_strangers_see_no_report(
    client_as: ClientAs, alice: User, bob: User, erin: User, charlie: User
) -> None:
    assert client_as(bob).get(f"/team/leaving/{erin.pk}").status_code == 403
    assert client_as(charlie).get(f"/team/leaving/{erin.pk}").status_code == 404
    assert client_as(alice).get(f"/team/leaving/{charlie.pk}").status_code == 404


def test_ending_sessions_asks_who_sits_there(client_as: ClientAs, alice: User, bob: User) -> None:
    answer = client_as(alice).post(f"/team/leaving/{bob.pk}/sessions")
    assert answer["Location"].startswith("/accounts/confirm")


def test_an_expired_invitation_is_no_way_in(alice: User, erin: User, team: Team) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    InvitationFactory.create(team=team, invited_by=erin, email="late@example.com", expires_at=yesterday)
    assert "They invited late@example.com" not in titles(report(alice, erin, team).open)


def test_taking_a_wallet_over_is_for_who_may_manage_it(
    client_as: ClientAs, bob: User, charlie: User, busy: dict[str, Wallet]
) -> None:
    path = f"/wallets/{busy['made'].pk}/owner"
    assert (client_as(bob).post(path).status_code, client_as(charlie).post(path).status_code) == (403, 404)


def test_the_service_asks_for_the_right_too(bob: User, charlie: User, busy: dict[str, Wallet]) -> None:
    for person in (bob, charlie):
        with pytest.raises(NotAllowed):
            take_over(wallet=busy["made"], actor=person)
    assert Wallet.objects.get(pk=busy["made"].pk).owner.email == "erin@example.com"


def test_nobody_who_only_looked_leaves_nothing(alice: User, dora: User, team: Team) -> None:
    remove_member(team=team, actor=alice, person=dora)
    found = report(alice, dora, team)
    assert (found.open, found.kept) == ((), ())
    assert found.sentence == "Nothing is left. They can do nothing in this team, and took no key along."


def test_the_report_costs_the_same_for_more(
    client_as: ClientAs,
    alice: User,
    erin: User,
    team: Team,
    busy: dict[str, Wallet],
) -> None:
    def queries(browser: Client) -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as seen:
            browser.get(f"/team/leaving/{erin.pk}")
        return len(seen)

    browser = client_as(alice)
    before = queries(browser)
    for n in range(5):
        WalletFactory.create(team=team, gateway=busy["made"].gateway, owner=erin, label=f"More {n}")
        OperationFactory.create(
            team=team, gateway=busy["made"].gateway, actor=erin, kind="wallet.faucet", wallet=busy["made"]
        )
        InvitationFactory.create(team=team, invited_by=erin, role=Role.VIEWER)
    assert queries(browser) == before
