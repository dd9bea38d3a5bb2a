"""Signing in. The expected bytes are the worked example of the contract (identity 2.4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from run402 import LocalSigner, siwx
from tests.run402.gateways import ALICE, ALICE_KEY, NOON, Gateway, decoded, ok

NONCE = "000102030405060708090a0b0c0d0e0f"
URL = "https://api.run402.com/tiers/v1/status"
NOON_UTC = datetime(2026, 5, 21, 12, tzinfo=UTC)

PUBLISHED_HEADER = (
    "eyJkb21haW4iOiJhcGkucnVuNDAyLmNvbSIsImFkZHJlc3MiOiIweGMwNmQ3MzE2MkU5QmZmYkNmQkYxREE1OUM1MTEwMDJBOEY5MTU1"
    "RTUiLCJzdGF0ZW1lbnQiOiJTaWduIGluIHRvIFJ1bjQwMiIsInVyaSI6Imh0dHBzOi8vYXBpLnJ1bjQwMi5jb20vdGllcnMvdjEvc3Rh"
    "dHVzIiwidmVyc2lvbiI6IjEiLCJjaGFpbklkIjoiZWlwMTU1Ojg0NTMyIiwidHlwZSI6ImVpcDE5MSIsIm5vbmNlIjoiMDAwMTAyMDMw"
    "NDA1MDYwNzA4MDkwYTBiMGMwZDBlMGYiLCJpc3N1ZWRBdCI6IjIwMjYtMDUtMjFUMTI6MDA6MDAuMDAwWiIsImV4cGlyYXRpb25UaW1l"
    "IjoiMjAyNi0wNS0yMVQxMjowNTowMC4wMDBaIiwic2lnbmF0dXJlIjoiMHhiZTViMTAyZjUxZDA1MWZhNzdkYWZmODcxMDRmYWYxMDFh"
    "ZWM3NjM0YWUyZDJiM2IwNjk2NGI5YmFkMzZlODA2M2MyYjcwMmU4YjY5OGM5NTQ3ZWY0NjhjNjNhZmVkZTAzNjEzYTczNTg3MGY2Mzk3"
    "ZjhiZjgxYTFiZWVmNzg2ZTFiIn0="
)


def alice() -> LocalSigner:
    return LocalSigner(ALICE_KEY)


def test_header_equals_the_published_example_byte_for_byte() -> None:
    assert siwx.header(alice(), URL, issued_at=NOON_UTC, nonce=NONCE) == PUBLISHED_HEADER


def test_signed_text_has_the_published_length_and_no_line_feed_at_its_end() -> None:
    text = siwx.message(siwx.proof(ALICE, URL, issued_at=NOON_UTC, nonce=NONCE))
    assert len(text) == 315
    assert text.endswith("Expiration Time: 2026-05-21T12:05:00.000Z")


def test_domain_has_no_port_and_the_uri_keeps_port_and_query() -> None:
    url = "http://127.0.0.1:8787/apply/v1/plans?dry_run=true"
    fields = siwx.proof(ALICE, url, issued_at=NOON_UTC, nonce=NONCE)
    assert (fields["domain"], fields["uri"]) == ("127.0.0.1", url)


def test_ipv6_host_keeps_its_brackets() -> None:
    fields = siwx.proof(ALICE, "http://[::1]:8787/x", issued_at=NOON_UTC, nonce=NONCE)
    assert fields["domain"] == "[::1]"


def test_timestamp_is_utc_with_three_digits_cut_not_rounded() -> None:
    paris = timezone(timedelta(hours=2))
    assert (
        siwx.timestamp(datetime(2026, 5, 21, 14, 0, 0, 999_999, tzinfo=paris)) == "2026-05-21T12:00:00.999Z"
    )


@pytest.mark.parametrize(
    "url", ["https://api.run402.com/a\nb", "https://api.run402.com/é", "https://a.example/a\rb"]
)
def test_url_that_would_bend_the_signed_text_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="characters that do not belong into a URL"):
        siwx.header(alice(), url, issued_at=NOON_UTC)


def test_every_request_has_its_own_nonce_and_is_dated_two_seconds_back() -> None:
    gateway = Gateway(ok({"tier": None}), ok({"tier": None}))
    client = gateway.client()
    client.tiers.status()
    client.tiers.status()
    proofs = [decoded(request.headers["SIGN-IN-WITH-X"]) for request in gateway.requests]
    assert [proof["issuedAt"] for proof in proofs] == ["2026-05-21T11:59:58.000Z"] * 2
    assert len({proof["nonce"] for proof in proofs}) == 2
    assert NOON_UTC.timestamp() == NOON


def test_proof_covers_the_path_with_its_query() -> None:
    gateway = Gateway(ok({"plan_id": None}))
    gateway.client().apply.plan({"project_id": "prj_1"}, dry_run=True)
    proof = decoded(gateway.last.headers["SIGN-IN-WITH-X"])
    assert proof["uri"] == "https://api.run402.com/apply/v1/plans?dry_run=true"


def test_client_without_signer_sends_no_proof() -> None:
    gateway = Gateway(ok({"tier": None}))
    gateway.client(signer=None).tiers.status()
    assert "SIGN-IN-WITH-X" not in gateway.last.headers
