"""Answers that break on the way, over real sockets; credentials and redirects; when to send again."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from run402 import Client, LocalSigner, errors, x402
from run402.x402.outcome import after_failure
from tests.run402.gateways import ALICE_KEY, Gateway, ok

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def raw(*answers: bytes, pause: float = 0.0) -> Iterator[tuple[str, list[bytes]]]:
    """A server that sends these very bytes, one connection each, and closes; with what it was sent."""
    got: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(5)

    def serve() -> None:
        for answer in answers:
            connection, _ = listener.accept()
            with connection, suppress(OSError):  # a client that gave up has closed its end
                got.append(connection.recv(65536))
                for piece in answer.split(b"|"):
                    connection.sendall(piece)
                    time.sleep(pause)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", got
    finally:
        thread.join()
        listener.close()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"", errors.NetworkError),
        (b"HTTP/1.1 200 OK\r\n", errors.NetworkError),
        (b"nonsense\r\n\r\n", errors.NetworkError),
        (OK + b"Content-Length: 50\r\n\r\n{}", errors.NetworkError),
        (OK + b'Content-Length: 5\r\n\r\n{"a": 1}', errors.BadAnswer),
        (OK + b"Content-Length: x\r\n\r\n{}", errors.NetworkError),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}", errors.NetworkError),
        (OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", errors.BadAnswer),
        (OK + b"Content-Length: 0\r\n\r\n", errors.BadAnswer),
    ],
)
def test_cut_or_wrong_length_answer_is_a_typed_error(answer: bytes, kind: type[errors.Run402Error]) -> None:
    with raw(answer) as (url, _), Client(url) as client, pytest.raises(kind) as caught:
        client.tiers.quote()
    assert caught.value.mutation_state == "none"


def test_cut_answer_to_a_mutation_leaves_its_state_unknown() -> None:
    answer = OK + b"Content-Length: 50\r\n\r\n{}"
    with raw(answer) as (url, _), Client(url) as client, pytest.raises(errors.NetworkError) as caught:
        client.projects.provision(name="Guestbook")
    assert (caught.value.mutation_state, errors.may_retry(caught.value, mutation=True)) == ("unknown", False)


def test_slow_answer_arrives_when_it_keeps_coming_and_is_given_up_when_it_does_not() -> None:
    pieces = OK + b'Content-Length: 13\r\n\r\n|{"tier|s": |{}}'
    with raw(pieces, pause=0.05) as (url, _), Client(url, timeout=1.0) as client:
        assert client.tiers.quote().tiers == ()
    with (
        raw(pieces, pause=0.4) as (url, _),
        Client(url, timeout=0.1) as client,
        pytest.raises(errors.TimedOut),
    ):
        client.tiers.quote()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_credential_follows_a_redirect(status: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0.05)
        address = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/"
        answer = f"HTTP/1.1 {status} Moved\r\nLocation: {address}\r\nContent-Length: 0\r\n\r\n".encode()
        got = redirected(answer)
        with pytest.raises(TimeoutError):
            elsewhere.accept()
    assert [name in got for name in (b"sign-in-with-x", b"apikey", b"bearer")] == [True] * 3


def redirected(answer: bytes) -> bytes:
    """What a gateway was sent that answers a call of each credential with ``answer``, which must be an error."""
    calls: tuple[Callable[[Client], object], ...] = (
        lambda client: client.tiers.status(),
        lambda client: client.releases.active(anon_key="anon-key"),
        lambda client: client.projects.usage("prj_1", service_key="service-key"),
    )
    with raw(answer, answer, answer) as (url, got):
        for call in calls:
            client = Client(url, signer=LocalSigner(ALICE_KEY))
            with client, pytest.raises(errors.ApiError, match="redirects are not followed"):
                call(client)
    return b"".join(got).lower()


@pytest.mark.parametrize(
    ("error", "read", "mutation"),
    [
        (errors.NetworkError("x", retryable=True, safe_to_retry=True), True, True),
        (errors.NetworkError("x", retryable=True, safe_to_retry=False), True, False),
        (errors.ServerError("x", retryable=True, safe_to_retry=False), True, False),
        (errors.ServerError("x", retryable=False, safe_to_retry=True), False, False),
        (errors.BadAnswer("x"), False, False),
        (errors.Conflict("x", safe_to_retry=True), False, False),
    ],
)
def test_mutation_is_sent_again_only_when_that_is_safe(
    error: errors.Run402Error, read: bool, mutation: bool
) -> None:
    assert (errors.may_retry(error, mutation=False), errors.may_retry(error, mutation=True)) == (
        read,
        mutation,
    )


@pytest.mark.parametrize(
    ("status", "body", "again"),
    [
        (503, {}, True),
        (503, {"retryable": False}, False),
        (429, {}, True),
        (408, {}, True),
        (425, {}, True),
        (400, {}, False),
        (400, {"retryable": True}, True),
    ],
)
def test_read_follows_the_generic_rule(status: int, body: dict[str, bool], again: bool) -> None:
    with pytest.raises(errors.ApiError) as caught:
        Gateway(ok(body, status=status)).client().tiers.quote()
    assert errors.may_retry(caught.value, mutation=False) is again


def test_envelope_is_read_in_both_spellings() -> None:
    body = {
        "code": "LEASE_OVER", "message": "Over.", "safeToRetry": True, "mutationState": "none", "traceId": "t",
        "nextActions": [{"type": "renew_tier", "why": "The lease is over."}],
    }  # fmt: skip
    with pytest.raises(errors.ApiError) as caught:
        Gateway(ok(body, status=500)).client().projects.provision(name="x")
    error = caught.value
    assert (error.safe_to_retry, error.mutation_state, error.trace_id) == (True, "none", "t")
    assert [(item["name"], item["label"]) for item in error.next_actions] == [
        ("renew_tier", "The lease is over.")
    ]


@pytest.mark.parametrize(
    ("body", "code", "details"),
    [
        ({"code": "42P01", "details": None, "hint": None, "message": "No table."}, "42P01", {}),
        ({"code": "PGRST116", "details": "0 rows", "hint": None, "message": "None."}, "PGRST116", {"text": "0 rows"}),
    ],
)  # fmt: skip
def test_error_that_postgrest_passes_on_keeps_its_words(
    body: dict[str, object], code: str, details: dict[str, str]
) -> None:
    with pytest.raises(errors.ApiError) as caught:
        Gateway(ok(body, status=400)).client().tiers.quote()
    error = caught.value
    assert (error.code, error.category, error.details, error.body) == (code, "database", details, body)


PAYMENT = x402.SignedPayment("secret", "0x00", 1, 0, 1, "eip155:84532", "0xA", "0xB", "0xC", {})


@pytest.mark.parametrize(
    ("held", "status", "code", "receipt", "outcome"),
    [
        (None, 402, "PAYMENT_REQUIRED", None, "rejected"),
        (None, 402, "INSUFFICIENT_FUNDS", None, "rejected"),
        (None, 402, "PROJECT_FROZEN", None, "unknown"),
        (None, 402, "PROJECT_FROZEN", {"success": False}, "rejected"),
        (None, 402, "PAYMENT_REQUIRED", {"success": True}, "unknown"),
        (None, 500, "PAYMENT_REQUIRED", None, "unknown"),
        (None, None, "NETWORK_ERROR", None, "unknown"),
        (PAYMENT, 402, "PAYMENT_REQUIRED", None, "unknown"),
        (PAYMENT, 402, "PAYMENT_REQUIRED", {"success": False}, "unknown"),
    ],
)
def test_outcome_of_a_failed_payment_is_decided_in_one_place(
    held: x402.SignedPayment | None,
    status: int | None,
    code: str,
    receipt: dict[str, bool] | None,
    outcome: str,
) -> None:
    assert after_failure(held=held, status=status, code=code, receipt=receipt) == outcome


def test_success_and_failure_give_the_same_settlement() -> None:
    paid = x402.Paid("value", "settled", PAYMENT, {"success": True})
    failed = errors.PaymentUnsettled(
        outcome="unknown", payment=PAYMENT, receipt=None, cause=errors.NetworkError("x")
    )
    assert paid.settlement == x402.Settlement("settled", PAYMENT, {"success": True})
    assert failed.settlement == x402.Settlement("unknown", PAYMENT, None)
    assert [paid.settlement.final, failed.settlement.final] == [True, False]
