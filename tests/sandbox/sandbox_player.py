"""A wallet that signs for itself and talks to a sandbox, written from the contract and from nobody's client."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount

from tests.sandbox.sandbox_http import Http

USDC = "0x036CbD53842c5426634e7929541eC2318f3dCF7e"
MAINNET_USDC = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"
_TRANSFER = {
    "TransferWithAuthorization": [
        {"name": "from", "type": "address"},
        {"name": "to", "type": "address"},
        {"name": "value", "type": "uint256"},
        {"name": "validAfter", "type": "uint256"},
        {"name": "validBefore", "type": "uint256"},
        {"name": "nonce", "type": "bytes32"},
    ]
}
_DOMAINS = {USDC: ("USDC", 84532), MAINNET_USDC: ("USD Coin", 8453)}


def b64(value: Any) -> str:
    return base64.b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()


def unb64(text: str) -> Any:
    return json.loads(base64.b64decode(text))


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def siwx_text(fields: Mapping[str, Any]) -> str:
    chain = str(fields["chainId"]).removeprefix("eip155:")
    return (
        f"{fields['domain']} wants you to sign in with your Ethereum account:\n{fields['address']}\n\n"
        f"{fields['statement']}\n\nURI: {fields['uri']}\nVersion: {fields['version']}\nChain ID: {chain}\n"
        f"Nonce: {fields['nonce']}\nIssued At: {fields['issuedAt']}\nExpiration Time: {fields['expirationTime']}"
    )


class Player:
    """One wallet at one sandbox."""

    def __init__(self, http: Http) -> None:
        self.http = http
        self.host = http.origin
        self.account: LocalAccount = Account.create()

    @property
    def address(self) -> str:
        return str(self.account.address)

    def proof(self, path: str, **changes: Any) -> str:
        """A SIGN-IN-WITH-X header; `changes` are signed, `signature` replaces the result."""
        now = time.time() - 2
        fields: dict[str, Any] = {
            "domain": urlsplit(self.host).hostname,
            "address": self.address,
            "statement": "Sign in to Run402",
            "uri": self.host + path,
            "version": "1",
            "chainId": "eip155:84532",
            "type": "eip191",
            "nonce": secrets.token_hex(16),
            "issuedAt": iso(now),
            "expirationTime": iso(now + 300),
            **changes,
        }
        signed = self.account.sign_message(encode_defunct(text=siwx_text(fields)))
        return b64({**fields, "signature": changes.get("signature", f"0x{signed.signature.hex()}")})

    def pay(self, accepted: Mapping[str, Any], **changes: Any) -> str:
        """A PAYMENT-SIGNATURE header for one of the offered requirements; `changes` are signed."""
        now = int(time.time())
        authorization = {
            "from": self.address,
            "to": accepted["payTo"],
            "value": int(accepted["amount"]),
            "validAfter": now - 600,
            "validBefore": now + int(accepted["maxTimeoutSeconds"]),
            "nonce": f"0x{secrets.token_hex(32)}",
            **changes,
        }
        name, chain = _DOMAINS[accepted["asset"]]
        domain = {"name": name, "version": "2", "chainId": chain, "verifyingContract": accepted["asset"]}
        signed = self.account.sign_typed_data(domain, _TRANSFER, authorization)
        body = {
            "authorization": {name: str(value) for name, value in authorization.items()},
            "signature": f"0x{signed.signature.hex()}",
        }
        return b64({"x402Version": 2, "payload": body, "accepted": dict(accepted)})

    def ask(self, method: str, path: str, *, key: str | None = None, **arguments: Any) -> httpx.Response:
        """A signed-in request; `key` is an Idempotency-Key."""
        headers = {"SIGN-IN-WITH-X": self.proof(path.split("?")[0]), **arguments.pop("headers", {})}
        if key:
            headers["Idempotency-Key"] = key
        return self.http.request(method, self.host + path, headers=headers, **arguments)

    def draw(self) -> httpx.Response:
        return self.http.request("POST", f"{self.host}/faucet/v1", json={"address": self.address})

    def challenge(self, tier: str = "prototype") -> dict[str, Any]:
        response = self.ask("POST", f"/tiers/v1/{tier}", json={})
        assert response.status_code == 402
        return dict(unb64(response.headers["PAYMENT-REQUIRED"]))

    def sepolia(self, tier: str = "prototype") -> dict[str, Any]:
        """The offered requirement on the test network."""
        return dict(self.challenge(tier)["accepts"][1])

    def buy(
        self, tier: str = "prototype", *, header: str | None = None, key: str | None = None
    ) -> httpx.Response:
        payment = header or self.pay(self.sepolia(tier))
        return self.ask("POST", f"/tiers/v1/{tier}", json={}, headers={"PAYMENT-SIGNATURE": payment}, key=key)

    def balance(self) -> int:
        data = f"0x70a08231{self.address[2:].lower():0>64}"
        call = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "eth_call",
            "params": [{"to": USDC, "data": data}, "latest"],
        }
        return int(self.http.request("POST", f"{self.host}/rpc", json=call).json()["result"], 16)

    def settle_in(self) -> None:
        """Money from the faucet and the smallest tier."""
        assert self.draw().status_code == 200
        assert self.buy().status_code == 200

    def project(self, name: str = "guestbook") -> Owned:
        body = self.ask("POST", "/projects/v1", json={"name": name}).json()
        return Owned(self, body["project_id"], body["anon_key"], body["service_key"])


class Owned:
    """A project of a player, with its keys."""

    def __init__(self, player: Player, project_id: str, anon_key: str, service_key: str) -> None:
        self.player = player
        self.id = project_id
        self.anon_key = anon_key
        self.service_key = service_key

    def read(self, path: str) -> httpx.Response:
        return self.player.http.request("GET", self.player.host + path, headers={"apikey": self.anon_key})

    def post(self, path: str, body: Any) -> httpx.Response:
        headers = {"apikey": self.anon_key}
        return self.player.http.request("POST", self.player.host + path, json=body, headers=headers)

    def serviced(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.service_key}"}
        return self.player.http.request(method, self.player.host + path, headers=headers, **arguments)

    def plan(
        self, spec: Mapping[str, Any], *, dry_run: bool = False, key: str | None = None
    ) -> httpx.Response:
        body = {"spec": {"project_id": self.id, **spec}, **({"idempotency_key": key} if key else {})}
        query = "?dry_run=true" if dry_run else ""
        return self.player.ask("POST", f"/apply/v1/plans{query}", json=body)

    def upload(self, files: Mapping[str, bytes]) -> None:
        items = [{"sha256": sha256(data), "size": len(data)} for data in files.values()]
        plan = self.post("/content/v1/plans", {"content": items}).json()
        contents = {sha256(data): data for data in files.values()}
        for missing in plan["missing"]:
            for part in missing["parts"]:
                piece = contents[missing["sha256"]][part["byte_start"] : part["byte_end"] + 1]
                assert self.player.http.request("PUT", part["url"], content=piece).status_code == 200
        assert self.post(f"/content/v1/plans/{plan['plan_id']}/commit", {}).status_code == 200

    def commit(self, plan_id: str) -> httpx.Response:
        return self.player.ask("POST", f"/apply/v1/plans/{plan_id}/commit", json={})

    def operation(self, operation_id: str) -> dict[str, Any]:
        return dict(self.read(f"/apply/v1/operations/{operation_id}").json())

    def wait(self, operation_id: str, *statuses: str) -> dict[str, Any]:
        """Poll until the operation has one of the statuses ('ready' if none are named)."""
        wanted = statuses or ("ready",)
        deadline = time.monotonic() + 60
        while (operation := self.operation(operation_id))["status"] not in wanted:
            assert time.monotonic() < deadline, operation
            time.sleep(0.01)
        return operation

    def deploy(self, files: Mapping[str, bytes], **spec: Any) -> dict[str, Any]:
        """Plan, upload what is missing, commit, wait: the finished operation."""
        plan = self.plan({"site": {"replace": refs(files)}, **spec})
        assert plan.status_code == 200, plan.text
        self.upload(files)
        committed = self.commit(plan.json()["plan_id"])
        assert committed.status_code == 200, committed.text
        return self.wait(committed.json()["operation_id"])


def refs(files: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    return {path: {"sha256": sha256(data), "size": len(data)} for path, data in files.items()}
