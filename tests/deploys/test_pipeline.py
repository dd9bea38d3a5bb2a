"""A deploy in every weather: changed plans, conflicts, crashes, cancellations, half-done activations, prices."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from django.test import Client
from django.utils import timezone

from deploys import store
from deploys.models import Deploy, Release
from deploys.pipeline import committing, following, uploading
from deploys.pipeline.run import Run
from operations import runner
from operations.models import Operation, State
from projects.models import Project
from run402.resources import apply
from tests.deploys.conftest import SITE, Get, Knob, confirm, operation_of, paths_called, upload
from tests.factories import ProjectFactory
from tests.fixtures import RunOperations
from wallets import signer

OTHER: dict[str, str | bytes] = {"index.html": "<h1>Two</h1>", "app.css": "h1 { color: teal }"}
COMMIT = "/apply/v1/plans/*/commit"


class WorkerDied(BaseException):
    """As if the process had been killed: nothing may catch it."""


def test_a_taken_address_is_a_clear_sentence_and_nothing_changed(
    as_bob: Client, live: Deploy, project: Project, address: str, run_operations: RunOperations
) -> None:
    with signer.client(project.gateway, project.wallet) as client:
        made = client.projects.provision(name="second")
    second = ProjectFactory.create(
        team=project.team, wallet=project.wallet, remote_id=made.project_id, anon_key=made.anon_key
    )
    deploy = upload(as_bob, second, SITE, subdomain=address)
    run_operations()
    operation = operation_of(deploy)
    assert (operation.state, operation.error["code"]) == (State.FAILED, "SUBDOMAIN_TAKEN")
    page = as_bob.get(f"/deploys/{deploy.pk}").content.decode()
    assert (f"The name &#x27;{address}&#x27; belongs to another project." in page, "Plan again" in page) == (
        True,
        True,
    )


def test_another_release_in_between_brings_the_plan_back_with_the_difference(
    as_bob: Client, live: Deploy, project: Project, run_operations: RunOperations
) -> None:
    slow, quick = upload(as_bob, project, OTHER), upload(as_bob, project, {**SITE, "new.html": "x"})
    run_operations()
    confirm(as_bob, quick)
    run_operations()
    confirm(as_bob, slow, *_codes(slow))
    run_operations()
    operation = operation_of(slow)
    assert (operation.state, operation.reason) == (State.WAITING, "confirmation")
    assert (
        slow.reviewed_plan["beyond"][0]
        == "Another release became live meanwhile, so this plan starts from it."
    )
    assert "New and destructive: file new.html." in slow.reviewed_plan["beyond"]
    assert "The plan changed since you confirmed it." in as_bob.get(f"/deploys/{slow.pk}").content.decode()
    confirm(as_bob, slow, *_codes(slow))
    run_operations()
    assert operation_of(slow).state == State.SUCCEEDED


def test_a_new_blocking_warning_waits_and_needs_its_own_tick(
    as_bob: Client, reviewed: Deploy, knob: Knob, run_operations: RunOperations
) -> None:
    knob("warn", code="LOOK_HERE", message="Something new.")
    confirm(as_bob, reviewed)
    run_operations()
    assert operation_of(reviewed).state == State.WAITING
    assert reviewed.reviewed_plan["beyond"] == ["New warning: LOOK_HERE. Something new."]
    confirm(as_bob, reviewed)
    assert operation_of(reviewed).state == State.WAITING
    confirm(as_bob, reviewed, "LOOK_HERE")
    run_operations()
    assert operation_of(reviewed).state == State.SUCCEEDED
    assert [item["code"] for item in reviewed.acknowledged] == ["LOOK_HERE"]


def test_an_old_page_cannot_confirm_a_new_plan(as_bob: Client, reviewed: Deploy) -> None:
    as_bob.post(f"/deploys/{reviewed.pk}/confirm", {"digest": "0" * 64})
    assert operation_of(reviewed).state == State.WAITING


def test_cancelled_before_a_worker_looked_nothing_is_planned(
    as_bob: Client, project: Project, run_operations: RunOperations
) -> None:
    deploy = upload(as_bob, project, SITE)
    as_bob.post(f"/deploys/{deploy.pk}/cancel")
    run_operations()
    assert (operation_of(deploy).state, deploy.reviewed_plan) == (State.CANCELLED, {})


def test_cancelled_in_review_nothing_changed(
    as_bob: Client, reviewed: Deploy, address: str, served: Get
) -> None:
    as_bob.post(f"/deploys/{reviewed.pk}/cancel")
    assert operation_of(reviewed).state == State.CANCELLED
    assert served(address, "").status_code == httpx.codes.NOT_FOUND
    assert "Plan again" in as_bob.get(f"/deploys/{reviewed.pk}").content.decode()


def test_cancelled_during_the_upload_nothing_is_committed(
    as_bob: Client, reviewed: Deploy, run_operations: RunOperations, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_blob = store.open_blob

    def asked_to_stop(sha256: str) -> Any:
        Operation.objects.filter(pk=operation_of(reviewed).pk).update(cancel_requested=True)
        return open_blob(sha256)

    monkeypatch.setattr(uploading, "LOOK_SECONDS", 0)
    monkeypatch.setattr(store, "open_blob", asked_to_stop)
    confirm(as_bob, reviewed)
    run_operations()
    operation = operation_of(reviewed)
    assert (operation.state, [path for path in paths_called(operation) if "commit" in path]) == (
        State.CANCELLED,
        [],
    )


def test_what_was_committed_cannot_be_cancelled(as_bob: Client, live: Deploy) -> None:
    operation = operation_of(live)
    Operation.objects.filter(pk=operation.pk).update(state=State.RUNNING, finished_at=None)
    as_bob.post(f"/deploys/{live.pk}/cancel")
    assert operation_of(live).cancel_requested is False


@pytest.mark.parametrize("moment", ["after", "before"])
def test_a_worker_that_dies_around_the_commit_does_not_commit_twice(
    as_bob: Client,
    reviewed: Deploy,
    run_operations: RunOperations,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    sent: list[str] = []
    send = committing._send

    def die(run: Run, client: Any, plan_id: str) -> Any:
        if not sent and moment == "before":
            sent.append("")
            raise WorkerDied
        answer = send(run, client, plan_id)
        sent.append(plan_id)
        if sent == [plan_id]:
            raise WorkerDied
        return answer

    monkeypatch.setattr(committing, "_send", die)
    confirm(as_bob, reviewed)
    with pytest.raises(WorkerDied):
        run_operations()
    assert operation_of(reviewed).state == State.RUNNING
    Operation.objects.filter(pk=operation_of(reviewed).pk).update(lease_until=timezone.now())
    runner.sweep("deploys")
    run_operations()
    assert operation_of(reviewed).state == State.SUCCEEDED
    assert [bool(plan) for plan in sent] == ([True] if moment == "after" else [False, True])
    assert Release.objects.filter(project=reviewed.project).count() == 1


def test_a_lost_answer_to_the_commit_is_asked_for_not_repeated(
    as_bob: Client, reviewed: Deploy, knob: Knob, run_operations: RunOperations
) -> None:
    knob("drop_after", method="POST", path=COMMIT)
    confirm(as_bob, reviewed)
    run_operations()
    operation = operation_of(reviewed)
    assert (operation.state, operation.error) == (State.SUCCEEDED, {})
    assert len([path for path in paths_called(operation) if path == "/apply/v1/plans/plan/commit"]) == 1


def test_a_base_conflict_is_planned_again_twice_at_most(
    as_bob: Client, reviewed: Deploy, knob: Knob, run_operations: RunOperations
) -> None:
    knob("base_conflict", times=2)
    confirm(as_bob, reviewed)
    run_operations()
    assert operation_of(reviewed).state == State.SUCCEEDED


def test_a_third_base_conflict_fails(
    as_bob: Client, reviewed: Deploy, knob: Knob, run_operations: RunOperations
) -> None:
    knob("base_conflict", times=3)
    confirm(as_bob, reviewed)
    run_operations()
    assert operation_of(reviewed).error["code"] == "BASE_RELEASE_CONFLICT"


def test_an_activation_that_stopped_can_be_resumed(
    as_bob: Client, reviewed: Deploy, knob: Knob, run_operations: RunOperations, served: Get, address: str
) -> None:
    knob("activation_pending", retryable=False)
    confirm(as_bob, reviewed)
    run_operations()
    failed = operation_of(reviewed)
    assert (failed.state, failed.error["code"], failed.error["details"]["resumable"]) == (
        State.FAILED,
        "ACTIVATION_FAILED",
        True,
    )
    assert "Resume" in as_bob.get(f"/deploys/{reviewed.pk}").content.decode()
    as_bob.post(f"/deploys/{reviewed.pk}/resume")
    run_operations()
    resumed = operation_of(reviewed)
    assert (resumed.state, resumed.pk != failed.pk) == (State.SUCCEEDED, True)
    assert served(address, "").content == b"<h1>One</h1>"
    assert (reviewed.release.file_count if reviewed.release else None) == 2


def test_an_activation_that_does_not_end_is_given_up_after_the_budget(
    as_bob: Client,
    reviewed: Deploy,
    knob: Knob,
    run_operations: RunOperations,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(following, "BUDGET_SECONDS", 0)
    knob("activation_pending")
    confirm(as_bob, reviewed)
    run_operations()
    error = operation_of(reviewed).error
    assert (error["code"], error["mutation_state"], error["details"]["resumable"]) == (
        "DEPLOY_STILL_RUNNING",
        "unknown",
        True,
    )


def test_a_release_that_needs_repair_says_what_the_gateway_said(
    as_bob: Client, reviewed: Deploy, knob: Knob, run_operations: RunOperations
) -> None:
    knob("needs_repair", message="Statement 3 failed.")
    confirm(as_bob, reviewed)
    run_operations()
    error = operation_of(reviewed).error
    assert (error["message"], error["mutation_state"], error["source"]) == (
        "Statement 3 failed.",
        "partial",
        "run402",
    )


def test_the_same_files_again_change_nothing_and_ask_nothing(
    as_bob: Client, live: Deploy, project: Project, run_operations: RunOperations
) -> None:
    again = upload(as_bob, project, SITE)
    run_operations()
    operation = operation_of(again)
    assert (operation.state, operation.result["noop"], Release.objects.count()) == (State.SUCCEEDED, True, 1)
    assert [path for path in paths_called(operation) if "commit" in path] == []


def test_a_large_spec_goes_up_as_content(
    as_bob: Client,
    project: Project,
    address: str,
    run_operations: RunOperations,
    served: Get,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(apply, "MAX_PLAN_BYTES", 400)
    deploy = upload(as_bob, project, SITE, subdomain=address)
    run_operations()
    confirm(as_bob, deploy)
    run_operations()
    assert operation_of(deploy).state == State.SUCCEEDED
    assert served(address, "app.css").content == b"h1 { color: teal }"


def _codes(deploy: Deploy) -> list[str]:
    deploy.refresh_from_db()
    return [warning["code"] for warning in deploy.reviewed_plan["warnings"] if warning["blocking"]]


def test_bytes_named_by_digest_alone_are_never_taken_from_the_store(
    as_bob: Client, project: Project, run_operations: RunOperations
) -> None:
    foreign = store.put([b"bytes of another team"])
    site = {"site": {"replace": {"index.html": {"sha256": foreign.sha256, "size": foreign.size}}}}
    answer = as_bob.post("/deploys/new", {"project": str(project.pk), "manifest": json.dumps(site)})
    deploy = Deploy.objects.get(pk=answer.headers["Location"].rsplit("/", 1)[1])
    run_operations()
    confirm(as_bob, deploy)
    run_operations()
    operation = operation_of(deploy)
    assert (operation.state, operation.error["code"]) == (State.FAILED, "CONTENT_NOT_HERE")
