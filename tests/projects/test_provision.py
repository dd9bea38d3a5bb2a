"""Making projects at a real sandbox, and what is told when that fails."""

from __future__ import annotations

import pytest
from django.core import serializers
from django.urls import reverse

from audit.models import Event
from operations.models import Operation, OperationEvent, OperationRequest, Reason, State
from projects import keys, services
from projects.models import Project
from teams.models import Team, User
from tests.fixtures import ClientAs, RunOperations
from tests.projects.conftest import Turn
from wallets import signer
from wallets.models import Wallet

pytestmark = pytest.mark.django_db


def ask_for(wallet: Wallet, actor: User, name: str = "tidepool") -> Project:
    return services.create_project(team=wallet.team, actor=actor, wallet=wallet, name=name)


def names_at_sandbox(wallet: Wallet) -> list[str]:
    with signer.client(wallet.gateway, wallet) as client:
        return [row.name for row in client.projects.list_by_wallet(wallet.address)]


def test_project_is_made_and_its_keys_are_kept(
    bob: User, tiered_wallet: Wallet, run_operations: RunOperations
) -> None:
    project = ask_for(tiered_wallet, bob)
    assert project.state == Project.State.PROVISIONING
    run_operations()
    project.refresh_from_db()
    assert project.state == Project.State.READY
    assert (project.remote_id[:4], project.anon_key[:5]) == ("prj_", "anon_")
    assert keys.service_key(project)[:8] == "service_"
    assert names_at_sandbox(tiered_wallet) == ["tidepool"]


def test_service_key_stands_nowhere_in_clear(
    alice: User, tiered_wallet: Wallet, run_operations: RunOperations, client_as: ClientAs
) -> None:
    project = ask_for(tiered_wallet, alice)
    run_operations()
    project.refresh_from_db()
    secret = keys.service_key(project)
    client = client_as(alice)
    pages = [reverse("projects:detail", args=[project.pk]), reverse("projects:list"), "/", "/search?q=tide"]
    pages += [reverse("operations:detail", args=[op.pk]) for op in Operation.objects.all()]
    seen = "".join(client.get(url).content.decode() for url in pages)
    run_operations()
    rows = [*Project.objects.all(), *Operation.objects.all(), *OperationEvent.objects.all()]
    rows += [*OperationRequest.objects.all(), *Event.objects.all()]
    assert (secret in seen, secret in serializers.serialize("json", rows)) == (False, False)
    assert secret.encode() not in bytes(project.service_key_sealed)


def test_wallet_without_a_tier_is_refused_with_the_way_to_one(
    alice: User, signing_wallet: Wallet, client_as: ClientAs
) -> None:
    Wallet.objects.update(tier_at=signing_wallet.created_at)
    answer = client_as(alice).post(
        reverse("projects:new"), {"name": "tidepool", "wallet": str(signing_wallet.pk)}
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Studio testnet has no active tier, and a wallet without one cannot have projects." in page
    assert f'href="{reverse("billing:tiers")}"' in page
    assert Project.objects.count() == 0


def test_gateway_that_knows_of_no_tier_fails_the_project_and_trying_again_works(
    alice: User,
    signing_wallet: Wallet,
    run_operations: RunOperations,
    client_as: ClientAs,
    request: pytest.FixtureRequest,
) -> None:
    project = ask_for(signing_wallet, alice)  # the mirror has not read the tier yet, so the gateway is asked
    run_operations()
    project.refresh_from_db()
    page = client_as(alice).get(reverse("projects:detail", args=[project.pk])).content.decode()
    assert project.state == Project.State.FAILED
    assert "This wallet has no active tier, so it cannot have projects." in page
    request.getfixturevalue("tiered_wallet")
    client_as(alice).post(reverse("projects:again", args=[project.pk]))
    run_operations()
    project.refresh_from_db()
    assert (project.state, Operation.objects.filter(kind="project.provision").count()) == (
        Project.State.READY,
        2,
    )


def test_lost_answer_finds_the_project_and_never_makes_a_second_one_by_itself(
    alice: User, tiered_wallet: Wallet, run_operations: RunOperations, client_as: ClientAs, turn: Turn
) -> None:
    turn("drop_after", method="POST", path="/projects/v1")
    project = ask_for(tiered_wallet, alice)
    run_operations()
    project.refresh_from_db()
    operation = Operation.objects.get(kind="project.provision")
    url = reverse("projects:detail", args=[project.pk])
    client = client_as(alice)
    assert (project.state, operation.error["mutation_state"]) == (Project.State.FAILED, "unknown")
    assert (operation.state, operation.reason) == (State.WAITING, Reason.REVIEW)
    assert "its keys were lost on the way" in OperationEvent.objects.filter(type="waiting").get().message
    page = client.get(url).content.decode()
    again = reverse("projects:again", args=[project.pk])
    assert ("Look it up" in page, "Not known" in page, again in page) == (True, True, False)
    client.post(reverse("projects:refresh", args=[project.pk]))
    run_operations()
    assert (
        "Run402 has a project of this name that the panel holds no keys for:"
        in client.get(url).content.decode()
    )
    client.post(again)
    run_operations()
    project.refresh_from_db()
    assert (project.state, Operation.objects.filter(kind="project.provision").count()) == (
        Project.State.READY,
        1,
    )
    assert names_at_sandbox(tiered_wallet) == ["tidepool"]


def test_request_that_never_arrived_is_looked_up_and_repeated(
    alice: User, tiered_wallet: Wallet, run_operations: RunOperations, turn: Turn
) -> None:
    turn("drop_before", method="POST", path="/projects/v1")
    project = ask_for(tiered_wallet, alice)
    run_operations()
    project.refresh_from_db()
    said = [event.message for event in OperationEvent.objects.filter(type__in=["reconcile", "retry"])]
    assert "The panel looks at Run402 what became of it, before anything is repeated." in said[0]
    assert "Run402 lists no project of this name that the panel does not know. Trying again" in said[1]
    assert (project.state, names_at_sandbox(tiered_wallet)) == (Project.State.READY, ["tidepool"])


def test_worker_that_vanished_after_asking_does_not_make_a_second_project(
    alice: User, tiered_wallet: Wallet, run_operations: RunOperations
) -> None:
    project = ask_for(tiered_wallet, alice)
    with signer.client(tiered_wallet.gateway, tiered_wallet) as client:
        made = client.projects.provision(name="tidepool", idempotency_key=f"panel-project-{project.pk}")
    Operation.objects.update(checkpoints={"asked": True})
    run_operations()
    project.refresh_from_db()
    assert (project.remote_id, keys.service_key(project)) == (made.project_id, made.service_key)
    assert names_at_sandbox(tiered_wallet) == ["tidepool"]


def test_panel_that_cannot_keep_a_key_asks_for_none(
    alice: User, tiered_wallet: Wallet, run_operations: RunOperations, settings: object
) -> None:
    project = ask_for(tiered_wallet, alice)
    settings.VAULT_PUBLIC_KEYSET = ""  # type: ignore[attr-defined]  # pytest-django's settings
    run_operations()
    operation = Operation.objects.get()
    assert (operation.state, operation.error["code"]) == (State.FAILED, "VAULT_LOCKED")
    assert names_at_sandbox(tiered_wallet) == []
    assert Project.objects.get(pk=project.pk).state == Project.State.FAILED


def test_cancelled_before_it_began_the_project_is_not_made(
    alice: User, tiered_wallet: Wallet, run_operations: RunOperations, client_as: ClientAs
) -> None:
    project = ask_for(tiered_wallet, alice)
    client_as(alice).post(reverse("operations:cancel", args=[Operation.objects.get().pk]))
    run_operations()
    assert (Project.objects.get(pk=project.pk).state, names_at_sandbox(tiered_wallet)) == (
        Project.State.FAILED,
        [],
    )


@pytest.mark.parametrize("name", ["", "   ", "line\nbreak", "x" * 129])
def test_name_against_the_contract_is_refused(
    name: str, alice: User, tiered_wallet: Wallet, client_as: ClientAs
) -> None:
    answer = client_as(alice).post(reverse("projects:new"), {"name": name, "wallet": str(tiered_wallet.pk)})
    assert (answer.status_code, Project.objects.count()) == (422, 0)


def test_wallet_of_another_team_cannot_be_chosen(
    charlie: User, team: Team, tiered_wallet: Wallet, client_as: ClientAs
) -> None:
    answer = client_as(charlie).post(reverse("projects:new"), {"name": "x", "wallet": str(tiered_wallet.pk)})
    assert (answer.status_code, Project.objects.count()) == (422, 0)
