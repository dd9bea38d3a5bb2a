"""From an answer to a typed error, whatever the answer is."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from run402 import errors
from run402.answers import Answer, api_error
from tests.run402.gateways import Gateway, ok

FROZEN = {
    "error": "Project is frozen.",
    "message": "Project is frozen.",
    "code": "PROJECT_FROZEN",
    "category": "lifecycle",
    "retryable": False,
    "safe_to_retry": True,
    "mutation_state": "none",
    "trace_id": "trc_01example",
    "details": {},
    "next_actions": [{"action": "renew_tier"}, {"action": "check_usage"}],
    "lifecycle_state": "frozen",
    "entered_state_at": "2026-05-01T00:00:00.000Z",
    "next_transition_at": "2026-05-31T00:00:00.000Z",
}


def error_of(status: int, body: Any = None, *, method: str = "POST", **headers: str) -> errors.ApiError:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return api_error(Answer(method, status, httpx.Headers(headers), content))


def test_canonical_envelope_is_read_whole() -> None:
    error = error_of(403, FROZEN)
    assert type(error) is errors.Unauthorized
    assert (error.code, error.category, error.retryable, error.safe_to_retry, error.mutation_state) == (
        "PROJECT_FROZEN", "lifecycle", False, True, "none",
    )  # fmt: skip
    assert (error.trace_id, error.status, error.body) == ("trc_01example", 403, FROZEN)


def test_envelope_goes_out_with_the_fields_nobody_knows() -> None:
    envelope = error_of(403, FROZEN).envelope()
    assert envelope["lifecycle_state"] == "frozen"
    assert {key: envelope[key] for key in FROZEN if key != "next_actions"} == {
        key: value for key, value in FROZEN.items() if key != "next_actions"
    }
    assert envelope["next_actions"] == [
        {"name": "renew_tier", "label": "renew tier", "raw": {"action": "renew_tier"}},
        {"name": "check_usage", "label": "check usage", "raw": {"action": "check_usage"}},
    ]


@pytest.mark.parametrize(
    ("item", "name", "label"),
    [
        ({"action": "renew_tier", "label": "Renew now"}, "renew_tier", "Renew now"),
        ({"type": "poll", "method": "GET", "path": "/x", "why": "Wait for it"}, "poll", "Wait for it"),
        ({"kind": "retry", "description": "Again"}, "retry", "Again"),
        ("contact_support", "contact_support", "contact support"),
        ({"path": "/x"}, "unknown", "unknown"),
        ({"action": 5, "name": "authenticate"}, "authenticate", "authenticate"),
        (None, "unknown", "unknown"),
    ],
)
def test_next_action_is_normalised_and_kept(item: Any, name: str, label: str) -> None:
    assert errors.action(item) == {"name": name, "label": label, "raw": item}


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, errors.ApiError, "API_ERROR"),
        (401, errors.Unauthorized, "UNAUTHORIZED"),
        (402, errors.PaymentRequired, "PAYMENT_REQUIRED"),
        (403, errors.Unauthorized, "UNAUTHORIZED"),
        (404, errors.NotFound, "NOT_FOUND"),
        (409, errors.Conflict, "CONFLICT"),
        (410, errors.NotFound, "NOT_FOUND"),
        (412, errors.Conflict, "CONFLICT"),
        (429, errors.RateLimited, "RATE_LIMITED"),
        (500, errors.ServerError, "INTERNAL_ERROR"),
        (501, errors.ServerError, "INTERNAL_ERROR"),
        (302, errors.ApiError, "API_ERROR"),
    ],
)
def test_status_alone_gives_the_type_and_a_code(status: int, kind: type[errors.ApiError], code: str) -> None:
    error = error_of(status, b"")
    assert (type(error), error.code) == (kind, code)
    assert error.message.endswith(".")


@pytest.mark.parametrize(
    ("status", "retryable"), [(400, False), (408, True), (425, True), (429, True), (500, True), (503, True)]
)
def test_status_decides_retryable_unless_the_body_does(status: int, retryable: bool) -> None:
    assert error_of(status, {}).retryable == retryable
    assert error_of(status, {"retryable": not retryable}).retryable == (not retryable)


def test_repeating_is_safe_for_reads_and_for_what_was_not_begun() -> None:
    assert error_of(500, {}, method="GET").safe_to_retry
    assert not error_of(500, {}, method="POST").safe_to_retry
    assert error_of(429, {}, method="POST").safe_to_retry


def test_server_error_of_a_mutation_leaves_the_state_unknown() -> None:
    states = [error_of(500, {}, method=method).mutation_state for method in ("GET", "POST")]
    assert states == ["none", "unknown"]
    assert error_of(500, {"mutation_state": "rolled_back"}).mutation_state == "rolled_back"


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"error": {"code": "MIGRATION_FAILED", "message": "No."}}, "MIGRATION_FAILED", "No."),
        ({"error": "No.", "code": "operation_not_found"}, "OPERATION_NOT_FOUND", "No."),
        ({"code": "PLAN_NOT_FOUND"}, "PLAN_NOT_FOUND", "The gateway answered with HTTP 400."),
        ({"error": "invalid_release_spec", "message": "No."}, "INVALID_RELEASE_SPEC", "No."),
        ({"error": "plain words here"}, "API_ERROR", "plain words here"),
        ([1, 2], "API_ERROR", "The gateway answered with HTTP 400."),
        ({"code": 7, "message": ["x"]}, "API_ERROR", "The gateway answered with HTTP 400."),
    ],
)
def test_every_form_of_an_error_body_is_understood(body: Any, code: str, message: str) -> None:
    error = error_of(400, body)
    assert (error.code, error.message) == (code, message)


def test_text_body_is_kept_and_previewed() -> None:
    error = error_of(502, b"<html>" + b"x" * 1000)
    assert error.body == "<html>" + "x" * 1000
    assert error.envelope()["body_preview"] == "<html>" + "x" * 494


def test_words_are_cut_to_what_a_list_can_hold_and_the_body_keeps_them() -> None:
    body = {"code": "C" * 500, "message": "m" * 5000, "trace_id": "t" * 500}
    error = error_of(400, body)
    assert (len(error.code), len(error.message), len(error.trace_id or "")) == (80, 2000, 80)
    assert error.body == body


def test_huge_error_body_is_cut() -> None:
    error = error_of(500, json.dumps({"message": "x" * 300_000}).encode())
    assert len(error.body) == 500


@pytest.mark.parametrize(
    ("body", "headers", "seconds"),
    [
        ({"retry_after": 3}, {}, 3.0),
        ({"retry_after_seconds": 1.5, "retry_after": 3}, {}, 1.5),
        ({}, {"retry-after": "7"}, 7.0),
        ({}, {"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT"}, None),
        ({"retry_after": -1}, {}, None),
        ({"retry_after": True}, {"retry-after": "-7"}, None),
    ],
)
def test_wait_is_read_from_body_or_header(body: Any, headers: dict[str, str], seconds: float | None) -> None:
    assert error_of(429, body, **headers).retry_after == seconds


def test_trace_id_comes_from_the_header_when_the_body_has_none() -> None:
    assert error_of(500, {}, **{"X-Run402-Request-Id": "req_1"}).trace_id == "req_1"


HOSTILE = [
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"{",
    b"\xff\xfe",
    b'{"plan_id": NaN}',
    b'{"plan_id": 1e999}',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"n": ' + b"9" * 10_000 + b"}",
    b'{"tier": "\\ud800", "warnings": 5, "missing_content": {"a": 1}}',
]


@pytest.mark.parametrize("content", HOSTILE)
@pytest.mark.parametrize("status", [200, 400, 402, 503])
def test_hostile_answer_raises_nothing_but_our_own_errors(status: int, content: bytes) -> None:
    gateway = Gateway(*[httpx.Response(status, content=content) for _ in range(6)])
    client = gateway.client()
    for call in (
        client.tiers.quote,
        client.tiers.status,
        lambda: client.apply.plan({}),
        lambda: client.apply.commit("plan_1"),
        lambda: client.releases.active(anon_key="anon"),
        lambda: client.projects.list_by_wallet("0xA"),
    ):
        try:
            call()
        except errors.Run402Error as error:
            json.dumps(error.envelope(), allow_nan=False).encode()


KEYS = st.sampled_from(
    [
        "error", "message", "code", "next_actions", "details", "retry_after", "plan_id", "operation_id", "status",
        "release_id", "urls", "warnings", "missing_content", "site", "sha256", "size", "tiers", "price", "trace_id",
    ]
) | st.text(max_size=5)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=12,
)


@settings(max_examples=150)
@given(body=JSON, status=st.sampled_from([200, 202, 400, 402, 409, 500]))
def test_any_json_gives_a_value_or_one_of_our_errors(body: Any, status: int) -> None:
    content = json.dumps(body).encode()
    gateway = Gateway(*[httpx.Response(status, content=content) for _ in range(4)])
    client = gateway.client(signer=None)
    for call in (
        client.tiers.quote,
        lambda: client.apply.plan({}),
        lambda: client.apply.operation("op_1", anon_key="anon"),
        lambda: client.releases.active(anon_key="anon"),
    ):
        try:
            call()
        except errors.Run402Error as error:
            json.dumps(error.envelope(), allow_nan=False)


def test_lone_surrogate_in_an_answer_can_be_stored_as_utf_8() -> None:
    status = (
        Gateway(httpx.Response(200, content=b'{"tier": "a\\ud800b", "active": true}')).client().tiers.status()
    )
    assert status.tier == "a?b"


def test_unreadable_answer_to_a_mutation_leaves_its_state_unknown() -> None:
    gateway = Gateway(ok({"project_id": "prj_1", "anon_key": "a"}), ok([]))
    client = gateway.client()
    with pytest.raises(errors.BadAnswer) as provisioned:
        client.projects.provision(name="Guestbook")
    with pytest.raises(errors.BadAnswer) as read:
        client.tiers.status()
    assert [provisioned.value.mutation_state, read.value.mutation_state] == ["unknown", "none"]
    assert provisioned.value.details == {"field": "service_key"}
