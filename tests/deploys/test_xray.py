"""X-ray: what is asked, what the sandbox answers, and a sentence for every word of the contract."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from core.errors import Refusal
from deploys.models import Deploy
from deploys.questions import MOST_AT_ONCE, unique_key
from deploys.xray import words
from deploys.xray.asking import KIND, question
from deploys.xray.verdict import verdict_of
from operations.models import Operation, State
from projects.models import Project
from run402.resources import verdicts
from teams.models import User
from tests.factories import OperationFactory, ProjectFactory, ReleaseFactory
from tests.fixtures import ClientAs, RunOperations

#: The documented words, as the contract lists them (apply 3.6).
MATCHES = """host_missing manifest_missing active_release_missing unsupported_manifest_version path_error none
    static_exact static_index spa_fallback spa_fallback_missing route_function route_static_alias route_method_miss"""
AUTHORIZATIONS = """authorized not_public not_applicable manifest_missing target_missing active_release_missing
    unsupported_manifest_version path_error missing_cas_object unfinalized_or_deleting_cas_object size_mismatch
    unauthorized_cas_object"""
FALLBACKS = """unavailable active_release_missing unsupported_manifest_version negative_cache_hit path_error
    method_not_static not_used target_missing used not_configured not_eligible"""
CATEGORIES = "cas route_method release manifest route static host path fallback miss unknown"
STEPS = """check_credentials inspect_release_asset redeploy_static_asset retry_after_cas_finalization inspect_cas_object
    check_domain_binding check_dns check_active_release redeploy_static_site deploy_release inspect_release
    check_public_path check_static_path check_spa_fallback restore_spa_fallback check_route_methods inspect_route
    inspect_resolution"""
AUTHORITIES = "implicit_file_path explicit_public_path route_static_alias"
FAILURES = """ROUTE_MANIFEST_LOAD_FAILED ROUTED_INVOKE_WORKER_SECRET_MISSING ROUTED_INVOKE_AUTH_FAILED
    ROUTED_ROUTE_STALE ROUTE_METHOD_NOT_ALLOWED ROUTED_RESPONSE_TOO_LARGE"""

READS = ["releases.sync", "releases.diff", "route.resolve"]
ANSWER = {"hostname": "a.run402.com", "result": 404, "match": "none", "authorized": False}


@pytest.mark.parametrize(
    ("documented", "table"),
    [
        (MATCHES, verdicts.MATCHES),
        (AUTHORIZATIONS, verdicts.AUTHORIZATIONS),
        (FALLBACKS, verdicts.FALLBACKS),
        (CATEGORIES, words.CATEGORIES),
        (STEPS, words.STEPS),
        (AUTHORITIES, words.AUTHORITIES),
        (FAILURES, words.RUNTIME_FAILURES),
    ],
)
def test_every_documented_word_has_a_sentence(documented: str, table: dict[str, str]) -> None:
    assert set(table) == set(documented.split())
    assert [word for word in table if not str(table[word]).strip()] == []


def test_every_pair_of_words_is_put_into_a_sentence() -> None:
    said = {"authorized": False, "fallback_state": "not_used"}
    for word in MATCHES.split():
        for access in (None, *AUTHORIZATIONS.split()):
            verdict = verdict_of({**ANSWER, **said, "match": word, "authorization_result": access})
            assert (verdict.sentence[-1], verdict.would_serve, bool(verdict.helps)) == (".", False, True)
            assert [station for station in verdict.stations if not station.sub] == []


def test_an_unknown_word_is_shown_as_it_is() -> None:
    answer = {
        **ANSWER,
        "match": "teapot",
        "authorization_result": "brewing",
        "fallback_state": "kettle",
        "new": 1,
    }
    verdict = verdict_of(answer)
    said = " ".join(station.sub for station in verdict.stations)
    assert [
        word for word in ("teapot", "brewing", "kettle") if f"“{word}”" not in said + verdict.sentence
    ] == []
    assert '"new": 1' in verdict.raw


def test_a_question_is_read_from_what_people_type() -> None:
    typed = ["https://A.run402.com/x?token=1#top", "a.run402.com", "/ä b", "http://a.run402.com:8000/a%2Fb"]
    found = [question(text, "get", default_host="b.run402.com") for text in typed]
    assert [(asked.host, asked.path, asked.method, asked.ignored) for asked in found] == [
        ("a.run402.com", "/x", "GET", ("query_ignored", "fragment_ignored")),
        ("a.run402.com", "/", "GET", ()),
        ("b.run402.com", "/%C3%A4%20b", "GET", ()),
        ("a.run402.com", "/a%2Fb", "GET", ()),
    ]


@pytest.mark.parametrize(
    ("text", "method", "part"),
    [
        ("ftp://a.run402.com/", "GET", "not an address"),
        ("https://", "GET", "not an address"),
        ("https://[::1", "GET", "not an address"),
        ("https://a.run402.com:99999/", "GET", "not an address"),
        ("https://a b.run402.com/", "GET", "not an address"),
        ("https://me:secret@a.run402.com/", "GET", "name and password"),
        ("/help", "GET", "no address yet"),
        (f"https://a.run402.com/{'x' * 3000}", "GET", "at most 2048"),
        ("https://a.run402.com/", "BREW", "Choose one of: GET"),
    ],
)
def test_what_is_no_question_is_refused_in_one_sentence(text: str, method: str, part: str) -> None:
    with pytest.raises(Refusal) as refused:
        question(text, method, default_host="")
    assert part in str(refused.value)


def ask(browser: Client, project: Project, url: str, method: str = "GET") -> str:
    return browser.get(f"/projects/{project.pk}/xray", {"url": url, "method": method}).content.decode()


def test_the_answer_comes_to_the_page(
    as_bob: Client, live: Deploy, project: Project, address: str, run_operations: RunOperations
) -> None:
    host = f"https://{address}.localhost"
    assert "The gateway is asked what it would do." in ask(as_bob, project, f"{host}/?secret=1")
    run_operations()
    page = ask(as_bob, project, f"{host}/?secret=1")
    wanted = (
        "Would serve, 200",
        "The index page of a folder is served.",
        "Host is bound",
        "index.html",
        "run402 deploy diagnose",
    )
    assert [part for part in wanted if part not in page] == []
    assert Operation.objects.filter(kind=KIND).count() == 1
    operation = Operation.objects.get(kind=KIND)
    assert (operation.state, "secret" in str(operation.args), operation.wallet) == (
        State.SUCCEEDED,
        False,
        None,
    )


def test_what_would_not_serve_says_why_and_what_may_help(
    as_bob: Client, live: Deploy, project: Project, address: str, run_operations: RunOperations
) -> None:
    asked = [
        (f"https://{address}.localhost/nowhere.txt", "GET"),
        (f"https://{address}.localhost/a%2Fb", "GET"),
        (f"https://{address}.localhost/app.css", "POST"),
        ("https://nobody-has-this.localhost/", "GET"),
    ]
    for url, method in asked:
        ask(as_bob, project, url, method)
    run_operations()
    pages = [ask(as_bob, project, url, method) for url, method in asked]
    parts = [
        ("Would not serve, 404", "Nothing of the live release matches this path."),
        ("Would not serve, 400", "The path cannot be read"),
        ("Would not serve, 405", "No entry page takes over for this method."),
        ("Would not serve, 404", "No project is bound to this host name."),
    ]
    assert [[part for part in two if part not in page] for page, two in zip(pages, parts, strict=True)] == [
        []
    ] * 4
    assert [page.count("What may help") for page in pages] == [1] * 4


def test_an_answer_is_fresh_for_a_minute_or_until_something_went_live(
    as_bob: Client, live: Deploy, project: Project, address: str, run_operations: RunOperations
) -> None:
    url = f"https://{address}.localhost/"
    counts = []
    ask(as_bob, project, url)
    run_operations()
    ask(as_bob, project, url)
    counts.append(Operation.objects.filter(kind=KIND).count())
    with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=True):
        ask(as_bob, project, url)
        run_operations()
        counts.append(Operation.objects.filter(kind=KIND).count())
        Project.objects.filter(pk=project.pk).update(live_at=timezone.now())
        ask(as_bob, project, url)
    counts.append(Operation.objects.filter(kind=KIND).count())
    assert counts == [1, 2, 3]


def test_a_project_takes_so_many_questions_at_once(client_as: ClientAs, project: Project) -> None:
    for _ in range(MOST_AT_ONCE):
        OperationFactory.create(team=project.team, kind=KIND, subject_id=project.pk, project_id=project.pk)
    answer = client_as(project.created_by).get(
        f"/projects/{project.pk}/xray", {"url": "https://a.run402.com/"}
    )
    assert (answer.status_code, "Ask again in a moment." in answer.content.decode()) == (422, True)


def test_bad_input_is_said_at_the_box_and_asks_nothing(client_as: ClientAs, project: Project) -> None:
    answer = client_as(project.created_by).get(
        f"/projects/{project.pk}/xray", {"url": "ftp://x", "method": "GET"}
    )
    assert (answer.status_code, 'id="xray-problem"' in answer.content.decode()) == (422, True)
    assert Operation.objects.filter(kind=KIND).count() == 0


def test_a_viewer_may_ask_and_a_stranger_finds_nothing(
    client_as: ClientAs, project: Project, dora: User, charlie: User
) -> None:
    answers = [
        client_as(who).get(f"/projects/{project.pk}/xray", {"url": "https://a.run402.com/"}).status_code
        for who in (dora, charlie)
    ]
    assert answers == [200, 404]


def test_a_project_that_is_not_made_yet_answers_nothing(client_as: ClientAs, project: Project) -> None:
    making: Project = ProjectFactory.create(
        team=project.team, wallet=project.wallet, state=Project.State.PROVISIONING, remote_id=""
    )
    page = ask(client_as(project.created_by), making, "https://a.run402.com/")
    assert "This project is not ready yet" in page


def test_a_route_that_hides_a_file_says_so(client_as: ClientAs, project: Project) -> None:
    rows = [{"public_path": "/help", "asset_path": "help.html", "direct": True}]
    ReleaseFactory.create(
        project=project, remote_id="rel_1", status="active", inventory={"public_paths": rows}
    )
    route = {"pattern": "/*", "methods": None, "target": {"type": "function", "name": "all"}}
    answer = {
        **ANSWER,
        "result": 200,
        "match": "route_function",
        "authorized": True,
        "route": route,
        "normalized_path": "/help",
    }
    url, asked = "https://a.run402.com/help", question("https://a.run402.com/help", "GET", default_host="")
    OperationFactory.create(
        team=project.team,
        kind=KIND,
        subject_id=project.pk,
        unique_key=unique_key(project, KIND, asked.words),
        state=State.SUCCEEDED,
        finished_at=timezone.now(),
        result={"answer": answer},
    )
    page = ask(client_as(project.created_by), project, url)
    wanted = (
        "The route /* leads to the function all.",
        "help.html would answer if the route were not there.",
    )
    assert [part for part in wanted if part not in page] == []


def test_the_commands_ask_the_gateway_of_the_project(client_as: ClientAs, project: Project) -> None:
    browser = client_as(project.created_by)
    base = f"export RUN402_API_BASE={project.gateway.url}\nrun402 deploy"
    for path in ("releases/diff", "xray"):
        assert base in browser.get(f"/projects/{project.pk}/{path}").content.decode(), path


@pytest.mark.parametrize("path", ["releases", "routes", "releases/diff?from=empty&to=active", "xray?url=/a"])
def test_without_the_anon_key_nothing_is_asked(path: str, client_as: ClientAs, project: Project) -> None:
    Project.objects.filter(pk=project.pk).update(anon_key="", live_url="")
    answer = client_as(project.created_by).get(f"/projects/{project.pk}/{path}")
    asks = "?" in path
    assert (answer.status_code, Operation.objects.filter(kind__in=READS).count()) == (422 if asks else 200, 0)
    said = "The panel has no anon key of this project. Import its keys first."
    assert (said in answer.content.decode()) == asks


@pytest.mark.parametrize("kind", READS)
def test_a_reading_in_line_without_the_anon_key_says_so(
    kind: str, project: Project, run_operations: RunOperations
) -> None:
    Project.objects.filter(pk=project.pk).update(anon_key="")
    operation = OperationFactory.create(
        team=project.team, gateway=project.gateway, kind=kind, args={"project": str(project.pk)}
    )
    run_operations()
    operation.refresh_from_db()
    assert operation.error["code"] == "KEYS_MISSING"
