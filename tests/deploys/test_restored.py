"""A backup taken before a deploy was applied, restored: the deploy goes on and finds itself done."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from core.backup import making, restoring
from deploys.models import Deploy
from operations import queue
from operations.models import Reason, State
from projects.models import Project
from teams.models import User
from tests.deploys.conftest import confirm, operation_of
from tests.fixtures import RunOperations, run_all
from wallets import halts, signer
from wallets.models import Gateway, Halt

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def live_release(project: Project) -> tuple[str, int | None]:
    """Return what the gateway serves: each release that is applied counts one further."""
    with signer.client(project.gateway, project.wallet) as client:
        found = client.releases.active(anon_key=project.anon_key)
    assert found is not None
    return found.release_id, found.release_generation


def test_a_deploy_applied_after_the_backup_is_not_applied_again(
    as_bob: Client,
    reviewed: Deploy,
    bob: User,
    project: Project,
    tmp_path: Path,
    settings: Settings,
    run_operations: RunOperations,
) -> None:
    gateway = Gateway.objects.get(pk=project.gateway_id)
    here = {"url": gateway.url, "rpc_urls": gateway.rpc_urls, "enabled": True}
    confirm(as_bob, reviewed)
    making.to_file(tmp_path / "panel.tar")
    run_operations()
    assert operation_of(reviewed).state == State.SUCCEEDED
    before = live_release(project)

    call_command("flush", interactive=False, verbosity=0)
    settings.GATEWAYS = []
    restoring.restore(tmp_path / "panel.tar")
    Gateway.objects.filter(pk=gateway.pk).update(**here)
    operation = operation_of(reviewed)
    assert (operation.state, operation.reason) == (State.WAITING, Reason.REVIEW)
    assert run_all() == 0

    halts.lift(Halt.objects.get(lifted_at=None), actor=bob.actor)
    queue.decide(operation, actor=bob, checkpoints={}, message="Resumed")
    run_all()

    operation = operation_of(reviewed)
    told = [event.message for event in operation.events.all()]
    assert operation.state == State.SUCCEEDED, (told, operation.reason, reviewed.reviewed_plan, reviewed.plan)
    assert live_release(project) == before
