"""Handing a team over, making teams, the team's name and its rules."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied

from audit.models import Event
from core.errors import Refusal
from teams import services
from teams.models import Instance, Membership, Role, Team, User
from teams.services import Rules
from tests.fixtures import ClientAs, confirmed

pytestmark = pytest.mark.django_db

RULES = Rules(require_two_factor=False, idle_minutes=60, session_hours=24)


def roles(team: Team) -> dict[str, str]:
    return dict(Membership.objects.filter(team=team).values_list("user__name", "role"))


# --- Handing over ---


@pytest.mark.parametrize("stays", [Role.ADMIN, Role.OWNER])
def test_the_owner_hands_the_team_over_and_chooses_what_to_stay(
    client_as: ClientAs, team: Team, alice: User, bob: User, stays: Role
) -> None:
    there, browser = client_as(bob), confirmed(client_as(alice), "team.transfer")
    answer = browser.post("/team/transfer", {"person": bob.pk, "stay_as": stays})
    assert (answer.status_code, roles(team)) == (302, {"Alice": stays, "Bob": Role.OWNER})
    assert (there.get("/team").status_code, browser.get("/team").status_code) == (302, 200)
    assert Event.objects.get(action="team.transferred").details == {"before": "developer", "stays_as": stays}


def test_only_an_owner_hands_over_and_only_to_a_member(
    client_as: ClientAs, team: Team, alice: User, bob: User, charlie: User
) -> None:
    assert client_as(bob).post("/team/transfer", {"person": bob.pk, "stay_as": "owner"}).status_code == 403
    with pytest.raises(PermissionDenied):
        services.transfer(team=team, actor=bob, person=bob, stay_as=Role.OWNER)
    with pytest.raises(Refusal, match="not in the team any more"):
        services.transfer(team=team, actor=alice, person=charlie, stay_as=Role.ADMIN)
    with pytest.raises(Refusal, match="an owner already"):
        services.transfer(team=team, actor=alice, person=alice, stay_as=Role.ADMIN)
    with pytest.raises(Refusal, match="Stay as owner or as admin"):
        services.transfer(team=team, actor=alice, person=bob, stay_as=Role.VIEWER)
    assert roles(team) == {"Alice": Role.OWNER, "Bob": Role.DEVELOPER}


# --- Making teams ---


def test_operators_make_teams_and_everybody_where_that_is_open(client_as: ClientAs, dora: User) -> None:
    browser = client_as(dora)
    closed = browser.post("/teams/new", {"name": "Mine"})
    assert closed.status_code == 200
    assert "Ask whoever operates this panel for one." in closed.content.decode()
    assert not Team.objects.filter(name="Mine").exists()
    Instance.objects.create(pk=1, open_teams=True)
    assert browser.post("/teams/new", {"name": "Mine"})["Location"] == "/"
    assert browser.get("/team").context["request"].team.name == "Mine"
    assert roles(Team.objects.get(name="Mine")) == {"Dora": Role.OWNER}
    Instance.objects.update(open_teams=False)
    User.objects.filter(pk=dora.pk).update(is_operator=True)
    assert browser.post("/teams/new", {"name": "Second"}).status_code == 302


def test_somebody_without_a_team_makes_one_where_that_is_open(client_as: ClientAs, db: None) -> None:
    browser = client_as(User.objects.create_user("nobody@example.com"))
    assert "/teams/new" not in browser.get("/no-team").content.decode()
    Instance.objects.create(pk=1, open_teams=True)
    assert "/teams/new" in browser.get("/no-team").content.decode()
    browser.post("/teams/new", {"name": "Fresh"})
    assert browser.get("/no-team")["Location"] == "/"


# --- Name and rules ---


def test_owners_rename_the_team(client_as: ClientAs, team: Team, alice: User, bob: User) -> None:
    assert client_as(bob).post("/team/name", {"name": "Bobs"}).status_code == 403
    client_as(alice).post("/team/name", {"name": "Halden & Sons"})
    team.refresh_from_db()
    assert team.name == "Halden & Sons"
    assert Event.objects.get(action="team.renamed").details == {"before": "Halden"}


def test_owners_set_rules_and_everybody_reads_them(
    client_as: ClientAs, team: Team, alice: User, bob: User
) -> None:
    data = {"idle_minutes": 30, "session_hours": 8}
    assert client_as(bob).post("/team/rules/save", data).status_code == 403
    assert confirmed(client_as(alice), "team.rules").post("/team/rules/save", data).status_code == 302
    team.refresh_from_db()
    assert Rules.of(team) == Rules(False, 30, 8)
    shown = client_as(bob).get("/team/rules").content.decode()
    for words in (
        "up to each member",
        "30 min",
        "8 h",
        "not needed",
        "Owners of this team change the rules.",
    ):
        assert words in shown
    details = Event.objects.get(action="team.rules_changed").details
    assert details == {"idle_minutes": 30, "session_hours": 8}


def test_who_needs_a_second_factor_is_led_to_one_at_once(
    client_as: ClientAs, team: Team, alice: User, bob: User
) -> None:
    browser = confirmed(client_as(alice), "team.rules")
    data = {"require_two_factor": "on", "idle_minutes": 30, "session_hours": 8}
    assert "2 members have no second factor yet" in browser.get("/team/rules").content.decode()
    browser.post("/team/rules/save", data)
    for person in (alice, bob):
        assert client_as(person).get("/team")["Location"].startswith("/account/security")


def test_rules_that_change_nothing_leave_no_trace(team: Team, alice: User) -> None:
    services.set_rules(team=team, actor=alice, rules=Rules.of(team))
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("idle", "hours", "said"),
    [
        (4, 24, "5 minutes"),
        (10_081, 720, "7 days"),
        (60, 0, "1 hour"),
        (60, 721, "30 days"),
        (121, 2, "The pause cannot be longer"),
    ],
)
def test_session_lengths_have_bounds(team: Team, alice: User, idle: int, hours: int, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        services.set_rules(team=team, actor=alice, rules=Rules(False, idle, hours))
