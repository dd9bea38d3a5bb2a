"""Adopting what the CLI made: the file, the list of what is in it, and the worker's look at the gateway."""

from __future__ import annotations

import re

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

import run402
from operations import queue
from operations.models import Operation, State
from projects import keys
from projects.leaving import of_leaver
from projects.models import Project
from run402.resources.projects import ProvisionedProject
from teams.models import Membership, Role, Scope, User
from tests.factories import MembershipFactory, ProjectFactory, WalletFactory
from tests.fixtures import ClientAs, RunOperations
from tests.projects.conftest import Turn, cli_file
from wallets import signer, vault
from wallets.models import Gateway, Wallet

pytestmark = pytest.mark.django_db

URL = "/projects/adopt"


def show(client: Client, wallet: Wallet, text: str) -> str:
    """Send the file and return the page that answers."""
    return client.post(URL, {"wallet": str(wallet.pk), "text": text}).content.decode()


def offered(page: str) -> str:
    found = re.search(r'name="offer" value="([^"]+)"', page)
    assert found, page
    return found[1]


def adopt(client: Client, wallet: Wallet, text: str, *ids: str) -> HttpResponse:
    """Send the file and tick these projects."""
    page = show(client, wallet, text)
    return client.post(URL, {"offer": offered(page), "project": list(ids)})  # type: ignore[return-value]  # a response


def the_project() -> Project:
    return Project.objects.select_related("gateway", "wallet").get()


def test_file_is_shown_first_and_nothing_is_kept(
    alice: User, tiered_wallet: Wallet, elsewhere: ProvisionedProject, client_as: ClientAs
) -> None:
    page = show(client_as(alice), tiered_wallet, cli_file(elsewhere))
    assert f'name="project" value="{elsewhere.project_id}" checked' in page
    assert elsewhere.service_key not in page
    assert (Project.objects.count(), Operation.objects.count()) == (0, 0)


def test_what_is_ticked_is_adopted_with_its_keys(
    alice: User,
    tiered_wallet: Wallet,
    elsewhere: ProvisionedProject,
    client_as: ClientAs,
    run_operations: RunOperations,
) -> None:
    answer = adopt(client_as(alice), tiered_wallet, cli_file(elsewhere), elsewhere.project_id)
    waiting = the_project()
    assert answer.headers["Location"] == reverse("projects:detail", args=[waiting.pk])
    assert (waiting.state, waiting.name) == (Project.State.ADOPTING, elsewhere.project_id)
    run_operations()
    project = the_project()
    assert (project.state, project.name, project.tier) == (Project.State.READY, "tidepool", "prototype")
    assert (project.anon_key, keys.service_key(project)) == (elsewhere.anon_key, elsewhere.service_key)
    operation = Operation.objects.get(kind="project.adopt")
    assert (operation.state, operation.result) == (State.SUCCEEDED, {"project_id": elsewhere.project_id})
    assert {request.method for request in operation.requests.all()} == {"GET"}


def test_uploaded_file_is_read_like_a_pasted_one(
    alice: User, tiered_wallet: Wallet, elsewhere: ProvisionedProject, client_as: ClientAs
) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    file = SimpleUploadedFile("projects.json", b"\xef\xbb\xbf" + cli_file(elsewhere).encode())
    page = client_as(alice).post(URL, {"wallet": str(tiered_wallet.pk), "file": file}).content.decode()
    assert elsewhere.project_id in page


def test_project_of_another_wallet_is_refused_with_a_sentence(
    alice: User,
    signing_wallet: Wallet,
    elsewhere: ProvisionedProject,
    client_as: ClientAs,
    run_operations: RunOperations,
) -> None:
    key = run402.new_key()
    other: Wallet = WalletFactory.create(
        team=signing_wallet.team,
        gateway=signing_wallet.gateway,
        owner=alice,
        label="Other",
        address=run402.address_of(key),
    )
    other.key_sealed = vault.seal(key, signer.key_context(other))
    other.save(update_fields=["key_sealed"])
    client = client_as(alice)
    adopt(client, other, cli_file(elsewhere), elsewhere.project_id)
    run_operations()
    project, operation = the_project(), Operation.objects.get(kind="project.adopt")
    assert (project.state, bytes(project.service_key_sealed), project.anon_key) == ("failed", b"", "")
    assert operation.error["code"] == "NOT_THIS_WALLETS"
    page = client.get(reverse("projects:detail", args=[project.pk])).content.decode()
    assert f"Other has no project {elsewhere.project_id} at Sandbox." in page
    assert "Not adopted" in page
    # With the right wallet the same row takes it.
    adopt(client, signing_wallet, cli_file(elsewhere), elsewhere.project_id)
    run_operations()
    assert (the_project().pk, the_project().state) == (project.pk, Project.State.READY)


@pytest.mark.parametrize("name", ["anon_key", "service_key"])
def test_wrong_key_is_refused_and_forgotten(
    name: str,
    alice: User,
    tiered_wallet: Wallet,
    elsewhere: ProvisionedProject,
    client_as: ClientAs,
    run_operations: RunOperations,
) -> None:
    text = cli_file(elsewhere, **{name: "wrong_key"})
    adopt(client_as(alice), tiered_wallet, text, elsewhere.project_id)
    run_operations()
    operation, project = Operation.objects.get(kind="project.adopt"), the_project()
    assert operation.error["message"] == f"The {name} in the file does not open {elsewhere.project_id}."
    assert (project.state, bytes(project.service_key_sealed)) == (Project.State.FAILED, b"")


def test_service_key_of_another_project_is_refused(
    alice: User,
    tiered_wallet: Wallet,
    elsewhere: ProvisionedProject,
    client_as: ClientAs,
    run_operations: RunOperations,
) -> None:
    with signer.client(tiered_wallet.gateway, tiered_wallet) as client:
        second = client.projects.provision(name="second")
    text = cli_file(elsewhere, service_key=second.service_key)
    adopt(client_as(alice), tiered_wallet, text, elsewhere.project_id)
    run_operations()
    assert Operation.objects.get(kind="project.adopt").error["code"] == "KEY_OF_ANOTHER_PROJECT"


def test_project_without_a_service_key_says_what_is_missing_and_takes_it_later(
    alice: User,
    tiered_wallet: Wallet,
    elsewhere: ProvisionedProject,
    client_as: ClientAs,
    run_operations: RunOperations,
) -> None:
    client = client_as(alice)
    adopt(client, tiered_wallet, cli_file(elsewhere, service_key=""), elsewhere.project_id)
    run_operations()
    project = the_project()
    page = client.get(reverse("projects:detail", args=[project.pk])).content.decode()
    assert "The panel has no service key of this project." in page
    assert f'href="{URL}?wallet={tiered_wallet.pk}"' in page
    assert "Here, gets its keys" in show(client, tiered_wallet, cli_file(elsewhere))
    adopt(client, tiered_wallet, cli_file(elsewhere), elsewhere.project_id)
    run_operations()
    assert keys.service_key(the_project()) == elsewhere.service_key


def test_wrong_key_for_a_project_that_is_here_leaves_it_as_it_was(
    alice: User,
    tiered_wallet: Wallet,
    elsewhere: ProvisionedProject,
    client_as: ClientAs,
    run_operations: RunOperations,
) -> None:
    client = client_as(alice)
    adopt(client, tiered_wallet, cli_file(elsewhere, service_key=""), elsewhere.project_id)
    run_operations()
    adopt(client, tiered_wallet, cli_file(elsewhere, service_key="wrong_key"), elsewhere.project_id)
    run_operations()
    project = the_project()
    assert (project.state, project.anon_key) == (Project.State.READY, elsewhere.anon_key)
    assert project.lacks_keys


def test_gateway_that_does_not_answer_is_asked_again(
    alice: User,
    tiered_wallet: Wallet,
    elsewhere: ProvisionedProject,
    client_as: ClientAs,
    run_operations: RunOperations,
    turn: Turn,
) -> None:
    turn("status", method="GET", path="/wallets/v1/*", status=503)
    adopt(client_as(alice), tiered_wallet, cli_file(elsewhere), elsewhere.project_id)
    run_operations()
    assert the_project().state == Project.State.READY


def test_list_says_what_is_here_deleted_or_cannot_be_read(
    alice: User, tiered_wallet: Wallet, elsewhere: ProvisionedProject, client_as: ClientAs
) -> None:
    ProjectFactory.create(
        team=tiered_wallet.team,
        wallet=tiered_wallet,
        remote_id=elsewhere.project_id,
        service_key_sealed=b"sealed",
    )
    ProjectFactory.create(
        team=tiered_wallet.team, wallet=tiered_wallet, remote_id="prj_gone", state=Project.State.DELETED
    )
    text = (
        f'{{"projects": {{"{elsewhere.project_id}": {{"anon_key": "a", "service_key": "s"}},'
        ' "prj_gone": {"service_key": "s"}, "<b>": {}}}'
    )
    page = show(client_as(alice), tiered_wallet, text)
    assert ("Here already" in page, "Deleted here" in page, "Cannot be read" in page) == (True, True, True)
    assert "Nothing here can be adopted." in page
    assert escape("<b>") in page


def test_project_out_of_reach_is_not_told_about(
    alice: User, tiered_wallet: Wallet, elsewhere: ProvisionedProject, client_as: ClientAs
) -> None:
    hidden = ProjectFactory.create(
        team=tiered_wallet.team, wallet=tiered_wallet, remote_id=elsewhere.project_id, name="Hidden"
    )
    member = MembershipFactory.create(team=tiered_wallet.team, role=Role.DEVELOPER, projects_limited=True)
    page = show(client_as(member.user), tiered_wallet, cli_file(elsewhere))
    assert ("Out of your reach." in page, hidden.name in page) == (True, False)


def test_who_is_limited_to_some_projects_reaches_what_they_adopted(
    tiered_wallet: Wallet,
    elsewhere: ProvisionedProject,
    client_as: ClientAs,
    run_operations: RunOperations,
) -> None:
    member = MembershipFactory.create(team=tiered_wallet.team, role=Role.DEVELOPER, projects_limited=True)
    adopt(client_as(member.user), tiered_wallet, cli_file(elsewhere), elsewhere.project_id)
    run_operations()
    scope = Scope.objects.get(membership=member)
    assert (scope.object_id, the_project().state) == (the_project().pk, Project.State.READY)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"text": "no json"}, "This is no JSON, so it is not the CLI&#x27;s file of projects."),
        ({}, "Choose the file, or paste what it holds: one of the two."),
    ],
)
def test_bad_file_is_one_sentence(
    fields: dict[str, str], sentence: str, alice: User, signing_wallet: Wallet, client_as: ClientAs
) -> None:
    answer = client_as(alice).post(URL, {"wallet": str(signing_wallet.pk), **fields})
    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)


def test_text_that_was_pasted_is_not_shown_back(
    alice: User, signing_wallet: Wallet, client_as: ClientAs
) -> None:
    page = show(client_as(alice), signing_wallet, '{"projects": "secret_words"}')
    assert "secret_words" not in page


def test_list_of_somebody_else_or_a_changed_one_is_not_taken(
    alice: User, bob: User, tiered_wallet: Wallet, elsewhere: ProvisionedProject, client_as: ClientAs
) -> None:
    offer = offered(show(client_as(alice), tiered_wallet, cli_file(elsewhere)))
    for person, text in ((bob, offer), (alice, offer[:-2] + "xx"), (alice, "")):
        answer = client_as(person).post(URL, {"offer": text, "project": elsewhere.project_id})
        assert answer.status_code == 422
        assert "This list is too old to be confirmed." in answer.content.decode()
    assert Project.objects.count() == 0


def test_nothing_ticked_is_said(
    alice: User, tiered_wallet: Wallet, elsewhere: ProvisionedProject, client_as: ClientAs
) -> None:
    answer = adopt(client_as(alice), tiered_wallet, cli_file(elsewhere))
    assert answer.status_code == 422
    assert "Choose at least one project that is not here yet." in answer.content.decode()


def test_the_same_list_confirmed_twice_adopts_once(
    alice: User, tiered_wallet: Wallet, elsewhere: ProvisionedProject, client_as: ClientAs
) -> None:
    client = client_as(alice)
    offer = offered(show(client, tiered_wallet, cli_file(elsewhere)))
    answers = [client.post(URL, {"offer": offer, "project": elsewhere.project_id}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 422]
    assert (Project.objects.count(), Operation.objects.filter(kind="project.adopt").count()) == (1, 1)


def test_core_is_not_offered_and_no_wallet_leads_to_importing_one(
    alice: User, gateway: Gateway, client_as: ClientAs
) -> None:
    core = Gateway.objects.create(
        slug="core", name="Core", kind=Gateway.Kind.CORE, url="http://core.localhost:9"
    )
    WalletFactory.create(team=alice.teams.get(), gateway=core, owner=alice, label="At the core")
    page = client_as(alice).get(URL).content.decode()
    assert ("At the core" in page, reverse("billing:wallet_import") in page) == (False, True)


def test_who_adopted_a_project_is_said_to_know_its_key(alice: User, signing_wallet: Wallet) -> None:
    ProjectFactory.create(
        team=signing_wallet.team,
        wallet=signing_wallet,
        created_by=alice,
        name="tidepool",
        origin=Project.Origin.ADOPTED,
        service_key_sealed=b"sealed",
    )
    viewer = Membership.objects.get(user=alice)
    assert [item.title for item in of_leaver(viewer, alice)] == ["They brought the service key of tidepool"]


@pytest.fixture
def without_anon_key(
    alice: User,
    tiered_wallet: Wallet,
    elsewhere: ProvisionedProject,
    client_as: ClientAs,
    run_operations: RunOperations,
) -> Project:
    """A project here that has its service key and lacks the other one."""
    adopt(client_as(alice), tiered_wallet, cli_file(elsewhere, anon_key=""), elsewhere.project_id)
    run_operations()
    return the_project()


@pytest.mark.parametrize("changes", [{}, {"service_key": "another_wrong_key"}])
def test_refused_keys_leave_the_service_key_that_is_there(
    changes: dict[str, str],
    alice: User,
    without_anon_key: Project,
    elsewhere: ProvisionedProject,
    client_as: ClientAs,
    run_operations: RunOperations,
) -> None:
    file = cli_file(elsewhere, anon_key="wrong_key", **changes)
    adopt(client_as(alice), without_anon_key.wallet, file, elsewhere.project_id)
    run_operations()
    project, operation = the_project(), Operation.objects.filter(kind="project.adopt").latest("created_at")
    assert (operation.state, project.state, project.anon_key) == (State.FAILED, Project.State.READY, "")
    assert keys.service_key(project) == elsewhere.service_key


def test_cancelled_import_leaves_the_service_key_that_is_there(
    alice: User, without_anon_key: Project, elsewhere: ProvisionedProject, client_as: ClientAs
) -> None:
    adopt(client_as(alice), without_anon_key.wallet, cli_file(elsewhere), elsewhere.project_id)
    queue.cancel(Operation.objects.filter(kind="project.adopt").latest("created_at"), actor=alice)
    project = the_project()
    assert (project.state, keys.service_key(project)) == (Project.State.READY, elsewhere.service_key)


def test_file_with_the_missing_key_alone_completes_a_project(
    alice: User,
    without_anon_key: Project,
    elsewhere: ProvisionedProject,
    client_as: ClientAs,
    run_operations: RunOperations,
) -> None:
    client, wallet = client_as(alice), without_anon_key.wallet
    assert "Here already" in show(client, wallet, cli_file(elsewhere, anon_key=""))
    adopt(client, wallet, cli_file(elsewhere, service_key=""), elsewhere.project_id)
    run_operations()
    project = the_project()
    assert (project.anon_key, keys.service_key(project)) == (elsewhere.anon_key, elsewhere.service_key)


@pytest.mark.parametrize("count", [1_000_001, 1_100_000])
def test_file_that_is_too_large_is_said_to_be(
    count: int, alice: User, signing_wallet: Wallet, client_as: ClientAs
) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    fields = {"wallet": str(signing_wallet.pk), "file": SimpleUploadedFile("projects.json", b" " * count)}
    answer = client_as(alice).post(URL, fields)
    page = answer.content.decode()
    said = "This file is too large for the CLI&#x27;s file of projects."
    assert (answer.status_code, said in page, "Choose the file, or paste" in page) == (422, True, False)
