"""The comparison itself: it finds what differs, and lets pass what differs between any two runs."""

from __future__ import annotations

import json

import pytest

from tests.conformance import table
from tests.conformance.differences import _polled_once, differences
from tests.conformance.matching import identifier, mismatch, some
from tests.conformance.plain import Plain, Plainer
from tests.conformance.proxy import Recorded

WALLET = "0xc06d73162E9BffbCfBF1DA59C511002A8F9155E5"
GATEWAY = "http://127.0.0.1:8402"


def recorded(
    target: str, headers: dict[str, str] | None = None, body: object = None, method: str = "POST"
) -> Recorded:
    content = b"" if body is None else json.dumps(body).encode()
    return Recorded(method, target, headers or {}, content, 200, b"")


def plain(*requests: Recorded) -> list[Plain]:
    return Plainer(WALLET, GATEWAY).requests("first apply", requests)


def test_ids_are_named_by_the_step_in_which_they_first_appear() -> None:
    plainer = Plainer(WALLET, GATEWAY)
    (one,) = plainer.requests("first apply", [recorded("/x/rel_1a2b/rel_3c4d", body={"id": "rel_3c4d"})])
    (two,) = plainer.requests("promote", [recorded("/x/rel_1a2b/rel_5e6f")])
    assert (one.target, one.body) == ("/x/{rel}/{rel 2}", {"id": "{rel 2}"})
    assert two.target == "/x/{rel of first apply}/{rel}"


def test_same_requests_under_other_ids_do_not_differ() -> None:
    left = plain(recorded("/plans/plan_aa", {"apikey": "anon_" + "a" * 30}))
    right = plain(recorded("/plans/plan_bb", {"apikey": "anon_" + "b" * 30, "user-agent": "other"}))
    assert list(differences(left, right)) == []


def test_service_key_in_place_of_the_anon_key_is_found() -> None:
    left = plain(recorded("/x", {"apikey": "anon_" + "a" * 30}))
    right = plain(recorded("/x", {"apikey": "service_" + "a" * 30}))
    assert list(differences(left, right)) == [
        ("POST /x", "header apikey: the SDK has '{anon key}', our client '{service key}'")
    ]


@pytest.mark.parametrize(
    ("body", "difference"),
    [
        ({"a": {"b": 2}}, "body.a.b: the SDK has '1', our client '2'"),
        ({"a": {}}, "body.a.b: only the SDK"),
        ({"a": {"b": 1, "c": None}}, "body.a.c: only our client"),
    ],
)
def test_deepest_place_where_bodies_part_is_named(body: object, difference: str) -> None:
    left, right = plain(recorded("/x", body={"a": {"b": 1}})), plain(recorded("/x", body=body))
    assert list(differences(left, right)) == [("POST /x", difference)]


def test_request_that_only_one_side_sends_is_found() -> None:
    left = plain(recorded("/a", method="GET"), recorded("/b"))
    right = plain(recorded("/b"), recorded("/c"))
    assert list(differences(left, right)) == [
        ("GET /a", "request: only the SDK"),
        ("POST /c", "request: only our client"),
    ]


def test_repeated_reads_count_once_and_repeated_writes_do_not() -> None:
    reads = plain(*[recorded("/operations/op_1", method="GET")] * 3)
    writes = plain(*[recorded("/tiers/v1/hobby")] * 2)
    assert (len(_polled_once(reads)), len(_polled_once(writes))) == (1, 2)


def test_expectation_names_the_place_that_is_otherwise() -> None:
    expected = {"release_id": identifier("rel"), "paths": some({"path": "index.html"})}
    assert mismatch(expected, {"release_id": "rel_1", "paths": [{"path": "index.html"}], "more": 1}) is None
    assert mismatch(expected, {"release_id": "op_1", "paths": []}) == "$.release_id is 'op_1'"


def test_every_row_of_the_tables_can_be_read() -> None:
    assert len(table.explained()) >= 1
    assert len(table.justified()) >= 1
