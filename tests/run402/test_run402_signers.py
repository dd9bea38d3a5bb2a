from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

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


def test_importing_the_client_does_not_import_the_signing_library() -> None:
    code = "import run402, sys; print(any(name.startswith('eth_account') for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
