"""The main job: plan, confirm, live; again; and the first one back."""

from __future__ import annotations

import httpx

from deploys.models import Deploy, Release
from operations.models import State
from projects.models import Project
from teams.models import User
from tests.deploys.conftest import Get, confirm, upload
from tests.fixtures import ClientAs, RunOperations

FIRST: dict[str, str | bytes] = {
    "site/index.html": "<h1>One</h1>",
    "site/app.css": "h1 { color: teal }",
    "site/img/a.bin": bytes(range(256)) * 40,
}
SECOND: dict[str, str | bytes] = {
    "index.html": "<h1>Two</h1>",
    "img/a.bin": bytes(range(256)) * 40,
    "new.html": "<p>New</p>",
}


def test_a_plan_is_shown_before_anything_changes(
    client_as: ClientAs, bob: User, project: Project, address: str, run_operations: RunOperations, served: Get
) -> None:
    browser = client_as(bob)
    deploy = upload(browser, project, FIRST, subdomain=address)
    run_operations()
    deploy.refresh_from_db()
    assert deploy.operation is not None
    assert (deploy.operation.state, deploy.operation.reason) == ("waiting", "confirmation")
    page = browser.get(f"/deploys/{deploy.pk}").content.decode()
    assert [
        word in page for word in ('id="confirm"', "index.html", "app.css", "img/a.bin", address, "Free")
    ] == [True] * 6
    assert served(address, "").status_code == httpx.codes.NOT_FOUND


def test_two_releases_and_the_first_one_back(
    client_as: ClientAs, bob: User, project: Project, address: str, run_operations: RunOperations, served: Get
) -> None:
    browser = client_as(bob)
    first = upload(browser, project, FIRST, subdomain=address)
    run_operations()
    confirm(browser, first)
    run_operations()
    first.refresh_from_db()
    assert first.operation is not None
    assert (first.operation.state, first.operation.error) == (State.SUCCEEDED, {})
    assert _bytes(served, address, "", "app.css", "img/a.bin") == [
        _b(FIRST["site/index.html"]),
        _b(FIRST["site/app.css"]),
        FIRST["site/img/a.bin"],
    ]

    second = upload(browser, project, SECOND)
    run_operations()
    confirm(
        browser,
        second,
        *[w["code"] for w in Deploy.objects.get(pk=second.pk).reviewed_plan["warnings"] if w["blocking"]],
    )
    run_operations()
    assert served(address, "").content == _b(SECOND["index.html"])
    assert served(address, "app.css").status_code == httpx.codes.NOT_FOUND

    release = first.release
    assert release is not None
    release.refresh_from_db()
    assert release.status == "superseded"
    answer = browser.post(f"/projects/{project.pk}/releases/{release.pk}/redeploy")
    back = Deploy.objects.get(pk=answer.headers["Location"].rsplit("/", 1)[1])
    run_operations()
    back.refresh_from_db()
    assert back.operation is not None
    if back.operation.state == State.WAITING:
        confirm(browser, back, *[w["code"] for w in back.reviewed_plan["warnings"] if w["blocking"]])
        run_operations()
        back.refresh_from_db()
    assert (back.operation.state, back.operation.error) == (State.SUCCEEDED, {})
    assert _bytes(served, address, "", "app.css", "img/a.bin") == [
        _b(FIRST["site/index.html"]),
        _b(FIRST["site/app.css"]),
        FIRST["site/img/a.bin"],
    ]
    assert served(address, "new.html").status_code == httpx.codes.NOT_FOUND
    project.refresh_from_db()
    live = Release.objects.get(project=project, status="active")
    assert (live.remote_id, live.generation, live.restores, live.made_by) == (
        project.live_release,
        3,
        release,
        "Bob",
    )
    assert (project.subdomains, project.live_generation) == ([address], 3)


def _bytes(served: Get, name: str, *paths: str) -> list[bytes]:
    return [served(name, path).content for path in paths]


def _b(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def test_a_required_secret_that_is_missing_leads_to_where_it_is_set(
    client_as: ClientAs, bob: User, project: Project, run_operations: RunOperations
) -> None:
    browser = client_as(bob)
    deploy = upload(browser, project, SECOND, manifest='{"secrets": {"require": ["API_KEY"]}}')
    run_operations()
    page = browser.get(f"/deploys/{deploy.pk}").content.decode()
    assert f'href="/projects/{project.pk}/secrets/set?key=API_KEY">Set API_KEY</a>' in page
    confirm(browser, deploy, "MISSING_REQUIRED_SECRET")
    run_operations()
    page = browser.get(f"/deploys/{deploy.pk}").content.decode()
    assert f'href="/projects/{project.pk}/secrets">Set what is missing</a>' in page
