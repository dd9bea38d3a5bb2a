"""The rail: Tempo's test network Moderato, its token pathUSD, its faucet (contract: identity 3.1 and 4.1).

Plain JSON-RPC, without credentials. An answer that is missing, malformed or from another chain counts as no answer.
"""

from __future__ import annotations

import re
import time
from types import TracebackType
from typing import Any, Self

import httpx

from run402 import errors
from run402.generations import SHARED
from run402.reading import MAX_INTEGER, Document
from run402.wire import Wire, json_call

CHAIN_ID = 42431
RPC_URL = "https://rpc.moderato.tempo.xyz"
PATH_USD = "0x20c0000000000000000000000000000000000000"
DECIMALS = 6  # so a micro is a unit

ATTO_PER_MICRO = 10**12  # gas prices are in 10^-18 dollars
RPC_SECONDS = 10.0
BALANCE_OF = "0x70a08231"
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_WORD = re.compile(r"0x[0-9a-fA-F]{64}")
_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,16}")


class Tempo:
    """Moderato, read through one JSON-RPC provider. ``transport`` replaces the network, for tests.

    >>> with Tempo() as chain:
    ...     chain.balance("0x00")
    Traceback (most recent call last):
    ValueError: An address is 0x and 40 hexadecimal digits.
    """

    def __init__(self, rpc_url: str = RPC_URL, *, transport: httpx.BaseTransport | None = None) -> None:
        self.rpc_url = rpc_url
        self._chain_checked = False
        self._wire = Wire(
            rpc_url,
            signer=None,
            transport=transport,
            timeout=RPC_SECONDS,
            on_exchange=None,
            clock=time.time,
            dialect="cloud",
            memory=SHARED,
        )

    def fund(self, address: str) -> tuple[str, ...]:
        """Ask the faucet for test money; the hashes of its transactions, which land a moment later.

        Raises Run402Error ``FAUCET_FAILED`` with the faucet's own sentence, or TransportError.
        """
        answer = self._ask("tempo_fundAddress", _checked(address))
        result = answer.get("result")
        if not isinstance(result, list) or not all(isinstance(item, str) for item in result):
            raise _faucet_failed(answer)
        return tuple(result)

    def balance(self, address: str) -> int:
        """pathUSD of ``address`` in micros. Raises BalanceUnknown: what could not be read is never zero."""
        data = BALANCE_OF + _checked(address)[2:].lower().rjust(64, "0")
        result = self._read("eth_call", {"to": PATH_USD, "data": data}, "latest")
        if not isinstance(result, str) or not _WORD.fullmatch(result) or int(result, 16) > MAX_INTEGER:
            raise _unknown("the provider's answer is no balance")
        return int(result, 16)

    def landed(self, transaction_hash: str, *, valid_before: int) -> bool | None:
        """Whether a transfer was made; None while that is open.

        False is final: the transaction was reverted, or a block as late as ``valid_before`` (unix time, from
        which it cannot be included any more) exists and it is in none. Raises BalanceUnknown.
        """
        # The time comes first: a transfer included after it was read would be in the receipt that is read next.
        late = self._latest_time() >= valid_before
        receipt = self._read("eth_getTransactionReceipt", transaction_hash)
        if isinstance(receipt, dict) and receipt.get("status") in ("0x0", "0x1"):
            return bool(receipt["status"] == "0x1")
        if receipt is not None:
            raise _unknown("the provider's answer is no receipt")
        return False if late else None

    def fee(self, transaction_hash: str) -> int | None:
        """What the network took for a transaction, in micros, rounded up; None while it is in no block.

        Raises BalanceUnknown.
        """
        receipt = self._read("eth_getTransactionReceipt", transaction_hash)
        if not isinstance(receipt, dict):
            return None
        attos = _quantity(receipt.get("gasUsed")) * _quantity(receipt.get("effectiveGasPrice"))
        return -(-attos // ATTO_PER_MICRO)

    def close(self) -> None:
        """Close the connections. The chain cannot be read afterwards."""
        self._wire.close()

    def _latest_time(self) -> int:
        block = self._read("eth_getBlockByNumber", "latest", False)
        stamp = block.get("timestamp") if isinstance(block, dict) else None
        return _quantity(stamp)

    def _read(self, method: str, *params: Any) -> Any:
        """The result of a call to the right chain. Raises BalanceUnknown for everything else."""
        if not self._chain_checked:
            if _quantity(self._result("eth_chainId")) != CHAIN_ID:
                raise _unknown("the provider serves another chain")
            self._chain_checked = True
        return self._result(method, *params)

    def _result(self, method: str, *params: Any) -> Any:
        try:
            answer = self._ask(method, *params)
        except errors.Run402Error as error:
            raise _unknown(f"the provider did not answer {method} ({error.code})") from error
        if "result" not in answer or answer.get("error"):
            raise _unknown(f"the provider refused {method}")
        return answer["result"]

    def _ask(self, method: str, *params: Any) -> Document:
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        return self._wire.read(json_call("POST", "", call), lambda document: document)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Tempo({CHAIN_ID})"  # the address of a provider is often an access key


def is_address(value: Any) -> bool:
    return isinstance(value, str) and _ADDRESS.fullmatch(value) is not None


def _checked(address: str) -> str:
    if not is_address(address):
        raise ValueError("An address is 0x and 40 hexadecimal digits.")
    return address


def _quantity(value: Any) -> int:
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise _unknown("the provider's answer is no number")
    return int(value, 16)


def _unknown(reason: str) -> errors.BalanceUnknown:
    return errors.BalanceUnknown(
        "Tempo could not be read, so nothing is known.",
        retryable=True,
        safe_to_retry=True,
        details={"chain_id": CHAIN_ID, "reasons": [reason]},
    )


def _faucet_failed(answer: Document) -> errors.Run402Error:
    told = answer.get("error")
    said = told.get("message") if isinstance(told, dict) else None
    return errors.Run402Error(
        str(said)[:500] if said else "The faucet gave no transactions.",
        code="FAUCET_FAILED",
        category="faucet",
        details={"rail": "mpp"},
        body=answer,
    )
