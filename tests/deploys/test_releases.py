"""Releases: the mirror, those made elsewhere, and every way to bring one back."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from deploys import store
from deploys.models import Deploy, Release
from operations.models import Operation, State
from projects.models import Project
from run402 import Client as Gateway
from run402.resources.content import ContentItem
from teams.models import User
from tests.deploys.conftest import Get, Knob, confirm, operation_of, paths_called, upload
from tests.fixtures import ClientAs, RunOperations
from wallets import signer

PROMOTE = "/apply/v1/releases/*/promote"


def deploy_elsewhere(project: Project, files: dict[str, bytes], subdomain: str = "") -> None:
    """Release from outside the panel, as the CLI would."""
    blobs = {path: store.put([content]) for path, content in files.items()}
    spec: dict[str, Any] = {
        "project_id": project.remote_id,
        "site": {
            "replace": {path: {"sha256": blob.sha256, "size": blob.size} for path, blob in blobs.items()}
        },
    }
    if subdomain:
        spec["subdomains"] = {"set": [subdomain]}
    with signer.client(project.gateway, project.wallet) as client:
        plan = client.apply.plan(spec)
        _send(client, project, [ContentItem(blob.sha256, blob.size) for blob in blobs.values()])
        client.apply.commit(plan.plan_id or "")
        while not client.apply.operation(plan.operation_id or "", anon_key=project.anon_key).terminal:
            pass


def _send(client: Gateway, project: Project, items: list[ContentItem]) -> None:
    content = client.content.plan(items, anon_key=project.anon_key)
    if content.missing:
        client.content.upload(content, store.open_blob)
        client.content.commit(content, anon_key=project.anon_key)


def redeploy(as_bob: Client, release: Release, run_operations: RunOperations) -> Operation:
    answer = as_bob.post(f"/projects/{release.project_id}/releases/{release.pk}/redeploy")
    deploy = Deploy.objects.get(pk=answer.headers["Location"].rsplit("/", 1)[1])
    run_operations()
    if operation_of(deploy).state == State.WAITING:
        confirm(as_bob, deploy, *[w["code"] for w in deploy.reviewed_plan["warnings"] if w["blocking"]])
        run_operations()
    return operation_of(deploy)


def release_here(as_bob: Client, project: Project, run_operations: RunOperations, **files: Any) -> Release:
    """Deploy `index=…` as index.html and so on through the pages; return the release."""
    fields = {"subdomain": files.pop("subdomain")} if "subdomain" in files else {}
    deploy = upload(as_bob, project, {f"{name}.html": content for name, content in files.items()}, **fields)
    run_operations()
    confirm(
        as_bob,
        deploy,
        *[w["code"] for w in Deploy.objects.get(pk=deploy.pk).reviewed_plan["warnings"] if w["blocking"]],
    )
    run_operations()
    assert operation_of(deploy).state == State.SUCCEEDED
    assert deploy.release is not None
    return deploy.release


def test_opening_the_page_reads_what_was_released_elsewhere(
    as_bob: Client, project: Project, address: str, run_operations: RunOperations
) -> None:
    deploy_elsewhere(project, {"index.html": b"one"}, address)
    deploy_elsewhere(project, {"index.html": b"two"})
    page = as_bob.get(f"/projects/{project.pk}/releases")
    assert "Reading what this project has released." in page.content.decode()
    run_operations()
    rows = list(Release.objects.filter(project=project).order_by("generation"))
    found = [(row.generation, row.status, row.made_here, row.file_count, row.total_bytes) for row in rows]
    assert found == [(1, "superseded", False, 1, 3), (2, "active", False, 1, 3)]
    project.refresh_from_db()
    assert (project.live_release, project.live_generation, project.subdomains) == (
        rows[1].remote_id,
        2,
        [address],
    )
    text = as_bob.get(f"/projects/{project.pk}/releases").content.decode()
    assert (text.count("made elsewhere"), text.count("/redeploy")) == (2, 1)


def test_a_release_made_elsewhere_is_promoted(
    as_bob: Client, project: Project, address: str, run_operations: RunOperations, served: Get
) -> None:
    deploy_elsewhere(project, {"index.html": b"one"}, address)
    release_here(as_bob, project, run_operations, index="two")
    as_bob.get(f"/projects/{project.pk}/releases")
    run_operations()
    elsewhere = Release.objects.get(project=project, made_here=False)
    operation = redeploy(as_bob, elsewhere, run_operations)
    assert (operation.state, operation.result["promoted"]) == (State.SUCCEEDED, True)
    assert paths_called(operation) == ["/apply/v1/releases/rel/promote"]
    assert served(address, "").content == b"one"
    elsewhere.refresh_from_db()
    assert (elsewhere.status, Release.objects.filter(project=project).count()) == ("active", 2)


def test_where_promote_is_missing_the_inventory_rebuilds_it(
    as_bob: Client, project: Project, address: str, run_operations: RunOperations, served: Get, knob: Knob
) -> None:
    release_here(as_bob, project, run_operations, index="one", subdomain=address)
    deploy_elsewhere(project, {"again.html": b"one"})
    release_here(as_bob, project, run_operations, index="two")
    as_bob.get(f"/projects/{project.pk}/releases")
    run_operations()
    elsewhere = Release.objects.get(project=project, made_here=False)
    knob("status", method="POST", path=PROMOTE, status=501, times=5)
    operation = redeploy(as_bob, elsewhere, run_operations)
    assert (operation.state, operation.error) == (State.SUCCEEDED, {})
    assert served(address, "again.html").content == b"one"
    assert Release.objects.get(project=project, status="active").restores == elsewhere


def test_a_release_of_unknown_sizes_is_not_rebuilt_by_guessing(
    as_bob: Client, project: Project, run_operations: RunOperations, knob: Knob
) -> None:
    deploy_elsewhere(project, {"index.html": b"never seen here"})
    release_here(as_bob, project, run_operations, index="two")
    as_bob.get(f"/projects/{project.pk}/releases")
    run_operations()
    knob("status", method="POST", path=PROMOTE, status=404, times=5)
    operation = redeploy(as_bob, Release.objects.get(project=project, made_here=False), run_operations)
    assert (operation.state, operation.error["code"]) == (State.FAILED, "REBUILD_IMPOSSIBLE")


def test_a_redeploy_carries_no_address_secret_or_removal(
    as_bob: Client, project: Project, address: str, run_operations: RunOperations, served: Get
) -> None:
    first = release_here(as_bob, project, run_operations, index="one")
    release_here(as_bob, project, run_operations, index="two", subdomain=address)
    operation = redeploy(as_bob, first, run_operations)
    assert operation.state == State.SUCCEEDED
    assert served(address, "").content == b"one"
    project.refresh_from_db()
    assert project.subdomains == [address]


def test_a_redeploy_takes_later_files_away_without_asking(
    as_bob: Client, project: Project, run_operations: RunOperations
) -> None:
    first = release_here(as_bob, project, run_operations, index="one")
    release_here(as_bob, project, run_operations, index="one", more="two", third="three")
    assert redeploy(as_bob, first, run_operations).state == State.SUCCEEDED


def test_a_redeploy_asks_when_a_warning_blocks_that_the_click_did_not_imply(
    as_bob: Client, project: Project, knob: Knob, run_operations: RunOperations
) -> None:
    first = release_here(as_bob, project, run_operations, index="one")
    release_here(as_bob, project, run_operations, index="two")
    knob("warn", code="LOOK_HERE", message="Something new.")
    answer = as_bob.post(f"/projects/{project.pk}/releases/{first.pk}/redeploy")
    run_operations()
    deploy = Deploy.objects.get(pk=answer.headers["Location"].rsplit("/", 1)[1])
    assert operation_of(deploy).state == State.WAITING
    page = as_bob.get(f"/deploys/{deploy.pk}").content.decode()
    assert ('value="LOOK_HERE"' in page, 'id="confirm"' in page) == (True, True)


def test_the_same_redeploy_clicked_twice_is_one(
    as_bob: Client, project: Project, run_operations: RunOperations
) -> None:
    first = release_here(as_bob, project, run_operations, index="one")
    release_here(as_bob, project, run_operations, index="two")
    one, two = (as_bob.post(f"/projects/{project.pk}/releases/{first.pk}/redeploy") for _ in range(2))
    assert one.headers["Location"] == two.headers["Location"]


def test_two_people_who_bring_the_same_release_back_share_one_redeploy(
    as_bob: Client, client_as: ClientAs, alice: User, project: Project, run_operations: RunOperations
) -> None:
    first = release_here(as_bob, project, run_operations, index="one")
    release_here(as_bob, project, run_operations, index="two")
    address = f"/projects/{project.pk}/releases/{first.pk}/redeploy"
    mine, hers = as_bob.post(address), client_as(alice).post(address, follow=True)
    assert (hers.redirect_chain[0][0], Deploy.objects.filter(kind=Deploy.Kind.REDEPLOY).count()) == (
        mine.headers["Location"],
        1,
    )
    said = "is bringing this release back already. This is that redeploy; nothing was started twice."
    assert said in hers.content.decode()


def test_who_brings_another_release_back_at_the_same_moment_is_told_by_whom_and_what_to_do(
    as_bob: Client, client_as: ClientAs, alice: User, project: Project, run_operations: RunOperations
) -> None:
    one, two = (release_here(as_bob, project, run_operations, index=text) for text in ("one", "two"))
    release_here(as_bob, project, run_operations, index="three")
    mine = as_bob.post(f"/projects/{project.pk}/releases/{one.pk}/redeploy")
    browser, address = client_as(alice), f"/projects/{project.pk}/releases/{two.pk}/redeploy"
    hers = browser.post(address, follow=True)
    page = hers.content.decode()
    wanted = (
        "is bringing generation 1 back at this moment",
        "Wait until that has ended or cancel it",
        'id="cancel"',
    )
    assert (hers.redirect_chain[0][0], [part for part in wanted if part not in page]) == (
        mine.headers["Location"],
        [],
    )
    run_operations()
    browser.post(address)
    run_operations()
    live = Release.objects.get(project=project, status="active")
    assert (live.restores, Deploy.objects.filter(kind=Deploy.Kind.REDEPLOY).count()) == (two, 2)


def test_a_redeploy_that_waits_for_a_person_stands_in_nobodys_way(
    as_bob: Client, project: Project, knob: Knob, run_operations: RunOperations
) -> None:
    one, two = (release_here(as_bob, project, run_operations, index=text) for text in ("one", "two"))
    release_here(as_bob, project, run_operations, index="three")
    knob("warn", code="LOOK_HERE", message="Something new.")
    as_bob.post(f"/projects/{project.pk}/releases/{one.pk}/redeploy")
    run_operations()
    assert redeploy(as_bob, two, run_operations).state == State.SUCCEEDED


def test_wherever_an_old_release_is_shown_it_can_be_brought_back(
    as_bob: Client, client_as: ClientAs, dora: User, project: Project, run_operations: RunOperations
) -> None:
    old = release_here(as_bob, project, run_operations, index="one")
    release_here(as_bob, project, run_operations, index="two")
    pages = (
        f"/projects/{project.pk}/releases",
        f"/projects/{project.pk}/releases/{old.pk}",
        f"/projects/{project.pk}/releases/diff",
        f"/projects/{project.pk}/panels/releases",
        f"/deploys/{old.deploy.pk}",
    )
    address, viewer = f"releases/{old.pk}/redeploy", client_as(dora)
    found = [
        (address in as_bob.get(page).content.decode(), address in viewer.get(page).content.decode())
        for page in pages
    ]
    assert found == [(True, False)] * len(pages)


def test_the_live_release_is_not_redeployed(
    as_bob: Client, project: Project, run_operations: RunOperations
) -> None:
    live = release_here(as_bob, project, run_operations, index="one")
    as_bob.post(f"/projects/{project.pk}/releases/{live.pk}/redeploy")
    assert Deploy.objects.filter(kind=Deploy.Kind.REDEPLOY).count() == 0


def test_a_patch_is_archived_as_the_whole_state(
    as_bob: Client, project: Project, run_operations: RunOperations
) -> None:
    release_here(as_bob, project, run_operations, index="one", other="x")
    route = {"pattern": "/home", "methods": ["GET"], "target": {"type": "static", "file": "index.html"}}
    patch = {"put": {"index.html": "two"}, "delete": ["other.html"]}
    manifest = json.dumps({"site": {"patch": patch}, "routes": {"replace": [route]}})
    answer = as_bob.post("/deploys/new", {"project": str(project.pk), "manifest": manifest})
    deploy = Deploy.objects.get(pk=answer.headers["Location"].rsplit("/", 1)[1])
    run_operations()
    confirm(
        as_bob,
        deploy,
        *[w["code"] for w in Deploy.objects.get(pk=deploy.pk).reviewed_plan["warnings"] if w["blocking"]],
    )
    run_operations()
    assert operation_of(deploy).error == {}
    assert deploy.release is not None
    archive = deploy.release.archive
    assert (sorted(archive["site"]), archive["routes"][0]["pattern"], archive["functions"]) == (
        ["index.html"],
        "/home",
        {},
    )


def test_the_release_page_says_what_comes_back_and_what_does_not(
    as_bob: Client, project: Project, run_operations: RunOperations
) -> None:
    first = release_here(as_bob, project, run_operations, index="one")
    release_here(as_bob, project, run_operations, index="two")
    page = as_bob.get(f"/projects/{project.pk}/releases/{first.pk}").content.decode()
    wanted = (
        "Generation 1",
        "Superseded",
        "index.html",
        "Comes back",
        "Does not come back",
        "secret values",
        "/redeploy",
    )
    assert [word for word in wanted if word not in page] == []
