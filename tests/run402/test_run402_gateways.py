"""What a gateway can do, which generation of an endpoint it has, and remembering it."""

from __future__ import annotations

import httpx
import pytest

from run402 import __main__ as command
from run402 import errors
from run402.generations import ProcessMemory
from tests.run402.gateways import ALICE, BASE, Gateway, ok
from tests.sandboxes import Sandbox

PROJECTS = ok({"projects": [{"id": "prj_1", "name": "Guestbook"}]})
GONE = ok({"error": "not_found"}, status=404)
ANSWERS = {
    "/tiers/v1": ok({"tiers": {}}),
    "/projects/v1": ok({"code": "AUTH_REQUIRED"}, status=401),
    "/apply/v1/releases/active": ok({"code": "NO_ACTIVE_RELEASE"}, status=404),
    "/apply/v1/operations": ok({}, status=403),
    "/apply/v1/resolve": ok({}, status=500),
    "/subdomains/v1": ok({}, status=410),
    "/domains/v1": httpx.Response(200, text="<h1>hello</h1>"),
}


def answered(request: httpx.Request) -> httpx.Response:
    return ANSWERS.get(request.url.path, GONE)


def test_probe_reads_what_is_there_from_how_it_is_refused() -> None:
    gateway = Gateway(*[answered] * 10)
    found = gateway.client().capabilities()
    assert (found.kind, {item.name: item.available for item in found.found}) == (
        "cloud",
        {
            "tiers": True, "projects": True, "releases": True, "operations": True, "resolve": None,
            "subdomains": False, "domains": False, "organizations": False,
        },
    )  # fmt: skip
    assert {request.method for request in gateway.requests} == {"GET"}
    assert [request for request in gateway.requests if "sign-in-with-x" in request.headers] == []


def test_gateway_that_refuses_everything_alike_tells_nothing() -> None:
    refused = ok({}, status=401)
    found = Gateway(*[refused] * 10).client().capabilities()
    assert (found.kind, {item.available for item in found.found}) == ("unknown", {None})


def test_command_prints_what_the_sandbox_can_do(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([sandbox.url]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == f"{sandbox.url} speaks the cloud dialect"
    assert [line.split()[1] for line in printed if line.split()[0] in ("tiers", "releases")] == ["yes", "yes"]


@pytest.mark.parametrize(
    ("arguments", "code"), [([], 2), (["--help"], 2), (["ftp://x"], 2), (["http://127.0.0.1:1"], 1)]
)
def test_command_says_what_went_wrong(
    arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(arguments) == code
    captured = capsys.readouterr()
    assert (captured.out, captured.err != "") == ("", True)


def test_newer_endpoint_is_asked_first_and_remembered() -> None:
    memory = ProcessMemory()
    gateway = Gateway(PROJECTS, PROJECTS)
    client = gateway.client(memory=memory)
    assert [row.name for row in client.projects.list(limit=5).projects] == ["Guestbook"]
    client.projects.list(after="c")
    assert [request.url.raw_path for request in gateway.requests] == [
        b"/projects/v1?limit=5",
        b"/projects/v1?after=c",
    ]
    assert memory.recall(BASE, "projects.list") == "new"


@pytest.mark.parametrize("status", [404, 410, 501])
def test_older_endpoint_answers_where_the_newer_one_is_not(status: int) -> None:
    memory = ProcessMemory()
    gateway = Gateway(ok({}, status=status), PROJECTS, PROJECTS)
    client = gateway.client(memory=memory)
    assert [client.projects.list().projects for _ in range(2)] == [client_projects()] * 2
    assert [request.url.path for request in gateway.requests] == [
        "/projects/v1",
        f"/wallets/v1/{ALICE.lower()}/projects",
        f"/wallets/v1/{ALICE.lower()}/projects",
    ]


def client_projects() -> object:
    return Gateway(PROJECTS).client().projects.list_by_wallet(ALICE)


def test_other_failures_are_not_taken_for_an_older_gateway() -> None:
    memory = ProcessMemory()
    with pytest.raises(errors.Unauthorized):
        Gateway(ok({}, status=401)).client(memory=memory).projects.list()
    assert memory.recall(BASE, "projects.list") is None


def test_gateway_without_either_gives_the_error_of_the_newer_one() -> None:
    memory = ProcessMemory()
    replies = [ok({"message": "new"}, status=404), ok({"message": "old"}, status=404)]
    with pytest.raises(errors.NotFound, match="new"):
        Gateway(*replies).client(memory=memory).projects.list()
    assert memory.recall(BASE, "projects.list") is None


def test_missing_project_at_a_known_gateway_is_no_older_gateway() -> None:
    memory = ProcessMemory()
    memory.remember(BASE, "projects.list", "new")
    with pytest.raises(errors.NotFound):
        Gateway(GONE).client(memory=memory).projects.list()


def test_last_page_has_no_cursor() -> None:
    page = {"projects": [], "has_more": False, "next_cursor": "c"}
    assert Gateway(ok(page)).client(memory=ProcessMemory()).projects.list().cursor is None
    more = {**page, "has_more": True}
    assert Gateway(ok(more)).client(memory=ProcessMemory()).projects.list().cursor == "c"
