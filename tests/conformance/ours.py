"""Our client as a driver of the scenario: the same steps that js/sdk.mjs makes the official SDK do."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from run402 import Client, LocalSigner, errors, x402
from run402.resources.content import ContentItem
from run402.spec import ContentRef, ReleaseSpec, parse

Args = dict[str, Any]
FOLLOW_SECONDS = 30.0
MOST_MICROS = 1_000_000  # what the official SDK pays at most by default


class Ours:
    """Keys of the project that was made stay here, as the SDK keeps them in its key store."""

    def __init__(self, url: str, signer: LocalSigner, rpc_url: str) -> None:
        self.client = Client(url, signer=signer, rpc_urls=[rpc_url])
        self.address = signer.address
        self.project = self.anon = self.service = ""

    def do(self, step: str, args: Args) -> Args:
        """`{"value": ...}` or `{"error": {"code": ...}}`, as the other driver answers."""
        try:
            return {"value": self.steps()[step](args)}
        except errors.Run402Error as error:
            return {
                "error": {
                    "name": type(error).__name__,
                    "code": error.code,
                    "message": str(error),
                    "status": error.status,
                }
            }

    def steps(self) -> dict[str, Callable[[Args], Any]]:
        client = self.client
        return {
            "quote": lambda args: client.tiers.quote().raw,
            "tier_status": lambda args: client.tiers.status().raw,
            "faucet": self._faucet,
            "tier_set": self._tier_set,
            "provision": self._provision,
            "projects": lambda args: {
                "projects": [row.raw for row in client.projects.list_by_wallet(self.address)]
            },
            "usage": lambda args: client.projects.usage(self.project, service_key=self.service).raw,
            "plan": lambda args: client.apply.plan(self._spec(args).to_cloud(), dry_run=True).raw,
            "apply": self._apply,
            "active": self._active,
            "release": lambda args: client.releases.get(args["release"], anon_key=self.anon).raw,
            "operations": lambda args: client.apply.operations(anon_key=self.anon).raw,
            "operation": lambda args: client.apply.operation(args["operation"], anon_key=self.anon).raw,
            "events": lambda args: {
                "events": list(client.apply.events(args["operation"], anon_key=self.anon))
            },
            "resume": self._resume,
            "promote": self._promote,
            "subdomains": lambda args: [row.raw for row in client.subdomains.list(service_key=self.service)],
            "subdomain_claim": self._claim,
            "subdomain_release": lambda args: client.subdomains.release(
                args["name"], service_key=self.service
            ),
            "delete": lambda args: client.projects.delete(self.project, service_key=self.service),
        }

    def _faucet(self, args: Args) -> Args:
        draw = self.client.faucet.draw(self.address)
        return {"amountUsdMicros": draw.amount_micros, "token": draw.token, "network": draw.network}

    def _tier_set(self, args: Args) -> Any:
        policy = x402.CapPolicy(MOST_MICROS)
        purchase = x402.Purchase(policy, before_send=lambda payment: None)
        return self.client.tiers.set(args["tier"], purchase=purchase).value.raw

    def _provision(self, args: Args) -> Any:
        made = self.client.projects.provision(name=args["name"], tier=args["tier"])
        self.project, self.anon, self.service = made.project_id, made.anon_key, made.service_key
        return made.raw

    def _active(self, args: Args) -> Any:
        inventory = self.client.releases.active(anon_key=self.anon)
        return {"release_id": None} if inventory is None else inventory.raw

    def _promote(self, args: Args) -> Any:
        allow = args.get("allow") or ()
        return self.client.releases.promote(
            args["release"], project_id=self.project, allow_warning_codes=allow
        ).raw

    def _claim(self, args: Args) -> Any:
        claim = self.client.subdomains.claim
        return claim(args["name"], deployment_id=args["deployment"], service_key=self.service).raw

    def _apply(self, args: Args) -> Args:
        spec = self._spec(args)
        plan = self.client.apply.plan(spec.to_cloud())
        allowed = args.get("options", {}).get("allowWarningCodes", [])
        for warning in plan.warnings:
            if warning.blocking and warning.code not in allowed:
                raise errors.Run402Error(warning.message, code=warning.code)
        self._upload([each.sha256 for each in plan.missing_content if not each.present], spec.contents())
        if plan.plan_id is None:
            raise errors.Run402Error("The plan cannot be committed.")
        commit = self.client.apply.commit(plan.plan_id).value
        if commit.status == "ready":
            return {"release_id": commit.release_id, "operation_id": commit.operation_id, "urls": commit.urls}
        return self._followed(commit.operation_id)

    def _resume(self, args: Args) -> Args:
        self.client.apply.resume(args["operation"])
        return self._followed(args["operation"])

    def _followed(self, operation_id: str) -> Args:
        deadline = time.monotonic() + FOLLOW_SECONDS
        while time.monotonic() < deadline:
            operation = self.client.apply.operation(operation_id, anon_key=self.anon)
            if operation.status == "ready":
                return {
                    "release_id": operation.release_id,
                    "operation_id": operation_id,
                    "urls": operation.urls,
                }
            if operation.terminal or operation.resumable:
                raise errors.Run402Error(f"The operation is {operation.status}.", code=_code(operation.error))
            time.sleep(0.05)
        raise errors.Run402Error("The operation did not end.")

    def _upload(self, missing: list[str], contents: Mapping[str, ContentRef]) -> None:
        if not missing:
            return
        items = [ContentItem(each, contents[each].size, contents[each].content_type) for each in missing]
        plan = self.client.content.plan(items, anon_key=self.anon)
        self.client.content.upload(plan, lambda sha256: _opened(contents[sha256]), parallel=1)
        self.client.content.commit(plan, anon_key=self.anon)

    def _spec(self, args: Args) -> ReleaseSpec:
        return parse({"project": self.project, **args["spec"]}).spec


def _opened(ref: ContentRef) -> BinaryIO:
    if ref.source is None:
        raise ValueError("The gateway asks for bytes that are not here.")
    return ref.source.open()


def _code(error: Args | None) -> str:
    return str((error or {}).get("code", ""))
