"""The pages: who may see and do what, how many queries they take, what the forms say to bad input."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from jobs import selectors
from jobs.models import Job
from jobs.reading import MOST_BYTES
from operations import results
from operations.models import Operation, State
from projects.models import Project
from run402.resources.jobs import FFLONK_PROVE
from teams.models import Role, Scope, Team, User
from tests.factories import JobFactory, MembershipFactory, ProjectFactory, UserFactory, WalletFactory
from tests.fixtures import ClientAs
from tests.jobs.conftest import CAP, document
from tests.pricetags import require_tag
from wallets.models import Gateway, Wallet

MAY_SUBMIT = {Role.OWNER, Role.ADMIN, Role.DEVELOPER}


@pytest.fixture
def shown(alice: User, gateway: Gateway) -> Project:
    """A project for pages alone: nobody answers at its gateway."""
    team = alice.memberships.get().team
    wallet = WalletFactory.create(team=team, gateway=gateway, owner=alice, label="Main")
    found: Project = ProjectFactory.create(
        team=team, wallet=wallet, created_by=alice, name="tidepool", service_key_sealed=b"sealed"
    )
    return found


def addresses(job: Job) -> list[tuple[str, str]]:
    """Return every address of one job with its method."""
    gets = [("get", reverse(f"jobs:{name}", args=[job.pk])) for name in ("detail", "live", "record")]
    gets.append(("get", reverse("jobs:project_panel", args=[job.project_id])))
    return gets + [("post", reverse(f"jobs:{name}", args=[job.pk])) for name in ("cancel", "again")]


@pytest.mark.parametrize("role", list(Role))
def test_every_address_by_role(client_as: ClientAs, shown: Project, role: Role) -> None:
    user: User = UserFactory.create()
    MembershipFactory.create(team=shown.team, user=user, role=role)
    browser, job = client_as(user), JobFactory.create(project=shown)
    found = {(method, getattr(browser, method)(url).status_code) for method, url in addresses(job)}
    new = browser.get("/jobs/new").status_code
    expected = (302, 200) if role in MAY_SUBMIT else (403, 403)
    assert (found, new) == ({("get", 200), ("post", expected[0])}, expected[1])
    assert browser.get("/jobs").status_code == 200


def test_another_team_finds_nothing(client_as: ClientAs, shown: Project, charlie: User) -> None:
    browser, job = client_as(charlie), JobFactory.create(project=shown)
    assert {getattr(browser, method)(url).status_code for method, url in addresses(job)} == {404}
    assert browser.post(f"/jobs/{job.pk}/fetch", {"name": "x"}).status_code == 404
    assert "tidepool" not in browser.get("/jobs").content.decode()


def test_member_limited_to_other_projects_finds_nothing(client_as: ClientAs, shown: Project) -> None:
    user: User = UserFactory.create()
    membership = MembershipFactory.create(
        team=shown.team, user=user, role=Role.DEVELOPER, projects_limited=True
    )
    other = ProjectFactory.create(team=shown.team, wallet=shown.wallet)
    Scope.objects.create(membership=membership, kind=Scope.Kind.PROJECT, object_id=other.pk)
    job = JobFactory.create(project=shown)
    browser = client_as(user)
    assert browser.get(f"/jobs/{job.pk}").status_code == 404
    assert str(job.pk) not in browser.get("/jobs").content.decode()
    answer = browser.post(
        "/jobs/new", {"as": "json", "project": str(shown.pk), "job": json.dumps(document())}
    )
    assert (answer.status_code, Job.objects.count()) == (404, 1)


def test_viewer_sees_no_button_that_submits_or_cancels(
    client_as: ClientAs, shown: Project, dora: User
) -> None:
    job = JobFactory.create(project=shown)
    browser = client_as(dora)
    pages = [browser.get(url).content.decode() for url in ("/jobs", f"/jobs/{job.pk}", addresses(job)[3][1])]
    assert ["/jobs/new" in page or "/cancel" in page or "/again" in page for page in pages] == [False] * 3


def test_history_goes_over_all_projects_and_is_narrowed_in_the_address(
    client_as: ClientAs, shown: Project, alice: User
) -> None:
    other = ProjectFactory.create(team=shown.team, wallet=shown.wallet, name="harbour")
    JobFactory.create(project=shown, remote_id="job_here", status="completed", ended_at=timezone.now())
    JobFactory.create(project=other, remote_id="job_there", status="running")
    browser = client_as(alice)

    def listed(query: str) -> list[str]:
        page = browser.get(f"/jobs{query}").context["page"]
        return sorted(row.job.project.name for row in page.rows)

    assert listed("") == ["harbour", "tidepool"]
    assert listed("?state=completed") == ["tidepool"]
    assert listed("?state=open") == ["harbour"]
    assert listed(f"?project={other.pk}") == ["harbour"]
    assert listed("?q=job_here") == ["tidepool"]
    assert listed("?state=nonsense") == ["harbour", "tidepool"]


def test_history_takes_as_many_queries_for_many_jobs_as_for_one(
    client_as: ClientAs, shown: Project, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    browser = client_as(alice)
    JobFactory.create(project=shown)
    browser.get("/jobs")
    with django_assert_num_queries(7) as one:
        browser.get("/jobs")
    for _ in range(5):
        JobFactory.create(project=shown)
    with django_assert_num_queries(len(one)):
        browser.get("/jobs")


def test_page_of_a_job_under_way_keeps_to_its_queries(
    client_as: ClientAs,
    public_keyset: None,
    shown: Project,
    alice: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    job = JobFactory.create(project=shown, watched_at=timezone.now())
    browser = client_as(alice)
    url = browser.get(f"/jobs/{job.pk}").context["page"]
    with django_assert_max_num_queries(8):
        answer = browser.get(f"/jobs/{job.pk}/live?seen={url.seen}")
    assert (answer.status_code, int(answer.headers["Panel-Poll"]) >= 400) == (204, True)


def test_page_stops_asking_when_nothing_moves_any_more(
    client_as: ClientAs, public_keyset: None, shown: Project, alice: User
) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    job = JobFactory.create(project=shown, status="completed", ended_at=long_ago, cost_micros=5)
    assert job.operation is not None
    results.put(job.operation, selectors.LOGS, selectors.written_lines([]))
    answer = client_as(alice).get(f"/jobs/{job.pk}/live?seen=x")
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (286, "true")


def test_form_for_the_known_type_asks_for_input_and_cap(
    client_as: ClientAs, shown: Project, bob: User
) -> None:
    fields = {
        "as": "form",
        "project": str(shown.pk),
        "job_type": FFLONK_PROVE,
        "input": '{"b": 2}',
        "cap": "0.05",
    }
    answer = client_as(bob).post("/jobs/new", fields)
    job = Job.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/jobs/{job.pk}")
    assert (job.spec, job.cap_micros, job.status) == (
        {"job_type": FFLONK_PROVE, "input_json": {"b": 2}},
        CAP,
        "submitting",
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"cap": ""}, "A job needs a cost cap. Enter what it may cost at most, such as 0.25."),
        ({"cap": "0"}, "The cap has to be more than nothing. Enter what it may cost at most, such as 0.25."),
        ({"cap": "0.0000001"}, "Ensure that there are no more than 6 decimal places."),
        ({"input": ""}, "Give the runner its input; {} is an empty one."),
        ({"input": "[1]"}, "This has to be a JSON object, in curly brackets. Put it into { }."),
        ({"input": "x" * (MOST_BYTES + 1)}, "Make its input smaller, then submit it again."),
    ],
)
def test_form_says_what_is_wrong_and_keeps_what_was_typed(
    client_as: ClientAs, shown: Project, bob: User, changes: dict[str, str], sentence: str
) -> None:
    fields = {
        "as": "form",
        "project": str(shown.pk),
        "job_type": FFLONK_PROVE,
        "input": '{"b": 2}',
        "cap": "0.05",
    }
    answer = client_as(bob).post("/jobs/new", {**fields, **changes})
    assert (answer.status_code, Job.objects.count(), Operation.objects.count()) == (422, 0, 0)
    assert sentence in " ".join(answer.content.decode().replace("&#x27;", "'").split())


def test_json_without_a_cap_is_refused_at_its_field(client_as: ClientAs, shown: Project, bob: User) -> None:
    text = json.dumps(document(max_cost_usd_micros=None))
    answer = client_as(bob).post("/jobs/new", {"as": "json", "project": str(shown.pk), "job": text})
    assert answer.status_code == 422
    assert "This job has no cost cap. Add max_cost_usd_micros" in answer.content.decode()
    assert "fflonk_prove" in answer.content.decode()


def test_file_is_taken_in_place_of_a_text_and_not_beside_one(
    client_as: ClientAs, shown: Project, bob: User
) -> None:
    browser, text = client_as(bob), json.dumps(document())

    def sent(**fields: object) -> int:
        file = SimpleUploadedFile("job.json", text.encode(), "application/json")
        given = {"as": "json", "project": str(shown.pk), "file": file, **fields}
        return browser.post("/jobs/new", given).status_code

    assert (sent(), sent(job=text), Job.objects.count()) == (302, 422, 1)


def test_edit_fills_the_form_with_what_was_asked_for(client_as: ClientAs, shown: Project, bob: User) -> None:
    job, browser = JobFactory.create(project=shown), client_as(bob)
    form = browser.get(f"/jobs/new?again={job.pk}").content.decode()
    text = browser.get(f"/jobs/new?again={job.pk}&as=json").content.decode()
    assert ('value="0.05"' in form, "&quot;max_cost_usd_micros&quot;: 50000" in text) == (True, True)


def test_job_of_another_team_fills_no_form(
    client_as: ClientAs, shown: Project, charlie: User, bob: User
) -> None:
    job = JobFactory.create(project=shown)
    assert client_as(charlie).get(f"/jobs/new?again={job.pk}").status_code == 404


def test_project_without_a_service_key_is_told_at_its_field(
    client_as: ClientAs, shown: Project, bob: User
) -> None:
    Project.objects.update(service_key_sealed=b"")
    answer = client_as(bob).post(
        "/jobs/new", {"as": "json", "project": str(shown.pk), "job": json.dumps(document())}
    )
    assert answer.status_code == 422
    assert "does not hold the service key of this project" in answer.content.decode()


def test_failed_reading_is_told_on_the_page(client_as: ClientAs, shown: Project, bob: User) -> None:
    job = JobFactory.create(project=shown)
    Operation.objects.create(
        team=job.team, gateway=shown.gateway, kind="job.follow", title="x", subject_id=job.pk, queue="interactive",
        state=State.FAILED, finished_at=timezone.now(), error={"code": "X", "message": "It did not answer."},
    )  # fmt: skip
    assert "It did not answer." in client_as(bob).get(f"/jobs/{job.pk}").content.decode()


def test_jobs_are_found_by_project_type_and_id(client_as: ClientAs, shown: Project, bob: User) -> None:
    JobFactory.create(project=shown, remote_id="job_wanted")
    browser: Client = client_as(bob)
    found = [
        browser.get(f"/search?q={text}").content.decode() for text in ("job_wanted", "fflonk", "tidepool")
    ]
    assert [
        "fflonk_prove, tidepool" in page.replace("<mark>", "").replace("</mark>", "") for page in found
    ] == [True] * 3


def test_a_job_says_what_it_costs_at_most_before_anybody_submits_it(
    shown: Project, alice: User, client_as: ClientAs
) -> None:
    Wallet.objects.filter(pk=shown.wallet_id).update(prepaid_micros=10 * CAP, account_at=timezone.now())
    job = JobFactory.create(project=shown, status="completed", ended_at=timezone.now(), cap_micros=CAP)
    browser = client_as(alice)
    html = browser.get(f"/jobs/new?again={job.pk}").content.decode()
    require_tag(html, micros=CAP, network=shown.wallet.network, wallet=shown.wallet, left=9 * CAP)
    fresh = browser.get(f"/jobs/new?project={shown.pk}").content.decode()
    assert ("up to the cap" in fresh, 'data-price-of="id_cap"' in fresh) == (True, True)


@pytest.fixture
def elsewhere(shown: Project) -> Project:
    """A project at another gateway than the one that the browser works with, beside one that could be preselected."""
    other = Gateway.objects.exclude(pk=shown.gateway_id).first()
    other = other or Gateway.objects.create(slug="other", name="Other", url="https://api.other.test")
    wallet = WalletFactory.create(team=shown.team, gateway=other, owner=shown.created_by)
    found: Project = ProjectFactory.create(
        team=shown.team, wallet=wallet, gateway=other, created_by=shown.created_by, name="elsewhere",
        service_key_sealed=b"sealed", anon_key="anon",
    )  # fmt: skip
    return found


@pytest.mark.parametrize("room", ["jobs", "deploys"])
def test_named_project_is_the_one_of_the_form_at_whatever_gateway(
    client_as: ClientAs, elsewhere: Project, bob: User, room: str
) -> None:
    answer = client_as(bob).get(f"/{room}/new?project={elsewhere.pk}")
    html = answer.content.decode()
    assert ("elsewhere" in html, f'value="{elsewhere.pk}"' in html, "tidepool" in html) == (True, True, False)


@pytest.mark.parametrize("room", ["jobs", "deploys"])
def test_named_project_that_is_not_able_leads_to_its_page_with_the_reason(
    client_as: ClientAs, elsewhere: Project, bob: User, room: str
) -> None:
    Project.objects.filter(pk=elsewhere.pk).update(service_key_sealed=b"", anon_key="")
    browser = client_as(bob)
    answer = browser.get(f"/{room}/new?project={elsewhere.pk}")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/projects/{elsewhere.pk}")
    assert [browser.get(f"/{room}/new?project={one}").status_code for one in (uuid4(), "x")] == [404, 404]


def test_address_of_a_deploy_is_at_the_gateway_of_its_project(
    client_as: ClientAs, elsewhere: Project, bob: User
) -> None:
    answer = client_as(bob).get(f"/deploys/new?project={elsewhere.pk}")
    assert answer.context["suffix"] == f".{elsewhere.gateway.host.partition('.')[2]}"


def test_job_of_another_gateway_is_edited_for_its_own_project_and_is_in_the_history(
    client_as: ClientAs, elsewhere: Project, bob: User
) -> None:
    job, browser = JobFactory.create(project=elsewhere), client_as(bob)
    page = browser.get("/jobs").context["page"]
    assert [row.job.pk for row in page.rows] == [job.pk]
    assert str(elsewhere.pk) in dict(page.projects)
    assert browser.get(f"/jobs/new?again={job.pk}").context["page"].project == elsewhere


def test_releases_offer_a_deploy_only_where_it_can_be(
    client_as: ClientAs, elsewhere: Project, bob: User
) -> None:
    browser, url = client_as(bob), f"/projects/{elsewhere.pk}/releases"
    assert "/deploys/new" in browser.get(url).content.decode()
    Project.objects.filter(pk=elsewhere.pk).update(anon_key="")
    assert "/deploys/new" not in browser.get(url).content.decode()


@pytest.mark.parametrize("field", ["file", "job"])
def test_job_that_is_too_long_for_any_form_is_told_at_its_field(
    client_as: ClientAs, shown: Project, bob: User, field: str
) -> None:
    long = "é" * (3 * MOST_BYTES // 2)
    given = SimpleUploadedFile("job.json", long.encode(), "application/json") if field == "file" else long
    answer = client_as(bob).post("/jobs/new", {"as": "json", "project": str(shown.pk), field: given})
    assert (answer.status_code, Job.objects.count()) == (422, 0)
    assert answer.context["page"].form.errors[field] == [
        "This job has 3.1 MB, and the panel takes 1 MB. Make its input smaller, then submit it again."
    ]


def test_job_of_another_gateway_is_found_by_the_search(
    client_as: ClientAs, elsewhere: Project, bob: User
) -> None:
    job = JobFactory.create(project=elsewhere, remote_id="job_wanted")
    assert f"/jobs/{job.pk}" in client_as(bob).get("/search?q=job_wanted").content.decode()


@pytest.mark.parametrize(("balance", "told"), [(0, True), (None, False), (CAP, False)])
def test_empty_balance_is_told_before_anything_is_typed(
    client_as: ClientAs, shown: Project, bob: User, balance: int | None, told: bool
) -> None:
    Wallet.objects.filter(pk=shown.wallet_id).update(prepaid_micros=balance, account_at=timezone.now())
    page = client_as(bob).get(f"/jobs/new?project={shown.pk}").content.decode()
    assert ("This balance is empty." in page) == told


@pytest.mark.parametrize(("above", "told"), [(50_000, True), (None, False)])
def test_that_somebody_else_approves_a_job_is_told_before_anything_is_typed(
    client_as: ClientAs, shown: Project, bob: User, above: int | None, told: bool
) -> None:
    Team.objects.filter(pk=shown.team_id).update(approval_above_micros=above)
    page = client_as(bob).get(f"/jobs/new?project={shown.pk}").content.decode()
    assert ("With a cap above $0.05 somebody else approves it first" in page) == told
