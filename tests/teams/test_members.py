"""Members: who sees whom, who changes whom, and what nobody can do."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from audit.models import Event
from core.errors import Refusal
from teams import services
from teams.grants import EVERYTHING, Grant
from teams.models import Membership, Role, Team, User
from tests.factories import InvitationFactory, MembershipFactory, ProjectFactory, UserFactory, WalletFactory
from tests.fixtures import ClientAs, confirmed

pytestmark = pytest.mark.django_db


@pytest.fixture
def erin(team: Team) -> User:
    """An admin."""
    user: User = UserFactory.create(email="erin@example.com", name="Erin")
    MembershipFactory.create(team=team, user=user, role=Role.ADMIN)
    return user


def manager(browser: Client, person: User) -> Client:
    """Return the browser of somebody who confirmed what they do to the person."""
    return confirmed(browser, *(f"member.{what}/{person.pk}" for what in ("role", "scopes", "remove")))


def role_of(user: User) -> str | None:
    return Membership.objects.filter(user=user).values_list("role", flat=True).first()


def reach_of(user: User) -> Grant:
    return Grant.of(Membership.objects.get(user=user))


def page(client: Client, url: str = "/team") -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


# --- Looking ---


def test_everybody_sees_who_is_in_the_team(
    client_as: ClientAs, team: Team, alice: User, bob: User, dora: User, charlie: User
) -> None:
    project = ProjectFactory.create(team=team)
    services.change_reach(team=team, actor=alice, person=bob, reach=Grant(projects=frozenset({project.pk})))
    shown = page(client_as(dora))
    for words in (
        "Alice",
        "bob@example.com",
        "Viewer",
        "1 project, all wallets",
        "all projects, all wallets",
    ):
        assert words in shown
    assert "Charlie" not in shown
    assert 'href="/team/invite"' not in shown


def test_an_invited_person_stands_in_the_list_until_they_answer(
    client_as: ClientAs, team: Team, alice: User
) -> None:
    InvitationFactory.create(team=team, email="new@example.com", invited_by=alice)
    late = timezone.now() - timedelta(hours=1)
    InvitationFactory.create(team=team, email="late@example.com", invited_by=alice, expires_at=late)
    InvitationFactory.create(team=team, email="in@example.com", invited_by=alice, accepted_at=late)
    InvitationFactory.create(team=team, email="out@example.com", invited_by=alice, revoked_at=late)
    shown = page(client_as(alice))
    assert [name for name in ("new", "late", "in", "out") if f"{name}@example.com" in shown] == [
        "new",
        "late",
    ]
    assert "the link ended" in shown


def test_the_list_asks_the_database_no_more_for_more_members(
    client_as: ClientAs, team: Team, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    browser = client_as(alice)
    browser.get("/team")
    with django_assert_num_queries(9):
        browser.get("/team")
    MembershipFactory.create_batch(5, team=team, role=Role.VIEWER, projects_limited=True)
    InvitationFactory.create_batch(3, team=team, invited_by=alice)
    with django_assert_num_queries(9):
        browser.get("/team")


def test_a_stranger_is_no_member(client_as: ClientAs, alice: User, charlie: User) -> None:
    browser = manager(client_as(alice), charlie)
    for path in ("", "/role", "/scopes", "/remove"):
        answer = (
            browser.post(f"/team/members/{charlie.pk}{path}")
            if path
            else browser.get(f"/team/members/{charlie.pk}")
        )
        assert answer.status_code == 404
    assert role_of(charlie) == Role.OWNER


@pytest.mark.parametrize("path", ["role", "scopes", "remove"])
def test_who_may_not_manage_members_changes_nobody(
    client_as: ClientAs, alice: User, bob: User, dora: User, path: str
) -> None:
    answer = client_as(bob).post(f"/team/members/{dora.pk}/{path}", {"role": "owner"})
    assert answer.status_code == 403
    assert "you need to be Owner or Admin in this team" in answer.content.decode()
    assert role_of(dora) == Role.VIEWER


def test_the_last_activity_is_written_once_a_minute_and_not_by_polls(client_as: ClientAs, dora: User) -> None:
    membership = Membership.objects.get(user=dora)
    browser = client_as(dora)
    long_ago = timezone.now() - timedelta(hours=3)
    Membership.objects.update(seen_at=long_ago)
    browser.get("/running", headers={"HX-Request": "true"})
    membership.refresh_from_db()
    assert membership.seen_at == long_ago
    browser.get("/team")
    membership.refresh_from_db()
    first = membership.seen_at
    assert first is not None
    assert first > long_ago
    browser.get("/team")
    membership.refresh_from_db()
    assert membership.seen_at == first


# --- Roles ---


def test_an_owner_gives_another_role_and_it_is_recorded(
    client_as: ClientAs, team: Team, alice: User, bob: User
) -> None:
    answer = manager(client_as(alice), bob).post(f"/team/members/{bob.pk}/role", {"role": "admin"})
    assert (answer.status_code, role_of(bob)) == (302, Role.ADMIN)
    event = Event.objects.get(action="member.role_changed")
    assert (event.actor_label, event.object_label) == ("Alice", "Bob")
    assert event.details == {"before": "developer", "role": "admin"}


def test_another_role_ends_the_sessions_of_that_person_only(
    client_as: ClientAs, alice: User, bob: User, dora: User
) -> None:
    browsers = {user: client_as(user) for user in (alice, bob, dora)}
    manager(browsers[alice], bob).post(f"/team/members/{bob.pk}/role", {"role": "viewer"})
    assert {user.name: browser.get("/team").status_code for user, browser in browsers.items()} == {
        "Alice": 200,
        "Bob": 302,
        "Dora": 200,
    }


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN])
def test_an_admin_makes_nobody_owner_or_admin(
    team: Team, alice: User, erin: User, bob: User, role: Role
) -> None:
    with pytest.raises(Refusal, match="Only an owner makes owners and admins"):
        services.change_role(team=team, actor=erin, person=bob, role=role)
    assert role_of(bob) == Role.DEVELOPER


def test_an_admin_touches_no_owner_and_no_other_admin(team: Team, alice: User, erin: User) -> None:
    other = MembershipFactory.create(team=team, role=Role.ADMIN).user
    for person in (alice, other):
        before = role_of(person)
        with pytest.raises(Refusal):
            services.change_role(team=team, actor=erin, person=person, role=Role.VIEWER)
        with pytest.raises(Refusal, match="Only Owner may change an owner or an admin"):
            services.change_reach(team=team, actor=erin, person=person, reach=Grant(projects=frozenset()))
        with pytest.raises(Refusal, match="Only Owner may change an owner or an admin"):
            services.remove_member(team=team, actor=erin, person=person)
        assert role_of(person) == before


def test_nobody_raises_their_own_role_but_may_lower_it(team: Team, alice: User, erin: User) -> None:
    with pytest.raises(Refusal, match="Nobody raises their own role"):
        services.change_role(team=team, actor=erin, person=erin, role=Role.OWNER)
    services.change_role(team=team, actor=erin, person=erin, role=Role.VIEWER)
    with pytest.raises(PermissionDenied):
        services.change_role(team=team, actor=erin, person=erin, role=Role.ADMIN)
    assert role_of(erin) == Role.VIEWER


def test_the_last_owner_stays(client_as: ClientAs, team: Team, alice: User, bob: User) -> None:
    browser = manager(client_as(alice), alice)
    answers = [
        browser.post(f"/team/members/{alice.pk}/role", {"role": "admin"}),
        browser.post(f"/team/members/{alice.pk}/remove"),
    ]
    said = [
        "The only owner." in answers[0].content.decode(),
        "this is the last one" in answers[1].content.decode(),
    ]
    assert said == [True, True]
    assert browser.post("/team/leave").status_code == 409
    assert "You are the only owner" in page(browser, "/team/leave")
    assert role_of(alice) == Role.OWNER
    services.change_role(team=team, actor=alice, person=bob, role=Role.OWNER)
    services.change_role(team=team, actor=alice, person=alice, role=Role.ADMIN)
    with pytest.raises(Refusal, match="this is the last one"):
        services.leave_team(team=team, person=bob)


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_demote_each_other_at_once_one_stays(team: Team, alice: User, bob: User) -> None:
    Membership.objects.update(role=Role.OWNER)
    start, refused = threading.Barrier(2), []

    def demote(actor: User, person: User) -> None:
        start.wait(10)
        try:
            services.change_role(team=team, actor=actor, person=person, role=Role.VIEWER)
        except (Refusal, PermissionDenied) as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=demote, args=pair) for pair in ((alice, bob), (bob, alice))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(refused) == 1
    assert sorted(Membership.objects.values_list("role", flat=True)) == [Role.OWNER, Role.VIEWER]


def test_an_owner_who_is_blocked_does_not_count(team: Team, alice: User) -> None:
    blocked = MembershipFactory.create(team=team, role=Role.OWNER, user=UserFactory.create(is_active=False))
    with pytest.raises(Refusal, match="this is the last one"):
        services.leave_team(team=team, person=alice)
    assert blocked.role == Role.OWNER


def test_an_unknown_role_is_refused(client_as: ClientAs, alice: User, bob: User) -> None:
    answer = manager(client_as(alice), bob).post(f"/team/members/{bob.pk}/role", {"role": "emperor"})
    assert "Select a valid choice" in answer.content.decode()
    assert role_of(bob) == Role.DEVELOPER


# --- Grant ---


def test_a_member_is_limited_to_projects_and_wallets(
    client_as: ClientAs, team: Team, alice: User, bob: User
) -> None:
    project, wallet = ProjectFactory.create(team=team), WalletFactory.create(team=team)
    foreign = ProjectFactory.create()
    browser = manager(client_as(alice), bob)
    data = {
        "project_reach": "chosen",
        "project_ids": [project.pk],
        "wallet_reach": "chosen",
        "wallet_ids": [wallet.pk],
    }
    assert browser.post(f"/team/members/{bob.pk}/scopes", data).status_code == 302
    limited = Grant(frozenset({project.pk}), frozenset({wallet.pk}))
    assert reach_of(bob) == limited
    assert f'value="{project.pk}"' in page(browser, f"/team/members/{bob.pk}")
    answer = browser.post(f"/team/members/{bob.pk}/scopes", {**data, "project_ids": [foreign.pk]})
    assert answer.status_code == 200
    assert reach_of(bob) == limited
    browser.post(f"/team/members/{bob.pk}/scopes", {"project_reach": "all", "wallet_reach": "all"})
    assert reach_of(bob) == EVERYTHING


def test_a_limited_admin_gives_nobody_more_than_they_have(
    team: Team, alice: User, erin: User, bob: User
) -> None:
    own, other = ProjectFactory.create(team=team).pk, ProjectFactory.create(team=team).pk
    services.change_reach(team=team, actor=alice, person=erin, reach=Grant(projects=frozenset({own})))
    for person, reach in ((bob, EVERYTHING), (bob, Grant(projects=frozenset({own})))):
        with pytest.raises(Refusal, match="you cannot decide about others"):
            services.change_reach(team=team, actor=erin, person=person, reach=reach)
    services.change_reach(team=team, actor=alice, person=bob, reach=Grant(projects=frozenset()))
    services.change_reach(team=team, actor=erin, person=bob, reach=Grant(projects=frozenset({own})))
    with pytest.raises(Refusal):
        services.change_reach(
            team=team, actor=erin, person=bob, reach=Grant(projects=frozenset({own, other}))
        )
    with pytest.raises(Refusal):
        services.invite(team=team, actor=erin, email="x@example.com", role=Role.VIEWER, reach=EVERYTHING)


def test_owners_reach_everything(team: Team, alice: User, bob: User) -> None:
    services.change_reach(team=team, actor=alice, person=bob, reach=Grant(projects=frozenset()))
    services.change_role(team=team, actor=alice, person=bob, role=Role.OWNER)
    assert reach_of(bob) == EVERYTHING
    services.change_reach(team=team, actor=alice, person=bob, reach=Grant(projects=frozenset()))
    assert reach_of(bob) == EVERYTHING


# --- Removing and leaving ---


def test_a_removed_member_is_out_at_once(client_as: ClientAs, alice: User, bob: User) -> None:
    there, owner = client_as(bob), manager(client_as(alice), bob)
    assert "Remove Bob from Halden?" in page(owner, f"/team/members/{bob.pk}/remove")
    assert role_of(bob) == Role.DEVELOPER
    assert owner.post(f"/team/members/{bob.pk}/remove")["Location"] == f"/team/leaving/{bob.pk}"
    assert (role_of(bob), there.get("/team").status_code) == (None, 302)
    assert Event.objects.get(action="member.removed").object_label == "Bob"
    assert client_as(bob).get("/")["Location"] == "/no-team"


def test_what_a_removed_admin_invited_is_over(team: Team, alice: User, erin: User) -> None:
    invitation = InvitationFactory.create(team=team, invited_by=erin)
    services.remove_member(team=team, actor=alice, person=erin)
    invitation.refresh_from_db()
    assert invitation.revoked_at is not None


def test_somebody_leaves_and_is_told_what_to_do_without_a_team(client_as: ClientAs, dora: User) -> None:
    browser = client_as(dora)
    assert browser.post("/team/leave")["Location"] == "/"
    assert browser.get("/")["Location"] == "/no-team"
    shown = page(browser, "/no-team")
    assert "You are in no team" in shown
    assert "Ask an owner or admin of a team to invite this address." in shown
    assert Event.objects.get(action="member.left").actor_label == "Dora"


def test_an_htmx_request_of_somebody_without_a_team_is_led_too(client_as: ClientAs, db: None) -> None:
    browser = client_as(UserFactory.create())
    answer = browser.get("/running", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (204, "/no-team")
    assert browser.post("/team/leave").status_code == 404


# --- Confirming ---


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/team/members/{bob}/role", "change a member&#x27;s role"),
        ("/team/members/{bob}/scopes", "change what a member reaches"),
        ("/team/members/{bob}/remove", "remove a member"),
        ("/team/invite", "invite somebody"),
        ("/team/transfer", "hand the team over"),
        ("/team/rules/save", "change the rules of the team"),
    ],
)
def test_whoever_does_something_grave_confirms_that_it_is_them(
    client_as: ClientAs, alice: User, bob: User, path: str, words: str
) -> None:
    browser = client_as(alice)
    data = {
        "role": "owner",
        "person": bob.pk,
        "stay_as": "admin",
        "email": "x@example.com",
        "idle_minutes": 9,
    }
    asked = browser.post(path.format(bob=bob.pk), data)
    assert asked["Location"].startswith("/accounts/confirm?for=")
    assert words in browser.get(asked["Location"]).content.decode()
    assert (role_of(bob), role_of(alice)) == (Role.DEVELOPER, Role.OWNER)
