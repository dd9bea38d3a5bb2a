from __future__ import annotations

import pytest

from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_player import Owned, Player

SITE = {"index.html": b"<h1>A</h1>"}


def claim(project: Owned, name: str, deployment: str) -> tuple[int, dict[str, object]]:
    response = project.serviced("POST", "/subdomains/v1", json={"name": name, "deployment_id": deployment})
    return response.status_code, response.json()


def test_claim_points_a_name_at_a_deployment(http: Http, guestbook: Owned) -> None:
    urls = guestbook.deploy(SITE)["urls"]
    status, body = claim(guestbook, "guests", urls["deployment_id"])
    assert (status, body["url"], body["deployment_url"]) == (201, http.app("guests", ""), urls["release"])
    assert http.get(http.app("guests")).content == SITE["index.html"]
    listed = guestbook.serviced("GET", "/subdomains/v1").json()["subdomains"]
    assert [(row["name"], row["project_id"]) for row in listed] == [("guests", guestbook.id)]


def test_claim_moves_a_name_to_an_older_deployment_until_the_next_deploy(
    http: Http, guestbook: Owned
) -> None:
    first = guestbook.deploy(SITE, subdomains={"set": ["guests"]})
    guestbook.deploy({"index.html": b"B"})
    claim(guestbook, "guests", first["urls"]["deployment_id"])
    assert http.get(http.app("guests")).content == SITE["index.html"]
    guestbook.deploy({"index.html": b"C"})
    assert http.get(http.app("guests")).content == b"C"


def test_claimed_name_is_kept_by_the_next_deploy(guestbook: Owned) -> None:
    claim(guestbook, "guests", guestbook.deploy(SITE)["urls"]["deployment_id"])
    guestbook.deploy({"index.html": b"B"})
    assert guestbook.read("/apply/v1/releases/active").json()["subdomains"] == {"names": ["guests"]}


@pytest.mark.parametrize("name", ["ab", "Upper", "-a-b", "a_b", "a.b", "x" * 64])
def test_malformed_name_is_refused(guestbook: Owned, name: str) -> None:
    deployment = guestbook.deploy(SITE)["urls"]["deployment_id"]
    assert claim(guestbook, name, deployment)[0] == 400


@pytest.mark.parametrize("name", ["sandbox", "www", "api", "dpl-1-abc"])
def test_reserved_name_is_refused(guestbook: Owned, name: str) -> None:
    deployment = guestbook.deploy(SITE)["urls"]["deployment_id"]
    status, body = claim(guestbook, name, deployment)
    assert (status, body["code"]) == (409, "SUBDOMAIN_RESERVED")


def test_name_of_another_project_is_forbidden(guestbook: Owned, bob: Player) -> None:
    guestbook.deploy(SITE, subdomains={"set": ["guests"]})
    other = bob.project()
    deployment = other.deploy(SITE)["urls"]["deployment_id"]
    assert claim(other, "guests", deployment)[0] == 403
    assert other.plan({"subdomains": {"set": ["guests"]}}).json()["code"] == "SUBDOMAIN_TAKEN"
    assert other.serviced("DELETE", "/subdomains/v1/guests").status_code == 403


def test_deployment_of_another_project_is_unknown(guestbook: Owned, bob: Player) -> None:
    deployment = guestbook.deploy(SITE)["urls"]["deployment_id"]
    assert claim(bob.project(), "guests", deployment)[0] == 404


def test_released_name_is_free_for_others(http: Http, guestbook: Owned, bob: Player) -> None:
    guestbook.deploy(SITE, subdomains={"set": ["guests"]})
    body = guestbook.serviced("DELETE", "/subdomains/v1/guests").json()
    assert (body["status"], body["name"], body["project_id"]) == ("deleted", "guests", guestbook.id)
    assert http.get(http.app("guests")).status_code == 404
    assert guestbook.serviced("DELETE", "/subdomains/v1/guests").status_code == 404
    bob.project().deploy({"index.html": b"bob"}, subdomains={"set": ["guests"]})
    assert http.get(http.app("guests")).text == "bob"


def test_claim_needs_the_service_key(guestbook: Owned) -> None:
    assert guestbook.read("/subdomains/v1").status_code == 403
