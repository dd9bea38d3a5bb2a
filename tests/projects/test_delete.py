"""Deleting a project: who may, what is asked, what goes, and what stays."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from core.errors import Refusal
from deploys.models import Release
from operations.models import Operation, State
from projects import deleting, keys, services
from projects.models import Project, Secret
from teams.models import Role, User
from tests.factories import MembershipFactory, ProjectFactory, ReleaseFactory
from tests.fixtures import ClientAs, RunOperations, confirmed
from tests.projects.conftest import Turn
from wallets import signer
from wallets.models import Wallet

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(alice: User, tiered_wallet: Wallet, run_operations: RunOperations) -> Project:
    """A project that is really there."""
    project = services.create_project(
        team=tiered_wallet.team, actor=alice, wallet=tiered_wallet, name="tidepool"
    )
    run_operations()
    project.refresh_from_db()
    return project


def url_of(project: Project) -> str:
    return reverse("projects:delete", args=[project.pk])


def browser_of(client_as: ClientAs, person: User, project: Project) -> Client:
    """A browser whose person has confirmed who they are."""
    return confirmed(client_as(person), f"project.delete/{project.pk}")


def there(project: Project) -> list[str]:
    """Return the ids that Run402 lists for the project's wallet."""
    with signer.client(project.gateway, project.wallet) as client:
        return [row.id for row in client.projects.list_by_wallet(project.wallet.address)]


def delete(project: Project, actor: User) -> Operation:
    return deleting.delete(project=project, actor=actor, typed=project.name)


@pytest.mark.parametrize("role", list(Role))
def test_owners_and_admins_delete(role: Role, made: Project, client_as: ClientAs) -> None:
    member = MembershipFactory.create(team=made.team, role=role)
    answer = browser_of(client_as, member.user, made).get(url_of(made))
    assert answer.status_code == (200 if role in (Role.OWNER, Role.ADMIN) else 403)


def test_who_sits_there_is_asked_first(made: Project, alice: User, client_as: ClientAs) -> None:
    answer = client_as(alice).get(url_of(made))
    assert answer.headers["Location"].startswith("/accounts/confirm")


def test_page_lists_what_goes_as_far_as_it_was_read(made: Project, alice: User, client_as: ClientAs) -> None:
    Project.objects.filter(pk=made.pk).update(subdomains=["tidepool", "tide"], storage_bytes=3_000_000)
    inventory = {
        "functions": [{"name": "checkout"}, {"name": "mail"}],
        "secrets": {"keys": ["REQUIRED_KEY"]},
    }
    for key in ("SMTP_URL", "STRIPE_KEY"):
        Secret.objects.create(project=made, key=key, seen_at=timezone.now())
    ReleaseFactory.create(project=made, status="active", inventory=inventory)
    ReleaseFactory.create(project=made)
    page = browser_of(client_as, alice, made).get(url_of(made)).content.decode()
    for words in (
        *("The database", "2 addresses", "tidepool, tide", "2 releases"),
        *("2 functions", "checkout, mail", "2 secrets", "SMTP_URL, STRIPE_KEY"),
    ):
        assert words in page
    assert "REQUIRED_KEY" not in page
    assert f"run402 projects delete {made.remote_id} --confirm" in page


def test_another_name_deletes_nothing(made: Project, alice: User, client_as: ClientAs) -> None:
    answer = browser_of(client_as, alice, made).post(url_of(made), {"name": "tide"})
    assert (answer.status_code, "This is not the name of the project." in answer.content.decode()) == (
        422,
        True,
    )
    assert not Operation.objects.filter(kind="project.delete").exists()


def test_project_goes_at_run402_and_its_row_stays_as_deleted(
    made: Project, alice: User, client_as: ClientAs, run_operations: RunOperations
) -> None:
    live = ReleaseFactory.create(project=made, status="active")
    Secret.objects.create(project=made, key="STRIPE_KEY", seen_at=timezone.now())
    browser = browser_of(client_as, alice, made)
    answer = browser.post(url_of(made), {"name": " tidepool "})
    assert answer.headers["Location"] == reverse("projects:detail", args=[made.pk])
    run_operations()
    made.refresh_from_db()
    assert (made.state, there(made)) == (Project.State.DELETED, [])
    assert (bytes(made.service_key_sealed), made.anon_key, made.live_url) == (b"", "", "")
    assert made.deleted_at is not None
    assert not Secret.objects.filter(project=made).exists()
    assert Release.objects.get(pk=live.pk).status == "deleted"
    ends = Event.objects.filter(action="operation.succeeded", details__kind="project.delete")
    assert ends.count() == 1


def test_deleted_project_is_in_no_list_and_its_history_can_be_read(
    made: Project, alice: User, client_as: ClientAs, run_operations: RunOperations
) -> None:
    delete(made, alice)
    run_operations()
    browser = browser_of(client_as, alice, made)
    detail = reverse("projects:detail", args=[made.pk])
    assert detail not in browser.get(reverse("projects:list")).content.decode()
    assert detail in browser.get(reverse("projects:list"), {"state": "deleted"}).content.decode()
    page = browser.get(detail).content.decode()
    assert "This project is deleted." in page
    assert reverse("projects:record", args=[made.pk]) in page
    gone = [("refresh", "post"), ("service_key", "get"), ("delete", "get")]
    for name, method in gone:
        assert getattr(browser, method)(reverse(f"projects:{name}", args=[made.pk])).status_code in (302, 404)
    assert browser.post(reverse("projects:refresh", args=[made.pk])).status_code == 404


def test_lost_answer_is_looked_up_and_nothing_is_asked_twice(
    made: Project, alice: User, run_operations: RunOperations, turn: Turn
) -> None:
    turn("drop_after", method="DELETE", path="/projects/v1/*")
    operation = delete(made, alice)
    run_operations()
    operation.refresh_from_db()
    made.refresh_from_db()
    assert (operation.state, made.state) == (State.SUCCEEDED, Project.State.DELETED)
    assert [one.method for one in operation.requests.all()].count("DELETE") == 1


def test_gateway_that_refuses_leaves_the_project(
    made: Project, alice: User, run_operations: RunOperations, turn: Turn
) -> None:
    turn("status", method="DELETE", path="/projects/v1/*", status=409)
    operation = delete(made, alice)
    run_operations()
    operation.refresh_from_db()
    made.refresh_from_db()
    assert (operation.state, made.state) == (State.FAILED, Project.State.READY)
    assert there(made) == [made.remote_id]
    assert keys.service_key(made)


def test_project_that_somebody_deleted_elsewhere_counts_as_deleted(
    made: Project, alice: User, run_operations: RunOperations
) -> None:
    with signer.client(made.gateway, made.wallet) as client:
        client.projects.delete(made.remote_id, service_key=keys.service_key(made))
    services.refresh(project=made)
    run_operations()
    made.refresh_from_db()
    assert made.status == "gone"
    operation = delete(made, alice)
    run_operations()
    operation.refresh_from_db()
    made.refresh_from_db()
    assert (operation.state, made.state) == (State.SUCCEEDED, Project.State.DELETED)


def test_two_wishes_are_one(made: Project, alice: User) -> None:
    assert delete(made, alice) == delete(made, alice)


def test_without_the_key_it_is_said_what_to_do(made: Project, alice: User, client_as: ClientAs) -> None:
    Project.objects.filter(pk=made.pk).update(service_key_sealed=b"")
    answer = browser_of(client_as, alice, made).post(url_of(made), {"name": "tidepool"})
    assert "the panel does not hold this one&#x27;s." in answer.content.decode()


def test_a_project_that_was_never_made_leaves_the_list_without_asking_anybody(
    alice: User, signing_wallet: Wallet, client_as: ClientAs
) -> None:
    failed = ProjectFactory.create(
        team=signing_wallet.team,
        wallet=signing_wallet,
        name="ghost",
        state=Project.State.FAILED,
        remote_id="",
    )
    browser = browser_of(client_as, alice, failed)
    assert "Only the entry here goes." in browser.get(url_of(failed)).content.decode()
    assert browser.post(url_of(failed), {"name": "ghost"}).headers["Location"] == reverse("projects:list")
    failed.refresh_from_db()
    assert (failed.state, Operation.objects.count()) == (Project.State.DELETED, 0)
    assert Event.objects.filter(action="project.forgotten", object_id=str(failed.pk)).count() == 1


def test_a_project_that_is_gone_and_has_no_key_leaves_the_list_without_asking_anybody(
    alice: User, signing_wallet: Wallet, client_as: ClientAs
) -> None:
    gone = ProjectFactory.create(
        team=signing_wallet.team, wallet=signing_wallet, name="gone", status="gone", remote_id="prj_gone"
    )
    live = ReleaseFactory.create(project=gone, status="active")
    Secret.objects.create(project=gone, key="OLD_KEY", seen_at=timezone.now())
    browser = browser_of(client_as, alice, gone)
    page = browser.get(reverse("projects:detail", args=[gone.pk])).content.decode()
    assert ("It can be taken off the list." in page, "The panel has no" in page) == (True, False)
    assert "Only the entry here goes." in browser.get(url_of(gone)).content.decode()
    assert browser.post(url_of(gone), {"name": "gone"}).headers["Location"] == reverse("projects:list")
    gone.refresh_from_db()
    assert (gone.state, gone.remote_id, gone.anon_key) == (Project.State.DELETED, "", "")
    assert (Operation.objects.filter(kind="project.delete").count(), Secret.objects.count()) == (0, 0)
    assert Release.objects.get(pk=live.pk).status == "deleted"


def test_a_project_that_is_gone_and_has_its_key_is_asked_for_first(made: Project) -> None:
    Project.objects.filter(pk=made.pk).update(status="gone")
    made.refresh_from_db()
    assert (made.is_only_listed, deleting.going_of(made).only_listed) == (False, False)
    with pytest.raises(Refusal, match="Look it up first"):
        deleting.forget(project=made, actor=made.created_by, typed=made.name)


def test_a_project_of_which_nobody_knows_stays(
    alice: User, signing_wallet: Wallet, client_as: ClientAs
) -> None:
    lost = ProjectFactory.create(
        team=signing_wallet.team,
        wallet=signing_wallet,
        name="lost",
        state=Project.State.FAILED,
        status="unknown",
        remote_id="",
    )
    answer = browser_of(client_as, alice, lost).post(url_of(lost), {"name": "lost"})
    assert "Look it up first." in answer.content.decode()
    lost.refresh_from_db()
    assert lost.state == Project.State.FAILED
