from __future__ import annotations

import pytest

from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_player import Owned, Player


def test_provision_hands_out_both_keys(alice: Player) -> None:
    body = alice.ask("POST", "/projects/v1", json={"name": "guestbook", "tier": "prototype"}).json()
    assert body["project_id"].startswith("prj_")
    assert body["anon_key"] != body["service_key"]
    assert body["schema_slot"] == "p0001"


def test_provision_without_a_tier_asks_for_one(charlie: Player) -> None:
    response = charlie.ask("POST", "/projects/v1", json={"name": "guestbook"})
    body = response.json()
    assert (response.status_code, body["code"]) == (402, "PAYMENT_REQUIRED")
    assert body["next_actions"] == [{"action": "renew_tier", "type": "renew_tier"}]
    assert "payment-required" not in response.headers


def test_same_key_provisions_once(alice: Player) -> None:
    first, second = (alice.ask("POST", "/projects/v1", json={"name": "a"}, key="k").json() for _ in range(2))
    assert first == second
    assert alice.ask("GET", "/tiers/v1/status").json()["pool_usage"]["projects"] == 1


@pytest.mark.parametrize(
    "body", [{"name": "x" * 129}, {"name": "a\nb"}, {"name": 7}, {"name": "a", "tier": "gold"}]
)
def test_bad_name_or_tier_is_refused(alice: Player, body: dict[str, object]) -> None:
    assert alice.ask("POST", "/projects/v1", json=body).status_code == 400


def test_wallet_lists_its_own_projects(alice: Player, bob: Player, guestbook: Owned) -> None:
    bob.project("other")
    body = alice.ask("GET", f"/wallets/v1/{alice.address.lower()}/projects").json()
    assert body["wallet"] == alice.address.lower()
    assert [(row["id"], row["name"], row["status"]) for row in body["projects"]] == [
        (guestbook.id, "guestbook", "active")
    ]


def test_wallet_cannot_list_anothers_projects(alice: Player, bob: Player) -> None:
    assert bob.ask("GET", f"/wallets/v1/{alice.address}/projects").status_code == 403


def test_newer_list_and_read_know_the_same_project(alice: Player, guestbook: Owned) -> None:
    listed = alice.ask("GET", "/projects/v1").json()
    assert [row["id"] for row in listed["projects"]] == [guestbook.id]
    read = alice.ask("GET", f"/projects/v1/{guestbook.id}").json()
    assert (read["project_id"], read["last_deploy"]) == (guestbook.id, None)
    assert guestbook.service_key not in str(read)


def test_stranger_cannot_tell_a_project_from_none(bob: Player, guestbook: Owned) -> None:
    known, unknown = (bob.ask("GET", f"/projects/v1/{name}").json() for name in (guestbook.id, "prj_none"))
    assert (known["code"], known["message"]) == (unknown["code"], unknown["message"])


def test_usage_needs_the_service_key(http: Http, guestbook: Owned) -> None:
    path = f"/projects/v1/admin/{guestbook.id}/usage"
    assert guestbook.serviced("GET", path).json()["storage_limit_bytes"] == 262_144_000
    assert guestbook.read(path).status_code == 403
    assert http.get(path).status_code == 401
    assert http.get(path, headers={"Authorization": "Bearer nonsense"}).status_code == 401


def test_service_key_opens_its_own_project_only(alice: Player, guestbook: Owned) -> None:
    other = alice.project("other")
    assert other.serviced("GET", f"/projects/v1/admin/{guestbook.id}/usage").status_code == 403


def test_bearer_decides_when_a_wallet_signs_too(alice: Player, guestbook: Owned) -> None:
    path = f"/projects/v1/admin/{guestbook.id}/usage"
    headers = {"Authorization": f"Bearer {guestbook.service_key}"}
    assert alice.ask("GET", path, headers=headers).status_code == 200


def test_deleted_project_is_gone_with_its_app(http: Http, guestbook: Owned) -> None:
    operation = guestbook.deploy({"index.html": b"hello"}, subdomains={"set": ["guests"]})
    assert http.get(http.app("guests")).text == "hello"
    assert guestbook.serviced("DELETE", f"/projects/v1/{guestbook.id}").status_code == 204
    assert http.get(http.app("guests")).status_code == 404
    assert http.get(operation["urls"]["release"]).status_code == 404
    assert guestbook.read("/apply/v1/operations").status_code == 401
    assert guestbook.player.ask("GET", "/projects/v1").json()["projects"] == []


def test_secrets_are_listed_by_name(guestbook: Owned) -> None:
    path = f"/projects/v1/admin/{guestbook.id}/secrets"
    assert (
        guestbook.serviced("POST", path, json={"key": "API_KEY", "value": "hush"}).json()["key"] == "API_KEY"
    )
    listed = guestbook.serviced("GET", path)
    assert [row["key"] for row in listed.json()["secrets"]] == ["API_KEY"]
    assert "hush" not in listed.text
    assert guestbook.serviced("POST", path, json={"key": "lower", "value": ""}).status_code == 400
    assert guestbook.serviced("DELETE", f"{path}/API_KEY").status_code == 200
    assert guestbook.serviced("DELETE", f"{path}/API_KEY").status_code == 404


def test_a_tier_has_room_for_so_many_secrets_of_all_projects(guestbook: Owned) -> None:
    path = f"/projects/v1/admin/{guestbook.id}/secrets"
    other = guestbook.player.project(name="other")
    there = f"/projects/v1/admin/{other.id}/secrets"
    for number in range(9):
        assert guestbook.serviced("POST", path, json={"key": f"K{number}", "value": "x"}).status_code == 200
    assert other.serviced("POST", there, json={"key": "LAST", "value": "x"}).status_code == 200
    refused = guestbook.serviced("POST", path, json={"key": "ONE_MORE", "value": "x"})
    assert (refused.status_code, refused.json()["code"]) == (403, "TIER_LIMIT_EXCEEDED")
    assert refused.json()["details"]["tier_max"] == 10
    assert guestbook.serviced("POST", path, json={"key": "K3", "value": "new"}).status_code == 200
