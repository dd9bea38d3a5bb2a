"""A chain of our own: anvil under Base Sepolia's id, with an EIP-3009 token where its USDC is."""

from __future__ import annotations

import subprocess
import time
from types import TracebackType
from typing import Any, Self

import httpx

from run402.x402 import TESTNET, USDC
from tests.conformance.kit import Kit, ScriptError
from tools.ports import free_ports

CHAIN_ID = 84532
TOKEN = USDC[TESTNET].address
MULTICALL = "0xcA11bde05977b3631167028862bE2a173976CA11"
# What several public repositories record of the USDC that is live on Base Sepolia.
LIVE_DOMAIN_SEPARATOR = "0x71f17a3b2ff373b803d70a5a07c046c1a2bc8e89c09ef722fcb047abe94c9818"
START_SECONDS = 10.0
# anvil's own accounts, published and worth nothing: whoever settles pays the gas with one of them
SETTLER_KEYS = (
    "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
)


def _word(value: str | int) -> str:
    return (value[2:].lower() if isinstance(value, str) else f"{value:x}").rjust(64, "0")


class Chain:
    """A running anvil. Use as a context manager; its process ends with it."""

    def __init__(self, kit: Kit) -> None:
        code = kit.run("token.mjs", {"contract": "TestUSDC"})
        port = free_ports(1)[0]
        anvil = kit.home / "node_modules" / "@foundry-rs" / "anvil-linux-amd64" / "bin" / "anvil"
        self.url = f"http://127.0.0.1:{port}"
        self._http = httpx.Client(trust_env=False, timeout=10)
        self._process = subprocess.Popen(
            [str(anvil), "--chain-id", str(CHAIN_ID), "--port", str(port), "--host", "127.0.0.1", "--silent"]
        )
        try:
            self._wait()
            self._place(code["token"], TOKEN)
            self._place(code["multicall"], MULTICALL)
        except BaseException:  # nothing that was started may stay behind
            self.stop()
            raise

    def rpc(self, method: str, *params: Any) -> Any:
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        answer = self._http.post(self.url, json=call).json()
        if "error" in answer:
            raise ScriptError(f"{method}: {answer['error']}")
        return answer["result"]

    def mint(self, address: str, micros: int) -> None:
        self._send(to=TOKEN, data="0x40c10f19" + _word(address) + _word(micros))

    def domain_separator(self) -> Any:
        return self.rpc("eth_call", {"to": TOKEN, "data": "0x3644e515"}, "latest")

    def receipt(self, transaction: str) -> Any:
        """Polled: a node may know a transaction before it knows its receipt."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if receipt := self.rpc("eth_getTransactionReceipt", transaction):
                return receipt
            time.sleep(0.01)
        raise ScriptError(f"no receipt for {transaction}")

    def move_time(self, seconds: int) -> None:
        self.rpc("evm_increaseTime", seconds)
        self.rpc("evm_mine")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._http.close()

    def _send(self, **transaction: str) -> Any:
        sender = self.rpc("eth_accounts")[0]
        receipt = self.receipt(self.rpc("eth_sendTransaction", {"from": sender, **transaction}))
        if receipt["status"] != "0x1":
            raise ScriptError(f"a transaction was reverted: {receipt}")
        return receipt

    def _place(self, creation_code: str, address: str) -> None:
        """Deploy, then copy the code to the address where others look for it."""
        made = self._send(data=creation_code)["contractAddress"]
        self.rpc("anvil_setCode", address, self.rpc("eth_getCode", made, "latest"))

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.rpc("eth_chainId")
            except httpx.TransportError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.01)
            else:
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
