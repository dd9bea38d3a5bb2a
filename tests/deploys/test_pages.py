"""The pages: who may see and do what, how many queries they take, what the form says to bad input."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from deploys import selectors
from deploys.models import Deploy, Release, Source
from operations.models import Operation, State
from operations.queue import add_event
from projects.models import Project
from teams.models import Role, User
from tests.deploys.conftest import zipped
from tests.factories import (
    DeployFactory,
    MembershipFactory,
    ProjectFactory,
    ReleaseFactory,
    UserFactory,
    WalletFactory,
)
from tests.fixtures import ClientAs
from wallets import halts
from wallets.models import Gateway

MAY_DEPLOY = {Role.OWNER, Role.ADMIN, Role.DEVELOPER}


@pytest.fixture
def shown(alice: User, gateway: Gateway) -> Project:
    """A project for pages alone: nobody answers at its gateway."""
    team = alice.memberships.get().team
    wallet = WalletFactory.create(team=team, gateway=gateway, owner=alice)
    found: Project = ProjectFactory.create(team=team, wallet=wallet, created_by=alice, name="tidepool")
    return found


def addresses(project: Project) -> list[tuple[str, str]]:
    """Return every address of the room with its method."""
    deploy: Deploy = DeployFactory.create(project=project)
    release: Release = ReleaseFactory.create(project=project)
    posts = [
        ("post", reverse(f"deploys:{name}", args=[deploy.pk]))
        for name in ("confirm", "cancel", "again", "resume")
    ]
    posts.append(("post", reverse("deploys:redeploy", args=[project.pk, release.pk])))
    gets = [("get", reverse(f"deploys:{name}", args=[deploy.pk])) for name in ("detail", "live")]
    gets += [
        ("get", reverse(f"deploys:{name}", args=[project.pk]))
        for name in ("releases", "diff", "routes", "xray", "project_panel")
    ]
    gets.append(("get", reverse("deploys:release", args=[project.pk, release.pk])))
    return gets + posts


@pytest.mark.parametrize("role", list(Role))
def test_every_address_by_role(client_as: ClientAs, shown: Project, role: Role) -> None:
    user: User = UserFactory.create()
    MembershipFactory.create(team=shown.team, user=user, role=role)
    browser = client_as(user)
    found = {(method, getattr(browser, method)(url).status_code) for method, url in addresses(shown)}
    new = browser.get("/deploys/new").status_code
    expected = (
        ({("get", 200), ("post", 302)}, 200) if role in MAY_DEPLOY else ({("get", 200), ("post", 403)}, 403)
    )
    assert (found, new, browser.get("/deploys").status_code) == (*expected, 200)


def test_another_team_finds_nothing(client_as: ClientAs, shown: Project, charlie: User) -> None:
    browser = client_as(charlie)
    assert {getattr(browser, method)(url).status_code for method, url in addresses(shown)} == {404}
    answer = browser.post("/deploys/new", {"project": str(shown.pk), "manifest": '{"i18n": null}'})
    assert (answer.status_code, Deploy.objects.filter(team=charlie.memberships.get().team).count()) == (
        404,
        0,
    )


def test_a_release_is_found_under_its_own_project_only(
    client_as: ClientAs, alice: User, shown: Project
) -> None:
    other: Project = ProjectFactory.create(team=shown.team, wallet=shown.wallet)
    release: Release = ReleaseFactory.create(project=other)
    assert client_as(alice).get(f"/projects/{shown.pk}/releases/{release.pk}").status_code == 404


def test_a_viewer_sees_no_button_that_changes_anything(
    client_as: ClientAs, dora: User, shown: Project
) -> None:
    ReleaseFactory.create(project=shown)
    browser = client_as(dora)
    pages = [browser.get(url).content.decode() for url in ("/deploys", f"/projects/{shown.pk}/releases")]
    assert [("/deploys/new" in page, "/redeploy" in page) for page in pages] == [(False, False)] * 2


@pytest.mark.parametrize("count", [2, 12])
def test_lists_take_few_queries_however_long(
    client_as: ClientAs,
    alice: User,
    shown: Project,
    count: int,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(count):
        release = ReleaseFactory.create(project=shown)
        DeployFactory.create(project=shown, release=release, restores=ReleaseFactory.create(project=shown))
    browser = client_as(alice)
    browser.get(f"/projects/{shown.pk}/releases")
    releases = f"/projects/{shown.pk}/releases"
    urls = ("/deploys", releases, f"/projects/{shown.pk}/routes", f"/projects/{shown.pk}/panels/releases")
    for url in (
        *urls,
        f"/deploys/{Deploy.objects.all()[0].pk}",
        f"/projects/{shown.pk}/releases/{release.pk}",
        "/deploys/new",
    ):
        with django_assert_max_num_queries(12):
            assert browser.get(url).status_code == 200


def test_the_list_is_filtered_by_its_address(client_as: ClientAs, alice: User, shown: Project) -> None:
    other: Project = ProjectFactory.create(team=shown.team, wallet=shown.wallet, name="kiln")
    DeployFactory.create(project=shown, operation__state=State.FAILED)
    DeployFactory.create(project=other)
    browser = client_as(alice)

    def listed(query: str) -> list[bool]:
        rows = browser.get(f"/deploys?{query}").content.decode().partition("<tbody>")[2]
        return [name in rows for name in ("tidepool", "kiln")]

    found = [
        listed(query)
        for query in ("", "state=failed", f"project={other.pk}", "q=KIL", "state=nonsense&project=nonsense")
    ]
    assert found == [[True, True], [True, False], [False, True], [False, True], [True, True]]


def test_a_deploy_in_line_says_when_no_worker_answers(
    client_as: ClientAs, alice: User, shown: Project
) -> None:
    deploy: Deploy = DeployFactory.create(project=shown)
    assert deploy.operation is not None
    type(deploy.operation).objects.update(
        created_at=timezone.now() - timedelta(seconds=9), not_before=timezone.now() - timedelta(seconds=9)
    )
    page = client_as(alice).get(f"/deploys/{deploy.pk}/live").content.decode()
    assert ("The deploy waits in line" in page, 'data-poll="1000"' in page) == (True, True)


def test_a_deploy_that_tells_nothing_new_is_not_drawn_again(
    client_as: ClientAs, alice: User, shown: Project
) -> None:
    deploy: Deploy = DeployFactory.create(project=shown, operation__state=State.RUNNING)
    assert deploy.operation is not None
    browser, now = client_as(alice), timezone.now()
    with time_machine.travel(now, tick=False):
        page = browser.get(f"/deploys/{deploy.pk}").content.decode()
        found = re.search(r'hx-get="(/deploys/[^"]+/live\?seen=\w+)"', page)
        assert found is not None
        answer = browser.get(found[1])
        assert (answer.status_code, answer.headers["Panel-Poll"]) == (204, "400")
    with time_machine.travel(now + timedelta(seconds=selectors.CLOCK_SECONDS), tick=False):
        assert browser.get(found[1]).status_code == 200
    with time_machine.travel(now + timedelta(seconds=selectors.LINE_SECONDS), tick=False):
        assert browser.get(found[1]).status_code == 204
    with time_machine.travel(now, tick=False):
        add_event(deploy.operation, "log", "Half of it is there")
        assert "Half of it is there" in browser.get(found[1]).content.decode()


def test_a_deploy_in_line_says_soon_when_that_changes(
    client_as: ClientAs, alice: User, shown: Project, gateway: Gateway
) -> None:
    deploy: Deploy = DeployFactory.create(project=shown)
    browser = client_as(alice)
    page = browser.get(f"/deploys/{deploy.pk}").content.decode()
    found = re.search(r'hx-get="(/deploys/[^"]+/live\?seen=\w+)"', page)
    assert found is not None
    before = browser.get(found[1]).status_code
    halts.stop(actor=alice.actor, why="The shop moves", gateway=gateway)
    answer = browser.get(found[1])
    assert (before, answer.status_code, "The shop moves" in answer.content.decode()) == (204, 200, True)


def test_a_member_who_reaches_a_part_asks_as_cheaply(
    client_as: ClientAs, alice: User, shown: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    deploy: Deploy = DeployFactory.create(project=shown, operation__state=State.RUNNING)
    other: Deploy = DeployFactory.create(
        project=ProjectFactory.create(team=shown.team, wallet=shown.wallet), operation__state=State.RUNNING
    )
    bob: User = UserFactory.create()
    member = MembershipFactory.create(team=shown.team, user=bob, role=Role.DEVELOPER, projects_limited=True)
    member.scopes.create(kind="project", object_id=shown.pk)
    browser = client_as(bob)
    page = browser.get(f"/deploys/{deploy.pk}").content.decode()
    found = re.search(r'hx-get="(/deploys/[^"]+/live\?seen=\w+)"', page)
    assert found is not None
    with django_assert_num_queries(4):
        assert browser.get(found[1], headers={"HX-Request": "true"}).status_code == 204
    assert browser.get(f"/deploys/{other.pk}/live").status_code == 404


def test_the_running_phase_counts_on_by_itself(client_as: ClientAs, alice: User, shown: Project) -> None:
    deploy: Deploy = DeployFactory.create(project=shown, operation__state=State.RUNNING)
    assert deploy.operation is not None
    now = timezone.now()
    with time_machine.travel(now - timedelta(seconds=75), tick=False):
        add_event(deploy.operation, "phase", "Plans", "plan")
    with time_machine.travel(now - timedelta(seconds=72), tick=False):
        add_event(deploy.operation, "phase", "Stages", "stage")
    with time_machine.travel(now, tick=False):
        page = client_as(alice).get(f"/deploys/{deploy.pk}").content.decode()
    assert re.findall(r"data-elapsed=.*?</span>", page) == ['data-elapsed="72.0">1 min 12 s</span>']


def test_the_fragment_ends_the_polling_and_reloads_the_page(
    client_as: ClientAs, alice: User, shown: Project
) -> None:
    deploy: Deploy = DeployFactory.create(project=shown, operation__state=State.CANCELLED)
    answer = client_as(alice).get(f"/deploys/{deploy.pk}/live")
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (286, "true")


# --- The form ---


def sent(browser: Client, project: Project, content: bytes | None, **fields: str) -> tuple[int, str]:
    data: dict[str, object] = {"project": str(project.pk), **fields}
    if content is not None:
        data["archive"] = SimpleUploadedFile("site.zip", content)
    answer = browser.post("/deploys/new", data)
    return answer.status_code, answer.content.decode()


@pytest.mark.parametrize(
    ("content", "fields", "sentence"),
    [
        (None, {}, "Choose an archive, or paste a manifest."),
        (b"", {}, "This file is empty."),
        (b"hello", {}, "“site.zip” is neither a zip nor a tar.gz archive."),
        (
            zipped({"a.html": "x"}),
            {"subdomain": "No_Good"},
            "A subdomain is made of lower-case letters, digits and hyphens.",
        ),
        (zipped({"a.html": "x"}), {"manifest": "{"}, "The manifest is not JSON"),
        (
            zipped({"a.html": "x"}),
            {"manifest": '{"project": "prj_other"}'},
            "The manifest is for the project prj_other",
        ),
        (
            zipped({"a.html": "x", "run402.deploy.json": "{}"}),
            {"manifest": "{}"},
            "The upload holds a manifest too.",
        ),
        (
            None,
            {"manifest": '{"secrets": {"set": {"K": "v"}}}'},
            "secrets.set: values never travel in a spec.",
        ),
        (
            None,
            {"manifest": '{"subdomains": {"set": ["tide"]}}', "subdomain": "tide2"},
            "The manifest names an address itself.",
        ),
    ],
)
def test_bad_input_is_one_sentence_at_its_field(
    client_as: ClientAs,
    alice: User,
    shown: Project,
    content: bytes | None,
    fields: dict[str, str],
    sentence: str,
) -> None:
    status, page = sent(client_as(alice), shown, content, **fields)
    assert (status, sentence in page, Source.objects.count(), Deploy.objects.count()) == (422, True, 0, 0)


def test_a_project_keeps_its_address(client_as: ClientAs, alice: User, shown: Project) -> None:
    Project.objects.filter(pk=shown.pk).update(subdomains=["tide"])
    browser = client_as(alice)
    page = browser.get(f"/deploys/new?project={shown.pk}").content.decode()
    assert ("the project keeps it" in page, 'type="text" name="subdomain"' in page) == (True, False)
    assert (
        "This project answers at tide already."
        in sent(browser, shown, zipped({"a.html": "x"}), subdomain="other")[1]
    )
    assert sent(browser, shown, zipped({"a.html": "x"}), subdomain="tide")[0] == 302


def test_a_deploy_that_waits_without_a_plan_has_a_page(
    client_as: ClientAs, alice: User, shown: Project
) -> None:
    deploy = DeployFactory.create(project=shown, reviewed_plan={})
    Operation.objects.filter(deploy=deploy).update(state=State.WAITING)
    assert client_as(alice).get(f"/deploys/{deploy.pk}").status_code == 200


def test_an_upload_beyond_the_limit_is_stopped_while_it_arrives(
    client_as: ClientAs, alice: User, shown: Project, settings: Settings
) -> None:
    settings.UPLOAD_MAX_BYTES = 2**20
    status, page = sent(client_as(alice), shown, bytes(3 * 2**20))
    assert (status, "An upload has at most 1 MB." in page) == (422, True)


def test_a_forged_upload_is_refused(alice: User, shown: Project) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    assert sent(browser, shown, zipped({"a.html": "x"}))[0] == 403


def test_the_manifest_in_the_archive_is_used_and_not_served(
    client_as: ClientAs, alice: User, shown: Project
) -> None:
    manifest = json.dumps({"subdomains": {"set": ["tide"]}, "idempotency_key": "k1"})
    assert (
        sent(client_as(alice), shown, zipped({"s/index.html": "x", "s/run402.deploy.json": manifest}))[0]
        == 302
    )
    deploy = Deploy.objects.get()
    assert deploy.source is not None
    assert (deploy.spec, sorted(deploy.source.files), deploy.source.manifest["idempotency_key"]) == (
        {"subdomains": {"set": ["tide"]}},
        ["index.html"],
        "k1",
    )


def test_a_manifest_may_come_as_a_file(client_as: ClientAs, alice: User, shown: Project) -> None:
    file = io.BytesIO(b'{"site": {"replace": {"index.html": "<h1>x</h1>"}}}')
    file.name = "manifest.json"
    answer = client_as(alice).post("/deploys/new", {"project": str(shown.pk), "archive": file})
    deploy = Deploy.objects.get()
    assert deploy.source is not None
    assert (answer.status_code, deploy.source.kind, list(deploy.spec["site"]["replace"])) == (
        302,
        "manifest",
        ["index.html"],
    )


def test_without_a_project_the_page_leads_to_one(client_as: ClientAs, alice: User, gateway: Gateway) -> None:
    page = client_as(alice).get("/deploys/new").content.decode()
    assert ("/projects/new" in page, 'id="source"' in page) == (True, False)


def test_the_search_finds_deploys_and_releases(client_as: ClientAs, alice: User, shown: Project) -> None:
    deploy: Deploy = DeployFactory.create(project=shown)
    release: Release = ReleaseFactory.create(project=shown, generation=41)
    page = client_as(alice).get("/search?q=tidepool").content.decode()
    wanted = (f"/deploys/{deploy.pk}", f"/projects/{shown.pk}/releases/{release.pk}")
    assert [url in page for url in wanted] == [True, True]
