"""Our client as a driver of the scenario: the same steps that js/sdk.mjs makes the official SDK do."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

from run402 import Client, LocalSigner, errors, x402
from run402.spec import ReleaseSpec, parse

Args = dict[str, Any]
MOST_MICROS = 1_000_000  # what the official SDK pays at most by default
IMPATIENCE = 0.05  # the sandbox of this part is quick


class Ours:
    """Keys of the project that was made stay here, as the SDK keeps them in its key store."""

    def __init__(self, url: str, signer: LocalSigner, rpc_url: str) -> None:
        self.client = Client(url, signer=signer, rpc_urls=[rpc_url])
        self.address = signer.address
        self.project = self.anon = self.service = ""

    def do(self, step: str, args: Args) -> Args:
        """`{"value": ...}` or `{"error": ...}`, as the other driver answers."""
        try:
            return {"value": self.steps()[step](args)}
        except errors.Run402Error as error:
            told = {"name": type(error).__name__, "code": error.code, "message": str(error)}
            return {"error": {**told, "status": error.status}}

    def steps(self) -> dict[str, Callable[[Args], Any]]:
        client = self.client
        return {
            "quote": lambda args: client.tiers.quote().raw,
            "account": lambda args: client.billing.account().raw,
            "ledger": lambda args: client.billing.history(limit=200).raw,
            "checkout": self._checkout,
            "tier_status": lambda args: client.tiers.status().raw,
            "faucet": self._faucet,
            "tier_set": self._tier_set,
            "provision": self._provision,
            "projects": lambda args: {"projects": [row.raw for row in client.projects.list().projects]},
            "usage": lambda args: client.projects.usage(self.project, service_key=self.service).raw,
            "plan": lambda args: client.apply.plan(self._spec(args).to_cloud(), dry_run=True).raw,
            "apply": self._apply,
            "active": self._active,
            "release": lambda args: client.releases.get(args["release"], anon_key=self.anon).raw,
            "diff": self._diff,
            "resolve": lambda args: client.resolve(args["url"], anon_key=self.anon).raw,
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
            **self._jobs(),
            "delete": lambda args: client.projects.delete(self.project, service_key=self.service),
        }

    def _jobs(self) -> dict[str, Callable[[Args], Any]]:
        jobs, key = self.client.jobs, self.service
        return {
            "job_submit": self._job_submit,
            "job": lambda args: jobs.get(args["job"], service_key=key).raw,
            "job_logs": lambda args: {
                "logs": [line.message for line in jobs.logs(args["job"], service_key=key)]
            },
            "job_artifact": lambda args: {
                "text": jobs.artifact(args["job"], args["name"], service_key=key).decode()
            },
            "job_cancel": lambda args: jobs.cancel(args["job"], service_key=key).raw,
        }

    def _job_submit(self, args: Args) -> Any:
        return self.client.jobs.submit(
            args["type"],
            args["input"],
            max_cost_micros=args["most"],
            idempotency_key=f"job-{uuid.uuid4()}",
            service_key=self.service,
        ).raw

    def _faucet(self, args: Args) -> Args:
        draw = self.client.faucet.draw(self.address)
        return {"amountUsdMicros": draw.amount_micros, "token": draw.token, "network": draw.network}

    def _checkout(self, args: Args) -> Any:
        wanted = args["wanted"]
        if wanted["product"] == "tier":
            return self.client.checkouts.for_tier(wanted["tier"]).raw
        return self.client.checkouts.for_balance(wanted["amountUsdMicros"]).raw

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

    def _diff(self, args: Args) -> Any:
        return self.client.releases.diff(anon_key=self.anon, from_release=args["from"], to=args["to"]).raw

    def _promote(self, args: Args) -> Any:
        promote, allow = self.client.releases.promote, args.get("allow") or ()
        return promote(args["release"], project_id=self.project, allow_warning_codes=allow).raw

    def _claim(self, args: Args) -> Any:
        claim = self.client.subdomains.claim
        return claim(args["name"], deployment_id=args["deployment"], service_key=self.service).raw

    def _apply(self, args: Args) -> Args:
        confirmed = args.get("options", {}).get("allowWarningCodes", ())
        made = self.client.apply.release(
            self._spec(args),
            anon_key=self.anon,
            confirmed=confirmed,
            commit_unchanged=True,  # as the SDK does; by default ours ends with the plan
            parallel=1,
            sleep=_sleep,
        )
        return {"release_id": made.release_id, "operation_id": made.operation_id, "urls": made.urls}

    def _resume(self, args: Args) -> Args:
        operation = self.client.apply.resume(args["operation"])
        if not operation.terminal:
            operation = self.client.apply.follow(args["operation"], anon_key=self.anon, sleep=_sleep)
        return {
            "release_id": operation.release_id,
            "operation_id": operation.operation_id,
            "urls": operation.urls,
        }

    def _spec(self, args: Args) -> ReleaseSpec:
        return parse({"project": self.project, **args["spec"]}).spec


def _sleep(seconds: float) -> None:
    time.sleep(min(seconds, IMPATIENCE))
