from __future__ import annotations

import base64
import hashlib
import os
from typing import Any

import pytest

from tests.sandbox.conftest import PART_BYTES
from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_player import Owned, Player, sha256

SMALL = b"hello, guestbook"
LARGE = os.urandom(2 * PART_BYTES + 5)


def plan(project: Owned, *contents: bytes) -> dict[str, Any]:
    items = [{"sha256": sha256(data), "size": len(data)} for data in contents]
    return dict(project.post("/content/v1/plans", {"content": items}).json())


def url_of(content_plan: dict[str, Any], part: int = 0) -> str:
    return str(content_plan["missing"][0]["parts"][part]["url"])


def commit(project: Owned, content_plan: dict[str, Any]) -> Any:
    return project.post(f"/content/v1/plans/{content_plan['plan_id']}/commit", {})


def test_small_object_is_one_part(guestbook: Owned) -> None:
    missing = plan(guestbook, SMALL)["missing"][0]
    assert (missing["mode"], missing["part_count"], missing["sha256"]) == ("single", 1, sha256(SMALL))
    part = missing["parts"][0]
    assert (part["part_number"], part["byte_start"], part["byte_end"]) == (1, 0, len(SMALL) - 1)


def test_large_object_comes_in_parts_and_is_put_together(http: Http, guestbook: Owned) -> None:
    missing = plan(guestbook, LARGE)["missing"][0]
    assert (missing["mode"], missing["part_count"]) == ("multipart", 3)
    guestbook.deploy({"big.bin": LARGE}, subdomains={"set": ["large"]})
    assert http.get(http.app("large", "/big.bin")).content == LARGE


def test_empty_object_is_an_object(http: Http, guestbook: Owned) -> None:
    guestbook.deploy({"empty.txt": b""}, subdomains={"set": ["empty"]})
    response = http.get(http.app("empty", "/empty.txt"))
    assert (response.status_code, response.content) == (200, b"")


def test_committed_bytes_are_not_asked_for_again(guestbook: Owned) -> None:
    guestbook.upload({"a": SMALL})
    again = plan(guestbook, SMALL)
    assert (again["missing"], again["entries"]) == ([], [{"sha256": sha256(SMALL), "missing": False}])


def test_another_project_has_to_bring_the_bytes_itself(guestbook: Owned, bob: Player) -> None:
    guestbook.upload({"a": SMALL})
    other = bob.project()
    assert [item["sha256"] for item in plan(other, SMALL)["missing"]] == [sha256(SMALL)]
    other.upload({"a": SMALL})


def test_upload_answers_with_an_etag_and_takes_no_credential(http: Http, guestbook: Owned) -> None:
    response = http.put(url_of(plan(guestbook, SMALL)), content=SMALL)
    assert (response.status_code, response.headers["ETag"]) == (200, f'"{sha256(SMALL)}"')


def test_checksum_header_is_checked(http: Http, guestbook: Owned) -> None:
    url = url_of(plan(guestbook, SMALL))
    right, wrong = (base64.b64encode(hashlib.sha256(data).digest()).decode() for data in (SMALL, b"x"))
    refused = http.put(url, content=SMALL, headers={"x-amz-checksum-sha256": wrong})
    assert (refused.status_code, refused.json()["code"]) == (400, "CONTENT_DIGEST_MISMATCH")
    assert http.put(url, content=SMALL, headers={"x-amz-checksum-sha256": right}).status_code == 200


def test_other_bytes_of_the_right_length_are_refused(http: Http, guestbook: Owned) -> None:
    response = http.put(url_of(plan(guestbook, SMALL)), content=SMALL[::-1])
    assert (response.status_code, response.json()["code"]) == (400, "CONTENT_DIGEST_MISMATCH")


@pytest.mark.parametrize("body", [SMALL[:-1], SMALL + b"x", b""])
def test_other_length_is_refused(http: Http, guestbook: Owned, body: bytes) -> None:
    response = http.put(url_of(plan(guestbook, SMALL)), content=body)
    assert (response.status_code, response.json()["code"]) == (400, "CONTENT_SIZE_MISMATCH")


def test_wrong_part_is_found_when_the_object_is_put_together(http: Http, guestbook: Owned) -> None:
    content_plan = plan(guestbook, LARGE)
    for number, part in enumerate(content_plan["missing"][0]["parts"]):
        piece = LARGE[part["byte_start"] : part["byte_end"] + 1]
        assert http.put(part["url"], content=piece[::-1] if number == 1 else piece).status_code == 200
    assert commit(guestbook, content_plan).json()["code"] == "CONTENT_DIGEST_MISMATCH"


@pytest.mark.parametrize(
    ("old", "new"), [("signature=", "signature=0"), ("expires=", "expires=9"), ("/1?", "/2?")]
)
def test_altered_address_is_denied(http: Http, guestbook: Owned, old: str, new: str) -> None:
    url = url_of(plan(guestbook, SMALL)).replace(old, new)
    assert http.put(url, content=SMALL).status_code == 403


def test_address_takes_the_same_bytes_again_but_no_others(http: Http, guestbook: Owned) -> None:
    url = url_of(plan(guestbook, LARGE))
    first, other = LARGE[:PART_BYTES], LARGE[:PART_BYTES][::-1]
    assert [http.put(url, content=body).status_code for body in (first, first, other)] == [200, 200, 403]


def test_address_is_dead_after_the_commit_and_after_an_hour(http: Http, guestbook: Owned) -> None:
    done = plan(guestbook, SMALL)
    assert http.put(url_of(done), content=SMALL).status_code == 200
    assert commit(guestbook, done).status_code == 200
    assert http.put(url_of(done), content=SMALL).status_code == 403
    late = plan(guestbook, LARGE)
    http.turn(do="clock", seconds=3700)
    assert http.put(url_of(late), content=LARGE[:PART_BYTES]).status_code == 403


def test_commit_before_the_bytes_says_what_is_missing(guestbook: Owned) -> None:
    response = commit(guestbook, plan(guestbook, SMALL))
    body = response.json()
    assert (response.status_code, body["code"], body["retryable"]) == (409, "CONTENT_UPLOAD_FAILED", True)
    assert body["details"] == {"sha256": sha256(SMALL), "missing_parts": [1]}


def test_commit_can_be_repeated(http: Http, guestbook: Owned) -> None:
    content_plan = plan(guestbook, SMALL)
    http.put(url_of(content_plan), content=SMALL)
    assert [commit(guestbook, content_plan).status_code for _ in range(2)] == [200, 200]


def test_plan_of_another_project_is_unknown(guestbook: Owned, bob: Player) -> None:
    response = commit(bob.project(), plan(guestbook, SMALL))
    assert (response.status_code, response.json()["code"]) == (404, "PLAN_NOT_FOUND")


@pytest.mark.parametrize(
    "content", [None, "x", [{}], [{"sha256": "AB", "size": 1}], [{"sha256": "a" * 64, "size": -1}]]
)
def test_malformed_announcement_is_refused(guestbook: Owned, content: object) -> None:
    assert guestbook.post("/content/v1/plans", {"content": content}).status_code == 400
