"""Charges of MPP: read from challenges, and held against the policy."""

from __future__ import annotations

from typing import Any

import pytest

from run402 import errors, mpp
from tests.run402.tempo import ALICE, BOB, NOW, REQUEST, SIGNED, challenge, encoded


def test_challenges_are_read_from_between_others() -> None:
    header = f'Basic realm="a, Payment b", {challenge()}, Bearer, {challenge(description="x, y")}'
    charges = mpp.parse_charges([header, challenge()])
    assert [charge.parameters.get("description") for charge in charges] == [None, "x, y", None]
    assert [charge.amount_micros for charge in charges] == [100_000] * 3
    assert charges[0].text == challenge()


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Payment",
        'Payment request="',
        'Payment request="!!"',
        f'Payment request="{encoded([])}"',
        challenge() + ', request="' + encoded(REQUEST | {"amount": "1"}) + '"',
        "Payment " + "a" * 20_000,
    ],
)
def test_challenge_that_cannot_be_read_or_read_in_two_ways_is_none(header: str) -> None:
    assert mpp.parse_charges([header]) == ()


def test_sound_charge_is_chosen() -> None:
    (charge,) = mpp.parse_charges([challenge()])
    assert mpp.CapPolicy(100_000).choose([charge], now=NOW) == charge
    assert (
        mpp.CapPolicy(100_000, recipients=frozenset({BOB.upper().replace("0X", "0x")})).objections(charge)
        == []
    )


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"amount": "100001"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": 100}, "amount"),
        ({"amount": "1e3"}, "amount"),
        ({"currency": ALICE}, "currency"),
        ({"recipient": "0x1"}, "recipient"),
        ({"methodDetails": {"chainId": 4217}}, "chainId"),
        ({"methodDetails": {}}, "chainId"),
        ({"methodDetails": {"chainId": mpp.CHAIN_ID, "splits": [{}]}}, "splits"),
        ({"methodDetails": {"chainId": mpp.CHAIN_ID, "feePayer": True}}, "feePayer"),
        ({"methodDetails": {"chainId": mpp.CHAIN_ID, "memo": "0x1"}}, "memo"),
    ],
)
def test_charge_that_differs_in_one_thing_is_refused_by_its_name(
    changed: dict[str, Any], reason: str
) -> None:
    charges = mpp.parse_charges([challenge({**REQUEST, **changed})])
    with pytest.raises(errors.PaymentRefused) as raised:
        mpp.CapPolicy(100_000).choose(charges, now=NOW)
    assert raised.value.details["reasons"] == [f"tempo: {reason}"]


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"method": "stripe"}, "stripe: method"),
        ({"intent": "session"}, "tempo: intent"),
        ({"expires": "2027-01-15T08:00:00Z"}, "tempo: expires"),
        ({"expires": "2027-01-15T08:00:30"}, "tempo: expires"),
        ({"expires": ""}, "tempo: expires"),
        ({"header": "Cookie"}, "tempo: header"),
    ],
)
def test_challenge_of_another_kind_is_refused(parameters: dict[str, str], reason: str) -> None:
    with pytest.raises(errors.PaymentRefused) as raised:
        mpp.CapPolicy(100_000).choose(mpp.parse_charges([challenge(**parameters)]), now=NOW)
    assert raised.value.details["reasons"] == [reason]


def test_signed_charge_survives_storing_and_hides_its_credential() -> None:
    assert mpp.SignedCharge.from_json(SIGNED.to_json()) == SIGNED
    assert "secret" not in repr(SIGNED)
    for text in ("{}", "[]", "1"):
        with pytest.raises(ValueError, match="not a stored payment"):
            mpp.SignedCharge.from_json(text)
