from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from hypothesis import given, settings
from hypothesis import strategies as st

from run402 import LocalSigner, address_of, new_key
from run402.signers import CURVE_ORDER
from tests.run402.gateways import ALICE, ALICE_KEY


def test_address_is_the_published_one() -> None:
    assert address_of(ALICE_KEY) == ALICE


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        (b"", "exactly 32 bytes"),
        (ALICE_KEY + b"\0", "exactly 32 bytes"),
        (bytes(32), "outside the range"),
        (CURVE_ORDER.to_bytes(32), "outside the range"),
        (b"\xff" * 32, "outside the range"),
    ],
)
def test_what_is_no_private_key_is_refused_with_a_sentence(key: bytes, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        address_of(key)


def test_largest_scalar_is_a_key() -> None:
    assert address_of((CURVE_ORDER - 1).to_bytes(32)).startswith("0x")


def test_new_keys_are_valid_and_differ() -> None:
    keys = {new_key() for _ in range(20)}
    assert len(keys) == 20
    assert all(len(address_of(key)) == 42 for key in keys)


def test_signer_prints_its_address_and_nothing_of_its_key() -> None:
    signer = LocalSigner(ALICE_KEY)
    assert repr(signer) == f"LocalSigner({ALICE})"
    assert ALICE_KEY.hex() not in f"{signer} {signer!r}"


def test_signer_is_not_pickled() -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(LocalSigner(ALICE_KEY))


def test_without_the_curve_library_the_same_signatures_come_more_slowly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fast = LocalSigner(ALICE_KEY)
    monkeypatch.setitem(sys.modules, "coincurve", None)
    slow = LocalSigner(ALICE_KEY)
    assert (slow.address, slow.sign_message("hello")) == (fast.address, fast.sign_message("hello"))


words = st.text(st.characters(codec="utf-8"))
addresses = st.binary(min_size=20, max_size=20).map(lambda content: "0x" + content.hex())
members = st.one_of(
    st.tuples(st.just("string"), words),
    st.tuples(st.just("bytes"), st.binary()),
    st.tuples(st.just("bytes32"), st.binary(min_size=32, max_size=32)),
    st.tuples(st.just("bool"), st.booleans()),
    st.tuples(st.just("uint256"), st.integers(0, 2**256 - 1)),
    st.tuples(st.just("uint8"), st.integers(0, 255)),
    st.tuples(st.just("address"), addresses),
)
domains = st.fixed_dictionaries(
    {"name": words, "chainId": st.integers(0, 2**64)},
    optional={"version": words, "verifyingContract": addresses, "salt": st.binary(min_size=32, max_size=32)},
)


@settings(max_examples=60)
@given(st.text())
def test_text_is_signed_as_everybody_signs_it(text: str) -> None:
    expected = Account.sign_message(encode_defunct(text=text), ALICE_KEY).signature
    assert LocalSigner(ALICE_KEY).sign_message(text) == bytes(expected)


@settings(max_examples=60)
@given(domains, st.lists(members, min_size=1, max_size=6))
def test_structure_is_signed_as_everybody_signs_it(
    domain: dict[str, Any], values: list[tuple[str, Any]]
) -> None:
    types = {"Thing": [{"name": f"m{number}", "type": kind} for number, (kind, _) in enumerate(values)]}
    message = {f"m{number}": value for number, (_, value) in enumerate(values)}
    expected = Account.sign_typed_data(ALICE_KEY, domain, types, message).signature
    assert LocalSigner(ALICE_KEY).sign_typed_data(domain, types, message) == bytes(expected)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("uint8", 256),
        ("uint256", -1),
        ("uint256", True),
        ("uint256", "1"),
        ("uint7", 1),
        ("bytes32", b"x"),
        ("bytes33", b"x"),
        ("address", "0x00"),
        ("bool", 1),
        ("string", 5),
        ("bytes", "text"),
        ("Person", {}),
        ("uint256[]", [1]),
    ],
)
def test_what_does_not_fit_its_type_is_not_signed(kind: str, value: Any) -> None:
    types = {"Thing": [{"name": "m", "type": kind}]}
    with pytest.raises(ValueError, match=r"\.$"):
        LocalSigner(ALICE_KEY).sign_typed_data({"name": "x"}, types, {"m": value})


@pytest.mark.parametrize(
    ("domain", "message"),
    [({"nmae": "x"}, {"m": 1}), ({"name": []}, {"m": 1}), ({}, {}), ({}, {"m": 1, "n": 2})],
)
def test_member_too_many_or_too_few_is_not_signed(domain: dict[str, Any], message: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        LocalSigner(ALICE_KEY).sign_typed_data(domain, {"T": [{"name": "m", "type": "uint8"}]}, message)


def test_importing_the_client_does_not_import_the_signing_library() -> None:
    code = "import run402, sys; print(any(name.startswith('eth_account') for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
