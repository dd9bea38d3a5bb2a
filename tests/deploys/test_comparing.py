"""Comparing two releases: any two, “empty” and “active”, at an address that can be shared."""

from __future__ import annotations

import pytest
from django.test import Client

from deploys.comparing import KIND, MOST_BYTES, _kept
from deploys.models import Release
from operations.models import Operation, State
from projects.models import Project
from run402.resources.releases import read_diff
from run402.spec import canonical_json
from teams.models import User
from tests.deploys.conftest import Knob
from tests.deploys.test_releases import deploy_elsewhere, release_here
from tests.factories import ReleaseFactory
from tests.fixtures import ClientAs, RunOperations


def page_of(client: Client, project: Project, before: str = "", after: str = "") -> str:
    query = {"from": before, "to": after} if before or after else {}
    return client.get(f"/projects/{project.pk}/releases/diff", query).content.decode()


@pytest.fixture
def three(as_bob: Client, project: Project, address: str, run_operations: RunOperations) -> list[str]:
    """Three releases; the second one was made elsewhere."""
    release_here(as_bob, project, run_operations, index="one", subdomain=address)
    deploy_elsewhere(project, {"index.html": b"two", "more.html": b"more"})
    release_here(as_bob, project, run_operations, index="three")
    as_bob.get(f"/projects/{project.pk}/releases")
    run_operations()
    project.refresh_from_db()
    return list(
        Release.objects.filter(project=project).order_by("generation").values_list("remote_id", flat=True)
    )


def test_any_two_are_compared(
    as_bob: Client, project: Project, three: list[str], run_operations: RunOperations
) -> None:
    pairs = [(three[0], three[1]), ("empty", three[1]), (three[1], "active"), ("active", three[0])]
    assert "The gateway is asked what differs." in page_of(as_bob, project, *pairs[0])
    for pair in pairs:
        page_of(as_bob, project, *pair)
    run_operations()
    pages = [page_of(as_bob, project, *pair) for pair in pairs]
    signs = [[sign for sign in ("+1", "+2", "~1", "−1") if f">{sign}</span>" in page] for page in pages]
    assert signs == [["+1", "~1"], ["+1", "+2"], ["~1", "−1"], ["~1"]]
    assert [
        f"--from {before} --to {after}" in page for page, (before, after) in zip(pages, pairs, strict=True)
    ] == [True] * 4
    assert "Files that come" in pages[0]


def test_two_fixed_releases_are_read_once_and_what_is_live_again(
    as_bob: Client, project: Project, three: list[str], run_operations: RunOperations
) -> None:
    for pair in ((three[0], three[1]), (three[0], "active")):
        page_of(as_bob, project, *pair)
    run_operations()
    release_here(as_bob, project, run_operations, index="four")
    for pair in ((three[0], three[1]), (three[0], "active")):
        page_of(as_bob, project, *pair)
    assert Operation.objects.filter(kind=KIND).count() == 3


def test_a_pair_that_cannot_be_compared_is_one_sentence_and_asks_nothing(
    client_as: ClientAs, project: Project
) -> None:
    live: Release = ReleaseFactory.create(project=project, status="active")
    project.live_release = live.remote_id
    project.save()
    browser = client_as(project.created_by)
    found = {
        pair: browser.get(f"/projects/{project.pk}/releases/diff", {"from": pair[0], "to": pair[1]})
        for pair in [
            ("empty", "empty"),
            ("rel_x", "active"),
            (live.remote_id, "active"),
        ]
    }
    parts = [
        "can only be what is compared with",
        "no release “rel_x”",
        "Both sides are the same",
    ]
    assert [
        (answer.status_code, part in answer.content.decode())
        for part, answer in zip(parts, found.values(), strict=True)
    ] == [(422, True)] * 3
    assert Operation.objects.filter(kind=KIND).count() == 0


def test_what_the_gateway_refuses_is_said(
    as_bob: Client, project: Project, three: list[str], knob: Knob, run_operations: RunOperations
) -> None:
    knob(
        "status", method="GET", path="/apply/v1/releases/diff", status=404, code="NO_ACTIVE_RELEASE", times=5
    )
    page_of(as_bob, project, three[0], "active")
    run_operations()
    page = page_of(as_bob, project, three[0], "active")
    assert (Operation.objects.get(kind=KIND).state, "The two could not be compared" in page) == (
        State.FAILED,
        True,
    )


def test_the_page_begins_with_the_release_before_and_offers_a_redeploy(
    as_bob: Client, dora: User, client_as: ClientAs, project: Project, three: list[str]
) -> None:
    page, viewed = page_of(as_bob, project), page_of(client_as(dora), project)
    assert f'<option value="{three[1]}" selected>' in page
    assert ("/redeploy" in page, "/redeploy" in viewed) == (True, False)


def test_a_long_difference_is_kept_in_part_and_counted_whole() -> None:
    paths = [{"path": f"{number}-{'x' * 1000}", "sha256": "a" * 64} for number in range(1000)]
    site = {
        "added": paths,
        "removed": [],
        "changed": [],
        "totals": {"added": 5000, "changed": 0, "removed": 0},
    }
    found = read_diff({"to_release_id": "rel_2", "summary": "much", "site": site})
    sizes = [len(canonical_json(_kept(found, rows))) <= MOST_BYTES for rows in (300, 150)]
    kept = _kept(found, 2)
    assert (sizes, kept["totals"]["site"]["added"], list(kept["site"]["added"][0])) == (
        [False, True],
        5000,
        ["path"],
    )
