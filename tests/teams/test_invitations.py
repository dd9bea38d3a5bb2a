"""Invitations: one day, one use, one address; the token is known to the invited person only."""

from __future__ import annotations

import io
import logging
import re
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone
from structlog.stdlib import ProcessorFormatter

from audit.models import Event
from core.errors import Refusal
from core.logs import hide_tokens
from teams import services
from teams.grants import EVERYTHING, Grant
from teams.models import Invitation, Membership, Role, Team, User
from teams.tokens import digest
from tests.factories import PASSWORD, InvitationFactory, ProjectFactory, UserFactory
from tests.fixtures import ClientAs, confirmed

pytestmark = pytest.mark.django_db

NEW = {"name": "Niko", "password1": "a quiet river in november", "password2": "a quiet river in november"}
ALL = {"project_reach": "all", "wallet_reach": "all"}
OVER = "This invitation is not valid any more"


@pytest.fixture(autouse=True)
def _no_old_attempts() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def invitation(team: Team, alice: User) -> Invitation:
    """An open one for niko@example.com, as a developer, whose token is “secret”."""
    found: Invitation = InvitationFactory.create(
        team=team, invited_by=alice, email="niko@example.com", token="secret"
    )
    return found


def members(team: Team) -> dict[str, str]:
    return dict(Membership.objects.filter(team=team).values_list("user__email", "role"))


# --- Inviting ---


def test_without_mail_the_link_is_shown_once_and_kept_nowhere(
    client_as: ClientAs, team: Team, alice: User
) -> None:
    project = ProjectFactory.create(team=team)
    chosen = {**ALL, "project_reach": "chosen", "project_ids": [project.pk]}
    browser = confirmed(client_as(alice), "member.invite")
    answer = browser.post("/team/invite", {"email": "Niko@Example.com", "role": "developer", **chosen})
    found = re.search(r"http://localhost:8000/invitation/([\w-]{43})", answer.content.decode())
    assert found is not None
    assert "no-store" in answer["Cache-Control"]
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.role) == ("niko@example.com", Role.DEVELOPER)
    assert (invitation.project_ids, invitation.wallet_ids) == ([str(project.pk)], None)
    assert invitation.token_digest == digest(found[1])
    left = invitation.expires_at - timezone.now()
    assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)
    kept = (
        str(list(Invitation.objects.values()))
        + str(list(Event.objects.values()))
        + str(dict(browser.session))
    )
    assert found[1] not in kept
    assert found[1] not in browser.get("/team").content.decode()


@pytest.mark.parametrize(
    ("email", "said"),
    [
        ("bob@example.com", "is in the team already"),
        ("niko@example.com", "This address is invited already"),
        ("nonsense", "Enter a valid email address"),
    ],
)
def test_nobody_is_invited_twice(
    client_as: ClientAs, alice: User, bob: User, invitation: Invitation, email: str, said: str
) -> None:
    answer = confirmed(client_as(alice), "member.invite").post(
        "/team/invite", {"email": email, "role": "viewer", **ALL}
    )
    assert said in answer.content.decode()
    assert Invitation.objects.count() == 1


def test_an_admin_invites_no_owner_and_no_admin(team: Team, alice: User, bob: User) -> None:
    services.change_role(team=team, actor=alice, person=bob, role=Role.ADMIN)
    for role in (Role.OWNER, Role.ADMIN):
        with pytest.raises(Refusal, match="Only an owner makes owners and admins"):
            services.invite(team=team, actor=bob, email="x@example.com", role=role, reach=EVERYTHING)
    sent = services.invite(team=team, actor=bob, email="x@example.com", role=Role.BILLING, reach=EVERYTHING)
    assert sent.invitation.role == Role.BILLING


def test_a_new_link_ends_the_old_one(
    client_as: ClientAs, client: Client, alice: User, invitation: Invitation
) -> None:
    answer = confirmed(client_as(alice), "member.invite").post(f"/team/invitations/{invitation.pk}/again")
    found = re.search(r"/invitation/([\w-]{43})", answer.content.decode())
    assert found is not None
    assert (client.get("/invitation/secret").status_code, client.get(found[0]).status_code) == (404, 200)


def test_an_expired_invitation_gets_another_day(team: Team, alice: User, invitation: Invitation) -> None:
    Invitation.objects.update(expires_at=timezone.now() - timedelta(days=3))
    sent = services.send_again(team=team, actor=alice, pk=invitation.pk)
    assert sent.invitation.expires_at > timezone.now() + timedelta(hours=23)


def test_a_withdrawn_invitation_is_over(
    client_as: ClientAs, client: Client, alice: User, invitation: Invitation
) -> None:
    browser = confirmed(client_as(alice), "member.invite")
    browser.post(f"/team/invitations/{invitation.pk}/withdraw")
    assert client.get("/invitation/secret").status_code == 404
    browser.post(f"/team/invitations/{invitation.pk}/again")
    assert "This invitation was accepted or withdrawn." in browser.get("/team").content.decode()
    assert client.post("/invitation/secret", NEW).status_code == 404


def test_who_may_not_invite_and_strangers_do_nothing_to_invitations(
    client_as: ClientAs, bob: User, charlie: User, invitation: Invitation
) -> None:
    for path in ("again", "withdraw"):
        assert client_as(bob).post(f"/team/invitations/{invitation.pk}/{path}").status_code == 403
        stranger = confirmed(client_as(charlie), "member.invite")
        assert stranger.post(f"/team/invitations/{invitation.pk}/{path}").status_code == 404
    invitation.refresh_from_db()
    assert (invitation.revoked_at, invitation.token_digest) == (None, digest("secret"))


# --- Accepting ---


def test_somebody_new_sets_name_and_password_and_is_in(
    client: Client, team: Team, invitation: Invitation
) -> None:
    project = ProjectFactory.create(team=team)
    Invitation.objects.update(project_ids=[str(project.pk)])
    assert "Join Halden" in client.get("/invitation/secret").content.decode()
    assert client.post("/invitation/secret", NEW)["Location"] == "/"
    assert client.get("/team").status_code == 200
    membership = Membership.objects.get(user__email="niko@example.com")
    assert (membership.role, membership.user.name) == (Role.DEVELOPER, "Niko")
    assert Grant.of(membership) == Grant(projects=frozenset({project.pk}))
    assert membership.user.check_password(NEW["password1"])
    assert Event.objects.get(action="invitation.accepted").actor_label == "Niko"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password1": "short", "password2": "short"}, "too short"),
        ({"password1": "telechargement", "password2": "telechargement"}, "too common"),
        ({"password1": "niko@example.com", "password2": "niko@example.com"}, "too similar"),
        ({"password1": "welcome-to-halden", "password2": "welcome-to-halden"}, "Leave it out"),
        ({"password2": "another quiet river in june"}, "The two passwords differ"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_a_weak_password_is_refused_and_the_link_still_works(
    client: Client, invitation: Invitation, change: dict[str, str], said: str
) -> None:
    answer = client.post("/invitation/secret", {**NEW, **change}).content.decode()
    assert said in answer
    assert NEW["password1"] not in answer
    assert not User.objects.filter(email="niko@example.com").exists()
    assert client.post("/invitation/secret", NEW).status_code == 302


def test_opening_a_link_does_not_use_it_up(client: Client, invitation: Invitation) -> None:
    for _ in range(3):
        assert client.get("/invitation/secret").status_code == 200
        assert client.head("/invitation/secret").status_code == 200
    invitation.refresh_from_db()
    assert invitation.accepted_at is None


def test_somebody_with_an_account_signs_in_with_that_address(
    client: Client, team: Team, invitation: Invitation
) -> None:
    UserFactory.create(email="niko@example.com")
    shown = client.get("/invitation/secret").content.decode()
    assert "/accounts/login/?next=%2Finvitation%2Fsecret" in shown
    assert client.post("/invitation/secret", NEW).status_code == 200
    assert "niko@example.com" not in members(team)
    signed = client.post(
        "/accounts/login/?next=%2Finvitation%2Fsecret", {"login": "niko@example.com", "password": PASSWORD}
    )
    assert signed["Location"] == "/invitation/secret"
    assert "niko@example.com" not in members(team)
    assert client.post("/invitation/secret")["Location"] == "/"
    assert members(team)["niko@example.com"] == Role.DEVELOPER
    assert client.get("/team").context["request"].team == team


def test_another_person_accepts_nothing(
    client_as: ClientAs, team: Team, charlie: User, invitation: Invitation
) -> None:
    browser = client_as(charlie)
    assert "this invitation is for niko@example.com" in browser.get("/invitation/secret").content.decode()
    browser.post("/invitation/secret", NEW)
    with pytest.raises(Refusal, match="for another address"):
        services.accept(token="secret", user=charlie)
    assert set(members(team)) == {"alice@example.com"}
    invitation.refresh_from_db()
    assert invitation.accepted_at is None


def test_wrong_expired_used_and_withdrawn_links_read_the_same(
    client: Client, team: Team, alice: User, bob: User
) -> None:
    now = timezone.now()
    InvitationFactory.create(team=team, invited_by=alice, token="expired", expires_at=now)
    InvitationFactory.create(team=team, invited_by=alice, token="used", accepted_at=now)
    InvitationFactory.create(team=team, invited_by=alice, token="withdrawn", revoked_at=now)
    InvitationFactory.create(team=team, invited_by=bob, token="of-a-developer")
    answers = [
        send(f"/invitation/{token}", NEW)
        for token in ("expired", "used", "withdrawn", "of-a-developer", "never-was")
        for send in (client.get, client.post)
    ]
    bodies = {re.sub(r"X-CSRFToken\W+\w+", "", answer.content.decode()) for answer in answers}
    assert ({answer.status_code for answer in answers}, len(bodies)) == ({404}, 1)
    assert OVER in bodies.pop()
    assert set(members(team)) == {"alice@example.com", "bob@example.com"}


def test_an_invitation_of_a_sender_who_lost_the_right_is_over(
    client: Client, team: Team, alice: User, bob: User
) -> None:
    services.change_role(team=team, actor=alice, person=bob, role=Role.OWNER)
    InvitationFactory.create(team=team, invited_by=bob, token="admin", role=Role.ADMIN)
    services.change_role(team=team, actor=alice, person=bob, role=Role.ADMIN)
    assert client.get("/invitation/admin").status_code == 404


def test_guessing_links_is_slowed_down(client: Client, db: None) -> None:
    answers = [client.get(f"/invitation/guess{n}").status_code for n in range(31)]
    assert (set(answers[:30]), answers[30]) == ({404}, 429)


def test_a_page_with_a_token_is_kept_nowhere_and_its_address_is_told_nobody(
    client: Client, invitation: Invitation
) -> None:
    for answer in (client.get("/invitation/secret"), client.get("/invitation/wrong")):
        assert "no-store" in answer["Cache-Control"]
        assert answer["Referrer-Policy"] == "strict-origin"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_accept_at_once_one_is_let_in(team: Team, invitation: Invitation) -> None:
    """Both hold the token and start together, as threads with connections of their own."""
    start, outcomes = threading.Barrier(2), []

    def accept(name: str) -> None:
        start.wait(10)
        try:
            services.accept_as_new(token="secret", name=name, password=NEW["password1"])
            outcomes.append("in")
        except Refusal as refusal:
            outcomes.append(refusal.fault.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=accept, args=[name]) for name in ("Niko", "Nika")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["INVITATION_NOT_VALID", "in"]
    assert Membership.objects.filter(team=team).count() == 2


# --- Logs ---


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the panel's own handler writes, at the level that says most."""
    root, text = logging.getLogger(), io.StringIO()
    handler = next(each for each in root.handlers if isinstance(each.formatter, ProcessorFormatter))
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(text)
    root.setLevel(logging.DEBUG)
    yield text
    root.setLevel(logging.WARNING)
    handler.setStream(before)


def test_no_line_of_a_log_holds_a_token(client: Client, invitation: Invitation, log: io.StringIO) -> None:
    client.get("/invitation/secret")
    client.get("/invitation/wrong-token")
    client.get("/accounts/login/?next=%2Finvitation%2Fsecret")
    client.post("/invitation/secret", {})
    lines = log.getvalue()
    assert "/invitation/…" in lines
    assert "%2Finvitation%2F…" in lines
    assert "secret" not in lines
    assert "wrong-token" not in lines


def test_other_texts_of_a_log_stay() -> None:
    line = {"request": "GET /team/invitations/5/again", "n": 3, "path": "/recover/abc-DEF_1?x=/invitation/t"}
    assert hide_tokens(None, "info", dict(line)) == {**line, "path": "/recover/…?x=/invitation/…"}
